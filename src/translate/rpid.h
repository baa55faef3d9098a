/* Rich presence (RFC 4479, RFC 4480, RFC 4482, RFC 5196) inside a PIDF document: the person, and
 * what older software puts into tuple and status instead (PIDF-046). For the readers and the writer
 * of PIDF only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "model/presence.h"
#include "model/rich.h"

struct xml_writer;

/* What the elements of one document have said so far. Zeroed but for what the caller sets. */
struct rpid {
	int64_t now_ms;        /* wall clock, 0 unknown: set by the caller */
	const char *language;  /* Content-Language, one valid tag, or NULL: set by the caller */
	const xmlNode *person; /* the newest one (RPR-004) */
	int64_t person_ms;
	uint32_t tuple_activities; /* of tuples that are not closed */
	bool tuple_idle;
	bool tuple_active; /* some tuple says active: then the user is not idle */
	int64_t tuple_idle_since_ms;
	struct rich rich; /* of tuples; rpid_finish() clears it */
};

/* True for a person element, which is remembered if it is the newest. */
bool rpid_offer_person(struct rpid *rpid, const xmlNode *node);
/* Reads what is said of the person by children of a tuple or status element. */
void rpid_read_tuple(struct rpid *rpid, const xmlNode *parent);
/* Reads what a tuple says of its service (RPR-036): a service for messages is preferred; a machine,
 * and what takes no messages, is no place to reach the user by them. */
void rpid_read_service(const xmlNode *tuple, struct device *device);
/* True for a tuple that speaks of somebody else or of a parcel service (RPR-025, RPR-026). */
bool rpid_is_foreign_tuple(const xmlNode *tuple);
/* Fills *out (zeroed) from what was remembered. */
void rpid_finish(struct rpid *rpid, struct person *out);
/* True if a child that must be understood is not (PIDF-041): ignore the extension. */
bool rpid_is_beyond_us(const xmlNode *extension);

/* True for an RPID element of that name, in any of its namespaces. */
bool rpid_is(const xmlNode *node, const char *name);
/* The child of that name that holds now (RPR-012): one whose bounds cover the time, else one
 * without bounds; NULL if there is none. */
const xmlNode *rpid_find(const xmlNode *parent, const char *name, int64_t now_ms);
/* Mood, place, sphere, privacy, time offset, name and links among the children of parent, as far as
 * *out does not say them yet. */
void rpid_read_rich(const xmlNode *parent, int64_t now_ms, const char *language, struct rich *out);

/* Adds the text of a note element in its language (PIDF-027). */
void rpid_read_note(const xmlNode *node, const char *language, struct notes *out);

/* What of a presence is the person's, as it is written. */
struct rpid_person {
	const struct presence *presence;
	enum show show;        /* of the best open device: an activity stands for it (D-28) */
	bool is_literal;       /* PBX-037: the reader takes the first activity, and no other word of
				* it than dm:note */
	bool hides_last_input; /* RPR-029 */
	const char *words;     /* with is_literal: the note where the person has none, or NULL */
	const char *words_lang;
};

/* True if there is anything to write. */
bool rpid_has_person(const struct rpid_person *what);
/* Writes <dm:person>. The prefixes dm and rpid are bound by the caller. */
void rpid_write_person(struct xml_writer *writer, const struct rpid_person *what);
/* Writes whether the user of that device is at it: where some are and others are not. */
void rpid_write_tuple(struct xml_writer *writer, const struct rpid_person *what,
		      const struct device *device);
/* True if that is written for some tuple. */
bool rpid_has_tuples(const struct rpid_person *what);
