/* A PBX that asks for a password (RFC 3261 section 22, RFC 7616, RFC 8760): by bytes. The server of
 * these tests computes what must come by itself. */
#include <ctype.h>
#include <stdio.h>

#include <openssl/evp.h>

#include "support/check.h"

#include "base/mem.h"
#include "wire/deliver.h"
#include "wire/presence_agent.h"

static const char username[] = "bridge";
static const char password[] = "planted-secret";

static void with_password(struct rig *rig)
{
	rig->params.credentials =
		(struct sip_credentials){.username = username, .password = password};
	rig->params.allow_md5 = true;
}

static void without_md5(struct rig *rig)
{
	with_password(rig);
	rig->params.allow_md5 = false;
}

static void with_realm(struct rig *rig)
{
	with_password(rig);
	rig->peers[0].credentials = (struct sip_credentials){
		.username = username, .password = password, .realm = "ours"};
	rig->params.credentials = (struct sip_credentials){0};
}

static struct rig *start(void (*tune)(struct rig *rig))
{
	return rig_new(&(struct rig_options){.t1_ms = PATIENT_MS, .tune = tune});
}

/* The server ----------------------------------------------------------------------------------- */

static void hash(const char *algorithm, const char *text, char out[65])
{
	const EVP_MD *md = strcmp(algorithm, "SHA-256") == 0 ? EVP_sha256() : EVP_md5();
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	assert_int_equal(EVP_Digest(text, strlen(text), bytes, &len, md, NULL), 1);
	for (unsigned i = 0; i < len; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* Value of a parameter, without quotes; "" if it is not there. */
static const char *parameter(const char *header, const char *name, char *room, size_t size)
{
	char key[32];
	const char *at;
	size_t len;

	(void)snprintf(key, sizeof key, "%s=", name);
	at = strstr(header, key);
	while (at != NULL && at != header && isalpha((unsigned char)at[-1]))
		at = strstr(at + 1, key);
	room[0] = '\0';
	if (at == NULL)
		return room;
	at += strlen(key);
	if (*at == '"')
		len = strcspn(++at, "\"");
	else
		len = strcspn(at, ", ");
	assert_true(len < size);
	memcpy(room, at, len);
	room[len] = '\0';
	return room;
}

/* The response that must be there. */
static void check_response(const struct sip_text *text, const char *header, const char *algorithm,
			   const char *realm, const char *nonce, unsigned nc)
{
	char value[2048], a[512], b[512], room[512], cnonce[256], uri[256], ha1[65], ha2[65],
		all[65];
	char method[16] = "", count[16];

	assert_int_equal(sip_text_header_count(text, header), 1);
	sip_text_header(text, header, value, sizeof value);
	assert_int_equal(strncmp(value, "Digest ", 7), 0);
	assert_string_equal(parameter(value, "username", room, sizeof room), username);
	assert_string_equal(parameter(value, "realm", room, sizeof room), realm);
	assert_string_equal(parameter(value, "nonce", room, sizeof room), nonce);
	(void)snprintf(count, sizeof count, "%08x", nc);
	assert_string_equal(parameter(value, "nc", room, sizeof room), nc != 0 ? count : "");
	parameter(value, "cnonce", cnonce, sizeof cnonce);
	parameter(value, "uri", uri, sizeof uri);
	memcpy(method, text->text, strcspn(text->text, " "));
	/* [SIP-055] */
	assert_int_equal(strncmp(text->text + strlen(method) + 1, uri, strlen(uri)), 0);
	(void)snprintf(a, sizeof a, "%s:%s:%s", username, realm, password);
	hash(algorithm, a, ha1);
	(void)snprintf(b, sizeof b, "%s:%s", method, uri);
	hash(algorithm, b, ha2);
	if (nc != 0)
		(void)snprintf(a, sizeof a, "%s:%s:%s:%s:auth:%s", ha1, nonce, count, cnonce, ha2);
	else
		(void)snprintf(a, sizeof a, "%s:%s:%s", ha1, nonce, ha2);
	hash(algorithm, a, all);
	assert_string_equal(parameter(value, "response", room, sizeof room), all);
}

static void challenge(struct rig *rig, const struct sip_text *text, const char *value)
{
	char line[1024];

	(void)snprintf(line, sizeof line, "WWW-Authenticate: Digest %s\r\n", value);
	text_peer_answer(rig->peer, text, "401 Unauthorized", line);
}

static const struct sip_text *next(struct rig *rig)
{
	return expect_message(rig, "1001");
}

/* Tests ---------------------------------------------------------------------------------------- */

/* [SIP-010] [SIP-052] [SIP-054] [SIP-055] [SIP-003] [SOF-015] [ERR-015]: the same request with
 * credentials, one more in CSeq, another branch. */
static void challenge_is_answered(void **state)
{
	struct rig *rig = start(with_password);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});
	char via[512], again[512], tag[64], room[64];
	const struct sip_text *text;

	(void)state;
	deliver(rig, 1, "1001", &message);
	text = next(rig);
	assert_int_equal(sip_text_header_count(text, "Authorization"), 0);
	sip_text_header(text, "Via", via, sizeof via);
	sip_text_tag(text, "From", tag, sizeof tag);
	challenge(rig, text, "realm=\"pbx\", nonce=\"n1\", qop=\"auth\", algorithm=MD5");
	text = next(rig);
	check_response(text, "Authorization", "MD5", "pbx", "n1", 1);
	assert_string_not_equal(sip_text_header(text, "Via", again, sizeof again), via);
	expect_header(text, "CSeq", "2 MESSAGE");
	expect_header(text, "Call-ID", "u");
	assert_string_equal(sip_text_tag(text, "From", room, sizeof room), tag);
	assert_string_equal(sip_text_body(text), "x");
	answer_and_expect(rig, text, "200 OK", "outcome 1 TAKEN");
	rig_free(&rig);
}

