"""The same bridge at another chat server."""

from cases import ALICE_JID, message_crosses, publish, sees, test, watch_chat, watch_sip
from rig import until


# [CMP-001] [CMP-002] [CMP-003] [MSG-050] [PRES-044]
# [PBX-060]
@test(chat_server='ejabberd')
async def ejabberd_carries_presence_and_messages(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await message_crosses(rig, juliet, alice, 'Grüße <&> 😀')
    await publish(alice, note='here', activity='away')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, show='away', status='here')
    watch = await watch_chat(alice, juliet)
    await until(lambda: watch.document and watch.document.is_open, 'her state')
    await juliet.sign_out()
    await until(lambda: not watch.document.is_open, 'she is gone')
