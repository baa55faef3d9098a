/* message_body: texts, typing and reports, whatever they came in. */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "support/check.h"
#include "translate/deflate.h"
#include "translate/message_body.h"
#include "unit/translate/describe.h"

#define IMDN(id, what)                                                                             \
	"<imdn xmlns='urn:ietf:params:xml:ns:imdn'><message-id>" id "</message-id>" what "</imdn>"
#define DELIVERED "<delivery-notification><status><delivered/></status></delivery-notification>"
#define DISPLAYED "<display-notification><status><displayed/></status></display-notification>"
#define FAILED    "<delivery-notification><status><failed/></status></delivery-notification>"
#define COMPOSING                                                                                  \
	"<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>active</state>"         \
	"<refresh>90</refresh></isComposing>"
#define FROM_TO     "From: <im:b@s.example>\r\nTo: <im:a@x.example>\r\n"
#define CPIM(inner) FROM_TO "\r\n" inner

static void describe_text(const struct message *message, struct buf *out)
{
	buf_printf(out, "text '%s'", message->body);
	if (message->subject != NULL)
		buf_printf(out, " subject '%s'", message->subject);
	if (message->lang != NULL)
		buf_printf(out, " lang %s", message->lang);
	if (message->origin.recipient != NULL)
		buf_printf(out, " to %s", message->origin.recipient);
	if (message->origin.id != NULL)
		buf_printf(out, " id %s", message->origin.id);
	if (message->origin.stamp != NULL)
		buf_printf(out, " at %s", message->origin.stamp);
	if (message->origin.route != NULL)
		buf_printf(out, " route [%s]", message->origin.route);
	if (message->wants != 0)
		buf_printf(out, " wants %u", message->wants);
}

static void describe(const struct message_body *body, struct buf *out)
{
	static const char *const kinds[] = {"delivered", "failed", "displayed", "processed"};

	switch (body->kind) {
	case MESSAGE_BODY_TEXT:
		describe_text(&body->message, out);
		break;
	case MESSAGE_BODY_TYPING:
		buf_printf(out, "%s %d", body->typing.is_active ? "active" : "idle",
			   body->typing.refresh_s);
		break;
	case MESSAGE_BODY_REPORTS:
		buf_puts(out, body->reports_are_bare ? "bare reports" : "reports");
		for (size_t i = 0; i < body->report_count; i++)
			buf_printf(out, " %s:%s%s", body->reports[i].id,
				   kinds[body->reports[i].kind],
				   body->reports[i].is_silent ? "(silent)" : "");
		break;
	case MESSAGE_BODY_NOTHING:
		buf_puts(out, "nothing");
		break;
	}
	if (body->is_cpim)
		buf_puts(out, " cpim");
}

static void check(const char *type, const char *encoding, const char *disposition, const char *text,
		  size_t len, int wanted_err, const char *wanted)
{
	struct message_body body;
	struct buf got = BUF_INIT;
	int err = message_body_read(text, len, type, encoding, disposition, false, &body);

	if (err == 0)
		describe(&body, &got);
	if (err != wanted_err || strcmp(buf_text(&got), wanted) != 0)
		fail_msg("%s\n%.*s\nis %d '%s'\nnot %d '%s'", type, (int)len, text, err,
			 buf_text(&got), wanted_err, wanted);
	message_body_clear(&body);
	buf_free(&got);
}

struct row {
	const char *type;
	const char *body;
	int err;
	const char *wanted;
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(rows[i].type, NULL, NULL, rows[i].body, strlen(rows[i].body), rows[i].err,
		      rows[i].wanted);
}

