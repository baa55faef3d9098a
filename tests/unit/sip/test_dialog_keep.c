/* Dialogs as rows, and their CSeq numbers over crashes. */
#include <errno.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "model/dialog_row.h"
#include "model/profile.h"
#include "sip/dialog.h"
#include "sip/side_core.h"
#include "sip/trust.h"

enum { ROWS_MOST = 64 };

/* A keeper whose disk is as slow as the test wants. */
struct disk {
	struct dialog_row row; /* what a start would find */
	bool has_row;
	struct put {
		struct dialog_row row;
		dialog_kept_fn *done;
		void *arg;
	} puts[ROWS_MOST]; /* under way */
	size_t count;
	size_t drops;
};

struct world {
	struct loop *loop;
	struct disk disk;
	struct dialog_keeper keeper;
	struct sip_side_params params;
	struct side_core core;
};

static void put(const struct dialog_row *row, dialog_kept_fn *done, void *done_arg, void *arg)
{
	struct disk *disk = arg;

	assert_true(disk->count < ROWS_MOST);
	assert_int_equal(dialog_row_check(row), 0);
	dialog_row_copy(&disk->puts[disk->count].row, row);
	disk->puts[disk->count].done = done;
	disk->puts[disk->count].arg = done_arg;
	disk->count++;
}

static void drop(int64_t id, void *arg)
{
	struct disk *disk = arg;

	assert_true(id > 0);
	disk->drops++;
}

/* The oldest write reaches the disk. */
static void write_one(struct disk *disk, int error)
{
	struct put first = disk->puts[0];

	assert_true(disk->count != 0);
	disk->count--;
	memmove(disk->puts, disk->puts + 1, disk->count * sizeof *disk->puts);
	if (error == 0) {
		dialog_row_clear(&disk->row);
		disk->row = first.row;
		disk->has_row = true;
	} else {
		dialog_row_clear(&first.row);
	}
	first.done(error, 1, first.arg);
}

static void world_init(struct world *world)
{
	memset(world, 0, sizeof *world);
	assert_int_equal(loop_new(&world->loop), 0);
	world->keeper = (struct dialog_keeper){put, drop, &world->disk};
	world->params.loop = world->loop;
	world->params.dialogs = &world->keeper;
	world->core.params = &world->params;
	world->core.trust = trust_new(&world->params);
	world->core.dialogs = dialogs_new();
}

static void world_clear(struct world *world)
{
	while (world->disk.count != 0)
		write_one(&world->disk, 0);
	dialog_row_clear(&world->disk.row);
	dialogs_free(&world->core.dialogs);
	trust_free(&world->core.trust);
	loop_free(&world->loop);
}

static struct dialog *make(struct world *world)
{
	struct dialog *dialog =
		dialog_new(world->core.dialogs, DIALOG_NOTIFIER, NULL, "call@192.0.2.9", "our-tag");

	dialog->remote_tag = mem_strdup("far-tag");
	dialog->local = mem_strdup("<sip:juliet@chat.example>");
	dialog->remote = mem_strdup("<sip:1001@pbx.example>");
	dialog->target = mem_strdup("sip:1001@192.0.2.9:5062;transport=tcp");
	dialog->route = mem_strdup("<sip:192.0.2.1;lr>, <sip:192.0.2.2;lr>");
	dialog->login = mem_strdup("1001");
	dialog->local_cseq = 4711;
	dialog->remote_cseq = 0xfffffffe;
	dialog->has_remote_cseq = true;
	dialog->is_stream = true;
	assert_true(net_address_from_text(&dialog->peer, "[2001:db8::1]:5061"));
	return dialog;
}

static void count_done(int error, void *arg)
{
	int *counts = arg;

	counts[0]++;
	counts[1] = error;
}

static void keep(struct world *world, struct dialog *dialog, int *counts)
{
	struct dialog_row row;
	char peer[DIALOG_PEER_MAX];

	dialog_describe(dialog, world->core.trust, &row, peer);
	row.event = (char *)(uintptr_t) "presence";
	row.expires_s = 1800000000;
	dialog_keep(&world->core, dialog, &row, counts != NULL ? count_done : NULL, counts);
}

static void same_texts(const struct dialog *a, const struct dialog *b)
{
	assert_string_equal(a->call_id, b->call_id);
	assert_string_equal(a->local_tag, b->local_tag);
	assert_string_equal(a->remote_tag, b->remote_tag);
	assert_string_equal(a->local, b->local);
	assert_string_equal(a->remote, b->remote);
	assert_string_equal(a->target, b->target);
	assert_string_equal(a->route, b->route);
	assert_string_equal(a->login, b->login);
}

