/* One merged resource of a SIP user (D-10, D-27). */
#include "model/presence_view.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "model/presence_rules.h"
#include "model/presence_words.h"
#include "model/rich.h"

#define ON_THE_PHONE (UINT32_C(1) << ACTIVITY_ON_THE_PHONE)

/* What the rules look at. */
struct glance {
	enum show show; /* the user's own */
	enum phone_state phone;
	bool is_on_the_phone;
	bool is_dnd;
	bool is_idle;
};

/* True if a is to be shown rather than b, both open: who can take messages comes first
 * (PRES-133, RPR-036), then the higher priority; unset is below every set one. */
static bool is_better(const struct device *a, const struct device *b)
{
	if (a->is_im != b->is_im)
		return a->is_im;
	if (a->takes_messages != b->takes_messages)
		return a->takes_messages;
	return a->priority > b->priority;
}

static const struct device *best_open(const struct presence *presence)
{
	const struct device *best = NULL;

	for (size_t i = 0; i < presence->device_count; i++) {
		const struct device *device = &presence->devices[i];

		if (device->basic == BASIC_OPEN && (best == NULL || is_better(device, best)))
			best = device;
	}
	return best;
}

/* The notes to show: of the device, else of the person, else of the user (PRES-136, RPR-006). */
static const struct notes *choose_notes(const struct presence *presence,
					const struct device *device)
{
	if (device != NULL && device->notes.count > 0)
		return &device->notes;
	if (presence->person.notes.count > 0)
		return &presence->person.notes;
	return &presence->notes;
}

/* PRES-133: a device that takes no messages is shown with priority 0; D-30: never negative. */
static int view_priority(const struct device *device)
{
	if (device->priority == PRESENCE_PRIORITY_UNSET)
		return device->is_im ? PRESENCE_PRIORITY_UNSET : 0;
	if (device->priority < 0 || !device->is_im)
		return 0;
	return device->priority > 127 ? 127 : device->priority;
}

/* Rules ---------------------------------------------------------------------------------------- */

static void look(const struct presence *presence, const struct device *best, struct glance *out)
{
	uint32_t activities = presence->person.activities;

	out->phone = presence->phone.state;
	out->is_dnd = presence->phone.is_dnd;
	out->is_idle = presence->person.idle;
	/* A PBX says on-the-phone of a ringing phone too; what is known of the calls says more. */
	out->is_on_the_phone = (activities & ON_THE_PHONE) != 0 && out->phone <= PHONE_IDLE;
	out->show = best != NULL ? best->show : SHOW_NONE;
	if (out->show == SHOW_NONE)
		out->show = show_from_activities(activities & ~ON_THE_PHONE);
}

static bool fits(const struct glance *glance, enum presence_case which)
{
	switch (which) {
	case CASE_ON_HOLD:
		return glance->phone == PHONE_ON_HOLD;
	case CASE_IN_CALL:
		return glance->phone == PHONE_IN_CALL || glance->is_on_the_phone;
	case CASE_DIALLING:
		return glance->phone == PHONE_DIALLING;
	case CASE_DND:
		return glance->is_dnd;
	case CASE_RINGING:
		return glance->phone == PHONE_RINGING;
	case CASE_ACTIVITY:
		return glance->show != SHOW_NONE;
	case CASE_IDLE:
		return glance->is_idle;
	case CASE_UNKNOWN:
	case CASE_CLOSED:
	case CASE_COUNT:
		break;
	}
	return false;
}

/* The first rule that fits, NULL if none does. A rule that keeps the show leaves it to those that
 * follow. */
static const struct presence_rule *choose_rule(const struct presence_rules *rules,
					       const struct glance *glance, enum show *show)
{
	const struct presence_rule *first = NULL;

	*show = SHOW_NONE;
	for (size_t i = 0; i < PRESENCE_RULES; i++) {
		const struct presence_rule *rule = &rules->rules[i];

		if (!fits(glance, rule->when))
			continue;
		if (first == NULL)
			first = rule;
		*show = rule->keeps_show ? glance->show : rule->show;
		if (!rule->keeps_show || rule->when == CASE_ACTIVITY)
			break;
		*show = SHOW_NONE;
	}
	return first;
}

static const struct presence_rule *closed_rule(const struct presence_rules *rules)
{
	size_t i = 0;

	while (i < PRESENCE_RULES - 1 && rules->rules[i].when != CASE_CLOSED)
		i++;
	return &rules->rules[i];
}