static void plain_types(void **state)
{
	static const struct row rows[] = {
		/* [MSG-067] [MSG-068] */
		{NULL, "hello", 0, "text 'hello'"},
		{"text/plain;charset=UTF-8", "one\r\ntwo", 0, "text 'one\ntwo'"},
		{"TEXT/HTML", "<b>x</b>&amp;", 0, "text 'x&'"},
		/* [MSG-056] [D-45] */
		{"text/plain", "", 0, "nothing"},
		{"text/html", "<br>", 0, "nothing"},
		/* [MSG-072] [TYPE-001] */
		{"application/im-iscomposing+xml", COMPOSING, 0, "active 90"},
		{"application/im-iscomposing+xml", "typing", EBADMSG, ""},
		/* [MSG-073] [D-41] a report without CPIM */
		{"message/imdn+xml", IMDN("1", DELIVERED), 0, "bare reports 1:delivered"},
		{"message/imdn+xml", IMDN("1", FAILED), 0, "bare reports 1:failed"},
		{"message/imdn+xml", "delivered", EBADMSG, ""},
		/* [MSG-070] [MSG-081] [CPIM-007] [REQ-092] */
		{"application/octet-stream", "x", ENOTSUP, ""},
		{"application/pkcs7-mime", "x", ENOTSUP, ""},
		{"multipart/signed;boundary=b", "--b\r\n\r\nx\r\n--b--", ENOTSUP, ""},
		{"multipart/encrypted;boundary=b", "--b\r\n\r\nx\r\n--b--", ENOTSUP, ""},
		{"image/png", "x", ENOTSUP, ""},
		{"message/rfc822", "x", ENOTSUP, ""},
		/* [MSG-075] */
		{"text/plain;charset=no-such", "x", ENOTSUP, ""},
		{"text/plain;charset=iso-8859-1", "gr\xFC\xDF", 0, "text 'gr\xC3\xBC\xC3\x9F'"},
		{"text/plain", "gr\xFC\xDF", EBADMSG, ""},
	};

	(void)state;
	check_rows(rows, CHECK_COUNT(rows));
}

/* [MSG-071] [RCPT-001] [RCPT-002] [RCPT-005] [RCPT-007] [RCPT-010] [RCPT-020] [XCP-015] [XCP-018]
 * [TYPE-011] */
