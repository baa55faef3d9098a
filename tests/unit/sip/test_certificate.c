/* Whom a certificate stands for (RFC 5922 section 7.1). */
#include <stdio.h>
#include <time.h>

#include <openssl/pem.h>

#include "support/check.h"
#include "support/tls_files.h"

#include "sip/certificate.h"

static X509 *make(struct tls_files *files, const struct tls_spec *spec)
{
	FILE *file;
	X509 *made;

	tls_files_make(files, "it", spec);
	file = fopen(tls_files_certificate(files, "it"), "r");
	assert_non_null(file);
	made = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	assert_non_null(made);
	return made;
}

/* [SIP-099]: whole names, whatever the case; SIP URIs before DNS names, the common name alone; no
 * wildcards. */
static void names(void **state)
{
	static const struct {
		struct tls_spec spec;
		const char *has[3], *has_not[3];
	} rows[] = {
		{{.names = "DNS:a.example,DNS:B.Example"},
		 {"A.example", "b.example", "b.example."},
		 {"example", "x.a.example", "nobody"}},
		{{.names = "URI:sip:a.example,DNS:b.example", .common_name = "c.example"},
		 {"a.example"},
		 {"b.example", "c.example"}},
		{{.names = "URI:https://a.example,DNS:b.example"}, {"b.example"}, {"a.example"}},
		{{.names = "URI:sip:user@a.example,DNS:b.example"}, {"b.example"}, {"a.example"}},
		{{.names = "URI:sips:a.example,DNS:b.example"}, {"b.example"}, {"a.example"}},
		{{.names = "DNS:*.a.example,DNS:w*.b.example"},
		 {NULL},
		 {"x.a.example", "*.a.example", "ww.b.example"}},
		{{.common_name = "a.example"}, {"a.example"}, {"b.example"}},
		{{.common_name = "*.example"}, {NULL}, {"a.example", "*.example"}},
		{{.common_name = "a b"}, {NULL}, {"a b"}},
		{{.names = "IP:192.0.2.1", .common_name = "a.example"},
		 {NULL},
		 {"192.0.2.1", "a.example"}},
		{{.names = "email:a@b.example", .common_name = "a.example"}, {NULL}, {"a.example"}},
	};
	struct tls_files *files = tls_files_new();

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		X509 *certificate = make(files, &rows[i].spec);
		struct certificate_names read;

		certificate_names_read(&read, certificate);
		for (size_t k = 0; k < 3; k++) {
			const char *yes = rows[i].has[k], *no = rows[i].has_not[k];

			if (yes != NULL && !certificate_names_have(&read, yes))
				fail_msg("row %zu: no %s", i, yes);
			if (no != NULL && certificate_names_have(&read, no))
				fail_msg("row %zu: %s", i, no);
		}
		assert_false(certificate_names_have(&read, ""));
		certificate_names_clear(&read);
		X509_free(certificate);
	}
	tls_files_free(&files);
}

/* [SEC-100] [SIP-099]: alternative names that cannot be read are there all the same: the common
 * name does not stand in for them. */
static void unreadable_names(void **state)
{
	static const unsigned char bytes[] = {0x30, 0x05, 0xFF, 0xFF};
	X509 *certificate = X509_new();
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;
	struct certificate_names read;

	(void)state;
	assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN",
						    MBSTRING_UTF8,
						    (const unsigned char *)"a.example", -1, -1, 0),
			 1);
	certificate_names_read(&read, certificate);
	assert_true(certificate_names_have(&read, "a.example"));
	certificate_names_clear(&read);
	assert_int_equal(ASN1_OCTET_STRING_set(value, bytes, sizeof bytes), 1);
	extension = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, value);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	certificate_names_read(&read, certificate);
	assert_false(certificate_names_have(&read, "a.example"));
	assert_int_equal(read.count, 0);
	certificate_names_clear(&read);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
	X509_free(certificate);
}

/* More names than are read, and one that is too long. */
static void many_names(void **state)
{
	struct tls_files *files = tls_files_new();
	char text[CERTIFICATE_NAMES_MAX * 24], longest[400];
	struct certificate_names read;
	X509 *certificate;
	size_t len = 0;

	(void)state;
	for (int i = 0; i < CERTIFICATE_NAMES_MAX + 20; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%sDNS:n%d.example",
					i > 0 ? "," : "", i);
	certificate = make(files, &(struct tls_spec){.names = text});
	certificate_names_read(&read, certificate);
	assert_int_equal(read.count, CERTIFICATE_NAMES_MAX);
	certificate_names_clear(&read);
	X509_free(certificate);
	snprintf(longest, sizeof longest, "DNS:%0300d.example,DNS:b.example", 1);
	certificate = make(files, &(struct tls_spec){.names = longest});
	certificate_names_read(&read, certificate);
	assert_int_equal(read.count, 1);
	certificate_names_clear(&read);
	X509_free(certificate);
	tls_files_free(&files);
}

/* [SIP-098]: RFC 5924, and what those have who ask no SIP authority. */
static void uses(void **state)
{
	static const struct {
		const char *use;
		bool is_for_sip;
	} rows[] = {{"", true},
		    {"serverAuth", true},
		    {"clientAuth", true},
		    {"1.3.6.1.5.5.7.3.20", true},
		    {"codeSigning,1.3.6.1.5.5.7.3.20", true},
		    {"anyExtendedKeyUsage", true},
		    {"codeSigning", false},
		    {"emailProtection,timeStamping", false},
		    {"1.3.6.1.5.5.7.3.200", false}};
	struct tls_files *files = tls_files_new();

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		X509 *certificate = make(files, &(struct tls_spec){.use = rows[i].use});

		if (certificate_is_for_sip(certificate) != rows[i].is_for_sip)
			fail_msg("%s", rows[i].use);
		X509_free(certificate);
	}
	tls_files_free(&files);
}

static void days(void **state)
{
	struct tls_files *files = tls_files_new();
	X509 *certificate = make(files, &(struct tls_spec){.until_days = 10});
	int64_t now = time(NULL);

	(void)state;
	assert_int_equal(certificate_days_left(certificate, now), 10);
	assert_int_equal(certificate_days_left(certificate, now + 9 * 86400), 1);
	assert_int_equal(certificate_days_left(certificate, now + 10 * 86400), 0);
	assert_true(certificate_days_left(certificate, now + 11 * 86400) < 0);
	assert_true(certificate_days_left(certificate, now + 40 * 86400) <= -29);
	X509_free(certificate);
	tls_files_free(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),      cmocka_unit_test(unreadable_names),
		cmocka_unit_test(many_names), cmocka_unit_test(uses),
		cmocka_unit_test(days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
