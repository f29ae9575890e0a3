"""Settings: the channels' health, parked events, accounts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import console
from channels import registry
from channels.health import Report, fine, warn, wrong
from storage import conversations, paces, people
from storage.models import Delivery, DeliveryStatus, InboundEvent, Role


def _events(session, now):
    odd = InboundEvent(
        inbox="shop_weibo", dedupe_key="odd", payload={"raw": "<b>?</b>"}, problem="unknown kind"
    )
    dead = InboundEvent(
        inbox="shop_wechat",
        dedupe_key="dead",
        lane="shop_wechat:x",
        sequence=1,
        payload={"parts": []},
        problem="failed 5 times",
        dead=True,
        done_at=now,
        received_at=now,
    )
    session.add_all([odd, dead])
    session.flush()
    return odd.id, dead.id


def _sent(session, conversation_id, at, *ends):
    said = conversations.history(session, conversation_id)[0]
    for end in ends:
        key = f"{end}-{at}"
        session.add(
            Delivery(
                key=key,
                message_id=said.id,
                conversation_id=conversation_id,
                inbox="shop_wechat",
                lane=key,
                sequence=1,
                parts=said.parts,
                status=DeliveryStatus(end),
                created_at=at,
            )
        )


async def test_each_channel_says_how_it_is_and_what_to_mend(desk_console):
    admin = await desk_console.enter("admin")
    page = (await admin.get("/settings/channels")).text
    assert page.count("inbox-card") == len(desk_console.services.inboxes())
    assert "Needs mending" in page
    assert "The token has expired." in page
    assert (await admin.get("/settings")).headers["location"] == "/settings/channels"


async def test_the_last_check_is_shown_with_its_time_and_its_mends(desk_console):
    now = desk_console.time.now
    ill = wrong("WeChat cannot resolve the name of the server URL", "mend <b>it</b>")
    found = (fine("The channel opens and is let in"), ill)
    desk_console.reports["shop_wechat"] = Report(now, found)
    admin = await desk_console.enter("admin")
    page = (await admin.get("/settings/channels")).text
    card = page.split('id="inbox-shop_wechat"')[1].split("</section>")[0]
    assert "Needs mending" in card
    assert now.isoformat(timespec="seconds") in card
    assert "WeChat cannot resolve the name" in card
    assert "mend &lt;b&gt;it&lt;/b&gt;" in card
    assert "1 thing is as it should be" in card
    assert page.count("Not checked yet") == len(desk_console.services.inboxes()) - 1


async def test_what_a_check_found_is_told_in_the_readers_language(desk_console):
    told = warn(
        "%(left)d of %(limit)d replies of this day are left",
        "see who causes so many; 开发 > 接口权限 can clear the count",
        left=3,
        limit=100,
    )
    refused = wrong("The platform says no: %(problem)s", "", problem="<script>%d")
    broken = wrong("half a %(sentence)s", "")
    findings = (told, refused, broken)
    desk_console.reports["shop_wechat"] = Report(desk_console.time.now, findings)
    admin = await desk_console.enter("admin")
    admin.headers["accept-language"] = "zh-CN"
    page = (await admin.get("/settings/channels")).text
    assert "今天还可回复 3 次，上限 100 次" in page
    assert "half a %(sentence)s" in page
    assert "平台拒绝：&lt;script&gt;%d" in page


async def test_what_a_check_found_long_ago_turns_no_channel_red(desk_console):
    then = desk_console.time.now - timedelta(hours=3)
    desk_console.reports["shop_wechat"] = Report(then, (wrong("ill", "mend it"),))
    admin = await desk_console.enter("admin")
    page = (await admin.get("/settings/channels")).text
    assert 'class="card inbox-card" id="inbox-shop_wechat"' in page
    assert "mend it" in page


async def test_a_channel_can_be_checked_at_once(desk_console):
    admin = await desk_console.enter("admin")
    answer = await admin.post("/settings/channels/shop_wechat/check")
    assert answer.headers["location"] == "/settings/channels?told=checked#inbox-shop_wechat"
    assert desk_console.checked == ["shop_wechat"]
    assert (await admin.post("/settings/channels/nobody/check")).status_code == 404
    agent = await desk_console.enter("li")
    assert (await agent.post("/settings/channels/shop_wechat/check")).status_code == 403
    assert desk_console.checked == ["shop_wechat"]


async def test_a_channel_tells_what_waits_what_was_not_sent_and_what_is_unclear(desk_console):
    talk, now = await desk_console.talk(), desk_console.time.now
    await desk_console.db.write(_events, now)
    await desk_console.db.write(_sent, talk.id, now, "pending", "failed", "uncertain", "sent")
    await desk_console.db.write(_sent, talk.id, now - timedelta(days=8), "failed")
    admin = await desk_console.enter("admin")
    page = (await admin.get("/settings/channels")).text
    shown = re.findall(r'<dd class="number">(\d+)</dd>', page)
    assert shown[:3] == ["1", "2", "1"]
    assert shown[3:6] == ["0", "0", "1"]


async def test_parked_events_are_listed_with_their_payload_as_text(desk_console):
    await desk_console.db.write(_events, desk_console.time.now)
    admin = await desk_console.enter("admin")
    page = (await admin.get("/settings/channels")).text
    assert "unknown kind" in page
    assert "&lt;b&gt;?&lt;/b&gt;" in page
    assert "<b>?" not in page
    assert page.count("/retry") == 1


async def test_a_dead_event_is_tried_again_once(desk_console):
    _, dead = await desk_console.db.write(_events, desk_console.time.now)
    admin = await desk_console.enter("admin")
    first = await admin.post(f"/settings/events/{dead}/retry")
    again = await admin.post(f"/settings/events/{dead}/retry")
    assert first.headers["location"].endswith("told=again")
    assert again.headers["location"].endswith("told=gone")
    event = await desk_console.db.read(lambda session: session.get(InboundEvent, dead))
    assert (event.dead, event.problem) == (False, None)


async def test_a_quarantined_event_cannot_be_tried_again(desk_console):
    odd, _ = await desk_console.db.write(_events, desk_console.time.now)
    admin = await desk_console.enter("admin")
    answer = await admin.post(f"/settings/events/{odd}/retry")
    assert answer.headers["location"].endswith("told=gone")


@pytest.mark.parametrize("name", ["li", "boss", "editor"])
async def test_settings_are_for_administrators(desk_console, name):
    browser = await desk_console.enter(name)
    for path in ("/settings", "/settings/channels", "/settings/users"):
        assert (await browser.get(path)).status_code == 403
    form = {"name": "mallory", "role": "admin"}
    assert (await browser.post("/settings/users", data=form)).status_code == 403
    assert await desk_console.db.read(people.find_agent, "mallory") is None


async def test_a_new_person_gets_a_password_that_is_shown_once(desk_console):
    admin = await desk_console.enter("admin")
    form = {"name": "wang", "display_name": "小王", "role": "handler"}
    page = (await admin.post("/settings/users", data=form)).text
    password = page.split('class="secret">')[1].split("<")[0]
    wang = await desk_console.db.read(people.find_agent, "wang")
    assert (wang.role, wang.must_change_password) == (Role.HANDLER, True)
    assert password not in (await admin.get("/settings/users")).text
    async with desk_console.browser() as browser:
        entered = await browser.post("/login", data={"name": "wang", "password": password})
        assert entered.status_code == 303


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"name": "x y", "role": "agent"}, 422),
        ({"name": "", "role": "agent"}, 422),
        ({"name": "wang", "role": "king"}, 422),
        ({"name": "li", "role": "agent"}, 409),
    ],
)
async def test_a_wrong_account_is_not_made(desk_console, form, status):
    admin = await desk_console.enter("admin")
    before = len(await desk_console.db.read(people.agents))
    answer = await admin.post("/settings/users", data=form)
    assert answer.status_code == status
    assert 'class="error"' in answer.text
    assert len(await desk_console.db.read(people.agents)) == before


async def test_who_may_not_log_in_any_more_is_out_at_once(desk_console):
    admin, li = await desk_console.enter("admin"), await desk_console.enter("li")
    agent = desk_console.agents["li"]
    await admin.post(f"/settings/users/{agent.id}", data={"role": "agent"})
    assert (await li.get("/me")).status_code in (303, 401)
    assert not (await desk_console.db.read(people.find_agent, "li")).enabled


async def test_a_role_can_be_changed(desk_console):
    admin = await desk_console.enter("admin")
    agent = desk_console.agents["li"]
    form = {"role": "supervisor", "enabled": "on"}
    await admin.post(f"/settings/users/{agent.id}", data=form)
    assert (await desk_console.db.read(people.find_agent, "li")).role is Role.SUPERVISOR


@pytest.mark.parametrize("form", [{"role": "admin"}, {"role": "agent", "enabled": "on"}])
async def test_the_last_administrator_stays(desk_console, form):
    admin = await desk_console.enter("admin")
    agent = desk_console.agents["admin"]
    answer = await admin.post(f"/settings/users/{agent.id}", data=form)
    assert answer.headers["location"].endswith("told=last")
    stored = await desk_console.db.read(people.find_agent, "admin")
    assert (stored.role, stored.enabled) == (Role.ADMIN, True)


async def test_a_new_password_ends_the_persons_logins(desk_console):
    admin, li = await desk_console.enter("admin"), await desk_console.enter("li")
    agent = desk_console.agents["li"]
    page = (await admin.post(f"/settings/users/{agent.id}/password")).text
    assert 'class="secret">' in page
    assert (await li.get("/me")).status_code in (303, 401)
    assert (await desk_console.db.read(people.find_agent, "li")).must_change_password


async def test_ones_own_password_is_not_reset_here(desk_console):
    admin = await desk_console.enter("admin")
    agent = desk_console.agents["admin"]
    answer = await admin.post(f"/settings/users/{agent.id}/password")
    assert answer.status_code == 303
    assert (await admin.get("/me")).status_code == 200


async def test_a_channel_that_is_held_or_must_wait_says_why(desk_console):
    admin, db, now = await desk_console.enter("admin"), desk_console.db, desk_console.time.now
    ready = [one.inbox for one in desk_console.services.inboxes() if one.state == "ready"]
    name, other = ready[:2]
    for _ in range(paces.PATIENCE):
        await db.write(paces.stumbled, name, "HTTP 503 <b>", now, now + timedelta(minutes=5))
    await db.write(paces.block, other, paces.WHOLE, now, now + timedelta(seconds=90))
    page = (await admin.get("/settings/channels")).text
    assert "Sending failed again and again: HTTP 503 &lt;b&gt;" in page
    assert "Too fast for the platform: it takes nothing before <time" in page
    await db.write(paces.recovered, name)
    page = (await admin.get("/settings/channels")).text
    assert "Sending failed again and again" not in page


@pytest.mark.parametrize("channel", registry.CHANNELS)
def test_every_channel_has_a_sign_of_its_own(channel):
    icons = (Path(console.__file__).parent / "static" / "icons.svg").read_text(encoding="utf-8")
    assert f'<symbol id="channel-{channel}"' in icons


async def test_the_roles_say_who_publishes(desk_console):
    admin = await desk_console.enter("admin")
    usual = (await admin.get("/settings/users")).text
    assert usual.count("Publishes the knowledge base.") == 1
    desk_console.app.state.services = replace(
        desk_console.services, publishers=frozenset({Role.EDITOR, Role.ADMIN})
    )
    page = (await admin.get("/settings/users")).text
    assert "Writes drafts of the knowledge base. Publishes the knowledge base." in page
    assert page.count("Publishes the knowledge base.") == 1
