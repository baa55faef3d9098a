/* SIP status codes and faults: tables 2 and 3 of RFC 7247 section 7 (file 03 E.1, E.2) as amended
 * by D-46. Every listed code and condition is a row. The stanza half is in fault_stanza.c. */
#include "translate/fault_map.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "model/fault.h"

enum { PHRASE_BYTES_MAX = 128 };

struct sip_row {
	int status;
	enum fault_code code;
	enum fault_type type;
};

static const struct sip_row from_sip[] = {
	{300, FAULT_REDIRECT, FAULT_TYPE_MODIFY},                /* ERR-201 */
	{301, FAULT_GONE, FAULT_TYPE_CANCEL},                    /* ERR-202 */
	{302, FAULT_REDIRECT, FAULT_TYPE_MODIFY},                /* ERR-203 */
	{305, FAULT_REDIRECT, FAULT_TYPE_MODIFY},                /* ERR-204 */
	{380, FAULT_NOT_ACCEPTABLE, FAULT_TYPE_MODIFY},          /* ERR-205 */
	{400, FAULT_BAD_REQUEST, FAULT_TYPE_MODIFY},             /* ERR-207 */
	{401, FAULT_NOT_AUTHORIZED, FAULT_TYPE_AUTH},            /* ERR-208 */
	{402, FAULT_BAD_REQUEST, FAULT_TYPE_MODIFY},             /* ERR-209 */
	{403, FAULT_FORBIDDEN, FAULT_TYPE_AUTH},                 /* ERR-210 */
	{404, FAULT_ITEM_NOT_FOUND, FAULT_TYPE_CANCEL},          /* ERR-211 */
	{405, FAULT_FEATURE_NOT_IMPLEMENTED, FAULT_TYPE_CANCEL}, /* ERR-212 */
	{406, FAULT_NOT_ACCEPTABLE, FAULT_TYPE_MODIFY},          /* ERR-213 */
	{407, FAULT_REGISTRATION_REQUIRED, FAULT_TYPE_AUTH},     /* ERR-214 */
	{408, FAULT_REMOTE_SERVER_TIMEOUT, FAULT_TYPE_WAIT},     /* ERR-215 */
	{410, FAULT_GONE, FAULT_TYPE_CANCEL},                    /* ERR-216 */
	{413, FAULT_POLICY_VIOLATION, FAULT_TYPE_MODIFY},        /* ERR-217 */
	{414, FAULT_POLICY_VIOLATION, FAULT_TYPE_MODIFY},        /* ERR-218 */
	{415, FAULT_NOT_ACCEPTABLE, FAULT_TYPE_MODIFY},          /* ERR-219 */
	{416, FAULT_NOT_ACCEPTABLE, FAULT_TYPE_MODIFY},          /* ERR-220 */
	{420, FAULT_FEATURE_NOT_IMPLEMENTED, FAULT_TYPE_CANCEL}, /* ERR-221 */
	{421, FAULT_NOT_ACCEPTABLE, FAULT_TYPE_MODIFY},          /* ERR-222 */
	{423, FAULT_RESOURCE_CONSTRAINT, FAULT_TYPE_WAIT},       /* ERR-223 */
	{430, FAULT_RECIPIENT_UNAVAILABLE, FAULT_TYPE_WAIT},     /* ERR-224 */
	{439, FAULT_FEATURE_NOT_IMPLEMENTED, FAULT_TYPE_CANCEL}, /* ERR-225 */
	{440, FAULT_POLICY_VIOLATION, FAULT_TYPE_WAIT},          /* ERR-226 */
	{480, FAULT_RECIPIENT_UNAVAILABLE, FAULT_TYPE_WAIT},     /* ERR-227 */
	{481, FAULT_ITEM_NOT_FOUND, FAULT_TYPE_CANCEL},          /* ERR-228 */
	{482, FAULT_NOT_ACCEPTABLE, FAULT_TYPE_CANCEL},          /* ERR-229 */
	{483, FAULT_NOT_ACCEPTABLE, FAULT_TYPE_CANCEL},          /* ERR-230 */
	{484, FAULT_ITEM_NOT_FOUND, FAULT_TYPE_CANCEL},          /* ERR-231 */
	{485, FAULT_ITEM_NOT_FOUND, FAULT_TYPE_CANCEL},          /* ERR-232 */
	{486, FAULT_RECIPIENT_UNAVAILABLE, FAULT_TYPE_WAIT},     /* ERR-233 */
	{487, FAULT_RECIPIENT_UNAVAILABLE, FAULT_TYPE_WAIT},     /* ERR-234 */
	{488, FAULT_NOT_ACCEPTABLE, FAULT_TYPE_MODIFY},          /* ERR-235 */
	{489, FAULT_POLICY_VIOLATION, FAULT_TYPE_CANCEL},        /* ERR-236 */
	{491, FAULT_UNEXPECTED_REQUEST, FAULT_TYPE_WAIT},        /* ERR-237 */
	{493, FAULT_BAD_REQUEST, FAULT_TYPE_MODIFY},             /* ERR-238 */
	{500, FAULT_INTERNAL_SERVER_ERROR, FAULT_TYPE_CANCEL},   /* ERR-240 */
	{501, FAULT_FEATURE_NOT_IMPLEMENTED, FAULT_TYPE_CANCEL}, /* ERR-241 */
	{502, FAULT_REMOTE_SERVER_NOT_FOUND, FAULT_TYPE_CANCEL}, /* ERR-242 */
	{503, FAULT_INTERNAL_SERVER_ERROR, FAULT_TYPE_WAIT},     /* ERR-243 */
	{504, FAULT_REMOTE_SERVER_TIMEOUT, FAULT_TYPE_WAIT},     /* ERR-244 */
	{505, FAULT_NOT_ACCEPTABLE, FAULT_TYPE_MODIFY},          /* ERR-245 */
	{513, FAULT_POLICY_VIOLATION, FAULT_TYPE_MODIFY},        /* ERR-246 */
	{600, FAULT_RECIPIENT_UNAVAILABLE, FAULT_TYPE_WAIT},     /* ERR-248 */
	{603, FAULT_RECIPIENT_UNAVAILABLE, FAULT_TYPE_WAIT},     /* ERR-249 */
	{604, FAULT_ITEM_NOT_FOUND, FAULT_TYPE_CANCEL},          /* ERR-250 */
	{606, FAULT_NOT_ACCEPTABLE, FAULT_TYPE_MODIFY},          /* ERR-251 */
};

