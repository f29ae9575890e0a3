"""Copies of a fixture are hostile in every way, each time the same ones, and can be written."""

from __future__ import annotations

from copy import deepcopy
from itertools import islice
from random import Random
from xml.etree import ElementTree as ET

import pytest

from channels.testing.fuzz import CHANGES, Doubled, copies, from_xml, json_bytes, xml_bytes

FIXTURE = {"id": 7, "from": {"id": 42, "name": "李"}, "photos": [{"ref": "a"}, {"ref": "b"}]}
MANY = 1500


def some(seed=1, count=MANY):
    return list(islice(copies(FIXTURE, Random(seed)), count))


def written(seed=1):
    return [json_bytes(copy) for copy in some(seed)]


def test_the_same_chance_makes_the_same_copies():
    assert written(1) == written(1)
    assert written(1) != written(2)


def test_the_fixture_stays_as_it_was():
    before = deepcopy(FIXTURE)
    some()
    assert before == FIXTURE


def test_each_way_of_being_wrong_occurs():
    together = b"\n".join(written())
    for sign in (
        *(b"\\ud800", b"\\u0000", b"\\u202e", b"\\u200b", b"NaN", b"Infinity", b"0" * 400),
        *(b"[[[", b'{"a": {"a"', b"null", b"a" * 20_000, b'"7"', b'"id": 5.5', b'"photos": "5"'),
    ):
        assert sign in together, sign
    bodies = written()
    assert any(b'"from"' not in body for body in bodies)
    assert any(body.count(b'{"ref": "a"}') > 1 for body in bodies)


def test_a_member_can_come_twice():
    twice = Doubled({"id": 1}, "id", None)
    assert json_bytes({"a": [deepcopy(twice)]}) == b'{"a": [{"id": 1, "id": null}]}'
    assert any(
        body.count(b'"name": "\\u674e"') > 1 or b'"id": 42, "name": "\\u674e", "id"' in body
        for body in written()
    )


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("holder", "key"),
    [({"a": 1}, "a"), ({"a": []}, "a"), ({"a": {"b": None}}, "a"), ([1], 0), (["x"], 0), ([{}], 0)],
)
def test_every_change_can_be_made_to_everything(change, holder, key):
    for seed in range(20):
        held = {"": deepcopy(holder)}
        change(held[""], key, Random(seed))
        json_bytes(held)


def test_xml_is_read_and_written_again():
    told = b"<xml><a>1</a><item><b>x]]&gt;y</b></item><item><b/></item></xml>"
    found = from_xml(ET.fromstring(told))
    assert found == {"a": "1", "item": [{"b": "x]]>y"}, {"b": ""}]}
    assert xml_bytes({"a": "12", "item": [{"b": None}, {"b": "3"}]}) == (
        b"<xml><a><![CDATA[12]]></a><item><b><![CDATA[]]></b></item><item><b>3</b></item></xml>"
    )
    again = xml_bytes({"b": "x]]>yz"})
    assert from_xml(ET.fromstring(again)) == {"b": "x]]>yz"}


def test_every_copy_can_be_written_as_xml():
    together = b"\n".join(xml_bytes(copy) for copy in some())
    for sign in (b"\xed\xa0\x80", b"\0", b"<![CDATA[<b>&amp;]]>", b"<id><a><a>", b"<photos>5</"):
        assert sign in together, sign
