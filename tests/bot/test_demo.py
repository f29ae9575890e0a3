"""The demo: phones whose words go the whole way, over each platform's own wire."""

import asyncio

import httpx
import pytest
from typer.testing import CliRunner

from bot.cli.main import app as commands
from bot.config import Config
from bot.demo import CHANNELS, Demo, with_demo
from channels.testing import closed_url, serve

PHONES = [f"demo_{name}" for name in CHANNELS]


@pytest.fixture
async def demo(run):
    """Serve a demo and give its address."""
    port = int(closed_url().rpartition(":")[2])
    served = await run({}, demo=None, port=port)
    async with serve(served.app, port) as url:
        served.service.connect()
        for inbox in served.service.inboxes.by_name.values():
            async with asyncio.timeout(60):
                await inbox.ready.wait()
        async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
            yield client
        served.service.begin_stop()


async def seen(client, phone, contact, after=0):
    answer = await client.get(f"/demo/{phone}/screen", params={"contact": contact, "after": after})
    assert answer.status_code == 200
    return answer.json()["messages"]


async def test_every_phone_gets_an_answer_over_its_platforms_own_wire(demo):
    for phone in PHONES:
        said = {"contact": "lily2026", "text": "如何申请退货"}
        answer = await demo.post(f"/demo/{phone}/say", json=said)
        assert (answer.status_code, answer.json()) == (200, {"status": 200}), phone
        shown = await seen(demo, phone, "lily2026")
        assert "退货" in shown[0]["text"], phone
        assert shown[0]["from"] == "us"
        assert await seen(demo, phone, "lily2026", after=shown[0]["number"] - 1) == shown
        other = {"contact": "somebody", "wait": 0}
        screen = await demo.get(f"/demo/{phone}/screen", params=other)
        assert screen.json()["messages"] == []


async def test_a_form_opens_after_a_tap_and_becomes_one_complaint(demo):
    lily = {"contact": "lily2026"}
    await demo.post("/demo/demo_slack/say", json={**lily, "text": "你好"})
    shown = await seen(demo, "demo_slack", "lily2026")
    asked = {"number": shown[-1]["number"], "option": labels_of(shown[-1]).index("我要投诉")}
    assert (await demo.get("/demo/demo_slack/form", params=lily)).json() == {"form": None}
    await demo.post("/demo/demo_slack/tap", json={**lily, **asked})
    async with asyncio.timeout(60):
        while not (form := (await demo.get("/demo/demo_slack/form", params=lily)).json()["form"]):
            await asyncio.sleep(0.02)
    assert [blank["name"] for blank in form["blanks"]] == ["facts", "order", "wish"]
    lacking = await demo.post("/demo/demo_slack/form", json={**lily, "filled": {"facts": " "}})
    assert set(lacking.json()["form"]["wrong"]) == {"facts", "wish"}
    filled = {"facts": "包裹两周没有到", "order": "", "wish": "退款"}
    taken = await demo.post("/demo/demo_slack/form", json={**lily, "filled": filled})
    assert (taken.status_code, taken.json()) == (200, {"form": None})
    again = await demo.post("/demo/demo_slack/form", json={**lily, "filled": filled})
    assert again.status_code == 422
    (told,) = await seen(demo, "demo_slack", "lily2026", after=shown[-1]["number"])
    assert "您的投诉已受理，编号 TS" in told["text"]


@pytest.mark.parametrize("phone", ["demo_telegram", "demo_nothing"])
async def test_other_phones_have_no_forms(demo, phone):
    known = phone != "demo_nothing"
    found = await demo.get(f"/demo/{phone}/form", params={"contact": "lily2026"})
    assert found.status_code == (200 if known else 404)
    body = {"contact": "lily2026", "filled": {}}
    assert (await demo.post(f"/demo/{phone}/form", json=body)).status_code == (
        422 if known else 404
    )


def labels_of(message):
    return [label for _, label in message["options"]]


async def test_an_option_can_be_tapped(demo):
    await demo.post("/demo/demo_slack/say", json={"contact": "lily2026", "text": "如何申请退货"})
    async with asyncio.timeout(60):
        while not (
            shown := [m for m in await seen(demo, "demo_slack", "lily2026") if m["options"]]
        ):
            await asyncio.sleep(0.02)
    number = shown[0]["number"]
    for option, status in ((0, 200), (49, 422)):
        tapped = {"contact": "lily2026", "number": number, "option": option}
        answer = await demo.post("/demo/demo_slack/tap", json=tapped)
        assert answer.status_code == status
    stranger = {"contact": "somebody", "number": number, "option": 0}
    assert (await demo.post("/demo/demo_slack/tap", json=stranger)).status_code == 422
    assert await seen(demo, "demo_slack", "lily2026", after=number)


