/* Rich presence beyond activities and idle time (RFC 4480 sections 3.5 to 3.13, RFC 4482), read
 * tolerantly. Class is never read (RPR-031), nor a place on the map (RPR-037). */
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "model/presence.h"
#include "model/rich.h"
#include "translate/pidf_names.h"
#include "translate/rpid.h"
#include "translate/text_span.h"
#include "translate/vocabulary.h"
#include "translate/xml.h"

enum { NAME_BYTES_MAX = 256, OFFSET_MIN_MAX = 14 * 60 };

static void take(char **field, const char *text, size_t len, size_t max)
{
	if (*field == NULL)
		rich_set(field, text, len, max);
}

static void take_word(char **field, const char *text)
{
	take(field, text, strlen(text), RICH_WORD_BYTES_MAX);
}

/* One line: controls become blanks. */
static void take_line(char **field, const struct buf *text, size_t max)
{
	if (*field != NULL)
		return;
	rich_set(field, buf_text(text), text->len, max);
	if (*field != NULL && text_one_line(*field) == 0)
		rich_set(field, "", 0, 0);
}

static const char *name_of(const xmlNode *node)
{
	return (const char *)node->name;
}

static bool is_element(const xmlNode *node)
{
	return node->type == XML_ELEMENT_NODE;
}

static void read_notes(const xmlNode *parent, const char *language, struct notes *out)
{
	for (const xmlNode *node = parent->children; node != NULL; node = node->next) {
		if (rpid_is(node, "note"))
			rpid_read_note(node, language, out);
	}
}

/* Mood ----------------------------------------------------------------------------------------- */

/* The word of one mood element, appended to *word; nothing if it is none (RPR-015). */
static void mood_word(const xmlNode *node, struct buf *word)
{
	buf_reset(word);
	if (!is_element(node) || !rpid_is(node, name_of(node)))
		return;
	if (rpid_is(node, "other"))
		xml_content(node, word);
	else if (rpid_is(node, "unknown"))
		buf_puts(word, "undefined"); /* RPR-020 */
	else if (vocabulary_is_rpid_mood(name_of(node)))
		buf_puts(word, name_of(node));
}

/* RPR-021: XMPP has one mood; the others go behind the text. */
static void add_others(struct notes *notes, const struct buf *others)
{
	struct note *note = NULL;
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < notes->count; i++) {
		if (notes->items[i].lang[0] == '\0')
			note = &notes->items[i];
	}
	if (note == NULL) {
		notes_add(notes, "", buf_text(others), others->len);
		return;
	}
	buf_printf(&text, "%s (%s)", note->text, buf_text(others));
	mem_free(note->text);
	note->text = mem_strndup(buf_text(&text),
				 utf8_cut(buf_text(&text), text.len, PRESENCE_NOTE_BYTES_MAX));
	buf_free(&text);
}

static void read_mood(const xmlNode *mood, const char *language, struct rich *out)
{
	struct buf word = BUF_INIT;
	struct buf others = BUF_INIT;

	if (out->mood != NULL)
		return;
	for (const xmlNode *node = mood->children; node != NULL; node = node->next) {
		mood_word(node, &word);
		if (word.len == 0)
			continue;
		if (out->mood == NULL)
			take_line(&out->mood, &word, RICH_WORD_BYTES_MAX);
		else
			buf_printf(&others, "%s%s", others.len == 0 ? "" : ", ", buf_text(&word));
	}
	if (out->mood != NULL)
		read_notes(mood, language, &out->mood_notes);
	if (others.len > 0)
		add_others(&out->mood_notes, &others);
	buf_free(&word);
	buf_free(&others);
}

/* Place ---------------------------------------------------------------------------------------- */

/* RPR-023: words of RFC 4589 in their namespace, or his own text. Drafts had them in RPID's. */
static void read_place_type(const xmlNode *place, struct rich *out)
{
	struct buf text = BUF_INIT;

	for (const xmlNode *node = place->children; node != NULL; node = node->next) {
		if (!is_element(node) || rpid_is(node, "note"))
			continue;
		if (rpid_is(node, "other")) {
			xml_content(node, &text);
			take_line(&out->place, &text, RICH_WORD_BYTES_MAX);
		} else if (rpid_is(node, name_of(node)) ||
			   strcmp(xml_namespace(node), NS_LOCATION_TYPE) == 0) {
			take_word(&out->place, name_of(node));
		}
	}
	buf_free(&text);
}

static void read_medium(const xmlNode *medium, const char *const *words, char **field)
{
	for (const xmlNode *node = medium->children; node != NULL; node = node->next) {
		for (size_t i = 0; words[i] != NULL && is_element(node); i++) {
			if (rpid_is(node, words[i]))
				take_word(field, words[i]);
		}
	}
}

