#include "xmpp/caps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strophe.h>

#include "base/buf.h"
#include "base/mem.h"
#include "translate/message_stanza.h"
#include "translate/pep.h"
#include "translate/stanza_tree.h"

enum { SHA1_BYTES = 20 };

/* What is sorted before it is hashed. */
struct texts {
	char **items;
	size_t count;
};

static void texts_take(struct texts *texts, char *text)
{
	texts->items = mem_resize(texts->items, texts->count + 1, sizeof(char *));
	texts->items[texts->count++] = text;
}

static void texts_free(struct texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		mem_free(texts->items[i]);
	mem_free(texts->items);
	*texts = (struct texts){NULL, 0};
}

/* X0115-2: i;octet, part by part: what separates the parts comes before all else. */
static int compare(const void *left, const void *right, void *arg)
{
	const unsigned char *a = *(const unsigned char *const *)left;
	const unsigned char *b = *(const unsigned char *const *)right;
	const unsigned char separator = *(const unsigned char *)arg;

	while (*a == *b && *a != '\0') {
		a++;
		b++;
	}
	if (*a == '\0' || *b == '\0')
		return *a - *b;
	return (*a == separator ? 0 : *a) - (*b == separator ? 0 : *b);
}

static void texts_sort(struct texts *texts, char separator)
{
	if (texts->count > 1)
		qsort_r(texts->items, texts->count, sizeof(char *), compare, &separator);
}

static bool texts_repeat(const struct texts *texts)
{
	for (size_t i = 1; i < texts->count; i++) {
		if (strcmp(texts->items[i - 1], texts->items[i]) == 0)
			return true;
	}
	return false;
}

static void texts_join(const struct texts *texts, struct buf *out)
{
	for (size_t i = 0; i < texts->count; i++) {
		buf_puts(out, texts->items[i]);
		buf_putc(out, '<');
	}
}

static void add_identity(struct texts *texts, const struct caps_identity *identity)
{
	const char *const parts[] = {identity->category, identity->type, identity->lang,
				     identity->name};
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (i > 0)
			buf_putc(&text, '/');
		buf_puts(&text, parts[i] == NULL ? "" : parts[i]);
	}
	texts_take(texts, mem_strdup(buf_text(&text)));
	buf_free(&text);
}

static void base64(const unsigned char *data, size_t len, char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		unsigned bits = (unsigned)data[i] << 16;

		if (i + 1 < len)
			bits |= (unsigned)data[i + 1] << 8;
		if (i + 2 < len)
			bits |= data[i + 2];
		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		*out++ = i + 1 < len ? digits[bits >> 6 & 63] : '=';
		*out++ = i + 2 < len ? digits[bits & 63] : '=';
	}
	*out = '\0';
}

/* SHA-1 as libstrophe has it: the hash names a set of features, it protects nothing. */
static void hash_text(const struct buf *text, char out[CAPS_VER_CHARS + 1])
{
	unsigned char digest[SHA1_BYTES];

	xmpp_sha1_digest((const unsigned char *)buf_text(text), text->len, digest);
	base64(digest, sizeof(digest), out);
}

void caps_ver(const struct caps_identity *identities, size_t identity_count,
	      const char *const *features, char out[CAPS_VER_CHARS + 1])
{
	struct texts names = {NULL, 0}, vars = {NULL, 0};
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < identity_count; i++)
		add_identity(&names, &identities[i]);
	for (; *features != NULL; features++)
		texts_take(&vars, mem_strdup(*features));
	texts_sort(&names, '/');
	texts_sort(&vars, '\0');
	texts_join(&names, &text);
	texts_join(&vars, &text);
	hash_text(&text, out);
	texts_free(&names);
	texts_free(&vars);
	buf_free(&text);
}

/* Of others ---------------------------------------- */

static bool is_short(const char *text)
{
	return text == NULL || strlen(text) <= CAPS_TEXT_MAX;
}

bool caps_find(const struct _xmpp_stanza_t *presence, struct caps_mark *out)
{
	const struct _xmpp_stanza_t *c = tree_find(presence, NS_CAPS, "c");

	if (c == NULL)
		return false;
	*out = (struct caps_mark){tree_attr(c, "hash"), tree_attr(c, "node"), tree_attr(c, "ver")};
	return out->node != NULL && out->ver != NULL && out->node[0] != '\0' &&
	       out->ver[0] != '\0' && is_short(out->node) && is_short(out->ver) &&
	       is_short(out->hash);
}

/* What is gathered of one answer. */
struct reading {
	struct texts identities;
	struct texts features;
	struct texts forms; /* each as it goes into the hash; FORM_TYPE leads */
	struct buf scratch;
	unsigned wants;
	size_t items;
};

static unsigned want_of(const char *feature)
{
	static const struct {
		const char *feature;
		unsigned want;
	} table[] = {
		{PEP_MOOD "+notify", CAPS_MOOD},
		{PEP_ACTIVITY "+notify", CAPS_ACTIVITY},
		{PEP_NICK "+notify", CAPS_NICK},
		{NS_CHAT_STATES, CAPS_STATES},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].feature, feature) == 0)
			return table[i].want;
	}
	return 0;
}

