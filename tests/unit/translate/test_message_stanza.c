/* message_stanza: which of a chat client's stanzas is a text, and what is written to it. */
#include <stdio.h>
#include <strophe.h>

#include "base/buf.h"
#include "base/mem.h"
#include "support/check.h"
#include "translate/message_stanza.h"
#include "unit/translate/describe.h"

#define CHAT(inside)      "<message type='chat'>" inside "</message>"
#define REACTIONS(inside) "<reactions xmlns='urn:xmpp:reactions:0' id='1'>" inside "</reactions>"

#define STATE(name)       "<" name " xmlns='http://jabber.org/protocol/chatstates'/>"
#define RECEIPT(uid)      "<received xmlns='urn:xmpp:receipts' id='" uid "'/>"
#define MARKER(name, uid) "<" name " xmlns='urn:xmpp:chat-markers:0' id='" uid "'/>"
#define OOB(url)          "<x xmlns='jabber:x:oob'><url>" url "</url></x>"
#define SFS(sources)                                                                               \
	"<file-sharing xmlns='urn:xmpp:sfs:0' disposition='inline'><file "                         \
	"xmlns='urn:xmpp:file:metadata:0'><name>f</name></file><sources>" sources                  \
	"</sources></file-sharing>"
#define SIMS(sources)                                                                              \
	"<reference xmlns='urn:xmpp:reference:0' type='data' begin='0' end='1'><media-sharing "    \
	"xmlns='urn:xmpp:sims:1'><file "                                                           \
	"xmlns='urn:xmpp:jingle:apps:file-transfer:5'/><sources>" sources                          \
	"</sources></media-sharing></reference>"
#define FORWARDED                                                                                  \
	"<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'>"                    \
	"<body>forged</body><received xmlns='urn:xmpp:receipts' id='1'/></message></forwarded>"
#define SIXTY_FOUR "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct row {
	const char *text;
	const char *wanted;
};

