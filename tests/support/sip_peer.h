/* A SIP peer of bytes for tests: one port of loopback, UDP and TCP, text in and text out. It knows
 * framing and how to copy headers into an answer, and nothing else. It lives in the loop of the
 * test; the waiting calls run that loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct text_peer;

enum { TEXT_PEER_WAIT_MS = 10000, TEXT_PEER_TEXT_MAX = 70000 }; /* a wait that ends so failed */

enum sip_way { SIP_WAY_UDP, SIP_WAY_TCP };

/* What arrived. */
struct sip_text {
	char *text; /* with a NUL behind it */
	size_t len;
	enum sip_way way;
	int fd;             /* TCP: the connection it came over */
	uint16_t from_port; /* UDP: the port it came from */
};

/* Binds a free port of 127.0.0.1. to_port: where the bridge listens, UDP and TCP. */
struct text_peer *text_peer_new(struct loop *loop, uint16_t to_port);
void text_peer_free(struct text_peer **peer);
uint16_t text_peer_port(const struct text_peer *peer);
/* A port of 127.0.0.1 that nobody has, for UDP and TCP. */
uint16_t text_peer_free_port(void);

/* Sends text as it is; TCP over a connection that is opened at the first use. */
void text_peer_send(struct text_peer *peer, enum sip_way way, const char *text);
void text_peer_send_bytes(struct text_peer *peer, enum sip_way way, const void *data, size_t len);
/* Closes the TCP connection that text_peer_send() opened, and those that were accepted. */
void text_peer_hang_up(struct text_peer *peer);
/* Local port of the connection that text_peer_send() opened. */
uint16_t text_peer_tcp_port(struct text_peer *peer);
/* True once the bridge has closed that connection. */
bool text_peer_wait_closed(struct text_peer *peer);
/* No longer takes TCP connections (refused), nor reads datagrams. */
void text_peer_deaf(struct text_peer *peer);
/* Takes connections, but reads nothing from them; and reads again. */
void text_peer_pause(struct text_peer *peer, bool is_paused);
/* No longer takes TCP connections. */
void text_peer_no_tcp(struct text_peer *peer);

/* Waits for a message that begins with start ("NOTIFY ", "SIP/2.0 200") and takes it out of what
 * arrived; NULL if none came. Valid until the next call of it. */
const struct sip_text *text_peer_expect(struct text_peer *peer, const char *start);
/* Runs the loop for ms and returns how many messages lie there. */
size_t text_peer_let_run(struct text_peer *peer, unsigned ms);
size_t text_peer_count(const struct text_peer *peer, const char *start);
/* Bytes that arrived by UDP so far. */
size_t text_peer_udp_bytes(const struct text_peer *peer);

/* Answers: Via, From, To (with tag "peer" if it has none), Call-ID and CSeq of text; status is
 * "200 OK"; headers are whole lines or "". */
void text_peer_answer(struct text_peer *peer, const struct sip_text *text, const char *status,
		      const char *headers);
/* Value of the first header of that name in *text, into room; "" if there is none. */
const char *sip_text_header(const struct sip_text *text, const char *name, char *room,
			    size_t room_len);
/* Value of ;tag= in the From or To header. */
const char *sip_text_tag(const struct sip_text *text, const char *name, char *room,
			 size_t room_len);
size_t sip_text_header_count(const struct sip_text *text, const char *name);
const char *sip_text_body(const struct sip_text *text);