/* ERR-013: codes without a row, by class. */
static const struct sip_row from_sip_class[] = {
	{300, FAULT_REDIRECT, FAULT_TYPE_MODIFY},              /* ERR-200 */
	{400, FAULT_BAD_REQUEST, FAULT_TYPE_MODIFY},           /* ERR-206 */
	{500, FAULT_INTERNAL_SERVER_ERROR, FAULT_TYPE_CANCEL}, /* ERR-239 */
	{600, FAULT_RECIPIENT_UNAVAILABLE, FAULT_TYPE_WAIT},   /* ERR-247 */
};

/* The status of each fault. D-46: full and bare addresses alike, no 6xx, no 405, no 408; ERR-008:
 * 403 where the bridge could not complete the answer; ERR-010: 503 only for the whole bridge. */
static const struct {
	int status;
	const char *phrase;
} to_sip[FAULT_COUNT] = {
	[FAULT_NONE] = {500, "Server Internal Error"},
	[FAULT_BAD_REQUEST] = {400, "Bad Request"},                       /* ERR-101 */
	[FAULT_CONFLICT] = {400, "Conflict"},                             /* ERR-102 */
	[FAULT_FEATURE_NOT_IMPLEMENTED] = {488, "Not Acceptable Here"},   /* ERR-103, D-46 */
	[FAULT_FORBIDDEN] = {403, "Forbidden"},                           /* ERR-104 */
	[FAULT_GONE] = {410, "Gone"},                                     /* ERR-105, ERR-007 */
	[FAULT_INTERNAL_SERVER_ERROR] = {500, "Server Internal Error"},   /* ERR-106 */
	[FAULT_ITEM_NOT_FOUND] = {404, "Not Found"},                      /* ERR-107 */
	[FAULT_JID_MALFORMED] = {400, "Malformed Address"},               /* ERR-108 */
	[FAULT_NOT_ACCEPTABLE] = {406, "Not Acceptable"},                 /* ERR-109 */
	[FAULT_NOT_ALLOWED] = {403, "Not Allowed"},                       /* ERR-110 */
	[FAULT_NOT_AUTHORIZED] = {403, "Not Authorized"},                 /* ERR-111, ERR-008 */
	[FAULT_POLICY_VIOLATION] = {403, "Policy Violation"},             /* ERR-112 */
	[FAULT_RECIPIENT_UNAVAILABLE] = {480, "Temporarily Unavailable"}, /* ERR-113 */
	[FAULT_REDIRECT] = {403, "Redirected"},                           /* ERR-114, ERR-008 */
	[FAULT_REGISTRATION_REQUIRED] = {403, "Registration Required"},   /* ERR-115, ERR-008 */
	[FAULT_REMOTE_SERVER_NOT_FOUND] = {404, "Domain Not Found"},      /* ERR-116 */
	[FAULT_REMOTE_SERVER_TIMEOUT] = {504, "Server Time-out"},         /* ERR-117, D-46 */
	[FAULT_RESOURCE_CONSTRAINT] = {500, "Resource Constraint"},       /* ERR-118 */
	[FAULT_SERVICE_UNAVAILABLE] = {403, "Service Not Available"},     /* ERR-119, ERR-009 */
	[FAULT_SUBSCRIPTION_REQUIRED] = {400, "Subscription Required"},   /* ERR-120 */
	[FAULT_UNDEFINED_CONDITION] = {400, "Undefined Condition"},       /* ERR-121, ERR-123 */
	[FAULT_UNEXPECTED_REQUEST] = {400, "Unexpected Request"},         /* ERR-122 */
	[FAULT_LINK_DOWN] = {503, "Chat Server Not Connected"},           /* ERR-265, D-36 */
	[FAULT_NO_ANSWER] = {504, "No Answer From Chat Server"},          /* D-36 */
	[FAULT_TOO_LARGE] = {413, "Message Too Large"},                   /* MSG-080 */
	[FAULT_LOOP] = {482, "Loop Detected"},                            /* SIP-032 */
	[FAULT_ANONYMOUS] = {433, "Anonymity Disallowed"},                /* D-53 */
	[FAULT_RATE] = {480, "Too Many Messages"},                        /* MSG-096 */
};

