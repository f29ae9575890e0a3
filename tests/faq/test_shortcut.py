"""What a change has no part in is not asked again, and a replay shows the same for all that."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from faq.cast import Cast, Progress, play
from faq.config import FaqConfig
from faq.edits import Edit
from faq.encoder import CachedEncoder
from faq.matcher import Entry
from faq.meaning import MANY_ROWS
from faq.modes import ModeMatcher
from faq.replay import Asked, Example
from faq.script import Script
from faq.shortcut import Recalled, Spared
from storage.rules import Rules
from tests.faq.conftest import FakeEncoder

THINGS = ("耳机", "音箱", "台灯", "沙发", "书桌", "床垫", "净化器", "扫地机")
WISHES = ("什么时候发货", "可以退货吗", "保修多久", "怎么清洁", "有货吗", "怎么安装", "能便宜吗")
PLACES = ("北京", "上海", "广州", "成都", "杭州", "武汉")
CONFIG = FaqConfig(encoder="off")


def a_shop(size: int) -> list[Entry]:
    """Entries that differ in few words, so that most questions have many neighbours."""
    rng, entries = random.Random(5), []
    for number in range(size):
        thing, wish, place = rng.choice(THINGS), rng.choice(WISHES), rng.choice(PLACES)
        texts = f"{place}{thing}{number}{wish}", f"{thing}{number}号{wish}", f"{place}{thing}"
        answer = {"zh": f"第{number}条"}
        entries.append(Entry(f"e{number}", texts[0], texts[1:], answer, version_id=str(number)))
    return entries


def asked(entries: list[Entry], number: int) -> list[Asked]:
    """Questions with a character less, two at once, word for word, and of other matters."""
    rng = random.Random(6)
    found = {"今天天气怎么样": None, "你好": None, "怎么开电子发票啊": None, "": None}
    while len(found) < number:
        entry, other = rng.choice(entries), rng.choice(entries)
        text = rng.choice((entry.question, *entry.similar_questions))
        at = rng.randrange(len(text))
        shorter = f"{text[:at]}{text[at + 1 :]}"
        found[rng.choice((text, shorter, f"{shorter}？还有{other.question}", "想问" + text))] = None
    return [Asked(text, 1, rng.choice(entries).id) for text in found]


SHOP = a_shop(MANY_ROWS // 3 + 60)
QUESTIONS = asked(SHOP, 90)
QUESTIONS, EXAMPLES = QUESTIONS[:80], QUESTIONS[80:]
MINE = SHOP[7]
DRAFTS = {
    "other questions": [replace(MINE, question="电子发票怎么开", similar_questions=("开票",))],
    "one more question": [replace(MINE, similar_questions=(*MINE.similar_questions, "上海沙发"))],
    "another answer": [replace(MINE, answers={"zh": "别的"})],
    "the same as another": [replace(MINE, question=SHOP[9].question)],
    "a new entry": [Entry("new", "今天天气如何", ("天气",), {"zh": "晴"})],
    "word for word": [replace(MINE, rules=Rules(mode="exact"))],
    "a phrase": [replace(MINE, question="发票", rules=Rules(mode="contains"))],
    "many": [replace(each, similar_questions=("有货吗",)) for each in SHOP[20:60]],
}
GONE = {"a deletion": {MINE.id}, "deletions": {each.id for each in SHOP[::9]}}


@pytest.fixture(scope="module", params=["words", "meaning"])
def live(request, tokens):
    encoder = CachedEncoder(FakeEncoder()) if request.param == "meaning" else None
    return ModeMatcher.build(SHOP, CONFIG, tokens, encoder)


def played(cast: Cast, memory):
    examples = [Example(one.text, MINE.id) for one in EXAMPLES]
    found, failures = play(
        cast, Script((), (), examples, QUESTIONS), memory, Progress(lambda: False)
    )
    changes = [(one.asked, shown(one.before), shown(one.after)) for one in found.changes]
    failed = [(one.example, one.already, shown(one.outcome)) for one in failures]
    return found.before, found.after, changes, failed


def shown(outcome):
    """An outcome up to rounding: how many questions are encoded together moves the last digit."""
    return replace(outcome, confidence=round(outcome.confidence, 5))


@pytest.mark.parametrize("name", sorted(DRAFTS | GONE))
def test_a_spared_replay_shows_just_what_a_whole_one_does(live, name):
    now = {entry.id: entry for entry in (*SHOP, *DRAFTS.get(name, ()))}
    edit = Edit.between(SHOP, [e for key, e in now.items() if key not in GONE.get(name, ())])
    after = edit.applied(live)
    memory = {}
    whole, spared = (played(Cast(live, after, how), memory) for how in (None, edit.entries))
    assert spared == whole
    assert played(Cast(live, after, edit.entries), memory) == whole


def test_a_further_change_of_an_edited_base_is_spared_just_as_well(live):
    first = Edit.between(SHOP, [*SHOP, *DRAFTS["a new entry"], *DRAFTS["one more question"]])
    before = first.applied(live)
    thief = replace(SHOP[30], question="天气", similar_questions=("上海沙发",), version_id="x")
    edit = Edit([thief], frozenset({MINE.id}), [SHOP[30], DRAFTS["one more question"][0]])
    casts = (Cast(before, edit.applied(before), how) for how in (None, edit.entries))
    whole, spared = (played(cast, {}) for cast in casts)
    assert spared == whole
    assert whole[2]


def test_most_questions_are_not_asked_again(live):
    edit = Edit.between(SHOP, [*SHOP[:7], *DRAFTS["other questions"], *SHOP[8:]])
    before = Recalled(live, {})
    spared = Spared(before, edit.applied(live), edit.entries)
    again = [one for one in QUESTIONS if spared.decide(one.text) is not before.decide(one.text)]
    assert 0 < len(again) < len(QUESTIONS) / 4


def test_a_decision_is_made_once_and_kept_without_what_nobody_shows(live):
    memory = {}
    recalled = Recalled(live, memory)
    decision = recalled.decide(MINE.question)
    assert recalled.decide(MINE.question) is decision
    assert memory[MINE.question].decision is decision
    assert (decision.candidates[0].parts, decision.tokens) == ({}, ())
