"""State published both ways: chat users at a presence server, a PBX's users at the bridge (RFC 3903)."""

import asyncio
import signal
import sqlite3

from cases import ALICE_JID, sees, test, watch_sip
from phone import Baresip
from rig import CHAT, COMPONENT, PBX, check, until
from sip_ua import PIDF_TYPE

ALIAS = f'sip:1080@{PBX}'
PUBLISHED = {'replace': {'profile = "kamailio";': 'profile = "kamailio"; publish = "presence";'},
             'extra': f'users: ( {{ jid = "juliet@{CHAT}"; alias = [ "{ALIAS}" ]; }} );'}


async def consents(rig):
    """She is asked once, by the component for the whole domain, and says yes."""
    juliet = await rig.chat_user('juliet')
    asked = await until(lambda: juliet.got('presence', COMPONENT, 'subscribe'), 'the component asks')
    check(PBX in (asked[0].text('status') or ''), f'for whom: {asked[0]}')
    juliet.presence('subscribed', to=COMPONENT)
    return juliet


def tags_on_disk(rig):
    """A bridge that dies before leaves its publication to its expiry: nothing else ends what has lost its tag."""
    db = sqlite3.connect(f'file:{rig.dir}/state.db?mode=ro', uri=True)
    try:
        return db.execute('SELECT count(*) FROM publications').fetchone()[0]
    except sqlite3.OperationalError:  # just being written
        return 0
    finally:
        db.close()


def questions(juliet):
    return [s for s in juliet.got('presence') if s.type == 'subscribe']


# [EVT-053] [EVT-054] [D-18] [REQ-012] a presence server tells its users what a chat user publishes there
@test(**PUBLISHED)
async def chat_user_is_published_at_the_sip_server(rig):
    juliet, alice = await consents(rig), await rig.sip_user('1001')
    watch = await alice.subscribe(ALIAS)
    await until(lambda: watch.document and watch.document.is_open, 'she is there')
    check(watch.document.entity == ALIAS, f'entity {watch.document.entity}')
    juliet.presence(show='dnd', status='in a <meeting> & busy')
    await until(lambda: 'in a <meeting> & busy' in watch.document.notes, 'her words')
    check('dnd' in watch.document.shows and 'busy' in watch.document.activities, f'{watch.last.text}')
    juliet.presence(show='away')
    await until(lambda: 'away' in watch.document.shows, 'away')
    check(len(watch.document.tuples) == 1, f'tuples {watch.last.text}')
    await juliet.sign_out()
    await until(lambda: not watch.document.is_open, 'closed')
    check(len(questions(juliet)) == 1, 'asked once')


# [EVT-053] a phone that somebody else wrote watches her at its server
@test(**PUBLISHED)
async def baresip_sees_the_published_chat_user(rig):
    juliet = await consents(rig)
    phone = await Baresip(rig, '1001', ALIAS).start()
    try:
        await phone.shows('Online')
        juliet.presence(show='dnd')
        await phone.shows('Busy')
        await juliet.sign_out()
        await phone.shows('Offline')
    finally:
        phone.close()


# [D-48] [REL-012] [EVT-055] a stop takes it back, a crash leaves one publication and not two, a server that lost it
# gets it again; she is not asked again
@test(**PUBLISHED)
async def publication_survives_both_ends(rig):
    juliet, alice = await consents(rig), await rig.sip_user('1001')
    watch = await alice.subscribe(ALIAS)
    await until(lambda: watch.document and watch.document.is_open, 'she is there')
    await rig.programs['sipxmppd'].stop()
    await until(lambda: watch.last and (not watch.document or not watch.document.is_open), 'taken back by the stop')
    await rig.start_bridge()
    await until(lambda: watch.document and watch.document.is_open, 'again')
    await until(lambda: tags_on_disk(rig) == 1, 'the tag is kept')
    rig.programs['sipxmppd'].signal(signal.SIGKILL)
    await rig.programs['sipxmppd'].ended()
    await rig.start_bridge()
    juliet.presence(show='dnd', status='after the crash')
    await until(lambda: watch.document and 'after the crash' in watch.document.notes, 'after the crash')
    check(len(watch.document.tuples) == 1, f'one publication: {watch.last.text}')
    rig.programs['kamailio'].signal(signal.SIGKILL)
    await rig.programs['kamailio'].ended()
    await rig.start_kamailio()
    await alice.register()
    juliet.presence(show='xa', status='after the other crash')
    fresh = await alice.subscribe(ALIAS)
    await until(lambda: fresh.document and 'after the other crash' in fresh.document.notes, 'published again', 60)
    check(len(questions(juliet)) == 1, 'asked once')


