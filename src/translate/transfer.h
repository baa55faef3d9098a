/* Content-Transfer-Encoding of MIME parts (RFC 2045 section 6; MSG-076): base64 and
 * quoted-printable. Pure. */
#pragma once

#include <stddef.h>

struct buf;

/* Appends what bytes[0..len) in that encoding stand for; encoding is the header value without
 * white space around it (7bit, 8bit, binary and "" are as they stand). Never more than len bytes
 * come out. Returns 0; EBADMSG damaged base64; EOPNOTSUPP an encoding that is not known. On failure
 * nothing is appended. */
int transfer_read(const char *bytes, size_t len, const char *encoding, size_t encoding_len,
		  struct buf *out);

/* The pieces, also for the words of RFC 2047. Base64: white space is passed over, what follows
 * padding is damage. Quoted-printable: what is no code is kept as it stands. */
int transfer_read_base64(const char *text, size_t len, struct buf *out);
void transfer_read_quoted(const char *text, size_t len, struct buf *out);
/* The value of a hexadecimal digit, or -1. */
int transfer_hex(char c);
