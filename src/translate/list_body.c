/* The body of a list's NOTIFY (RFC 4662 section 5): a tree of multiparts made flat, level by level,
 * without recursion. */
#include "translate/list_body.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

static size_t depth_of(const struct list_body *body, size_t level)
{
	size_t depth = 0;

	for (; level != 0; level = body->levels[level].parent)
		depth++;
	return depth;
}

/* EVT-073, RFC 4662 section 7.4: is a list of that uri around this level, or the level itself? */
static bool is_inside(const struct list_body *body, size_t level, const char *uri)
{
	for (;; level = body->levels[level].parent) {
		const char *own = body->levels[level].rlmi.uri;

		if (uri != NULL && own != NULL && strcmp(own, uri) == 0)
			return true;
		if (level == 0)
			return false;
	}
}

/* Reads one level; *parts_left goes down by its parts. */
static int read_level(const char *content_type, const char *text, size_t len, size_t *parts_left,
		      struct list_level *out)
{
	const struct multipart_part *root;
	int err = multipart_parse(content_type, text, len, *parts_left, &out->multipart);

	if (err != 0)
		return err;
	*parts_left -= out->multipart.count;
	root = &out->multipart.parts[out->multipart.root];
	if (multipart_type_is(root->type, RLMI_TYPE))
		err = rlmi_parse(root->body, root->len, root->len, &out->rlmi);
	else
		err = EPROTO;
	if (err != 0)
		multipart_clear(&out->multipart);
	return err;
}

static void clear_level(struct list_level *level)
{
	rlmi_clear(&level->rlmi);
	multipart_clear(&level->multipart);
}

/* The list that part holds becomes a level of its own below parent. One that cannot be read is left
 * out: the rest of the body is good. */
static int add_level(struct list_body *body, size_t parent, const struct multipart_part *part,
		     size_t *parts_left)
{
	struct list_level level = {.parent = parent};
	int err;

	if (body->count == RLMI_LISTS_MAX)
		return E2BIG;
	err = read_level(part->type, part->body, part->len, parts_left, &level);
	if (err == E2BIG)
		return err;
	if (err != 0)
		return 0;
	if (is_inside(body, parent, level.rlmi.uri)) {
		clear_level(&level);
		return 0;
	}
	body->levels[body->count++] = level;
	return 0;
}

static int add_lists_inside(struct list_body *body, size_t parent, size_t *parts_left)
{
	size_t count = body->levels[parent].multipart.count;
	int err = 0;

	if (depth_of(body, parent) + 1 >= RLMI_DEPTH_MAX)
		return 0;
	for (size_t i = 0; i < count && err == 0; i++) {
		const struct multipart_part *part = &body->levels[parent].multipart.parts[i];

		if (multipart_is(part->type))
			err = add_level(body, parent, part, parts_left);
	}
	return err;
}

int list_body_parse(const char *content_type, const char *text, size_t len, size_t parts_max,
		    struct list_body *out)
{
	size_t parts_left = parts_max;
	int err;

	out->levels = mem_array(RLMI_LISTS_MAX, sizeof(*out->levels));
	memset(out->levels, 0, RLMI_LISTS_MAX * sizeof(*out->levels));
	err = read_level(content_type, text, len, &parts_left, &out->levels[0]);
	out->count = err == 0;
	for (size_t i = 0; i < out->count && err == 0; i++)
		err = add_lists_inside(out, i, &parts_left);
	if (err != 0)
		list_body_clear(out);
	return err;
}

void list_body_clear(struct list_body *body)
{
	for (size_t i = 0; i < body->count; i++)
		clear_level(&body->levels[i]);
	mem_free(body->levels);
	*body = (struct list_body){0};
}

const struct multipart_part *list_body_document(const struct list_level *level,
						const struct rlmi_instance *instance)
{
	const struct multipart_part *part;

	if (instance->cid == NULL)
		return NULL;
	part = multipart_find(&level->multipart, instance->cid);
	return part == NULL || multipart_is(part->type) ? NULL : part;
}
