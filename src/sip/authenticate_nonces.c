/* Nonces; see authenticate_nonces.h. */
#include "sip/authenticate_nonces.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "sip/net_address.h"

enum { TIME_BYTES = 4, RANDOM_BYTES = 8, MAC_BYTES = 16, KEY_BYTES = 32 };
enum { HEAD_BYTES = TIME_BYTES + RANDOM_BYTES, NONCE_BYTES = HEAD_BYTES + MAC_BYTES };

/* One nonce in use. */
struct used {
	uint8_t head[HEAD_BYTES];
	uint64_t ends_ms;
	uint32_t highest;
	uint32_t seen;    /* bit i: highest - i was taken */
	struct list link; /* first use first */
};

struct nonces {
	uint8_t key[KEY_BYTES]; /* made at the start: those of an earlier process are foreign */
	struct table *table;
	struct list order;
	uint32_t floor_s; /* those made up to then are over: some of them were forgotten */
};

struct nonces *nonces_new(void)
{
	struct nonces *nonces = mem_zalloc(sizeof *nonces);

	random_bytes(nonces->key, sizeof nonces->key);
	nonces->table = table_new();
	list_init(&nonces->order);
	return nonces;
}

static void forget(struct nonces *nonces, struct used *used)
{
	table_remove(nonces->table, used->head, sizeof used->head);
	list_remove(&used->link);
	mem_free(used);
}

void nonces_free(struct nonces **nonces)
{
	if (*nonces == NULL)
		return;
	LIST_EACH(link, next, &(*nonces)->order)
	forget(*nonces, LIST_ENTRY(link, struct used, link));
	table_free(&(*nonces)->table);
	mem_wipe(*nonces, sizeof **nonces);
	mem_free(*nonces);
	*nonces = NULL;
}

size_t nonces_count(const struct nonces *nonces)
{
	return table_count(nonces->table);
}

/* Bytes and text ------------------------------------------------------------------------------- */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void write_nonce(const uint8_t bytes[NONCE_BYTES], char out[NONCE_CHARS + 1])
{
	uint32_t bits = 0;
	int held = 0;
	size_t n = 0;

	for (size_t i = 0; i < NONCE_BYTES; i++) {
		bits = (bits << 8 | bytes[i]) & 0xFFFF;
		for (held += 8; held >= 6; held -= 6)
			out[n++] = letters[bits >> (held - 6) & 63];
	}
	out[n++] = letters[bits << (6 - held) & 63];
	out[n] = '\0';
}

static bool read_nonce(const char *text, uint8_t out[NONCE_BYTES])
{
	uint32_t bits = 0;
	int held = 0;
	size_t n = 0;

	if (strnlen(text, NONCE_CHARS + 1) != NONCE_CHARS)
		return false;
	for (size_t i = 0; i < NONCE_CHARS; i++) {
		const char *at = strchr(letters, text[i]);

		if (at == NULL)
			return false;
		bits = (bits << 6 | (uint32_t)(at - letters)) & 0xFFFF;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		out[n++] = (uint8_t)(bits >> held);
	}
	return n == NONCE_BYTES && (bits & 15) == 0; /* one text for each nonce */
}

static uint32_t made_s(const uint8_t head[HEAD_BYTES])
{
	return (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
}

/* Without the library's hash there is no nonce that is ours. */
static bool mac_of(const struct nonces *nonces, const uint8_t head[HEAD_BYTES], const char *realm,
		   const struct net_address *source, uint8_t out[MAC_BYTES])
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct buf text = BUF_INIT;

	buf_append(&text, head, HEAD_BYTES);
	buf_putc(&text, (char)source->family);
	buf_append(&text, source->bytes, source->family == 4 ? 4 : 16);
	buf_puts(&text, realm);
	bool is_done = HMAC(EVP_sha256(), nonces->key, KEY_BYTES, (const unsigned char *)text.data,
			    text.len, mac, &len) != NULL &&
		       len >= MAC_BYTES;

	if (is_done)
		memcpy(out, mac, MAC_BYTES);
	buf_free(&text);
	return is_done;
}