static const struct sip_row *find_row(int status)
{
	for (size_t i = 0; i < sizeof from_sip / sizeof *from_sip; i++) {
		if (from_sip[i].status == status)
			return &from_sip[i];
	}
	if (status < 300 || status > 699)
		status = 500; /* ERR-264: not an answer that a server may give */
	return &from_sip_class[status / 100 - 3];
}

/* Text for people on one line: controls become blanks, bad UTF-8 goes (ERR-003, SEC-060). */
static void scrub_line(const char *text, size_t most, char *out)
{
	size_t len = strlen(text);
	size_t n = 0;

	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t step = utf8_decode(text + i, len - i, &c);

		if (step == 0) {
			i++;
			continue;
		}
		if (n + step > most)
			break;
		/* C0, DEL, C1 and the line separators of Unicode */
		if (c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029) {
			out[n++] = ' ';
		} else if (utf8_is_xml_char(c)) {
			memcpy(out + n, text + i, step);
			n += step;
		}
		i += step;
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

/* A URI that may stand in a Contact between angle brackets and in a stanza. */
static bool is_clean_uri(const char *uri)
{
	size_t len = strlen(uri);

	if (len == 0 || len >= FAULT_URI_MAX || memchr(uri, ':', len) == NULL ||
	    !utf8_is_valid(uri, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)uri[i];

		if (c <= 0x20 || c == 0x7F || c == '<' || c == '>' || c == '"')
			return false;
	}
	return true;
}

/* Does text hold the address of a host, as numbers? */
static bool has_host_address(const char *text)
{
	static const char digits[] = "0123456789", of_ipv6[] = "0123456789abcdefABCDEF:";
	size_t run;

	for (const char *at = text; *at != '\0'; at += run != 0 ? run : 1) {
		int dots = 0, colons = 0;

		run = strspn(at, "0123456789.");
		for (size_t i = 1; i + 1 < run; i++)
			dots += at[i] == '.' && strchr(digits, at[i - 1]) &&
				strchr(digits, at[i + 1]);
		if (dots == 3)
			return true;
		run = strspn(at, of_ipv6);
		for (size_t i = 0; i < run; i++)
			colons += at[i] == ':';
		if (colons > 2 || (colons == 2 && strncmp(at + strcspn(at, ":"), "::", 2) == 0))
			return true;
	}
	return false;
}

/* D-37. */
static enum fault_again again_of(int status)
{
	switch (status) {
	case 503:
		return AGAIN_PATH;
	case 500:
	case 504:
		return AGAIN_FEW;
	case 404:
	case 408:
	case 410:
	case 480:
	case 486:
		return AGAIN_HELD;
	default:
		return status >= 600 ? AGAIN_HELD : AGAIN_NEVER;
	}
}

void fault_from_sip(int status, const char *phrase, const char *contact, struct fault *out)
{
	const struct sip_row *row = find_row(status);
	char line[FAULT_TEXT_MAX];

	scrub_line(phrase == NULL ? "" : phrase, FAULT_TEXT_MAX - 1, line);
	fault_set(out, row->code, has_host_address(line) ? "" : line); /* REQ-074 */
	out->type = row->type;
	out->sip_status = status;
	out->again = again_of(status);
	if (contact != NULL && status != 410 && is_clean_uri(contact) &&
	    !has_host_address(contact) && (row->code == FAULT_GONE || row->code == FAULT_REDIRECT))
		memcpy(out->uri, contact, strlen(contact) + 1);
	if (status == 301 && out->uri[0] == '\0') { /* ERR-012: gone would need the address */
		out->code = FAULT_ITEM_NOT_FOUND;
		out->type = FAULT_TYPE_CANCEL;
	}
}

/* Text with an address in it may be about a third party (ERR-003). */
static bool may_be_told(const char *text)
{
	return text[0] != '\0' && strchr(text, '@') == NULL;
}

int fault_to_sip(const struct fault *fault, char *phrase, size_t len)
{
	enum fault_code code = fault->code < FAULT_COUNT ? fault->code : FAULT_UNDEFINED_CONDITION;
	int status = to_sip[code].status;
	const char *text = to_sip[code].phrase;
	char line[PHRASE_BYTES_MAX + 1] = "";

	if (is_clean_uri(fault->uri) && code == FAULT_GONE) {
		status = 301; /* ERR-007 */
		text = "Moved Permanently";
	} else if (is_clean_uri(fault->uri) && code == FAULT_REDIRECT) {
		status = 302;
		text = "Moved Temporarily";
	} else if (code == FAULT_RESOURCE_CONSTRAINT && fault->retry_after_s > 0) {
		/* a limit of ours, as with FAULT_RATE: no stanza says when to try again */
		status = to_sip[FAULT_RATE].status;
	}
	if (may_be_told(fault->text))
		scrub_line(fault->text, PHRASE_BYTES_MAX, line);
	if (len > 0) {
		const char *chosen = line[0] != '\0' ? line : text;
		size_t n = utf8_cut(chosen, strlen(chosen), len - 1);

		memcpy(phrase, chosen, n);
		phrase[n] = '\0';
	}
	return status;
}

/* D-47: what the SIP side said, and what tells who exists and who is there, is for people who are
 * known; others hear the one word that says nothing. */
void fault_hide(struct fault *fault)
{
	bool reveals = fault->sip_status != 0;

	switch (fault->code) {
	case FAULT_ITEM_NOT_FOUND:
	case FAULT_RECIPIENT_UNAVAILABLE:
	case FAULT_GONE:
	case FAULT_REDIRECT:
	case FAULT_SUBSCRIPTION_REQUIRED:
		reveals = true;
		break;
	default:
		break;
	}
	if (reveals)
		fault_set(fault, FAULT_SERVICE_UNAVAILABLE, NULL);
}
