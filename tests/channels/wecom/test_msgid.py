import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.errors import TooLong
from channels.wecom.msgid import delivery_of, msgid

HELLO = {"msgtype": "text", "text": {"content": "您好"}}
FORM = re.compile(r"[0-9a-zA-Z_-]{32}")


@given(st.uuids(), st.integers(0, 99))
def test_a_name_has_wecoms_form_and_leads_back_to_its_delivery(delivery: UUID, piece: int):
    name = msgid(delivery.hex, piece, HELLO)
    assert FORM.fullmatch(name)
    assert delivery_of(name) == delivery.hex


@given(st.text())
def test_any_delivery_has_a_name(delivery: str):
    assert FORM.fullmatch(msgid(delivery, 0, HELLO))


def test_the_same_words_of_a_delivery_have_the_same_name():
    first = msgid("00" * 16, 0, HELLO)
    assert first == msgid("00" * 16, 0, dict(reversed(HELLO.items())))
    others = [
        msgid("01" * 16, 0, HELLO),
        msgid("00" * 16, 1, HELLO),
        msgid("00" * 16, 0, {**HELLO, "text": {"content": "您好吗"}}),
    ]
    assert len({first, *others}) == 4


@pytest.mark.parametrize("name", ["", "out_9", "é" * 32, "x" * 33, "=" * 32])
def test_a_strange_name_belongs_to_none_of_ours(name):
    assert delivery_of(name) is None


def test_a_hundred_pieces_are_too_many():
    with pytest.raises(TooLong):
        msgid("00" * 16, 100, HELLO)