static const struct row stanzas[] = {
	/* [MSG-001] [MSG-002] [D-34] kinds; unknown is normal (CMP-025) */
	{"<message type='chat'><body>hi</body></message>", "text chat 'hi'"},
	{"<message><body>hi</body></message>", "text normal 'hi'"},
	{"<message type='normal'><body>hi</body></message>", "text normal 'hi'"},
	{"<message type='weird'><body>hi</body></message>", "text normal 'hi'"},
	{"<message type='headline'><body>hi</body></message>", "text headline 'hi'"},
	/* [MSG-004] [MSG-005] never text */
	{"<message type='groupchat'><body>hi</body></message>", "groupchat"},
	{"<message type='error'><body>hi</body><error type='cancel'/></message>", "error"},
	/* [CMP-015] */
	{"<message xmlns='jabber:component:accept' type='chat'><body>hi</body></message>",
	 "text chat 'hi'"},
	{"<message xmlns='jabber:client' type='chat'><body>hi</body></message>", "text chat 'hi'"},
	{CHAT("<body xmlns='other'>hi</body>"), "nothing"},
	/* [MSG-009] the text as it was */
	{CHAT("<body> a &lt;b&gt; &amp; &quot;c&quot; \xC3\xBC\xE2\x98\x95 </body>"),
	 "text chat ' a <b> & \"c\" \xC3\xBC\xE2\x98\x95 '"},
	{CHAT("<body>one\ntwo\n</body>"), "text chat 'one\ntwo\n'"},
	{CHAT("<body>one&#13;&#10;two&#13;three</body>"), "text chat 'one\ntwo\nthree'"},
	{CHAT("<body>one<b xmlns='x'>two</b>three</body>"), "text chat 'onethree'"},
	/* [MSG-006] [CMP-034] [D-45] no text at all */
	{CHAT(""), "nothing"},
	{CHAT("<body/>"), "nothing"},
	{CHAT("<subject>s</subject>"), "nothing"},
	/* [X0280-3] [X0280-1] carbons of anybody mean nothing [RCPT-065] */
	{CHAT("<sent xmlns='urn:xmpp:carbons:2'>" FORWARDED "</sent>"), "nothing"},
	{CHAT("<received xmlns='urn:xmpp:carbons:2'>" FORWARDED "</received>"), "nothing"},
	{CHAT("<received xmlns='urn:xmpp:carbons:2'>" FORWARDED "</received><body>forged</body>"
	      "<received xmlns='urn:xmpp:receipts' id='1'/>" STATE("composing")),
	 "nothing"},
	{CHAT("<private xmlns='urn:xmpp:carbons:2'/><body>kept</body>"), "text chat 'kept'"},
	/* [X999-3] */
	{"<message><result xmlns='urn:xmpp:mam:2' queryid='q' id='1'>" FORWARDED
	 "</result></message>",
	 "nothing"},
	{"<message><result xmlns='urn:xmpp:mam:1' id='1'>" FORWARDED
	 "</result><body>b</body></message>",
	 "nothing"},
	{CHAT(FORWARDED), "nothing"},
	{CHAT("<body>look at that</body>" FORWARDED), "text chat 'look at that'"},
	{CHAT("<data xmlns='http://jabber.org/protocol/ibb' sid='1' seq='0'>eA==</data>"),
	 "nothing"},
	{"<message><event xmlns='http://jabber.org/protocol/pubsub#event'><items "
	 "node='n'/></event></message>",
	 "nothing"},
	{CHAT("<propose xmlns='urn:xmpp:jingle-message:0' id='1'/>"), "nothing"},
	{CHAT("<finish xmlns='urn:xmpp:jingle-message:1' id='1'/><body>call</body>"), "nothing"},
	/* [REQ-047] [MSG-029] [MSG-016] one body, never glued together */
	{CHAT("<body xml:lang='de'>hallo</body><body>hello</body><body xml:lang='fr'>salut</body>"),
	 "text chat 'hello'"},
	{CHAT("<body xml:lang='de'>hallo</body><body xml:lang='en'>hello</body>"),
	 "text chat 'hallo'@de"},
	{"<message xml:lang='en'><body xml:lang='de'>hallo</body><body>hello</body></message>",
	 "text normal 'hello'@en"},
	{"<message xml:lang='en'><body xml:lang='de'>hallo</body></message>",
	 "text normal 'hallo'@de"},
	/* [MSG-010] subject, thread, nick */
	{CHAT("<subject xml:lang='de'>S1</subject><subject>S2</subject><thread "
	      "parent='p'>t-1</thread><body>b</body>"
	      "<nick xmlns='http://jabber.org/protocol/nick'>Juliet</nick>"),
	 "text chat 'b' subject 'S2' thread 't-1' nick 'Juliet'"},
	{CHAT("<subject/><thread/><body>b</body>"), "text chat 'b'"},
	/* [X0071-1] [MSG-030] */
	{CHAT("<body>plain</body><html xmlns='http://jabber.org/protocol/xhtml-im'>"
	      "<body xmlns='http://www.w3.org/1999/xhtml'><p>rich</p></body></html>"),
	 "text chat 'plain'"},
	{CHAT("<html xmlns='http://jabber.org/protocol/xhtml-im'><body "
	      "xmlns='http://www.w3.org/1999/xhtml'>"
	      "<p>rich</p></body></html>"),
	 "nothing"},
	/* [X0393-1] */
	{CHAT("<body>*bold* `code`\n> quote</body>"), "text chat '*bold* `code`\n> quote'"},
	/* [X0308-1] [MSG-032] [D-45] correction */
	{CHAT("<body>fixed</body><replace xmlns='urn:xmpp:message-correct:0' id='1'/>"),
	 "text chat '* fixed'"},
	{CHAT("<body/><replace xmlns='urn:xmpp:message-correct:0' id='1'/>"), "nothing"},
	/* [X0424-1] [D-45] retraction, old and new, with its sentence */
	{CHAT("<body>This person tried to retract</body><retract "
	      "xmlns='urn:xmpp:message-retract:1' id='1'/>"
	      "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/>"),
	 "nothing"},
	{CHAT("<body>This person tried to retract</body><retract "
	      "xmlns='urn:xmpp:message-retract:1' id='1'/>"),
	 "nothing"},
	{CHAT("<body>tried</body><apply-to xmlns='urn:xmpp:fasten:0' id='1'>"
	      "<retract xmlns='urn:xmpp:message-retract:0'/></apply-to>"),
	 "nothing"},
	{CHAT("<body>kept</body><apply-to xmlns='urn:xmpp:fasten:0' id='1'><other "
	      "xmlns='x'/></apply-to>"),
	 "text chat 'kept'"},
	/* [X0444-1] [D-45] reactions are one line */
	{CHAT(REACTIONS("<reaction>\xF0\x9F\x91\x8D</reaction>")),
	 "text chat 'Reacted: \xF0\x9F\x91\x8D'"},
	{CHAT(REACTIONS("<reaction>a</reaction><reaction>b</reaction>")),
	 "text chat 'Reacted: a b'"},
	{CHAT(REACTIONS("<reaction>l1\nl2</reaction><other/>")), "nothing"},
	{CHAT(REACTIONS("")), "nothing"},
	{CHAT("<body>> hi\n\xF0\x9F\x91\x8D</body>" REACTIONS(
		 "<reaction>\xF0\x9F\x91\x8D</reaction>") "<fallback xmlns='urn:xmpp:fallback:0' "
							  "for='urn:xmpp:reactions:0'/>"),
	 "text chat 'Reacted: \xF0\x9F\x91\x8D'"},
	{CHAT("<body>real text</body>" REACTIONS("<reaction>x</reaction>")),
	 "text chat 'real text'"},
	/* [X0428-1] [D-45] a reply keeps its quote */
	{CHAT("<body>> hi\nyes</body><reply xmlns='urn:xmpp:reply:0' id='1'/>"
	      "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' "
	      "end='5'/></fallback>"),
	 "text chat '> hi\nyes'"},
	/* [X999-1] [MSG-031] [D-45] an attachment: its URL, once */
	{CHAT("<body>https://x.example/a.png</body><x "
	      "xmlns='jabber:x:oob'><url>https://x.example/a.png</url></x>"),
	 "text chat 'https://x.example/a.png'"},
	{CHAT("<x xmlns='jabber:x:oob'><url>https://x.example/a.png</url><desc>d</desc></x>"),
	 "text chat 'https://x.example/a.png'"},
	{CHAT("<body>look</body><x xmlns='jabber:x:oob'><url> https://x.example/a.png </url></x>"),
	 "text chat 'look\nhttps://x.example/a.png'"},
	{CHAT("<body>look</body><x xmlns='jabber:x:oob'/>"), "text chat 'look'"},
	{CHAT("<body>see https://x.example/a.png, nice</body>" OOB("https://x.example/a.png")),
	 "text chat 'see https://x.example/a.png, nice\nhttps://x.example/a.png'"},
	{CHAT(OOB("https://x.example/ab") OOB("https://x.example/a") OOB("https://x.example/ab")),
	 "text chat 'https://x.example/ab\nhttps://x.example/a'"},
	{CHAT(SIMS("<reference xmlns='urn:xmpp:reference:0' type='data' "
		   "uri='xmpp:ann@chat.example/a?jingle'/><reference xmlns='urn:xmpp:reference:0' "
		   "type='data' uri='https://x.example/s.jpg'/>")),
	 "text chat 'https://x.example/s.jpg'"},
	{CHAT("<body>https://x.example/s.jpg</body>" SIMS(
		 "<reference xmlns='urn:xmpp:reference:0' uri='https://x.example/s.jpg'/>")),
	 "text chat 'https://x.example/s.jpg'"},
	{CHAT("<body>hi Bob</body><reference xmlns='urn:xmpp:reference:0' type='mention' "
	      "uri='xmpp:bob@x'/>"),
	 "text chat 'hi Bob'"},
	{CHAT(SFS("<url-data xmlns='http://jabber.org/protocol/url-data' "
		  "target='https://x.example/f.pdf'/>") OOB("https://x.example/f.pdf")),
	 "text chat 'https://x.example/f.pdf'"},
	{CHAT("<body>https://x.example/f.pdf</body>" SFS(
		 "<encrypted xmlns='urn:xmpp:esfs:0'/><url-data "
		 "xmlns='http://jabber.org/protocol/url-data' target='https://x.example/f.pdf'/>")),
	 "text chat 'https://x.example/f.pdf'"},
	{CHAT("<sources xmlns='urn:xmpp:sfs:0' id='f'><url-data "
	      "xmlns='http://jabber.org/protocol/url-data' target='HTTPS://x.example/l'/>"
	      "</sources>"),
	 "text chat 'HTTPS://x.example/l'"},
	{CHAT(SFS("")), "nothing"},
	{CHAT(SFS("<url-data xmlns='http://jabber.org/protocol/url-data' target='javascript:x'/>")),
	 "nothing"},
	{CHAT("<body>look</body><x xmlns='jabber:x:oob'><url>a&#13;&#10;b</url></x>"),
	 "text chat 'look'"},
	/* [X999-2] [D-45] [MSG-095] encrypted: the body is no text of the sender */
	{CHAT("<body>I sent you an OMEMO message</body><encryption xmlns='urn:xmpp:eme:0' "
	      "namespace='x'/>"),
	 "encrypted"},
	{CHAT("<encrypted xmlns='eu.siacs.conversations.axolotl'><header "
	      "sid='1'/><payload>x</payload></encrypted>"),
	 "encrypted"},
	{CHAT("<encrypted xmlns='urn:xmpp:omemo:2'><header "
	      "sid='1'/><payload>x</payload></encrypted>"),
	 "encrypted"},
	{CHAT("<body>This is encrypted</body><x xmlns='jabber:x:encrypted'>x</x>"), "encrypted"},
	{CHAT("<openpgp xmlns='urn:xmpp:openpgp:0'>x</openpgp>"), "encrypted"},
	{CHAT("<encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:otr:0'/>"), "encrypted"},
	{CHAT("<encrypted xmlns='urn:xmpp:omemo:2'><payload>x</payload></encrypted><request "
	      "xmlns='urn:xmpp:receipts'/><received xmlns='urn:xmpp:receipts' id='1'/>" STATE(
		      "active")),
	 "encrypted"},
	/* key transport has nothing to read and asks for no answer, marked or not */
	{CHAT("<encrypted xmlns='eu.siacs.conversations.axolotl'><header "
	      "sid='1'/></encrypted><encryption xmlns='urn:xmpp:eme:0' namespace='x'/>"),
	 "nothing"},
	{CHAT("<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted>"),
	 "nothing"},
	/* [X0203-2] */
	{CHAT("<body>b</body><delay xmlns='urn:xmpp:delay' from='chat.example' "
	      "stamp='2024-05-06T07:08:09Z'/>"),
	 "text chat 'b' sent 1714979289000"},
	/* [XCP-011] [CMP-019] [MSG-007] everything else is passed over */
	{CHAT("<origin-id xmlns='urn:xmpp:sid:0' id='x'/>"
	      "<store xmlns='urn:xmpp:hints'/><body>b</body><unknown "
	      "xmlns='u'><body>no</body></unknown>"),
	 "text chat 'b'"},
};