static void wrapped(void **state)
{
	static const struct row rows[] = {
		{"message/cpim", CPIM("Content-Type: text/plain\r\n\r\nhi"), 0,
		 "text 'hi' to im:a@x.example cpim"},
		/* [MSGF-002] */
		{"Message/CPIM; charset=utf-8", CPIM("Content-Type: text/html\r\n\r\n<i>hi</i>"), 0,
		 "text 'hi' to im:a@x.example cpim"},
		/* The example of file 07, section D.6. */
		{"message/cpim",
		 FROM_TO "DateTime: 2024-05-06T10:00:00Z\r\nNS: imdn <urn:ietf:params:imdn>\r\n"
			 "imdn.Message-ID: Zk3v9Qp1Lw0\r\n"
			 "imdn.Disposition-Notification: positive-delivery, display\r\n"
			 "Subject:;lang=fr le caf\\u00e9\r\n"
			 "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nDid it come?",
		 0,
		 "text 'Did it come?' subject 'le caf\xC3\xA9' lang fr to im:a@x.example id "
		 "Zk3v9Qp1Lw0 at 2024-05-06T10:00:00Z wants 5 cpim"},
		/* [RCPT-016] who it was for at first is what the report says */
		{"message/cpim",
		 FROM_TO "NS: i <urn:ietf:params:imdn>\r\n"
			 "i.Original-To: Ann <im:first@x.example>\r\n"
			 "\r\nContent-Type: text/plain\r\n\r\nx",
		 0, "text 'x' to im:first@x.example cpim"},
		/* Without an id nothing can be reported. */
		{"message/cpim",
		 "NS: i <urn:ietf:params:imdn>\r\ni.Disposition-Notification: display\r\n"
		 "\r\nContent-Type: text/plain\r\n\r\nx",
		 0, "text 'x' cpim"},
		/* Nor with one that no report can name: U+FFFF stands in no XML. */
		{"message/cpim",
		 "NS: i <urn:ietf:params:imdn>\r\ni.Message-ID: a\xEF\xBF\xBF\r\n"
		 "i.Disposition-Notification: display\r\n"
		 "\r\nContent-Type: text/plain\r\n\r\nx",
		 0, "text 'x' cpim"},
		/* [RCPT-014] */
		{"message/cpim",
		 "NS: i <urn:ietf:params:imdn>\r\ni.IMDN-Record-Route: <sip:one@s.example>\r\n"
		 "i.IMDN-Record-Route: <sip:two@s.example>\r\n"
		 "\r\nContent-Type: text/plain\r\n\r\nx",
		 0, "text 'x' route [<sip:one@s.example>\n<sip:two@s.example>] cpim"},
		{"message/cpim",
		 CPIM("Content-Type: message/imdn+xml\r\nContent-Disposition: "
		      "notification\r\n\r\n" IMDN("1", DISPLAYED)),
		 0, "reports 1:displayed cpim"},
		{"message/cpim",
		 CPIM("Content-Type: application/im-iscomposing+xml\r\n\r\n" COMPOSING), 0,
		 "active 90 cpim"},
		/* [XCP-020] */
		{"message/cpim", CPIM("Content-Type: text/plain;charset=us-ascii\r\n\r\nhi"), 0,
		 "text 'hi' to im:a@x.example cpim"},
		{"message/cpim", CPIM("Content-Type: text/plain;charset=utf-16\r\n\r\nhi"), EBADMSG,
		 ""},
		/* [MSG-076] */
		{"message/cpim",
		 CPIM("Content-Type: text/plain\r\nContent-Transfer-Encoding: "
		      "base64\r\n\r\naGFsbG8="),
		 0, "text 'hallo' to im:a@x.example cpim"},
		{"message/cpim",
		 CPIM("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\na?"),
		 EBADMSG, ""},
		{"message/cpim",
		 CPIM("Content-Type: text/plain\r\nContent-Transfer-Encoding: uuencode\r\n\r\nx"),
		 ENOTSUP, ""},
		/* [XCP-019] */
		{"message/cpim", CPIM("Content-Type: image/png\r\n\r\nx"), ENOTSUP, ""},
		{"message/cpim", CPIM("Content-Type: application/pkcs7-mime\r\n\r\nx"), ENOTSUP,
		 ""},
		{"message/cpim", "Require: Signature\r\n\r\nContent-Type: text/plain\r\n\r\nx",
		 ENOTSUP, ""},
		{"message/cpim", "hello", EBADMSG, ""},
		{"message/cpim", "", EBADMSG, ""},
		/* [SEC-057] */
		{"message/cpim",
		 CPIM("Content-Type: message/cpim\r\n\r\n" CPIM(
			 "Content-Type: text/plain\r\n\r\nin")),
		 0, "text 'in' to im:a@x.example cpim"},
		{"message/cpim",
		 CPIM("Content-Type: message/cpim\r\n\r\n" CPIM(
			 "Content-Type: message/cpim\r\n\r\n" CPIM(
				 "Content-Type: text/plain\r\n\r\nin"))),
		 ENOTSUP, ""},
	};

	(void)state;
	check_rows(rows, CHECK_COUNT(rows));
}

