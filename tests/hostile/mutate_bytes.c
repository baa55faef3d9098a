/* Damage for SIP messages. */
#include "hostile/mutate_bytes.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LONG_BYTES = 20000, TEXT_MOST = 60000 };

static const char *const words[] = {
	"",
	"\r\n",
	"\n",
	"\r\n\r\n",
	"\r\n ",
	"\t",
	";",
	",",
	"<",
	">",
	"\"",
	"\\",
	"@",
	":",
	"%00",
	"%",
	"%zz",
	"%40",
	"\xc0\x80",
	"\xff\xfe",
	"\xed\xa0\x80",
	"\xf0\x9f\x98\x80",
	"\xe2\x80\xae",
	"sip:",
	"sips:",
	"tel:",
	"<sip:a@b>;tag=",
	";tag=x",
	";branch=",
	";rport;received=x",
	";maddr=239.1.1.1",
	"SIP/2.0",
	"SIP/2.0/TCP ",
	"[::1]:5060",
	"127.0.0.1:0",
	"Content-Length: 0\r\n",
	"Content-Length: 4294967295\r\n",
	"l: -1\r\n",
	"Content-Type: multipart/mixed;boundary=x\r\n",
	"Content-Type: message/cpim\r\n",
	"Content-Type: application/pidf+xml\r\n",
	"Content-Encoding: gzip\r\n",
	"Require: 100rel, foo\r\n",
	"Event: presence;id=1\r\n",
	"Event: dialog\r\n",
	"SIP-If-Match: t\r\n",
	"SIP-If-Match: \"a\", b\r\n",
	"Expires: 0\r\n",
	"Expires: 4294967296\r\n",
	"Expires: 0\r\n",
	"Subscription-State: terminated;reason=rejected\r\n",
	"Subscription-State: pending;expires=0;retry-after=99999999999\r\n",
	"Route: <sip:127.0.0.1;lr>\r\n",
	"Record-Route: <sip:x;lr>\r\n",
	"Contact: *\r\n",
	"Via: SIP/2.0/UDP x\r\n",
	"Max-Forwards: 0\r\n",
	"Privacy: id\r\n",
	("Authorization: Digest "
	 "username=\"u7\",realm=\"pbx.example\",nonce=\"\",uri=\"\",response=\"\"\r\n"),
	"Proxy-Authorization: Digest\r\n",
	"WWW-Authenticate: Digest realm=\"pbx.example\",nonce=\"n\",qop=\"auth\"\r\n",
	"Authentication-Info: nextnonce=\"n\"\r\n",
	",algorithm=SHA-256",
	",qop=auth-int",
	",nc=00000000",
	"P-Asserted-Identity: <sip:u9@pbx.example>\r\n",
	"Accept: */*;q=0\r\n",
	"MESSAGE",
	"SUBSCRIBE",
	"NOTIFY",
	"u1",
	"chat.example",
	"pbx.example",
	"sip.chat.example",
	"<?xml version='1.0'?>",
	"<!DOCTYPE a [<!ENTITY x 'y'>]>",
	"<![CDATA[",
	"&x;",
	"<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='pres:a@b'>",
	"</presence>",
	"<tuple id='x'><status><basic>open</basic></status></tuple>",
	"<note xml:lang='en'>",
};

static const char *const numbers[] = {"0",
				      "-1",
				      "1",
				      "255",
				      "256",
				      "65535",
				      "65536",
				      "007",
				      "2147483647",
				      "2147483648",
				      "4294967295",
				      "4294967296",
				      "9223372036854775808",
				      "99999999999999999999",
				      "1e9",
				      "0x10",
				      ""};

void mutate_replace(struct buf *text, size_t at, size_t len, const char *with, size_t with_len)
{
	struct buf old = *text;

	*text = (struct buf)BUF_INIT;
	buf_reserve(text, old.len - len + with_len + 1);
	buf_append(text, old.data, at);
	buf_append(text, with, with_len);
	buf_append(text, old.data + at + len, old.len - at - len);
	buf_free(&old);
}

static void flip(struct buf *text, struct rng *rng)
{
	size_t count = 1 + rng_below(rng, 4);

	for (size_t i = 0; i < count && text->len > 0; i++)
		text->data[rng_below(rng, text->len)] = (char)rng_next(rng);
}

static void insert_word(struct buf *text, struct rng *rng)
{
	const char *word = words[rng_below(rng, sizeof(words) / sizeof(words[0]))];

	mutate_replace(text, rng_below(rng, text->len + 1), 0, word, strlen(word));
}

static void cut_range(struct buf *text, struct rng *rng)
{
	size_t at = rng_below(rng, text->len);
	size_t len = 1 + rng_below(rng, rng_chance(rng, 80) ? 8 : text->len - at);

	if (len > text->len - at)
		len = text->len - at;
	mutate_replace(text, at, len, "", 0);
}

static void truncate_text(struct buf *text, struct rng *rng)
{
	size_t len = rng_below(rng, text->len);

	mutate_replace(text, len, text->len - len, "", 0);
}