/* What comes with a text, or in place of one. */
static const struct row notices[] = {
	/* [X0085-1] [TYPE-012] the five, alone */
	{CHAT(STATE("active")), "state active"},
	{CHAT(STATE("composing")), "state composing"},
	{CHAT(STATE("paused")), "state paused"},
	{CHAT(STATE("inactive")), "state inactive"},
	{CHAT(STATE("gone")), "state gone"},
	{CHAT(STATE("thinking")), "nothing"},
	{CHAT("<composing xmlns='other'/>"), "nothing"},
	{CHAT("<thread>t</thread>" STATE("composing") "<no-store xmlns='urn:xmpp:hints'/>"),
	 "state composing"},
	{CHAT(STATE("paused") STATE("composing")), "state paused"},
	{"<message>" STATE("composing") "</message>", "state composing"},
	/* one that was kept for later says nothing of now */
	{CHAT(STATE("composing") "<delay xmlns='urn:xmpp:delay' stamp='2024-05-06T07:08:09Z'/>"),
	 "nothing"},
	/* with a text [TYPE-013] */
	{CHAT("<body>b</body>" STATE("active")), "text chat 'b' active"},
	{CHAT("<body>b</body>" STATE("composing")), "text chat 'b' composing"},
	{CHAT("<body>b</body><active xmlns='urn:x'/>"), "text chat 'b'"},
	{"<message type='groupchat'>" STATE("composing") "</message>", "groupchat"},
	{"<message type='error'>" STATE("composing") "</message>", "error"},
	/* [RCPT-026] [RCPT-027] [RCPT-029]: any type will do */
	{CHAT(RECEIPT("u1")), "report delivered u1"},
	{"<message>" RECEIPT("u1") "</message>", "report delivered u1"},
	{"<message type='headline'>" RECEIPT("u1") "</message>", "report delivered u1"},
	/* [RCPT-032] [RCPT-064] not of rooms */
	{"<message type='groupchat'>" RECEIPT("u1") "</message>", "groupchat"},
	{"<message type='groupchat' id='i'><body>b</body><request "
	 "xmlns='urn:xmpp:receipts'/></message>",
	 "groupchat"},
	{"<message type='error'>" RECEIPT("u1") "</message>", "error"},
	{CHAT("<received xmlns='urn:xmpp:receipts'/>"), "nothing"},
	{CHAT("<received xmlns='urn:xmpp:receipts' id=''/>"), "nothing"},
	{CHAT(RECEIPT(SIXTY_FOUR)), "report delivered " SIXTY_FOUR},
	{CHAT(RECEIPT(SIXTY_FOUR "5")), "nothing"}, /* none of ours is so long */
	{CHAT("<received xmlns='urn:xmpp:receipts:old' id='1'/>"), "nothing"},
	/* [RCPT-035] [RCPT-037] [D-60] markers, new and old */
	{CHAT(MARKER("displayed", "u1")), "report displayed u1"},
	{CHAT(MARKER("received", "u1")), "report delivered u1"},
	{CHAT(MARKER("acknowledged", "u1")), "report displayed u1"},
	{CHAT(MARKER("read", "u1")), "nothing"},
	/* several at once, and with a state or a text */
	{CHAT(RECEIPT("u1") MARKER("displayed", "u1") STATE("active")),
	 "report active delivered u1 displayed u1"},
	{CHAT("<body>b</body>" MARKER("displayed", "u1")), "text chat 'b' displayed u1"},
	{CHAT(RECEIPT("1") RECEIPT("2") RECEIPT("3") RECEIPT("4") RECEIPT("5") RECEIPT("6")
		      RECEIPT("7") RECEIPT("8") RECEIPT("9")),
	 "report delivered 1 delivered 2 delivered 3 delivered 4 delivered 5 delivered 6 delivered "
	 "7 delivered 8"},
	/* [X0184-3] [RCPT-039] [RCPT-040] [RCPT-041] requests; none without an id [X0184-1]
	   [RCPT-034] */
	{"<message id='i'><body>b</body><request xmlns='urn:xmpp:receipts'/></message>",
	 "text normal 'b' wants delivered failed"},
	{"<message id='i'><body>b</body><markable xmlns='urn:xmpp:chat-markers:0'/></message>",
	 "text normal 'b' wants displayed"},
	{"<message id='i'><body>b</body><request xmlns='urn:xmpp:receipts'/><markable "
	 "xmlns='urn:xmpp:chat-markers:0'/></message>",
	 "text normal 'b' wants delivered failed displayed"},
	{"<message><body>b</body><request xmlns='urn:xmpp:receipts'/></message>",
	 "text normal 'b'"},
	{"<message id='i'><request xmlns='urn:xmpp:receipts'/></message>", "nothing"},
	/* [X0334-1] */
	{CHAT("<body>b</body><no-store xmlns='urn:xmpp:hints'/>"), "text chat 'b' must not wait"},
	{CHAT("<body>b</body><no-permanent-store xmlns='urn:xmpp:hints'/>"),
	 "text chat 'b' must not wait"},
	{CHAT("<body>b</body><no-copy xmlns='urn:xmpp:hints'/><no-store xmlns='x'/>"),
	 "text chat 'b'"},
	{"<message type='error'><no-store xmlns='urn:xmpp:hints'/></message>", "error"},
};

