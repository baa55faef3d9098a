/* Bodies of NOTIFYs; see part_data.h. */
#include "sip/part_data.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/counters.h"
#include "model/limits.h"
#include "model/phone.h"
#include "model/presence.h"
#include "sip/side_core.h"
#include "translate/dialog_info.h"
#include "translate/pidf.h"
#include "translate/pidf_diff.h"
#include "translate/presence_body.h"

struct part_data {
	struct dialog_table table;
	struct pidf_diff *diff; /* with partial presence, or NULL */
};

static struct part_data *get(void **data)
{
	if (*data == NULL)
		*data = mem_zalloc(sizeof(struct part_data));
	return *data;
}

static enum part_data_news read_presence(const char *type, const char *text, size_t len,
					 const struct pidf_reading *reading,
					 const struct profile *profile, struct presence *presence,
					 enum interest_use *use)
{
	if (presence_body_parse(type, text, len, reading, profile, presence) != 0)
		return PART_DATA_NOTHING;
	*use = INTEREST_USED;
	return PART_DATA_PRESENCE;
}

/* EVT-076 to EVT-078. */
static enum part_data_news read_diff(void **data, const struct interest_document *document,
				     const struct pidf_reading *reading,
				     const struct profile *profile, struct presence *presence,
				     enum interest_use *use)
{
	enum part_data_news news = PART_DATA_NOTHING;
	struct part_data *kept = get(data);
	struct buf whole = BUF_INIT;

	if (kept->diff == NULL)
		kept->diff = pidf_diff_new();
	switch (pidf_diff_apply(kept->diff, document->data, document->len, reading->max_bytes,
				&whole)) {
	case PIDF_DIFF_APPLIED:
		news = read_presence("application/pidf+xml", whole.data, whole.len, reading,
				     profile, presence, use);
		break;
	case PIDF_DIFF_STALE:
		*use = INTEREST_USED;
		break;
	case PIDF_DIFF_BROKEN:
		*use = INTEREST_PLAIN;
		break;
	default:
		break;
	}
	buf_free(&whole);
	return news;
}

/* DLG-007 to DLG-010. */
static enum part_data_news read_dialogs(void **data, const struct interest_document *document,
					size_t max_bytes, const struct profile *profile,
					enum interest_use *use)
{
	struct part_data *kept = get(data);
	struct buf text = BUF_INIT;
	bool wants_full = false;
	int error;

	error = presence_body_utf8(document->type, document->data, document->len, &text);
	if (error == 0)
		error = dialog_info_apply(&kept->table, buf_text(&text), text.len, max_bytes,
					  profile, &wants_full);
	buf_free(&text);
	if (error != 0 && error != EALREADY)
		return PART_DATA_NOTHING;
	if (!wants_full)
		*use = INTEREST_USED;
	return PART_DATA_PHONE;
}

static bool is_diff(const char *type)
{
	size_t len = strlen(PIDF_DIFF_TYPE);

	return type != NULL && strncasecmp(type, PIDF_DIFF_TYPE, len) == 0 &&
	       (type[len] == '\0' || type[len] == ';');
}

enum part_data_news part_data_read(void **data, const struct interest_document *document,
				   const struct side_core *core, const struct profile *profile,
				   struct presence *presence, enum interest_use *use)
{
	size_t most = (size_t)core->params->limits->sip_body_bytes;
	struct pidf_reading reading = {.max_bytes = most < PIDF_MAX_BYTES ? most : PIDF_MAX_BYTES,
				       .language = document->language,
				       .now_ms = loop_wall_ms(core->params->loop)};

	if (document->len > reading.max_bytes)
		core->params->counters->limits.sip_body_bytes++;
	*use = INTEREST_REPAIR;
	if (is_diff(document->type))
		return read_diff(data, document, &reading, profile, presence, use);
	switch (presence_body_kind(document->type)) {
	case BODY_PRESENCE:
		return read_presence(document->type, document->data, document->len, &reading,
				     profile, presence, use);
	case BODY_DIALOG:
		return read_dialogs(data, document, reading.max_bytes, profile, use);
	default:
		return PART_DATA_NOTHING;
	}
}

void part_data_phone(const void *data, struct phone *phone)
{
	const struct part_data *kept = data;
	struct phone one = {0};

	if (kept == NULL)
		return;
	dialog_table_phone(&kept->table, &one);
	phone_merge(phone, &one);
	phone_clear(&one);
}

void part_data_free(void *data)
{
	struct part_data *kept = data;

	dialog_table_clear(&kept->table);
	pidf_diff_free(&kept->diff);
	mem_free(kept);
}
