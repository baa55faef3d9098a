"""Subscriptions at a PBX over a restart of the daemon: killed, stopped quietly, stopped with a word."""

import asyncio
import contextlib
import sqlite3

from cases import COMPONENT, sees, test, watch_sip
from pbx import Asterisk, FreeSwitch
from rig import check, until
from test_pbx import FS_PHONE, PHONE, office
from test_running import control


async def kill(rig):
    rig.programs['sipxmppd'].kill()
    await rig.programs['sipxmppd'].ended()


async def stop_quietly(rig):
    await asyncio.to_thread(control, rig, 'stop', '--quiet')
    await rig.programs['sipxmppd'].ended()


def kept(rig):
    """How many dialogs, and users with their presence, are on disk."""
    path = f'file:{rig.dir / "state.db"}?mode=ro'
    with contextlib.closing(sqlite3.connect(path, uri=True, timeout=5)) as db:
        return tuple(db.execute(f'select count(*) from {table}').fetchone()[0] for table in ('dialogs', 'presence'))


async def goes_on(rig, pbx, juliet, phone, end, state, show, status):
    """Ends the daemon, lets the phone change meanwhile, starts it again: what is true is shown, by the old dialogs."""
    dialogs = dict(pbx.dialogs)
    cseqs = {call_id: dialog.remote_cseq for call_id, dialog in dialogs.items()}
    await until(lambda: kept(rig) == (len(dialogs), 1), 'dialogs and presence are on disk')
    asked, seen = len(pbx.subscribes), len(juliet.stanzas)
    await end(rig)
    pbx.set(phone.split('@')[0], state)
    check(not [s for s in pbx.subscribes[asked:]], 'the end of the daemon was told to the PBX')
    await rig.start_bridge()
    await until(lambda: len(pbx.subscribes) >= asked + len(dialogs), 'the PBX is asked again')
    await sees(juliet, phone, show=show, status=status)
    check(set(pbx.dialogs) == set(dialogs), f'not the old dialogs: {pbx.ended}')
    for call_id, dialog in pbx.dialogs.items():
        check(dialog.remote_cseq > cseqs[call_id], 'a CSeq was used twice')
    after = [s for s in juliet.stanzas[seen:] if s.kind == 'presence' and s.bare == phone]
    check(not [s for s in after if s.type in ('subscribe', 'subscribed', 'unsubscribed')], 'somebody was asked again')
    return after


# [REL-012] [REL-013] [REL-014] [D-48] [D-49] Asterisk: killed, stopped quietly and stopped with a word, with a change
# of the phone each time while nobody listened. Its NOTIFYs to nobody are not answered, and it goes on all the same.
@test(start=False)
async def asterisk_subscriptions_survive(rig):
    pbx, juliet = await office(rig, Asterisk, {'1001': 'idle'}, 'asterisk')
    await watch_sip(juliet)
    await sees(juliet, PHONE, status='')
    after = await goes_on(rig, pbx, juliet, PHONE, kill, 'inuse', 'dnd', 'On the phone')
    check(not [s for s in after if s.type == 'unavailable'], 'a restart was noticed')
    after = await goes_on(rig, pbx, juliet, PHONE, stop_quietly, 'onhold', 'dnd', 'On hold')
    check(not [s for s in after if s.type == 'unavailable'], 'a quiet stop was noticed')
    await goes_on(rig, pbx, juliet, PHONE, lambda r: r.stop_bridge(), 'inuse', 'dnd', 'On the phone')
    pbx.set('1001', 'idle')
    await sees(juliet, PHONE, status='')
    check(set(pbx.answers) <= {200, None}, f'NOTIFYs were answered {pbx.answers}')


# [REL-013] [D-26] FreeSWITCH with both packages: a call is never lost from view in between.
@test(start=False)
async def freeswitch_subscriptions_survive(rig):
    pbx, juliet = await office(rig, FreeSwitch, {'1002': 'call-confirmed'}, 'freeswitch')
    await watch_sip(juliet, '1002')
    await sees(juliet, FS_PHONE, show='dnd', status='On the phone')
    after = await goes_on(rig, pbx, juliet, FS_PHONE, kill, 'call-confirmed', 'dnd', 'On the phone')
    check(not [s for s in after if s.type or s.show != 'dnd'], f'shown: {[(s.type, s.show, s.status) for s in after]}')