static void check_row(const struct row *row)
{
	xmpp_stanza_t *tree = stanza_from_text(row->text);
	struct message_stanza stanza;
	struct buf line = BUF_INIT;

	message_stanza_read(tree, &stanza);
	describe_message_stanza(&stanza, &line);
	if (strcmp(buf_text(&line), row->wanted) != 0)
		fail_msg("%s\nis     %s\nwanted %s", row->text, buf_text(&line), row->wanted);
	assert_null(stanza.message.uid);
	assert_int_equal(stanza.message.hops, -1);
	buf_free(&line);
	message_stanza_clear(&stanza);
	xmpp_stanza_release(tree);
}

static void reads_stanzas(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(stanzas); i++)
		check_row(&stanzas[i]);
}

static void reads_notices(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(notices); i++)
		check_row(&notices[i]);
}

/* Each attachment is looked for in the whole text: how many are is bounded, also of those that are
 * in it already. */
static void looks_at_few_attachments(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	buf_puts(&text, "<message type='chat'><body>u:1</body>");
	for (int i = 0; i < 15; i++)
		buf_puts(&text, OOB("u:1"));
	buf_puts(&text, OOB("u:16") OOB("u:17") "</message>");
	check_row(&(struct row){buf_text(&text), "text chat 'u:1\nu:16'"});
	buf_free(&text);
}

