"""One subscription to a list of the SIP server (RFC 4662) tells of all its members."""

import asyncio
import shutil
import signal

from cases import ALICE_JID, publish, sees, test, watch_sip
from rig import COMPONENT, PBX, TEXT_SCHEMA, check, until
from test_running import control

MANY = tuple(str(1001 + i) for i in range(40))
LIST = {'profile = "kamailio";': 'profile = "kamailio"; subscribe_as = "bridge"; packages = [ "presence" ];'
                                 f' list = "sip:everybody@{PBX}";'}


async def status(rig, name):
    """A number of sipxmppctl status."""
    reader, writer = await asyncio.open_unix_connection(rig.dir / 'control')
    writer.write(b'status\n')
    text = (await reader.read()).decode()
    writer.close()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name + ' '))


async def only_the_list(rig):
    check(await status(rig, 'sip.subscriptions_wanted') == 1, 'one subscription is all')
    check(await status(rig, 'sip.list_members') == len(rig.members), 'all are on the list')
    peers = (await asyncio.to_thread(control, rig, 'show', 'peers')).stdout
    check(f'list sip:everybody@{PBX} live, members {len(rig.members)}' in peers, peers)


# [EVT-064] [EVT-067] [EVT-069] [EVT-070]
@test(members=('1001', '1002', '1003'), replace=LIST)
async def one_subscription_tells_of_the_whole_list(rig):
    juliet, alice, bob = await rig.chat_user('juliet'), await rig.sip_user('1001'), await rig.sip_user('1002')
    await publish(alice, note='in the office')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='in the office')
    await watch_sip(juliet, '1002')
    await publish(bob, note='here, too')
    await sees(juliet, f'1002@{COMPONENT}', status='here, too')
    await publish(alice, note='out', activity='away')
    await sees(juliet, ALICE_JID, show='away', status='out')
    await only_the_list(rig)
    shown = (await asyncio.to_thread(control, rig, 'show', 'presence', ALICE_JID)).stdout
    check(f'list at sip:everybody@{PBX}: active' in shown and 'says device' in shown and 'note out' in shown, shown)


# a list whose state does not fit into one NOTIFY, as Kamailio splits it [PBX-053]
@test(members=MANY, list_body_max=2000, replace=LIST)
async def a_large_list_comes_in_parts(rig):
    juliet = await rig.chat_user('juliet')
    users = [await rig.sip_user(name) for name in MANY[::8]]
    for user in users:
        await publish(user, note='here')
    for name in MANY:
        juliet.presence('subscribe', to=f'{name}@{COMPONENT}')
    for name in MANY[::8]:
        await sees(juliet, f'{name}@{COMPONENT}', status='here')
    await until(lambda: all(juliet.got('presence', f'{n}@{COMPONENT}', 'subscribed') for n in MANY), 'all are granted')
    await publish(users[-1], note='gone', activity='away')
    await sees(juliet, f'{MANY[32]}@{COMPONENT}', show='away', status='gone')
    await only_the_list(rig)


# whoever is not on the list has a subscription of his own
@test(members=('1002', '1003'), replace=LIST)
async def who_is_not_on_the_list_is_watched_too(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice, note='on my own')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='on my own')
    check(await status(rig, 'sip.subscriptions_wanted') == 2, 'the list, and 1001')


# no such list: Kamailio takes its name for that of a user, and says nothing of him
@test(replace=LIST)
async def without_a_list_all_have_their_own(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice, note='on my own')
    juliet.presence('subscribe', to=ALICE_JID)
    await until(lambda: juliet.got('presence', ALICE_JID, 'subscribed'), 'granted')
    await sees(juliet, ALICE_JID, status='on my own')


# [PRES-188] [D-26] the server hangs: all dots go out, and come back with it
@test(members=('1001', '1002', '1003'), replace=LIST, extra='presence: { hold = 1; };')
async def a_list_goes_out_when_the_sip_server_hangs(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    rig.programs['kamailio'].signal(signal.SIGSTOP)
    await until(lambda: juliet.shown(ALICE_JID).type == 'unavailable', 'unavailable', 90)
    rig.programs['kamailio'].signal(signal.SIGCONT)
    await until(lambda: juliet.shown(ALICE_JID).type == '', 'available again', 60)
    check(not juliet.got('presence', ALICE_JID, 'unsubscribed'), 'the authorization was ended')
    await only_the_list(rig)


# [PRES-151] [D-25] it restarts and has forgotten the list's dialog: a new one takes over, and nobody is asked again
@test(members=('1001', '1002', '1003'), replace=LIST)
async def a_list_comes_back_after_a_restart(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    rig.programs['kamailio'].signal(signal.SIGKILL)
    await rig.programs['kamailio'].ended()
    for table in ('rls_watchers', 'rls_presentity', 'pua'):
        shutil.copy(f'{TEXT_SCHEMA}/{table}', rig.dir / 'lists')
    await rig.start_kamailio()
    alice.etag = None
    await alice.register()
    await publish(alice, note='after the restart', activity='away')
    await until(lambda: juliet.shown(ALICE_JID).status == 'after the restart', 'the new state', 90)
    check(not juliet.got('presence', ALICE_JID, 'unsubscribed'), 'the authorization was ended')
    await only_the_list(rig)
