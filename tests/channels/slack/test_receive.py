"""What comes in over HTTP."""

import json
import logging
from datetime import timedelta
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from channels.base import Request
from channels.errors import BadRequest
from tests.channels.slack.calls import FIXTURES, NOW, call_of, make_adapter, recorded, signed
from tests.channels.slack.test_parse import SAID

VECTORS = Path(__file__).parents[2] / "vectors" / "signatures.json"


@pytest.fixture
def adapter():
    return make_adapter()


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    async def refused(*_args, **_kwargs):
        raise AssertionError("receiving must not use the network")

    monkeypatch.setattr(AsyncWebClient, "_request", refused)


async def test_slacks_published_vector_is_accepted_in_its_time(adapter):
    vector = json.loads(VECTORS.read_text(encoding="utf-8"))["slack"]
    request = Request(
        method="POST",
        query={},
        headers={
            "content-type": "application/json",
            "x-slack-request-timestamp": vector["timestamp"],
            "x-slack-signature": vector["signature"],
        },
        body=vector["body"].encode(),
    )
    (message,) = (await adapter.receive(request)).messages
    assert message.text == "hi"
    assert message.dedupe_key == "msg:T0000001:D0000001:1700000000.000100"
    with pytest.raises(BadRequest) as refused:
        await make_adapter(now=NOW + timedelta(minutes=5)).receive(request)
    assert refused.value.status == 401


@pytest.mark.parametrize("path", sorted(FIXTURES.iterdir()), ids=lambda path: path.stem)
async def test_every_recorded_call_is_acknowledged(adapter, path):
    reception = await adapter.receive(call_of(recorded(path.stem)))
    assert reception.status == 200
    assert reception.quarantined == ()
    as_words = {"block_actions__opens_the_form", "command__complaint"}
    assert len(reception.messages) == (1 if path.stem in {*SAID, *as_words} else 0)


async def test_three_deliveries_of_one_event_have_one_key(adapter):
    keys = set()
    for attempt in range(3):
        retry = {"x-slack-retry-num": str(attempt), "x-slack-retry-reason": "http_timeout"}
        request = call_of(recorded("app_home_opened__messages"), **(retry if attempt else {}))
        keys |= {message.dedupe_key for message in (await adapter.receive(request)).messages}
    assert keys == {"event:Ev0000000017"}


async def test_a_mention_that_comes_as_two_events_has_one_key(adapter):
    names = ("message__channel_with_mention", "app_mention__same_post")
    receptions = [await adapter.receive(call_of(recorded(name))) for name in names]
    first, second = [reception.messages[0] for reception in receptions]
    assert first == second


async def test_slacks_check_of_the_url_is_answered(adapter):
    call = {"type": "url_verification", "token": "t", "challenge": "3eZbrw1aBm2rZgRNFdxV"}
    reception = await adapter.receive(call_of(call))
    assert json.loads(reception.body) == {"challenge": "3eZbrw1aBm2rZgRNFdxV"}
    assert reception.headers["content-type"].startswith("application/json")


async def test_slacks_check_of_the_certificate_is_answered(adapter):
    form = "application/x-www-form-urlencoded"
    assert (await adapter.receive(signed("ssl_check=1&token=t", form))).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"x-slack-request-timestamp": "soon"},
        {"x-slack-request-timestamp": "-1700000200"},
        {"x-slack-request-timestamp": "１７００００００００"},
        {"x-slack-request-timestamp": "9" * 5000},
        {"x-slack-request-timestamp": ""},
        {"x-slack-signature": "v0=签名"},
        {"x-slack-signature": ""},
        {"x-slack-signature": "v0=" + "0" * 64},
    ],
)
async def test_wrong_headers_are_refused(adapter, headers):
    with pytest.raises(BadRequest) as refused:
        await adapter.receive(call_of(recorded("message__direct"), **headers))
    assert refused.value.status == 401


async def test_a_body_that_is_no_utf8_is_refused(adapter):
    good = signed("{}")
    request = Request(good.method, good.query, good.headers, b"\xff\xfe")
    with pytest.raises(BadRequest) as refused:
        await adapter.receive(request)
    assert refused.value.status == 401


