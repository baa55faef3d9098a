/* Who may log in at the bridge: sip.logins of the draft, and the lines of sip.logins_file
 * (user:realm:HA1, as htdigest writes it; SEC-010 to SEC-013, SEC-090). */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/table.h"
#include "base/utf8.h"
#include "model/address.h"
#include "settings_private.h"
#include "sip/digest.h"
#include "sip/sip_side.h"
#include "translate/address_map.h"

enum { LOGINS_MAX = 100000, LOGINS_FILE_MAX = 32 * 1024 * 1024, LOGINS_FAULTS = 20 };

/* All logins, as they are read. */
struct reading {
	struct loader *loader;
	struct settings *out;
	struct address_map *map;
	struct sip_login *items;
	size_t count;
	size_t room;
	struct table *known; /* user, NUL, realm -> its place + 1 */
	const char *path;    /* of the file that is read, or NULL: the configuration */
	int line;
	size_t faults;
};

/* What is at fault is named, never a hash or a password (SEC-062). */
static void fault(struct reading *reading, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void fault(struct reading *reading, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (reading->path == NULL) {
		loader_fault(reading->loader, reading->line, "%s", text);
		return;
	}
	if (reading->faults++ < LOGINS_FAULTS)
		buf_printf(reading->loader->report, "%s:%d: %s\n", reading->path, reading->line,
			   text);
	reading->loader->faults++;
}

/* One user ------------------------------------------------------------------------------------- */

static bool is_name(const char *text)
{
	if (text[0] == '\0' || strlen(text) > DIGEST_NAME_MAX || !utf8_is_valid(text, strlen(text)))
		return false;
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7F || strchr("\":\\", *text) != NULL)
			return false;
	return true;
}

/* A user of a SIP domain of ours, and the realm is that domain as we write it: it is hashed. */
static bool is_served(struct reading *reading, const char *user, const char *realm)
{
	struct address address = {0};
	struct buf uri = BUF_INIT;
	const char *why = "it is no user of a SIP domain of domains";

	buf_printf(&uri, "sip:%s@%s", user, realm);
	int error =
		address_from_peer_uri(reading->map, uri.data, uri.len, NULL, &address, NULL, &why);
	bool is_user = error == 0 && address.side == SIDE_SIP && !address_is_domain(&address);

	if (!is_user)
		fault(reading, "nobody can log in as \"%s\" of realm \"%s\" (%s)", user, realm,
		      why);
	else if (strcmp(address.domain, realm) != 0)
		fault(reading, "the realm of \"%s\" is \"%s\"; write it as \"%s\", and hash that",
		      user, realm, address.domain);
	is_user = is_user && strcmp(address.domain, realm) == 0;
	address_clear(&address);
	buf_free(&uri);
	return is_user;
}

/* The entry of that user, a new one if there is none; NULL: at fault. */
static struct sip_login *get_login(struct reading *reading, const char *user, const char *realm)
{
	struct buf key = BUF_INIT;
	uintptr_t place;

	buf_puts(&key, user);
	buf_putc(&key, '\0');
	buf_puts(&key, realm);
	place = (uintptr_t)table_find(reading->known, key.data, key.len);
	if (place == 0 && reading->count < LOGINS_MAX) {
		if (reading->count == reading->room) {
			reading->room = 2 * reading->room + 16;
			reading->items =
				mem_resize(reading->items, reading->room, sizeof(*reading->items));
		}
		reading->items[reading->count] =
			(struct sip_login){.user = memory_text(reading->loader->memory, user),
					   .realm = memory_text(reading->loader->memory, realm)};
		place = ++reading->count;
		table_put(reading->known, key.data, key.len, (void *)place);
	}
	buf_free(&key);
	if (place == 0)
		fault(reading, "there are more than %d logins", (int)LOGINS_MAX);
	return place != 0 ? &reading->items[place - 1] : NULL;
}

static bool is_hash(const char *text, enum digest_algorithm algorithm)
{
	return strlen(text) == digest_chars(algorithm) &&
	       strspn(text, "0123456789abcdefABCDEF") == strlen(text);
}