/* [MSG-074] [MSG-076] [RCPT-020] [REQ-051] [SIP-109] */
static void several_parts(void **state)
{
#define PART(type, text) "--b\r\nContent-Type: " type "\r\n\r\n" text "\r\n"
	static const char mixed[] = "multipart/mixed;boundary=b";
	static const char alternative[] = "multipart/alternative; boundary=\"b\"";
	static const struct row rows[] = {
		{mixed, PART("text/plain", "one") PART("text/plain", "two") "--b--", 0,
		 "text 'one'"},
		{mixed, PART("image/png", "p") PART("text/plain", "one") "--b--", 0, "text 'one'"},
		{mixed, PART("image/png", "p") "--b--", ENOTSUP, ""},
		{mixed,
		 PART("image/png\r\nContent-Disposition: attachment;handling=required", "p")
			 PART("text/plain", "one") "--b--",
		 ENOTSUP, ""},
		{mixed,
		 PART("text/plain", "one")
			 PART("image/png\r\nContent-Disposition: attachment;handling=required",
			      "p") "--b--",
		 ENOTSUP, ""},
		{mixed,
		 PART("text/plain", "one")
			 PART("image/png\r\nContent-Disposition: attachment", "p") "--b--",
		 0, "text 'one'"},
		{mixed,
		 PART("text/plain\r\nContent-Disposition: attachment", "log")
			 PART("text/plain", "one") "--b--",
		 0, "text 'one'"},
		{mixed,
		 PART("image/png\r\nContent-Disposition: icon;handling=optional", "p") "--b--", 0,
		 "nothing"},
		{mixed,
		 PART("message/imdn+xml", IMDN("1", DELIVERED))
			 PART("message/imdn+xml", IMDN("2", DISPLAYED)) "--b--",
		 0, "bare reports 1:delivered 2:displayed"},
		{mixed,
		 PART("application/im-iscomposing+xml", COMPOSING) PART("text/plain", "x") "--b--",
		 0, "text 'x'"},
		{mixed, PART("text/plain", "\xFC") "--b--", EBADMSG, ""},
		{mixed, "no parts", EBADMSG, ""},
		{"multipart/mixed", PART("text/plain", "x"), EBADMSG, ""},
		{alternative, PART("text/plain", "words") PART("text/html", "<b>words") "--b--", 0,
		 "text 'words'"},
		{alternative, PART("text/html", "<b>html") PART("text/plain", "words") "--b--", 0,
		 "text 'words'"},
		{alternative, PART("text/html", "<b>html") PART("image/png", "p") "--b--", 0,
		 "text 'html'"},
		/* of equals the last */
		{alternative, PART("text/plain", "poor") PART("text/plain", "rich") "--b--", 0,
		 "text 'rich'"},
		/* a part with nothing in it is no reason to lose the others */
		{alternative, PART("text/plain", "") PART("text/html", "<b>html") "--b--", 0,
		 "text 'html'"},
		{alternative, PART("text/plain", "") PART("image/png", "p") "--b--", 0, "nothing"},
		{alternative, PART("text/plain", "\xFC") PART("text/html", "html") "--b--", 0,
		 "text 'html'"},
		{alternative, PART("image/png", "p") "--b--", ENOTSUP, ""},
		{alternative,
		 PART("message/imdn+xml", IMDN("1", DELIVERED)) PART("image/png", "p") "--b--", 0,
		 "bare reports 1:delivered"},
		{mixed,
		 "--b\r\nContent-Type: multipart/alternative;boundary=c\r\n\r\n--c\r\n\r\nin\r\n"
		 "--c--\r\n--b--",
		 0, "text 'in'"},
		{"message/cpim",
		 CPIM("Content-Type: multipart/mixed;boundary=b\r\n\r\n") PART(
			 "message/imdn+xml\r\nContent-Disposition: notification",
			 IMDN("1", DELIVERED)) PART("message/imdn+xml", IMDN("2", FAILED)) "--b--",
		 0, "reports 1:delivered 2:failed cpim"},
		/* [RCPT-020] the whole is a notification, too */
		{"message/cpim",
		 CPIM("Content-Type: multipart/mixed;boundary=b\r\n"
		      "Content-Disposition: notification\r\n\r\n")
			 PART("message/imdn+xml", IMDN("1", DELIVERED)) "--b--",
		 0, "reports 1:delivered cpim"},
		{mixed,
		 PART("text/plain;charset=iso-8859-1\r\nContent-Transfer-Encoding: "
		      "quoted-printable",
		      "gr=FC=\r\n=DF") "--b--",
		 0, "text 'gr\xC3\xBC\xC3\x9F'"},
	};
#undef PART

	(void)state;
	check_rows(rows, CHECK_COUNT(rows));
}

