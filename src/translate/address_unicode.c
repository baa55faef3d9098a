/* Local parts beyond ASCII. Chat servers prepare JIDs by Nodeprep (NFKC) or by PRECIS (NFC, an
 * identifier class): only what both leave alone is mapped (D-08, JID-003, JID-006). */
#include "translate/address_private.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

#include "base/utf8.h"

/* The letters and digits of the PRECIS IdentifierClass (RFC 8264 section 9.1); this leaves out
 * spaces, symbols, controls, ignorable and bidi control characters (SEC-044), unassigned ones. */
static bool is_identifier(uint32_t c)
{
	if (c < 0x80)
		return true;
	return uc_is_general_category_withtable(
		       c, UC_CATEGORY_MASK_Ll | UC_CATEGORY_MASK_Lo | UC_CATEGORY_MASK_Lm |
				  UC_CATEGORY_MASK_Nd | UC_CATEGORY_MASK_Mn |
				  UC_CATEGORY_MASK_Mc) &&
	       !uc_is_property_default_ignorable_code_point(c);
}

/* Equal to its own NFKC case-folding; that it is NFC follows. */
static bool is_folded(const struct local *plain)
{
	size_t len = 0;
	uint8_t *folded = u8_casefold((const uint8_t *)plain->text, plain->len, NULL, UNINORM_NFKC,
				      NULL, &len);
	bool same = folded != NULL && len == plain->len && memcmp(folded, plain->text, len) == 0;

	free(folded);
	return same;
}

const char *unicode_refusal(const struct local *plain)
{
	for (size_t at = 0; at < plain->len;) {
		uint32_t c;
		size_t used = utf8_decode(plain->text + at, plain->len - at, &c);

		if (used == 0)
			return "the user part is not UTF-8"; /* ADDR-015 */
		if (!is_identifier(c))
			return "the user part has a character that chat servers do not allow";
		at += used;
	}
	if (!is_folded(plain))
		return "the user part is not in lower case and normal form (NFKC)";
	return NULL;
}

static bool is_right_to_left(int category)
{
	return category == UC_BIDI_R || category == UC_BIDI_AL;
}

bool unicode_breaks_bidi(const struct local *jid)
{
	unsigned seen = 0;
	int first = -1;
	int last = -1;

	for (size_t at = 0; at < jid->len;) {
		uint32_t c;
		size_t used = utf8_decode(jid->text + at, jid->len - at, &c);

		if (used == 0)
			return true;
		last = uc_bidi_category(c);
		if (first < 0)
			first = last;
		seen |= 1u << last;
		at += used;
	}
	if ((seen & (1u << UC_BIDI_R | 1u << UC_BIDI_AL | 1u << UC_BIDI_AN)) == 0)
		return false;
	/* RFC 3454 section 6 and RFC 5893 section 2 together. */
	return (seen & (1u << UC_BIDI_L)) != 0 || !is_right_to_left(first) ||
	       !is_right_to_left(last) ||
	       ((seen & (1u << UC_BIDI_EN)) != 0 && (seen & (1u << UC_BIDI_AN)) != 0);
}
