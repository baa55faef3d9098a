/* The one serializer for XML: stanzas and bodies. Text and attribute values are scrubbed of what
 * XML 1.0 forbids and escaped (SEC-050, CMP-017, CMP-018); names are constants of our own. */
#pragma once

#include <stddef.h>

#include "base/buf.h"

enum { XML_WRITER_DEPTH_MAX = 32 };

struct xml_writer {
	struct buf *out;
	size_t start; /* what out held before */
	const char *open[XML_WRITER_DEPTH_MAX];
	int depth;
	int in_tag; /* the start tag is not closed yet */
};

void xml_writer_init(struct xml_writer *writer, struct buf *out);
/* How many bytes were written so far. */
size_t xml_writer_bytes(const struct xml_writer *writer);
void xml_open(struct xml_writer *writer, const char *name);
/* NULL value: no attribute. */
void xml_attr(struct xml_writer *writer, const char *name, const char *value);
void xml_text(struct xml_writer *writer, const char *text);
void xml_text_n(struct xml_writer *writer, const char *text, size_t len);
/* Elements that were written by one of these writers already. */
void xml_written(struct xml_writer *writer, const struct buf *xml);
void xml_close(struct xml_writer *writer);
/* <name>text</name>; nothing when text is NULL. */
void xml_element(struct xml_writer *writer, const char *name, const char *text);
