"""A link on a line of its own is a card; all else is text, as it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.cards import carded
from channels.message import Card, Text, text_of
from channels.text import plain

URL = "https://shop.example/r?a=1&b=2"


def test_a_link_on_a_line_of_its_own_is_a_card():
    text = f"""七天内可以退货。

[退货步骤]({URL} "附打印标签")
![](https://shop.example/r.jpg)
还有问题请留言。
[营业时间]({URL})"""
    assert carded(text) == (
        Text(text="七天内可以退货。"),
        Card(
            title="退货步骤",
            url=URL,
            description="附打印标签",
            picture="https://shop.example/r.jpg",
        ),
        Text(text="还有问题请留言。"),
        Card(title="营业时间", url=URL),
    )


@pytest.mark.parametrize(
    "text",
    [
        f"请看 [退货步骤]({URL})",
        f"[退货步骤]({URL}) 。",
        "[退货步骤](javascript:alert(1))",
        "[退货步骤](/returns)",
        f"[]({URL})",
        f"[{'长' * 65}]({URL})",
        f"![]({URL})",
        URL,
        "  两边的空格 \n",
        "",
    ],
)
def test_all_else_is_text(text):
    assert carded(text) == (Text(text=text),)


def test_a_card_says_its_address_where_cards_cannot_be_shown():
    parts = carded(f'[退货]({URL} "三步")')
    assert text_of(parts) == plain(parts) == f"退货\n三步\n{URL}"


@given(st.text(alphabet='[]()!"\n https:/.退', max_size=60))
def test_no_words_are_lost(text):
    shown = plain(carded(text))
    kept = [sign for sign in text if sign not in '[]()!" \n']
    assert [sign for sign in shown if sign not in '[]()!" \n'] == kept
