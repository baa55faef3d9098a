/* Rich presence (RFC 4479, RFC 4480) inside a PIDF document: the person, and what older software
 * puts into tuple and status instead (PIDF-046). For pidf.c only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "model/presence.h"

struct xml_writer;

/* What the elements of one document have said so far. Zeroed at the start. */
struct rpid {
	int64_t now_ms;        /* wall clock, 0 unknown: set by the caller */
	const xmlNode *person; /* the newest one (RPR-004) */
	int64_t person_ms;
	uint32_t tuple_activities; /* of tuples that are not closed */
	bool tuple_idle;
	bool tuple_active; /* some tuple says active: then the user is not idle */
	int64_t tuple_idle_since_ms;
};

/* True for a person element, which is remembered if it is the newest. */
bool rpid_offer_person(struct rpid *rpid, const xmlNode *node);
/* Reads activities and user-input that are children of a tuple or status element. */
void rpid_read_tuple(struct rpid *rpid, const xmlNode *parent);
/* True for a tuple that speaks of somebody else or of a parcel service (RPR-025, RPR-026). */
bool rpid_is_foreign_tuple(const xmlNode *tuple);
/* Fills *out (zeroed) from what was remembered; language as in pidf_parse(). */
void rpid_finish(const struct rpid *rpid, const char *language, struct person *out);
/* True if a child that must be understood is not (PIDF-041): ignore the extension. */
bool rpid_is_beyond_us(const xmlNode *extension);

/* Adds the text of a note element in its language (PIDF-027). */
void rpid_read_note(const xmlNode *node, const char *language, struct notes *out);

/* Writes <dm:person>; activities are those of the person, or what the best device's show stands
 * for (D-28). Nothing when there is nothing to say. */
bool rpid_has_person(const struct presence *presence, enum show show);
void rpid_write_person(struct xml_writer *writer, const struct person *person, enum show show);