/* [SIP-058] [SEC-015] [PBX-025]: the next request brings them by itself, nc rises; nextnonce begins
 * anew. */
static void nonce_is_used_again(void **state)
{
	struct rig *rig = start(with_password);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});
	const struct sip_text *text;

	(void)state;
	deliver(rig, 1, "1001", &message);
	challenge(rig, next(rig), "realm=\"pbx\", nonce=\"n1\", qop=\"auth\"");
	answer_and_expect(rig, next(rig), "200 OK", "outcome 1 TAKEN");
	message.uid = (char[]){"v"};
	deliver(rig, 2, "1001", &message);
	text = next(rig);
	check_response(text, "Authorization", "MD5", "pbx", "n1", 2);
	expect_header(text, "CSeq", "1 MESSAGE");
	text_peer_answer(rig->peer, text, "202 Accepted",
			 "Authentication-Info: nextnonce=\"n2\", qop=auth, nc=00000002\r\n");
	rig_expect_line(rig, "outcome 2 TAKEN");
	message.uid = (char[]){"w"};
	deliver(rig, 3, "1001", &message);
	text = next(rig);
	check_response(text, "Authorization", "MD5", "pbx", "n2", 1);
	/* A nonce that is too old. [SIP-057] */
	challenge(rig, text, "realm=\"pbx\", nonce=\"n3\", qop=\"auth\", stale=true");
	text = next(rig);
	check_response(text, "Authorization", "MD5", "pbx", "n3", 1);
	/* At most two tries. [SEC-014] */
	challenge(rig, text, "realm=\"pbx\", nonce=\"n4\", qop=\"auth\", stale=TRUE");
	text = next(rig);
	check_response(text, "Authorization", "MD5", "pbx", "n4", 1);
	challenge(rig, text, "realm=\"pbx\", nonce=\"n5\", qop=\"auth\", stale=true");
	rig_expect_line(rig, "outcome 3 REFUSED not-authorized sip=401");
	rig_free(&rig);
}

