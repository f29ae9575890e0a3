import asyncio

import pytest

from bot.signals import EVERYTHING, Signals


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def signals(told) -> Signals:
    return Signals(lambda word, _within: told.append(word))


def test_what_happens_here_wakes_here_and_is_told_elsewhere(signals, told):
    with signals.turn_of("shop:lily") as turn:
        signals.inbound.set()
        signals.turn_done("shop:lily", awaited=True)
        assert signals.inbound.is_set()
        assert turn.is_set()
    assert told == ["in", "turn:shop:lily"]


def test_what_no_call_waits_for_is_not_told_elsewhere(signals, told):
    with signals.turn_of("shop:lily") as turn:
        signals.turn_done("shop:lily", awaited=False)
        assert turn.is_set()
    assert told == []


def test_what_is_done_here_is_not_told_elsewhere(signals, told):
    signals.inbound.others = lambda: None
    signals.inbound.set()
    signals.outbound.set()
    assert signals.inbound.is_set()
    assert told == ["out"]


def test_what_is_heard_wakes_and_is_not_told_again(signals, told):
    with signals.turn_of("shop:lily") as turn, signals.turn_of("shop:tom") as other:
        for word in ("out", "turn:shop:lily", "something of a newer version"):
            signals.hear(word)
        assert (signals.outbound.is_set(), signals.inbound.is_set()) == (True, False)
        assert (turn.is_set(), other.is_set()) == (True, False)
        signals.hear(EVERYTHING)
        assert other.is_set()
        assert signals.inbound.is_set()
    assert told == []


def test_it_is_an_event_of_asyncio(signals):
    assert isinstance(signals.inbound, asyncio.Event)