static void reads_addresses(void **state)
{
	xmpp_stanza_t *tree =
		stanza_from_text("<message from='a@b/c' to='d@e' id='i'><body>x</body></message>");
	struct message_stanza stanza;

	(void)state;
	message_stanza_read(tree, &stanza);
	assert_string_equal(stanza.from, "a@b/c");
	assert_string_equal(stanza.to, "d@e");
	assert_string_equal(stanza.id, "i");
	message_stanza_clear(&stanza);
	assert_null(stanza.message.body);
	xmpp_stanza_release(tree);
}

/* A thread is copied whole or not at all; subjects are cut between characters. */
static void is_bounded(void **state)
{
	struct buf text = BUF_INIT;
	struct message_stanza stanza;
	xmpp_stanza_t *tree;

	(void)state;
	buf_puts(&text, "<message><body>b</body><thread>");
	for (int i = 0; i < 256; i++)
		buf_putc(&text, 't');
	buf_puts(&text, "</thread><subject>x");
	for (int i = 0; i < 2000; i++)
		buf_puts(&text, "\xC3\xBC");
	buf_puts(&text, "</subject></message>");
	tree = stanza_from_text(text.data);
	message_stanza_read(tree, &stanza);
	assert_null(stanza.message.thread);
	assert_int_equal(strlen(stanza.message.subject), MESSAGE_SUBJECT_MAX - 1);
	message_stanza_clear(&stanza);
	xmpp_stanza_release(tree);
	buf_free(&text);
}

