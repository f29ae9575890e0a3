"""The script is the same for the same seed, and says everything once."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.drill import script
from bot.drill.script import STRANGERS, Trick


def played(
    seed=1, channel="slack", messages=200, faults=("500", "reset"), *, stale=True, forged=True
):
    return script.scripts(seed, channel, messages, faults, stale=stale, forged=forged)


def test_the_same_seed_makes_the_same_traffic():
    assert played() == played()
    assert played(seed=2) != played()
    assert played(channel="weibo") != played()


@given(st.integers(1, 60), st.integers(0, 2**40))
def test_every_message_is_said_once(messages, seed):
    plan = played(seed=seed, messages=messages)
    steps = [step for steps in plan.values() for step in steps]
    told = Counter(n for s in steps if s.trick not in STRANGERS for n in s.numbers)
    strange = Counter(n for s in steps if s.trick in STRANGERS for n in s.numbers)
    assert told == Counter(range(1, messages + 1))
    assert set(strange.values()) <= {1}
    assert all(messages < number <= 2 * messages for number in strange)


def test_all_tricks_are_played_and_the_platform_fails():
    steps = [step for steps in played(messages=600).values() for step in steps]
    assert {step.trick for step in steps} == set(Trick)
    assert {step.fault for step in steps} == {None, "500", "reset"}


def test_where_calls_carry_no_time_none_is_stale():
    steps = [step for steps in played(messages=600, stale=False).values() for step in steps]
    assert Trick.STALE not in {step.trick for step in steps}


def test_where_nothing_tells_who_speaks_nobody_is_turned_away():
    plan = played(messages=600, stale=False, forged=False)
    steps = [step for steps in plan.values() for step in steps]
    assert not STRANGERS & {step.trick for step in steps}
    assert Counter(n for s in steps for n in s.numbers) == Counter(range(1, 601))


def test_answers_that_ride_in_one_message_are_all_known():
    both = f"{script.answer(3)}\n有帮助吗\n{script.answer(1)}"
    assert script.answered(both) == [3, 1]


@pytest.mark.parametrize("number", [1, 42, 999_999])
def test_an_answer_is_known_by_its_number_and_only_whole(number):
    words = script.answer(number)
    assert script.answered(f"{words}\n有帮助吗") == [number]
    assert script.answered(words.replace("&amp;", "&")) == []
    assert script.answered(words[:-1]) == []
    assert script.answered("您好") == []
    assert script.asked(script.question(number)) == number
    assert script.asked("您好") is None


def test_the_knowledge_answers_every_question():
    known = {entry.question: entry.answer("zh") for entry in script.entries(5)}
    assert known == {script.question(n): script.answer(n) for n in range(1, 6)}
