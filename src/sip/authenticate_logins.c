/* Who may prove who he is; see authenticate_logins.h. */
#include "sip/authenticate_logins.h"

#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "sip/sip_side.h"
#include "translate/address_map.h"

struct logins {
	struct table *by_user; /* user, NUL, realm */
	struct table *realms;  /* struct realm */
	struct table *names;   /* login.name: one of those who have it */
};

/* How many can log in, and by which algorithm. */
struct realm {
	size_t users;
	size_t md5;
	size_t sha256;
};

static void make_key(struct buf *key, const char *user, const char *realm)
{
	buf_puts(key, user);
	buf_putc(key, '\0');
	buf_puts(key, realm);
}

void login_name(const struct address *address, struct buf *out)
{
	buf_puts(out, address->local);
	buf_putc(out, '@');
	buf_puts(out, address->domain);
}

static void login_free(struct login *login)
{
	address_clear(&login->address);
	mem_free(login->name);
	mem_wipe(login, sizeof *login);
	mem_free(login);
}

static int map_user(struct address_map *map, const struct sip_login *item, struct address *out,
		    const char **why)
{
	struct buf uri = BUF_INIT;
	int error;

	buf_printf(&uri, "sip:%s@%s", item->user, item->realm);
	error = address_from_peer_uri(map, uri.data, uri.len, NULL, out, NULL, why);
	buf_free(&uri);
	if (error != 0)
		return error;
	if (out->side == SIDE_SIP && !address_is_domain(out) &&
	    strcmp(out->domain, item->realm) == 0)
		return 0;
	address_clear(out);
	*why = "no user of a SIP domain of ours";
	return -1;
}

static void take_ha1(char out[DIGEST_HEX_MAX + 1], const char *ha1, enum digest_algorithm algorithm)
{
	if (ha1 != NULL && strlen(ha1) == digest_chars(algorithm))
		memcpy(out, ha1, strlen(ha1) + 1);
}

static void count(struct logins *logins, const char *name, const struct login *login, size_t step)
{
	struct realm *realm = table_find(logins->realms, name, strlen(name));

	if (realm == NULL) {
		realm = mem_zalloc(sizeof *realm);
		table_put(logins->realms, name, strlen(name), realm);
	}
	realm->users += step;
	if (login->ha1_md5[0] != '\0')
		realm->md5 += step;
	if (login->ha1_sha256[0] != '\0')
		realm->sha256 += step;
}

static void add(struct logins *logins, struct address_map *map, const struct sip_login *item)
{
	struct buf key = BUF_INIT, name = BUF_INIT;
	struct address address = {0};
	const char *why = "";

	if (map_user(map, item, &address, &why) != 0) {
		log_warning("authenticate: login user=%s realm=%s is left out (%s)",
			    log_safe(item->user), log_safe(item->realm), why);
		return;
	}
	struct login *login = mem_zalloc(sizeof *login);

	login->address = address;
	login_name(&address, &name);
	login->name = buf_take(&name);
	take_ha1(login->ha1_md5, item->ha1_md5, DIGEST_MD5);
	take_ha1(login->ha1_sha256, item->ha1_sha256, DIGEST_SHA256);
	make_key(&key, item->user, item->realm);
	struct login *before = table_put(logins->by_user, key.data, key.len, login);

	table_put(logins->names, login->name, strlen(login->name), login);
	count(logins, item->realm, login, 1);
	if (before != NULL) {
		count(logins, item->realm, before, (size_t)-1);
		login_free(before);
	}
	buf_free(&key);
}

struct logins *logins_new(struct address_map *map, const struct sip_login *items, size_t count)
{
	struct logins *logins = mem_zalloc(sizeof *logins);

	logins->by_user = table_new();
	logins->realms = table_new();
	logins->names = table_new();
	for (size_t i = 0; i < count; i++)
		add(logins, map, &items[i]);
	return logins;
}

static bool free_each(void *value, void *arg)
{
	(void)arg;
	login_free(value);
	return true;
}

static bool free_realm(void *value, void *arg)
{
	(void)arg;
	mem_free(value);
	return true;
}

void logins_free(struct logins **logins)
{
	if (*logins == NULL)
		return;
	table_each((*logins)->realms, free_realm, NULL);
	table_free(&(*logins)->realms);
	table_free(&(*logins)->names);
	table_each((*logins)->by_user, free_each, NULL);
	table_free(&(*logins)->by_user);
	mem_free(*logins);
	*logins = NULL;
}

size_t logins_count(const struct logins *logins)
{
	return table_count(logins->by_user);
}

bool logins_has_realm(const struct logins *logins, const char *realm)
{
	return table_find(logins->realms, realm, strlen(realm)) != NULL;
}

bool logins_has_name(const struct logins *logins, const char *name)
{
	return table_find(logins->names, name, strlen(name)) != NULL;
}

bool logins_offers(const struct logins *logins, const char *name, enum digest_algorithm algorithm)
{
	const struct realm *realm = table_find(logins->realms, name, strlen(name));

	if (realm == NULL)
		return false;
	if (realm->md5 != realm->users && realm->sha256 != realm->users)
		return true;
	return realm->users == (algorithm == DIGEST_MD5 ? realm->md5 : realm->sha256);
}

struct login *logins_find(const struct logins *logins, const char *user, const char *realm)
{
	struct buf key = BUF_INIT;
	struct login *login;

	make_key(&key, user, realm);
	login = table_find(logins->by_user, key.data, key.len);
	buf_free(&key);
	return login;
}

const char *login_ha1(const struct login *login, enum digest_algorithm algorithm)
{
	const char *ha1 = algorithm == DIGEST_MD5      ? login->ha1_md5
			  : algorithm == DIGEST_SHA256 ? login->ha1_sha256
						       : "";

	return ha1[0] != '\0' ? ha1 : NULL;
}
