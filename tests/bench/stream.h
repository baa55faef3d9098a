/* A buffered, non-blocking TCP connection. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct reactor;
struct stream;

/* New bytes stand in in->data[0..in->len); returns how many were used up. */
typedef size_t stream_data_fn(struct stream *stream, const char *data, size_t len, void *arg);
/* The other end is gone; the stream is freed after the call. */
typedef void stream_closed_fn(struct stream *stream, void *arg);

/* Takes fd. */
struct stream *stream_new(struct reactor *reactor, int fd, stream_data_fn *on_data,
			  stream_closed_fn *on_closed, void *arg);
void stream_free(struct stream **stream);
/* Bytes wait for stream_flush(), or for the buffer to grow. */
void stream_put(struct stream *stream, const void *data, size_t len);
struct buf *stream_out(struct stream *stream);
void stream_flush(struct stream *stream);
size_t stream_unsent(const struct stream *stream);

/* Loopback helpers; each ends the program when the machine refuses. */
int stream_listen(unsigned *port);
int stream_connect(unsigned port);
/* A port on loopback that is free for UDP and TCP at this moment. */
unsigned stream_free_port(void);