/* Texts ---------------------------------------------------------------------------------------- */

/* What a rule says, NULL if nothing, and in which language. */
static void lead_of(const struct presence_rules *rules, const struct presence_rule *rule,
		    struct view_text *out)
{
	out->lang = rules->lang;
	out->lead = rule->text;
	if (rule->text == NULL) {
		out->lead = presence_words_case(rules->language, rule->when);
		out->lang = presence_words_tag(rules->language);
	}
	if (out->lead != NULL && out->lead[0] == '\0')
		out->lead = NULL;
}

/* The word for one of his activities: for the one that gave the show, else any. */
static void lead_of_activity(const struct presence_rules *rules, uint32_t activities,
			     struct view_text *out)
{
	enum show show = show_from_activities(activities);

	for (int i = 0; i < ACTIVITY_COUNT; i++) {
		uint32_t bit = UINT32_C(1) << i;
		const char *word = presence_words_activity(rules->language, (enum activity)i);

		if ((activities & bit) == 0 || word == NULL)
			continue;
		if (out->lead == NULL || show_from_activities(bit) == show)
			out->lead = word;
		if (show_from_activities(bit) == show)
			break;
	}
	out->lang = presence_words_tag(rules->language);
}

static bool has_lang(const struct notes *notes, const char *lang)
{
	for (size_t i = 0; i < notes->count; i++) {
		if (strcasecmp(notes->items[i].lang, lang) == 0)
			return true;
	}
	return false;
}

/* One text for each language of the notes, or one without a note. What begins in the operator's
 * language and goes on in an unknown one is marked as the operator's. */
static void put_texts(struct presence_view *out, const struct view_text *lead,
		      const struct notes *notes)
{
	bool mark = lead->lead != NULL && !has_lang(notes, lead->lang);

	for (size_t i = 0; i < notes->count && i < PRESENCE_NOTES_MAX; i++) {
		const struct note *note = &notes->items[i];
		struct view_text *text = &out->texts[out->text_count++];

		*text = *lead;
		text->lang = mark && note->lang[0] == '\0' ? lead->lang : note->lang;
		if (lead->lead == NULL || strcasecmp(lead->lead, note->text) != 0)
			text->note = note->text;
	}
	if (notes->count == 0 && (lead->lead != NULL || out->details[0] != '\0'))
		out->texts[out->text_count++] = *lead;
}

/* Details -------------------------------------------------------------------------------------- */

static void add_detail(struct presence_view *out, const char *word)
{
	size_t used = strlen(out->details);
	size_t room = sizeof out->details - 1 - used;
	size_t gap = used > 0 ? 2 : 0;
	size_t len;

	if (word == NULL || room <= gap)
		return;
	len = utf8_cut(word, strlen(word), room - gap);
	if (len == 0)
		return;
	memcpy(out->details + used, ", ", gap);
	memcpy(out->details + used + gap, word, len);
	out->details[used + gap + len] = '\0';
}

/* A word of the vocabulary in the operator's language, or his own text as it is. */
static void add_word(struct presence_view *out, const struct presence_rules *rules,
		     enum presence_word kind, const char *word)
{
	const char *known;

	if (word == NULL || strcmp(word, "unknown") == 0 || strcmp(word, "other") == 0)
		return;
	known = presence_words_other(rules->language, kind, word);
	if (known != NULL || kind == WORD_PLACE || kind == WORD_SPHERE)
		add_detail(out, known != NULL ? known : word);
}

static void add_time_offset(struct presence_view *out, int minutes)
{
	char text[16];
	int distance = minutes < 0 ? -minutes : minutes;

	(void)snprintf(text, sizeof text, "UTC%c%02d:%02d", minutes < 0 ? '-' : '+',
		       distance / 60 % 100, distance % 60);
	add_detail(out, text);
}

static void put_details(struct presence_view *out, const struct presence_rules *rules,
			const struct rich *rich)
{
	if (rich == NULL)
		return;
	if ((rules->details & DETAIL_PLACE) != 0)
		add_word(out, rules, WORD_PLACE, rich->place);
	if ((rules->details & DETAIL_SPHERE) != 0)
		add_word(out, rules, WORD_SPHERE, rich->sphere);
	if ((rules->details & DETAIL_SURROUNDINGS) != 0) {
		add_word(out, rules, WORD_AUDIO, rich->place_audio);
		add_word(out, rules, WORD_VIDEO, rich->place_video);
		add_word(out, rules, WORD_TEXT, rich->place_text);
	}
	if ((rules->details & DETAIL_TIME) != 0 && rich->has_time_offset)
		add_time_offset(out, rich->time_offset_min);
}

