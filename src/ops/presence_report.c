/* One presence in words, and as JSON; see presence_report.h. */
#include "ops/presence_report.h"

#include <stddef.h>

#include "base/buf.h"
#include "base/log.h"
#include "model/presence.h"
#include "model/rich.h"
#include "ops/json_text.h"

static const char *const basics[] = {"unset", "closed", "open"}; /* enum basic */

void presence_report_age(int64_t seconds, struct buf *out)
{
	if (seconds < 120)
		buf_printf(out, "%lld s", (long long)(seconds > 0 ? seconds : 0));
	else if (seconds < 7200)
		buf_printf(out, "%lld min", (long long)seconds / 60);
	else if (seconds < 48 * 3600)
		buf_printf(out, "%lld h", (long long)seconds / 3600);
	else
		buf_printf(out, "%lld d", (long long)seconds / 86400);
}

/* Words ---------------------------------------------------------------------------------------- */

static void put_since(struct buf *out, const char *before, int64_t since_ms, int64_t now_ms)
{
	if (since_ms == 0)
		return;
	buf_puts(out, before);
	presence_report_age((now_ms - since_ms) / 1000, out);
}

static void put_notes(struct buf *out, const struct notes *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		buf_printf(out, ", note %s", log_safe(notes->items[i].text));
}

static void put_device(struct buf *out, const struct device *device, int64_t now_ms)
{
	const char *show = show_name(device->show);

	buf_printf(out, "; device %s", device->id != NULL ? log_safe(device->id) : "(all)");
	buf_printf(out, " %s", basics[device->basic]);
	if (show != NULL)
		buf_printf(out, " %s", show);
	if (device->priority != PRESENCE_PRIORITY_UNSET)
		buf_printf(out, " priority %d", device->priority);
	if (device->idle)
		buf_puts(out, " idle");
	if (device->idle)
		put_since(out, " for ", device->idle_since_ms, now_ms);
	put_notes(out, &device->notes);
	put_since(out, ", since ", device->since_ms, now_ms);
}

static void put_word(struct buf *out, const char *name, const char *word)
{
	if (word != NULL)
		buf_printf(out, ", %s %s", name, log_safe(word));
}

static void put_person(struct buf *out, const struct person *person, int64_t now_ms)
{
	struct buf words = BUF_INIT;

	for (int i = 0; i < ACTIVITY_COUNT; i++)
		if ((person->activities & (1u << i)) != 0)
			buf_printf(&words, ", %s", activity_name((enum activity)i));
	if (person->idle)
		buf_puts(&words, ", idle");
	if (person->idle)
		put_since(&words, " for ", person->idle_since_ms, now_ms);
	if (person->rich != NULL) {
		put_word(&words, "mood", person->rich->mood);
		put_word(&words, "doing", person->rich->activity);
		put_word(&words, "place", person->rich->place);
		put_word(&words, "sphere", person->rich->sphere);
		put_word(&words, "name", person->rich->display_name);
	}
	put_notes(&words, &person->notes);
	if (words.len > 0)
		buf_printf(out, "; person%s", buf_text(&words) + (words.data[0] == ','));
	buf_free(&words);
}

static void put_user_notes(struct buf *out, const struct notes *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		buf_printf(out, "; note %s", log_safe(notes->items[i].text));
}

void presence_report_text(const struct presence *presence, int64_t now_ms, struct buf *out)
{
	struct buf words = BUF_INIT;

	if (presence->phone.state != PHONE_UNKNOWN)
		buf_printf(&words, "; phone %s", phone_state_name(presence->phone.state));
	if (presence->phone.is_dnd)
		buf_puts(&words, "; do-not-disturb");
	for (size_t i = 0; i < presence->device_count; i++)
		put_device(&words, &presence->devices[i], now_ms);
	put_person(&words, &presence->person, now_ms);
	put_user_notes(&words, &presence->notes);
	buf_puts(out, words.len > 2 ? buf_text(&words) + 2 : "nothing");
	buf_free(&words);
}

/* JSON ----------------------------------------------------------------------------------------- */

static void put_json_notes(struct buf *out, const struct notes *notes)
{
	buf_puts(out, ",\"notes\":[");
	for (size_t i = 0; i < notes->count; i++) {
		buf_puts(out, i > 0 ? ",{" : "{");
		json_member(out, "lang", notes->items[i].lang);
		buf_putc(out, ',');
		json_member(out, "text", notes->items[i].text);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}

static void put_json_idle(struct buf *out, bool is_idle, int64_t since_ms)
{
	buf_printf(out, ",\"idle\":%s,\"idle_since_ms\":%lld", is_idle ? "true" : "false",
		   (long long)since_ms);
}

static void put_json_device(struct buf *out, const struct device *device)
{
	buf_putc(out, '{');
	json_member(out, "id", device->id);
	buf_printf(out, ",\"basic\":\"%s\",", basics[device->basic]);
	json_member(out, "show", show_name(device->show));
	if (device->priority != PRESENCE_PRIORITY_UNSET)
		buf_printf(out, ",\"priority\":%d", device->priority);
	put_json_idle(out, device->idle, device->idle_since_ms);
	buf_printf(out, ",\"since_ms\":%lld", (long long)device->since_ms);
	put_json_notes(out, &device->notes);
	buf_putc(out, '}');
}

static void put_json_rich(struct buf *out, const struct rich *rich)
{
	const struct {
		const char *name;
		const char *text;
	} words[] = {
		{"mood", rich->mood},     {"doing", rich->activity},    {"place", rich->place},
		{"sphere", rich->sphere}, {"name", rich->display_name},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (words[i].text == NULL)
			continue;
		buf_putc(out, ',');
		json_member(out, words[i].name, words[i].text);
	}
}

static void put_json_person(struct buf *out, const struct person *person)
{
	const char *comma = "";

	buf_puts(out, "{\"activities\":[");
	for (int i = 0; i < ACTIVITY_COUNT; i++) {
		if ((person->activities & (1u << i)) == 0)
			continue;
		buf_puts(out, comma);
		json_text(out, activity_name((enum activity)i));
		comma = ",";
	}
	buf_putc(out, ']');
	put_json_idle(out, person->idle, person->idle_since_ms);
	if (person->rich != NULL)
		put_json_rich(out, person->rich);
	put_json_notes(out, &person->notes);
	buf_putc(out, '}');
}

void presence_report_json(const struct presence *presence, struct buf *out)
{
	if (presence == NULL) {
		buf_puts(out, "null");
		return;
	}
	buf_putc(out, '{');
	json_member(out, "phone", phone_state_name(presence->phone.state));
	buf_printf(out, ",\"do_not_disturb\":%s,\"devices\":[",
		   presence->phone.is_dnd ? "true" : "false");
	for (size_t i = 0; i < presence->device_count; i++) {
		buf_puts(out, i > 0 ? "," : "");
		put_json_device(out, &presence->devices[i]);
	}
	buf_puts(out, "],\"person\":");
	put_json_person(out, &presence->person);
	put_json_notes(out, &presence->notes);
	buf_putc(out, '}');
}
