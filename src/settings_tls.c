/* TLS of the draft: files that can be used, and listeners and proxies that fit them (SEC-090,
 * SEC-100). */
#include "settings_private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "sip/sip_side.h"

enum { TLS_WARN_DAYS = 30 };

bool settings_is_tls(const char *uri)
{
	return strncasecmp(uri, "sips:", 5) == 0 || strcasestr(uri, ";transport=tls") != NULL;
}

/* The reason of the library, and nothing left behind. */
static const char *reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *text = code != 0 ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return text != NULL ? text : "it cannot be read";
}

static X509 *read_certificate(struct loader *loader, int line, const char *setting,
			      const char *path)
{
	FILE *file = fopen(path, "re");
	X509 *certificate = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

	if (file == NULL)
		loader_fault(loader, line, "%s: %s cannot be opened; name a file of PEM", setting,
			     path);
	else if (certificate == NULL)
		loader_fault(loader, line, "%s: %s holds no certificate (%s); it must be PEM",
			     setting, path, reason());
	if (file != NULL)
		fclose(file);
	return certificate;
}

/* A passphrase could not be asked for. */
static int no_passphrase(char *out, int size, int writes, void *arg)
{
	(void)out;
	(void)size;
	(void)writes;
	(void)arg;
	return 0;
}

static EVP_PKEY *read_key(struct loader *loader, int line, const char *path)
{
	FILE *file = fopen(path, "re");
	EVP_PKEY *key = file != NULL ? PEM_read_PrivateKey(file, NULL, no_passphrase, NULL) : NULL;

	if (file == NULL)
		loader_fault(loader, line, "sip.tls_key: %s cannot be opened", path);
	else if (key == NULL)
		loader_fault(loader, line,
			     "sip.tls_key: %s holds no key without a passphrase (%s); it must be "
			     "PEM",
			     path, reason());
	if (file != NULL)
		fclose(file);
	return key;
}

static void check_dates(struct loader *loader, int line, const X509 *certificate)
{
	int days = 0, seconds = 0;

	if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
		loader_warn(loader, line, "sip.tls_certificate is not valid yet");
	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
		loader_warn(loader, line,
			    "sip.tls_certificate has ended: nobody will connect over TLS");
	else if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) == 1 &&
		 days < TLS_WARN_DAYS)
		loader_warn(loader, line, "sip.tls_certificate ends in %d days", days);
}

static void check_own(struct loader *loader, const struct settings *out)
{
	int line = loader_line(loader, "sip.tls_certificate");
	int key_line = loader_line(loader, "sip.tls_key");
	X509 *certificate =
		read_certificate(loader, line, "sip.tls_certificate", out->tls_certificate);
	EVP_PKEY *key = NULL;

	if (settings_secret_may_be_read(loader, key_line, out->tls_key))
		key = read_key(loader, key_line, out->tls_key);
	if (certificate != NULL && key != NULL && X509_check_private_key(certificate, key) != 1) {
		loader_fault(loader, key_line,
			     "sip.tls_key: %s is not the key of sip.tls_certificate; name the "
			     "two that belong together",
			     out->tls_key);
		ERR_clear_error();
	}
	if (certificate != NULL)
		check_dates(loader, line, certificate);
	EVP_PKEY_free(key);
	X509_free(certificate);
}

static bool has_tls_listener(const struct settings *out)
{
	for (size_t i = 0; i < out->listen_count; i++)
		if (settings_is_tls(out->listen[i]))
			return true;
	return false;
}

static void check_pair(struct loader *loader, const struct settings *out)
{
	if (out->tls_certificate != NULL && out->tls_key == NULL)
		loader_fault(loader, loader_line(loader, "sip.tls_certificate"),
			     "sip.tls_certificate needs sip.tls_key; set it");
	else if (out->tls_certificate == NULL && out->tls_key != NULL)
		loader_fault(loader, loader_line(loader, "sip.tls_key"),
			     "sip.tls_key needs sip.tls_certificate; set it");
	else if (out->tls_certificate == NULL && has_tls_listener(out))
		loader_fault(loader, loader_line(loader, "sip.listen"),
			     "sip.listen: TLS needs a certificate; set sip.tls_certificate and "
			     "sip.tls_key");
}

/* What we send over TLS is answered, and asked, at a listener of TLS. */
static void check_proxy(struct loader *loader, const struct settings *out, const char *name,
			const char *uri)
{
	if (uri == NULL || !settings_is_tls(uri) || has_tls_listener(out))
		return;
	loader_fault(loader, loader_line(loader, name),
		     "%s: %s needs a listener of TLS; add \"sip:*:5061;transport=tls\" to "
		     "sip.listen",
		     name, uri);
}

static const char *path_of(struct loader *loader, const char *file)
{
	return file != NULL && file[0] != '\0' ? settings_secret_path(loader, file) : NULL;
}

static void check_ca(struct loader *loader, const struct settings *out)
{
	X509_free(read_certificate(loader, loader_line(loader, "sip.tls_ca"), "sip.tls_ca",
				   out->tls_ca));
}

static void check_verify(struct loader *loader, const struct settings *out)
{
	int line = loader_line(loader, "sip.tls_verify");

	if (out->tls_verify || !has_tls_listener(out))
		return;
	loader_warn(loader, line,
		    "sip.tls_verify is off: over TLS anybody may pretend to be a server of yours");
	if (out->tls_clients == SIP_TLS_DEMAND)
		loader_fault(loader, line,
			     "sip.tls_clients = \"demand\" needs certificates that are verified; "
			     "set tls_verify = true");
}

void settings_check_tls(struct loader *loader, struct settings *out)
{
	const struct draft *draft = &loader->draft;

	out->tls_certificate = path_of(loader, draft->tls_certificate);
	out->tls_key = path_of(loader, draft->tls_key);
	out->tls_ca = path_of(loader, draft->tls_ca);
	out->tls_verify = draft->tls_verify == 1;
	out->tls_clients = (int)draft->tls_clients;
	check_pair(loader, out);
	if (out->tls_certificate != NULL && out->tls_key != NULL)
		check_own(loader, out);
	if (out->tls_ca != NULL)
		check_ca(loader, out);
	check_verify(loader, out);
	check_proxy(loader, out, "sip.proxy", draft->proxy);
	for (size_t i = 0; i < draft->domains.count; i++) {
		const struct draft_domain *domain =
			(const struct draft_domain *)draft->domains.items + i;
		char name[SETTING_NAME_MAX];

		snprintf(name, sizeof name, "domains[%zu].proxy", i);
		check_proxy(loader, out, name, domain->proxy);
	}
}
