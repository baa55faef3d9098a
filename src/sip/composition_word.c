/* All parts of a composition together: the answer and the presence; see composition.h. */
#include "base/mem.h"
#include "model/presence.h"
#include "model/presence_merge.h"
#include "sip/composition.h"
#include "sip/interest.h"
#include "sip/peer_watch.h"
#include "sip/publications.h"
#include "sip/side_core.h"
#include "sip/subscriber_private.h"

/* What comes by no dialog of its own counts only while its server is there (D-26). */
static const struct presence *published(const struct composition *composition)
{
	const struct side_core *core = composition->subscriber->core;

	if (!composition->is_common || core->publications == NULL ||
	    peer_watch_is_down(composition->hop))
		return NULL;
	return publications_now(core->publications, &composition->watched);
}

bool composition_is_published(const struct composition *composition)
{
	return published(composition) != NULL;
}

struct listed composition_listed(const struct composition *composition)
{
	const struct subscriber *subscriber = composition->subscriber;
	struct listed listed = {0};

	if (composition->is_common && subscriber->listed != NULL)
		subscriber->listed(&composition->watched, &listed, subscriber->listed_arg);
	return listed;
}

/* The answer ----------------------------------------------------------------------------------- */

static enum part_word word_of_list(enum listed_state state, bool is_published)
{
	if (is_published || state == LISTED_ACTIVE)
		return WORD_ALLOWED;
	if (state == LISTED_PENDING)
		return WORD_PENDING;
	return state == LISTED_FAILED ? WORD_FAILED : WORD_NONE;
}

/* D-14: a source that is refused ends nothing while another one serves the user, nor while that is
 * not known yet. */
static enum part_word word_of_others(const struct part *main, const struct part *other,
				     bool is_published, const struct fault **fault)
{
	enum part_word word = other->interest != NULL ? other->word : main->word;

	if (is_published)
		return WORD_ALLOWED;
	if (word == WORD_ALLOWED || word == WORD_PENDING || word == WORD_NONE)
		return word;
	/* Both fail: for the time being, if one of them does. */
	if (word == WORD_FAILED && main->word != WORD_FAILED) {
		*fault = other->fault;
		return WORD_FAILED;
	}
	*fault = main->fault;
	return main->word;
}

/* D-17: presence decides if it is subscribed, else the dialogs; what is published allows, too. */
static enum part_word word_of_parts(const struct part *main, const struct part *other,
				    bool is_published, const struct fault **fault)
{
	switch (main->word) {
	case WORD_REJECTED:
		*fault = main->fault;
		return WORD_REJECTED;
	case WORD_ALLOWED:
	case WORD_PENDING:
		return main->word;
	case WORD_NONE:
		return is_published ? WORD_ALLOWED : WORD_NONE;
	default:
		return word_of_others(main, other, is_published, fault);
	}
}

/* Nothing is subscribed. The end of the last publication is news (EVT-061), no failure. */
static enum part_word word_of_publication(const struct composition *composition, bool is_published)
{
	if (is_published)
		return WORD_ALLOWED;
	if (composition->told != WORD_NONE && peer_watch_is_down(composition->hop))
		return WORD_FAILED;
	return composition->told == WORD_ALLOWED ? WORD_ALLOWED : WORD_NONE;
}

/* D-14, AST-7: who is published is served, also before his state is known. */
static bool is_served(const struct composition *composition)
{
	const struct side_core *core = composition->subscriber->core;

	return composition->is_common && core->publications != NULL &&
	       publications_are_mute(core->publications, &composition->watched);
}

static enum part_word word_of_dialogs(const struct composition *composition, bool is_published,
				      const struct fault **fault)
{
	const struct part *presence = &composition->parts[PART_PRESENCE];
	const struct part *dialog = &composition->parts[PART_DIALOG];
	enum part_word word = presence->interest != NULL
				      ? word_of_parts(presence, dialog, is_published, fault)
				      : word_of_parts(dialog, presence, is_published, fault);

	if ((word != WORD_FORBIDDEN && word != WORD_NO_SUCH) || !is_served(composition))
		return word;
	*fault = NULL;
	return word_of_publication(composition, is_published);
}

enum part_word composition_word(const struct composition *composition, const struct fault **fault)
{
	enum listed_state listed = composition_listed(composition).state;
	bool is_published = composition_is_published(composition);