/* View ----------------------------------------------------------------------------------------- */

static bool has_closed(const struct presence *presence)
{
	for (size_t i = 0; i < presence->device_count; i++) {
		if (presence->devices[i].basic == BASIC_CLOSED)
			return true;
	}
	return false;
}

/* Unavailable: the note of a closed device counts too, it may tell why. */
static void view_closed(const struct presence *presence, const struct presence_rules *rules,
			struct presence_view *out)
{
	const struct device *told = NULL;
	struct view_text lead = {.lang = ""};

	for (size_t i = 0; i < presence->device_count; i++) {
		const struct device *device = &presence->devices[i];

		if (told == NULL && device->notes.count > 0)
			told = device;
		if (device->since_ms > out->since_ms)
			out->since_ms = device->since_ms;
	}
	if (has_closed(presence))
		lead_of(rules, closed_rule(rules), &lead);
	put_texts(out, &lead, choose_notes(presence, told));
}

static void view_open(const struct presence *presence, const struct presence_rules *rules,
		      struct presence_view *out)
{
	const struct device *best = best_open(presence);
	const struct notes *notes = choose_notes(presence, best);
	const struct presence_rule *rule;
	struct view_text lead = {.lang = presence_words_tag(rules->language)};
	struct glance glance;

	look(presence, best, &glance);
	rule = choose_rule(rules, &glance, &out->show);
	if (rule != NULL)
		lead_of(rules, rule, &lead);
	if (lead.lead == NULL && notes->count == 0 && (rules->details & DETAIL_ACTIVITY) != 0)
		lead_of_activity(rules, presence->person.activities, &lead);
	else if (lead.lead != NULL && rule->when >= CASE_ON_HOLD && rule->when <= CASE_RINGING &&
		 rule->when != CASE_DND)
		lead.other = presence->phone.other;
	put_details(out, rules, presence->person.rich);
	put_texts(out, &lead, notes);
	out->priority = best != NULL ? view_priority(best) : PRESENCE_PRIORITY_UNSET;
	out->idle = glance.is_idle;
	out->idle_since_ms = glance.is_idle ? presence->person.idle_since_ms : 0;
}

void presence_view_make(const struct presence *presence, const struct presence_rules *rules,
			struct presence_view *out)
{
	if (rules == NULL)
		rules = presence_rules_built_in();
	out->available = presence != NULL && presence_is_open(presence);
	out->idle = false;
	out->show = SHOW_NONE;
	out->priority = PRESENCE_PRIORITY_UNSET;
	out->idle_since_ms = 0;
	out->since_ms = 0;
	out->text_count = 0;
	out->details[0] = '\0';
	if (out->available)
		view_open(presence, rules, out);
	else if (presence != NULL)
		view_closed(presence, rules, out);
}

static bool same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

static bool view_text_equal(const struct view_text *a, const struct view_text *b)
{
	return strcasecmp(a->lang, b->lang) == 0 && same_text(a->lead, b->lead) &&
	       same_text(a->other, b->other) && same_text(a->note, b->note);
}

bool presence_view_equal(const struct presence_view *a, const struct presence_view *b)
{
	if (a->available != b->available || a->show != b->show || a->priority != b->priority ||
	    a->idle != b->idle || a->idle_since_ms != b->idle_since_ms ||
	    a->text_count != b->text_count || strcmp(a->details, b->details) != 0)
		return false;
	for (size_t i = 0; i < a->text_count; i++) {
		if (!view_text_equal(&a->texts[i], &b->texts[i]))
			return false;
	}
	return true;
}

size_t presence_view_pieces(const struct presence_view *view, size_t i,
			    const char *pieces[VIEW_PIECES_MAX])
{
	const struct view_text *text = &view->texts[i];
	size_t count = 0;

	if (text->lead != NULL)
		pieces[count++] = text->lead;
	if (text->other != NULL) {
		pieces[count++] = " (";
		pieces[count++] = text->other;
		pieces[count++] = ")";
	}
	if (text->note != NULL) {
		if (count > 0)
			pieces[count++] = ": ";
		pieces[count++] = text->note;
	}
	if (view->details[0] == '\0')
		return count;
	if (count == 0) {
		pieces[count++] = view->details;
		return count;
	}
	pieces[count++] = " (";
	pieces[count++] = view->details;
	pieces[count++] = ")";
	return count;
}
