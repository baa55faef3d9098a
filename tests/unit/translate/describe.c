/* Values as text for tests. */
#include "unit/translate/describe.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include <strophe.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/presence.h"
#include "model/rich.h"
#include "support/check.h"
#include "translate/message_stanza.h"
#include "translate/presence_stanza.h"

static const char *const basics[] = {"unset", "closed", "open"};

static void describe_notes(const struct notes *notes, struct buf *out)
{
	for (size_t i = 0; i < notes->count; i++) {
		buf_printf(out, " '%s'", notes->items[i].text);
		if (notes->items[i].lang[0] != '\0')
			buf_printf(out, "@%s", notes->items[i].lang);
	}
}

static void describe_device(const struct device *device, int has_times, struct buf *out)
{
	buf_puts(out, basics[device->basic]);
	if (device->show != SHOW_NONE)
		buf_printf(out, " %s", show_name(device->show));
	if (device->priority != PRESENCE_PRIORITY_UNSET)
		buf_printf(out, " %d", device->priority);
	if (!device->is_im)
		buf_puts(out, " not-im");
	describe_notes(&device->notes, out);
	if (has_times && device->since_ms != 0)
		buf_printf(out, " since %lld", (long long)device->since_ms);
}

void describe_phone(const struct phone *phone, struct buf *out)
{
	buf_puts(out, phone_state_name(phone->state));
	if (phone->is_dnd)
		buf_puts(out, " dnd");
	if (phone->other != NULL)
		buf_printf(out, " '%s'", phone->other);
}

void describe_rich(const struct rich *rich, struct buf *out)
{
	const struct {
		const char *name;
		const char *text;
	} texts[] = {
		{"activity", rich->activity}, {"place", rich->place},
		{"audio", rich->place_audio}, {"video", rich->place_video},
		{"text", rich->place_text},   {"sphere", rich->sphere},
		{"name", rich->display_name}, {"homepage", rich->homepage},
		{"icon", rich->icon},         {"card", rich->card},
		{"mood", rich->mood},
	};

	describe_notes(&rich->activity_notes, out);
	for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
		if (texts[i].text != NULL)
			buf_printf(out, " %s=%s", texts[i].name, texts[i].text);
	}
	describe_notes(&rich->mood_notes, out);
	if (rich->has_time_offset)
		buf_printf(out, " utc%+d", rich->time_offset_min);
	if (rich->privacy != 0)
		buf_printf(out, " privacy=%d", rich->privacy);
}

void describe_presence(const struct presence *presence, int has_times, struct buf *out)
{
	const struct person *person = &presence->person;

	for (size_t i = 0; i < presence->device_count; i++) {
		const char *id = presence->devices[i].id;

		buf_printf(out, "%s%s ", i == 0 ? "" : ", ", id == NULL ? "-" : id);
		describe_device(&presence->devices[i], has_times, out);
	}
	if (person->activities != 0 || person->idle || person->notes.count > 0)
		buf_puts(out, "; person");
	for (int i = 0; i < ACTIVITY_COUNT; i++) {
		if ((person->activities & (UINT32_C(1) << i)) != 0)
			buf_printf(out, " %s", activity_name((enum activity)i));
	}
	if (person->idle)
		buf_printf(out, " idle %lld", (long long)person->idle_since_ms);
	describe_notes(&person->notes, out);
	if (!rich_equal(person->rich, NULL)) {
		buf_puts(out, "; rich");
		describe_rich(person->rich, out);
	}
	if (presence->notes.count > 0)
		buf_puts(out, "; user");
	describe_notes(&presence->notes, out);
	if (presence->phone.state != PHONE_UNKNOWN || presence->phone.is_dnd) {
		buf_puts(out, "; phone ");
		describe_phone(&presence->phone, out);
	}
}

void describe_presence_stanza(const struct presence_stanza *stanza, struct buf *out)
{
	static const char *const types[] = {"available",  "unavailable", "subscribe",
					    "subscribed", "unsubscribe", "unsubscribed",
					    "probe",      "error",       "invalid"};

	buf_printf(out, "%s ", types[stanza->type]);
	describe_device(&stanza->device, 1, out);
	if (stanza->device.idle)
		buf_printf(out, " idle %lld", (long long)stanza->device.idle_since_ms);
	if (stanza->nick != NULL)
		buf_printf(out, " nick '%s'", stanza->nick);
}