static void writes_a_message(void **state)
{
	struct message message = {.kind = MESSAGE_CHAT,
				  .uid = mem_strdup("u1"),
				  .body = mem_strdup("a<b>\n&"),
				  .body_len = 6,
				  .subject = mem_strdup("S"),
				  .lang = mem_strdup("en"),
				  .thread = mem_strdup("t"),
				  .nick = mem_strdup("Bob"),
				  .sent_at_ms = INT64_C(1714979289000)};
	struct buf out = BUF_INIT;

	(void)state;
	message_stanza_write(&out, &message, "b@sip.example/sip", "j@chat.example", "sip.example");
	/* [D-34] [XCP-021] type chat; [D-35] [X0359-1] [MSG-051] one uid, no stanza-id; [D-32]
	 * [X0172-1] nick; [D-44] [X0203-1] delay; [MSG-045] [MSG-048] */
	assert_string_equal(buf_text(&out),
			    "<message from=\"b@sip.example/sip\" to=\"j@chat.example\" id=\"u1\" "
			    "type=\"chat\" xml:lang=\"en\">"
			    "<subject>S</subject><body>a&lt;b&gt;\n&amp;</body><thread>t</thread>"
			    "<nick xmlns=\"http://jabber.org/protocol/nick\">Bob</nick>"
			    "<origin-id xmlns=\"urn:xmpp:sid:0\" id=\"u1\"/>"
			    "<delay xmlns=\"urn:xmpp:delay\" from=\"sip.example\" "
			    "stamp=\"2024-05-06T07:08:09Z\"/></message>");
	message_clear(&message);
	buf_free(&out);
}

static void writes_no_more_than_there_is(void **state)
{
	struct message message = {.kind = MESSAGE_NORMAL,
				  .uid = mem_strdup("u"),
				  .body = mem_strdup("x"),
				  .body_len = 1};
	struct buf out = BUF_INIT;

	(void)state;
	message_stanza_write(&out, &message, "a@b", "c@d", NULL);
	assert_string_equal(
		buf_text(&out),
		"<message from=\"a@b\" to=\"c@d\" id=\"u\" type=\"normal\"><body>x</body>"
		"<origin-id xmlns=\"urn:xmpp:sid:0\" id=\"u\"/></message>");
	buf_reset(&out);
	message.kind = MESSAGE_HEADLINE;
	message_stanza_write(&out, &message, "a@b", "c@d", NULL);
	assert_non_null(strstr(out.data, "type=\"headline\""));
	message_clear(&message);
	buf_free(&out);
}

/* [SEC-050] [MSG-078] nothing that comes from SIP makes the stanza illegal. */
static void scrubs(void **state)
{
	struct message message = {.kind = MESSAGE_CHAT,
				  .uid = mem_strdup("u\x01"),
				  .body = mem_strndup("a\0b\x1B[0m\xFF", 8),
				  .body_len = 8,
				  .subject = mem_strdup("\xED\xA0\x80"),
				  .nick = mem_strdup("\x02")};
	struct buf out = BUF_INIT;
	xmpp_stanza_t *tree;
	struct message_stanza stanza;

	(void)state;
	message_stanza_write(&out, &message, "a@b\x03", "c@d", NULL);
	tree = stanza_from_text(out.data);
	message_stanza_read(tree, &stanza);
	assert_string_equal(stanza.message.body, "a\xEF\xBF\xBD"
						 "b\xEF\xBF\xBD[0m\xEF\xBF\xBD");
	message_stanza_clear(&stanza);
	xmpp_stanza_release(tree);
	message_clear(&message);
	buf_free(&out);
}

/* [RCPT-053] [RCPT-055] [X0184-1] [RCPT-026] [RCPT-034] [TYPE-013] what asks for notices, with an
 * id to name */
