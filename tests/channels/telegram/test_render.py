"""Our words as Telegram's messages."""

from __future__ import annotations

import pytest

from channels.errors import Refused
from channels.message import Choice, Choices, ContactEvent, Text
from channels.telegram.render import MAX_CHOICES, render


def asking(*values, prompt="哪一个？", label="选项"):
    options = tuple(Choice(value=value, label=label) for value in values)
    return Choices(prompt=prompt, options=options)


def data(piece):
    if piece.keyboard is None:
        return None
    return [button.callback_data for row in piece.keyboard.inline_keyboard for button in row]


def test_text_and_question_are_one_message_with_buttons():
    (piece,) = render((Text(text="三天内到账。"), asking("y", "n", prompt="有帮助吗？")))
    assert piece.text == "三天内到账。\n有帮助吗？"
    assert data(piece) == ["y", "n"]


def test_text_after_a_question_is_a_message_of_its_own():
    first, second = render((asking("y"), Text(text="谢谢")))
    assert data(first) == ["y"]
    assert (second.text, data(second)) == ("谢谢", None)


def test_only_the_last_piece_has_the_buttons():
    first, last = render((Text(text="a" * 4096), asking("y")))
    assert data(first) is None
    assert data(last) == ["y"]


@pytest.mark.parametrize(
    "choices",
    [
        asking(*map(str, range(MAX_CHOICES + 1))),
        asking("x" * 65),
        asking("退" * 22),
        asking(""),
        asking("y", label=" "),
        asking("y", prompt=" "),
        asking(),
    ],
)
def test_what_cannot_be_a_button_is_a_numbered_list(choices):
    (piece,) = render((Text(text="请看"), choices))
    assert piece.keyboard is None
    assert all(f"{n}. {o.label}" in piece.text for n, o in enumerate(choices.options, 1))


def test_64_bytes_fit_on_a_button():
    assert data(render((asking("x" * 64),))[0]) == ["x" * 64]


@pytest.mark.parametrize("parts", [(), (Text(text=""),), (Text(text=" \n"),)])
def test_nothing_to_say_is_refused(parts):
    with pytest.raises(Refused):
        render(parts)


def test_an_event_is_not_shown():
    with pytest.raises(Refused):
        render((ContactEvent(event="opened"),))
