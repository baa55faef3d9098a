"""The table of what a chat user sees, the words of the configuration, and what the person says, through real servers."""

from cases import ALICE_JID, publish, sees, test, watch_chat, watch_sip
from rig import check, until

RPID = 'urn:ietf:params:xml:ns:pidf:rpid'
PLACES = 'urn:ietf:params:xml:ns:location-type'
GERMAN = '''
language = "de";
presence: { rules = (
    { state = "in-call"; show = "xa"; },
    { state = "closed"; text = "Abgemeldet"; }
); };
'''


def person(aor, inside, note=''):
    return (f'<?xml version="1.0" encoding="UTF-8"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="{aor}"'
            f' xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:r="{RPID}" xmlns:l="{PLACES}">'
            f'<tuple id="t1"><status><basic>open</basic></status>{note}</tuple>'
            f'<dm:person id="p1">{inside}</dm:person></presence>')


async def says(alice, inside, note=''):
    answer = await alice.publish(person(alice.aor, inside, note), 600)
    check(answer.status == 200, f'PUBLISH answered {answer.status}')


# [D-27] [RPR-012] [RPR-017] [RPR-023] [RPR-027] the operator's rules, and his language
@test(extra=GERMAN)
async def words_and_rules_of_the_configuration(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice)
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='')
    await says(alice, '<r:activities><r:on-the-phone/></r:activities>', '<note>bis drei</note>')
    shown = await sees(juliet, ALICE_JID, show='xa', status='Am Telefon: bis drei')
    check(shown.xml.find('{jabber:client}status').get('{http://www.w3.org/XML/1998/namespace}lang') == 'de', f'{shown}')
    await says(alice, '<r:activities><r:meeting/></r:activities><r:place-type><l:train/></r:place-type>')
    await sees(juliet, ALICE_JID, show='dnd', status='In einer Besprechung (Zug)')
    await says(alice, '<r:activities until="2020-01-01T00:00:00Z"><r:meeting/></r:activities>'
                      '<r:sphere><r:home/></r:sphere>')
    await sees(juliet, ALICE_JID, status='Zu Hause')
    await publish(alice, basic='closed', note='bis morgen')
    await sees(juliet, ALICE_JID, type_='unavailable', status='Abgemeldet: bis morgen')


# [RPR-029] [X0319-1] [PRES-118] idle both ways
@test()
async def idle_crosses_both_ways(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice)
    await watch_sip(juliet)
    await says(alice, '<r:user-input last-input="2024-05-06T07:08:09Z">idle</r:user-input>')
    shown = await sees(juliet, ALICE_JID, show='away')
    check(shown.xml.find('{urn:xmpp:idle:1}idle').get('since') == '2024-05-06T07:08:09Z', f'{shown}')
    watch = await watch_chat(alice, juliet)
    await until(lambda: watch.document and watch.document.is_open, 'her state')
    check(b'<timestamp>' in watch.last.body, 'since when')
    check(b'user-input' not in watch.last.body, 'she is not idle')
    juliet.send('<presence><idle xmlns="urn:xmpp:idle:1" since="2024-05-06T07:08:09Z"/></presence>')
    await until(lambda: b'last-input="2024-05-06T07:08:09Z">idle<' in watch.last.body, 'she is idle')
    juliet.send('<presence/>')
    await until(lambda: b'user-input' not in watch.last.body, 'she is back')
