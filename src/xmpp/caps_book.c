#include "xmpp/caps_book.h"

#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "loop/loop.h"
#include "translate/stanza_tree.h"
#include "xmpp/caps.h"
#include "xmpp/inbox.h"
#include "xmpp/iq_out.h"
#include "xmpp/side_private.h"
#include "xmpp/users.h"

enum entry_state { ENTRY_ASKED, ENTRY_KNOWN, ENTRY_FAILED };

/* One hash, or what cannot be shared of one client. */
struct entry {
	struct list link; /* least used first */
	uint64_t key;
	enum entry_state state;
	unsigned wants;
	uint64_t until_ms;
	char *jid; /* whom we asked, while asked */
	char *ver; /* what the answer must fit; NULL: nothing can be checked */
	char *node_ver;
	char *other_jid; /* somebody else with the same hash, and whom he showed it to */
	char *other_ours;
};

struct caps_book {
	struct xmpp_side *side;
	void (*known)(struct xmpp_side *side, uint64_t key);
	struct table *table; /* by key */
	struct list order;
	uint8_t hash_key[HASH_KEY_BYTES];
};

struct caps_book *caps_book_new(struct xmpp_side *side,
				void (*known)(struct xmpp_side *side, uint64_t key))
{
	struct caps_book *book = mem_zalloc(sizeof(*book));

	book->side = side;
	book->known = known;
	book->table = table_new();
	list_init(&book->order);
	random_bytes(book->hash_key, sizeof(book->hash_key));
	return book;
}

static void forget_question(struct entry *entry)
{
	mem_free(entry->jid);
	mem_free(entry->ver);
	mem_free(entry->node_ver);
	mem_free(entry->other_jid);
	mem_free(entry->other_ours);
	entry->jid = entry->ver = entry->node_ver = entry->other_jid = entry->other_ours = NULL;
}

static void drop(struct caps_book *book, struct entry *entry)
{
	table_remove(book->table, &entry->key, sizeof(entry->key));
	list_remove(&entry->link);
	forget_question(entry);
	mem_free(entry);
}

void caps_book_free(struct caps_book **out)
{
	struct caps_book *book = *out;

	if (book == NULL)
		return;
	LIST_EACH(it, next, &book->order)
	drop(book, LIST_ENTRY(it, struct entry, link));
	table_free(&book->table);
	mem_free(book);
	*out = NULL;
}

static struct entry *find(struct caps_book *book, uint64_t key)
{
	struct entry *entry = table_find(book->table, &key, sizeof(key));

	if (entry != NULL) {
		list_remove(&entry->link);
		list_append(&book->order, &entry->link);
	}
	return entry;
}

/* Finds it or adds it. The one just added is never what makes room. */
static struct entry *get(struct caps_book *book, uint64_t key)
{
	struct entry *entry = find(book, key);

	if (entry != NULL)
		return entry;
	entry = mem_zalloc(sizeof(*entry));
	entry->key = key;
	table_put(book->table, &entry->key, sizeof(entry->key), entry);
	list_append(&book->order, &entry->link);
	return entry;
}

static void make_room(struct caps_book *book)
{
	while (table_count(book->table) >= CAPS_BOOK_MAX)
		drop(book, LIST_ENTRY(book->order.next, struct entry, link));
}

static void settle(struct caps_book *book, struct entry *entry, enum entry_state state,
		   unsigned wants)
{
	uint64_t now = loop_now(book->side->params.loop);

	forget_question(entry);
	entry->state = state;
	entry->wants = wants;
	entry->until_ms = now + (state == ENTRY_KNOWN ? CAPS_KNOWN_MS : CAPS_FAILED_MS);
}

static bool can_verify(const struct caps_mark *mark)
{
	return mark->hash != NULL && strcmp(mark->hash, "sha-1") == 0;
}

/* One for all who show a hash that can be checked (jid NULL), else one for each client. */
static uint64_t key_of(const struct caps_book *book, const char *jid, const char *ver)
{
	struct buf text = BUF_INIT;
	uint64_t key;

	if (jid != NULL) {
		buf_puts(&text, jid);
		buf_putc(&text, '\n');
	}
	buf_puts(&text, ver);
	key = hash_bytes(book->hash_key, buf_text(&text), text.len);
	buf_free(&text);
	return key == 0 ? 1 : key;
}

/* Asking ---------------------------------------- */

static void on_answer(struct xmpp_side *side, enum iq_end end, const struct _xmpp_stanza_t *stanza,
		      const char *from, uint64_t what);

/* X0115-5: the very JID that sent the presence; from the JID that got it, for some clients answer
 * their contacts alone. */
static bool ask(struct caps_book *book, const struct entry *entry, const char *our_jid)
{
	struct iq_request request;

	iq_out_open(book->side, &request, our_jid, entry->jid);
	xml_open(&request.writer, "query");
	xml_attr(&request.writer, "xmlns", NS_DISCO_INFO);
	xml_attr(&request.writer, "node", entry->node_ver);
	xml_close(&request.writer);
	return iq_out_send(book->side, &request, on_answer, entry->key) == 0;
}

