import pytest

from channels.message import Choice, Choices, Media, Selection, Text, Unsupported
from handlers.chat.words import has_media, is_unreadable, plain, tapped, typed
from storage.models import Author, Message

OFFER = Choices(
    prompt="?",
    options=(Choice(value="faq:a", label="怎么退货"), Choice(value="human", label="人工")),
)


def said(author, *parts, private=False):
    return Message(conversation_id=None, position=1, author=author, parts=parts, private=private)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  ＨＥＬＬＯ，  World！ ", "hello, world"),
        ("I’d", "i'd"),
        ("。。。", ""),
        ("", ""),
        ("转\n人工", "转 人工"),
        ("/start", "start"),
        ("__x__", "x"),
    ],
)
def test_a_message_has_one_plain_form(text, expected):
    assert plain(text) == expected


def test_words_are_what_was_written_or_spoken(turn_of):
    voice = Media(kind="voice", ref="v", transcript="运费多少")
    assert typed(turn_of("你好", voice, Selection(value="x", label="y"))) == "你好\n运费多少"


def test_a_tap_is_its_value(turn_of):
    assert tapped(turn_of("", Selection(value="menu"))) == "menu"


@pytest.mark.parametrize(("text", "value"), [("1", "faq:a"), ("2", "human"), ("怎么退货", "faq:a")])
def test_a_number_or_label_picks_what_was_offered_last(turn_of, text, value):
    history = [said(Author.CONTACT, Text(text="?")), said(Author.BOT, OFFER)]
    assert tapped(turn_of(text, history=history)) == value


def test_a_note_between_does_not_hide_the_offer(turn_of):
    note = said(Author.AGENT, Text(text="note"), private=True)
    assert tapped(turn_of("1", history=[said(Author.BOT, OFFER), note])) == "faq:a"


def test_an_old_offer_is_not_picked_from(turn_of):
    history = [said(Author.BOT, OFFER), said(Author.BOT, Text(text="something else"))]
    assert tapped(turn_of("1", history=history)) is None


def test_nothing_was_offered(turn_of):
    assert tapped(turn_of("1")) is None
    assert tapped(turn_of("9", history=[said(Author.BOT, OFFER)])) is None
    assert tapped(turn_of("", history=[said(Author.BOT, OFFER)])) is None


def test_a_picture_alone_is_unreadable(turn_of):
    picture = turn_of("", Media(kind="image", ref="p"))
    assert is_unreadable(picture)
    assert has_media(picture)
    assert has_media(turn_of("", Unsupported(platform_kind="sticker")))
    assert not is_unreadable(turn_of("看图", Media(kind="image", ref="p")))
    assert not is_unreadable(turn_of("", Selection(value="x")))
    assert not has_media(turn_of("hi"))
