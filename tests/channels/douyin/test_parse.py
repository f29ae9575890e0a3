import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.douyin.parse import (
    Unreadable,
    challenge,
    concerns,
    item_of,
    parse,
    read,
    talk_of,
)
from channels.message import ContactEvent, IncomingMessage, Part, Text, Unsupported, Visibility

FIXTURES = Path(__file__).parent / "fixtures"
USER, OWN = "0da22181-d833-447f-995f-1beefea5bef3", "ba253642-0590-40bc-9bdf-9a1334b94059"
TALK = "@4F8A0vXKXctkaiPzY485F6f81WSGOvmFOJB3rwivKFMQaPT00HDnemIujgn96zUF=="
MESSAGE = "@9VwW0qOBUN9mJyD3bNxvGc791GzgOPqBPZZyoA+lKVcaZ/P860zdRmYqig357zEB=="
ITEM = "@8hxdhauTCMppanGnM4ltGM780mDqPP+KPpR0qQOmLVAXb/T060zdRmYqig357zEB=="

UNDERSTOOD: dict[str, tuple[Part, ...]] = {
    "message__text": (Text(text="发货了吗"),),
    "message__content_as_text": (Text(text="发货了吗"),),
    "message__nameless": (Text(text="发货了吗"),),
    "message__image": (Unsupported(platform_kind="image"),),
    "message__local_image": (Unsupported(platform_kind="user_local_image"),),
    "message__emoji": (Unsupported(platform_kind="emoji"),),
    "message__video": (Unsupported(platform_kind="video"),),
    "message__local_video": (Unsupported(platform_kind="user_local_video"),),
    "message__retain_card": (Unsupported(platform_kind="retain_consult_card"),),
    "message__other": (Unsupported(platform_kind="other"),),
    "enter__plain": (ContactEvent(event="opened"),),
    "recall__plain": (ContactEvent(event="recalled", context=MESSAGE),),
    "comment__plain": (Text(text="多少钱"),),
    "comment__reply_to_ours": (Text(text="谢谢"),),
    "comment__from_the_account_named": (Text(text="多少钱"),),
}
NOTHING = {
    "nothing__sent_by_us",
    "nothing__recalled_by_us",
    "nothing__own_comment",
    "nothing__authorize",
    "nothing__group",
}
CHECKS = {"check__number"}
UNREADABLE = {
    "bad__no_event": "KeyError",
    "bad__no_sender": "from_user_id",
    "bad__no_content": "content",
    "bad__content_is_list": "content",
    "bad__content_is_half": "no JSON",
    "bad__no_message_id": "server_message_id",
    "bad__no_talk": "conversation_short_id",
    "bad__talk_with_colon": "conversation_short_id",
    "bad__endless_id": "server_message_id",
    "bad__no_type": "KeyError",
    "bad__text_is_list": "text",
    "bad__time_is_word": "create_time",
    "bad__no_time": "KeyError",
    "bad__endless_time": "OverflowError",
    "bad__comment_without_video": "reply_to_item_id",
    "bad__comment_without_words": "words",
    "bad__comment_without_author": "comment_user_id",
    "bad__challenge_is_list": "challenge",
    "bad__list": "no JSON object",
    "bad__truncated": "no JSON",
}


def recorded(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def parsed(body: bytes, *, comments: bool = True) -> IncomingMessage | None:
    fields = read(body)
    if challenge(fields) is not None:
        return None
    return parse("shop", OWN, fields, comments=comments)


def test_every_fixture_is_used():
    known = {*UNDERSTOOD, *NOTHING, *CHECKS, *UNREADABLE}
    assert {path.stem for path in FIXTURES.iterdir()} == known


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_each_kind_becomes_its_parts(name):
    message = parsed(recorded(name))
    assert message.parts == UNDERSTOOD[name]
    assert message.address.contact == USER
    assert message.sent_at == datetime(2023, 11, 6, 5, 37, 18, tzinfo=UTC)
    assert concerns(read(recorded(name)), OWN)


@pytest.mark.parametrize("name", sorted(NOTHING))
def test_what_no_customer_did_is_passed_over(name):
    assert parsed(recorded(name)) is None


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_check_wants_its_challenge_back_as_it_came(name):
    assert challenge(read(recorded(name))) == 12345


@pytest.mark.parametrize("name", UNREADABLE)
def test_the_senseless_is_named(name):
    with pytest.raises(Unreadable, match=UNREADABLE[name]):
        parsed(recorded(name))


def test_a_private_talk_and_a_comment_are_two_threads_of_one_person():
    private = parsed(recorded("message__text")).address
    public = parsed(recorded("comment__plain")).address
    assert (private.visibility, public.visibility) == (Visibility.PRIVATE, Visibility.PUBLIC)
    assert private.contact == public.contact == USER
    assert (talk_of(private.thread), item_of(private.thread)) == (TALK, None)
    assert (talk_of(public.thread), item_of(public.thread)) == (None, ITEM)


def test_comments_that_nobody_asked_for_are_passed_over():
    assert parsed(recorded("comment__plain"), comments=False) is None


def test_what_is_answered_is_told_apart():
    assert parsed(recorded("message__text")).platform_id == MESSAGE
    assert parsed(recorded("enter__plain")).platform_id == f"enter:{MESSAGE}"
    assert parsed(recorded("comment__plain")).platform_id == f"comment:{MESSAGE}"
    assert parsed(recorded("recall__plain")).platform_id is None


def test_taking_a_message_back_is_not_the_message_again():
    keys = {parsed(recorded(name)).dedupe_key for name in ("message__text", "recall__plain")}
    assert len(keys) == 2


def test_the_persons_name_is_theirs_and_not_the_shops():
    assert parsed(recorded("message__text")).contact_name == "小明"
    assert parsed(recorded("message__nameless")).contact_name is None


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@settings(max_examples=150)
@given(st.data())
def test_no_change_of_a_genuine_push_surprises_the_parser(data):
    fields = json.loads(recorded(data.draw(st.sampled_from(sorted(UNDERSTOOD)))))
    inner = fields["content"] if isinstance(fields["content"], dict) else fields
    spot = data.draw(st.sampled_from([fields, inner]))
    spot[data.draw(st.sampled_from([*sorted(spot), "extra"]))] = data.draw(JUNK)
    with suppress(Unreadable):
        parsed(json.dumps(fields).encode())
