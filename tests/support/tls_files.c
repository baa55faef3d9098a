/* Certificates for tests; see tls_files.h. */
#include "support/tls_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/mem.h"

enum { FILES_MAX = 64, AUTHORITIES = 2, PATH_ROOM = 160 };

struct tls_files {
	char directory[80];
	X509 *authority[AUTHORITIES];
	EVP_PKEY *key[AUTHORITIES];
	char paths[FILES_MAX][PATH_ROOM];
	size_t count;
};

static void must(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "tls_files: %s\n", what);
	abort();
}

static const char *path(struct tls_files *files, const char *name, const char *ending)
{
	char wanted[PATH_ROOM];

	snprintf(wanted, sizeof wanted, "%s/%s%s", files->directory, name, ending);
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->paths[i], wanted) == 0)
			return files->paths[i];
	must(files->count < FILES_MAX, "too many files");
	strcpy(files->paths[files->count], wanted);
	return files->paths[files->count++];
}

static void extend(X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	if (value == NULL || value[0] == '\0')
		return;
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	must(extension != NULL && X509_add_ext(certificate, extension, -1) == 1, value);
	X509_EXTENSION_free(extension);
}

static X509 *make(const char *name, const struct tls_spec *spec, EVP_PKEY *key, X509 *signer,
		  EVP_PKEY *signer_key)
{
	static long serial = 1;
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
	X509_gmtime_adj(X509_getm_notBefore(certificate),
			86400L * (spec->from_days != 0 ? spec->from_days : -1));
	X509_gmtime_adj(X509_getm_notAfter(certificate),
			86400L * (spec->until_days != 0 ? spec->until_days : 365) + 3600);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1,
				   -1, 0);
	X509_set_issuer_name(certificate, signer != NULL ? X509_get_subject_name(signer) : subject);
	X509_set_pubkey(certificate, key);
	extend(certificate, NID_subject_alt_name, spec->names);
	extend(certificate, NID_ext_key_usage, spec->use);
	if (signer == NULL && spec->use != NULL && spec->use[0] == '\0')
		extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
	must(X509_sign(certificate, signer_key, EVP_sha256()) > 0, "cannot sign");
	return certificate;
}

static void write_certificate(const char *to, X509 *certificate)
{
	FILE *file = fopen(to, "w");

	must(file != NULL && PEM_write_X509(file, certificate) == 1, to);
	fclose(file);
}

static void write_key(const char *to, EVP_PKEY *key)
{
	FILE *file = fopen(to, "w");

	must(file != NULL && fchmod(fileno(file), 0600) == 0 &&
		     PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1,
	     to);
	fclose(file);
}

struct tls_files *tls_files_new(void)
{
	static const struct tls_spec spec = {.use = ""};
	struct tls_files *files = mem_zalloc(sizeof *files);
	const char *under = getenv("TMPDIR");

	snprintf(files->directory, sizeof files->directory, "%s/tls.XXXXXX",
		 under != NULL ? under : "/tmp");
	must(mkdtemp(files->directory) != NULL, "no directory");
	for (int i = 0; i < AUTHORITIES; i++) {
		char name[32];

		snprintf(name, sizeof name, "authority%d", i);
		files->key[i] = EVP_EC_gen("P-256");
		files->authority[i] = make(name, &spec, files->key[i], NULL, files->key[i]);
		write_certificate(path(files, name, ".pem"), files->authority[i]);
	}
	return files;
}

void tls_files_free(struct tls_files **files)
{
	for (size_t i = 0; i < (*files)->count; i++)
		(void)unlink((*files)->paths[i]);
	(void)rmdir((*files)->directory);
	for (int i = 0; i < AUTHORITIES; i++) {
		X509_free((*files)->authority[i]);
		EVP_PKEY_free((*files)->key[i]);
	}
	mem_free(*files);
	*files = NULL;
}

const char *tls_files_ca(struct tls_files *files, int authority)
{
	return path(files, authority == 0 ? "authority0" : "authority1", ".pem");
}

void tls_files_make(struct tls_files *files, const char *name, const struct tls_spec *spec)
{
	struct tls_spec full = *spec;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *signer = spec->signer >= 0 ? files->authority[spec->signer] : NULL;
	X509 *certificate;

	if (full.use == NULL)
		full.use = "serverAuth,clientAuth";
	certificate = make(spec->common_name != NULL ? spec->common_name : "nobody", &full, key,
			   signer, spec->signer >= 0 ? files->key[spec->signer] : key);
	write_certificate(path(files, name, ".pem"), certificate);
	write_key(path(files, name, ".key"), key);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

const char *tls_files_certificate(struct tls_files *files, const char *name)
{
	return path(files, name, ".pem");
}

const char *tls_files_key(struct tls_files *files, const char *name)
{
	return path(files, name, ".key");
}
