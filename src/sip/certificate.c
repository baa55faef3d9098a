/* Certificates of SIP domains; see certificate.h. */
#include "sip/certificate.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/mem.h"

enum { DAY_S = 86400 };

static bool is_host_char(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == ':' || c == '[' || c == ']' || c == '_';
}

/* What is no host name (a wildcard, a NUL inside, a user part) is no name. */
static void add(struct certificate_names *out, const char *text, size_t len)
{
	char name[CERTIFICATE_NAME_MAX + 1];

	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 0 || len > CERTIFICATE_NAME_MAX || out->count == CERTIFICATE_NAMES_MAX)
		return;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c - 'A' + 'a');
		if (!is_host_char(c))
			return;
		name[i] = (char)c;
	}
	name[len] = '\0';
	out->items[out->count++] = mem_strdup(name);
}

/* "sip:domain" and nothing else. */
static void add_uri(struct certificate_names *out, const char *text, size_t len)
{
	if (len > 4 && strncasecmp(text, "sip:", 4) == 0)
		add(out, text + 4, len - 4);
}

static void add_alternatives(struct certificate_names *out, const GENERAL_NAMES *names, int type)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const ASN1_STRING *value;

		if (name->type != type)
			continue;
		value = type == GEN_URI ? name->d.uniformResourceIdentifier : name->d.dNSName;
		const char *text = (const char *)ASN1_STRING_get0_data(value);
		size_t len = (size_t)ASN1_STRING_length(value);

		if (type == GEN_URI)
			add_uri(out, text, len);
		else
			add(out, text, len);
	}
}

/* The last one is the most specific. */
static void add_common_name(struct certificate_names *out, const X509 *certificate)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	unsigned char *text = NULL;
	int at = -1, last = -1, len;

	for (at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1); at >= 0;
	     at = X509_NAME_get_index_by_NID(subject, NID_commonName, at))
		last = at;
	if (last < 0)
		return;
	len = ASN1_STRING_to_UTF8(&text,
				  X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
	if (len > 0)
		add(out, (const char *)text, (size_t)len);
	OPENSSL_free(text);
}

void certificate_names_read(struct certificate_names *out, X509 *certificate)
{
	bool has_extension = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) >= 0;
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	memset(out, 0, sizeof *out);
	if (names != NULL) {
		add_alternatives(out, names, GEN_URI);
		if (out->count == 0)
			add_alternatives(out, names, GEN_DNS);
		GENERAL_NAMES_free(names);
	} else if (!has_extension) { /* one that cannot be read is one, too */
		add_common_name(out, certificate);
	}
}

void certificate_names_clear(struct certificate_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		mem_free(names->items[i]);
	names->count = 0;
}

bool certificate_names_have(const struct certificate_names *names, const char *name)
{
	size_t len = strlen(name);

	if (len > 0 && name[len - 1] == '.')
		len--;
	for (size_t i = 0; i < names->count; i++)
		if (strlen(names->items[i]) == len && strncasecmp(names->items[i], name, len) == 0)
			return true;
	return false;
}

static bool is_use_for_sip(const ASN1_OBJECT *use)
{
	static const char sip_domain[] = "1.3.6.1.5.5.7.3.20"; /* RFC 5924 section 4 */
	char text[64];
	int nid = OBJ_obj2nid(use);

	if (nid == NID_server_auth || nid == NID_client_auth || nid == NID_anyExtendedKeyUsage)
		return true;
	return OBJ_obj2txt(text, sizeof text, use, 1) > 0 && strcmp(text, sip_domain) == 0;
}

bool certificate_is_for_sip(X509 *certificate)
{
	int at = X509_get_ext_by_NID(certificate, NID_ext_key_usage, -1);
	EXTENDED_KEY_USAGE *uses;
	bool is_for_sip = false;

	if (at < 0)
		return true;
	uses = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
	for (int i = 0; uses != NULL && i < sk_ASN1_OBJECT_num(uses); i++)
		is_for_sip = is_for_sip || is_use_for_sip(sk_ASN1_OBJECT_value(uses, i));
	EXTENDED_KEY_USAGE_free(uses);
	return is_for_sip;
}

int64_t certificate_days_left(const X509 *certificate, int64_t now_s)
{
	ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)now_s);
	int days = 0, seconds = 0;

	if (now == NULL ||
	    ASN1_TIME_diff(&days, &seconds, now, X509_get0_notAfter(certificate)) != 1)
		days = -1;
	ASN1_TIME_free(now);
	return seconds < 0 ? (int64_t)days - 1 : days;
}
