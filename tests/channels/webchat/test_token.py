from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels.errors import BadRequest
from channels.message import Media
from channels.webchat import token

SECRET = "a-secret-of-the-test"
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ADA = token.issue(SECRET, "website", "ada")


def test_a_token_names_its_visitor():
    assert token.read(SECRET, "website", ADA, NOON) == "ada"


def test_the_format_of_tokens_does_not_change():
    assert ADA == "v1.ada.rA0WEORWPbfGY8o1YZJfB3Vvof2qHEApYt7A3p6wXz4"


@pytest.mark.parametrize(
    "forged",
    [
        "",
        ".",
        "..",
        "v1.ada.",
        "v1..",
        ADA[:-1],
        ADA + "A",
        ADA + "=",
        ADA + "\n",
        ADA.replace("ada", "bob"),
        ADA.replace("v1", "v2"),
        ADA.replace("ada", "ada\n"),
        "v1.ada.日本",
        "v1.a/../b.x",
        "x" * 100_000,
        token.issue(SECRET, "other", "ada"),
        token.issue("another-secret-of-it", "website", "ada"),
    ],
)
def test_any_other_token_is_refused(forged):
    with pytest.raises(BadRequest) as refused:
        token.read(SECRET, "website", forged, NOON)
    assert refused.value.status == 401


@pytest.mark.parametrize("visitor", ["", "a.b", "a b", "x" * 65, "日", "a\n"])
def test_a_strange_visitor_gets_no_token(visitor):
    with pytest.raises(ValueError, match="visitor"):
        token.issue(SECRET, "website", visitor)


PICTURE = Media(kind="image", ref="ours:AAAA", name="图.png", size=5)


@pytest.mark.parametrize("spoiled", ["", ".", "\ud800", "é", "ada", "x" * 100_000])
def test_only_a_file_that_was_taken_from_this_visitor_is_taken_again(spoiled):
    proof = token.vouch(SECRET, "website", "ada", PICTURE)
    assert token.read_file(SECRET, "website", "ada", proof) == PICTURE
    for visitor, given in (("bob", proof), ("ada", spoiled), ("ada", proof + "\udfff")):
        with pytest.raises(BadRequest) as refused:
            token.read_file(SECRET, "website", visitor, given)
        assert refused.value.status == 422


NAMED = token.SIGNED + "A" * 43


def test_a_token_of_somebody_signed_in_is_good_for_a_while():
    issued = token.issue_named(SECRET, "website", NAMED, NOON)
    assert token.read(SECRET, "website", issued, NOON) == NAMED
    for later in (token.LASTS, token.LASTS * 2):
        with pytest.raises(BadRequest):
            token.read(SECRET, "website", issued, NOON + later)
    with pytest.raises(BadRequest):
        token.read(SECRET, "other", issued, NOON)


def test_no_other_token_names_somebody_signed_in():
    with pytest.raises(ValueError, match="no signed one"):
        token.issue(SECRET, "website", NAMED)
    with pytest.raises(ValueError, match="signed in"):
        token.issue_named(SECRET, "website", "ada", NOON)
    forged = f"v1.{NAMED}.{token._proof(SECRET, 'website', NAMED)}"
    with pytest.raises(BadRequest):
        token.read(SECRET, "website", forged, NOON)
