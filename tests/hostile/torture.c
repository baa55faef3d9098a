/* Torture cases in the manner of RFC 4475 and RFC 5118: valid ones that look wrong, wrong ones that
 * look valid. */
#include "hostile/torture.h"

#include <stddef.h>

#define HEAD                                                                                       \
	"Via: SIP/2.0/UDP 127.0.0.1:5;rport;branch=z9hG4bKt\r\nMax-Forwards: 70\r\n"               \
	"From: <sip:u1@pbx.example>;tag=t\r\nTo: <sip:c1@chat.example>\r\nCall-ID: t@x\r\n"
#define PLAIN    "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
#define EMPTY    "Content-Length: 0\r\n\r\n"
#define MSG_LINE "MESSAGE sip:c1@chat.example SIP/2.0\r\n"
#define SUB_LINE "SUBSCRIBE sip:c1@chat.example SIP/2.0\r\n"
#define SUB_TAIL "Contact: <sip:u1@127.0.0.1:5>\r\nEvent: presence\r\nExpires: 600\r\n" EMPTY

static const char *const sip_cases[] = {
	MSG_LINE HEAD "CSeq: 1 MESSAGE\r\n" PLAIN,
	SUB_LINE HEAD "CSeq: 1 SUBSCRIBE\r\n" SUB_TAIL,
	"OPTIONS sip:chat.example SIP/2.0\r\n" HEAD "CSeq: 1 OPTIONS\r\n" EMPTY,
	/* compact names, folded lines, odd blanks and letter case */
	MSG_LINE
	"v: SIP / 2.0 / UDP\r\n  127.0.0.1:5 ; branch = z9hG4bKt ;\r\n\trport\r\n"
	"max-FORWARDS :  0068\r\nf: \"J Rosenberg \\\\\\\"\" <sip:u1@pbx.example>\r\n ; tag "
	"= 98\r\nTO : sip:c1@chat.example ; tag = 1\r\ni: t.1@x\r\ncseq: 0009\r\n MESSAGE\r\n"
	"c: text/plain;charset=\"UTF-8\"\r\nl: 5\r\n\r\nhello",
	/* every legal character in the user part; escapes; escaped NUL */
	"MESSAGE sip:!*()=+$,;?/x%20%00@chat.example;x=y?h=v SIP/2.0\r\n" HEAD
	"CSeq: 1 MESSAGE\r\n" PLAIN,
	"MESSAGE sip:%63%31%40x@chat.example SIP/2.0\r\n" HEAD "CSeq: 1 MESSAGE\r\n" PLAIN,
	"MESSAGE sip:c1%40chat.example@pbx.example SIP/2.0\r\n" HEAD "CSeq: 1 MESSAGE\r\n" PLAIN,
	"MESSAGE tel:+1-201-555-0123;phone-context=x SIP/2.0\r\n" HEAD "CSeq: 1 MESSAGE\r\n" PLAIN,
	"MESSAGE im:c1@chat.example SIP/2.0\r\n" HEAD "CSeq: 1 MESSAGE\r\n" PLAIN,
	"MESSAGE sips:c1@chat.example SIP/2.0\r\n" HEAD "CSeq: 1 MESSAGE\r\n" PLAIN,
	"MESSAGE soap.beep://192.0.2.103:3002 SIP/2.0\r\n" HEAD "CSeq: 1 MESSAGE\r\n" PLAIN,
	"MESSAGE sip:[2001:db8::10] SIP/2.0\r\n" HEAD "CSeq: 1 MESSAGE\r\n" PLAIN,
	"MESSAGE sip:[2001:db8::10:5070 SIP/2.0\r\n" HEAD "CSeq: 1 MESSAGE\r\n" PLAIN,
	"MESSAGE <sip:c1@chat.example> SIP/2.0\r\n" HEAD "CSeq: 1 MESSAGE\r\n" PLAIN,
	"MESSAGE sip:c1@chat.example; lr SIP/2.0\r\n" HEAD "CSeq: 1 MESSAGE\r\n" PLAIN,
	"MESSAGE  sip:c1@chat.example  SIP/2.0\r\n" HEAD "CSeq: 1 MESSAGE\r\n" PLAIN,
	"MESSAGE sip:c1@chat.example SIP/7.0\r\n" HEAD "CSeq: 1 MESSAGE\r\n" PLAIN,
	/* lengths and numbers */
	MSG_LINE HEAD
	"CSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: 9999\r\n\r\nx",
	MSG_LINE HEAD
	"CSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: -999\r\n\r\nx",
	MSG_LINE HEAD "CSeq: 36893488147419103232 MESSAGE\r\nMax-Forwards: 300\r\n"
		      "Expires: 10000000000000\r\n" PLAIN,
	MSG_LINE HEAD "CSeq: 1 INVITE\r\n" PLAIN,
	MSG_LINE HEAD "CSeq: MESSAGE\r\n" PLAIN,
	SUB_LINE HEAD "CSeq: 1 SUBSCRIBE\r\nContact: *\r\nEvent: presence\r\nExpires: 0\r\n" EMPTY,
	SUB_LINE HEAD
	"CSeq: 1 SUBSCRIBE\r\nContact: <sip:x>;q=9\r\nEvent: presence.winfo;id=\"\r\n" EMPTY,
	SUB_LINE HEAD "CSeq: 1 SUBSCRIBE\r\nEvent: presence\r\nRequire: nothing, more\r\n"
		      "Proxy-Require: x\r\nContact: <sip:u1@127.0.0.1:1;transport=tcp>\r\n" EMPTY,
	SUB_LINE HEAD "CSeq: 1 SUBSCRIBE\r\nEvent: presence\r\nRecord-Route: <sip:127.0.0.1:1;lr>,"
		      "<sip:[::1]:2;lr>\r\nContact: \"x\" <sips:a@b;c?d=e>\r\n" EMPTY,
	/* two requests in one write, the second promises more than there can be */
	"OPTIONS sip:chat.example SIP/2.0\r\n" HEAD "CSeq: 1 OPTIONS\r\n" EMPTY MSG_LINE HEAD
	"CSeq: 2 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: 3000000000\r\n\r\nx",
	"OPTIONS sip:chat.example SIP/2.0\r\n" HEAD "CSeq: 1 OPTIONS\r\n" EMPTY MSG_LINE HEAD
	"CSeq: 2 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: 4294967295\r\n\r\nx",
	/* headers missing, repeated, empty */
	MSG_LINE "CSeq: 1 MESSAGE\r\n" PLAIN,
	MSG_LINE HEAD HEAD "CSeq: 1 MESSAGE\r\nCSeq: 2 MESSAGE\r\nContent-Length: 1\r\n" PLAIN,
	MSG_LINE HEAD "CSeq: 1 MESSAGE\r\nContent-Type:\r\nContent-Length:\r\nFrom:\r\n\r\n",
	MSG_LINE HEAD "CSeq: 1 MESSAGE\r\nDate: Fri, 01 Jan 2010 16:00:00 EST\r\n" PLAIN,
	MSG_LINE HEAD "CSeq: 1 MESSAGE\r\nContent-Type: multipart/mixed;boundary=\"\"\r\n"
		      "Content-Length: 12\r\n\r\n--\r\n\r\n\r\n----",
	MSG_LINE HEAD "CSeq: 1 MESSAGE\r\nContent-Type: multipart/mixed;boundary=7a9cbec02ceef655"
		      "\r\nContent-Length: 70\r\n\r\n--7a9cbec02ceef655\r\nContent-Type: text/plain"
		      "\r\n\r\nx\r\n--7a9cbec02cee",
	MSG_LINE HEAD "CSeq: 1 MESSAGE\r\nContent-Type: message/cpim\r\nContent-Length: 52\r\n\r\n"
		      "From: <im:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\nhello!",
	MSG_LINE HEAD "CSeq: 1 MESSAGE\r\nContent-Type: application/im-iscomposing+xml\r\n"
		      "Content-Length: 57\r\n\r\n<isComposing xmlns='urn:ietf:params:xml:ns:im-"
		      "iscomposing'",
	MSG_LINE HEAD "CSeq: 1 MESSAGE\r\nContent-Encoding: deflate\r\n" PLAIN,
	/* credentials, and what nobody asked for */
	MSG_LINE HEAD
	"CSeq: 1 MESSAGE\r\nAuthorization: Digest username=\"u7\",realm=\"pbx.example\","
	"nonce=\"x\",uri=\"sip:c1@chat.example\",response=\"0123456789abcdef0123456789abcdef"
	"\",algorithm=MD5,cnonce=\"c\",qop=auth,nc=00000001\r\n" PLAIN,
	MSG_LINE HEAD
	"CSeq: 1 MESSAGE\r\nAuthorization: Digest username=\"u\\7\",realm=\"pbx.example"
	"\",nonce=\"\",uri=\"\",response=\"\",algorithm=SHA-512-256-sess,qop=\"auth,auth-int\","
	"nc=fffffffff,userhash=true,username*=UTF-8''u%37\r\nAuthorization: Basic dTc6eA==\r\n"
	"Proxy-Authorization: NoOneKnowsThisScheme opaque-data=here\r\n" PLAIN,
	"REGISTER sip:pbx.example SIP/2.0\r\n" HEAD
	"CSeq: 1 REGISTER\r\nAuthorization: Digest username=\"u7\r\n  , realm = \"pbx.example\" ,,,"
	" nonce=\"x\"\r\nContact: <sip:u7@127.0.0.1:5>\r\n" EMPTY,
	"SIP/2.0 401 Unauthorized\r\n" HEAD "CSeq: 1 MESSAGE\r\nWWW-Authenticate: Digest "
	"realm=\"pbx.example\",nonce=\"a\\\"b\",qop=\"auth,"
	"auth-int\",algorithm=SHA-256,stale=TRUE\r\n" EMPTY,
	/* a request that is not ours, a response that nobody asked for */
	"NEWMETHOD sip:c1@chat.example SIP/2.0\r\n" HEAD "CSeq: 1 NEWMETHOD\r\n" EMPTY,
	"INVITE sip:c1@chat.example SIP/2.0\r\n" HEAD
	"CSeq: 1 INVITE\r\nContact: <sip:u1@127.0.0.1:5>\r\n" EMPTY,
	"ACK sip:c1@chat.example SIP/2.0\r\n" HEAD "CSeq: 1 ACK\r\n" EMPTY,
	"CANCEL sip:c1@chat.example SIP/2.0\r\n" HEAD "CSeq: 1 CANCEL\r\n" EMPTY,
	"BYE sip:c1@chat.example SIP/2.0\r\n" HEAD "CSeq: 1 BYE\r\n" EMPTY,
	"REGISTER sip:pbx.example SIP/2.0\r\n" HEAD "CSeq: 1 REGISTER\r\nContact: *\r\n" EMPTY,
	"PUBLISH sip:u1@pbx.example SIP/2.0\r\n" HEAD
	"CSeq: 1 PUBLISH\r\nEvent: presence\r\nSIP-If-Match: x\r\n" PLAIN,
	"NOTIFY sip:c1@127.0.0.1 SIP/2.0\r\n" HEAD
	"CSeq: 1 NOTIFY\r\nEvent: presence\r\nSubscription-State: active\r\n" EMPTY,
	"NOTIFY sip:c1@127.0.0.1 SIP/2.0\r\n" HEAD
	"CSeq: 1 NOTIFY\r\nEvent: dialog\r\nSubscription-State: "
	"terminated;reason=x;retry-after=-1\r\n"
	"Content-Type: application/pidf+xml\r\nContent-Length: 100\r\n\r\n<?xml version='1.0'?>"
	"<!DOCTYPE p [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><presence>&b;</presence>xx",
	"SIP/2.0 200 OK\r\n" HEAD "CSeq: 1 MESSAGE\r\n" EMPTY,
	"SIP/2.0 4294967301 better not break the receiver\r\n" HEAD "CSeq: 1 MESSAGE\r\n" EMPTY,
	"SIP/2.0 100 \xd0\x9d\xd0\xb5\xd0\xb2\r\n" HEAD "CSeq: 1 SUBSCRIBE\r\n" EMPTY,
	NULL,
};

