import asyncio
from contextlib import AsyncExitStack

import pytest

from storage.hints import EVERYTHING, Hints
from tests.postgres import Server


class Ear:
    """Remembers what was heard."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.heard = asyncio.Event()

    def __call__(self, word: str) -> None:
        self.words.append(word)
        self.heard.set()

    async def until(self, *words: str) -> None:
        async with asyncio.timeout(60):
            while not set(words) <= set(self.words):
                await self.heard.wait()
                self.heard.clear()


@pytest.fixture
async def speak(postgres_url: str):
    """Start processes that hear each other."""
    async with AsyncExitStack() as stack:

        async def start(url: str = postgres_url) -> tuple[Hints, Ear]:
            ear = Ear()
            hints = Hints(url, ear)
            await hints.start()
            stack.push_async_callback(hints.stop)
            await asyncio.wait_for(hints.listening.wait(), 60)
            return hints, ear

        yield start


async def test_others_hear_and_the_speaker_does_not(speak):
    one, own = await speak()
    other, ear = await speak()
    one.tell("in")
    await ear.until("in")
    other.tell("out")
    await own.until("out")
    assert "in" not in own.words
    assert "out" not in ear.words


async def test_who_begins_to_listen_looks_at_everything(speak):
    _, ear = await speak()
    assert ear.words == [EVERYTHING]


async def test_many_words_are_told_together_and_each_once(speak):
    one, _ = await speak()
    _, ear = await speak()
    for n in range(100):
        one.tell(f"turn:{n % 10}")
    await ear.until(*(f"turn:{n}" for n in range(10)))
    assert sorted(ear.words[1:]) == [f"turn:{n}" for n in range(10)]


async def test_a_patient_word_goes_along_with_the_next_and_by_itself_in_the_end(speak):
    one, _ = await speak()
    _, ear = await speak()
    ear.words.clear()
    one.tell("log", 3600)
    one.tell("in")
    await ear.until("in", "log")
    ear.words.clear()
    one.tell("log", 0.01)
    await ear.until("log")


async def test_too_many_words_become_the_one_that_means_all(speak):
    one, _ = await speak()
    _, ear = await speak()
    ear.words.clear()
    for n in range(1000):
        one.tell(f"turn:shop:customer {n}")
    await ear.until(EVERYTHING)


async def test_a_server_that_was_away_is_listened_to_again(speak, monkeypatch):
    monkeypatch.setattr("storage.hints.PAUSE", 0.05)
    server = Server()
    one, _ = await speak(server.url())
    _, ear = await speak(server.url())
    server.stop()
    ear.words.clear()
    await asyncio.to_thread(server.start)
    await ear.until(EVERYTHING)
    one.tell("in")
    await ear.until("in")
    server.close()
