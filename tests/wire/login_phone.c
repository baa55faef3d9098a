/* A SIP phone that logs in; see login_phone.h. */
#include "wire/login_phone.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"

static const char *const nobody[] = {"192.0.2.1"};

#define PASSWORD "open sesame"

enum { LOGINS = 3 };

void phone_logins(struct rig *rig)
{
	static const char *const users[LOGINS] = {"1001", "1002", "1003"};
	static char md5[LOGINS][DIGEST_HEX_MAX + 1], sha[LOGINS][DIGEST_HEX_MAX + 1];
	static struct sip_login logins[LOGINS];

	for (size_t i = 0; i < LOGINS; i++) {
		digest_ha1(DIGEST_MD5, users[i], "pbx.example", PASSWORD, md5[i]);
		digest_ha1(DIGEST_SHA256, users[i], "pbx.example", PASSWORD, sha[i]);
		logins[i] = (struct sip_login){users[i], "pbx.example", i != 2 ? md5[i] : NULL,
					       i != 1 ? sha[i] : NULL};
	}
	rig->params.logins = logins;
	rig->params.login_count = LOGINS;
	rig->params.allow_md5 = true;
}

struct rig *phone_rig(void)
{
	return rig_new(
		&(struct rig_options){.trusted = nobody, .trusted_count = 1, .tune = phone_logins});
}

struct login_phone phone_of(const char *user)
{
	return (struct login_phone){.user = user,
				    .realm = "pbx.example",
				    .password = PASSWORD,
				    .algorithm = DIGEST_SHA256,
				    .qop = DIGEST_QOP_AUTH};
}

bool phone_learn(struct login_phone *phone, const struct sip_text *answer)
{
	static const char name[] = "\r\nWWW-Authenticate: ";

	for (const char *p = strstr(answer->text, name); p != NULL; p = strstr(p, name)) {
		p += strlen(name);
		char *value = mem_strndup(p, strcspn(p, "\r"));
		struct digest_challenge challenge;
		bool is_it = digest_challenge_parse(&challenge, value) == 0 &&
			     challenge.algorithm == phone->algorithm;

		mem_free(value);
		if (!is_it)
			continue;
		phone->challenge = challenge;
		phone->nc = 1;
		return true;
	}
	return false;
}

char *phone_credentials(const struct login_phone *phone, const char *method)
{
	struct digest_credentials credentials = {.algorithm = phone->algorithm,
						 .has_algorithm = true,
						 .qop = phone->qop,
						 .nc = phone->nc,
						 .uri = "sip:juliet@chat.example"};
	char ha1[DIGEST_HEX_MAX + 1];
	struct buf out = BUF_INIT;

	strcpy(credentials.username, phone->user);
	strcpy(credentials.realm, phone->realm);
	strcpy(credentials.nonce, phone->challenge.nonce);
	if (phone->qop != DIGEST_QOP_NONE)
		strcpy(credentials.cnonce, "0a4f113b");
	digest_ha1(phone->algorithm, phone->user, phone->realm, phone->password, ha1);
	assert_true(digest_expected(&credentials, ha1, method, NULL, 0, credentials.response));
	buf_puts(&out, "Authorization: ");
	assert_true(digest_credentials_format(&credentials, &out));
	buf_puts(&out, "\r\n");
	return buf_take(&out);
}

void phone_send(struct rig *rig, enum sip_way way, const struct login_phone *phone,
		const struct rig_request *request)
{
	struct rig_request with = *request;
	char *credentials = phone_credentials(phone, request->method);
	struct buf headers = BUF_INIT;

	buf_puts(&headers, request->headers != NULL ? request->headers : "");
	buf_puts(&headers, credentials);
	with.headers = headers.data;
	rig_send(rig, way, &with);
	buf_free(&headers);
	mem_free(credentials);
}

const struct sip_text *phone_expect(struct rig *rig, int status)
{
	char start[16];
	const struct sip_text *answer = text_peer_expect(rig->peer, "SIP/2.0 ");

	snprintf(start, sizeof start, "SIP/2.0 %d", status);
	if (answer == NULL || strncmp(answer->text, start, strlen(start)) != 0)
		fail_msg("wanted %s, got %s", start, answer != NULL ? answer->text : "nothing");
	return answer;
}

void phone_ask(struct rig *rig, enum sip_way way, struct login_phone *phone,
	       const struct rig_request *request)
{
	rig_send(rig, way, request);
	assert_true(phone_learn(phone, phone_expect(rig, 401)));
	phone_send(rig, way, phone, request);
}

void phone_taken(struct rig *rig)
{
	sip_side_ops()->finish(rig->side, rig->bridge->last_x, OUTCOME_TAKEN, NULL);
}

char *phone_elsewhere(struct rig *rig, const char *from, const char *text)
{
	struct sockaddr_in local = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
	char room[8192] = "";
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(inet_pton(AF_INET, from, &local.sin_addr), 1);
	assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &to.sin_addr), 1);
	to.sin_port = htons(rig->port);
	assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
	assert_int_equal(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof to),
			 strlen(text));
	ssize_t got = -1;

	for (int i = 0; i < TEXT_PEER_WAIT_MS && got < 0; i++) {
		text_peer_let_run(rig->peer, 1);
		got = recv(fd, room, sizeof room - 1, 0);
	}
	close(fd);
	return mem_strndup(room, got > 0 ? (size_t)got : 0);
}

char *phone_ask_from(struct rig *rig, const char *from, struct login_phone *phone,
		     const struct rig_request *request)
{
	struct rig_request with = *request;
	struct buf headers = BUF_INIT;
	struct sip_text answer = {0};
	char *bytes = rig_text(rig, SIP_WAY_UDP, request);

	answer.text = phone_elsewhere(rig, from, bytes);
	answer.len = strlen(answer.text);
	if (!phone_learn(phone, &answer))
		fail_msg("no challenge: %s", answer.text);
	mem_free(answer.text);
	mem_free(bytes);
	char *credentials = phone_credentials(phone, request->method);

	buf_printf(&headers, "%s%s", request->headers != NULL ? request->headers : "", credentials);
	with.headers = headers.data;
	bytes = rig_text(rig, SIP_WAY_UDP, &with);
	char *last = phone_elsewhere(rig, from, bytes);

	mem_free(bytes);
	mem_free(credentials);
	buf_free(&headers);
	return last;
}