	*fault = NULL;
	if (listed != LISTED_NOT)
		return word_of_list(listed, is_published);
	if (composition->parts[PART_PRESENCE].interest != NULL ||
	    composition->parts[PART_DIALOG].interest != NULL)
		return word_of_dialogs(composition, is_published, fault);
	return word_of_publication(composition, is_published);
}

/* The presence --------------------------------------------------------------------------------- */

/* DLG-017: dialogs say nothing of registration. A call shows that the user is there; that he has
 * none does only where nobody is asked about presence by configuration. */
static void stand_in(const struct composition *composition, struct presence *out)
{
	bool is_asked = (composition->peer->profile.packages & PACKAGE_PRESENCE) != 0;
	struct device *device;

	if (out->device_count != 0 || out->phone.state == PHONE_UNKNOWN ||
	    (out->phone.state == PHONE_IDLE && is_asked))
		return;
	device = presence_add_device(out, "phone");
	if (device != NULL)
		device->basic = BASIC_OPEN;
}

static bool add(struct presence *out, const struct presence *part)
{
	if (part == NULL)
		return false;
	presence_merge(out, part);
	return true;
}

bool composition_now(const struct composition *composition, struct presence *out)
{
	const struct presence *dialogs = composition->parts[PART_DIALOG].document;
	const struct presence *of_others = published(composition);
	struct listed listed = composition_listed(composition);
	bool is_known = false;

	is_known |= add(out, composition->parts[PART_PRESENCE].document);
	if (dialogs != NULL && dialogs->phone.state != PHONE_UNKNOWN)
		out->phone.state = PHONE_UNKNOWN; /* who tells of each call knows best */
	is_known |= add(out, dialogs);
	is_known |= add(out, of_others);
	if (listed.state == LISTED_ACTIVE)
		is_known |= add(out, listed.presence);
	if (listed.state == LISTED_ACTIVE && listed.phone != NULL) {
		phone_merge(&out->phone, listed.phone);
		is_known = true;
	}
	if (!composition->peer->profile.show_caller) { /* DLG-018 */
		mem_free(out->phone.other);
		out->phone.other = NULL;
	}
	stand_in(composition, out);
	return is_known;
}

/* Holds ---------------------------------------------------------------------------------------- */

static void expire(struct composition *composition, struct part *part)
{
	bool is_told_of = part->word == WORD_ALLOWED && part->interest != NULL &&
			  interest_is_live(part->interest);

	part->hold_ms = 0;
	if (!is_told_of && (part->word == WORD_ALLOWED || part->word == WORD_PENDING))
		part->word = WORD_FAILED; /* its dialog ended, and no other has begun */
	if (part->document == NULL && !is_told_of)
		return;
	if (part->document != NULL)
		presence_clear(part->document);
	mem_free(part->document);
	/* The new dialog never said anything: he is not there. */
	part->document = is_told_of ? mem_zalloc(sizeof *part->document) : NULL;
	composition->has_news = true;
}

uint64_t composition_partial_until(struct composition *composition, uint64_t now_ms)
{
	uint64_t until = 0;

	for (int name = 0; name < PART_COUNT; name++) {
		struct part *part = &composition->parts[name];

		if (part->silent_ms == 0 || part->interest == NULL)
			continue;
		if (part->silent_ms == PART_SILENT) {
			part->silent_ms = now_ms + composition_hold_ms(composition);
			interest_hurry(part->interest);
		}
		if (part->silent_ms > until)
			until = part->silent_ms;
	}
	return until;
}

static bool is_earlier(uint64_t due_ms, uint64_t next_ms)
{
	return due_ms != 0 && due_ms != PART_SILENT && (next_ms == 0 || due_ms < next_ms);
}

uint64_t composition_expire(struct composition *composition, uint64_t now_ms)
{
	uint64_t next = 0;

	for (int name = 0; name < PART_COUNT; name++) {
		struct part *part = &composition->parts[name];

		if (part->hold_ms != 0 && part->hold_ms <= now_ms)
			expire(composition, part);
		if (is_earlier(part->hold_ms, next))
			next = part->hold_ms;
		if (part->silent_ms <= now_ms)
			part->silent_ms = 0;
		if (is_earlier(part->silent_ms, next))
			next = part->silent_ms;
	}
	return next;
}
