/* Presence of one watched user as one source tells it (RFC 2778; RFC 4479 data model): devices,
 * person and notes stay apart; what a watcher sees is a pure function of it (presence_view.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/notes.h"
#include "model/phone.h"

struct rich;

enum basic { BASIC_UNSET, BASIC_CLOSED, BASIC_OPEN };
enum show { SHOW_NONE, SHOW_AWAY, SHOW_CHAT, SHOW_DND, SHOW_XA };

enum {
	PRESENCE_DEVICES_MAX = 64, /* tuples or resources kept of one user */
	PRESENCE_PRIORITY_UNSET = -1000
};

/* One resource (XMPP) or tuple (PIDF). */
struct device {
	char *id; /* resource or tuple id; NULL: the user as a whole (bare JID) */
	enum basic basic;
	enum show show;
	int priority; /* XMPP scale -128..127, or PRESENCE_PRIORITY_UNSET */
	bool is_im;   /* SIP: the contact is a sip, sips, im or pres URI, or absent (PRES-133) */
	bool takes_messages; /* SIP: its capabilities say so (RPR-036) */
	bool idle; /* XMPP: XEP-0319, XEP-0256; SIP: user-input of the tuple goes to the person */
	int64_t idle_since_ms; /* wall clock, milliseconds; 0 unknown */
	struct notes notes;
	int64_t since_ms; /* wall clock of the last change, milliseconds; 0 unknown */
};

/* RPID activities (RFC 4480 section 3.2) as bits, in the order of model/presence.c: names. */
enum activity {
	ACTIVITY_APPOINTMENT,
	ACTIVITY_AWAY,
	ACTIVITY_BREAKFAST,
	ACTIVITY_BUSY,
	ACTIVITY_DINNER,
	ACTIVITY_HOLIDAY,
	ACTIVITY_IN_TRANSIT,
	ACTIVITY_LOOKING_FOR_WORK,
	ACTIVITY_LUNCH,
	ACTIVITY_MEAL,
	ACTIVITY_MEETING,
	ACTIVITY_ON_THE_PHONE,
	ACTIVITY_OTHER,
	ACTIVITY_PERFORMANCE,
	ACTIVITY_PERMANENT_ABSENCE,
	ACTIVITY_PLAYING,
	ACTIVITY_PRESENTATION,
	ACTIVITY_SHOPPING,
	ACTIVITY_SLEEPING,
	ACTIVITY_SPECTATOR,
	ACTIVITY_STEERING,
	ACTIVITY_TRAVEL,
	ACTIVITY_TV,
	ACTIVITY_UNKNOWN,
	ACTIVITY_VACATION,
	ACTIVITY_WORKING,
	ACTIVITY_WORSHIP,
	ACTIVITY_COUNT
};

struct person {
	uint32_t activities; /* 1u << enum activity */
	bool idle;           /* rpid:user-input idle */
	int64_t idle_since_ms;
	struct notes notes;
	struct rich *rich; /* owned, or NULL: says nothing more (rich.h) */
	int64_t since_ms;  /* wall clock of what is said, milliseconds; 0 unknown */
};

/* What one source says of the watched user. Zeroed is "nothing known". */
struct presence {
	struct device *devices;
	size_t device_count;
	struct person person;
	struct phone phone; /* what his phones do, as far as a PBX tells */
	struct notes notes; /* notes about the user as a whole */
};

void presence_clear(struct presence *presence);
void presence_copy(struct presence *out, const struct presence *from);
bool presence_equal(const struct presence *a, const struct presence *b); /* since_ms apart */
/* True if some device is open. Where only calls are known (no device at all), those make him open;
 * no calls do not (DLG-017). */
bool presence_is_open(const struct presence *presence);
/* The language of all notes, or NULL: there are none, of several, or of one that is not known. */
const char *presence_language(const struct presence *presence);
/* Adds a zeroed device (priority unset, is_im) with a copy of id, or NULL when there are
 * PRESENCE_DEVICES_MAX. */
struct device *presence_add_device(struct presence *presence, const char *id);
struct device *presence_find_device(struct presence *presence, const char *id);
void presence_remove_device(struct presence *presence, struct device *device);
/* The person's rich presence, made if there is none; presence_clear() frees it. */
struct rich *person_rich(struct person *person);
void person_clear(struct person *person);
void person_copy(struct person *out, const struct person *from);
bool person_equal(const struct person *a, const struct person *b); /* since_ms apart */
bool person_is_empty(const struct person *person);                 /* it says nothing */
void device_clear(struct device *device);
void device_copy(struct device *out, const struct device *from);

const char *show_name(enum show show);      /* NULL for SHOW_NONE */
enum show show_from_name(const char *name); /* SHOW_NONE if unknown */
const char *activity_name(enum activity activity);
int activity_from_name(const char *name); /* -1 if unknown */
/* Show by RPR-018: dnd before xa before away. */
enum show show_from_activities(uint32_t activities);