/* RPR-022. */
static void read_place_is(const xmlNode *place, struct rich *out)
{
	static const char *const audio[] = {"noisy", "ok", "quiet", "unknown", NULL};
	static const char *const video[] = {"toobright", "ok", "dark", "unknown", NULL};
	static const char *const text[] = {"uncomfortable", "inappropriate", "ok", "unknown", NULL};

	for (const xmlNode *node = place->children; node != NULL; node = node->next) {
		if (rpid_is(node, "audio"))
			read_medium(node, audio, &out->place_audio);
		else if (rpid_is(node, "video"))
			read_medium(node, video, &out->place_video);
		else if (rpid_is(node, "text"))
			read_medium(node, text, &out->place_text);
	}
}

/* RPR-027: home, work or an element of somebody else's, or (in the RFC's own example) free text. */
static void read_sphere(const xmlNode *sphere, struct rich *out)
{
	struct buf text = BUF_INIT;

	for (const xmlNode *node = sphere->children; node != NULL; node = node->next) {
		if (is_element(node) && !rpid_is(node, "note"))
			take_word(&out->sphere, name_of(node));
	}
	xml_content(sphere, &text);
	take_line(&out->sphere, &text, RICH_WORD_BYTES_MAX);
	buf_free(&text);
}

/* RPR-024. */
static void read_privacy(const xmlNode *privacy, struct rich *out)
{
	static const char *const media[] = {"audio", "text", "video"};

	for (const xmlNode *node = privacy->children; node != NULL; node = node->next) {
		for (unsigned i = 0; i < sizeof media / sizeof *media; i++) {
			if (rpid_is(node, media[i]))
				out->privacy |= (uint8_t)(1U << i);
		}
	}
}

/* RPR-028: minutes east of UTC. */
static void read_time_offset(const xmlNode *offset, struct rich *out)
{
	struct buf text = BUF_INIT;
	const char *at;
	int sign = 1;
	int minutes = 0;

	xml_content(offset, &text);
	at = buf_text(&text);
	if (*at == '-' || *at == '+')
		sign = *at++ == '-' ? -1 : 1;
	if (*at == '\0')
		at = "x"; /* no number */
	for (; *at >= '0' && *at <= '9' && minutes <= OFFSET_MIN_MAX; at++)
		minutes = minutes * 10 + (*at - '0');
	if (*at == '\0' && minutes <= OFFSET_MIN_MAX && !out->has_time_offset) {
		out->has_time_offset = true;
		out->time_offset_min = sign * minutes;
	}
	buf_free(&text);
}

/* CIPID ---------------------------------------------------------------------------------------- */

/* Only what a chat client may open without harm; nothing here fetches it. */
static void take_uri(char **field, const struct buf *text)
{
	const char *uri = buf_text(text);
	bool is_web = strncasecmp(uri, "http://", 7) == 0 || strncasecmp(uri, "https://", 8) == 0;

	if (!is_web || text->len > RICH_URI_BYTES_MAX || strpbrk(uri, " \t\r\n<>\"") != NULL)
		return;
	take(field, uri, text->len, RICH_URI_BYTES_MAX);
}

/* RPR-032: the first display name stands for its translations. */
static void read_cipid(const xmlNode *node, struct rich *out)
{
	struct buf text = BUF_INIT;

	xml_content(node, &text);
	if (strcmp(name_of(node), "display-name") == 0)
		take_line(&out->display_name, &text, NAME_BYTES_MAX);
	else if (strcmp(name_of(node), "homepage") == 0)
		take_uri(&out->homepage, &text);
	else if (strcmp(name_of(node), "icon") == 0)
		take_uri(&out->icon, &text);
	else if (strcmp(name_of(node), "card") == 0)
		take_uri(&out->card, &text);
	buf_free(&text);
}

/* Person --------------------------------------------------------------------------------------- */

void rpid_read_rich(const xmlNode *parent, int64_t now_ms, const char *language, struct rich *out)
{
	static const struct {
		const char *name;
		void (*read)(const xmlNode *node, struct rich *out);
	} elements[] = {
		{"place-type", read_place_type},   {"place-is", read_place_is},
		{"sphere", read_sphere},           {"privacy", read_privacy},
		{"time-offset", read_time_offset},
	};
	const xmlNode *mood = rpid_find(parent, "mood", now_ms);

	if (mood != NULL)
		read_mood(mood, language, out);
	for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
		const xmlNode *found = rpid_find(parent, elements[i].name, now_ms);

		if (found != NULL)
			elements[i].read(found, out);
	}
	for (const xmlNode *node = parent->children; node != NULL; node = node->next) {
		if (is_element(node) && strcmp(xml_namespace(node), NS_CIPID) == 0)
			read_cipid(node, out);
	}
}