async def test_the_page_shows_every_phone(demo):
    page = await demo.get("/demo")
    assert page.status_code == 200
    for phone in [*PHONES, "demo_web"]:
        assert phone in page.text


async def test_only_a_customer_can_speak_on_a_phone(demo):
    for said in (
        {"contact": "x", "text": "hi"},
        {"contact": "../../etc", "text": "hi"},
        {"contact": "lily2026", "text": ""},
        {"contact": "lily2026", "text": "x" * 2001},
        {"contact": "lily2026", "text": "hi", "admin": True},
        {"contact": "lily2026"},
    ):
        assert (await demo.post("/demo/demo_wechat/say", json=said)).status_code == 422, said


async def test_there_are_no_other_phones(demo):
    said = {"contact": "lily2026", "text": "hi"}
    assert (await demo.post("/demo/demo_icq/say", json=said)).status_code == 404
    tapped = {"contact": "lily2026", "number": 1, "option": 0}
    assert (await demo.post("/demo/demo_icq/tap", json=tapped)).status_code == 404
    screen = await demo.get("/demo/demo_icq/screen", params={"contact": "lily2026"})
    assert screen.status_code == 404


async def test_without_the_demo_nothing_of_it_is_there(run):
    served = await run()
    for path in ("/demo", "/demo/demo_wechat/screen?contact=x", "/demo/platform/demo_wechat/"):
        assert (await served.client.get(path)).status_code == 404


async def test_a_customer_can_speak_from_the_command_line(demo, monkeypatch):
    monkeypatch.setattr("bot.cli.say.SECONDS", 60.0)
    for phone in ("demo_telegram", "demo_web"):
        args = ["say", phone, "如何申请退货", "--url", str(demo.base_url)]
        said = await asyncio.to_thread(CliRunner().invoke, commands, args)
        assert said.exit_code == 0, said.output
        assert "退货" in said.stdout


async def test_speaking_where_nobody_listens_says_so(demo):
    for phone, url in (("demo_web", closed_url()), ("demo_icq", str(demo.base_url))):
        args = ["say", phone, "hi", "--url", url]
        said = await asyncio.to_thread(CliRunner().invoke, commands, args)
        assert said.exit_code == 1
        assert f"the demo at {url} does not take it" in said.stderr
    assert "no such phone; there are demo_" in said.stderr
    assert "demo_wechat" in said.stderr
    assert "demo_web)" in said.stderr


async def test_a_mail_is_answered_under_its_subject_and_the_next_one_in_its_thread(demo):
    mail = {"contact": "GuestA1", "text": "如何申请退货", "subject": "如何申请退货"}
    assert (await demo.post("/demo/demo_email/say", json=mail)).status_code == 200
    (first,) = await seen(demo, "demo_email", "GuestA1")
    assert (first["subject"], first["from"]) == ("Re: 如何申请退货", "us")
    again = {"contact": "GuestA1", "text": "转人工", "subject": first["subject"]}
    await demo.post("/demo/demo_email/say", json=again)
    (second,) = await seen(demo, "demo_email", "GuestA1", after=first["number"])
    assert "人工" in second["text"]
    assert second["subject"] == "Re: 如何申请退货"
    forged = {**mail, "subject": "a\r\nBcc: all@shop.example"}
    assert (await demo.post("/demo/demo_email/say", json=forged)).status_code == 422


async def test_where_another_process_reads_mail_the_demo_has_no_mailbox(clock):
    demo = Demo("http://127.0.0.1:1", clock, mail=False)
    assert "demo_email" not in demo.inboxes()
    assert "demo_douyin" in demo.inboxes()
    await demo.close()


async def test_the_demos_inboxes_join_those_there_are(clock):
    demo = Demo("http://127.0.0.1:1", clock)
    config = with_demo(Config(demo=True), demo)
    assert sorted(config.inboxes) == sorted([*PHONES, "demo_web"])
    assert config.inboxes["demo_wechat"].base_url == "http://127.0.0.1:1/demo/platform/demo_wechat"
    await demo.close()
