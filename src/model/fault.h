/* Why something was refused, in neutral words: the 22 conditions of RFC 6120 section 8.3.3 serve
 * as names. translate/fault_map is the only place that knows SIP codes and stanza errors. */
#pragma once

#include <stdbool.h>

enum fault_code {
	FAULT_NONE,
	FAULT_BAD_REQUEST,
	FAULT_CONFLICT,
	FAULT_FEATURE_NOT_IMPLEMENTED,
	FAULT_FORBIDDEN,
	FAULT_GONE,
	FAULT_INTERNAL_SERVER_ERROR,
	FAULT_ITEM_NOT_FOUND,
	FAULT_JID_MALFORMED,
	FAULT_NOT_ACCEPTABLE,
	FAULT_NOT_ALLOWED,
	FAULT_NOT_AUTHORIZED,
	FAULT_POLICY_VIOLATION,
	FAULT_RECIPIENT_UNAVAILABLE,
	FAULT_REDIRECT,
	FAULT_REGISTRATION_REQUIRED,
	FAULT_REMOTE_SERVER_NOT_FOUND,
	FAULT_REMOTE_SERVER_TIMEOUT,
	FAULT_RESOURCE_CONSTRAINT,
	FAULT_SERVICE_UNAVAILABLE,
	FAULT_SUBSCRIPTION_REQUIRED,
	FAULT_UNDEFINED_CONDITION,
	FAULT_UNEXPECTED_REQUEST,
	/* Of the bridge itself, with a fixed answer on each side: */
	FAULT_LINK_DOWN, /* nothing was handed over: SIP 503 + Retry-After (D-36) */
	FAULT_NO_ANSWER, /* handed over, no word in time: SIP 504 (D-36) */
	FAULT_TOO_LARGE, /* SIP 413, policy-violation */
	FAULT_LOOP,      /* SIP 482, not-acceptable (SIP-032) */
	FAULT_ANONYMOUS, /* SIP 433 (D-53) */
	FAULT_RATE,      /* over a rate: SIP 480 + Retry-After, resource-constraint (MSG-096) */
	FAULT_COUNT
};

enum fault_type {
	FAULT_TYPE_CANCEL,
	FAULT_TYPE_CONTINUE,
	FAULT_TYPE_MODIFY,
	FAULT_TYPE_AUTH,
	FAULT_TYPE_WAIT
};

/* Whether what was refused may be tried again (D-37). */
enum fault_again {
	AGAIN_NEVER, /* an answer about the message or the user */
	AGAIN_HELD,  /* about the user, who may come back: 404 408 410 480 486 6xx; at once to the
		      * sender unless messages.hold_unavailable is set */
	AGAIN_FEW,   /* 500, 504: three tries in a minute */
	AGAIN_PATH   /* nothing reached him: link, peer, DNS, connect, 503; for messages.life */
};

enum { FAULT_TEXT_MAX = 256, FAULT_URI_MAX = 512 };

/* A value without owned memory. */
struct fault {
	enum fault_code code;
	enum fault_type type;
	int sip_status;    /* the SIP status it came from, for <text/> and log; 0 if none */
	int retry_after_s; /* 0 if none */
	enum fault_again again;
	char text[FAULT_TEXT_MAX]; /* for humans, UTF-8; "" if none */
	char uri[FAULT_URI_MAX];   /* new address of gone and redirect; "" if none */
};

/* Sets code, its usual type (file 03 E.1) and text (may be NULL; cut to fit); again: AGAIN_PATH for
 * FAULT_LINK_DOWN, else AGAIN_NEVER. */
void fault_set(struct fault *out, enum fault_code code, const char *text);
/* Says in words, as far as there is room, that what failed may have been delivered all the same:
 * after a hand-over without word nobody knows. */
void fault_set_uncertain(struct fault *fault);
bool fault_is_uncertain(const struct fault *fault);
const char *fault_name(enum fault_code code);      /* "item-not-found" */
enum fault_code fault_from_name(const char *name); /* FAULT_UNDEFINED_CONDITION if unknown */
enum fault_type fault_usual_type(enum fault_code code);
const char *fault_type_name(enum fault_type type); /* "cancel" ... */
bool fault_type_from_name(const char *name, enum fault_type *out);
