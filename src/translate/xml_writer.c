/* The one serializer for XML. What goes out is always legal XML 1.0: one character that is not
 * makes the chat server close the stream for everybody (SEC-050, CMP-017, STRO-007). */
#include "translate/xml_writer.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

enum byte_class { BYTE_PLAIN, BYTE_MARKUP, BYTE_ILLEGAL, BYTE_WIDE };

static enum byte_class class_of(unsigned char c)
{
	if (c >= 0x80)
		return BYTE_WIDE;
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r' ? BYTE_MARKUP : BYTE_ILLEGAL;
	if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
		return BYTE_MARKUP;
	return BYTE_PLAIN;
}

/* What stands for a markup character, NULL for itself. A CR would be read back as LF, and white
 * space in attribute values as a blank (CMP-018). */
static const char *escape_of(char c, bool is_attribute)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '\r':
		return "&#13;";
	case '"':
		return is_attribute ? "&quot;" : NULL;
	case '\'':
		return is_attribute ? "&apos;" : NULL;
	case '\n':
		return is_attribute ? "&#10;" : NULL;
	case '\t':
		return is_attribute ? "&#9;" : NULL;
	default:
		return NULL;
	}
}

/* Length of the longest part of text that goes out as it is. */
static size_t plain_run(const char *text, size_t len, bool is_attribute)
{
	size_t i = 0;

	while (i < len) {
		enum byte_class class = class_of((unsigned char)text[i]);
		uint32_t c;
		size_t n;

		if (class == BYTE_PLAIN ||
		    (class == BYTE_MARKUP && escape_of(text[i], is_attribute) == NULL)) {
			i++;
			continue;
		}
		if (class != BYTE_WIDE)
			break;
		n = utf8_decode(text + i, len - i, &c);
		if (n == 0 || !utf8_is_xml_char(c))
			break;
		i += n;
	}
	return i;
}

/* Writes what stopped plain_run; returns how many bytes it was. */
static size_t write_special(struct buf *out, const char *text, size_t len, bool is_attribute)
{
	const char *escape = escape_of(text[0], is_attribute);
	uint32_t c;
	size_t n;

	if (escape != NULL) {
		buf_puts(out, escape);
		return 1;
	}
	buf_append(out, "\xEF\xBF\xBD", 3); /* SEC-050 */
	n = utf8_decode(text, len, &c);
	return n == 0 ? 1 : n;
}

static void write_escaped(struct buf *out, const char *text, size_t len, bool is_attribute)
{
	size_t i = 0;

	while (i < len) {
		size_t run = plain_run(text + i, len - i, is_attribute);

		buf_append(out, text + i, run);
		i += run;
		if (i < len)
			i += write_special(out, text + i, len - i, is_attribute);
	}
}

static void end_tag(struct xml_writer *writer)
{
	if (!writer->in_tag)
		return;
	buf_putc(writer->out, '>');
	writer->in_tag = 0;
}

void xml_writer_init(struct xml_writer *writer, struct buf *out)
{
	writer->out = out;
	writer->start = out->len;
	writer->depth = 0;
	writer->in_tag = 0;
}

size_t xml_writer_bytes(const struct xml_writer *writer)
{
	return writer->out->len - writer->start;
}

void xml_open(struct xml_writer *writer, const char *name)
{
	assert(writer->depth < XML_WRITER_DEPTH_MAX);
	end_tag(writer);
	buf_putc(writer->out, '<');
	buf_puts(writer->out, name);
	writer->open[writer->depth++] = name;
	writer->in_tag = 1;
}

void xml_attr(struct xml_writer *writer, const char *name, const char *value)
{
	assert(writer->in_tag);
	if (value == NULL)
		return;
	buf_putc(writer->out, ' ');
	buf_puts(writer->out, name);
	buf_append(writer->out, "=\"", 2);
	write_escaped(writer->out, value, strlen(value), true);
	buf_putc(writer->out, '"');
}

void xml_text(struct xml_writer *writer, const char *text)
{
	xml_text_n(writer, text, strlen(text));
}

void xml_text_n(struct xml_writer *writer, const char *text, size_t len)
{
	if (len == 0)
		return;
	end_tag(writer);
	write_escaped(writer->out, text, len, false);
}

void xml_written(struct xml_writer *writer, const struct buf *xml)
{
	if (xml->len == 0)
		return;
	end_tag(writer);
	buf_append(writer->out, xml->data, xml->len);
}

void xml_close(struct xml_writer *writer)
{
	const char *name;

	assert(writer->depth > 0);
	name = writer->open[--writer->depth];
	if (writer->in_tag) {
		buf_append(writer->out, "/>", 2);
		writer->in_tag = 0;
		return;
	}
	buf_append(writer->out, "</", 2);
	buf_puts(writer->out, name);
	buf_putc(writer->out, '>');
}

void xml_element(struct xml_writer *writer, const char *name, const char *text)
{
	if (text == NULL)
		return;
	xml_open(writer, name);
	xml_text(writer, text);
	xml_close(writer);
}