#define PRESENCE "<presence from='c1@chat.example/r' to='u1@sip.chat.example'"
#define MESSAGE  "<message from='c1@chat.example/r' to='u1@sip.chat.example' type='chat' id='m'>"
#define EVENT                                                                                      \
	"<message from='c1@chat.example' to='u1@sip.chat.example/sip' type='headline'><event "     \
	"xmlns='http://jabber.org/protocol/pubsub#event'>"
#define IQ "<iq from='c1@chat.example/r' to='u1@sip.chat.example' id='q' type='get'>"

static const char *const stanza_cases[] = {
	PRESENCE "/>",
	PRESENCE " type='unavailable'/>",
	"<presence from='c1@chat.example' to='u1@sip.chat.example' type='subscribe' id='s'>"
	"<nick xmlns='http://jabber.org/protocol/nick'>Juliet</nick></presence>",
	"<presence from='c1@chat.example' to='u1@sip.chat.example' type='subscribed'/>",
	"<presence from='c1@chat.example' to='u1@sip.chat.example' type='unsubscribe'/>",
	"<presence from='c1@chat.example' to='u1@sip.chat.example' type='unsubscribed'/>",
	"<presence from='c1@chat.example' to='u1@sip.chat.example' type='probe'/>",
	"<presence from='c1@chat.example' to='u1@sip.chat.example' type='error'><error "
	"type='cancel'>"
	"<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>xmpp:x@y</gone></error></presence>",
	PRESENCE
	"><show>dnd</show><status xml:lang='de'>weg</status><status>away</status>"
	"<priority>-129</priority><idle xmlns='urn:xmpp:idle:1' since='2026-02-30T25:61:61Z'"
	"/></presence>",
	MESSAGE "<body>hello</body></message>",
	MESSAGE "<subject>s</subject><thread parent='p'>t</thread><body xml:lang='de'>hallo</body>"
		"<body>hello</body><request xmlns='urn:xmpp:receipts'/></message>",
	MESSAGE "<composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
	MESSAGE "<received xmlns='urn:xmpp:receipts' id='x'/></message>",
	MESSAGE "<body>*</body><replace xmlns='urn:xmpp:message-correct:0' id='y'/></message>",
	MESSAGE "<body>this is encrypted</body><encrypted xmlns='eu.siacs.conversations.axolotl'>"
		"<header sid='1'/></encrypted></message>",
	MESSAGE
	"<body>x</body><delay xmlns='urn:xmpp:delay' stamp='1969-07-21T02:56:15Z'/></message>",
	MESSAGE "<body/></message>",
	"<message from='c1@chat.example/r' to='u1@sip.chat.example' type='error' "
	"id='m'><body>x</body>"
	"<error code='503' type='wait'><service-unavailable "
	"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
	"<message from='c1@chat.example/r' to='u1@sip.chat.example' type='groupchat'><body>x</body>"
	"</message>",
	"<message from='u1@sip.chat.example' to='c1@chat.example'><body>wrong way</body></message>",
	"<message to='u1@sip.chat.example'><body>no from</body></message>",
	"<message from='c1@chat.example'><body>no to</body></message>",
	"<message from='c1@evil.example' to='u1@sip.chat.example'><body>foreign</body></message>",
	IQ "<ping xmlns='urn:xmpp:ping'/></iq>",
	IQ "<query xmlns='http://jabber.org/protocol/disco#info' node='n'/></iq>",
	IQ "<query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
	IQ "<query xmlns='jabber:iq:version'/></iq>",
	IQ "<vCard xmlns='vcard-temp'/></iq>",
	IQ "<query xmlns='jabber:iq:last'/></iq>",
	IQ "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items "
	   "node='http://jabber.org/protocol/mood'/></pubsub></iq>",
	IQ "<query xmlns='jabber:iq:gateway'><prompt>sip:u1@pbx.example</prompt></query></iq>",
	"<iq from='c1@chat.example/r' to='sip.chat.example' id='q' type='set'><query "
	"xmlns='jabber:iq:gateway'><prompt>+1 (555) 1</prompt></query></iq>",
	EVENT "<items node='http://jabber.org/protocol/mood'><item id='i'><mood "
	      "xmlns='http://jabber.org/protocol/mood'><happy/><text>sun</text></mood></item>"
	      "</items></event></message>",
	EVENT "<items node='http://jabber.org/protocol/activity'><item><activity "
	      "xmlns='http://jabber.org/protocol/activity'><eating><having_lunch/></eating>"
	      "</activity></item></items></event></message>",
	EVENT "<items node='http://jabber.org/protocol/nick'><item><nick "
	      "xmlns='http://jabber.org/protocol/nick'>Jule</nick></item></items></event>"
	      "</message>",
	EVENT "<purge node='http://jabber.org/protocol/mood'/></event></message>",
	PRESENCE "><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' "
		 "ver='QgayPKawpkPSDYmwT/WM94uAlu0='/></presence>",
	IQ "<query xmlns='jabber:iq:register'/></iq>",
	IQ "<one xmlns='x'/><two xmlns='y'/></iq>",
	IQ "</iq>",
	"<iq from='c1@chat.example/r' to='sip.chat.example' id='q' type='set'><command "
	"xmlns='http://jabber.org/protocol/commands' node='x' action='execute'/></iq>",
	"<iq from='chat.example' to='sip.chat.example' id='ping-1' type='result'/>",
	"<iq from='c1@chat.example/r' to='u1@sip.chat.example' id='q' type='error'/>",
	"<iq from='c1@chat.example/r' to='u1@sip.chat.example'/>",
	"<presence from='a b@chat.example' to='&quot;@sip.chat.example' type='subscribe'/>",
	"<presence from='@chat.example' to='@sip.chat.example' type='subscribe'/>",
	"<presence from='c1@chat.example//' to='a\\40b\\5c20@sip.chat.example/r' "
	"type='subscribe'/>",
	"<something from='c1@chat.example/r' to='u1@sip.chat.example'><else/></something>",
	"<message xmlns='jabber:client' from='c1@chat.example/r' to='u1@sip.chat.example'>"
	"<body>other namespace</body></message>",
	NULL,
};

const char *const *torture_sip(void)
{
	return sip_cases;
}

const char *const *torture_stanzas(void)
{
	return stanza_cases;
}
