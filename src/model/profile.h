/* Quirks of a SIP peer as data (decisions.md, table of profiles): one row a profile, any domains[]
 * entry may override a field. Passed by value. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum subscribe_as { SUBSCRIBE_AS_WATCHER, SUBSCRIBE_AS_BRIDGE };
enum empty_notify { EMPTY_NOTIFY_UNCHANGED, EMPTY_NOTIFY_GONE }; /* D-24 */
enum rich_types { RICH_NEVER, RICH_ON_EVIDENCE, RICH_ALWAYS };   /* D-41 */

enum watch_as { WATCH_AS_USER, WATCH_AS_DOMAIN };      /* D-18 */
enum resources { RESOURCES_MERGED, RESOURCES_TUPLES }; /* D-10 */
enum lamp_rule { LAMP_REACH, LAMP_ONLINE };            /* D-31 */
enum thread_rule { THREAD_LAST, THREAD_CALLID };       /* D-35 */
enum pager_type { PAGER_CHAT, PAGER_NORMAL };          /* D-34 */
enum long_messages { LONG_SPLIT, LONG_REFUSE };        /* D-40 */
enum entity_scheme { ENTITY_SIP, ENTITY_PRES };        /* D-29 */

/* Whose fixed words the notes of a PBX are (translate/pbx_words.h). */
enum pbx_words { WORDS_NONE, WORDS_ASTERISK, WORDS_FREESWITCH };

/* What the state of chat users is published as at the peer (RFC 3903). */
enum publish_as {
	PUBLISH_AS_NOTHING,
	PUBLISH_AS_PRESENCE,   /* Event presence, PIDF */
	PUBLISH_AS_DEVICESTATE /* Event asterisk-devicestate, JSON (AST-7) */
};

/* No package: what the peer publishes or its list says is all there is. */
enum { PACKAGE_PRESENCE = 1, PACKAGE_DIALOG = 2 };

struct profile {
	const char *name;
	enum subscribe_as subscribe_as;
	unsigned packages;
	enum empty_notify empty_notify;
	bool folds_case;        /* D-07 */
	int32_t body_max_bytes; /* D-40 */
	enum rich_types rich_types;
	bool receipt_from_200;
	const char *user_agent_suffix; /* D-60, "" if none */
	enum pbx_words words;
	bool dialog_full_is_event_only; /* PBX-032 */
	bool show_caller;               /* DLG-018: the other party may be shown */
	bool accepts_publish;           /* PUBLISH from this peer is taken (EVT-058) */
	bool offers_partial;            /* pidf-diff in Accept (D-21) */
	bool literal_prefixes;          /* PUBLISH for a reader of prefixes (PBX-037, FSW) */
	bool expose_resource;           /* D-10 */
	bool hides_last_input;          /* how long a user is idle is not written (RPR-029) */
	enum watch_as watch_as;
	enum resources resources;
	enum lamp_rule lamp;
	enum entity_scheme entity;
	enum publish_as publish;
	enum thread_rule thread;
	enum pager_type pager_type;
	enum long_messages long_messages;
	bool date_trusted;       /* its Date says when a message was written (D-44) */
	bool result_is_devices;  /* a 200 to a MESSAGE is the device's own, not a queue's */
	bool charset_unreliable; /* the charset it declares may not be that of the text */
};

/* NULL if there is no such profile. */
const struct profile *profile_find(const char *name);
/* The i-th profile, NULL at the end. */
const struct profile *profile_at(unsigned i);