static void read_values(struct reading *reading, const struct _xmpp_stanza_t *field,
			struct texts *values)
{
	for (const struct _xmpp_stanza_t *at = tree_first(field); at != NULL; at = tree_next(at)) {
		const char *name = tree_name(at);
		size_t len;

		if (name == NULL || strcmp(name, "value") != 0)
			continue;
		reading->items++;
		texts_take(values, mem_strdup(tree_text(at, &reading->scratch, &len)));
	}
	texts_sort(values, '\0');
}

/* The FORM_TYPE of a form (owned); NULL: it has none that counts (section 5.4, point 3.6). Sets
 * *is_bad if it has several values that differ. */
static char *form_type(struct reading *reading, const struct _xmpp_stanza_t *form, bool *is_bad)
{
	char *type = NULL;

	for (const struct _xmpp_stanza_t *at = tree_first(form); at != NULL; at = tree_next(at)) {
		const char *var = tree_attr(at, "var"), *kind = tree_attr(at, "type");
		struct texts values = {NULL, 0};

		if (type != NULL || var == NULL || strcmp(var, "FORM_TYPE") != 0 || kind == NULL ||
		    strcmp(kind, "hidden") != 0)
			continue;
		read_values(reading, at, &values);
		for (size_t i = 1; i < values.count; i++)
			*is_bad |= strcmp(values.items[0], values.items[i]) != 0;
		if (values.count > 0)
			type = mem_strdup(values.items[0]);
		texts_free(&values);
	}
	return type;
}

/* Fields by var, the values of each sorted. */
static void read_fields(struct reading *reading, const struct _xmpp_stanza_t *form,
			struct texts *fields)
{
	for (const struct _xmpp_stanza_t *at = tree_first(form); at != NULL; at = tree_next(at)) {
		const char *name = tree_name(at), *var = tree_attr(at, "var");
		struct texts values = {NULL, 0};
		struct buf text = BUF_INIT;

		if (name == NULL || strcmp(name, "field") != 0 || var == NULL ||
		    strcmp(var, "FORM_TYPE") == 0)
			continue;
		reading->items++;
		read_values(reading, at, &values);
		buf_puts(&text, var);
		buf_putc(&text, '<');
		texts_join(&values, &text);
		texts_take(fields, mem_strdup(buf_text(&text)));
		texts_free(&values);
		buf_free(&text);
	}
	texts_sort(fields, '<');
}

/* Returns false if the whole answer is ill-formed. */
static bool read_form(struct reading *reading, const struct _xmpp_stanza_t *form)
{
	struct texts fields = {NULL, 0};
	struct buf text = BUF_INIT;
	bool is_bad = false;
	char *type = form_type(reading, form, &is_bad);
	size_t len;

	if (type == NULL || is_bad) {
		mem_free(type);
		return !is_bad;
	}
	buf_puts(&text, type);
	buf_putc(&text, '<');
	len = text.len;
	for (size_t i = 0; i < reading->forms.count; i++)
		is_bad |= strncmp(reading->forms.items[i], buf_text(&text), len) == 0;
	read_fields(reading, form, &fields);
	for (size_t i = 0; i < fields.count; i++)
		buf_puts(&text, fields.items[i]); /* each ends with '<' already */
	texts_take(&reading->forms, mem_strdup(buf_text(&text)));
	texts_free(&fields);
	buf_free(&text);
	mem_free(type);
	return !is_bad;
}

static bool read_child(struct reading *reading, const struct _xmpp_stanza_t *node)
{
	const char *var = tree_attr(node, "var");

	if (tree_name(node) == NULL)
		return true;
	reading->items++;
	if (tree_is(node, NS_DISCO_INFO, "identity")) {
		struct caps_identity identity = {tree_attr(node, "category"),
						 tree_attr(node, "type"), tree_lang(node),
						 tree_attr(node, "name")};

		add_identity(&reading->identities, &identity);
	} else if (tree_is(node, NS_DISCO_INFO, "feature") && var != NULL) {
		texts_take(&reading->features, mem_strdup(var));
		reading->wants |= want_of(var);
	} else if (tree_is(node, "jabber:x:data", "x")) {
		return read_form(reading, node);
	}
	return true;
}

static int judge(struct reading *reading, bool is_bad, char ver[CAPS_VER_CHARS + 1])
{
	struct buf text = BUF_INIT;

	texts_sort(&reading->identities, '/');
	texts_sort(&reading->features, '\0');
	texts_sort(&reading->forms, '<');
	if (is_bad || texts_repeat(&reading->identities) || texts_repeat(&reading->features))
		return EBADMSG;
	texts_join(&reading->identities, &text);
	texts_join(&reading->features, &text);
	for (size_t i = 0; i < reading->forms.count; i++)
		buf_puts(&text, reading->forms.items[i]);
	hash_text(&text, ver);
	buf_free(&text);
	return 0;
}

int caps_read(const struct _xmpp_stanza_t *query, char ver[CAPS_VER_CHARS + 1], unsigned *wants)
{
	struct reading reading = {.scratch = BUF_INIT};
	bool is_bad = false;
	int error;

	for (const struct _xmpp_stanza_t *at = tree_first(query);
	     at != NULL && reading.items <= CAPS_ITEMS_MAX; at = tree_next(at))
		is_bad |= !read_child(&reading, at);
	error = reading.items > CAPS_ITEMS_MAX ? E2BIG : judge(&reading, is_bad, ver);
	*wants = error == 0 ? reading.wants : 0;
	texts_free(&reading.identities);
	texts_free(&reading.features);
	texts_free(&reading.forms);
	buf_free(&reading.scratch);
	return error;
}
