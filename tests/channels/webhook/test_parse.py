import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.errors import BadRequest
from channels.message import (
    ContactEvent,
    IncomingMessage,
    Location,
    Media,
    Part,
    Selection,
    Text,
    Unsupported,
    Visibility,
)
from channels.webhook.parse import LARGEST, message, read

FIXTURES = Path(__file__).parent / "fixtures"
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SHOP = "https://cdn.example.com"

UNDERSTOOD: dict[str, tuple[Part, ...]] = {
    "text__plain": (Text(text="发货了吗"),),
    "text__smallest": (Text(text="hi"),),
    "text__public": (Text(text="在吗"),),
    "text__edited": (Text(text="发货了吗？"),),
    "text__with_unknown_fields": (Text(text="hi"),),
    "image__with_words": (
        Text(text="坏了"),
        Media(kind="image", ref=f"{SHOP}/1.jpg", name="1.jpg", size=1234),
    ),
    "voice__with_transcript": (Media(kind="voice", ref=f"{SHOP}/1.amr", transcript="到哪了"),),
    "video__clip": (Media(kind="video", ref=f"{SHOP}/1.mp4"),),
    "file__pdf": (Media(kind="file", ref=f"{SHOP}/a.pdf", name="发票.pdf"),),
    "location__shop": (Location(latitude=31.2, longitude=121.5, label="店"),),
    "selection__tapped": (Selection(value="v:1", label="退货"),),
    "event__opened": (ContactEvent(event="opened", context="product/9"),),
    "parts__text": (Text(text="一"), Text(text="二")),
    "unknown__hologram": (Unsupported(platform_kind="hologram"),),
}
REFUSED = {
    "bad__no_id": "missing: id$",
    "bad__no_contact": "missing: contact$",
    "bad__contact_is_text": "missing: contact$",
    "bad__says_nothing": "text or parts",
    "bad__text_is_list": "missing: text$",
    "bad__id_is_number": "missing: id$",
    "bad__naive_time": "missing: sent_at$",
    "bad__image_without_url": r"parts\.0: url$",
    "bad__image_of_a_file_url": r"parts\.0: url$",
    "bad__event_nobody_knows": r"parts\.1: event$",
    "bad__part_without_kind": r"missing: parts\.0\.kind$",
    "bad__list": "missing: the fields",
    "bad__truncated": "not a JSON object",
}


def recorded(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def parsed(body: bytes) -> IncomingMessage:
    return message(read(body), "shop", NOW)


def test_every_fixture_is_used():
    assert {path.stem for path in FIXTURES.iterdir()} == {*UNDERSTOOD, *REFUSED}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_each_kind_becomes_its_parts(name):
    found = parsed(recorded(name))
    assert found.parts == UNDERSTOOD[name]
    assert (found.dedupe_key, found.platform_id, found.address.contact) == ("m-1", "m-1", "u-1")


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_named_so_that_its_sender_can_mend_it(name):
    with pytest.raises(BadRequest, match=REFUSED[name]) as refused:
        parsed(recorded(name))
    assert refused.value.status == 422


def test_all_that_is_told_is_kept():
    found = parsed(recorded("text__plain"))
    assert found.sent_at == NOW - timedelta(seconds=2)
    assert (found.contact_name, found.language) == ("李雷", "zh-CN")
    assert found.address.thread == "order-77"
    public = parsed(recorded("text__public"))
    assert (public.address.visibility, public.reply_to) == (Visibility.PUBLIC, "p-9")
    assert parsed(recorded("text__edited")).replaces == "m-0"


def test_what_is_not_told_has_a_sensible_value():
    found = parsed(recorded("text__smallest"))
    assert (found.address.thread, found.sent_at, found.contact_name) == ("u-1", NOW, None)
    assert found.address.visibility is Visibility.PRIVATE


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_place_that_is_no_number_is_refused(number):
    fields = b'"latitude":%s,"longitude":1' % number.encode()
    body = b'{"id":"1","contact":{"id":"u"},"parts":[{"kind":"location",%s}]}' % fields
    with pytest.raises(BadRequest, match=r"parts\.0: latitude$") as refused:
        parsed(body)
    assert refused.value.status == 422


@pytest.mark.parametrize("then", ["2999-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_a_time_that_cannot_be_is_now(then):
    body = json.loads(recorded("text__smallest")) | {"sent_at": then}
    assert parsed(json.dumps(body).encode()).sent_at == NOW


def test_a_huge_body_is_refused_before_it_is_read():
    with pytest.raises(BadRequest) as refused:
        read(b"[" * (LARGEST + 1))
    assert refused.value.status == 413


def test_no_field_that_a_stranger_made_up_is_repeated_in_the_error():
    body = json.loads(recorded("text__smallest")) | {"parts": [{"kind": 3, "<script>": 1}]}
    with pytest.raises(BadRequest) as refused:
        read(json.dumps(body).encode())
    assert "script" not in str(refused.value)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@settings(max_examples=150)
@given(st.data())
def test_no_change_of_a_genuine_call_surprises_the_parser(data):
    fields = json.loads(recorded(data.draw(st.sampled_from(sorted(UNDERSTOOD)))))
    name = data.draw(st.sampled_from([*sorted(fields), "parts", "extra"]))
    fields[name] = data.draw(JUNK)
    with suppress(BadRequest):
        assert parsed(json.dumps(fields).encode()).parts
