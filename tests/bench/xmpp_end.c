/* The chat server of the load tools. */
#include "bench/xmpp_end.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "bench/reactor.h"
#include "bench/stream.h"

enum phase { PHASE_HEADER, PHASE_HANDSHAKE, PHASE_UP };

/* Where the splitter stands in the unfinished stanza. */
struct splitter {
	size_t at;
	int depth;
};

struct xmpp_end {
	struct reactor *reactor;
	char *component;
	unsigned port;
	int listener;
	struct stream *stream;
	enum phase phase;
	bool is_up;
	bool is_shut;
	unsigned connects;
	struct splitter splitter;
	xmpp_end_fn *fn;
	void *arg;
};

static struct slice attribute(const char *tag, const char *end, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = tag; at < end; at++) {
		const char *equals = memchr(at, '=', (size_t)(end - at));
		const char *stop = NULL;

		if (equals == NULL || equals + 1 >= end)
			break;
		stop = memchr(equals + 2, equals[1], (size_t)(end - equals - 2));
		if (stop == NULL)
			break;
		if ((size_t)(equals - at) > len && equals[-1 - (long)len] == ' ' &&
		    memcmp(equals - len, name, len) == 0)
			return (struct slice){equals + 2, (size_t)(stop - equals - 2)};
		at = stop;
	}
	return (struct slice){"", 0};
}

static void read_stanza(struct xmpp_wire *out, const char *data, size_t len)
{
	const char *end = memchr(data, '>', len);
	size_t name = strcspn(data + 1, " />\t\r\n");

	out->all = (struct slice){data, len};
	out->name = (struct slice){data + 1, name};
	out->from = attribute(data, end, "from");
	out->to = attribute(data, end, "to");
	out->type = attribute(data, end, "type");
	out->id = attribute(data, end, "id");
}

static void answer_iq(struct xmpp_end *end, const struct xmpp_wire *stanza)
{
	buf_printf(stream_out(end->stream), "<iq type='result' id='%.*s' from='%.*s' to='%.*s'/>",
		   (int)stanza->id.len, stanza->id.at, (int)stanza->to.len, stanza->to.at,
		   (int)stanza->from.len, stanza->from.at);
}

static void deliver(struct xmpp_end *end, const char *data, size_t len)
{
	struct xmpp_wire stanza;

	read_stanza(&stanza, data, len);
	if (end->phase == PHASE_HANDSHAKE) {
		stream_put(end->stream, "<handshake/>", 12);
		stream_flush(end->stream);
		end->phase = PHASE_UP;
		end->is_up = true;
		end->connects++;
		return;
	}
	if (slice_is(stanza.name, "iq") &&
	    (slice_is(stanza.type, "get") || slice_is(stanza.type, "set")))
		answer_iq(end, &stanza);
	else if (end->fn != NULL)
		end->fn(end, &stanza, end->arg);
}

/* The end of the tag that begins at data[at], outside of quotes; 0 if it is not there yet. */
static size_t tag_end(const char *data, size_t len, size_t at)
{
	char quote = '\0';

	for (size_t i = at; i < len; i++) {
		if (quote != '\0') {
			if (data[i] == quote)
				quote = '\0';
		} else if (data[i] == '"' || data[i] == '\'') {
			quote = data[i];
		} else if (data[i] == '>') {
			return i;
		}
	}
	return 0;
}

/* Length of the stanza at data[0], which must be a '<'; 0 if it is not complete. */
static size_t next_stanza(struct splitter *splitter, const char *data, size_t len)
{
	while (splitter->at < len) {
		const char *open = memchr(data + splitter->at, '<', len - splitter->at);
		size_t at = 0;
		size_t end = 0;

		if (open == NULL) {
			splitter->at = len;
			return 0;
		}
		at = (size_t)(open - data);
		splitter->at = at;
		end = tag_end(data, len, at);
		if (end == 0)
			return 0;
		if (data[at + 1] == '/')
			splitter->depth--;
		else if (data[end - 1] != '/')
			splitter->depth++;
		splitter->at = end + 1;
		if (splitter->depth <= 0)
			return end + 1;
	}
	return 0;
}

