/* Reads the configuration file ourselves and looks at the source text for what libconfig 1.5
 * misreads without a word (LCF-001, LCF-004, LCF-005, LCF-006). */
#include "settings_private.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"

enum { DIGITS_MAX = 9, HEX_DIGITS_MAX = 7, READ_STEP = 16 * 1024 };

static int fail(struct loader *loader, int error, const char *what)
{
	loader_fault(loader, 0, "%s", what);
	return error;
}

static int read_all(int fd, struct buf *out)
{
	for (;;) {
		ssize_t got;

		buf_reserve(out, READ_STEP);
		got = read(fd, out->data + out->len, READ_STEP - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0)
			return 0;
		out->len += (size_t)got;
		out->data[out->len] = '\0';
		if (out->len > SETTINGS_FILE_MAX)
			return EFBIG;
	}
}

static int read_open(struct loader *loader, int fd, struct buf *out)
{
	struct stat info;
	int error;

	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
		return fail(loader, EINVAL, "is not a regular file; name a file");
	error = read_all(fd, out);
	if (error == EFBIG)
		return fail(loader, error, "is larger than 1 MiB; that is no configuration");
	if (error != 0)
		return fail(loader, error, strerror(error));
	return 0;
}

int settings_read(struct loader *loader, struct buf *out)
{
	/* Without O_NONBLOCK a FIFO would hold the daemon. */
	int fd = open(loader->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int error;

	if (fd < 0) {
		error = errno;
		loader_fault(loader, 0, "cannot be read: %s", strerror(error));
		return error;
	}
	error = read_open(loader, fd, out);
	close(fd);
	return error;
}

/* The source text -------------------------------------------------------------------------------
 */

struct scan {
	struct loader *loader;
	const char *text;
	size_t len;
	size_t at;
	int line;
};

static char peek(const struct scan *scan, size_t ahead)
{
	return scan->at + ahead < scan->len ? scan->text[scan->at + ahead] : '\0';
}

static void step(struct scan *scan)
{
	if (scan->text[scan->at++] == '\n')
		scan->line++;
}

static void skip_line(struct scan *scan)
{
	while (scan->at < scan->len && peek(scan, 0) != '\n')
		step(scan);
}

static void skip_comment(struct scan *scan)
{
	int line = scan->line;

	while (scan->at < scan->len && !(peek(scan, 0) == '*' && peek(scan, 1) == '/'))
		step(scan);
	if (scan->at == scan->len)
		loader_fault(scan->loader, line, "the comment that begins here has no end; add */");
	else
		scan->at += 2;
}

/* LCF-005: \x00 would cut the text. */
static void skip_string(struct scan *scan)
{
	int line = scan->line;

	step(scan);
	while (scan->at < scan->len && peek(scan, 0) != '"') {
		if (peek(scan, 0) == '\\' && tolower((unsigned char)peek(scan, 1)) == 'x' &&
		    peek(scan, 2) == '0' && peek(scan, 3) == '0')
			loader_fault(scan->loader, scan->line,
				     "a text holds the character \\x00; remove it");
		if (peek(scan, 0) == '\\' && scan->at + 1 < scan->len)
			step(scan);
		step(scan);
	}
	if (scan->at == scan->len)
		loader_fault(scan->loader, line, "the text that begins here has no end; add \"");
	else
		step(scan);
}

/* LCF-001: a number that does not fit comes back as another number. */
static void skip_number(struct scan *scan)
{
	bool is_hex = peek(scan, 0) == '0' && tolower((unsigned char)peek(scan, 1)) == 'x';
	size_t start = scan->at + (is_hex ? 2 : 0);
	size_t digits = 0;

	scan->at = start;
	while (isxdigit((unsigned char)peek(scan, 0)) && (is_hex || isdigit(peek(scan, 0)))) {
		digits++;
		scan->at++;
	}
	if (digits > (is_hex ? HEX_DIGITS_MAX : DIGITS_MAX))
		loader_fault(scan->loader, scan->line,
			     "the number %s%.*s is too long; at most %d digits", is_hex ? "0x" : "",
			     (int)(digits > 40 ? 40 : digits), scan->text + start,
			     is_hex ? HEX_DIGITS_MAX : DIGITS_MAX);
}

static void skip_name(struct scan *scan)
{
	while (isalnum((unsigned char)peek(scan, 0)) || peek(scan, 0) == '_' ||
	       peek(scan, 0) == '-' || peek(scan, 0) == '*')
		scan->at++;
}

static void look_token(struct scan *scan)
{
	char c = peek(scan, 0);

	if (c == '#' || (c == '/' && peek(scan, 1) == '/')) {
		skip_line(scan);
	} else if (c == '/' && peek(scan, 1) == '*') {
		scan->at += 2;
		skip_comment(scan);
	} else if (c == '"') {
		skip_string(scan);
	} else if (isdigit((unsigned char)c)) {
		skip_number(scan);
	} else if (isalpha((unsigned char)c) || c == '_' || c == '*') {
		skip_name(scan);
	} else if (c == '@') {
		loader_fault(scan->loader, scan->line,
			     "@include is not supported; put all settings into this file (secrets "
			     "into a secret_file)");
		skip_line(scan);
	} else {
		step(scan);
	}
}

static bool is_text(struct loader *loader, const char *text, size_t len)
{
	int line = 1;

	for (size_t at = 0; at < len;) {
		uint32_t c;
		size_t used = utf8_decode(text + at, len - at, &c);

		if (used == 0 || (c < ' ' && c != '\n' && c != '\t' && c != '\r') || c == 0x7f) {
			loader_fault(loader, line,
				     "the file is not text in UTF-8; save it as UTF-8");
			return false;
		}
		line += c == '\n' ? 1 : 0;
		at += used;
	}
	return true;
}

void settings_scan(struct loader *loader, const char *text, size_t len)
{
	struct scan scan = {.loader = loader, .text = text, .len = len, .line = 1};

	if (len > SETTINGS_FILE_MAX) {
		loader_fault(loader, 0, "is larger than 1 MiB; that is no configuration");
		return;
	}
	if (!is_text(loader, text, len))
		return;
	while (scan.at < scan.len)
		look_token(&scan);
}