/* The hash goes into another hash as text: lower case, as everybody writes it. */
static const char *keep_hash(struct reading *reading, const char *text)
{
	char hash[DIGEST_HEX_MAX + 1];
	const char *kept;

	for (size_t i = 0; i <= strlen(text); i++)
		hash[i] = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] | 0x20) : text[i];
	kept = memory_text(reading->loader->memory, hash);
	mem_wipe(hash, sizeof(hash));
	return kept;
}

static void add_hash(struct reading *reading, const char *user, const char *realm,
		     enum digest_algorithm algorithm, const char *hash)
{
	struct sip_login *login = get_login(reading, user, realm);
	const char **place;

	if (login == NULL)
		return;
	place = algorithm == DIGEST_MD5 ? &login->ha1_md5 : &login->ha1_sha256;
	if (*place != NULL)
		fault(reading, "\"%s\" of \"%s\" has two %s hashes; remove one", user, realm,
		      digest_algorithm_name(algorithm));
	else
		*place = keep_hash(reading, hash);
}

/* sip.logins ----------------------------------------------------------------------------------- */

static int line_of(const struct loader *loader, size_t i, const char *field)
{
	char name[SETTING_NAME_MAX];

	snprintf(name, sizeof(name), "sip.logins[%zu].%s", i, field);
	return loader_line(loader, name);
}

static void add_password(struct reading *reading, const struct draft_login *from, const char *realm)
{
	static const enum digest_algorithm both[] = {DIGEST_MD5, DIGEST_SHA256};
	char hash[DIGEST_HEX_MAX + 1];

	for (size_t i = 0; i < 2; i++) {
		if (digest_ha1(both[i], from->user, realm, from->password, hash))
			add_hash(reading, from->user, realm, both[i], hash);
		mem_wipe(hash, sizeof(hash));
	}
}

static bool check_item(struct reading *reading, size_t i, const struct draft_login *from,
		       const char *realm)
{
	bool has_hash = from->ha1 != NULL || from->ha1_sha256 != NULL;

	if (from->user == NULL || !is_name(from->user)) {
		fault(reading, "sip.logins[%zu].user is not set, or no name that a phone can send",
		      i);
		return false;
	}
	if (realm == NULL) {
		fault(reading,
		      "sip.logins[%zu].realm is not set; name one of the SIP domains of domains",
		      i);
		return false;
	}
	if (has_hash == (from->password != NULL)) {
		fault(reading, "sip.logins[%zu] needs ha1 and ha1_sha256, or password", i);
		return false;
	}
	if (from->ha1 != NULL && !is_hash(from->ha1, DIGEST_MD5)) {
		fault(reading, "sip.logins[%zu].ha1 is not 32 hexadecimal digits", i);
		return false;
	}
	if (from->ha1_sha256 != NULL && !is_hash(from->ha1_sha256, DIGEST_SHA256)) {
		fault(reading, "sip.logins[%zu].ha1_sha256 is not 64 hexadecimal digits", i);
		return false;
	}
	return is_served(reading, from->user, realm);
}

static void read_items(struct reading *reading)
{
	const struct items *items = &reading->loader->draft.logins;
	const struct draft_login *from = items->items;
	const char *only = reading->out->domain_count == 1 ? reading->out->peers[0].domain : NULL;

	for (size_t i = 0; i < items->count; i++) {
		const char *realm = from[i].realm != NULL ? from[i].realm : only;

		reading->line = line_of(reading->loader, i, "user");
		if (!check_item(reading, i, &from[i], realm))
			continue;
		settings_warn_of_readers(reading->loader, reading->line); /* a hash is one, too */
		if (from[i].password != NULL)
			add_password(reading, &from[i], realm);
		if (from[i].ha1 != NULL)
			add_hash(reading, from[i].user, realm, DIGEST_MD5, from[i].ha1);
		if (from[i].ha1_sha256 != NULL)
			add_hash(reading, from[i].user, realm, DIGEST_SHA256, from[i].ha1_sha256);
	}
}

/* sip.logins_file ------------------------------------------------------------------------------ */