/* [REL-013]: ids, tags, route set, target, remote CSeq, peer and login come back. */
static void round_trip(void **state)
{
	struct world world;
	struct dialog *dialog, *back;
	struct dialogs *next = dialogs_new();

	(void)state;
	world_init(&world);
	dialog = make(&world);
	keep(&world, dialog, NULL);
	write_one(&world.disk, 0);
	back = dialog_restore(next, world.core.trust, &world, &world.disk.row, false);
	assert_non_null(back);
	same_texts(dialog, back);
	assert_int_equal(back->role, DIALOG_NOTIFIER);
	assert_ptr_equal(back->owner, &world);
	assert_true(back->kept_id == dialog->kept_id && back->kept_id > 0);
	assert_true(back->has_remote_cseq && back->remote_cseq == 0xfffffffe);
	assert_true(back->is_stream && !back->is_secure);
	assert_true(net_address_same_host(&back->peer, &dialog->peer));
	assert_int_equal(back->peer.port, 5061);
	assert_true(back->local_cseq + 1 > dialog->local_cseq);
	assert_ptr_equal(dialog_find(next, "call@192.0.2.9", "our-tag"), back);
	/* A second one of the same name cannot be. */
	assert_null(dialog_restore(next, world.core.trust, NULL, &world.disk.row, false));
	dialog_free(next, &back);
	dialogs_free(&next);
	dialog_free(world.core.dialogs, &dialog);
	world_clear(&world);
}

/* [SEC-006]: a peer that showed a certificate is the one that shows it after the start, too; with
 * the configuration of then. */
static void certificates(void **state)
{
	static const struct sip_peer peers[] = {
		{.domain = "a.example", .proxy = "sip:192.0.2.1;transport=tls"},
		{.domain = "b.example",
		 .proxy = "sip:192.0.2.1;transport=tls",
		 .tls_name = "sbc.example"},
	};
	const struct sip_side_params params = {.peers = peers, .peer_count = 2};
	const char *names[] = {"b.example", "sbc.example", "a.example"};
	struct net_address seen;
	struct dialog *dialog, *back;
	struct trust *next;
	struct world world;

	(void)state;
	world_init(&world);
	trust_free(&world.core.trust);
	world.core.trust = trust_new(&params);
	next = trust_new(&params);
	/* numbers of a run mean nothing in the next one */
	assert_int_equal(trust_certificate(next, &names[2], 1), 1);
	dialog = make(&world);
	assert_true(net_address_from_text(&dialog->peer, "192.0.2.1:5061"));
	dialog->peer.certificate = trust_certificate(world.core.trust, names, 2);
	keep(&world, dialog, NULL);
	write_one(&world.disk, 0);
	assert_string_equal(world.disk.row.peer, "192.0.2.1:5061 sbc.example");
	dialog_free(world.core.dialogs, &dialog);
	back = dialog_restore(world.core.dialogs, next, NULL, &world.disk.row, false);
	assert_non_null(back);
	seen = back->peer;
	assert_true(trust_is_same_peer(next, &back->peer, &seen));
	seen.certificate = 0;
	assert_false(trust_is_same_peer(next, &back->peer, &seen));
	seen.certificate = trust_certificate(next, &names[2], 1);
	assert_false(trust_is_same_peer(next, &back->peer, &seen));
	dialog_free(world.core.dialogs, &back);
	trust_free(&next);
	world_clear(&world);
}

/* What was not known is not known afterwards, but a watcher's tag is always known. */
static void little_is_known(void **state)
{
	struct world world;
	struct dialog *dialog, *back;

	(void)state;
	world_init(&world);
	dialog = dialog_new(world.core.dialogs, DIALOG_SUBSCRIBER, NULL, "c", "t");
	dialog->local = mem_strdup("<sip:juliet@chat.example>");
	dialog->remote = mem_strdup("<sip:1001@pbx.example>");
	keep(&world, dialog, NULL);
	dialog_free(world.core.dialogs, &dialog);
	write_one(&world.disk, 0); /* nobody hears of it */
	back = dialog_restore(world.core.dialogs, world.core.trust, NULL, &world.disk.row, false);
	assert_non_null(back);
	assert_null(back->remote_tag);
	assert_null(back->target);
	assert_false(back->has_remote_cseq);
	assert_int_equal(back->peer.family, 0);
	dialog_free(world.core.dialogs, &back);
	world.disk.row.role = DIALOG_ROW_NOTIFIER;
	back = dialog_restore(world.core.dialogs, world.core.trust, NULL, &world.disk.row, false);
	assert_string_equal(back->remote_tag, "");
	dialog_free(world.core.dialogs, &back);
	world_clear(&world);
}