void nonces_make(const struct nonces *nonces, const char *realm, const struct net_address *source,
		 uint64_t now_ms, char out[NONCE_CHARS + 1])
{
	uint32_t now_s = (uint32_t)(now_ms / 1000);
	uint8_t bytes[NONCE_BYTES] = {(uint8_t)(now_s >> 24), (uint8_t)(now_s >> 16),
				      (uint8_t)(now_s >> 8), (uint8_t)now_s};

	random_bytes(bytes + TIME_BYTES, RANDOM_BYTES);
	(void)mac_of(nonces, bytes, realm, source, bytes + HEAD_BYTES);
	write_nonce(bytes, out);
}

static bool is_over(const struct nonces *nonces, const uint8_t head[HEAD_BYTES], uint64_t now_ms)
{
	uint64_t made_ms = (uint64_t)made_s(head) * 1000;

	if (now_ms >= made_ms + NONCE_LIFE_MS)
		return true;
	return made_s(head) <= nonces->floor_s && nonces->floor_s != 0 &&
	       table_find(nonces->table, head, HEAD_BYTES) == NULL;
}

enum nonce_verdict nonces_check(const struct nonces *nonces, const char *nonce, const char *realm,
				const struct net_address *source, uint64_t now_ms)
{
	uint8_t bytes[NONCE_BYTES], mac[MAC_BYTES];

	if (!read_nonce(nonce, bytes) || !mac_of(nonces, bytes, realm, source, mac) ||
	    CRYPTO_memcmp(mac, bytes + HEAD_BYTES, MAC_BYTES) != 0)
		return NONCE_FOREIGN;
	return is_over(nonces, bytes, now_ms) ? NONCE_OLD : NONCE_FRESH;
}

/* Counts -----------------------------------------------------------------------------------------
 */

/* Room for one more: those that are over first, then the oldest, which ends so: it could not be
 * told from a new one any more. */
static void make_room(struct nonces *nonces, uint64_t now_ms)
{
	LIST_EACH(link, next, &nonces->order)
	{
		struct used *used = LIST_ENTRY(link, struct used, link);
		bool is_ended = now_ms >= used->ends_ms;

		if (!is_ended && table_count(nonces->table) < NONCES_MAX)
			return;
		if (!is_ended && made_s(used->head) > nonces->floor_s)
			nonces->floor_s = made_s(used->head);
		forget(nonces, used);
	}
}

static struct used *begin(struct nonces *nonces, const uint8_t head[HEAD_BYTES], uint64_t now_ms)
{
	struct used *used;

	make_room(nonces, now_ms);
	used = mem_zalloc(sizeof *used);
	memcpy(used->head, head, HEAD_BYTES);
	used->ends_ms = now_ms + NONCE_LIFE_MS + 1000; /* not before its life is over */
	table_put(nonces->table, used->head, HEAD_BYTES, used);
	list_append(&nonces->order, &used->link);
	return used;
}

bool nonces_take(struct nonces *nonces, const char *nonce, uint32_t nc, uint64_t now_ms)
{
	uint8_t bytes[NONCE_BYTES];

	if (nc == 0 || !read_nonce(nonce, bytes))
		return false;
	struct used *used = table_find(nonces->table, bytes, HEAD_BYTES);

	if (used == NULL)
		used = begin(nonces, bytes, now_ms);
	if (nc > used->highest) {
		uint32_t step = nc - used->highest;

		used->seen = step < NONCE_WINDOW ? used->seen << step | 1 : 1;
		used->highest = nc;
		return true;
	}
	uint32_t behind = used->highest - nc;

	if (behind >= NONCE_WINDOW || (used->seen & 1U << behind) != 0)
		return false;
	used->seen |= 1U << behind;
	return true;
}