/* [SEC-057] [D-57] */
static void parts_have_a_limit(void **state)
{
	struct buf body = BUF_INIT;

	(void)state;
	for (int i = 0; i < 16; i++)
		buf_puts(&body, "--b\r\nContent-Type: image/png\r\n\r\nx\r\n");
	check("multipart/mixed;boundary=b", NULL, NULL, body.data, body.len, ENOTSUP, "");
	buf_puts(&body, "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n");
	check("multipart/mixed;boundary=b", NULL, NULL, body.data, body.len, E2BIG, "");
	buf_reset(&body);
	for (int i = 0; i < 16; i++)
		buf_puts(&body, "--b\r\nContent-Type: message/imdn+xml\r\n\r\n" IMDN(
					"1", DELIVERED) "\r\n");
	check("multipart/mixed;boundary=b", NULL, NULL, body.data, body.len, 0,
	      "bare reports 1:delivered 1:delivered 1:delivered 1:delivered 1:delivered "
	      "1:delivered 1:delivered 1:delivered 1:delivered 1:delivered 1:delivered "
	      "1:delivered 1:delivered 1:delivered 1:delivered 1:delivered");
	buf_free(&body);
}

/* A report with so much white space that it may just stand, and that packs about 1 to 6. */
static void pack_large_report(struct buf *packed, size_t len)
{
	struct buf content = BUF_INIT;
	uint32_t random = 1;

	buf_puts(&content, IMDN("1", DELIVERED));
	while (content.len < len) {
		random = random * 1664525 + 1013904223;
		buf_putc(&content, (random >> 24) % 2 == 0 ? ' ' : '\n');
	}
	deflate_write(content.data, content.len, packed);
	buf_free(&content);
}

/* [SEC-058] All that is packed in one message has one limit. */
static void packed_parts_share_a_limit(void **state)
{
	static const char type[] = "multipart/mixed;boundary=some-boundary";
	static const char *const wanted[] = {
		"bare reports 1:delivered 1:delivered 1:delivered 1:delivered", ""};
	struct buf packed = BUF_INIT, body = BUF_INIT;

	(void)state;
	pack_large_report(&packed, MESSAGE_BODY_MAX_BYTES / 4 - 1000);
	for (size_t parts = 1; parts <= 5; parts++) {
		buf_puts(&body, "--some-boundary\r\nContent-Type: message/imdn+xml\r\n"
				"Content-Encoding: deflate\r\n\r\n");
		buf_append(&body, packed.data, packed.len);
		buf_puts(&body, "\r\n");
		if (parts < 4)
			continue;
		buf_puts(&body, "--some-boundary--");
		check(type, NULL, NULL, body.data, body.len, parts == 4 ? 0 : E2BIG,
		      wanted[parts - 4]);
		body.len -= strlen("--some-boundary--");
	}
	buf_free(&packed);
	buf_free(&body);
}