/* user:realm:hash, cut at the colons. */
static void read_line(struct reading *reading, char *text)
{
	char *realm = strchr(text, ':');
	char *hash = realm != NULL ? strchr(realm + 1, ':') : NULL;
	enum digest_algorithm algorithm;

	if (hash == NULL) {
		fault(reading, "this is not user:realm:hash");
		return;
	}
	*realm++ = '\0';
	*hash++ = '\0';
	if (!is_name(text) || !is_name(realm)) {
		fault(reading, "this user or realm is no name that a phone can send");
		return;
	}
	algorithm = strlen(hash) == digest_chars(DIGEST_MD5) ? DIGEST_MD5 : DIGEST_SHA256;
	if (!is_hash(hash, algorithm))
		fault(reading,
		      "the hash of \"%s\" is neither 32 (MD5) nor 64 (SHA-256) hexadecimal digits",
		      text);
	else if (is_served(reading, text, realm))
		add_hash(reading, text, realm, algorithm, hash);
}

static void read_lines(struct reading *reading, char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		char *next = text + len + (text[len] != '\0');

		text[len] = '\0';
		if (len > 0 && text[len - 1] == '\r')
			text[len - 1] = '\0';
		reading->line++;
		if (text[0] != '\0' && text[0] != '#')
			read_line(reading, text);
		text = next;
	}
}

static int read_all(int fd, struct buf *out)
{
	ssize_t got = 1;

	buf_reserve(out, 64 * 1024);
	while (got > 0 && out->len <= LOGINS_FILE_MAX) {
		if (out->cap - out->len < 4096) { /* by hand: what is left behind is wiped */
			struct buf more = BUF_INIT;

			buf_reserve(&more, 2 * out->cap);
			buf_append(&more, out->data, out->len);
			mem_wipe(out->data, out->len);
			buf_free(out);
			*out = more;
		}
		got = read(fd, out->data + out->len, out->cap - out->len - 1);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			out->len += (size_t)got;
	}
	out->data[out->len] = '\0';
	return got < 0 ? errno : out->len > LOGINS_FILE_MAX ? E2BIG : 0;
}

static void read_file(struct reading *reading)
{
	struct loader *loader = reading->loader;
	int line = loader_line(loader, "sip.logins_file");
	struct buf text = BUF_INIT;
	int fd = settings_open_secret(loader, line, loader->draft.logins_file, &reading->path);

	if (fd < 0)
		return;
	int error = read_all(fd, &text);

	close(fd);
	reading->line = 0;
	if (error != 0)
		fault(reading, "this file cannot be read: %s", strerror(error));
	else if (strlen(text.data) != text.len)
		fault(reading, "this file holds a NUL; it must be lines of user:realm:hash");
	else
		read_lines(reading, text.data);
	mem_wipe(text.data, text.len);
	buf_free(&text);
}

/* All ------------------------------------------------------------------------------------------ */

/* How many have a hash of each kind. */
static void count_hashes(const struct reading *reading, size_t *md5, size_t *sha256)
{
	*md5 = *sha256 = 0;
	for (size_t i = 0; i < reading->count; i++) {
		*md5 += reading->items[i].ha1_md5 != NULL;
		*sha256 += reading->items[i].ha1_sha256 != NULL;
	}
}

/* Whoever could only use what is forbidden, or what is not offered because others have it not. */
static void warn_weak(struct reading *reading)
{
	size_t all = reading->count, md5, sha256;

	count_hashes(reading, &md5, &sha256);
	if (sha256 != all && !reading->out->allow_md5)
		loader_warn(reading->loader, loader_line(reading->loader, "sip.allow_md5"),
			    "%zu of %zu logins have only an MD5 hash, and allow_md5 is false: they "
			    "cannot log in",
			    all - sha256, all);
	else if (sha256 != all && sha256 != 0 && md5 == all)
		loader_warn(reading->loader, loader_line(reading->loader, "sip"),
			    "%zu of %zu logins have no SHA-256 hash: it is not offered to the "
			    "users of their realms",
			    all - sha256, all);
}

void settings_check_logins(struct loader *loader, struct settings *out, struct address_map *map)
{
	struct reading reading = {.loader = loader, .out = out, .map = map};

	reading.known = table_new();
	read_items(&reading);
	if (loader->draft.logins_file != NULL)
		read_file(&reading);
	warn_weak(&reading);
	out->login_count = reading.count;
	out->logins = memory_array(loader->memory, reading.count + 1, sizeof(*out->logins));
	if (reading.count != 0)
		memcpy(out->logins, reading.items, reading.count * sizeof(*reading.items));
	mem_free(reading.items);
	table_free(&reading.known);
}
