#include "xmpp/iq_out.h"

#include <errno.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/table.h"
#include "loop/loop.h"
#include "xmpp/inbox.h"
#include "xmpp/side_private.h"

enum { ID_REQUEST = 'q' };

/* Requests under way to one domain. */
struct asked_domain {
	size_t count;
};

/* One request under way. */
struct asked {
	struct list link; /* oldest first */
	char *id;
	char *to;
	uint64_t until_ms;
	iq_end_fn *done;
	uint64_t what;
};

struct iq_out {
	struct xmpp_side *side;
	struct table *table;   /* by id */
	struct table *domains; /* struct asked_domain, of those with any */
	struct list order;
	struct loop_timer timer;
	uint32_t wait_ms;
};

struct iq_out *iq_out_new(struct xmpp_side *side, uint32_t wait_ms)
{
	struct iq_out *iq_out = mem_zalloc(sizeof(*iq_out));

	iq_out->side = side;
	iq_out->wait_ms = wait_ms;
	iq_out->table = table_new();
	iq_out->domains = table_new();
	list_init(&iq_out->order);
	return iq_out;
}

static const char *domain_of(const char *jid, size_t *len)
{
	const char *at = jid + strcspn(jid, "@/");

	if (*at == '@')
		jid = at + 1;
	*len = strcspn(jid, "/");
	return jid;
}

static struct asked_domain *find_domain(struct iq_out *iq_out, const char *jid)
{
	size_t len;
	const char *domain = domain_of(jid, &len);

	return table_find(iq_out->domains, domain, len);
}

static void count_domain(struct iq_out *iq_out, const char *jid)
{
	struct asked_domain *found = find_domain(iq_out, jid);
	size_t len;
	const char *domain = domain_of(jid, &len);

	if (found == NULL) {
		found = mem_zalloc(sizeof(*found));
		table_put(iq_out->domains, domain, len, found);
	}
	found->count++;
}

static void uncount_domain(struct iq_out *iq_out, const char *jid)
{
	struct asked_domain *found = find_domain(iq_out, jid);
	size_t len;
	const char *domain = domain_of(jid, &len);

	if (found == NULL || --found->count > 0)
		return;
	table_remove(iq_out->domains, domain, len);
	mem_free(found);
}

static bool has_room(struct iq_out *iq_out, const char *jid)
{
	const struct asked_domain *domain = find_domain(iq_out, jid);

	return table_count(iq_out->table) < IQ_OUT_MAX &&
	       (domain == NULL || domain->count < IQ_OUT_PER_DOMAIN);
}

static void drop(struct iq_out *iq_out, struct asked *asked)
{
	uncount_domain(iq_out, asked->to);
	table_remove(iq_out->table, asked->id, strlen(asked->id));
	list_remove(&asked->link);
	mem_free(asked->id);
	mem_free(asked->to);
	mem_free(asked);
}

void iq_out_free(struct iq_out **out)
{
	struct iq_out *iq_out = *out;

	if (iq_out == NULL)
		return;
	loop_timer_cancel(&iq_out->timer);
	LIST_EACH(it, next, &iq_out->order)
	drop(iq_out, LIST_ENTRY(it, struct asked, link));
	table_free(&iq_out->table);
	table_free(&iq_out->domains);
	mem_free(iq_out);
	*out = NULL;
}

size_t iq_out_count(const struct iq_out *iq_out)
{
	return table_count(iq_out->table);
}

/* Forgets it first: what is done with the end may ask again. */
static void end(struct iq_out *iq_out, struct asked *asked, enum iq_end how,
		const struct _xmpp_stanza_t *stanza, const char *from)
{
	iq_end_fn *done = asked->done;
	uint64_t what = asked->what;

	drop(iq_out, asked);
	done(iq_out->side, how, stanza, from, what);
}

static void on_late(void *arg);

static void set_timer(struct iq_out *iq_out)
{
	struct loop *loop = iq_out->side->params.loop;
	uint64_t now = loop_now(loop);
	const struct asked *first;

	if (list_is_empty(&iq_out->order) || loop_timer_is_set(&iq_out->timer))
		return;
	first = LIST_ENTRY(iq_out->order.next, struct asked, link);
	loop_timer_set(loop, &iq_out->timer, first->until_ms > now ? first->until_ms - now : 0,
		       on_late, iq_out);
}

static void on_late(void *arg)
{
	struct iq_out *iq_out = arg;
	uint64_t now = loop_now(iq_out->side->params.loop);

	while (!list_is_empty(&iq_out->order)) {
		struct asked *first = LIST_ENTRY(iq_out->order.next, struct asked, link);

		if (first->until_ms > now)
			break;
		end(iq_out, first, IQ_END_NOTHING, NULL, NULL);
	}
	set_timer(iq_out);
}

void iq_out_open(struct xmpp_side *side, struct iq_request *request, const char *from,
		 const char *to)
{
	_Static_assert(sizeof(request->id) >= FRESH_ID_MAX, "an id fits");
	side_fresh_id(side, ID_REQUEST, request->id);
	request->from = from;
	request->to = to;
	buf_reset(&side->scratch);
	xml_writer_init(&request->writer, &side->scratch);
	xml_open(&request->writer, "iq");
	xml_attr(&request->writer, "type", "get");
	xml_attr(&request->writer, "from", from);
	xml_attr(&request->writer, "to", to);
	xml_attr(&request->writer, "id", request->id);
}

int iq_out_send(struct xmpp_side *side, struct iq_request *request, iq_end_fn *done, uint64_t what)
{
	struct iq_out *iq_out = side->iq_out;
	struct asked *asked;
	int error;

	xml_close(&request->writer);
	if (!has_room(iq_out, request->to))
		return ENOBUFS;
	error = side_put(side, request->from, OUTBOX_ANSWER, NULL);
	if (error != 0)
		return error;
	asked = mem_zalloc(sizeof(*asked));
	*asked = (struct asked){
		.id = mem_strdup(request->id),
		.to = mem_strdup(request->to),
		.until_ms = loop_now(side->params.loop) + iq_out->wait_ms,
		.done = done,
		.what = what,
	};
	table_put(iq_out->table, asked->id, strlen(asked->id), asked);
	list_append(&iq_out->order, &asked->link);
	count_domain(iq_out, asked->to);
	set_timer(iq_out);
	return 0;
}

bool iq_out_answered(const struct inbound *in)
{
	struct iq_out *iq_out = in->side->iq_out;
	struct asked *asked = NULL;
	bool is_result = in->type != NULL && strcmp(in->type, "result") == 0;

	if (in->id != NULL)
		asked = table_find(iq_out->table, in->id, strlen(in->id));
	/* An id alone proves nothing: others may guess it. */
	if (asked == NULL || strcmp(asked->to, in->from) != 0)
		return false;
	end(iq_out, asked, is_result ? IQ_END_RESULT : IQ_END_ERROR, in->stanza, in->from);
	return true;
}
