/* Faults as data: name and usual type (RFC 6120 section 8.3.3; file 03 table E.1). */
#include "model/fault.h"

#include <string.h>

#include "base/utf8.h"

static const struct {
	const char *name;
	enum fault_type type;
} faults[FAULT_COUNT] = {
	[FAULT_NONE] = {"none", FAULT_TYPE_CANCEL},
	[FAULT_BAD_REQUEST] = {"bad-request", FAULT_TYPE_MODIFY},
	[FAULT_CONFLICT] = {"conflict", FAULT_TYPE_CANCEL},
	[FAULT_FEATURE_NOT_IMPLEMENTED] = {"feature-not-implemented", FAULT_TYPE_CANCEL},
	[FAULT_FORBIDDEN] = {"forbidden", FAULT_TYPE_AUTH},
	[FAULT_GONE] = {"gone", FAULT_TYPE_CANCEL},
	[FAULT_INTERNAL_SERVER_ERROR] = {"internal-server-error", FAULT_TYPE_CANCEL},
	[FAULT_ITEM_NOT_FOUND] = {"item-not-found", FAULT_TYPE_CANCEL},
	[FAULT_JID_MALFORMED] = {"jid-malformed", FAULT_TYPE_MODIFY},
	[FAULT_NOT_ACCEPTABLE] = {"not-acceptable", FAULT_TYPE_MODIFY},
	[FAULT_NOT_ALLOWED] = {"not-allowed", FAULT_TYPE_CANCEL},
	[FAULT_NOT_AUTHORIZED] = {"not-authorized", FAULT_TYPE_AUTH},
	[FAULT_POLICY_VIOLATION] = {"policy-violation", FAULT_TYPE_MODIFY},
	[FAULT_RECIPIENT_UNAVAILABLE] = {"recipient-unavailable", FAULT_TYPE_WAIT},
	[FAULT_REDIRECT] = {"redirect", FAULT_TYPE_MODIFY},
	[FAULT_REGISTRATION_REQUIRED] = {"registration-required", FAULT_TYPE_AUTH},
	[FAULT_REMOTE_SERVER_NOT_FOUND] = {"remote-server-not-found", FAULT_TYPE_CANCEL},
	[FAULT_REMOTE_SERVER_TIMEOUT] = {"remote-server-timeout", FAULT_TYPE_WAIT},
	[FAULT_RESOURCE_CONSTRAINT] = {"resource-constraint", FAULT_TYPE_WAIT},
	[FAULT_SERVICE_UNAVAILABLE] = {"service-unavailable", FAULT_TYPE_CANCEL},
	[FAULT_SUBSCRIPTION_REQUIRED] = {"subscription-required", FAULT_TYPE_AUTH},
	[FAULT_UNDEFINED_CONDITION] = {"undefined-condition", FAULT_TYPE_CANCEL},
	[FAULT_UNEXPECTED_REQUEST] = {"unexpected-request", FAULT_TYPE_WAIT},
	[FAULT_LINK_DOWN] = {"link-down", FAULT_TYPE_WAIT},
	[FAULT_NO_ANSWER] = {"no-answer", FAULT_TYPE_WAIT},
	[FAULT_TOO_LARGE] = {"too-large", FAULT_TYPE_MODIFY},
	[FAULT_LOOP] = {"loop", FAULT_TYPE_MODIFY},
	[FAULT_ANONYMOUS] = {"anonymous", FAULT_TYPE_AUTH},
	[FAULT_RATE] = {"rate", FAULT_TYPE_WAIT},
};

static const char *const types[] = {
	[FAULT_TYPE_CANCEL] = "cancel", [FAULT_TYPE_CONTINUE] = "continue",
	[FAULT_TYPE_MODIFY] = "modify", [FAULT_TYPE_AUTH] = "auth",
	[FAULT_TYPE_WAIT] = "wait",
};

void fault_set(struct fault *out, enum fault_code code, const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text);

	*out = (struct fault){
		.code = code,
		.type = fault_usual_type(code),
		.again = code == FAULT_LINK_DOWN ? AGAIN_PATH : AGAIN_NEVER,
	};
	len = utf8_cut(text, len, FAULT_TEXT_MAX - 1);
	if (len > 0)
		memcpy(out->text, text, len);
}

static const char uncertain[] = "delivery is uncertain";

bool fault_is_uncertain(const struct fault *fault)
{
	return strstr(fault->text, uncertain) != NULL;
}

void fault_set_uncertain(struct fault *fault)
{
	static const char between[] = ": ";
	size_t most = FAULT_TEXT_MAX - sizeof between - sizeof uncertain;
	size_t len;

	if (fault_is_uncertain(fault))
		return;
	len = utf8_cut(fault->text, strlen(fault->text), most);
	fault->text[len] = '\0';
	if (len > 0)
		memcpy(fault->text + len, between, sizeof between);
	len = strlen(fault->text);
	memcpy(fault->text + len, uncertain, sizeof uncertain);
}

const char *fault_name(enum fault_code code)
{
	return code >= 0 && code < FAULT_COUNT ? faults[code].name : "undefined-condition";
}

enum fault_code fault_from_name(const char *name)
{
	for (int i = FAULT_NONE + 1; i < FAULT_COUNT; i++) {
		if (strcmp(faults[i].name, name) == 0)
			return (enum fault_code)i;
	}
	return FAULT_UNDEFINED_CONDITION;
}

enum fault_type fault_usual_type(enum fault_code code)
{
	return code >= 0 && code < FAULT_COUNT ? faults[code].type : FAULT_TYPE_CANCEL;
}

const char *fault_type_name(enum fault_type type)
{
	return types[type];
}

bool fault_type_from_name(const char *name, enum fault_type *out)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (strcmp(types[i], name) == 0) {
			*out = (enum fault_type)i;
			return true;
		}
	}
	return false;
}