/* [EVT-019]: a fork has the name of the one that asked, and is found through it. */
static void a_fork(void **state)
{
	struct world world;
	struct dialog *dialog, *fork, *back;

	(void)state;
	world_init(&world);
	dialog = make(&world);
	dialog->role = DIALOG_SUBSCRIBER;
	fork = dialog_fork(dialog, NULL);
	fork->remote_tag = mem_strdup("second-phone");
	fork->target = mem_strdup("sip:1001@192.0.2.10");
	keep(&world, fork, NULL);
	write_one(&world.disk, 0);
	dialog_free(world.core.dialogs, &fork);
	back = dialog_restore(world.core.dialogs, world.core.trust, NULL, &world.disk.row, true);
	assert_non_null(back);
	assert_true(back->is_fork);
	assert_string_equal(back->remote_tag, "second-phone");
	assert_ptr_equal(dialog_find(world.core.dialogs, "call@192.0.2.9", "our-tag"), dialog);
	dialog_free(world.core.dialogs, &back);
	assert_ptr_equal(dialog_find(world.core.dialogs, "call@192.0.2.9", "our-tag"), dialog);
	dialog_free(world.core.dialogs, &dialog);
	world_clear(&world);
}

/* Sends as a role does: writes when it is short, and only what is reserved on disk. */
static bool send_one(struct world *world, struct dialog *dialog, uint32_t *most)
{
	if (dialog_is_short(dialog))
		keep(world, dialog, NULL);
	if (!dialog_may_send(dialog))
		return false;
	dialog->local_cseq++;
	if (dialog->local_cseq > *most)
		*most = dialog->local_cseq;
	return true;
}

/* [REL-013] [RFC 3261 section 12.2.1.1]: a disk that is slow, stands still or loses the newest rows
 * by a crash: the first number after it is above all that were used, in a walk of many crashes. */
static void numbers_only_rise(void **state)
{
	struct world world;
	struct dialog *dialog;
	uint32_t most = 0;
	unsigned seed = 20;

	(void)state;
	world_init(&world);
	dialog = make(&world);
	keep(&world, dialog, NULL);
	assert_false(dialog_may_send(dialog));
	write_one(&world.disk, 0);
	for (int crash = 0; crash < 200; crash++) {
		uint32_t before = most;

		for (int i = 0; i < 250; i++) {
			seed = seed * 1103515245 + 12345;
			(void)send_one(&world, dialog, &most);
			if (world.disk.count != 0 && (seed >> 16) % (1 + (unsigned)crash % 90) == 0)
				write_one(&world.disk, 0);
		}
		/* kill -9: what was under way is not on disk. */
		dialog_free(world.core.dialogs, &dialog);
		while (world.disk.count != 0)
			write_one(&world.disk, EIO);
		dialog = dialog_restore(world.core.dialogs, world.core.trust, NULL, &world.disk.row,
					false);
		assert_non_null(dialog);
		assert_true(dialog->local_cseq + 1 > most);
		assert_true(most > before || crash % 90 > 0);
	}
	dialog_free(world.core.dialogs, &dialog);
	world_clear(&world);
}

/* [REL-013]: while the disk stands still, what is reserved is used and no more; a row is asked for
 * when half of it is used. */
static void a_disk_that_stands_still(void **state)
{
	struct world world;
	struct dialog *dialog;
	uint32_t most = 0;
	int sent = 0, counts[2] = {0};

	(void)state;
	world_init(&world);
	dialog = make(&world);
	assert_true(dialog_may_send(dialog)); /* without a row */
	assert_false(dialog_is_short(dialog));
	keep(&world, dialog, counts);
	write_one(&world.disk, 0);
	assert_int_equal(counts[0], 1);
	while (send_one(&world, dialog, &most))
		sent++;
	assert_int_equal(sent, DIALOG_CSEQ_BLOCK);
	assert_int_equal(world.disk.count, 1); /* not one for each request */
	write_one(&world.disk, ENOSPC);        /* a failing one holds up nothing */
	assert_true(send_one(&world, dialog, &most));
	dialog_free(world.core.dialogs, &dialog);
	world_clear(&world);
}

/* done comes once, and never for a dialog that went or has no row any more. */
static void who_hears(void **state)
{
	struct world world;
	struct dialog *one, *two;
	int counts[2] = {0};

	(void)state;
	world_init(&world);
	one = make(&world);
	keep(&world, one, counts);
	keep(&world, one, counts);
	write_one(&world.disk, EIO);
	assert_int_equal(counts[0], 1);
	assert_int_equal(counts[1], EIO);
	dialog_unkeep(&world.core, one);
	dialog_unkeep(&world.core, one);
	assert_int_equal(world.disk.drops, 1);
	write_one(&world.disk, 0);
	assert_int_equal(counts[0], 1);
	keep(&world, one, counts); /* again, under another id */
	dialog_free(world.core.dialogs, &one);
	write_one(&world.disk, 0);
	assert_int_equal(counts[0], 1);
	two = dialog_restore(world.core.dialogs, world.core.trust, NULL, &world.disk.row, false);
	assert_non_null(two);
	dialog_free(world.core.dialogs, &two);
	world_clear(&world);
}

