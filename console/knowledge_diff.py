"""What differs between two revisions of an entry, field by field, in an editor's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from console.i18n import mark
from console.words import CHANNELS
from storage.knowledge import Content
from storage.rules import Attachment, Rules
from storage.zone import ZONE

KINDS: Mapping[str, str] = {
    "product": mark("Product"),
    "price": mark("Price"),
    "service": mark("Service"),
    "technical": mark("Technical"),
    "individual": mark("Individual"),
    "other": mark("Other"),
}
MODES: Mapping[str, str] = {
    "smart": mark("by what is meant"),
    "exact": mark("word for word"),
    "contains": mark("when a question contains it"),
}
RISKS: Mapping[str, str] = {
    "normal": mark("normal"),
    "strict": mark("strict: money, refunds, law"),
}
ANSWERS: Mapping[str, str] = {
    "zh": mark("Answer in Chinese"),
    "en": mark("Answer in English"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a revision changes; `is_word`: the values are words of ours, to translate."""

    label: str
    before: str = ""
    after: str = ""
    detail: str = ""
    is_word: bool = False


def differences(before: Content, after: Content) -> list[Difference]:
    """Return what differs between two revisions, field by field."""
    found = [
        Difference(mark("Question"), before.question, after.question),
        *_answers(before, after),
        _words(mark("Kind"), KINDS, before.kind if before.question else "", after.kind),
        Difference(mark("Category"), before.category, after.category),
        _lists(mark("Similar questions"), before.similar_questions, after.similar_questions),
        *_rules(before.rules, after.rules),
    ]
    return [each for each in found if each.before != each.after]


def _answers(before: Content, after: Content) -> Iterator[Difference]:
    for key in dict.fromkeys((*before.answers, *after.answers)):
        code, _, channel = key.partition("@")
        label = ANSWERS.get(code, mark("Answer"))
        detail = CHANNELS.get(channel, channel) or ("" if code in ANSWERS else code)
        yield Difference(label, before.answers.get(key, ""), after.answers.get(key, ""), detail)


def _rules(before: Rules, after: Rules) -> Iterator[Difference]:
    yield _words(mark("Found"), MODES, before.mode, after.mode)
    yield _words(mark("Risk"), RISKS, before.risk, after.risk)
    yield Difference(
        mark("Valid from"), local_text(before.valid_from), local_text(after.valid_from)
    )
    yield Difference(mark("Valid until"), local_text(before.valid_to), local_text(after.valid_to))
    yield _lists(mark("Only for customers with the tag"), before.tags, after.tags)
    yield Difference(mark("Only from level"), str(before.level or ""), str(after.level or ""))
    yield _lists(mark("Related questions"), before.related, after.related)
    yield _lists(mark("Files"), _files(before, after), _files(after, before))
    yield _lists(mark("Must match"), before.must_match, after.must_match)
    yield _lists(mark("Must not match"), before.must_not_match, after.must_not_match)


def _files(these: Rules, others: Rules) -> list[str]:
    """Return a line for each file; the id tells apart what is called and placed the same."""
    theirs = {_line(file): file.id for file in others.files}
    return [
        f"{_line(file)} · {file.id[:6]}"
        if theirs.get(_line(file), file.id) != file.id
        else _line(file)
        for file in these.files
    ]


def _line(file: Attachment) -> str:
    size = f"{max(1, round(file.size / 1000))} kB"
    return " · ".join(filter(None, (file.name, size, file.language, file.channel)))


def _words(label: str, words: Mapping[str, str], before: str, after: str) -> Difference:
    return Difference(label, words.get(before, before), words.get(after, after), is_word=True)


def _lists(label: str, before: Sequence[str], after: Sequence[str]) -> Difference:
    gone, added = set(before) - set(after), set(after) - set(before)
    return Difference(
        label,
        "\n".join(text for text in before if text in gone),
        "\n".join(text for text in after if text in added),
    )


def local_text(moment: datetime | None) -> str:
    """Return a moment as the house's clock shows it."""
    return "" if moment is None else f"{moment.astimezone(ZONE):%Y-%m-%d %H:%M}"
