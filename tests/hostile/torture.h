/* Torture cases in the manner of RFC 4475 and RFC 5118, and stanzas to match. Ended by NULL. */
#pragma once

const char *const *torture_sip(void);
const char *const *torture_stanzas(void);