/* [SIP-057]: a password that is refused is not tried over and over. */
static void wrong_password_stops(void **state)
{
	struct rig *rig = start(with_password);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});

	(void)state;
	deliver(rig, 1, "1001", &message);
	challenge(rig, next(rig), "realm=\"pbx\", nonce=\"n1\", qop=\"auth\"");
	challenge(rig, next(rig), "realm=\"pbx\", nonce=\"n2\", qop=\"auth\"");
	rig_expect_line(rig, "outcome 1 REFUSED not-authorized sip=401");
	message.uid = (char[]){"v"};
	deliver(rig, 2, "1001", &message);
	const struct sip_text *text = next(rig);

	assert_int_equal(sip_text_header_count(text, "Authorization"), 0);
	challenge(rig, text, "realm=\"pbx\", nonce=\"n3\", qop=\"auth\"");
	rig_expect_line(rig, "outcome 2 REFUSED not-authorized sip=401");
	assert_int_equal(text_peer_let_run(rig->peer, 20), 0);
	rig_free(&rig);
}

/* [SEC-015] [SIP-056] [SIP-053]: the matrix of challenges; hash NULL: not answered. */
static void strongest_form_is_answered(void **state)
{
	static const struct {
		const char *name;
		void (*tune)(struct rig *rig);
		const char *lines;
		const char *hash;
		const char *nonce;
		unsigned nc;
	} rows[] = {
		{"both", with_password,
		 "WWW-Authenticate: Digest realm=\"ours\", nonce=\"m\", qop=\"auth\"\r\n"
		 "WWW-Authenticate: Digest realm=\"ours\", nonce=\"s\", qop=\"auth\", "
		 "algorithm=SHA-256\r\n",
		 "SHA-256", "s", 1},
		{"both, no md5", without_md5,
		 "WWW-Authenticate: Digest realm=\"ours\", nonce=\"m\", qop=\"auth\", "
		 "algorithm=MD5\r\n"
		 "WWW-Authenticate: Digest realm=\"ours\", nonce=\"s\", qop=\"auth,auth-int\", "
		 "algorithm=sha-256\r\n",
		 "SHA-256", "s", 1},
		{"md5 is forbidden", without_md5,
		 "WWW-Authenticate: Digest realm=\"ours\", nonce=\"m\", qop=\"auth\"\r\n", NULL,
		 NULL, 0},
		{"without qop", with_password,
		 "WWW-Authenticate: Digest realm=\"ours\", nonce=\"m\", opaque=\"o\"\r\n", "MD5",
		 "m", 0},
		{"basic", with_password, "WWW-Authenticate: Basic realm=\"ours\"\r\n", NULL, NULL,
		 0},
		{"basic beside", with_password,
		 "WWW-Authenticate: Basic realm=\"ours\"\r\n"
		 "WWW-Authenticate: Digest realm=\"ours\", nonce=\"m\", qop=\"auth\"\r\n",
		 "MD5", "m", 1},
		{"unknown algorithm", with_password,
		 "WWW-Authenticate: Digest realm=\"ours\", nonce=\"m\", algorithm=FOO\r\n", NULL,
		 NULL, 0},
		{"unknown algorithm beside", with_password,
		 "WWW-Authenticate: Digest realm=\"ours\", nonce=\"x\", algorithm=SHA-9\r\n"
		 "WWW-Authenticate: Digest realm=\"ours\", nonce=\"m\"\r\n",
		 "MD5", "m", 0},
		{"no challenge", with_password, "", NULL, NULL, 0},
		/* [SEC-014] [D-54] */
		{"another realm", with_realm,
		 "WWW-Authenticate: Digest realm=\"theirs\", nonce=\"m\", qop=\"auth\"\r\n", NULL,
		 NULL, 0},
		{"another realm beside", with_realm,
		 "WWW-Authenticate: Digest realm=\"theirs\", nonce=\"s\", qop=\"auth\", "
		 "algorithm=SHA-256\r\n"
		 "WWW-Authenticate: Digest realm=\"ours\", nonce=\"m\", qop=\"auth\"\r\n",
		 "MD5", "m", 1},
	};
	struct message message = text_message((char[]){"u"}, (char[]){"x"});

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = start(rows[i].tune);

		deliver(rig, 1, "1001", &message);
		text_peer_answer(rig->peer, next(rig), "401 Unauthorized", rows[i].lines);
		if (rows[i].hash != NULL) {
			const struct sip_text *text = next(rig);

			check_response(text, "Authorization", rows[i].hash, "ours", rows[i].nonce,
				       rows[i].nc);
			answer_and_expect(rig, text, "200 OK", "outcome 1 TAKEN");
		} else {
			rig_expect_line(rig, "outcome 1 REFUSED not-authorized sip=401");
			if (text_peer_let_run(rig->peer, 10) != 0)
				fail_msg("%s was answered", rows[i].name);
		}
		rig_free(&rig);
	}
}

