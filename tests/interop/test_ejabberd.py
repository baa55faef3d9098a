"""The same bridge at another chat server."""

import test_messages as messages
import test_notices as notices
import test_queue as queue
import test_texts as texts
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


async def one_after_the_other(rig, *functions):
    """Tests of other files once more, at one server: it takes its time to start."""
    for function in functions:
        try:
            await function(rig)
        except AssertionError as error:
            raise type(error)(f'{function.__name__}: {error}') from error
        await rig.users_leave()


# [MSG-001] [MSG-050] [MSG-067] [MSG-037] [MSG-063] [D-36] texts both ways, recipients who are away or unknown
@test(chat_server='ejabberd')
async def ejabberd_carries_texts(rig):
    await one_after_the_other(
        rig, messages.sip_texts_reach_the_chat_user, messages.chat_texts_reach_the_sip_user,
        messages.chat_text_to_unknown_sip_user_is_an_error, messages.chat_text_to_sip_user_who_is_away_is_an_error,
        messages.sip_text_to_unknown_chat_user_is_refused, messages.sip_text_waits_for_an_offline_chat_user,
        messages.sixty_kilobytes_cross_whole_over_tcp, texts.refused_types_name_those_that_are_taken,
        texts.doings_of_chat_users_are_readable_on_a_phone)


# [RCPT-043] [RCPT-058] [TYPE-020] [TYPE-021] [TYPE-027] [X0280-2] receipts, typing, and two clients of one user
@test(chat_server='ejabberd')
async def ejabberd_carries_receipts_and_typing(rig):
    await one_after_the_other(
        rig, notices.a_plain_phone_gets_plain_texts, texts.copies_for_other_clients_are_not_sent_twice,
        texts.two_hundred_of_the_phone_is_a_receipt, notices.encrypted_texts_are_explained,
        notices.typing_is_seen_both_ways, notices.receipts_of_a_chat_user_reach_the_phone,
        notices.receipts_of_a_phone_reach_the_chat_user, texts.receipts_of_two_clients_are_one)


# [REL-001] [REL-008] [D-36] [D-39] it is killed, and so is the bridge: what was answered 202 is delivered once or told
@test(chat_server='ejabberd')
async def ejabberd_goes_and_comes_back(rig):
    await one_after_the_other(rig, queue.texts_for_chat_survive_a_crash, queue.a_refusal_after_the_answer_is_told_once)
