/* Lines of application/simple-message-summary (RFC 3842 section 5.2); see message_summary.h. */
#include "translate/message_summary.h"

#include <errno.h>

#include "translate/text_span.h"

const char message_summary_type[] = "application/simple-message-summary";

struct span {
	const char *text;
	size_t len;
};

struct reading {
	bool has_status;
	bool is_waiting;
	bool has_other; /* counts of a kind that is not voice */
	struct message_summary summary;
};

/* Takes the next line, without its end, with the lines that continue it (SIP's folding). */
static struct span next_line(struct span *rest)
{
	struct span line = {rest->text, 0};

	while (line.len < rest->len) {
		bool is_end = line.text[line.len] == '\n';
		bool is_folded =
			line.len + 1 < rest->len && line.len > 0 &&
			(line.text[line.len + 1] == ' ' || line.text[line.len + 1] == '\t');

		if (is_end && !is_folded)
			break;
		line.len++;
	}
	rest->text += line.len;
	rest->len -= line.len;
	if (rest->len > 0) {
		rest->text++;
		rest->len--;
	}
	text_trim(&line.text, &line.len);
	return line;
}

static void skip_space(struct span *rest)
{
	while (rest->len > 0 && text_is_space(rest->text[0])) {
		rest->text++;
		rest->len--;
	}
}

static bool take(struct span *rest, char c)
{
	skip_space(rest);
	if (rest->len == 0 || rest->text[0] != c)
		return false;
	rest->text++;
	rest->len--;
	return true;
}

static bool take_number(struct span *rest, uint32_t *out)
{
	bool is_there = false;
	uint32_t value = 0;

	skip_space(rest);
	while (rest->len > 0 && rest->text[0] >= '0' && rest->text[0] <= '9') {
		is_there = true;
		value = value * 10 + (uint32_t)(rest->text[0] - '0');
		if (value > MESSAGE_SUMMARY_COUNT_MAX)
			value = MESSAGE_SUMMARY_COUNT_MAX;
		rest->text++;
		rest->len--;
	}
	*out = value;
	return is_there;
}

/* "2/8 (0/2)": new/old, and the urgent ones among them. */
static bool read_counts(struct span value, struct message_summary *out)
{
	struct message_summary seen = {.is_counted = true};
	uint32_t urgent;

	if (!take_number(&value, &seen.fresh) || !take(&value, '/') ||
	    !take_number(&value, &seen.old))
		return false;
	if (take(&value, '(') && take_number(&value, &urgent))
		seen.urgent = urgent < seen.fresh ? urgent : seen.fresh;
	*out = seen;
	return true;
}

static void read_line(struct reading *reading, struct span name, struct span value)
{
	struct message_summary counts;

	if (text_is_like(name.text, name.len, "messages-waiting")) {
		reading->has_status = true;
		reading->is_waiting = text_is_like(value.text, value.len, "yes");
	} else if (text_is_like(name.text, name.len, "voice-message")) {
		if (read_counts(value, &counts))
			reading->summary = counts;
	} else if (read_counts(value, &counts)) {
		reading->has_other = true;
	}
}

/* HCOLON: white space may stand before and after it. */
static void split_line(struct reading *reading, struct span line)
{
	const char *colon = memchr(line.text, ':', line.len);
	struct span name = line, value;

	if (colon == NULL)
		return;
	name.len = (size_t)(colon - line.text);
	value = (struct span){colon + 1, line.len - name.len - 1};
	text_trim(&name.text, &name.len);
	text_trim(&value.text, &value.len);
	read_line(reading, name, value);
}

static int conclude(const struct reading *reading, struct message_summary *out)
{
	struct message_summary summary = reading->summary;

	if (!reading->has_status)
		return EBADMSG;
	if (!summary.is_counted) /* something waits, and nothing says that it is no voice */
		summary.fresh = reading->has_other ? 0 : 1;
	if (!reading->is_waiting) {
		summary.fresh = 0;
		summary.urgent = 0;
	}
	*out = summary;
	return 0;
}

int message_summary_parse(const char *text, size_t len, struct message_summary *out)
{
	struct span rest = {text, len};
	struct reading reading = {0};

	if (len > MESSAGE_SUMMARY_MAX_BYTES)
		return E2BIG;
	while (rest.len > 0) {
		struct span line = next_line(&rest);

		if (line.len == 0 && reading.has_status)
			break; /* headers of single messages follow */
		split_line(&reading, line);
	}
	return conclude(&reading, out);
}