/* [SIP-052]: a proxy asks by 407, and the server behind it by 401: each gets its own. */
static void proxy_and_server_both_ask(void **state)
{
	struct rig *rig = start(with_password);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});
	const struct sip_text *text;

	(void)state;
	deliver(rig, 1, "1001", &message);
	text_peer_answer(rig->peer, next(rig), "407 Proxy Authentication Required",
			 "Proxy-Authenticate: Digest realm=\"pbx\", nonce=\"p\", qop=\"auth\"\r\n");
	text = next(rig);
	check_response(text, "Proxy-Authorization", "MD5", "pbx", "p", 1);
	challenge(rig, text, "realm=\"pbx\", nonce=\"s\", qop=\"auth\", algorithm=SHA-256");
	text = next(rig);
	check_response(text, "Proxy-Authorization", "MD5", "pbx", "p", 2);
	check_response(text, "Authorization", "SHA-256", "pbx", "s", 1);
	expect_header(text, "CSeq", "3 MESSAGE");
	answer_and_expect(rig, text, "200 OK", "outcome 1 TAKEN");
	rig_free(&rig);
}

/* [SEC-014] [D-54]: what the next hop has been believed in stays the only realm. */
static void realm_is_learned(void **state)
{
	struct rig *rig = start(with_password);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});
	const struct sip_text *text;

	(void)state;
	deliver(rig, 1, "1001", &message);
	challenge(rig, next(rig), "realm=\"pbx\", nonce=\"n1\", qop=\"auth\"");
	answer_and_expect(rig, next(rig), "200 OK", "outcome 1 TAKEN");
	message.uid = (char[]){"v"};
	deliver(rig, 2, "1001", &message);
	text = next(rig);
	challenge(rig, text, "realm=\"stranger\", nonce=\"n2\", qop=\"auth\"");
	rig_expect_line(rig, "outcome 2 REFUSED not-authorized sip=401");
	assert_int_equal(text_peer_let_run(rig->peer, 20), 0);
	rig_free(&rig);
}

static void proxy_challenge(struct rig *rig, const struct sip_text *text, const char *value)
{
	char line[1024];

	(void)snprintf(line, sizeof line, "Proxy-Authenticate: Digest %s\r\n", value);
	text_peer_answer(rig->peer, text, "407 Proxy Authentication Required", line);
}

/* [SEC-014] [D-54]: a phone behind a proxy that asked gets no hash for a realm of its own, and that
 * realm does not take the place of the proxy's. */
static void phone_behind_proxy_asks_in_vain(void **state)
{
	struct rig *rig = start(with_password);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});
	const struct sip_text *text;

	(void)state;
	deliver(rig, 1, "1001", &message);
	proxy_challenge(rig, next(rig), "realm=\"pbx\", nonce=\"p\", qop=\"auth\"");
	challenge(rig, next(rig), "realm=\"evil\", nonce=\"e\", qop=\"auth\"");
	rig_expect_line(rig, "outcome 1 REFUSED not-authorized sip=401");
	assert_int_equal(text_peer_let_run(rig->peer, 20), 0);
	message.uid = (char[]){"v"};
	deliver(rig, 2, "1001", &message);
	text = next(rig);
	assert_int_equal(sip_text_header_count(text, "Authorization"), 0);
	check_response(text, "Proxy-Authorization", "MD5", "pbx", "p", 2);
	proxy_challenge(rig, text, "realm=\"pbx\", nonce=\"q\", qop=\"auth\", stale=true");
	text = next(rig);
	check_response(text, "Proxy-Authorization", "MD5", "pbx", "q", 1);
	answer_and_expect(rig, text, "200 OK", "outcome 2 TAKEN");
	rig_free(&rig);
}

