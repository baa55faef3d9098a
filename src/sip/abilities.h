/* What a SIP user takes beside plain text (D-41; TYPE-009, TYPE-033 to -035, RCPT-042): what was
 * learned of him (core/learned.h) and what the profile of his peer allows. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address;
struct side_core;
struct sip_s;

/* A report of a message (RFC 5438) for this user: none, in message/cpim, or the bare document, as
 * some phones send it themselves. */
enum imdn_style { IMDN_STYLE_NONE, IMDN_STYLE_CPIM, IMDN_STYLE_BARE };

/* uri is the user as address_to_uri() writes him, which is the subject in what is learned; domain
 * is his SIP domain. */
bool abilities_takes_typing(const struct side_core *core, const char *domain, const char *uri);
/* May he be asked for receipts: message/cpim with IMDN (never as a first try). */
bool abilities_takes_cpim(const struct side_core *core, const char *domain, const char *uri);
/* asked: he asked for reports, in message/cpim then. */
enum imdn_style abilities_imdn_style(const struct side_core *core, const char *domain,
				     const char *uri, bool asked);
/* Most bytes of a body that he takes: of the profile, or less when it was refused (413); SIZE_MAX:
 * not known. */
size_t abilities_body_max(const struct side_core *core, const char *domain, const char *uri);

/* kind and value as in core/learned.h; of a user by his URI, or by his address. */
void abilities_put(const struct side_core *core, const char *kind, const char *subject,
		   int64_t value);
void abilities_put_user(const struct side_core *core, const char *kind, const struct address *user,
			int64_t value);
/* A MESSAGE to this user was taken. */
void abilities_taken(const struct side_core *core, const char *uri);
/* Accept and Allow of a request or an answer of this user are evidence where they name something;
 * what he refused stays refused until he sends one himself. */
void abilities_read(const struct side_core *core, const char *uri, const struct sip_s *sip);
