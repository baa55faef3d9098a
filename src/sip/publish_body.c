/* Bodies of PUBLISH: each is the whole of its publication (RFC 3903 section 4.4). */
#include <errno.h>

#include "base/buf.h"
#include "model/counters.h"
#include "model/limits.h"
#include "sip/publications_private.h"
#include "sip/side_core.h"
#include "translate/dialog_info.h"
#include "translate/pidf.h"
#include "translate/presence_body.h"

static int status_of(int error)
{
	switch (error) {
	case 0:
		return 0;
	case E2BIG:
		return 413;
	case ENOTSUP:
		return 415;
	default:
		return 400;
	}
}

static int read_dialogs(const struct sip_peer *peer, const char *type, const char *body, size_t len,
			size_t max_bytes, struct presence *out)
{
	struct dialog_table table = {0};
	struct buf text = BUF_INIT;
	bool wants_full = false;
	int error = presence_body_utf8(type, body, len, &text);

	if (error == 0)
		error = dialog_info_apply(&table, buf_text(&text), text.len, max_bytes,
					  &peer->profile, &wants_full);
	if (error == 0)
		dialog_table_phone(&table, &out->phone);
	dialog_table_clear(&table);
	buf_free(&text);
	return error;
}

int publish_read(const struct side_core *core, const struct sip_peer *peer, const char *type,
		 const char *language, const char *body, size_t len, struct presence *out)
{
	size_t most = (size_t)core->params->limits->sip_body_bytes;
	struct pidf_reading reading = {.max_bytes = most < PIDF_MAX_BYTES ? most : PIDF_MAX_BYTES,
				       .language = language,
				       .now_ms = loop_wall_ms(core->params->loop)};

	if (len > reading.max_bytes)
		core->params->counters->limits.sip_body_bytes++;
	switch (presence_body_kind(type)) {
	case BODY_PRESENCE:
		return status_of(
			presence_body_parse(type, body, len, &reading, &peer->profile, out));
	case BODY_DIALOG:
		return status_of(read_dialogs(peer, type, body, len, reading.max_bytes, out));
	default:
		return 415;
	}
}
