/* Datagrams that wait at a listener, as the kernel counts them. */
#include "support/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sip/intake.h"

static int bound_socket(struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof *address;

	*address = (struct sockaddr_in){.sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof *address), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)address, &len), 0);
	return fd;
}

static void send_many(int from, const struct sockaddr_in *to, int count)
{
	char data[512] = "";

	for (int i = 0; i < count; i++)
		(void)sendto(from, data, sizeof data, MSG_DONTWAIT, (const struct sockaddr *)to,
			     sizeof *to);
}

/* [REL-040]: empty, then full three times in a row, then read again; other sockets do not count. */
static void shows_what_waits(void **state)
{
	struct sockaddr_in to, other;
	int fd = bound_socket(&to);
	int sender = bound_socket(&other);
	uint16_t port = ntohs(to.sin_port);
	struct intake *intake = intake_new(&port, 1);
	char data[512];

	(void)state;
	assert_int_equal(intake_sockets(intake), 1);
	assert_int_equal(intake_look(intake), 0);
	send_many(sender, &to, 20000);
	assert_int_equal(intake_look(intake), 0); /* a burst is no load */
	assert_int_equal(intake_look(intake), 0);
	assert_in_range(intake_look(intake), 900, 1000);
	while (recv(fd, data, sizeof data, MSG_DONTWAIT) > 0)
		;
	assert_int_equal(intake_look(intake), 0);
	intake_free(&intake);
	assert_null(intake);
	close(fd);
	close(sender);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(shows_what_waits)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
