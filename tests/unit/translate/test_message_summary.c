/* message_summary: bodies of Event message-summary (RFC 3842), as the RFC and PBXs write them. */
#include "translate/message_summary.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

struct row {
	const char *text;
	const char *wanted; /* "fresh (urgent) / old", "?" behind it: no counts; NULL: EBADMSG */
};

static void check(const struct row *row)
{
	struct message_summary summary = {0};
	int error = message_summary_parse(row->text, strlen(row->text), &summary);
	char line[64] = "";

	if (error == 0)
		snprintf(line, sizeof line, "%u (%u) / %u%s", (unsigned)summary.fresh,
			 (unsigned)summary.urgent, (unsigned)summary.old,
			 summary.is_counted ? "" : "?");
	if ((row->wanted == NULL) != (error == EBADMSG) ||
	    (row->wanted != NULL && strcmp(line, row->wanted) != 0))
		fail_msg("%s\nis     %s (%d)\nwanted %s", row->text, line, error, row->wanted);
}

/* RFC 3842 sections 4.2 and 5. */
static void reads_the_rfc(void **state)
{
	static const struct row rows[] = {
		{"Messages-Waiting: yes\r\nMessage-Account: sip:alice@vmail.example.com\r\n"
		 "Voice-Message: 2/8 (0/2)\r\n",
		 "2 (0) / 8"},
		{"Messages-Waiting: no\r\n", "0 (0) / 0?"},
		{"Messages-Waiting: yes\r\n", "1 (0) / 0?"},
		{"Messages-Waiting: yes\r\nMessage-Account: sip:alice@vmail.example.com\r\n"
		 "Voice-Message: 4/8 (1/2)\r\n\r\n"
		 "To: <alice@atlanta.example.com>\r\nFrom: <bob@biloxi.example.com>\r\n"
		 "Subject: carpool tomorrow?\r\nMessages-Waiting: no\r\n",
		 "4 (1) / 8"},
		/* other kinds are no voicemail */
		{"Messages-Waiting: yes\r\nFax-Message: 1/0\r\n", "0 (0) / 0?"},
		{"Messages-Waiting: yes\r\nFax-Message: 7/9\r\nVoice-Message: 1/0\r\n",
		 "1 (0) / 0"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++)
		check(&rows[i]);
}

/* Asterisk's form has no account, FreeSWITCH's has one; both write the urgent ones always. */
static void reads_pbxs(void **state)
{
	static const struct row rows[] = {
		{"Messages-Waiting: yes\r\nVoice-Message: 3/1 (0/0)\r\n", "3 (0) / 1"},
		{"Messages-Waiting: no\r\nVoice-Message: 0/4 (0/0)\r\n", "0 (0) / 4"},
		{"Messages-Waiting: yes\r\nMessage-Account: sip:1002@pbx.example.com\r\n"
		 "Voice-Message: 1/0 (1/0)\r\n\r\n",
		 "1 (1) / 0"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++)
		check(&rows[i]);
}

static void is_tolerant(void **state)
{
	static const struct row rows[] = {
		{"\r\n\nMESSAGES-WAITING : YES\nvoice-message\t:  2 / 8  ( 1 / 2 ) \n",
		 "2 (1) / 8"},
		{"Messages-Waiting:\r\n yes\r\nVoice-Message: 2\r\n /8\r\n\t(1/2)", "2 (1) / 8"},
		/* the status line counts: nothing waits */
		{"Messages-Waiting: no\r\nVoice-Message: 2/8 (1/0)\r\n", "0 (0) / 8"},
		{"Messages-Waiting: maybe\r\n", "0 (0) / 0?"},
		/* more urgent ones than there are */
		{"Messages-Waiting: yes\r\nVoice-Message: 1/0 (9/9)\r\n", "1 (1) / 0"},
		{"Messages-Waiting: yes\r\nVoice-Message: 99999999999999999999/4294967297\r\n",
		 "999999 (0) / 999999"},
		/* what is no count says nothing */
		{"Messages-Waiting: yes\r\nVoice-Message: some\r\n", "1 (0) / 0?"},
		{"Messages-Waiting: yes\r\nVoice-Message: -2/8\r\n", "1 (0) / 0?"},
		{"Messages-Waiting: yes\r\nVoice-Message: 2/8 (x\r\n", "2 (0) / 8"},
		{"Messages-Waiting: yes\r\nVoice-Message: 2/8\r\nVoice-Message: 3/8\r\n",
		 "3 (0) / 8"},
		{"Messages-Waiting: yes\r\n\r\nVoice-Message: 2/8\r\n", "1 (0) / 0?"},
		{"", NULL},
		{"Voice-Message: 2/8\r\n", NULL},
		{"Messages-Waiting\r\n", NULL},
		{"<html/>", NULL},
	};
	struct message_summary summary;
	char *large = calloc(1, MESSAGE_SUMMARY_MAX_BYTES + 1);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++)
		check(&rows[i]);
	assert_int_equal(message_summary_parse(NULL, 0, &summary), EBADMSG);
	assert_int_equal(message_summary_parse(large, MESSAGE_SUMMARY_MAX_BYTES + 1, &summary),
			 E2BIG);
	free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_rfc),
		cmocka_unit_test(reads_pbxs),
		cmocka_unit_test(is_tolerant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
