/* Answers to PUBLISH, which wait until what they promise is on disk (REL-001): a tag that nobody
 * knows after a crash would end the publication. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/counters.h"
#include "model/limits.h"
#include "sip/agent.h"
#include "sip/authenticate_logins.h"
#include "sip/publications_private.h"
#include "sip/repeats.h"
#include "sip/side_core.h"

/* An answer that waits. The write that it waits for may outlive the publications. */
struct held_publish {
	struct list link;                  /* in publications.held */
	struct publications *publications; /* NULL: they went */
	struct request *request;
	struct address user;
	uint64_t id;
	char tag[PUBLICATION_TAG_MAX];
	unsigned expires_s;
	bool is_new;
};

void publish_answer(struct publications *publications, struct request *request,
		    struct publication *publication, const char *tag, unsigned expires_s)
{
	struct repeats *repeats = publications->core->repeats;
	struct buf headers = BUF_INIT;

	if (request->is_udp) {
		uint64_t key = repeats_key(repeats, request);

		repeats_done(repeats, key, 200, expires_s);
		if (publication != NULL)
			publication_answered(publication, key);
	}
	buf_printf(&headers, "SIP-ETag: %s\r\nExpires: %u\r\n", tag, expires_s);
	publications->core->params->counters->publish_in++;
	agent_answer(publications->core->agent, request, 200, NULL, buf_text(&headers));
	buf_free(&headers);
}

static struct publication *find(const struct held_publish *held)
{
	const struct published *published = published_find(held->publications, &held->user);

	if (published == NULL)
		return NULL;
	LIST_EACH(link, next, &published->all)
	{
		struct publication *publication = LIST_ENTRY(link, struct publication, link);

		if (publication->id == held->id)
			return publication;
	}
	return NULL;
}

/* Nothing was promised, so nothing is left of it. */
static void refuse(struct held_publish *held, struct publication *publication)
{
	struct publications *publications = held->publications;
	struct repeats *repeats = publications->core->repeats;
	struct published *published;
	unsigned retry_s = side_core_retry_s();
	char retry[32];

	log_info("publications: refused PUBLISH status=503 (the store failed)");
	publications->core->params->counters->publish_refused++;
	publications->core->params->counters->sip_refused++;
	(void)snprintf(retry, sizeof retry, "Retry-After: %u\r\n", retry_s);
	if (held->request->is_udp)
		repeats_done(repeats, repeats_key(repeats, held->request), 503, retry_s);
	agent_answer(publications->core->agent, held->request, 503, NULL, retry);
	if (publication == NULL)
		return;
	published = publication->of;
	publication_free(publication);
	published_changed(published);
	published_let_go(published);
}

static void held_free(struct held_publish *held)
{
	address_clear(&held->user);
	mem_free(held);
}

/* What lives goes on whatever the disk says: its row of before stands, and if a crash brings that
 * back, its publisher is told 412 and begins anew, as it does after each loss (EVT-058). */
static void on_kept(int error, void *arg)
{
	struct held_publish *held = arg;

	if (held->publications != NULL) {
		struct publication *publication = find(held);

		list_remove(&held->link);
		held->publications->held_count--;
		if (error != 0 && held->is_new)
			refuse(held, publication);
		else
			publish_answer(held->publications, held->request, publication, held->tag,
				       held->expires_s);
	}
	held_free(held);
}

bool publish_is_held_up(const struct publications *publications)
{
	return (int64_t)publications->held_count >=
	       publications->core->params->limits->answers_held;
}

static struct held_publish *hold(struct publication *publication, struct request *request,
				 unsigned expires_s, bool is_new)
{
	struct publications *publications = publication->of->publications;
	struct held_publish *held = mem_zalloc(sizeof *held);

	if (request->is_udp)
		repeats_begin(publications->core->repeats,
			      repeats_key(publications->core->repeats, request));
	held->publications = publications;
	held->request = agent_hold(request);
	address_copy(&held->user, &publication->of->user);
	held->id = publication->id;
	memcpy(held->tag, publication->tag, sizeof held->tag);
	held->expires_s = expires_s;
	held->is_new = is_new;
	list_append(&publications->held, &held->link);
	publications->held_count++;
	return held;
}

void publish_put_source(const struct publication *publication, struct buf *out)
{
	if (publication->is_his_own)
		login_name(&publication->of->user, out);
	else
		net_address_print(&publication->source, out);
}

void publish_keep_doubt(const struct publication *publication)
{
	const struct sip_side_params *params = publication->of->publications->core->params;
	int64_t left_ms = (int64_t)(publication->expires_ms - loop_now(params->loop));
	struct buf source = BUF_INIT;
	struct kept_publication row = {
		.user = &publication->of->user,
		.id = publication->id,
		.is_dialog = publication->is_dialog,
		.tag = publication->tag,
		.before = publication->before[0] != '\0' ? publication->before : NULL,
		.expires_s = (loop_wall_ms(params->loop) + left_ms) / 1000,
		.is_doubtful = true,
	};

	if (params->keeper == NULL)
		return;
	publish_put_source(publication, &source);
	row.source = buf_text(&source);
	params->keeper->put(&row, NULL, NULL, params->keeper->arg);
	buf_free(&source);
}

void publish_keep(struct publication *publication, const struct kept_publication *row,
		  struct request *request, unsigned expires_s, bool is_new)
{
	struct publications *publications = publication->of->publications;
	const struct publication_keeper *keeper = publications->core->params->keeper;

	if (keeper != NULL && !publish_is_held_up(publications)) {
		/* row has views of the request, which goes into the hands of hold(). */
		struct held_publish *held = hold(publication, request, expires_s, is_new);

		keeper->put(row, on_kept, held, keeper->arg);
		return;
	}
	if (keeper != NULL)
		keeper->put(row, NULL, NULL, keeper->arg);
	publish_answer(publications, request, publication, publication->tag, expires_s);
}

void publish_drop(struct publication *publication, struct request *request)
{
	struct publications *publications = publication->of->publications;
	const struct publication_keeper *keeper = publications->core->params->keeper;

	if (keeper != NULL && !publish_is_held_up(publications)) {
		struct held_publish *held = hold(publication, request, 0, false);

		keeper->drop(&publication->of->user, publication->id, on_kept, held, keeper->arg);
		publication_forget(publication);
		return;
	}
	publish_answer(publications, request, NULL, publication->tag, 0);
	publication_free(publication);
}

void publish_drop_held(struct publications *publications)
{
	LIST_EACH(link, next, &publications->held)
	{
		struct held_publish *held = LIST_ENTRY(link, struct held_publish, link);

		list_remove(link);
		agent_drop(publications->core->agent, held->request);
		held->publications = NULL; /* on_kept() frees it */
	}
}