static void writes_wishes(void **state)
{
	char uid[] = "u", body[] = "x";
	struct message message = {.kind = MESSAGE_CHAT, .uid = uid, .body = body, .body_len = 1};
	struct buf out = BUF_INIT;

	(void)state;
	message.wants = WANTS_DELIVERED | WANTS_FAILED | WANTS_DISPLAYED | WANTS_PROCESSED;
	message.takes_typing = true;
	message_stanza_write(&out, &message, "a@b", "c@d", NULL);
	assert_string_equal(buf_text(&out),
			    "<message from=\"a@b\" to=\"c@d\" id=\"u\" type=\"chat\"><body>x</body>"
			    "<active xmlns=\"http://jabber.org/protocol/chatstates\"/>"
			    "<request xmlns=\"urn:xmpp:receipts\"/>"
			    "<markable xmlns=\"urn:xmpp:chat-markers:0\"/>"
			    "<origin-id xmlns=\"urn:xmpp:sid:0\" id=\"u\"/></message>");
	buf_reset(&out);
	message.wants = WANTS_FAILED | WANTS_PROCESSED; /* [RCPT-054] no element */
	message.takes_typing = false;
	message_stanza_write(&out, &message, "a@b", "c@d", NULL);
	assert_string_equal(buf_text(&out),
			    "<message from=\"a@b\" to=\"c@d\" id=\"u\" type=\"chat\"><body>x</body>"
			    "<origin-id xmlns=\"urn:xmpp:sid:0\" id=\"u\"/></message>");
	buf_free(&out);
}

struct report_row {
	enum report_kind kind;
	enum message_kind type;
	unsigned wanted;
	const char *id;
	const char *inside; /* NULL: nothing is told */
};

#define ERROR_INSIDE                                                                               \
	"<thread>t</thread><error type=\"wait\"><recipient-unavailable "                           \
	"xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\"/><text "                                    \
	"xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\" xml:lang=\"en\">delivery failed</text>"     \
	"</error></message>"

/* [RCPT-027] [RCPT-028] [RCPT-043] [RCPT-067] [RCPT-069]: alone, to the full JID, from where it was
 * addressed; [RCPT-046] [RCPT-047] [RCPT-044] [D-34] */
static const struct report_row reports[] = {
	{REPORT_DELIVERED, MESSAGE_CHAT, WANTS_DELIVERED, "i&1",
	 "id=\"u9\" type=\"chat\"><received xmlns=\"urn:xmpp:receipts\" "
	 "id=\"i&amp;1\"/></message>"},
	{REPORT_DELIVERED, MESSAGE_NORMAL, WANTS_DELIVERED | WANTS_DISPLAYED, "i",
	 "id=\"u9\" type=\"normal\"><received xmlns=\"urn:xmpp:receipts\" id=\"i\"/></message>"},
	{REPORT_DISPLAYED, MESSAGE_CHAT, WANTS_DELIVERED | WANTS_DISPLAYED, "i",
	 "id=\"u9\" type=\"chat\"><displayed xmlns=\"urn:xmpp:chat-markers:0\" "
	 "id=\"i\"/></message>"},
	{REPORT_DISPLAYED, MESSAGE_CHAT, WANTS_DELIVERED | WANTS_FAILED, "i",
	 "id=\"u9\" type=\"chat\"><received xmlns=\"urn:xmpp:receipts\" id=\"i\"/></message>"},
	{REPORT_DELIVERED, MESSAGE_CHAT, WANTS_DELIVERED, NULL, NULL},
	{REPORT_PROCESSED, MESSAGE_CHAT, WANTS_PROCESSED, "i", NULL},
	{REPORT_FAILED, MESSAGE_CHAT, 0, "i&1", "id=\"i&amp;1\" type=\"error\">" ERROR_INSIDE},
	{REPORT_FAILED, MESSAGE_NORMAL, WANTS_FAILED, NULL, "type=\"error\">" ERROR_INSIDE},
	{REPORT_FAILED, MESSAGE_HEADLINE, 0, "i", NULL},
};

static void writes_reports(void **state)
{
	char address[] = "ann@chat.example/a", recipient[] = "1@sip.example/x", thread[] = "t";
	char uid[] = "u9";

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(reports); i++) {
		const struct report_row *row = &reports[i];
		struct message_report report = {.kind = row->kind, .wanted = row->wanted};
		struct message message = {
			.what = MESSAGE_REPORT, .kind = row->type, .uid = uid, .report = &report};
		struct buf out = BUF_INIT, wanted = BUF_INIT;

		report.origin = (struct message_origin){
			.address = address, .recipient = recipient, .thread = thread};
		report.origin.id = row->id == NULL ? NULL : mem_strdup(row->id);
		fault_set(&report.fault, FAULT_RECIPIENT_UNAVAILABLE, "delivery failed");
		assert_int_equal(message_stanza_write_report(&out, &message), row->inside != NULL);
		if (row->inside != NULL)
			buf_printf(&wanted,
				   "<message from=\"1@sip.example/x\" to=\"ann@chat.example/a\" %s",
				   row->inside);
		assert_string_equal(buf_text(&out), buf_text(&wanted));
		mem_free(report.origin.id);
		buf_free(&out);
		buf_free(&wanted);
	}
}