async def test_a_call_from_the_future_is_refused(adapter):
    with pytest.raises(BadRequest):
        await adapter.receive(signed("{}", now=NOW + timedelta(minutes=6)))


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "null",
        "[]",
        '"x"',
        "7",
        "[" * 100_000,
        '{"type":"event_callback"}',
        '{"type":"event_callback","event":7}',
        '{"type":"event_callback","event":{"type":7}}',
        '{"type":"event_callback","authorizations":7,"event":{"type":"message"}}',
        '{"type":"event_callback","event":{"type":"message","channel_type":"im"}}',
        '{"type":"block_actions","actions":[]}',
        '{"type":"block_actions","actions":[{"action_id":"a"}],"user":{"id":"U1"}}',
        '{"type":"something_new"}',
        '{"a":' + "1" * 5000 + "}",
    ],
)
async def test_what_is_genuine_but_senseless_is_kept_and_acknowledged(adapter, body):
    reception = await adapter.receive(signed(body))
    assert (reception.status, reception.messages) == (200, ())
    (kept,) = reception.quarantined
    assert kept.raw == body
    again = await adapter.receive(signed(body, **{"x-slack-retry-num": "1"}))
    assert again.quarantined == (kept,)


async def test_a_lone_surrogate_becomes_storable(adapter):
    odd = recorded("message__direct")
    odd["event"]["text"], odd["event"]["user"] = "\ud800 hi\0", "U\udfff1"
    (message,) = (await adapter.receive(call_of(odd))).messages
    assert message.text == "\ufffd hi"
    assert message.address.contact == "T0000001:U\ufffd1"


async def test_a_header_of_bolts_own_cannot_hide_a_message(adapter):
    lazy = {"x-slack-bolt-lazy-only": "1", "x-slack-bolt-lazy-function-name": "_catch"}
    reception = await adapter.receive(call_of(recorded("message__direct"), **lazy))
    assert len(reception.messages) == 1


async def test_an_inbox_without_a_signing_secret_trusts_no_call():
    listener = make_adapter(signing_secret=None, transport="socket", app_token="xapp-1")
    with pytest.raises(BadRequest):
        await listener.receive(call_of(recorded("message__direct")))


async def test_what_could_not_be_read_is_told_in_the_log_without_its_content(adapter, capsys):
    await adapter.receive(signed('{"text":"my secret"}'))
    assert "could not be read" in capsys.readouterr().out
    ours = logging.getLogger("channels.slack.adapter")
    assert ours.isEnabledFor(logging.WARNING), "the libraries are silent, we are not"


async def test_nothing_a_customer_wrote_is_logged(adapter, caplog, capsys):
    for body in ('{"type":"event_callback","event":{"text":"my secret"', '{"text":"my secret"}'):
        await adapter.receive(signed(body))
    await adapter.receive(call_of(recorded("message__direct")))
    printed = capsys.readouterr()
    assert "secret" not in caplog.text + printed.out + printed.err
    assert "退款" not in caplog.text + printed.out + printed.err


async def test_a_command_is_answered_at_once_and_only_to_who_gave_it(adapter):
    asked = await adapter.receive(call_of(recorded("command__ask")))
    told = json.loads(asked.body)
    assert told["response_type"] == "ephemeral"
    assert told["text"].startswith("收到")
    assert asked.headers["content-type"].startswith("application/json")
    assert [message.text for message in asked.messages] == ["怎么退货？"]


@pytest.mark.parametrize("text", ["", "help", "ask", "问", "帮助", "  "])
async def test_a_command_that_asks_nothing_is_told_how_to_ask(adapter, text):
    command = {**recorded("command__in_channel"), "text": text, "command": "/yingda<"}
    reception = await adapter.receive(call_of(command))
    assert reception.messages == ()
    assert "`/yingda&lt; complaint`" in json.loads(reception.body)["text"]


async def test_one_command_that_comes_twice_has_one_key(adapter):
    calls = [await adapter.receive(call_of(recorded("command__ask"))) for _ in range(2)]
    assert len({call.messages[0].dedupe_key for call in calls}) == 1


async def test_a_form_that_is_not_filled_in_is_not_taken_and_says_where(adapter):
    reception = await adapter.receive(call_of(recorded("view_submission__incomplete")))
    assert reception.messages == ()
    assert json.loads(reception.body) == {
        "response_action": "errors",
        "errors": {"facts": "再具体一些", "wish": "请选择"},
    }


async def test_a_form_that_is_filled_in_is_taken_and_closes(adapter):
    reception = await adapter.receive(call_of(recorded("view_submission__complaint")))
    assert (reception.status, reception.body) == (200, b"")
    assert len(reception.messages) == 1


async def test_a_form_that_nobody_knows_any_more_is_kept_for_people(adapter):
    old = recorded("view_submission__complaint")
    old["view"]["callback_id"] = "form:complaint.0@zh"
    reception = await adapter.receive(call_of(old))
    (kept,) = reception.quarantined
    assert kept.reason == "a form that nobody knows"
    assert "V0000001" in kept.raw
