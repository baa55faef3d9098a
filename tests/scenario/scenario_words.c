#include "scenario/scenario_words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/message.h"
#include "model/rich.h"
#include "model/presence.h"
#include "support/fake_side.h"

int scenario_split(char *line, char **words)
{
	int count = 0;
	char *at = line;

	while (*at != '\0') {
		bool quoted = false;

		while (isspace((unsigned char)*at))
			at++;
		if (*at == '\0')
			break;
		if (count == SCENARIO_WORDS_MAX)
			return -1;
		words[count++] = at;
		for (; *at != '\0' && (quoted || !isspace((unsigned char)*at)); at++) {
			if (*at == '"')
				quoted = !quoted;
		}
		if (*at != '\0')
			*at++ = '\0';
	}
	return count;
}

char *scenario_unquote(char *word)
{
	size_t len = strlen(word);

	if (len >= 2 && word[0] == '"' && word[len - 1] == '"') {
		word[len - 1] = '\0';
		return word + 1;
	}
	return word;
}

bool scenario_address(const char *word, struct address *out)
{
	const char *at = strchr(word, '@');
	bool is_chat = word[0] == 'x';
	char *local;

	if ((word[0] != 'x' && word[0] != 's') || word[1] != ':')
		return false;
	word += 2;
	local = mem_strndup(word, at == NULL ? strlen(word) : (size_t)(at - word));
	address_set(out, is_chat ? SIDE_XMPP : SIDE_SIP, local,
		    at != NULL ? at + 1
		    : is_chat  ? FAKE_CHAT_DOMAIN
			       : FAKE_PHONE_DOMAIN);
	mem_free(local);
	return true;
}

bool scenario_duration(const char *word, uint64_t *out_ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
	char *unit;
	unsigned long long number = strtoull(word, &unit, 10);

	if (unit == word)
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (strcmp(unit, units[i].unit) == 0) {
			*out_ms = number * units[i].ms;
			return true;
		}
	}
	return false;
}

/* One word behind the '=': basic, show, priority or note. */
static bool device_fact(const char *fact, size_t len, struct device *out)
{
	char *text = mem_strndup(fact, len);
	bool ok = true;

	if (strcmp(text, "open") == 0)
		out->basic = BASIC_OPEN;
	else if (strcmp(text, "closed") == 0)
		out->basic = BASIC_CLOSED;
	else if (text[0] == '"' && len >= 2)
		notes_add(&out->notes, "", text + 1, len - 2);
	else if (show_from_name(text) != SHOW_NONE)
		out->show = show_from_name(text);
	else if (isdigit((unsigned char)text[0]) || text[0] == '-')
		out->priority = (int)strtol(text, NULL, 10);
	else
		ok = false;
	mem_free(text);
	return ok;
}

bool scenario_device(const char *word, struct device *out)
{
	const char *at = strchr(word, '=');
	bool ok = at != NULL;

	*out = (struct device){.priority = PRESENCE_PRIORITY_UNSET, .is_im = true};
	if (!ok)
		return false;
	if (strncmp(word, "all=", 4) != 0)
		out->id = mem_strndup(word, (size_t)(at - word));
	while (ok && *at != '\0') {
		const char *end = ++at;
		bool quoted = false;

		for (; *end != '\0' && (quoted || *end != ','); end++)
			quoted ^= *end == '"';
		ok = device_fact(at, (size_t)(end - at), out);
		at = end;
	}
	return ok;
}

/* +mood:happy, +doing:eating/having_lunch, +name:Al */
static bool rich_fact(const char *word, struct person *out)
{
	struct rich *rich;
	const char *text = strchr(word, ':');

	if (word[0] != '+' || text == NULL)
		return false;
	rich = person_rich(out);
	text++;
	if (strncmp(word, "+mood:", 6) == 0)
		rich_set(&rich->mood, text, strlen(text), RICH_WORD_BYTES_MAX);
	else if (strncmp(word, "+doing:", 7) == 0)
		rich_set(&rich->activity, text, strlen(text), RICH_WORD_BYTES_MAX);
	else if (strncmp(word, "+name:", 6) == 0)
		rich_set(&rich->display_name, text, strlen(text), RICH_WORD_BYTES_MAX);
	else
		return false;
	return true;
}

/* "+phone:in-call", "+phone:ringing:Ann", "+dnd". */
static bool phone_fact(const char *word, struct phone *out)
{
	const char *state = word + strlen("+phone:");
	size_t len;

	if (strcmp(word, "+dnd") == 0) {
		out->is_dnd = true;
		return true;
	}
	if (strncmp(word, "+phone:", strlen("+phone:")) != 0)
		return false;
	len = strcspn(state, ":");
	for (int i = PHONE_UNKNOWN; i <= PHONE_IN_CALL; i++) {
		const char *name = phone_state_name((enum phone_state)i);

		if (strncmp(name, state, len) != 0 || name[len] != '\0')
			continue;
		out->state = (enum phone_state)i;
		mem_free(out->other);
		out->other = state[len] == '\0' ? NULL : mem_strdup(state + len + 1);
		return true;
	}
	return false;
}

bool scenario_presence(int count, char **words, struct presence *out)
{
	*out = (struct presence){0};
	for (int i = 0; i < count; i++) {
		struct device device;
		struct device *added;

		if (strcmp(words[i], "+idle") == 0) {
			out->person.idle = true;
			continue;
		}
		if (words[i][0] == '+' && activity_from_name(words[i] + 1) >= 0) {
			out->person.activities |= UINT32_C(1) << activity_from_name(words[i] + 1);
			continue;
		}
		if (rich_fact(words[i], &out->person) || phone_fact(words[i], &out->phone))
			continue;
		if (!scenario_device(words[i], &device)) {
			device_clear(&device);
			return false;
		}
		added = presence_add_device(out, device.id);
		mem_free(added->id);
		*added = device;
	}
	return true;
}

static unsigned wants_read(const char *words)
{
	unsigned wants = 0;

	for (int kind = REPORT_DELIVERED; kind <= REPORT_PROCESSED; kind++) {
		if (strstr(words, fake_report_name((enum report_kind)kind)) != NULL)
			wants |= 1U << kind;
	}
	return wants;
}

static bool message_fact(const char *word, struct message *out)
{
	if (strncmp(word, "uid=", 4) == 0)
		out->uid = mem_strdup(word + 4);
	else if (strncmp(word, "to=", 3) == 0)
		out->origin.address = mem_strdup(word + 3);
	else if (strncmp(word, "wants=", 6) == 0)
		out->wants = wants_read(word + 6);
	else if (strncmp(word, "life=", 5) == 0)
		out->life_s = strtol(word + 5, NULL, 10);
	else if (strcmp(word, "headline") == 0)
		out->kind = MESSAGE_HEADLINE;
	else if (strcmp(word, "no-store") == 0)
		out->must_not_wait = true;
	else
		return false;
	return true;
}

bool scenario_message(int count, char **words, struct message *out)
{
	struct buf text = BUF_INIT;
	unsigned long bytes = 0;
	bool ok = true;

	*out = (struct message){.kind = MESSAGE_CHAT, .hops = -1};
	for (int i = 1; ok && i < count; i++) {
		if (isdigit((unsigned char)words[i][0]))
			bytes = strtoul(words[i], NULL, 10);
		else
			ok = message_fact(words[i], out);
	}
	words[0] = scenario_unquote(words[0]);
	do
		buf_puts(&text, words[0]);
	while (text.len < bytes);
	out->body_len = text.len;
	out->body = buf_take(&text);
	return ok;
}
