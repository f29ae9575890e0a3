"""The log: whatever is written, by us or by a library, carries no token."""

import io
import json
import logging

import pytest
import structlog

from bot.config import LogConfig
from bot.logs import QUIET, configure

BOT = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
SECRET = "s3cr3t-v4lue"


@pytest.fixture
def lines(monkeypatch):
    """Give back what was written, after setting up the log in the given format."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level, structlog.get_config())
    levels = {name: logging.getLogger(name).level for name in QUIET}
    for name in QUIET:
        # A server of another test in this process may have cut its loggers off.
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
    written = io.StringIO()

    def start(**settings):
        monkeypatch.setattr("sys.stderr", written)
        configure(LogConfig(**settings))
        return written.getvalue

    yield start
    root.handlers[:], level, config = before
    root.setLevel(level)
    structlog.configure(**config)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


FORMATS = pytest.mark.parametrize("style", ["text", "json"])


@FORMATS
def test_a_token_in_a_message_is_masked(lines, style):
    read = lines(format=style)
    structlog.get_logger("bot.a").warning(f"called https://api.telegram.org/bot{BOT}/sendMessage")
    assert "called https://api.telegram.org/bot***" in read()
    assert BOT not in read()


@FORMATS
def test_a_token_in_any_value_is_masked(lines, style):
    read = lines(format=style)
    structlog.get_logger("bot.b").info(
        "values",
        url=f"https://x/?access_token={SECRET}&a=1",
        problem=ValueError(f"password={SECRET}"),
        token=SECRET,
        app_secret=SECRET,
        headers={"authorization": f"Bearer {SECRET}", "inner": [{"api_key": SECRET}]},
        several=(f"token={SECRET}", 5),
        raw=f"token={SECRET}".encode(),
        number=7,
        nothing=None,
    )
    assert SECRET not in read()
    assert "ValueError: password=***" in read()
    if style == "json":
        line = json.loads(read())
        assert (line["number"], line["nothing"], line["token"]) == (7, None, "***")
        assert line["several"] == ["token=***", 5]


@FORMATS
def test_an_objects_own_words_are_masked(lines, style):
    class Call:
        def __repr__(self):
            return f"<Call https://x/bot{BOT}/getMe>"

    read = lines(format=style)
    structlog.get_logger("bot.c").info("failed", call=Call())
    assert "<Call https://x/bot***" in read()


@FORMATS
def test_an_exception_with_its_causes_is_written_without_tokens(lines, style):
    read = lines(format=style)
    try:
        try:
            {}[f"bot{BOT}"]
        except KeyError as cause:
            raise RuntimeError(f"access_token={SECRET}") from cause
    except RuntimeError:
        structlog.get_logger("bot.d").exception("it broke")
        logging.getLogger("some.library").exception("it broke for %s", "them")
    words = read()
    assert words.count("RuntimeError: access_token=***") == 2
    assert words.count("Traceback (most recent call last)") == 4
    assert BOT not in words
    assert SECRET not in words


@FORMATS
def test_a_librarys_line_is_masked_too(lines, style):
    read = lines(format=style)
    logging.getLogger("some.library").warning(
        "%s %s", "GET", f"https://api.weixin.qq.com/cgi-bin/x?access_token={SECRET}"
    )
    assert "GET https://api.weixin.qq.com/cgi-bin/x?access_token=***" in read()
    assert SECRET not in read()


@pytest.mark.parametrize("name", QUIET)
def test_libraries_that_write_addresses_are_silent_below_warnings(lines, name):
    read = lines(level="debug")
    logging.getLogger(name).info("HTTP Request: POST https://x")
    logging.getLogger(f"{name}.inner").debug("more")
    assert read() == ""
    logging.getLogger(name).warning("it hurts")
    assert "it hurts" in read()


def test_the_level_is_kept_for_us_and_for_libraries(lines):
    read = lines(level="warning")
    structlog.get_logger("bot.e").info("quiet")
    logging.getLogger("some.library").info("quiet")
    assert read() == ""
    structlog.get_logger("bot.e").error("loud")
    assert "loud" in read()


def test_a_line_of_json_is_one_object_with_time_level_and_place(lines):
    read = lines(format="json")
    structlog.get_logger("bot.f").warning("两行\nof words", inbox="shop")
    logging.getLogger("some.library").warning("theirs")
    ours, theirs = [json.loads(line) for line in read().splitlines()]
    assert (ours["event"], ours["inbox"]) == ("两行\nof words", "shop")
    assert (ours["level"], ours["logger"]) == ("warning", "bot.f")
    assert ours["timestamp"].endswith("Z")
    assert (theirs["event"], theirs["logger"]) == ("theirs", "some.library")


def test_a_customers_line_break_cannot_forge_a_line(lines):
    read = lines(format="json")
    structlog.get_logger("bot.g").info("said", text='x\n{"event": "forged"}')
    assert len(read().splitlines()) == 1


def test_a_platforms_words_neither_forge_a_line_for_people_nor_command_their_terminal(lines):
    read = lines(format="text")
    forged = "no\n2026-11-27 [info] all is well\r\x1b[2J\x9b2J\x85\u2028\u202e"
    structlog.get_logger("bot.i").warning(forged, text=forged)
    logging.getLogger("some.library").warning("said %s", forged)
    assert len(read().splitlines()) == len(read().split("\n")[:-1]) == 2
    assert not {sign for sign in read() if not sign.isprintable()} - {"\n"}
    assert read().count(r"no\n2026-11-27 [info] all is well\r\x1b[2J") == 3


def test_an_error_is_shown_in_its_lines_without_commands(lines):
    read = lines(format="text")
    try:
        int("no\x1b[2J")
    except ValueError:
        structlog.get_logger("bot.j").exception("failed")
    assert len(read().splitlines()) > 3
    assert "\x1b" not in read()
    assert "ValueError: invalid literal" in read()


def test_what_cannot_be_shown_does_not_break_the_log(lines):
    class Odd:
        def __repr__(self):
            raise ValueError("no words")

    read = lines(format="json")
    structlog.get_logger("bot.h").info("odd", thing=Odd())
    assert "odd" in read()
