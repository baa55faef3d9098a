/* A MESSAGE request as values of the core: what its headers and its body say (file 05 section C,
 * D-34, D-35, D-41, D-44). */
#pragma once

struct address;
struct message_body;
struct request;
struct side_core;

/* Reads the body of a request that has one, from a user of this address. Returns as
 * message_body_read(); *out is cleared by the caller in any case. */
int message_in_read(const struct side_core *core, const struct request *request,
		    const struct address *from, struct message_body *out);
/* Completes body->message, a text, with what the headers say; uid is copied. Returns 0, or ETIME
 * when it expired so long ago that nobody wants it (MSG-061). */
int message_in_complete(const struct side_core *core, const struct request *request,
			const struct address *from, const char *uid, struct message_body *body);
/* Remembers what the request shows its sender to understand (D-41, TYPE-033). */
void message_in_learn(const struct side_core *core, const struct request *request,
		      const struct address *from, const struct message_body *body);

/* D-35: the same request always has the same uid; it names the message on the other side. uid has
 * room for HASH_HEX_CHARS + 1. */
void message_in_uid(const struct side_core *core, const struct request *request, char *uid);

/* D-35: the id in a report is the uid, also as the Call-ID that a bare one names; part n of a split
 * text has "uid.n": that is cut. */
void message_in_cut_part(char *id);
