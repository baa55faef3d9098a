/* Documents of the notifier; see notify_body.h. */
#include "sip/notify_body.h"

#include <string.h>

#include "base/mem.h"

static bool is_same(const struct notify_body *body, const struct event_package *package,
		    const struct event_document *document)
{
	return body->text.len != 0 && body->profile == document->profile &&
	       (!package->is_versioned || body->version == document->version) &&
	       strcmp(body->entity, document->entity) == 0;
}

const struct notify_body *notify_bodies_get(struct notify_bodies *bodies,
					    const struct event_package *package,
					    const struct event_document *document)
{
	struct notify_body *body = &bodies->last[package->id];

	if (is_same(body, package, document))
		return body;
	if (body->entity == NULL || strcmp(body->entity, document->entity) != 0) {
		mem_free(body->entity);
		body->entity = mem_strdup(document->entity);
	}
	body->profile = document->profile;
	body->version = document->version;
	buf_reset(&body->text);
	package->write(document, &body->text);
	body->digest = package->digest(document, body->text.data, body->text.len);
	return body;
}

void notify_bodies_forget(struct notify_bodies *bodies)
{
	for (int i = 0; i < EVENT_COUNT; i++)
		buf_reset(&bodies->last[i].text);
}

void notify_bodies_free(struct notify_bodies *bodies)
{
	for (int i = 0; i < EVENT_COUNT; i++) {
		buf_free(&bodies->last[i].text);
		mem_free(bodies->last[i].entity);
	}
}
