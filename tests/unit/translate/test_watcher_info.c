/* watcher_info: documents as RFC 3858 has them. */
#include "base/buf.h"
#include "support/check.h"
#include "translate/watcher_info.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define NS   "xmlns=\"urn:ietf:params:xml:ns:watcherinfo\""

/* [EVT-049] */
static void writes_a_full_list(void **state)
{
	static const struct watcher_row rows[] = {
		{"77ajsyy76", "sip:petri@example.com", NULL, WATCHER_PENDING, WATCHER_SUBSCRIBE,
		 WATCHER_TIME_UNKNOWN, WATCHER_TIME_UNKNOWN},
		{"8ajksjda7s", "sip:a&b@example.com", "A \"<b>\" \x01", WATCHER_ACTIVE,
		 WATCHER_APPROVED, 100, 20},
		{"w", "sip:c@example.com", NULL, WATCHER_WAITING, WATCHER_TIMEOUT, 0, 0},
		{"t", "sip:d@example.com", NULL, WATCHER_TERMINATED, WATCHER_REJECTED,
		 WATCHER_TIME_UNKNOWN, 7},
	};
	const struct watcher_list list = {"sip:professor@example.net", "presence", rows, 4};
	struct buf text = BUF_INIT;

	(void)state;
	watcher_info_format(&list, 0, true, &text);
	assert_string_equal(
		buf_text(&text),
		HEAD "<watcherinfo " NS " version=\"0\" state=\"full\"><watcher-list "
		     "resource=\"sip:professor@example.net\" package=\"presence\">"
		     "<watcher id=\"77ajsyy76\" status=\"pending\" event=\"subscribe\">"
		     "sip:petri@example.com</watcher>"
		     "<watcher id=\"8ajksjda7s\" status=\"active\" event=\"approved\" "
		     "display-name=\"A &quot;&lt;b&gt;&quot; \xEF\xBF\xBD\" expiration=\"100\" "
		     "duration-subscribed=\"20\">sip:a&amp;b@example.com</watcher>"
		     "<watcher id=\"w\" status=\"waiting\" event=\"timeout\" expiration=\"0\" "
		     "duration-subscribed=\"0\">sip:c@example.com</watcher>"
		     "<watcher id=\"t\" status=\"terminated\" event=\"rejected\" "
		     "duration-subscribed=\"7\">sip:d@example.com</watcher>"
		     "</watcher-list></watcherinfo>");
	buf_free(&text);
}

/* [EVT-049] */
static void writes_a_partial_list(void **state)
{
	static const char *const events[] = {"subscribe", "approved", "deactivated", "probation",
					     "rejected",  "timeout",  "giveup",      "noresource"};
	struct watcher_list list = {"sip:a@h", "presence", NULL, 0};
	struct buf text = BUF_INIT;

	(void)state;
	watcher_info_format(&list, UINT32_MAX, false, &text);
	assert_string_equal(buf_text(&text),
			    HEAD "<watcherinfo " NS " version=\"4294967295\" state=\"partial\">"
				 "<watcher-list resource=\"sip:a@h\" package=\"presence\"/>"
				 "</watcherinfo>");
	for (size_t i = 0; i < CHECK_COUNT(events); i++) {
		const struct watcher_row row = {.id = "x",
						.uri = "sip:b@h",
						.status = WATCHER_ACTIVE,
						.event = (enum watcher_event)i};

		list.rows = &row;
		list.count = 1;
		buf_reset(&text);
		watcher_info_format(&list, 1, false, &text);
		assert_non_null(strstr(buf_text(&text), events[i]));
	}
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_full_list),
		cmocka_unit_test(writes_a_partial_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
