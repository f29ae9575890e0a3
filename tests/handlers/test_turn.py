import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.message import Location, Selection, Text
from handlers import turn as turns
from handlers.turn import FURTHER, HISTORY, language_of
from storage import activity
from storage.models import Author, Owner


@pytest.mark.parametrize(
    ("text", "previous", "language"),
    [
        ("你好", "en", "zh"),
        ("Where is my order?", "zh", "en"),
        ("hi", "zh", "en"),
        ("退 refund 款", "en", "zh"),
        ("ok", "zh", "zh"),
        ("OK", "en", "en"),
        ("12345", "en", "en"),
        ("TS20261122-0001", "zh", "zh"),
        ("A1-refund-7", "zh", "zh"),
        ("https://example.com/some/page", "zh", "zh"),
        ("ming@example.com", "zh", "zh"),
        ("😀", "zh", "zh"),
        ("", "en", "en"),
        ("wo yao tui huo", "zh", "zh"),
        ("zenme tuihuo?", "zh", "zh"),
        ("Wo yao tuihuo", "en", "en"),
        ("tuikuan", "zh", "zh"),
        ("Fa piao?", "zh", "zh"),
        ("fapiao", "en", "en"),
        ("change", "zh", "en"),
        ("like", "zh", "en"),
        ("women", "zh", "en"),
        ("can he pay", "zh", "en"),
        ("x" * 3000 + "中", "zh", "en"),
    ],
)
def test_the_language_of_a_text(text, previous, language):
    assert language_of(text, previous) == language


WORDS = st.sampled_from(
    [
        "ok",
        "App",
        "refund",
        "A1-refund-7",
        "退",
        "https://a.b/c",
        "me@a.b",
        "a",
        "Ok,then",
        "ſt",
        "é",
    ]
)


@given(
    st.lists(WORDS | st.text(), max_size=6).map(" ".join) | st.text(), st.sampled_from(["zh", "en"])
)
def test_the_first_word_that_tells_is_as_good_as_all_of_them(text, previous):
    spoken = [word for word in text.split() if not any(m in word for m in turns._ADDRESS)]
    words = turns._WORD.findall(" ".join(spoken))
    told = "en" if any(w.casefold() not in turns._EVERYWHERE for w in words) else previous
    assert language_of(text, previous) == ("zh" if turns._HAN.search(text) else told)


async def test_a_stranger_is_new_and_nothing_is_stored(customer):
    turn = await customer.turn(Text(text="你好"))
    assert turn.new
    assert turn.contact.name == "小明"
    assert turn.conversation.contact_id == turn.contact.id
    assert turn.conversation.owner is Owner.BOT
    assert turn.history == []
    assert turn.tickets == []
    assert turn.key == "shop:t1:1"
    assert await customer.conversation() is None
    assert await customer.db.read(activity.last_id) == 0


async def test_who_is_known_comes_with_what_was_said(customer):
    await customer.say("怎么退货")
    turn = await customer.turn(Text(text="运费多少"))
    assert not turn.new
    assert [message.author for message in turn.history] == [Author.CONTACT, Author.BOT]
    assert turn.text == "运费多少"


async def test_no_more_history_than_is_looked_at(customer):
    await customer.say("转人工")
    for _ in range(HISTORY + 5):
        await customer.say("在吗")
    turn = await customer.turn(Text(text="在吗"))
    assert len(turn.history) == HISTORY
    assert turn.history[-1].position == (await customer.conversation()).last_position


async def test_an_edit_is_looked_for_further_back(customer):
    await customer.say("转人工")
    for _ in range(FURTHER + 5):
        await customer.say("在吗")
    turn = await customer.turn(Text(text="在吗？"), platform_id="7", replaces="7")
    assert len(turn.history) == FURTHER


@pytest.mark.parametrize(("told", "language"), [(None, "zh"), ("zh_TW", "zh"), ("fr", "en")])
async def test_a_silent_stranger_speaks_what_the_platform_says(meet, told, language):
    visitor = meet(language=told)
    turn = await visitor.turn(Location(latitude=1, longitude=2))
    assert turn.language == language


async def test_a_tap_does_not_change_the_language(customer):
    await customer.say("你好")
    turn = await customer.turn(Selection(value="human", label="Talk to a person"))
    assert turn.language == "zh"


async def test_a_known_person_is_first_spoken_to_in_their_language(customer):
    await customer.say("hello there")
    await customer.tap("helped:yes:returns")
    turn = await customer.turn(Text(text="123"))
    assert turn.new
    assert turn.language == "en"


async def test_ones_tickets_come_along(customer):
    await customer.say("我要投诉，杯子是碎的而且漏水")
    await customer.say("没有")
    await customer.tap("form:wish:refund")
    turn = await customer.turn(Text(text="你好"))
    assert [ticket.number for ticket in turn.tickets] == ["TS20261122-0001"]