/* He is not asked again for a while; another client with the same hash is, and at once if one was
 * seen: nobody can spoil a hash for the others. */
static void ask_other(struct caps_book *book, struct entry *entry)
{
	uint64_t key = entry->key, own_key = key_of(book, entry->jid, entry->node_ver);
	char *our_jid = entry->other_ours;
	bool is_asked = false;

	if (own_key != key)
		settle(book, get(book, own_key), ENTRY_FAILED, 0);
	if (entry->other_jid != NULL) {
		mem_free(entry->jid);
		entry->jid = entry->other_jid;
		entry->other_jid = entry->other_ours = NULL;
		is_asked = ask(book, entry, our_jid);
		mem_free(our_jid);
	}
	if (is_asked)
		return;
	if (own_key == key)
		settle(book, entry, ENTRY_FAILED, 0);
	else
		drop(book, entry);
	book->known(book->side, key);
}

static void on_answer(struct xmpp_side *side, enum iq_end end, const struct _xmpp_stanza_t *stanza,
		      const char *from, uint64_t what)
{
	struct caps_book *book = side->caps_book;
	struct entry *entry = find(book, what);
	const struct _xmpp_stanza_t *query =
		end == IQ_END_RESULT ? tree_find(stanza, NS_DISCO_INFO, "query") : NULL;
	char ver[CAPS_VER_CHARS + 1];
	unsigned wants;

	/* It may have made room, or been asked of somebody else since. */
	if (entry == NULL || entry->state != ENTRY_ASKED ||
	    (from != NULL && strcmp(from, entry->jid) != 0))
		return;
	/* X0115-4: what does not fit the hash is not what others with that hash can do. */
	if (query == NULL || caps_read(query, ver, &wants) != 0 ||
	    (entry->ver != NULL && strcmp(entry->ver, ver) != 0)) {
		ask_other(book, entry);
		return;
	}
	settle(book, entry, ENTRY_KNOWN, wants);
	book->known(side, entry->key);
}

/* Seen ---------------------------------------- */

static void remember_other(struct entry *entry, const char *jid, const char *our_jid)
{
	if (entry->other_jid != NULL || strcmp(entry->jid, jid) == 0)
		return;
	entry->other_jid = mem_strdup(jid);
	entry->other_ours = mem_strdup(our_jid);
}

static void start(struct caps_book *book, struct entry *entry, const struct caps_mark *mark,
		  const char *node_ver, const struct inbound *in)
{
	forget_question(entry);
	entry->state = ENTRY_ASKED;
	entry->wants = 0;
	entry->jid = mem_strdup(in->from);
	entry->ver = can_verify(mark) ? mem_strdup(mark->ver) : NULL;
	entry->node_ver = mem_strdup(node_ver);
	if (!users_take(book->side->users, in->from_bare, USER_RATE_CAPS,
			loop_now(book->side->params.loop)) ||
	    !ask(book, entry, in->to_bare))
		drop(book, entry); /* his next presence asks again */
}

/* True if he gave an answer that could not be used, not long ago. */
static bool has_failed(struct caps_book *book, uint64_t own_key, uint64_t now)
{
	const struct entry *entry = table_find(book->table, &own_key, sizeof(own_key));

	return entry != NULL && entry->state == ENTRY_FAILED && entry->until_ms > now;
}

static uint64_t seen(struct caps_book *book, const struct caps_mark *mark, const char *node_ver,
		     const struct inbound *in)
{
	uint64_t own_key = key_of(book, in->from, node_ver);
	uint64_t key = can_verify(mark) ? key_of(book, NULL, mark->ver) : own_key;
	struct entry *entry = find(book, key);
	uint64_t now = loop_now(book->side->params.loop);

	if (entry != NULL && entry->state == ENTRY_ASKED) {
		remember_other(entry, in->from, in->to_bare);
	} else if (entry != NULL && entry->until_ms > now) {
		if (entry->state == ENTRY_KNOWN)
			entry->until_ms = now + CAPS_KNOWN_MS;
	} else if (!has_failed(book, own_key, now)) {
		make_room(book);
		start(book, get(book, key), mark, node_ver, in);
	}
	return key;
}

uint64_t caps_book_seen(struct caps_book *book, const struct caps_mark *mark,
			const struct inbound *in)
{
	struct buf node_ver = BUF_INIT;
	uint64_t key;

	buf_printf(&node_ver, "%s#%s", mark->node, mark->ver);
	key = seen(book, mark, buf_text(&node_ver), in);
	buf_free(&node_ver);
	return key;
}

unsigned caps_book_wants(struct caps_book *book, uint64_t key)
{
	struct entry *entry = find(book, key);

	return entry == NULL ? 0 : entry->wants;
}

bool caps_book_is_asking(struct caps_book *book, uint64_t key)
{
	const struct entry *entry = table_find(book->table, &key, sizeof(key));

	return entry != NULL && entry->state == ENTRY_ASKED;
}

size_t caps_book_count(const struct caps_book *book)
{
	return table_count(book->table);
}
