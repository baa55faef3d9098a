/* A SIP server with a list; see list_server.h. */
#include "wire/list_server.h"

#include <stdio.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"

void ls_tune(struct rig *rig)
{
	rig->peers[0].list = "sip:friends@pbx.example";
}

struct rig *ls_rig(void)
{
	return rig_new(&(struct rig_options){.profile = "asterisk", .tune = ls_tune});
}

struct ls_body ls_sample(const char *name)
{
	struct buf text = BUF_INIT;
	struct ls_body body;
	char path[512], block[4096];
	const char *type;
	size_t got;
	FILE *file;

	snprintf(path, sizeof path, "%s/samples/lists/asterisk-notify-rls-%s.txt", TESTS_DIR, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	do {
		got = fread(block, 1, sizeof block, file);
		buf_append(&text, block, got);
	} while (got > 0);
	fclose(file);
	type = strstr(buf_text(&text), "\r\nContent-Type: ") + strlen("\r\nContent-Type: ");
	body.type = mem_strndup(type, strcspn(type, "\r"));
	body.text = mem_strdup(strstr(buf_text(&text), "\r\n\r\n") + 4);
	buf_free(&text);
	return body;
}

void ls_free(struct ls_body *body)
{
	mem_free(body->text);
	mem_free(body->type);
}

void ls_notify(struct rig *rig, struct presence_agent *end, const char *state, struct ls_body body)
{
	end->type = body.type;
	pa_send_notify(rig, end, state, "Require: eventlist\r\n", body.text);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	ls_free(&body);
}

void ls_accept(struct rig *rig, struct presence_agent *end)
{
	const struct sip_text *subscribe = text_peer_expect(rig->peer, LS_SUBSCRIBE);

	assert_non_null(subscribe);
	pa_learn(end, subscribe);
	text_peer_answer(rig->peer, subscribe, "200 OK", "Expires: 3600\r\nRequire: eventlist\r\n");
}

void ls_expect_user(struct rig *rig, const char *user, const char *what)
{
	char line[256];

	snprintf(line, sizeof line, "presence xmpp:juliet@chat.example sip:%s@pbx.example %s", user,
		 what);
	rig_expect_line(rig, line);
}

void ls_begin(struct rig *rig, struct presence_agent *end)
{
	pa_watch(rig);
	pa_watch_user(rig, "1002");
	ls_accept(rig, end);
	ls_notify(rig, end, "active;expires=3600", ls_sample("full"));
	ls_expect_user(rig, "1001", "open=1 show=- note= devices=1 phone=idle");
	ls_expect_user(rig, "1002", "open=1 show=- note= devices=1 phone=idle");
}

struct ls_body ls_list(const char *version, bool is_full, const char *const *rows)
{
	struct buf list = BUF_INIT, parts = BUF_INIT;
	struct ls_body body = {0};

	buf_printf(&list,
		   "--b\r\nContent-Type: application/rlmi+xml\r\n\r\n<list "
		   "xmlns='urn:ietf:params:xml:ns:rlmi' uri='sip:friends@pbx.example' version='%s' "
		   "fullState='%s'>",
		   version, is_full ? "true" : "false");
	for (; *rows != NULL; rows++) {
		const char *what = strchr(*rows, ' ') + 1;
		int n = (int)(what - *rows) - 1;
		char room[512];

		buf_printf(&list, "<resource uri='sip:%.*s@pbx.example'>", n, *rows);
		if (*what == '!')
			buf_puts(&list,
				 "<instance id='i' state='terminated' reason='noresource'/>");
		else if (*what == '?')
			buf_puts(&list, "<instance id='i' state='pending'/>");
		else if (*what != '-')
			buf_printf(&list, "<instance id='i' state='active' cid='%.*s@x'/>", n,
				   *rows);
		buf_puts(&list, "</resource>");
		if (strchr("!?-", *what) == NULL)
			buf_printf(&parts,
				   "--b\r\nContent-ID: <%.*s@x>\r\nContent-Type: "
				   "application/pidf+xml\r\n\r\n%s\r\n",
				   n, *rows, pa_document(what, room, sizeof room));
	}
	buf_puts(&list, "</list>\r\n");
	buf_puts(&list, buf_text(&parts));
	buf_puts(&list, "--b--\r\n");
	body.text = buf_take(&list);
	body.type = mem_strdup("multipart/related;type=\"application/rlmi+xml\";boundary=b");
	buf_free(&parts);
	return body;
}