/* A phone that asks in the name of the proxy, which knows nothing of that nonce. */
static void phone_lies(struct rig *rig, int id, const char *uid, unsigned nc)
{
	struct message message = text_message((char[]){"x"}, (char[]){"x"});
	char room[16], line[80];
	const struct sip_text *text;

	(void)snprintf(room, sizeof room, "%s", uid);
	message.uid = room;
	deliver(rig, id, "1001", &message);
	text = next(rig);
	check_response(text, "Proxy-Authorization", "MD5", "pbx", "p", nc);
	proxy_challenge(rig, text, "realm=\"pbx\", nonce=\"e\", qop=\"auth\"");
	text = next(rig);
	check_response(text, "Proxy-Authorization", "MD5", "pbx", "e", 1);
	proxy_challenge(rig, text, "realm=\"pbx\", nonce=\"r\", qop=\"auth\"");
	(void)snprintf(line, sizeof line, "outcome %d REFUSED registration-required sip=407", id);
	rig_expect_line(rig, line);
}

/* [SIP-057] [SEC-014]: a password that was believed is not refused because of one phone; when
 * nobody believes it any more it is. */
static void phone_does_not_silence_the_rest(void **state)
{
	struct rig *rig = start(with_password);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});
	const struct sip_text *text;

	(void)state;
	deliver(rig, 1, "1001", &message);
	proxy_challenge(rig, next(rig), "realm=\"pbx\", nonce=\"p\", qop=\"auth\"");
	answer_and_expect(rig, next(rig), "200 OK", "outcome 1 TAKEN");
	phone_lies(rig, 2, "v", 2);
	message.uid = (char[]){"w"};
	deliver(rig, 3, "1001", &message);
	text = next(rig);
	check_response(text, "Proxy-Authorization", "MD5", "pbx", "p", 3);
	answer_and_expect(rig, text, "200 OK", "outcome 3 TAKEN");
	for (int i = 0; i < 3; i++)
		phone_lies(rig, 4 + i, (const char *[]){"a", "b", "c"}[i], 4 + (unsigned)i);
	message.uid = (char[]){"d"};
	deliver(rig, 7, "1001", &message);
	text = next(rig);
	assert_int_equal(sip_text_header_count(text, "Proxy-Authorization"), 0);
	answer_and_expect(rig, text, "200 OK", "outcome 7 TAKEN");
	rig_free(&rig);
}

/* [SIP-010] [REL-004]: another form after a challenge, and the repetition after a crash, never use
 * a CSeq twice. */
static void numbers_do_not_collide(void **state)
{
	struct rig *rig = start(with_password);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});

	(void)state;
	deliver(rig, 1, "1001", &message);
	challenge(rig, next(rig), "realm=\"pbx\", nonce=\"n1\", qop=\"auth\"");
	answer_and_expect(rig, next(rig), "500 Error", "outcome 1 REFUSED");
	deliver(rig, 2, "1001", &message); /* it was answered: the next one */
	const struct sip_text *text = next(rig);

	expect_header(text, "CSeq", "3 MESSAGE");
	answer_and_expect(rig, text, "500 Error", "outcome 2 REFUSED");
	restart_side(rig);
	message.repeat = 1;
	deliver(rig, 3, "1001", &message);
	text = next(rig);
	expect_header(text, "CSeq", "5 MESSAGE");
	rig_free(&rig);
}

static unsigned cseq_of(const struct sip_text *text)
{
	char room[64];

	return (unsigned)strtoul(sip_text_header(text, "CSeq", room, sizeof room), NULL, 10);
}