/* [TYPE-014] [TYPE-017] [TYPE-019] [TYPE-020] [TYPE-021] [X0334-1] */
static void writes_states(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	message_stanza_write_state(&out, "a@b/sip", "c@d", true, "t&");
	assert_string_equal(
		buf_text(&out),
		"<message from=\"a@b/sip\" to=\"c@d\" type=\"chat\"><thread>t&amp;</thread>"
		"<composing xmlns=\"http://jabber.org/protocol/chatstates\"/>"
		"<no-store xmlns=\"urn:xmpp:hints\"/></message>");
	buf_reset(&out);
	message_stanza_write_state(&out, "a@b/sip", "c@d", false, NULL);
	assert_string_equal(buf_text(&out),
			    "<message from=\"a@b/sip\" to=\"c@d\" type=\"chat\">"
			    "<active xmlns=\"http://jabber.org/protocol/chatstates\"/>"
			    "<no-store xmlns=\"urn:xmpp:hints\"/></message>");
	buf_free(&out);
}

static void what_is_written_is_read_back(void **state)
{
	static const char body[] = " \xC3\xBC <&>\"' ]]>\n\tx \xF0\x9F\x98\x80 ";
	struct message message = {.kind = MESSAGE_CHAT,
				  .uid = mem_strdup("u1"),
				  .body = mem_strdup(body),
				  .body_len = sizeof body - 1,
				  .subject = mem_strdup("S & <s>"),
				  .lang = mem_strdup("en"),
				  .thread = mem_strdup("t'\""),
				  .nick = mem_strdup("Bob"),
				  .sent_at_ms = INT64_C(1714979289123)};
	struct buf out = BUF_INIT;
	struct message_stanza stanza;
	xmpp_stanza_t *tree;

	(void)state;
	message_stanza_write(&out, &message, "a@b", "c@d", "b");
	tree = stanza_from_text(out.data);
	message_stanza_read(tree, &stanza);
	assert_int_equal(stanza.kind, MESSAGE_STANZA_TEXT);
	assert_string_equal(stanza.id, message.uid);
	assert_int_equal(stanza.message.body_len, message.body_len);
	assert_string_equal(stanza.message.body, message.body);
	assert_string_equal(stanza.message.subject, message.subject);
	assert_string_equal(stanza.message.lang, message.lang);
	assert_string_equal(stanza.message.thread, message.thread);
	assert_string_equal(stanza.message.nick, message.nick);
	assert_true(stanza.message.sent_at_ms == message.sent_at_ms);
	message_stanza_clear(&stanza);
	xmpp_stanza_release(tree);
	message_clear(&message);
	buf_free(&out);
}

static void check_sample(const char *path, void *arg)
{
	size_t *count = arg;
	size_t len;
	char *text = read_test_file(path, &len);
	char *expected = read_test_file("samples/stanzas.expected", &len);
	xmpp_stanza_t *tree = stanza_from_text(text);
	struct message_stanza stanza;
	struct buf line = BUF_INIT;

	if (strcmp(xmpp_stanza_get_name(tree), "message") == 0) {
		message_stanza_read(tree, &stanza);
		buf_printf(&line, "\n%s: ", path);
		describe_message_stanza(&stanza, &line);
		buf_putc(&line, '\n');
		if (strstr(expected, buf_text(&line)) == NULL)
			fail_msg("not expected: %s", buf_text(&line));
		message_stanza_clear(&stanza);
		(*count)++;
	}
	buf_free(&line);
	xmpp_stanza_release(tree);
	mem_free(text);
	mem_free(expected);
}

static void reads_every_sample(void **state)
{
	size_t count = 0;

	(void)state;
	(void)each_test_file("samples/xmpp", check_sample, &count);
	assert_true(count > 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_stanzas),
		cmocka_unit_test(reads_notices),
		cmocka_unit_test(looks_at_few_attachments),
		cmocka_unit_test(reads_addresses),
		cmocka_unit_test(is_bounded),
		cmocka_unit_test(writes_a_message),
		cmocka_unit_test(writes_no_more_than_there_is),
		cmocka_unit_test(scrubs),
		cmocka_unit_test(writes_wishes),
		cmocka_unit_test(writes_reports),
		cmocka_unit_test(writes_states),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(reads_every_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
