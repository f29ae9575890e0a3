import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from channels.base import Request
from channels.errors import BadRequest
from channels.tencent.seal import Seal, Unreadable, check_age, check_signature, signature

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "signatures.json").read_text())
PLAIN, AES = VECTORS["wechat_plain"], VECTORS["wechat_aes"]
THEN = datetime.fromtimestamp(1700000000, UTC)


def seal_of(key=AES["encoding_aes_key"], owner=AES["appid"]) -> Seal:
    return Seal(SecretStr(AES["token"]), SecretStr(key), owner)


def sealed(**changes) -> Request:
    query = {name: AES[name] for name in ("timestamp", "nonce", "msg_signature")}
    body = f"<xml><ToUserName>gh</ToUserName><Encrypt>{AES['encrypt']}</Encrypt></xml>"
    told = {"method": "POST", "query": query, "headers": {}, "body": body.encode(), **changes}
    return Request(**told)


def test_the_plain_vector_is_reproduced():
    pieces = PLAIN["token"], PLAIN["timestamp"], PLAIN["nonce"]
    assert signature(*pieces) == PLAIN["signature"]
    check_signature(PLAIN["signature"], *pieces)


def test_the_sealed_vector_is_checked_and_opened():
    seal = seal_of()
    seal.check(sealed(), THEN)
    assert seal.open(sealed()) == AES["xml"]


@pytest.mark.parametrize("given", ["", "0" * 40, "é" * 40, "\ud800", PLAIN["signature"].upper()])
def test_another_signature_is_refused(given):
    with pytest.raises(BadRequest):
        check_signature(given, PLAIN["token"], PLAIN["timestamp"], PLAIN["nonce"])


@pytest.mark.parametrize("name", ["timestamp", "nonce", "msg_signature"])
def test_a_sealed_call_with_another_word_is_refused(name):
    query = {**sealed().query, name: "1700000001"}
    with pytest.raises(BadRequest):
        seal_of().check(sealed(query=query), THEN)


@pytest.mark.parametrize(
    "timestamp", ["0", "", "soon", "-5", "1e9", "1_700_000_000", "１７０００００００００", "9" * 30]
)
def test_a_senseless_time_is_refused(timestamp):
    with pytest.raises(BadRequest):
        check_age(timestamp, THEN)


def test_five_minutes_are_fresh_and_more_is_not():
    for seconds in (-300, 0, 300):
        check_age(str(1700000000 + seconds), THEN)
    for seconds in (-301, 301):
        with pytest.raises(BadRequest):
            check_age(str(1700000000 + seconds), THEN)


def test_a_plain_call_to_a_sealed_inbox_is_refused():
    with pytest.raises(BadRequest, match="not encrypted"):
        seal_of().check(sealed(body=AES["xml"].encode()), THEN)


def test_of_both_versions_only_the_sealed_one_counts():
    body = f"<xml><Content>forged</Content><Encrypt><![CDATA[{AES['encrypt']}]]></Encrypt></xml>"
    assert "forged" not in seal_of().open(sealed(body=body.encode()))


def test_what_was_sealed_for_another_account_is_refused():
    with pytest.raises(BadRequest, match="another account"):
        seal_of(owner="wx0000").open(sealed())


@pytest.mark.parametrize("encrypted", ["AAAA", "A" * 44, "=", "A" * 64, AES["encrypt"][:64]])
def test_broken_ciphertext_is_unreadable(encrypted):
    with pytest.raises((Unreadable, BadRequest)):
        seal_of().open(sealed(body=f"<Encrypt>{encrypted}</Encrypt>".encode()))


def test_another_key_does_not_open():
    with pytest.raises((Unreadable, BadRequest)):
        seal_of("B" * 43).open(sealed())


def test_what_is_closed_can_be_opened():
    seal = seal_of()
    closed = seal.close("<xml>中文</xml>", "1700000000", "7")
    assert seal.open(sealed(body=closed.encode())) == "<xml>中文</xml>"


def test_json_is_opened_like_xml():
    escaped = AES["encrypt"].replace("/", "\\/")
    for encrypted in (AES["encrypt"], escaped):
        call = sealed(body=f'{{"ToUserName": "gh", "Encrypt": "{encrypted}"}}'.encode())
        seal_of().check(call, THEN)
        assert seal_of().open(call) == AES["xml"]


ECHO = VECTORS["wecom_echostr"]


def echo(**changes):
    told = {name: ECHO[name] for name in ("echostr", "msg_signature")}
    return {"timestamp": AES["timestamp"], "nonce": AES["nonce"], **told, **changes}


def test_the_sealed_echo_of_the_vector_is_opened():
    assert seal_of(owner=ECHO["corpid"]).echo(echo(), THEN) == ECHO["must_return"]


@pytest.mark.parametrize("name", ["echostr", "msg_signature", "timestamp", "nonce"])
def test_another_echo_is_refused(name):
    with pytest.raises(BadRequest):
        seal_of(owner=ECHO["corpid"]).echo(echo(**{name: "1700000001"}), THEN)


def test_a_rightly_signed_echo_that_cannot_be_opened_is_refused():
    forged = signature(AES["token"], AES["timestamp"], AES["nonce"], "AAAA")
    with pytest.raises(BadRequest, match="cannot be decrypted"):
        seal_of().echo(echo(echostr="AAAA", msg_signature=forged), THEN)
