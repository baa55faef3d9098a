/* Questions to the DNS; see locate_dns.h. The library counts the seconds of a question by the wall
 * clock, so the end of our patience is a timer of ours; a question that is given up stays with the
 * library until it gives up, too, or until the resolver is made anew. */
#include "sip/locate_dns.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <netinet/in.h>

#define SRES_CONTEXT_T struct dns_question
#include <sofia-sip/su_wait.h>
#include <sofia-sip/sresolv.h>

#include "base/list.h"
#include "base/mem.h"
#include "loop/loop.h"

struct dns {
	struct loop *loop;
	char *resolv_conf; /* or NULL */
	sres_resolver_t *resolver;
	struct list asked;
	struct list waiting;
	size_t in_flight;
	bool is_suspect;   /* an answer did not come: a new resolver reads the configuration anew */
	bool is_answering; /* called by the resolver, which must not be destroyed meanwhile */
};

struct dns_question {
	struct dns *dns;
	struct list link; /* in asked or waiting */
	struct loop_timer timer;
	sres_query_t *query; /* NULL: waits, or could not be asked */
	enum dns_type type;
	const void *source;
	dns_fn *fn;
	void *arg;
	char name[256];
};

static void start_waiting(struct dns *dns);

struct dns *dns_new(struct loop *loop, const char *resolv_conf)
{
	struct dns *dns = mem_zalloc(sizeof *dns);

	dns->loop = loop;
	dns->resolv_conf = mem_strdup_or_null(resolv_conf);
	list_init(&dns->asked);
	list_init(&dns->waiting);
	return dns;
}

static void forget_resolver(struct dns *dns)
{
	if (dns->resolver != NULL)
		(void)sres_resolver_destroy(dns->resolver);
	dns->resolver = NULL;
	dns->is_suspect = false;
}

void dns_free(struct dns **dns)
{
	if (*dns == NULL)
		return;
	forget_resolver(*dns);
	loop_forget((*dns)->loop, *dns);
	mem_free((*dns)->resolv_conf);
	mem_free(*dns);
	*dns = NULL;
}

size_t dns_in_flight(const struct dns *dns)
{
	return dns->in_flight;
}

static void drop(struct dns_question *question)
{
	struct dns *dns = question->dns;

	if (question->query != NULL)
		sres_query_bind(question->query, NULL, NULL);
	loop_timer_cancel(&question->timer);
	loop_forget(dns->loop, question);
	list_remove(&question->link);
	mem_free(question);
}

static void on_room(void *arg)
{
	start_waiting(arg);
}

static void let_others(struct dns *dns)
{
	dns->in_flight--;
	loop_forget(dns->loop, dns);
	loop_defer(dns->loop, on_room, dns);
}

void dns_cancel(struct dns_question **question)
{
	struct dns_question *self = *question;
	struct dns *dns;
	bool was_waiting;

	if (self == NULL)
		return;
	*question = NULL;
	dns = self->dns;
	was_waiting = !loop_timer_is_set(&self->timer);
	drop(self);
	if (!was_waiting)
		let_others(dns);
}

static void end(struct dns_question *question, enum dns_result result,
		union sres_record *const *records)
{
	struct dns *dns = question->dns;
	dns_fn *fn = question->fn;
	void *arg = question->arg;

	question->query = NULL;
	drop(question);
	let_others(dns);
	fn(result, records, arg);
}

static enum dns_result judge(enum dns_type type, union sres_record *const *records)
{
	enum dns_result result = DNS_LOST;

	for (size_t i = 0; records != NULL && records[i] != NULL; i++) {
		const sres_common_t *common = records[i]->sr_record;

		if (common->r_status == SRES_OK && common->r_type == type)
			return DNS_FOUND;
		if (common->r_status == SRES_NAME_ERR || common->r_status == SRES_RECORD_ERR ||
		    common->r_status == SRES_OK)
			result = DNS_NONE;
	}
	return result;
}

static void on_answer(struct dns_question *question, sres_query_t *query, sres_record_t **records)
{
	struct dns *dns;
	enum dns_result result = judge(question->type, records);

	(void)query;
	dns = question->dns;
	dns->is_suspect |= result == DNS_LOST;
	dns->is_answering = true;
	end(question, result, records); /* which may ask the next question */
	dns->is_answering = false;
	sres_free_answers(dns->resolver, records);
}

static void on_timer(void *arg)
{
	struct dns_question *question = arg;

	question->dns->is_suspect = true;
	if (question->query != NULL)
		sres_query_bind(question->query, NULL, NULL);
	end(question, DNS_LOST, NULL);
}

static void ask_now(struct dns *dns, struct dns_question *question)
{
	list_remove(&question->link);
	list_append(&dns->asked, &question->link);
	if (dns->is_suspect && dns->in_flight == 0 && !dns->is_answering)
		forget_resolver(dns);
	dns->in_flight++;
	if (dns->resolver == NULL)
		dns->resolver =
			sres_resolver_create(loop_root(dns->loop), dns->resolv_conf, TAG_END());
	if (dns->resolver != NULL)
		question->query = strchr(question->name, '.') == NULL
					  ? sres_search(dns->resolver, on_answer, question,
							(uint16_t)question->type, question->name)
					  : sres_query(dns->resolver, on_answer, question,
						       (uint16_t)question->type, question->name);
	loop_timer_set(dns->loop, &question->timer, question->query != NULL ? DNS_ANSWER_MS : 0,
		       on_timer, question);
}

static size_t asked_by(const struct dns *dns, const void *source)
{
	size_t count = 0;

	LIST_EACH(link, next, &dns->asked)
	count += LIST_ENTRY(link, struct dns_question, link)->source == source;
	return count;
}

static void start_waiting(struct dns *dns)
{
	LIST_EACH(link, next, &dns->waiting)
	{
		struct dns_question *question = LIST_ENTRY(link, struct dns_question, link);

		if (dns->in_flight >= DNS_IN_FLIGHT_MAX)
			return;
		if (asked_by(dns, question->source) < DNS_PER_SOURCE_MAX)
			ask_now(dns, question);
	}
}

struct dns_question *dns_ask(struct dns *dns, enum dns_type type, const char *name,
			     const void *source, dns_fn *fn, void *arg)
{
	struct dns_question *question = mem_zalloc(sizeof *question);
	size_t len = strnlen(name, sizeof question->name - 1);

	question->dns = dns;
	question->type = type;
	question->source = source;
	question->fn = fn;
	question->arg = arg;
	memcpy(question->name, name, len);
	list_append(&dns->waiting, &question->link);
	start_waiting(dns);
	return question;
}
