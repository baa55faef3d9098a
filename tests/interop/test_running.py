"""Starting, stopping, dying and starting again; what the programs say on the command line."""

import asyncio
import json
import re
import signal
import subprocess

from cases import (ALICE_JID, JULIET, JULIET_JID, message_crosses, nothing_more, publish, sees, stored, test, watch_chat,
                   watch_sip)
from rig import COMPONENT, check, until


def run(rig, *words):
    return subprocess.run([str(rig.daemon), *map(str, words)], capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL)


def said(result):
    return (result.stdout + result.stderr).strip()


def control(rig, *words):
    """sipxmppctl, which the build puts beside the daemon."""
    program = next(p for p in (rig.daemon.parent / 'ctl/sipxmppctl', rig.daemon.parent / 'sipxmppctl') if p.exists())
    return subprocess.run([str(program), '-s', str(rig.dir / 'control'), *words], capture_output=True, text=True,
                          timeout=30)


# [D-48] [PRES-101] [CMP-013] TERM: both sides are told, exit code 0
@test()
async def term_tells_the_watchers(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    watch = await watch_chat(alice, juliet)
    rig.programs['sipxmppd'].process.terminate()
    code = await rig.programs['sipxmppd'].ended(15)
    check(code == 0, f'exit code {code}')
    await sees(juliet, ALICE_JID, type_='unavailable')
    check(not juliet.got('presence', ALICE_JID, 'unsubscribed'), 'the authorization was ended')
    await until(lambda: watch.state == 'terminated', 'NOTIFY terminated')
    check(watch.reason == 'probation', f'reason {watch.reason}')
    after = re.search(r'retry-after=(\d+)', watch.last.get('subscription-state'))
    check(after and 10 <= int(after.group(1)) <= 30, watch.last.get('subscription-state'))


async def authorizations_survive(rig, stop):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await rig.allow('1001', juliet.jid)
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    watch = await watch_chat(alice, juliet)
    await until(lambda: watch.document and watch.document.is_open, 'her state')
    await stop()
    juliet.stanzas.clear()
    await publish(alice, note='meanwhile', activity='away')
    await rig.start_bridge()
    await sees(juliet, ALICE_JID, show='away', status='meanwhile')
    again = await alice.subscribe(JULIET)
    await until(lambda: again.state == 'active' and again.document and again.document.is_open, 'active, her state')
    check('pending' not in again.notifies[0].get('subscription-state'), 'pending again')
    await nothing_more(rig, juliet, alice)
    asked = juliet.got('presence', ALICE_JID, 'subscribe')
    check(not asked, f'she was asked again: {[str(s) for s in asked]}')


# [PRES-008] [PRES-185] [PRES-186] [REL-012] [D-49]
# [REQ-096]
@test(authorise=True)
async def authorizations_survive_a_restart(rig):
    async def stop():
        code = await rig.stop_bridge()
        check(code == 0, f'exit code {code}')

    await authorizations_survive(rig, stop)


# [PRES-008] [PRES-185] [PRES-186] [REL-012] [D-49] the same after kill -9
# [REQ-095] [REQ-096]
@test(authorise=True)
async def authorizations_survive_a_crash(rig):
    async def stop():
        rig.programs['sipxmppd'].signal(signal.SIGKILL)
        await rig.programs['sipxmppd'].ended()

    await authorizations_survive(rig, stop)


def numbers(watch):
    return [int(n.get('cseq').split()[0]) for n in watch.notifies]


async def dialogs_go_on(rig, stop, transport):
    """Phones notice nothing: the same dialogs, CSeq rising, no end, no false state, nobody asked."""
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001', transport=transport)
    watch = await watch_chat(alice, juliet)
    await until(lambda: watch.document and watch.document.is_open, 'her state')
    lamp = await alice.subscribe(JULIET, 'dialog', accept='application/dialog-info+xml')
    await until(lambda: lamp.last and b'terminated' in lamp.last.body, 'the lamp')
    await stop()
    juliet.stanzas.clear()
    before, lamp_before = len(watch.notifies), len(lamp.notifies)
    juliet.presence(show='dnd', status='meanwhile')
    await rig.start_bridge()
    await until(lambda: 'meanwhile' in watch.document.notes, 'what happened meanwhile')
    await until(lambda: b'confirmed' in lamp.last.body, 'the lamp goes on')
    for one in (watch, lamp):
        check(numbers(one) == sorted(set(numbers(one))), f'CSeq {numbers(one)}')
        check({n.get('subscription-state').split(';')[0] for n in one.notifies} <= {'pending', 'active'}, 'it ended')
    check(all('closed' not in n.body.decode() for n in watch.notifies[before:]), 'shown closed in between')
    versions = [int(re.search(rb'version="(\d+)"', n.body[n.body.index(b'<dialog-info'):]).group(1))
                for n in lamp.notifies if n.body]
    check(versions == sorted(set(versions)), f'versions {versions}')
    check(len(lamp.notifies) == lamp_before + 1, f'{len(lamp.notifies) - lamp_before} NOTIFYs to the lamp')
    answer = await watch.refresh()
    check(answer.status == 200, f'the refresh is answered {answer.status}')
    answer = await watch.end()
    check(answer.status == 200, f'the end is answered {answer.status}')
    await until(lambda: watch.state == 'terminated', 'it ends')
    await nothing_more(rig, juliet, alice)
    check(not juliet.got('presence', ALICE_JID, 'subscribe'), 'she was asked again')


async def killed(rig):
    rig.programs['sipxmppd'].signal(signal.SIGKILL)
    await rig.programs['sipxmppd'].ended()


# [REL-012] [REL-013] [D-48] [D-49] [PRES-186] phones that watch notice no kill -9
@test()
async def dialogs_of_phones_go_on_after_a_crash(rig):
    await dialogs_go_on(rig, lambda: killed(rig), 'udp')


# [REL-012] [REL-013] [D-48] the same over TCP, after a stop that tells nobody
@test(extra='stop = { tell = "none"; };')
async def dialogs_of_phones_go_on_after_a_quiet_stop(rig):
    async def stop():
        code = await rig.stop_bridge()
        check(code == 0, f'exit code {code}')

    await dialogs_go_on(rig, stop, 'tcp')


# a second start where the port is taken says so and exits 75; the first one goes on
@test()
async def second_start_on_a_taken_port_says_so(rig):
    text = (rig.dir / 'sipxmppd.cfg').read_text()
    other = rig.dir / 'second.cfg'
    other.write_text(text.replace('state.db', 'second.db').replace('/control', '/second-control'))
    result = await asyncio.to_thread(run, rig, '-e', '-c', other)
    check(result.returncode == 75, f'exit code {result.returncode}: {said(result)[-300:]}')
    check(str(rig.bridge_port) in said(result), f'no port in: {said(result)[-300:]}')
    await message_crosses(rig, await rig.chat_user('juliet'), await rig.sip_user('1001'), 'still there')


@test(start=False)
async def check_of_the_configuration_names_file_and_line(rig):
    good = rig.write('sipxmppd.cfg')
    result = await asyncio.to_thread(run, rig, '-n', '-c', good)
    check(result.returncode == 0 and f'{good}: ok' in said(result), f'{result.returncode}: {said(result)}')
    lines = good.read_text().splitlines()
    line = next(n for n, text in enumerate(lines) if 'component =' in text)
    for bad, code in (('\tcomponent = 5;', 78), ('\tcomponent = "sip.chat.example"; colour = "red";', 78),
                      ('\tcomponent = "sip.chat.example', 78)):
        broken = rig.dir / 'broken.cfg'
        broken.write_text('\n'.join(lines[:line] + [bad] + lines[line + 1:]))
        result = await asyncio.to_thread(run, rig, '-n', '-c', broken)
        check(result.returncode == code, f'{bad!r}: exit code {result.returncode}: {said(result)}')
        check(re.search(re.escape(str(broken)) + r':\d+: \S', said(result)), f'{bad!r}: no FILE:LINE: {said(result)}')
        result = await asyncio.to_thread(run, rig, '-e', '-c', broken)
        check(result.returncode == code, f'{bad!r}: started with exit code {result.returncode}')
    result = await asyncio.to_thread(run, rig, '-n', '-c', rig.dir / 'missing.cfg')
    check(result.returncode == 78, f'missing file: exit code {result.returncode}')


@test(start=False)
async def command_line_is_checked(rig):
    check((await asyncio.to_thread(run, rig, '--no-such-flag')).returncode == 64, 'an unknown flag is 64')
    version = await asyncio.to_thread(run, rig, '-V')
    check(version.returncode == 0 and re.search(r'\d+\.\d+\.\d+', said(version)), f'-V: {said(version)}')


# [REQ-097]
@test()
async def control_program_shows_the_state(rig):
    juliet = await rig.chat_user('juliet')
    await watch_sip(juliet)
    status = await asyncio.to_thread(control, rig, 'status')
    check(status.returncode == 0 and status.stdout.strip(), f'status: {said(status)}')
    pairs = await asyncio.to_thread(control, rig, 'show', 'pairs')
    check(juliet.jid in pairs.stdout and '1001' in pairs.stdout, f'show pairs: {said(pairs)}')
    mapped = await asyncio.to_thread(control, rig, 'map', ALICE_JID)
    check('sip:1001@pbx.example' in mapped.stdout, f'map: {said(mapped)}')
    help_ = await asyncio.to_thread(control, rig, 'help')
    check('status' in help_.stdout and 'map' in help_.stdout, f'help: {said(help_)}')
    counted = json.loads((await asyncio.to_thread(control, rig, '--json', 'status')).stdout)
    check(counted['state'] == 'serving' and counted['pairs'] == 1 and counted['queue.messages'] == 0, f'{counted}')
    for words in (['show', 'pairs', 'a', 'b'], ['show', 'queue', 'a', 'b']):
        wrong = await asyncio.to_thread(control, rig, *words)
        check(wrong.returncode == 64 and f'use: {words[0]} {words[1]}' in wrong.stderr, f'{words}: {said(wrong)}')
    unknown = await asyncio.to_thread(control, rig, 'no', 'such', 'command')
    check(unknown.returncode != 0, 'an unknown command succeeded')
    mode = (rig.dir / 'control').stat().st_mode & 0o777
    check(mode == 0o660, f'mode of the control socket {mode:o}')


# [REL-021] [CMP-009] neither server is there at the start; both come, and it works
@test(start=False)
async def bridge_starts_before_the_servers(rig):
    await rig.start_bridge(wait=False)
    await rig.listening(rig.programs['sipxmppd'], rig.bridge_port)
    await rig.start_kamailio()
    await rig.start_chat_server()
    await rig.linked()
    await message_crosses(rig, await rig.chat_user('juliet'), await rig.sip_user('1001'), 'late but here')


# [CMP-004] [CMP-009] [REL-021] a wrong secret: it says so once and stays
# [PBX-059]
@test(start=False, replace={'secret = "': 'secret = "wrong-'})
async def wrong_secret_is_reported_and_survived(rig):
    await asyncio.gather(rig.start_chat_server(), rig.start_kamailio())
    program = await rig.start_bridge(wait=False)
    await until(lambda: 'not-authorized' in program.text(), 'the log names not-authorized')
    check(program.code is None, 'the daemon ended')
    check('wrong-' not in program.text() and rig.secret not in program.text(), 'the secret is in the log')


# [SEC-062] [SEC-063] [STRO-013] [REQ-017] neither secrets nor texts in the log, at the most talkative level
# [MSG-097] [SEC-099] a text is in the store while it waits, and a second later nowhere in its files
@test()
async def log_keeps_secrets_and_texts_to_itself(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice, note='planted note')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='planted note')
    await message_crosses(rig, juliet, alice, 'planted text')
    log = rig.programs['sipxmppd'].text()
    check('planted' not in log, 'text or note in the log')
    check(rig.secret not in log, 'the secret is in the log')
    check(not re.search(r'\b[0-9a-f]{40}\b', log), 'the digest of the secret is in the log')
    check(stored(rig, JULIET_JID) and not stored(rig, 'planted note'), 'note in the store')
    await until(lambda: not stored(rig, 'planted text'), 'the text is overwritten in the store')
    check(len(log.splitlines()) > 3, 'no log at level debug')