static size_t read_header(struct xmpp_end *end, const char *data, size_t len)
{
	const char *open = memmem(data, len, "<stream:stream", 14);
	size_t close_at = open != NULL ? tag_end(data, len, (size_t)(open - data)) : 0;

	if (close_at == 0)
		return 0;
	buf_printf(stream_out(end->stream),
		   "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/"
		   "streams' xmlns='jabber:component:accept' from='%s' id='bench%u'>",
		   end->component, end->connects);
	stream_flush(end->stream);
	end->phase = PHASE_HANDSHAKE;
	return close_at + 1;
}

static size_t on_data(struct stream *stream, const char *data, size_t len, void *arg)
{
	struct xmpp_end *end = arg;
	size_t used = end->phase == PHASE_HEADER ? read_header(end, data, len) : 0;

	(void)stream;
	if (end->phase == PHASE_HEADER)
		return 0;
	for (;;) {
		size_t n = 0;

		if (end->splitter.at == 0)
			while (used < len && data[used] != '<')
				used++;
		if (len - used > 1 && end->splitter.at == 0 && data[used + 1] == '/')
			return len; /* the end of the stream; the socket will follow */
		n = next_stanza(&end->splitter, data + used, len - used);
		if (n == 0)
			break;
		deliver(end, data + used, n);
		used += n;
		end->splitter = (struct splitter){0, 0};
	}
	if (stream_unsent(end->stream) > 0)
		stream_flush(end->stream);
	return used;
}

static void on_closed(struct stream *stream, void *arg)
{
	struct xmpp_end *end = arg;

	(void)stream;
	end->stream = NULL;
	end->is_up = false;
}

static void on_accept(int fd, uint32_t events, void *arg)
{
	struct xmpp_end *end = arg;
	int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (peer < 0)
		return;
	if (end->is_shut) {
		close(peer);
		return;
	}
	stream_free(&end->stream);
	end->is_up = false;
	end->phase = PHASE_HEADER;
	end->splitter = (struct splitter){0, 0};
	end->stream = stream_new(end->reactor, peer, on_data, on_closed, end);
}

struct xmpp_end *xmpp_end_new(struct reactor *reactor, const char *component)
{
	struct xmpp_end *end = mem_zalloc(sizeof(*end));

	end->reactor = reactor;
	end->component = mem_strdup(component);
	end->listener = stream_listen(&end->port);
	reactor_watch(reactor, end->listener, EPOLLIN, on_accept, end);
	return end;
}

void xmpp_end_free(struct xmpp_end **end_p)
{
	struct xmpp_end *end = *end_p;

	if (end == NULL)
		return;
	*end_p = NULL;
	stream_free(&end->stream);
	reactor_drop(end->reactor, end->listener);
	close(end->listener);
	mem_free(end->component);
	mem_free(end);
}

unsigned xmpp_end_port(const struct xmpp_end *end)
{
	return end->port;
}

void xmpp_end_listen(struct xmpp_end *end, xmpp_end_fn *fn, void *arg)
{
	end->fn = fn;
	end->arg = arg;
}

const bool *xmpp_end_is_up(const struct xmpp_end *end)
{
	return &end->is_up;
}

unsigned xmpp_end_connects(const struct xmpp_end *end)
{
	return end->connects;
}

struct buf *xmpp_end_out(struct xmpp_end *end)
{
	return end->is_up ? stream_out(end->stream) : NULL;
}

void xmpp_end_flush(struct xmpp_end *end)
{
	if (end->is_up && stream_unsent(end->stream) > 0)
		stream_flush(end->stream);
}

size_t xmpp_end_unsent(const struct xmpp_end *end)
{
	return end->stream != NULL ? stream_unsent(end->stream) : 0;
}

void xmpp_end_hang_up(struct xmpp_end *end)
{
	stream_free(&end->stream);
	end->is_up = false;
}

void xmpp_end_shut(struct xmpp_end *end, bool is_shut)
{
	end->is_shut = is_shut;
	if (is_shut)
		xmpp_end_hang_up(end);
}
