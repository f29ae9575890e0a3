from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from channels.message import (
    Choice,
    Choices,
    ContactEvent,
    Location,
    Media,
    Selection,
    Text,
    Unsupported,
)
from channels.text import length, numbered, pick, plain, split, stand_in

FAMILY = "👩‍👩‍👧‍👦"
UNITS = st.sampled_from(["characters", "bytes", "utf16"])
HARD = st.text(
    alphabet=st.sampled_from(
        [*"ab 。.!\n\t退款", "e\u0301", FAMILY, "🇨🇳", "\r\n", "\u3000"]
    ).flatmap(st.sampled_from),
    max_size=200,
) | st.text(max_size=200)


def squeezed(text):
    return "".join(text.split())


def test_each_unit_measures_as_its_platforms_do():
    assert [length("a退🙂", unit) for unit in ("characters", "bytes", "utf16")] == [3, 8, 4]


@given(HARD, st.integers(4, 40), UNITS)
def test_splitting_loses_nothing_and_keeps_the_limit(text, limit, unit):
    pieces = split(text, limit, unit)
    assert all(0 < length(piece, unit) <= limit for piece in pieces)
    assert squeezed("".join(pieces)) == squeezed(text)


@given(HARD, st.integers(30, 60))
def test_no_visible_character_is_cut(text, limit):
    whole = [found for found in regex.findall(r"\X", text) if not found.isspace()]
    cut = [
        found
        for piece in split(text, limit)
        for found in regex.findall(r"\X", piece)
        if not found.isspace()
    ]
    if all(len(found) <= limit for found in whole):
        assert cut == whole


@pytest.mark.parametrize("text", ["", " ", " a ", "a\n\n", "x" * 10])
def test_a_text_that_fits_comes_back_untouched(text):
    assert "".join(split(text, 10)) == text
    assert len(split(text, 10)) == bool(text)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("aaaa b.\n\nccc ddd", ("aaaa b.", "ccc ddd")),
        ("aaaaaa b\nc. ddd", ("aaaaaa b", "c. ddd")),
        ("您的退款申请了。明天到账的", ("您的退款申请了。", "明天到账的")),
        ("他说了“可以退。”然后走开", ("他说了“可以退。”", "然后走开")),
        ("aaaaaaa bbbbbb", ("aaaaaaa", "bbbbbb")),
        ("aaaaaaaaaa bbb", ("aaaaaaaaaa", "bbb")),
        ("aaaaaaa. bbbb", ("aaaaaaa.", "bbbb")),
        ("version 3.14159", ("version", "3.14159")),
        ("a bbbbbbbbbbbb", ("a bbbbbbbb", "bbbb")),
        ("aaaaaaaaaabbbb", ("aaaaaaaaaa", "bbbb")),
        ("aaaaaaaaa     \n    b", ("aaaaaaaaa", "b")),
    ],
)
def test_the_best_border_in_the_last_third_is_taken(text, pieces):
    assert split(text, 10) == pieces


def test_white_space_alone_is_no_message():
    assert split(" " * 30, 10) == ()


def test_a_character_longer_than_the_limit_is_cut_between_code_points():
    pieces = split(FAMILY + "a" * 5, 4, "bytes")
    assert "".join(pieces) == FAMILY + "a" * 5


def test_a_tower_of_accents_is_split_in_reasonable_time():
    tower = "e" + "\u0301" * 50_000
    pieces = split(tower, 4096, "utf16")
    assert "".join(pieces) == tower


@pytest.mark.parametrize(("limit", "unit"), [(0, "characters"), (3, "bytes"), (1, "utf16")])
def test_a_limit_that_holds_no_character_is_a_mistake(limit, unit):
    with pytest.raises(ValueError, match="holds no character"):
        split("🙂", limit, unit)


OPTIONS = tuple(
    Choice(value=f"v{n}", label=label) for n, label in enumerate(["退款", "换货", "Other"])
)


def test_choices_become_a_numbered_list():
    lines = numbered(Choices(prompt="哪一个？", options=OPTIONS)).splitlines()
    assert lines[:4] == ["哪一个？", "1. 退款", "2. 换货", "3. Other"]
    assert "数字" in lines[4]
    assert "number" in lines[4]


def test_a_question_without_options_or_prompt_has_no_empty_lines():
    assert numbered(Choices(prompt="嗯？", options=())) == "嗯？"
    assert numbered(Choices(prompt="", options=OPTIONS)).startswith("1. 退款")


def test_a_plain_channel_shows_every_part():
    shown = plain(
        (
            Text(text="看："),
            Media(kind="image", ref="r"),
            Choices(prompt="好吗？", options=OPTIONS[:1]),
            Selection(value="v", label="选的"),
            Selection(value="bare"),
            ContactEvent(event="opened"),
            Unsupported(platform_kind="hologram"),
        )
    ).splitlines()
    assert shown[0] == "看："
    assert "图片" in shown[1]
    assert "image" in shown[1]
    assert shown[2:4] == ["好吗？", "1. 退款"]
    assert shown[5:7] == ["选的", "bare"]
    assert "hologram" in shown[7]
    assert len(shown) == 8


def test_a_stand_in_says_what_it_stands_for():
    assert "a.pdf" in stand_in(Media(kind="file", ref="r", name="a.pdf"))
    assert "店 (31.2, 121.5)" in stand_in(Location(latitude=31.2, longitude=121.5, label="店"))
    assert "(" not in stand_in(Location(latitude=31.2, longitude=121.5))
    assert "event" in stand_in(ContactEvent(event="opened"))


@pytest.mark.parametrize(
    "said",
    [
        "2",
        "２",
        "2.",
        "2、",
        "（2）",
        "②",
        "2️⃣",
        "第二个",
        "第2项",
        "二",
        "选2",
        "我选二",
        "我要第二个",
        "#2",
        "No.2",
        "option2",
        "换货",
        " 2 ",
        "No. 2",
        "option 2",
        "换货 ",
    ],
)
def test_a_typed_answer_means_its_option(said):
    assert pick(said, OPTIONS) == OPTIONS[1]


@pytest.mark.parametrize(
    "said",
    [
        "",
        " ",
        "2 3",
        *[
            "0",
            "4",
            "第四个",
            "二二",
            "十",
            "我有2个问题",
            "2.5",
            "-2",
            "换",
            "99999999",
            "二十二",
            "第",
            "零",
        ],
    ],
)
def test_anything_else_means_none(said):
    assert pick(said, OPTIONS) is None


@pytest.mark.parametrize("begun", ["选", "option", "1", "第"])
@pytest.mark.parametrize("space", [" ", "\n", "\u3000"])
def test_a_flood_of_white_space_is_no_number_and_takes_no_time(begun, space):
    assert pick(begun + space * 1_000_000 + "x", OPTIONS) is None


def test_a_label_goes_before_a_number():
    options = (Choice(value="a", label="2"), Choice(value="b", label="1"))
    assert pick("2", options) == options[0]


def test_labels_are_compared_without_case_and_width():
    assert pick("ＯTHER", OPTIONS) == OPTIONS[2]


@pytest.mark.parametrize(
    ("word", "number"), [("十", 10), ("十二", 12), ("二十", 20), ("二十一", 21), ("两", 2)]
)
def test_chinese_numbers_are_read(word, number):
    options = [Choice(value=str(n), label=f"选项{n}") for n in range(1, 31)]
    assert pick(f"第{word}个", options) == options[number - 1]