static void describe_notices(const struct message_stanza *stanza, struct buf *out)
{
	static const char *const states[] = {"",       "active",   "composing",
					     "paused", "inactive", "gone"};

	if (stanza->state != CHAT_STATE_NONE)
		buf_printf(out, " %s", states[stanza->state]);
	for (unsigned i = 0; i < stanza->report_count; i++)
		buf_printf(out, " %s %s",
			   stanza->reports[i].kind == REPORT_DELIVERED ? "delivered" : "displayed",
			   stanza->reports[i].about);
}

void describe_message_stanza(const struct message_stanza *stanza, struct buf *out)
{
	static const char *const kinds[] = {"text",      "state",     "report", "error",
					    "groupchat", "encrypted", "nothing"};
	static const char *const types[] = {"chat", "normal", "headline"};
	const struct message *message = &stanza->message;

	buf_puts(out, kinds[stanza->kind]);
	if (stanza->kind != MESSAGE_STANZA_TEXT) {
		describe_notices(stanza, out);
		return;
	}
	assert_int_equal(message->body_len, strlen(message->body));
	buf_printf(out, " %s '%s'", types[message->kind], message->body);
	if (message->lang != NULL)
		buf_printf(out, "@%s", message->lang);
	if (message->subject != NULL)
		buf_printf(out, " subject '%s'", message->subject);
	if (message->thread != NULL)
		buf_printf(out, " thread '%s'", message->thread);
	if (message->nick != NULL)
		buf_printf(out, " nick '%s'", message->nick);
	if (message->sent_at_ms != 0)
		buf_printf(out, " sent %lld", (long long)message->sent_at_ms);
	if (message->wants != 0)
		buf_printf(out, " wants%s%s%s",
			   (message->wants & WANTS_DELIVERED) != 0 ? " delivered" : "",
			   (message->wants & WANTS_FAILED) != 0 ? " failed" : "",
			   (message->wants & WANTS_DISPLAYED) != 0 ? " displayed" : "");
	if (message->must_not_wait)
		buf_puts(out, " must not wait");
	describe_notices(stanza, out);
}

static xmpp_ctx_t *context;

static void free_context(void)
{
	xmpp_ctx_free(context);
	xmpp_shutdown();
}

xmpp_ctx_t *strophe_context(void)
{
	if (context != NULL)
		return context;
	xmpp_initialize();
	context = xmpp_ctx_new(NULL, NULL);
	assert_non_null(context);
	assert_int_equal(atexit(free_context), 0);
	return context;
}

xmpp_stanza_t *stanza_from_text(const char *text)
{
	xmpp_stanza_t *stanza = xmpp_stanza_new_from_string(strophe_context(), text);

	if (stanza == NULL)
		fail_msg("not a stanza: %s", text);
	return stanza;
}

char *read_test_file(const char *path, size_t *len)
{
	struct buf content = BUF_INIT;
	char name[1024];
	char piece[4096];
	size_t n;
	FILE *file;

	(void)snprintf(name, sizeof name, "%s/%s", TESTS_DIR, path);
	file = fopen(name, "rb");
	if (file == NULL)
		fail_msg("cannot read %s", name);
	for (n = fread(piece, 1, sizeof piece, file); n > 0;
	     n = fread(piece, 1, sizeof piece, file))
		buf_append(&content, piece, n);
	assert_int_equal(fclose(file), 0);
	*len = content.len;
	return buf_take(&content);
}

const char *sip_body(const char *message, size_t len, size_t *body_len)
{
	const char *empty = memmem(message, len, "\r\n\r\n", 4);

	if (empty == NULL)
		return NULL;
	*body_len = len - (size_t)(empty + 4 - message);
	return empty + 4;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

size_t each_test_file(const char *folder, void (*each)(const char *path, void *arg), void *arg)
{
	char name[1024];
	struct dirent **entries;
	int count;

	(void)snprintf(name, sizeof name, "%s/%s", TESTS_DIR, folder);
	count = scandir(name, &entries, is_visible, alphasort);
	if (count < 0)
		fail_msg("cannot read %s", name);
	for (int i = 0; i < count; i++) {
		char path[1400];

		(void)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
		each(path, arg);
		free(entries[i]);
	}
	free(entries);
	return (size_t)count;
}
