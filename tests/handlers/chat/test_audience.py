"""Rules of entries are honoured in every answer: for whom, when, in which words, what else."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from channels.files import Takes
from channels.message import Media, Selection
from faq.matcher import Entry
from handlers.chain import build_chain
from handlers.chat.answer import Answering, Tapping
from handlers.chat.audience import Standing, standing
from handlers.chat.menu import ChatConfig, Menu
from handlers.chat.texts import say
from storage.models import Contact
from storage.rules import Attachment, Rules
from storage.talks import Person


def customer(**attributes):
    return Person(Contact(id=UUID(int=1)), UUID(int=2), None, None, attributes=attributes or None)


def restrict(known, key, rules, **more):
    known.known[key] = replace(known.known[key], rules=rules, **more)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, Standing()),
        ({"tags": "vip, staff", "level": 3}, Standing(("vip", "staff"), 3)),
        ({"tags": ["vip"], "level": "3"}, Standing()),
        ({"level": float("inf")}, Standing()),
    ],
)
def test_standing_is_what_the_website_signed(turn_of, attributes, expected):
    assert standing(turn_of("x", person=customer(**attributes))) == expected


def test_of_a_stranger_nothing_is_known(turn_of):
    assert standing(turn_of("x")) == Standing()


async def test_an_entry_for_some_is_answered_to_them_alone(answers, turn_of):
    restrict(answers, "returns", Rules(tags=("vip",), level=2))
    vip = customer(tags="vip", level=2)
    assert (await Answering(answers)(turn_of("怎么退货", person=vip))).reply[0].text
    others = [customer(), customer(tags="vip"), customer(level=2), None]
    for person in others:
        outcome = await Answering(answers)(turn_of("怎么退货", person=person))
        assert "七天" not in str(outcome.reply), person


async def test_who_taps_what_is_not_for_them_gets_nothing_of_it(answers, turn_of):
    restrict(answers, "returns", Rules(level=1))
    tap = Selection(value="faq:returns")
    outcome = await Tapping(answers)(turn_of("", tap))
    assert outcome.reply[0].text == say("entry_gone", "zh")


async def test_an_entry_that_ceased_is_neither_answered_nor_tapped_nor_in_the_menu(
    answers, turn_of, now
):
    restrict(answers, "returns", Rules(valid_to=now))
    assert "七天" not in str((await Answering(answers)(turn_of("怎么退货"))).reply)
    tap = Selection(value="faq:returns")
    assert "七天" not in str((await Tapping(answers)(turn_of("", tap))).reply)
    for config in (ChatConfig(), ChatConfig(common=("returns",))):
        values = [each.value for each in Menu(answers, config).choices(turn_of("")).options]
        assert "faq:returns" not in values
    restrict(answers, "returns", Rules(valid_to=now + timedelta(seconds=1)))
    assert "七天" in str((await Answering(answers)(turn_of("怎么退货"))).reply)


async def test_a_channel_gets_its_own_words(answers, turn_of):
    said = {"zh": "长", "zh@weibo": "短", "en": "long"}
    restrict(answers, "returns", Rules(), answers=said)
    for inbox, text in (("weibo", "短"), ("slack", "长")):
        chain = build_chain(answers, channels={"shop": inbox})
        assert (await chain(turn_of("怎么退货"))).reply[0].text == text


def test_where_the_language_is_missing_the_channels_other_words_come_before_foreign_ones():
    entry = Entry("a", "?", (), {"zh@weibo": "短", "zh": "长", "zh@slack": "S"})
    assert entry.answer("en", "slack") == "长"
    assert Entry("a", "?", (), {"zh@weibo": "短"}).answer("en", "slack") == "短"
    assert Entry("a", "?").answer("en", "slack") is None


async def test_related_questions_can_be_tapped_after_the_answer(answers, turn_of):
    restrict(answers, "hours", Rules(level=5))
    restrict(answers, "returns", Rules(related=("shipping", "hours", "gone")))
    outcome = await Answering(answers)(turn_of("怎么退货"))
    _, question = outcome.reply
    assert [option.value for option in question.options] == [
        "helped:yes:returns",
        "helped:no:returns",
        "faq:shipping",
    ]
    assert question.prompt == say("helped_or_related", "zh")


PHOTO = Attachment("p" * 32, "标签.png", "image/png", 5_000)
GUIDE = Attachment("g" * 32, "说明.pdf", "application/pdf", 9_000)
PICTURES = {"image": Takes(1_000_000, frozenset({"image/png"}))}


async def reply_of(answers, turn, takes=None, files_at=""):
    chain = build_chain(answers, takes=lambda _inbox: takes or {}, files_at=files_at)
    return (await chain(turn)).reply


async def test_a_file_goes_with_the_answer_where_the_channel_takes_it(answers, turn_of):
    restrict(answers, "returns", Rules(files=(PHOTO,)))
    words, photo, _helped = await reply_of(answers, turn_of("怎么退货"), PICTURES)
    assert words.text == "七天内可以退货。"
    assert photo == Media(kind="image", ref=f"media:{PHOTO.id}", name="标签.png", size=5_000)


async def test_where_it_cannot_be_sent_a_file_is_named_with_its_address(answers, turn_of):
    restrict(answers, "returns", Rules(files=(GUIDE, PHOTO)))
    site = "https://shop.example/attachments/"
    parts = await reply_of(answers, turn_of("怎么退货"), PICTURES, site)
    assert [part.kind for part in parts] == ["text", "text", "image", "choices"]
    assert parts[1].text == say("file_at", "zh", name="说明.pdf", url=site + GUIDE.id)


async def test_without_an_address_a_file_is_named_and_never_silently_left_out(answers, turn_of):
    restrict(answers, "returns", Rules(files=(PHOTO,)))
    parts = await reply_of(answers, turn_of("怎么退货"))
    assert parts[1].text == say("file_not_here", "zh", name="标签.png")


async def test_a_file_of_one_language_or_channel_goes_with_that_answer_alone(answers, turn_of):
    files = (replace(PHOTO, language="en"), replace(GUIDE, channel="email"))
    restrict(answers, "returns", Rules(files=files))
    assert len(await reply_of(answers, turn_of("怎么退货"))) == 2
    english = replace(turn_of("怎么退货"), language="en")
    assert "标签.png" in (await reply_of(answers, english))[1].text
    # There is no English answer: the customer gets the Chinese one, and what goes with that.
    restrict(answers, "shipping", Rules(files=files))
    asked = replace(turn_of("运费多少"), language="en")
    assert len(await reply_of(answers, asked)) == 2