/* [MSG-077] [SIP-083] */
static void dispositions(void **state)
{
	static const struct {
		const char *type;
		const char *disposition;
		int err;
		const char *wanted;
	} rows[] = {
		{"text/plain", "", 0, "text 'x'"},
		{"text/plain", "render", 0, "text 'x'"},
		{"text/plain", "Render;handling=required", 0, "text 'x'"},
		{"text/plain", "inline", 0, "text 'x'"},
		{"text/plain", "icon", ENOTSUP, ""},
		{"text/plain", "notification", ENOTSUP, ""},
		{"text/plain", "icon;handling=required", ENOTSUP, ""},
		{"text/plain", "icon;handling=optional", 0, "nothing"},
		{"image/png", "icon ; x=y ; handling = \"Optional\"", 0, "nothing"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++)
		check(rows[i].type, NULL, rows[i].disposition, "x", 1, rows[i].err, rows[i].wanted);
	check("message/imdn+xml", NULL, "notification", IMDN("1", DELIVERED),
	      strlen(IMDN("1", DELIVERED)), 0, "bare reports 1:delivered");
}

/* [MSG-076] [SIP-110] [D-41] */
static void encodings(void **state)
{
	struct buf packed = BUF_INIT;
	char *zeros = mem_zalloc(MESSAGE_BODY_MAX_BYTES + 1);

	(void)state;
	check("text/plain", " Identity ", NULL, "x", 1, 0, "text 'x'");
	check("text/plain", "gzip", NULL, "x", 1, EBADMSG, "");
	check("text/plain", "br", NULL, "x", 1, ENOTSUP, "");
	deflate_write("<p>gr\xFC\xDF</p>", 11, &packed);
	check("text/html;charset=iso-8859-1", "deflate", NULL, packed.data, packed.len, 0,
	      "text 'gr\xC3\xBC\xC3\x9F'");
	buf_reset(&packed);
	deflate_write(zeros, MESSAGE_BODY_MAX_BYTES + 1, &packed);
	check("text/plain", "deflate", NULL, packed.data, packed.len, E2BIG, "");
	check("text/plain", NULL, NULL, zeros, MESSAGE_BODY_MAX_BYTES + 1, E2BIG, "");
	buf_free(&packed);
	mem_free(zeros);
}

/* charset_decl_unreliable: UTF-8 is believed when the bytes are. */
static void unreliable_charsets(void **state)
{
	static const struct {
		const char *type;
		const char *body;
		int err;
		const char *wanted;
	} rows[] = {
		{"text/plain;charset=iso-8859-1", "gr\xC3\xBC", 0, "gr\xC3\xBC"},
		{"text/plain;charset=iso-8859-1", "gr\xFC", 0, "gr\xC3\xBC"},
		{"text/plain;charset=no-such", "\xC3\xBC", 0, "\xC3\xBC"},
		{"text/plain;charset=iso-2022-jp", "\x1B$B$\"\x1B(B", 0, "\xE3\x81\x82"},
		{"text/plain;charset=utf-8", "gr\xFC", EBADMSG, NULL},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct message_body body;

		assert_int_equal(message_body_read(rows[i].body, strlen(rows[i].body), rows[i].type,
						   NULL, NULL, true, &body),
				 rows[i].err);
		if (rows[i].wanted != NULL)
			assert_string_equal(body.message.body, rows[i].wanted);
		message_body_clear(&body);
	}
}

/* [RCPT-044] */
static void a_failure_has_its_reason(void **state)
{
	static const char text[] = IMDN("1", FAILED);
	struct message_body body;

	(void)state;
	assert_int_equal(
		message_body_read(text, strlen(text), "message/imdn+xml", NULL, NULL, false, &body),
		0);
	assert_int_equal(body.report_count, 1);
	assert_int_equal(body.reports[0].fault.code, FAULT_RECIPIENT_UNAVAILABLE);
	assert_int_equal(body.reports[0].fault.type, FAULT_TYPE_WAIT);
	message_body_clear(&body);
}

/* [MSG-078] [SOF-020] */
static void a_nul_does_not_end_the_text(void **state)
{
	(void)state;
	check("text/plain", NULL, NULL, "a\0b", 3, 0,
	      "text 'a\xEF\xBF\xBD"
	      "b'");
	check("message/imdn+xml", NULL, NULL, "<a/>\0<b/>", 9, EBADMSG, "");
}

/* Ids and routes that cannot be kept. */
static void long_headers(void **state)
{
	struct buf text = BUF_INIT, subject = BUF_INIT;
	struct message_body body;

	(void)state;
	for (int i = 0; i < 5000; i++)
		buf_puts(&subject, "\xC3\xBC");
	buf_printf(&text,
		   "NS: i <urn:ietf:params:imdn>\r\nSubject: %s\r\ni.Message-ID: %5000d\r\n"
		   "i.Disposition-Notification: display\r\n\r\nContent-Type: text/plain"
		   "\r\n\r\nx",
		   subject.data, 1);
	memset(strstr(text.data, "i.Message-ID: ") + 14, '1', 5000);
	assert_int_equal(
		message_body_read(text.data, text.len, "message/cpim", NULL, NULL, false, &body),
		0);
	assert_int_equal(strlen(body.message.subject), MESSAGE_SUBJECT_MAX);
	assert_null(body.message.origin.id);
	assert_int_equal(body.message.wants, 0);
	message_body_clear(&body);
	buf_free(&text);
	buf_free(&subject);
}

/* What real software sent. [MSG-067] [MSG-071] [MSG-072] [MSG-074] [D-41] */
static void samples(void **state)
{
	static const struct {
		const char *file;
		const char *type;
		const char *encoding;
		const char *wanted;
	} rows[] = {
		{"messages/asterisk-cpim.txt", "message/cpim", NULL,
		 "text 'hi' to sip:1001@example.com cpim"},
		{"messages/freeswitch-cpim-relayed.txt", "message/cpim", NULL,
		 "text 'hi' to sip:1002@example.com cpim"},
		{"messages/freeswitch-html-relayed.txt", "text/html", NULL, "text 'hi'"},
		{"messages/asterisk-multipart.txt", "multipart/mixed;boundary=x", NULL,
		 "text 'hi'"},
		{"messages/asterisk-iscomposing.txt", "application/im-iscomposing+xml", NULL,
		 "active 0"},
		{"messages/asterisk-trailing-newlines-relayed.txt", "text/plain", NULL,
		 "text 'line'"},
		{"messages/linphonec-message-plain.txt", "text/plain", NULL,
		 "text '\"hello bob from carol\"'"},
		{"packed/linphonec-message-imdn-deflate.txt", "message/imdn+xml", "deflate",
		 "bare reports c3a97f193d9d72cd:delivered"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		char path[128];
		size_t len, body_len;
		char *text;
		const char *body;

		(void)snprintf(path, sizeof path, "samples/%s", rows[i].file);
		text = read_test_file(path, &len);
		body = sip_body(text, len, &body_len);
		assert_non_null(body);
		check(rows[i].type, rows[i].encoding, NULL, body, body_len, 0, rows[i].wanted);
		mem_free(text);
	}
}

/* [MSG-070] Accept names what is read, and nothing else is. */
static void accept_is_true(void **state)
{
	static const struct {
		const char *type;
		const char *parameters;
		const char *body;
	} rows[] = {
		{"text/plain", "", "x"},
		{"text/html", "", "x"},
		{"message/cpim", "", CPIM("Content-Type: text/plain\r\n\r\nx")},
		{"application/im-iscomposing+xml", "", COMPOSING},
		{"message/imdn+xml", "", IMDN("1", DELIVERED)},
		{"multipart/mixed", ";boundary=b", "--b\r\n\r\nx\r\n--b--"},
		{"multipart/alternative", ";boundary=b", "--b\r\n\r\nx\r\n--b--"},
	};
	static const char *const others[] = {
		"text/markdown",
		"text/xml",
		"message/rfc822",
		"message/sipfrag",
		"message/imdn",
		"application/xml",
		"application/json",
		"application/pidf+xml",
		"application/pkcs7-mime",
		"multipart/related",
		"multipart/form-data",
		"multipart/signed",
		"image/jpeg",
		"application/octet-stream",
	};
	struct buf list = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct message_body body;
		char type[80];

		(void)snprintf(type, sizeof type, "%s%s", rows[i].type, rows[i].parameters);
		assert_int_equal(message_body_read(rows[i].body, strlen(rows[i].body), type, NULL,
						   NULL, false, &body),
				 0);
		assert_int_not_equal(body.kind, MESSAGE_BODY_NOTHING);
		message_body_clear(&body);
		buf_printf(&list, "%s%s", i == 0 ? "" : ", ", rows[i].type);
	}
	assert_string_equal(message_body_accept, list.data);
	for (size_t i = 0; i < CHECK_COUNT(others); i++) {
		char type[80];

		(void)snprintf(type, sizeof type, "%s;boundary=b", others[i]);
		check(type, NULL, NULL, "--b\r\n\r\nx\r\n--b--", 17, ENOTSUP, "");
	}
	buf_free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_types),
		cmocka_unit_test(wrapped),
		cmocka_unit_test(several_parts),
		cmocka_unit_test(parts_have_a_limit),
		cmocka_unit_test(packed_parts_share_a_limit),
		cmocka_unit_test(dispositions),
		cmocka_unit_test(encodings),
		cmocka_unit_test(unreliable_charsets),
		cmocka_unit_test(a_failure_has_its_reason),
		cmocka_unit_test(a_nul_does_not_end_the_text),
		cmocka_unit_test(long_headers),
		cmocka_unit_test(samples),
		cmocka_unit_test(accept_is_true),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