static void change_number(struct buf *text, struct rng *rng)
{
	size_t at = rng_below(rng, text->len);
	size_t end = 0;
	const char *number = numbers[rng_below(rng, sizeof(numbers) / sizeof(numbers[0]))];

	while (at < text->len && (text->data[at] < '0' || text->data[at] > '9'))
		at++;
	end = at;
	while (end < text->len && text->data[end] >= '0' && text->data[end] <= '9')
		end++;
	if (end > at)
		mutate_replace(text, at, end - at, number, strlen(number));
}

/* Finds the line around a random place, its end included. */
static void random_line(const struct buf *text, struct rng *rng, size_t *at, size_t *len)
{
	const char *stop = NULL;

	*at = rng_below(rng, text->len);
	stop = memchr(text->data + *at, '\n', text->len - *at);
	while (*at > 0 && text->data[*at - 1] != '\n')
		--*at;
	*len = stop != NULL ? (size_t)(stop - text->data) + 1 - *at : text->len - *at;
}

static void repeat_line(struct buf *text, struct rng *rng)
{
	size_t at = 0;
	size_t len = 0;
	size_t times = rng_chance(rng, 90) ? 1 + rng_below(rng, 3) : 1 + rng_below(rng, 600);
	struct buf copies = BUF_INIT;

	random_line(text, rng, &at, &len);
	for (size_t i = 0; i < times && copies.len + text->len + len < TEXT_MOST; i++)
		buf_append(&copies, text->data + at, len);
	mutate_replace(text, at, 0, buf_text(&copies), copies.len);
	buf_free(&copies);
}

static void drop_line(struct buf *text, struct rng *rng)
{
	size_t at = 0;
	size_t len = 0;

	random_line(text, rng, &at, &len);
	mutate_replace(text, at, len, "", 0);
}

static void move_line(struct buf *text, struct rng *rng)
{
	size_t at = 0;
	size_t len = 0;
	char *line = NULL;
	size_t other = 0;
	size_t other_len = 0;
	struct buf copy = BUF_INIT;

	random_line(text, rng, &at, &len);
	buf_append(&copy, text->data + at, len);
	line = copy.data;
	mutate_replace(text, at, len, "", 0);
	if (text->len > 0)
		random_line(text, rng, &other, &other_len);
	mutate_replace(text, other, 0, line, len);
	buf_free(&copy);
}

static void grow(struct buf *text, struct rng *rng)
{
	static const char fill[] = "A%, ;:@\"<\xc3\xff";
	size_t len = 1 + rng_below(rng, rng_chance(rng, 80) ? 300 : LONG_BYTES);
	struct buf run = BUF_INIT;
	char c = fill[rng_below(rng, sizeof(fill) - 1)];

	for (size_t i = 0; i < len && text->len + i < TEXT_MOST; i++)
		buf_putc(&run, c);
	mutate_replace(text, rng_below(rng, text->len + 1), 0, buf_text(&run), run.len);
	buf_free(&run);
}

static void splice(struct buf *text, struct rng *rng, const struct seed_list *seeds)
{
	const struct seed *other = &seeds->items[rng_below(rng, seeds->count)];
	size_t from = rng_below(rng, other->len);
	size_t len = rng_below(rng, other->len - from);
	size_t at = rng_below(rng, text->len + 1);
	size_t cut = rng_below(rng, text->len - at + 1);

	if (text->len - cut + len < TEXT_MOST)
		mutate_replace(text, at, cut, other->data + from, len);
}

void mutate_bytes(struct buf *text, struct rng *rng, const struct seed_list *seeds)
{
	typedef void change_fn(struct buf *, struct rng *);
	static change_fn *const changes[] = {
		flip,      flip,          insert_word,   insert_word,   insert_word,
		cut_range, truncate_text, change_number, change_number, repeat_line,
		drop_line, move_line,     grow};
	size_t i = rng_below(rng, sizeof(changes) / sizeof(changes[0]) + 1);

	if (text->len == 0)
		buf_puts(text, "x");
	if (i == sizeof(changes) / sizeof(changes[0]))
		splice(text, rng, seeds);
	else
		changes[i](text, rng);
}

static void drop_lengths(struct buf *text, size_t *head)
{
	for (size_t at = 0; at < *head;) {
		const char *stop = memchr(text->data + at, '\n', *head - at);
		size_t len = stop != NULL ? (size_t)(stop - text->data) + 1 - at : *head - at;

		if (strncasecmp(text->data + at, "content-length", 14) == 0 ||
		    strncasecmp(text->data + at, "l:", 2) == 0 ||
		    strncasecmp(text->data + at, "l :", 3) == 0) {
			mutate_replace(text, at, len, "", 0);
			*head -= len;
		} else {
			at += len;
		}
	}
}

void mutate_fix_length(struct buf *text)
{
	const char *end = text->len > 0 ? memmem(text->data, text->len, "\r\n\r\n", 4) : NULL;
	size_t head = 0;
	char line[64];

	if (end == NULL)
		return;
	head = (size_t)(end - text->data) + 2;
	drop_lengths(text, &head);
	snprintf(line, sizeof(line), "Content-Length: %zu\r\n", text->len - head - 2);
	mutate_replace(text, head, 0, line, strlen(line));
}
