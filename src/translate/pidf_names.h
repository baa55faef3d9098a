/* Namespaces of presence documents. */
#pragma once

#define NS_PIDF          "urn:ietf:params:xml:ns:pidf"
#define NS_PIDF_COLON    "urn:ietf:params:xml:ns:pidf:" /* as RFC 3863 prints it once (PIDF-004) */
#define NS_DATA_MODEL    "urn:ietf:params:xml:ns:pidf:data-model"
#define NS_OLD_PERSON    "urn:ietf:params:xml:ns:pidf:person" /* drafts of RFC 4479 */
#define NS_RPID          "urn:ietf:params:xml:ns:pidf:rpid"
#define NS_CIPID         "urn:ietf:params:xml:ns:pidf:cipid"
#define NS_CAPS          "urn:ietf:params:xml:ns:pidf:caps"
#define NS_LOCATION_TYPE "urn:ietf:params:xml:ns:location-type"
#define NS_IM            "urn:ietf:params:xml:ns:pidf:im"
#define NS_JABBER_CLIENT "jabber:client"
