#!/usr/bin/python3
"""Values that try to be more than values, through the wire: lines of the log and headers of SIP cannot be forged.

  injection.py SIPXMPPD
"""

import re
import sys
import unittest
from xml.sax.saxutils import escape

from bridge import Bridge, Phone

DAEMON = sys.argv.pop(1)
LINE = re.compile(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (err|warning|notice|info|debug) [a-z_]+: ')
# What a terminal or a reader of lines would obey: controls, DEL, C1, bidi, line and paragraph separators.
OBEYED = re.compile('[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]')
FORGED = '2026-01-01 00:00:00.000 err daemon: forged'
# Each with what a stanza can say; a SIP header can say the second half of them.
BAD = (f'\n{FORGED}', f'\r\n{FORGED}', '\x85' + FORGED, '\u2028' + FORGED, '\u202e' + 'desrever', '\x7f' + FORGED, '\x9b31m' + FORGED)
BAD_SIP = (b'\x1b[31m', b'\x7f', '\u202edesrever'.encode(), '\u2028'.encode() + FORGED.encode(), b'\xc2\x85' + FORGED.encode(),
           b'\xc2\x9b31m', b'" status=200 "', b'\xff\xfe', b'\r\n ' + FORGED.encode(), b'%0d%0a' + FORGED.replace(' ', '%20').encode())


def attribute(text):
    return escape(text, {"'": '&apos;', '\n': '&#10;', '\r': '&#13;'})


class Injection(unittest.TestCase):
    def setUp(self):
        self.bridge = Bridge(DAEMON, more='log: { level = "debug"; }; limits: { messages_per_user_per_s = 100000; };').__enter__()
        self.addCleanup(self.bridge.close)
        self.phone = Phone(self.bridge)
        self.addCleanup(self.phone.close)

    def check_log(self):
        log = self.bridge.log()
        for line in log.split('\n')[:-1]:
            self.assertRegex(line, LINE)
            self.assertIsNone(OBEYED.search(line), line)
            self.assertFalse(line.startswith(FORGED), line)
        self.assertIn('forged', log)  # it was worth a line, as a value
        return log

    # [SEC-061]: addresses, display names, user agents, subjects, ids of requests, refused and taken; what a SIP server
    # gives as its reason
    def test_log_from_sip(self):
        for number, bad in enumerate(BAD_SIP):
            places = {'User-Agent': b'a' + bad, 'Subject': b'b' + bad, 'Call-ID': b'%d' % number + bad, 'Event': b'presence' + bad,
                      'From': b'"c' + bad.replace(b'"', b'\\"') + b'" <sip:1001@pbx.example>;tag=1', 'Contact': b'<sip:x' + bad + b'@127.0.0.1>',
                      'P-Asserted-Identity': b'<sip:' + bad + b'@elsewhere.example>', 'Content-Type': b'text/plain' + bad}
            for name, value in places.items():
                for method in ('MESSAGE', 'SUBSCRIBE', 'NOTIFY'):
                    self.phone.send(self.phone.request(method, 'sip:juliet@chat.example', raw={name: value}))
            for user in (b'1001' + bad, b'juliet%0a' + bad):
                self.phone.send(self.phone.request('MESSAGE', 'sip:x@chat.example', raw={'From': b'<sip:' + user + b'@pbx.example>;tag=1'}))
            self.phone.ask(self.phone.request('OPTIONS', 'sip:chat.example'))
            self.bridge.peer.status_line[b'MESSAGE'] = b'SIP/2.0 403 No ' + bad.replace(b'\r\n', b'')
            self.bridge.chat.say(f"<message type='chat' id='r{number}' from='juliet@chat.example/desk' to='1001@sip.chat.example'><body>{number}</body></message>")
            self.bridge.until(lambda: len(self.bridge.peer.of('MESSAGE')) > number, 'the text at the SIP server')
        self.assertGreater(self.check_log().count('status=400'), 3)

    # [SEC-061]: resources, ids, nicks, states and texts of stanzas
    def test_log_from_xmpp(self):
        for number, bad in enumerate(BAD):
            value, text = attribute(bad), escape(bad)
            for stanza in (f"<presence from='juliet@chat.example/{value}' to='1001@sip.chat.example'><show>{text}</show><status>{text}</status></presence>",
                           f"<presence type='subscribe' id='{value}' from='juliet@chat.example' to='10{number}@sip.chat.example'>"
                           f"<nick xmlns='http://jabber.org/protocol/nick'>{text}</nick></presence>",
                           f"<message type='{value}' id='{value}' from='juliet@chat.example/{value}' to='1001@sip.chat.example'><subject>{text}</subject>"
                           f"<thread>{text}</thread><body>{text}</body></message>",
                           f"<message from='juliet{value}@chat.example' to='{value}@sip.chat.example'><body>x</body></message>",
                           f"<message from='juliet@chat{value}.example' to='1001@sip.chat.example'><body>x</body></message>",
                           f"<message type='error' id='{value}' from='juliet@chat.example' to='1001@sip.chat.example'><error type='cancel'>"
                           f"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>{text}</text></error></message>"):
                self.bridge.chat.say(stanza)
        self.bridge.chat.say("<message type='chat' id='last' from='juliet@chat.example/desk' to='1001@sip.chat.example'><body>last of all</body></message>")
        self.bridge.until(lambda: any(b'last of all' in it for it in self.bridge.peer.of('MESSAGE')), 'the last text')
        self.check_log()
        self.assertEqual(self.bridge.chat.connects, 1)

    # [SEC-060]: no text of a stanza makes a header, or a request, of its own
    def test_headers(self):
        forged = '\r\nForged: yes\r\n\r\nINVITE sip:x SIP/2.0\r\nForged: yes'
        for number, bad in enumerate((forged, forged.replace('\r\n', '\n'), forged.replace('\r\n', '\r'), '" <sip:evil@x>\r\nForged: yes', '\u2028Forged: yes')):
            value, text = attribute(bad), attribute(bad)
            for stanza in (f"<message type='chat' id='{number}{value}' from='juliet@chat.example/desk' to='1001@sip.chat.example'>"
                           f"<subject>{text}</subject><thread parent='{value}'>{text}</thread><nick xmlns='http://jabber.org/protocol/nick'>{text}</nick>"
                           f"<body xml:lang='{value}'>text {number}</body><request xmlns='urn:xmpp:receipts'/></message>",
                           f"<presence type='subscribe' id='{value}' from='juliet@chat.example' to='10{number}@sip.chat.example'>"
                           f"<nick xmlns='http://jabber.org/protocol/nick'>{text}</nick></presence>"):
                self.bridge.chat.say(stanza)
        self.bridge.chat.say("<message type='chat' id='last' from='juliet@chat.example/desk' to='1001@sip.chat.example'><body>last of all</body></message>")
        self.bridge.until(lambda: any(b'last of all' in it for it in self.bridge.peer.of('MESSAGE')), 'the last text')
        self.bridge.until(lambda: len(self.bridge.peer.of('SUBSCRIBE')) >= 5, 'five questions')
        self.assertTrue(any(b'text 0' in it for it in self.bridge.peer.of('MESSAGE')))
        for request in self.bridge.peer.requests:
            head = request.partition(b'\r\n\r\n')[0]
            for line in re.split(b'\r\n|\r|\n', head):
                self.assertFalse(line.startswith((b'Forged', b'INVITE')), request)
                self.assertNotRegex(line.decode(), '[\x00-\x1f\x7f]')


if __name__ == '__main__':
    unittest.main()