# Her no ends it for the whole domain.
@test(**PUBLISHED)
async def chat_user_takes_her_consent_back(rig):
    juliet, alice = await consents(rig), await rig.sip_user('1001')
    watch = await alice.subscribe(ALIAS)
    await until(lambda: watch.document and watch.document.is_open, 'she is there')
    juliet.presence('unsubscribed', to=COMPONENT)
    await until(lambda: not watch.document or not watch.document.is_open, 'nothing is published any more')


BODY = ('<?xml version="1.0" encoding="UTF-8"?>\n<presence entity="sip:1001@127.0.0.1"'
        ' xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"'
        ' xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid">\n <note>{note}</note>\n <tuple id="1001">\n  <status>\n'
        '   <basic>{basic}</basic>\n  </status>\n  <contact priority="1">sip:1001@127.0.0.1:5060</contact>\n </tuple>\n'
        ' <dm:person />\n</presence>\n')


class OutboundPublish:
    """Asterisk's outbound-publish of one extension, straight to the bridge."""

    def __init__(self, rig, user, number='1001'):
        self.rig, self.user, self.number, self.tag = rig, user, number, None

    async def send(self, note=None, basic='open', expires=120):
        hop = ('127.0.0.1', self.rig.bridge_port)
        uri = f'sip:{self.number}@127.0.0.1:{self.rig.bridge_port}'
        extra = [('Event', 'presence'), ('Expires', str(expires)), ('User-Agent', 'Asterisk PBX 22.10.1')]
        if self.tag:
            extra.append(('SIP-If-Match', self.tag))
        body = b''
        if note:
            extra.append(('Content-Type', PIDF_TYPE))
            body = BODY.format(note=note, basic=basic).encode()
        headers = self.user.outside('PUBLISH', f'sip:{self.number}@127.0.0.1', extra,
                                    from_uri=f'sip:{self.number}@127.0.0.1')
        answer = await self.user.request('PUBLISH', uri, headers, body, hop=hop)
        self.tag = answer.get('sip-etag') if answer.status == 200 else None
        return answer


FEED = {'replace': {'profile = "kamailio";': 'profile = "asterisk"; packages = [ ];'}}


# [PBX-019] [AST-7] [D-58] [EVT-059] [REL-012] one outbound-publish feeds an extension without any subscription, also over
# restarts and a crash of the bridge
@test(**FEED)
async def pbx_publishes_its_extensions(rig):
    juliet, pbx = await rig.chat_user('juliet'), await rig.sip_user('1099', register=False)
    feed = OutboundPublish(rig, pbx)
    answer = await feed.send('Ready')
    check(answer.status == 200 and answer.get('expires') == '120', f'answered {answer}')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, show='')
    await feed.send('On the phone')
    await sees(juliet, ALICE_JID, show='dnd', status='On the phone')
    for end in (signal.SIGTERM, signal.SIGKILL):
        await asyncio.sleep(0.5)  # what was answered just before a crash may not be on disk
        rig.programs['sipxmppd'].signal(end)
        await rig.programs['sipxmppd'].ended()
        juliet.forget()
        await rig.start_bridge()
        answer = await feed.send() # a refresh, as if nothing had been
        check(answer.status == 200, f'the tag is known: {answer.status}')
        await sees(juliet, ALICE_JID, show='dnd', status='On the phone')
    answer = await feed.send(expires=0)
    check(answer.status == 200 and answer.get('expires') == '0', f'removed: {answer}')
    await sees(juliet, ALICE_JID, type_='unavailable')
