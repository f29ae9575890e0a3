from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from channels.errors import BadRequest
from channels.webchat import identity

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
LATER = (NOON + timedelta(hours=1)).timestamp()
SECRET = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"
LILY = {"sub": "user-42", "exp": LATER, "name": "李莉", "attributes": {"tier": "gold", "vip": True}}


def read(proof, *secrets, now=NOON):
    return identity.read(proof, secrets or (SECRET,), now)


def refused(proof, *secrets, now=NOON):
    with pytest.raises(BadRequest) as problem:
        read(proof, *secrets, now=now)
    assert problem.value.status == 401
    return str(problem.value)


def encoded(value):
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def signed(head, body, secret=SECRET):
    said = f"{encoded(head)}.{encoded(body)}"
    return f"{said}.{identity.signature(secret.encode(), said)}"


def test_what_a_site_signed_is_believed():
    claims = read(identity.sign(LILY, SECRET))
    assert (claims.sub, claims.name) == ("user-42", "李莉")
    assert claims.attributes == {"tier": "gold", "vip": True}


def test_the_signature_is_the_one_of_every_other_library():
    """RFC 7515, appendix A.1."""
    key = base64.urlsafe_b64decode(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow=="
    )
    said = (
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
        "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    )
    assert identity.signature(key, said) == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


def test_the_same_person_is_the_same_visitor_and_another_is_another():
    first, again = (read(identity.sign({**LILY, "exp": LATER + n}, SECRET)) for n in range(2))
    other = read(identity.sign({**LILY, "sub": "user-43"}, SECRET))
    assert first.visitor == again.visitor != other.visitor


def test_the_visitors_id_does_not_change_between_versions():
    assert (
        read(identity.sign(LILY, SECRET)).visitor == "u-bYlKo-6AJUnX80Dnwc8NHByxTNhPdo2S_6pnhTN8SZc"
    )


def test_a_number_is_taken_as_its_digits():
    assert read(identity.sign({**LILY, "sub": 42}, SECRET)).sub == "42"


def test_while_the_secret_changes_both_are_believed():
    for secret in (SECRET, OTHER):
        assert read(identity.sign(LILY, secret), SECRET, OTHER).sub == "user-42"
    refused(identity.sign(LILY, OTHER), SECRET)


def test_what_is_over_or_not_yet_good_is_refused():
    proof = identity.sign(LILY, SECRET)
    read(proof, now=NOON + timedelta(minutes=60, seconds=59))
    assert "over" in refused(proof, now=NOON + timedelta(minutes=61))
    early = identity.sign({**LILY, "nbf": LATER - 1}, SECRET)
    assert "not yet" in refused(early)


GOOD = {"alg": "HS256", "typ": "JWT"}


@pytest.mark.parametrize(
    "proof",
    [
        "",
        "..",
        "a.b.c",
        identity.sign(LILY, SECRET)[:-1],
        identity.sign(LILY, SECRET) + "A",
        identity.sign(LILY, SECRET) + "=",
        identity.sign(LILY, OTHER),
        f"{encoded({'alg': 'none'})}.{encoded(LILY)}.",
        signed({"alg": "none"}, LILY),
        signed({"alg": "HS512"}, LILY),
        signed({"alg": "RS256"}, LILY),
        signed({**GOOD, "crit": ["exp"]}, LILY),
        signed("[]", LILY),
        signed(GOOD, "[]"),
        signed(GOOD, "{"),
        signed(GOOD, "[" * 3000),
        signed(GOOD, {"sub": "user-42"}),
        signed(GOOD, {"exp": LATER}),
        signed(GOOD, {**LILY, "sub": ""}),
        signed(GOOD, {**LILY, "sub": True}),
        signed(GOOD, {**LILY, "sub": None}),
        signed(GOOD, {**LILY, "sub": ["user-42"]}),
        signed(GOOD, {**LILY, "sub": "x" * 201}),
        signed(GOOD, {**LILY, "exp": f"{LATER}"}),
        signed(GOOD, '{"sub": "user-42", "exp": NaN}'),
        signed(GOOD, '{"sub": "user-42", "exp": 1e999}'),
        signed(GOOD, {**LILY, "name": 5}),
        signed(GOOD, {**LILY, "attributes": {"a": {"b": 1}}}),
        signed(GOOD, {**LILY, "attributes": {"a": "x" * 201}}),
        signed(GOOD, {**LILY, "attributes": {f"{n}": 1 for n in range(21)}}),
        signed(GOOD, {**LILY, "attributes": {"n": 10**400}}),
        "é" + identity.sign(LILY, SECRET),
        identity.sign({**LILY, "more": "x" * 9000}, SECRET),
    ],
)
def test_anything_else_is_refused(proof):
    assert "user-42" not in refused(proof)


def test_a_surrogate_and_a_nul_are_made_storable():
    claims = read(signed(GOOD, {**LILY, "sub": "a\0b", "name": "\ud800"}))
    assert (claims.sub, claims.name) == ("ab", "\ufffd")
