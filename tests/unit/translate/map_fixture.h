/* A map with one domain of each kind, for the tests of the address map.
 *
 *   pbx.example      <-> sip.chat.example   exact, direct, phone_context +1555
 *   sip.example.net  <-> sip.example.net    exact, direct (the domains of the RFC's examples)
 *   kam.example      <-> kam.chat.example   fold
 *   esc.example      <-> esc.chat.example   escaped with %40, allow_sips
 *   ast.example      <-> ast.chat.example   escaped with *, asterisk
 *   plain.example    <-> plain.chat.example direct, asterisk
 *   xn--br-mia.example <-> xn--br-via.example
 *
 * Chat domains: chat.example, xmpp.example.com, example.org (im.example.org on SIP),
 * xn--bcher-kva.example. juliet@chat.example is sip:8001@pbx.example and sip:8001@plain.example.
 * Own hosts: 192.0.2.10, [2001:db8::10], bridge.example. */
#pragma once

#include "translate/address_map.h"

enum { FIXTURE_DOMAINS = 7, FIXTURE_CHATS = 4 };

extern const struct map_domain fixture_domains[FIXTURE_DOMAINS];
extern const struct address_map_params fixture_params;

struct address_map *fixture_map(void);