/* [SIP-010] [SIP-058] [PRES-035]: in a dialog the counter of the dialog follows. */
static void dialog_counts_on(void **state)
{
	struct rig *rig = start(with_password);
	struct presence_agent end;
	char room[256];
	const struct sip_text *text;
	unsigned first;

	(void)state;
	pa_watch(rig);
	text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	assert_non_null(text);
	first = cseq_of(text);
	challenge(rig, text, "realm=\"pbx\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256");
	text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	assert_non_null(text);
	assert_int_equal(cseq_of(text), first + 1);
	check_response(text, "Authorization", "SHA-256", "pbx", "n1", 1);
	pa_learn(&end, text);
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	pa_notify(rig, &end, "active;expires=3600", pa_document("one", room, sizeof room), "200");
	pa_unwatch(rig);
	text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	assert_non_null(text);
	assert_int_equal(cseq_of(text), first + 2);
	check_response(text, "Authorization", "SHA-256", "pbx", "n1", 2);
	challenge(rig, text, "realm=\"pbx\", nonce=\"n2\", qop=\"auth\", algorithm=SHA-256");
	text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	assert_non_null(text);
	assert_int_equal(cseq_of(text), first + 3);
	check_response(text, "Authorization", "SHA-256", "pbx", "n2", 1);
	rig_free(&rig);
}

/* [SEC-014] [D-54]: who is not the next hop gets nothing, whatever he asks for. */
static void others_are_not_answered(void **state)
{
	struct rig *rig = start(with_password);

	(void)state;
	/* A watcher at another port of the same machine asks for credentials of a NOTIFY. */
	struct text_peer *phone = text_peer_new(rig->loop, rig->port);
	char text[1024];

	(void)snprintf(text, sizeof text,
		       "SUBSCRIBE sip:juliet@chat.example SIP/2.0\r\n"
		       "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKa;rport\r\n"
		       "Max-Forwards: 70\r\nFrom: <sip:1001@pbx.example>;tag=f\r\n"
		       "To: <sip:juliet@chat.example>\r\nCall-ID: c\r\nCSeq: 1 SUBSCRIBE\r\n"
		       "Event: presence\r\nContact: <sip:1001@127.0.0.1:%u>\r\nExpires: 600\r\n"
		       "Content-Length: 0\r\n\r\n",
		       text_peer_port(phone), text_peer_port(phone));
	text_peer_send(phone, SIP_WAY_UDP, text);
	const struct sip_text *notify = text_peer_expect(phone, "NOTIFY ");

	assert_non_null(notify);
	text_peer_answer(phone, notify, "401 Unauthorized",
			 "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n\", qop=\"auth\"\r\n");
	(void)text_peer_let_run(phone, 50);
	assert_int_equal(text_peer_count(phone, "NOTIFY "), 0);
	text_peer_free(&phone);
	rig_free(&rig);
}

/* [SIP-052] [ERR-015]: without a password nothing is answered, and the caller hears of it. */
static void without_password_nothing_is_sent(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS});
	struct message message = text_message((char[]){"u"}, (char[]){"x"});

	(void)state;
	deliver(rig, 1, "1001", &message);
	challenge(rig, next(rig), "realm=\"pbx\", nonce=\"n1\", qop=\"auth\"");
	rig_expect_line(rig, "outcome 1 REFUSED not-authorized sip=401");
	assert_int_equal(text_peer_let_run(rig->peer, 20), 0);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(challenge_is_answered),
		cmocka_unit_test(nonce_is_used_again),
		cmocka_unit_test(wrong_password_stops),
		cmocka_unit_test(strongest_form_is_answered),
		cmocka_unit_test(proxy_and_server_both_ask),
		cmocka_unit_test(realm_is_learned),
		cmocka_unit_test(phone_behind_proxy_asks_in_vain),
		cmocka_unit_test(phone_does_not_silence_the_rest),
		cmocka_unit_test(numbers_do_not_collide),
		cmocka_unit_test(dialog_counts_on),
		cmocka_unit_test(others_are_not_answered),
		cmocka_unit_test(without_password_nothing_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
