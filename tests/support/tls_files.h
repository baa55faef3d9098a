/* Certificates for tests, made when they are needed: an authority, and what it (or another one, or
 * nobody) signs. */
#pragma once

#include <stddef.h>

struct tls_files;

/* What a certificate says. Zeroed: common name "nobody", no alternative names, for TLS servers and
 * clients, valid from yesterday for a year, signed by the first authority. */
struct tls_spec {
	const char *common_name;
	const char *names; /* as OpenSSL writes them: "DNS:pbx.example,URI:sip:pbx.example" */
	const char *use;   /* "serverAuth"; "": says nothing */
	int from_days;     /* 0: -1 */
	int until_days;    /* 0: 365 */
	int signer;        /* 0: the authority; 1: another one; -1: itself */
};

/* In a new directory under the temporary one. */
struct tls_files *tls_files_new(void);
/* Removes them. */
void tls_files_free(struct tls_files **files);
/* Path of the authority's certificate (0, 1). */
const char *tls_files_ca(struct tls_files *files, int authority);
/* Writes NAME.pem, the certificate, and NAME.key (mode 0600); the paths live as long as files. */
void tls_files_make(struct tls_files *files, const char *name, const struct tls_spec *spec);
const char *tls_files_certificate(struct tls_files *files, const char *name);
const char *tls_files_key(struct tls_files *files, const char *name);
