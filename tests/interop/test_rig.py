"""The servers and users of the rig work without the bridge: what fails later is the bridge's."""

from cases import test
from rig import check, until
from sip_ua import pidf


@test(bridge=False)
async def rig_sip_users_watch_and_write(rig):
    for transport in ('udp', 'tcp'):
        alice, bob = await rig.sip_user('1001', transport=transport), await rig.sip_user('1002', transport=transport)
        watch = await alice.subscribe(bob.aor)
        await until(lambda: watch.state == 'active', 'NOTIFY active')
        await bob.publish(pidf(bob.aor, note='lunch', activity='away'))
        await until(lambda: watch.document and watch.document.notes == ['lunch'], 'the note')
        check((await alice.send_message(bob.aor, 'x' * 60000 if transport == 'tcp' else 'hello')).status == 200, 'sent')
        await until(lambda: len(bob.messages) == 1, 'received')
        check((await alice.send_message('sip:1003@pbx.example', 'x')).status == 480, 'not registered')
        check((await alice.send_message('sip:nobody@pbx.example', 'x')).status == 404, 'no such user')
        await watch.end()
        await until(lambda: watch.state == 'terminated', 'NOTIFY terminated')


@test(bridge=False, authorise=True)
async def rig_sip_users_decide_who_watches(rig):
    alice, bob = await rig.sip_user('1001'), await rig.sip_user('1002')
    watch = await alice.subscribe(bob.aor)
    await until(lambda: watch.state == 'pending', 'NOTIFY pending')
    await rig.allow('1002', '1001@pbx.example')
    await until(lambda: watch.state == 'active', 'NOTIFY active')
    await rig.allow('1002', '1001@pbx.example', 'block')
    await until(lambda: watch.state == 'terminated' and watch.reason == 'rejected', 'NOTIFY rejected')


@test(bridge=False)
async def rig_chat_users_write(rig):
    juliet, romeo = await rig.chat_user('juliet'), await rig.chat_user('romeo')
    juliet.say(romeo.jid, 'hello <&>')
    await until(lambda: romeo.bodies(juliet.jid) == ['hello <&>'], 'the text')