static void quit(void *arg)
{
	loop_quit(arg);
}

/* Without a keeper it is as if the disk were fast. */
static void no_keeper(void **state)
{
	struct world world;
	struct dialog *dialog, *other;
	int counts[2] = {0};

	(void)state;
	world_init(&world);
	world.params.dialogs = NULL;
	dialog = make(&world);
	keep(&world, dialog, counts);
	assert_int_equal(counts[0], 0);
	other = dialog_new(world.core.dialogs, DIALOG_NOTIFIER, NULL, "other", "tag");
	other->local = mem_strdup("<sip:a@b>");
	other->remote = mem_strdup("<sip:a@b>");
	keep(&world, other, counts);
	dialog_free(world.core.dialogs, &other);
	loop_defer(world.loop, quit, world.loop);
	loop_run(world.loop);
	assert_int_equal(counts[0], 1);
	assert_true(dialog_may_send(dialog));
	dialog_unkeep(&world.core, dialog);
	dialog_free(world.core.dialogs, &dialog);
	world_clear(&world);
}

/* [SEC-060]: care for our own file: rows that cannot be a dialog. */
static void not_one(void **state)
{
	struct dialogs *dialogs = dialogs_new();
	const struct sip_side_params params = {0};
	struct trust *trust = trust_new(&params);
	const struct dialog_row good = {.id = 7,
					.role = DIALOG_ROW_NOTIFIER,
					.event = (char *)(uintptr_t) "presence",
					.call_id = (char *)(uintptr_t) "c",
					.local_tag = (char *)(uintptr_t) "t",
					.local = (char *)(uintptr_t) "<sip:j@c>",
					.remote = (char *)(uintptr_t) "<sip:1@p>",
					.target = (char *)(uintptr_t) "sip:1@192.0.2.1",
					.route = (char *)(uintptr_t) "<sip:192.0.2.1;lr>",
					.peer = (char *)(uintptr_t) "192.0.2.1:5060",
					.local_cseq = 1,
					.remote_cseq = -1};
	struct dialog_row bad[16];
	struct dialog *dialog;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		bad[i] = good;
	bad[0].id = 0;
	bad[1].call_id = (char *)(uintptr_t) "c\r\nEvil: 1";
	bad[2].local = (char *)(uintptr_t) "sip:j@c";
	bad[3].remote = (char *)(uintptr_t) "<sip:1@p>, <sip:2@p>";
	bad[4].target = (char *)(uintptr_t) "sip:1@192.0.2.1>\t";
	bad[5].target = (char *)(uintptr_t) "http://192.0.2.1/";
	bad[6].route = (char *)(uintptr_t) "sip:192.0.2.1;lr";
	bad[7].route = (char *)(uintptr_t) "<sip:192.0.2.1;lr";
	bad[8].route = (char *)(uintptr_t) "<sip:192.0.2.1;lr>,<sip:x>";
	bad[9].peer = (char *)(uintptr_t) "192.0.2.1";
	bad[10].local_cseq = 0;
	bad[11].local_cseq = 0x80000000;
	bad[12].local = (char *)(uintptr_t) "<>";
	bad[13].local_tag = NULL;
	bad[14].peer = (char *)(uintptr_t) "192.0.2.1:5060 pbx.example"; /* whom nobody knows */
	bad[15].peer = (char *)(uintptr_t) "192.0.2.1:5060 ";
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		dialog = dialog_restore(dialogs, trust, NULL, &bad[i], false);
		if (dialog != NULL)
			fail_msg("row %zu was believed", i);
	}
	assert_int_equal(dialogs_count(dialogs), 0);
	dialog = dialog_restore(dialogs, trust, NULL, &good, false);
	assert_non_null(dialog);
	dialog_free(dialogs, &dialog);
	dialogs_free(&dialogs);
	trust_free(&trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),        cmocka_unit_test(certificates),
		cmocka_unit_test(little_is_known),   cmocka_unit_test(a_fork),
		cmocka_unit_test(numbers_only_rise), cmocka_unit_test(a_disk_that_stands_still),
		cmocka_unit_test(who_hears),         cmocka_unit_test(no_keeper),
		cmocka_unit_test(not_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
