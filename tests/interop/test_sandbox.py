"""What the unit permits is enough: the daemon under its system-call filter and address families."""

import pathlib
import sys

from cases import ALICE_JID, message_crosses, publish, sees, test, watch_chat, watch_sip
from rig import check, until

HERE = pathlib.Path(__file__).resolve().parent
UNIT = HERE.parents[1] / 'systemd/sipxmppd.service'


async def restart_inside(rig):
    await rig.stop_bridge()
    rig.wrapper = [sys.executable, HERE / 'sandbox.py', UNIT]
    return await rig.start_bridge()


# [SEC-093] presence and messages both ways, a lost chat server, a reload and the end
@test(authorise=True)
async def works_under_the_filter_of_the_unit(rig):
    program = await restart_inside(rig)
    status = pathlib.Path(f'/proc/{program.process.pid}/status').read_text()
    check('Seccomp:\t2' in status, 'no filter is loaded')
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await rig.allow('1001', juliet.jid)
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    watch = await watch_chat(alice, juliet)
    await until(lambda: watch.document and watch.document.is_open, 'her state')
    await message_crosses(rig, juliet, alice, 'inside')
    before = rig.links()
    rig.programs['prosody'].kill()
    await rig.start_chat_server()
    await rig.linked(before)
    check('Operation not permitted' not in program.text(), 'something was not permitted')
    check(await rig.stop_bridge() == 0, 'exit code')


# [SEC-093] it is a filter: what it does not name is refused
@test(start=False)
async def filter_of_the_unit_refuses(rig):
    words = 'import os\ntry: os.chroot("/")\nexcept PermissionError: print("refused")'
    log = rig.dir / 'refused.log'
    program = rig.run('refused', [sys.executable, HERE / 'sandbox.py', UNIT, sys.executable, '-c', words])
    await program.ended()
    check('refused' in program.text(), f'{log}: {program.text()}')
