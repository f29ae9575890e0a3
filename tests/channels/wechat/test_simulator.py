import httpx
import pytest

from channels.base import Reception
from channels.message import Location
from channels.testing import as_request, serve
from channels.wechat.simulator import OUT_OF_ORDER, Simulator
from tests.leaps import leap

OPENID = "oTESTopenid0000000000000001"

TEXT = (
    "<xml><ToUserName>{to}</ToUserName><FromUserName>{account}</FromUserName>"
    "<MsgType>text</MsgType><Content>{text}</Content></xml>"
)


@pytest.fixture
def phone(clock):
    return Simulator("shop", clock)


@pytest.mark.parametrize("body", [b"", b"success"])
def test_a_silent_answer_shows_nothing(phone, body):
    phone.answered(phone.say(OPENID, "hi"), body)
    assert not phone.screen


@pytest.mark.parametrize(
    "body",
    [
        b"ok",
        b"<xml>",
        TEXT.format(to=OPENID, account="gh_another", text="hi").encode(),
        TEXT.format(to=OPENID, account="gh_51a7e0c0ffee", text="x" * 2049).encode(),
    ],
)
def test_a_senseless_answer_shows_that_the_account_is_out_of_order(phone, body):
    phone.answered(phone.say(OPENID, "hi"), body)
    assert [seen.text for seen in phone.screen] == [OUT_OF_ORDER]


async def test_a_numbered_list_is_answered_by_typing(joined, saying):
    async with joined() as (adapter, simulator):
        await adapter.send(saying("1. 满意"))
        reception = await adapter.receive(as_request(simulator.tap(simulator.screen[0], 0)))
        assert reception.messages[0].text == "1"


async def test_who_has_left_is_not_reached(joined, saying):
    async with joined() as (adapter, simulator):
        simulator.unfollow(OPENID)
        with pytest.raises(Exception, match="43004"):
            await adapter.send(saying("come back"))


async def test_any_xml_can_be_pushed(joined):
    async with joined() as (adapter, simulator):
        xml = simulator._xml(OPENID, MsgType="location", Location_X="1", Location_Y="2")
        reception: Reception = await adapter.receive(as_request(simulator.push(OPENID, xml)))
        assert reception.messages[0].parts == (Location(latitude=1, longitude=2),)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"msgtype": "hologram"}, 40008),
        ({"msgtype": "text", "text": {"content": ""}}, 44004),
        ({"msgtype": "text", "text": {"content": "长" * 683}}, 45002),
    ],
)
async def test_the_platform_says_no_with_a_code(phone, told, code):
    async with serve(phone.app) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        secrets = {"appid": phone.platform.app_id, "secret": phone.platform.app_secret}
        given = (await client.post("/cgi-bin/stable_token", json=secrets)).json()
        answer = await client.post(
            "/cgi-bin/message/custom/send",
            params={"access_token": given["access_token"]},
            json={"touser": OPENID, **told},
        )
        assert answer.json()["errcode"] == code
        assert not phone.screen


async def test_escaped_text_shows_its_escapes(phone):
    async with serve(phone.app) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        secrets = {"appid": phone.platform.app_id, "secret": phone.platform.app_secret}
        given = (await client.post("/cgi-bin/stable_token", json=secrets)).json()
        await client.post(
            "/cgi-bin/message/custom/send",
            params={"access_token": given["access_token"]},
            content=b'{"touser": "o", "msgtype": "text", "text": {"content": "\\u4e2d"}}',
        )
        assert phone.screen[0].text == "\\u4e2d"


async def test_a_foreign_app_gets_no_token(phone):
    async with serve(phone.app) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        answer = await client.post("/cgi-bin/stable_token", json={"appid": "wx0"})
        assert answer.json()["errcode"] == 40013


def silent_for(calls):
    """An account that answers nothing to its first `calls`, and keeps what it was sent."""
    heard = []

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        heard.append((await receive())["body"])
        if len(heard) <= calls:
            leap(61)
            await receive()
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"success"})

    return app, heard


@pytest.mark.parametrize(("calls", "status", "screen"), [(2, 200, []), (3, 0, [OUT_OF_ORDER])])
async def test_three_calls_of_one_message_then_the_customer_is_told(clock, calls, status, screen):
    simulator = Simulator("shop", clock, mode="passive")
    assert simulator.patience == 5
    simulator.patience = 60
    app, heard = silent_for(calls)
    async with serve(app) as url, httpx.AsyncClient(timeout=60) as client:
        push = simulator.say(OPENID, "hi")
        assert await simulator.deliver(client, url, push) == status
    assert heard == [push.body] * 3
    assert [seen.text for seen in simulator.screen] == screen
