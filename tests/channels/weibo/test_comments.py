import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.message import Post, Text, Visibility
from channels.weibo.comments import number_of, post_of, read, thread_of
from channels.weibo.parse import Unreadable

FIXTURES = Path(__file__).parent / "public_fixtures"
SHOP, FAN = "1902538057", "2489518277"
POST = "5012345678901234"
OURS = Post(
    text="新款保温杯今天开售，前一百名送杯套。",
    author="云杉生活",
    url=f"https://m.weibo.cn/status/{POST}",
)

UNDERSTOOD = {
    "comment__plain": ("comment:5012345678905678", POST, "发货了吗", OURS),
    "comment__ids_as_numbers": ("comment:5012345678905678", POST, "发货了吗", OURS),
    "comment__reply_to_ours": ("comment:5012345678909999", POST, "可是我昨天就下单了", OURS),
    "comment__mention_under_anothers_post": (
        "comment:5012345678905678",
        "5012345678900001",
        "你们怎么退货？",
        Post(
            text="今天收到的杯子有划痕",
            author="路人甲",
            url="https://m.weibo.cn/status/5012345678900001",
        ),
    ),
    "comment__only_our_name": ("comment:5012345678905678", POST, "@云杉生活", OURS),
    "comment__post_deleted": (
        "comment:5012345678905678",
        POST,
        "发货了吗",
        Post(text="抱歉，此微博已被作者删除。", url=OURS.url),
    ),
    "comment__long_post": (
        "comment:5012345678905678",
        POST,
        "发货了吗",
        OURS.model_copy(update={"text": "长" * 139 + "…"}),
    ),
    "mention__post": (
        "status:5012345678911111",
        "5012345678911111",
        "快递三天了还没到，急",
        Post(
            text="@云杉生活 快递三天了还没到，急",
            author="小林同学",
            url="https://m.weibo.cn/status/5012345678911111",
        ),
    ),
    "mention__repost": (
        "status:5012345678911111",
        "5012345678911111",
        "快递三天了还没到，急",
        Post(
            text="@云杉生活 快递三天了还没到，急 // 新款保温杯今天开售",
            author="小林同学",
            url="https://m.weibo.cn/status/5012345678911111",
        ),
    ),
    "mention__pictures": (
        "status:5012345678911111",
        "5012345678911111",
        "快递三天了还没到，急",
        Post(
            text="@云杉生活 快递三天了还没到，急",
            author="小林同学",
            url="https://m.weibo.cn/status/5012345678911111",
        ),
    ),
}
OWN = ("own__comment", "own__post")
UNREADABLE = {
    "bad__no_id": "no number",
    "bad__id_is_wordy": "no number",
    "bad__no_user": "no number",
    "bad__user_is_list": "no number",
    "bad__no_status": "KeyError",
    "bad__no_text": "KeyError",
    "bad__text_is_list": "no words",
    "bad__time": "created_at",
    "bad__list": "no JSON object",
}


def recorded(name):
    return json.loads((FIXTURES / f"{name}.json").read_text())


def place_of(name):
    return "mentions" if name == "own__post" or name.startswith("mention") else "comments"


def test_every_fixture_is_used():
    assert {path.stem for path in FIXTURES.iterdir()} == {*UNDERSTOOD, *OWN, *UNREADABLE}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_what_was_said_in_public_becomes_a_message_with_its_post(name):
    message = read("shop", SHOP, place_of(name), recorded(name))
    key, post, text, about = UNDERSTOOD[name]
    assert message.platform_id == message.dedupe_key == key
    assert message.address.thread == f"post:{post}:{FAN}"
    assert (message.address.contact, message.contact_name) == (FAN, "小林同学")
    assert message.address.visibility is Visibility.PUBLIC
    assert message.parts == (Text(text=text),)
    assert message.about == about
    assert message.sent_at == datetime(2012, 7, 16, 10, 9, 20, tzinfo=UTC)


@pytest.mark.parametrize("name", OWN)
def test_what_we_said_ourselves_is_no_message(name):
    assert read("shop", SHOP, place_of(name), recorded(name)) is None


@pytest.mark.parametrize("name", UNREADABLE)
def test_the_senseless_is_named(name):
    with pytest.raises(Unreadable, match=UNREADABLE[name]):
        read("shop", SHOP, place_of(name), recorded(name))


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("回复@云杉生活: 好的 @小王 来看", "好的 @小王 来看"),
        ("@云杉生活 @小王：在吗", "在吗"),
        ("@云杉生活发货了吗", "@云杉生活发货了吗"),
        ("价格@云杉生活", "价格@云杉生活"),
        ("回复@a:", "回复@a:"),
    ],
)
def test_only_whom_it_was_said_to_is_left_out(said, heard):
    item = {**recorded("comment__plain"), "text": said}
    assert read("shop", SHOP, "comments", item).text == heard


def test_a_thread_leads_back_to_its_post():
    assert post_of(thread_of(POST, FAN)) == POST
    assert [post_of(odd) for odd in (FAN, "post:x:1", "post:1", "post:1:2:3", "")] == [None] * 5


def test_a_number_is_read_wherever_it_stands():
    names = ("comment__plain", "comment__ids_as_numbers", "bad__no_id", "bad__list")
    assert [number_of(recorded(name)) for name in names] == [
        5012345678905678,
        5012345678905678,
        None,
        None,
    ]


@settings(max_examples=200)
@given(
    st.sampled_from(sorted(UNDERSTOOD)),
    st.sampled_from(["id", "idstr", "user", "status", "created_at", "text", "retweeted_status"]),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
        max_leaves=5,
    ),
)
def test_any_value_in_any_field_is_read_or_refused(name, field, value):
    item = {**recorded(name), field: value}
    number_of(item)
    with suppress(Unreadable):
        read("shop", SHOP, place_of(name), item)
