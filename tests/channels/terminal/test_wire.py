from __future__ import annotations

import io
import os

import pytest
from pydantic import ValidationError

from channels.terminal.config import Config
from channels.terminal.wire import Console


@pytest.fixture
def keyboard():
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)


async def test_lines_are_read_even_when_they_arrive_in_pieces(keyboard):
    reading, writing = keyboard
    console = Console(reading, io.StringIO())
    typed = "你好\r\nsecond\nlast".encode()
    for byte in typed:
        os.write(writing, bytes([byte]))
    os.close(writing)
    lines = [await console.read() for _ in range(5)]
    assert lines == ["你好", "second", "last", None, None]


async def test_what_is_no_text_does_not_stop_it(keyboard):
    reading, writing = keyboard
    console = Console(reading, io.StringIO())
    os.write(writing, b"\xff\nfine\n")
    os.close(writing)
    assert [await console.read() for _ in range(3)] == ["\ufffd", "fine", None]


async def test_a_keyboard_that_is_not_there_ends_at_once():
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    assert await Console(reading, io.StringIO()).read() is None


async def test_replies_are_printed_at_once(keyboard):
    screen = io.StringIO()
    await Console(keyboard[0], screen).write("您好")
    os.close(keyboard[1])
    assert screen.getvalue() == "您好\n"


async def test_replies_go_to_standard_output_by_default(keyboard, capsys):
    await Console(keyboard[0]).write("hello")
    os.close(keyboard[1])
    assert capsys.readouterr().out == "hello\n"


def test_settings_cannot_lend_a_wire():
    with pytest.raises(ValidationError):
        Config(channel="terminal", wire="/dev/pts/0")


def test_settings_can_be_described_and_dumped_without_the_wire():
    assert "wire" not in Config.model_json_schema()["properties"]
    assert "wire" not in Config(channel="terminal", wire=Console()).model_dump()