# [X0030-1] the component answers for itself and its users
@test()
async def component_answers_queries(rig):
    juliet = await rig.chat_user('juliet')
    info = '<query xmlns="http://jabber.org/protocol/disco#info"/>'
    for address in (COMPONENT, ALICE_JID):
        answer = await juliet.ask(address, info)
        check(answer.type == 'result', f'disco#info of {address}: {answer}')
        check(answer.xml.find('.//{http://jabber.org/protocol/disco#info}identity') is not None, f'{answer}')
    for payload in ('<ping xmlns="urn:xmpp:ping"/>', '<query xmlns="jabber:iq:version"/>'):
        answer = await juliet.ask(COMPONENT, payload)
        check(answer.type == 'result', f'{payload}: {answer}')
    answer = await juliet.ask(COMPONENT, '<query xmlns="urn:example:unknown"/>')
    check(answer.condition == 'service-unavailable', f'{answer}')


# HUP with a broken file changes nothing
# [REL-020]
@test()
async def reload_of_a_broken_configuration_changes_nothing(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    (rig.dir / 'sipxmppd.cfg').write_text('xmpp: { component = 7; };\n')
    program = rig.programs['sipxmppd']
    program.process.send_signal(signal.SIGHUP)
    await until(lambda: re.search(r'sipxmppd\.cfg:\d+:', program.text()), 'the log names file and line')
    await message_crosses(rig, juliet, alice, 'as before')


# [SIP-069] [D-50] OPTIONS is answered; what the bridge cannot do gets its code
@test()
async def sip_requests_get_the_right_codes(rig):
    alice = await rig.sip_user('1001')
    bridge = ('127.0.0.1', rig.bridge_port)
    uri = f'sip:127.0.0.1:{rig.bridge_port}'
    check((await alice.options(uri, hop=bridge)).status == 200, 'OPTIONS')
    for method, code in (('INVITE', 405), ('REGISTER', 405), ('FROBNICATE', 501)):
        headers = alice.outside(method, JULIET, [('Contact', f'<{alice.contact}>')])
        answer = await alice.request(method, JULIET, headers, hop=bridge)
        check(answer.status in (code, 405, 501), f'{method} answered {answer.status}')
        if answer.status == 405:
            check(answer.get('allow'), f'405 without Allow to {method}')
    headers = alice.outside('MESSAGE', JULIET, [('Content-Type', 'text/plain'), ('Require', 'no-such-thing')])
    answer = await alice.request('MESSAGE', JULIET, headers, b'x', hop=bridge)
    check(answer.status == 420 and 'no-such-thing' in answer.get('unsupported'), f'Require: {answer}')
    headers = alice.outside('MESSAGE', JULIET, [('Content-Type', 'application/octet-stream')])
    answer = await alice.request('MESSAGE', JULIET, headers, b'x', hop=bridge)
    check(answer.status == 415 and answer.get('accept'), f'type: {answer}')
