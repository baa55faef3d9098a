/* application/im-iscomposing+xml (RFC 3994). */
#include "translate/is_composing.h"

#include <errno.h>

#include "base/buf.h"
#include "translate/text_span.h"
#include "translate/xml.h"
#include "translate/xml_writer.h"

#define NS_IS_COMPOSING "urn:ietf:params:xml:ns:im-iscomposing"
/* What the schemaLocation of RFC 3994 says (TYPE-001). */
#define NS_MISTAKEN "urn:ietf:params:xml:ns:im-composing"

enum { BYTES_MAX = 16 * 1024 };

const char is_composing_type[] = "application/im-iscomposing+xml";

/* A positive integer; 0 if it is none (TYPE-002). */
static int read_refresh(const char *text)
{
	int seconds = 0;

	if (*text == '+')
		text++;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (seconds < IS_COMPOSING_REFRESH_MAX_S)
			seconds = seconds * 10 + (*text - '0');
	}
	if (*text != '\0')
		return 0;
	return seconds < IS_COMPOSING_REFRESH_MAX_S ? seconds : IS_COMPOSING_REFRESH_MAX_S;
}

/* TYPE-003: what is not known is passed over; TYPE-002: any order. */
static int read_root(const xmlNode *root, const char *ns, struct typing *out)
{
	struct buf text = BUF_INIT;
	bool has_state = false;

	for (const xmlNode *node = root->children; node != NULL; node = node->next) {
		if (xml_is(node, ns, "state") && !has_state) {
			xml_content(node, &text);
			out->is_active = text_equals(buf_text(&text), text.len, "active");
			has_state = true;
		} else if (xml_is(node, ns, "refresh")) {
			xml_content(node, &text);
			out->refresh_s = read_refresh(buf_text(&text));
		}
	}
	buf_free(&text);
	return has_state ? 0 : EBADMSG;
}

int is_composing_read(const char *body, size_t len, struct typing *out)
{
	const xmlNode *root;
	xmlDoc *doc;
	int err = EBADMSG;

	*out = (struct typing){0};
	if (xml_parse(body, len, BYTES_MAX, &doc) != 0)
		return EBADMSG;
	root = xmlDocGetRootElement(doc);
	if (xml_is(root, NS_IS_COMPOSING, "isComposing"))
		err = read_root(root, NS_IS_COMPOSING, out);
	else if (xml_is(root, NS_MISTAKEN, "isComposing"))
		err = read_root(root, NS_MISTAKEN, out);
	xml_release(&doc);
	return err;
}

void is_composing_write(const struct typing *typing, struct buf *out)
{
	struct buf refresh = BUF_INIT;
	struct xml_writer writer;

	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	xml_writer_init(&writer, out);
	xml_open(&writer, "isComposing");
	xml_attr(&writer, "xmlns", NS_IS_COMPOSING);
	xml_element(&writer, "state", typing->is_active ? "active" : "idle");
	if (typing->is_active) {
		xml_element(&writer, "contenttype", "text/plain");
		buf_printf(&refresh, "%d", typing->refresh_s);
		xml_element(&writer, "refresh", typing->refresh_s > 0 ? refresh.data : NULL);
	}
	xml_close(&writer);
	buf_free(&refresh);
}
