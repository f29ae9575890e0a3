import asyncio
import re
from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from console import auth
from console.auth import safe_next
from storage import people
from storage.models import Agent, Role, Session
from tests.console.world import PASSWORD, Console


async def sessions(console: Console) -> list[Session]:
    return await console.db.read(lambda session: list(session.exec(select(Session))))


async def agent(console: Console, name: str) -> Agent:
    return await console.db.read(people.find_agent, name)


async def test_the_right_password_opens_the_desk(desk_console: Console):
    browser = await desk_console.enter("li")
    assert (await browser.get("/inbox")).status_code == 200


async def test_the_cookie_is_hidden_from_scripts_and_its_hash_alone_is_stored(
    desk_console: Console,
):
    browser = desk_console.browser()
    answer = await browser.post("/login", data={"name": "li", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    value = cookie.split("=", 1)[1].split(";")[0]
    (stored,) = await sessions(desk_console)
    assert value not in stored.model_dump_json()
    assert stored.id_hash == auth.id_hash(value)


@pytest.mark.parametrize(("name", "password"), [("li", "wrong"), ("nobody", "wrong"), ("", "")])
async def test_wrong_names_and_wrong_passwords_look_alike(desk_console, name, password):
    answer = await desk_console.browser().post("/login", data={"name": name, "password": password})
    known = await desk_console.browser().post("/login", data={"name": "li", "password": "x"})
    assert answer.status_code == known.status_code == 422
    assert "wrong, or the account is locked" in answer.text
    assert await sessions(desk_console) == []


async def test_who_is_refused_is_told_what_to_do_and_goes_on_at_the_password(desk_console: Console):
    refused = (await desk_console.browser().post("/login", data={"name": "li"})).text
    minutes = people.LOCKED_FOR // timedelta(minutes=1)
    assert f"locked for {minutes} minutes. An administrator can give you a new" in refused
    fields = re.findall(r'<input id="f-(name|password)"[^>]*autofocus', refused)
    assert fields == ["password"]
    fresh = (await desk_console.browser().get("/login")).text
    assert re.findall(r'<input id="f-(name|password)"[^>]*autofocus', fresh) == ["name"]


async def test_who_was_away_for_long_is_told_why_to_log_in_again(desk_console: Console):
    browser = await desk_console.enter("li")
    desk_console.time.go_on(auth.IDLE + timedelta(minutes=1))
    asked = await browser.get("/inbox", follow_redirects=True)
    assert asked.url.path == "/login"
    assert "After 30 minutes without use one is logged out." in asked.text
    assert "without use" not in (await desk_console.browser().get("/login")).text


async def test_five_wrong_passwords_close_the_account_for_a_while(desk_console: Console):
    browser = desk_console.browser()
    for _ in range(5):
        await browser.post("/login", data={"name": "li", "password": "wrong"})
    right = {"name": "li", "password": PASSWORD}
    assert (await browser.post("/login", data=right)).status_code == 422
    desk_console.time.go_on(timedelta(minutes=16))
    assert (await browser.post("/login", data=right)).status_code == 303
    assert (await agent(desk_console, "li")).failed_logins == 0


async def test_guesses_made_at_once_are_all_counted(desk_console: Console):
    browser = desk_console.browser()
    guesses = (browser.post("/login", data={"name": "li", "password": "x"}) for _ in range(5))
    await asyncio.gather(*guesses)
    assert people.is_locked(await agent(desk_console, "li"), desk_console.time.now)


async def test_each_login_has_a_new_id_and_ends_the_one_before(desk_console: Console):
    browser = await desk_console.enter("li")
    (first,) = await sessions(desk_console)
    await browser.post("/login", data={"name": "li", "password": PASSWORD})
    (second,) = await sessions(desk_console)
    assert first.id_hash != second.id_hash


async def test_an_idle_session_ends(desk_console: Console):
    browser = await desk_console.enter("li")
    desk_console.time.go_on(auth.IDLE + timedelta(seconds=1))
    answer = await browser.get("/inbox")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/inbox"


async def test_a_page_that_refreshes_itself_keeps_no_session_awake(desk_console: Console):
    browser = await desk_console.enter("li")
    desk_console.time.go_on(auth.IDLE - timedelta(minutes=1))
    await browser.get("/inbox/counts", headers={"x-background": "1"})
    desk_console.time.go_on(timedelta(minutes=2))
    assert (await browser.get("/inbox/counts")).status_code == 303


async def test_a_used_session_ends_after_twelve_hours(desk_console: Console):
    browser = await desk_console.enter("li")
    for _ in range(48):
        desk_console.time.go_on(timedelta(minutes=15))
        last = await browser.get("/inbox/counts")
    assert last.status_code == 303


async def test_who_is_switched_off_is_out_at_once(desk_console: Console):
    browser = await desk_console.enter("li")
    li: UUID = desk_console.agents["li"].id
    await desk_console.db.write(people.set_role, li, Role.AGENT, enabled=False)
    assert (await browser.get("/inbox")).status_code == 303
    assert await sessions(desk_console) == []


async def test_logging_out_ends_the_session(desk_console: Console):
    browser = await desk_console.enter("li")
    assert (await browser.post("/logout")).status_code == 303
    assert await sessions(desk_console) == []


async def test_a_lost_login_redirects_htmx_by_header(desk_console: Console):
    answer = await desk_console.browser().get("/inbox", headers={"hx-request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/login?next=/inbox"


@pytest.mark.parametrize(
    "path",
    ["https://evil.test", "//evil.test", "/\\evil.test", "javascript:1", "", None, "/a\nb", "x"],
)
def test_a_login_goes_on_only_to_our_own_pages(path):
    assert safe_next(path) == "/"


def test_a_login_goes_on_to_where_one_wanted_to():
    assert safe_next("/tickets/C-1?view=all") == "/tickets/C-1?view=all"


async def test_the_first_password_must_be_changed_before_anything_else(desk_console: Console):
    db = desk_console.db
    li = desk_console.agents["li"]
    await db.write(people.set_password, li.id, li.password_hash, must_change=True)
    browser = desk_console.browser()
    await browser.post("/login", data={"name": "li", "password": PASSWORD})
    assert (await browser.get("/inbox")).headers["location"] == "/me/password"
    page = (await browser.get("/me/password")).text
    token = page.split('name="csrf" value="')[1].split('"')[0]
    new = {"current": PASSWORD, "new": "a better sentence", "again": "a better sentence"}
    changed = await browser.post("/me/password", data={**new, "csrf": token})
    assert changed.headers["location"] == "/"
    assert (await browser.get("/inbox")).status_code == 200


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ({"new": "short", "again": "short"}, "at least 10"),
        ({"new": "long enough 1", "again": "long enough 2"}, "not the same"),
        ({"current": "no", "new": "long enough 1", "again": "long enough 1"}, "is wrong"),
        ({"new": PASSWORD, "again": PASSWORD}, "is the old one"),
    ],
)
async def test_a_bad_new_password_is_refused_with_the_reason(desk_console, form, complaint):
    browser = await desk_console.enter("li")
    answer = await browser.post("/me/password", data={"current": PASSWORD, **form})
    assert answer.status_code == 422
    assert complaint in answer.text


async def test_a_new_password_logs_out_the_other_devices_only(desk_console: Console):
    here = await desk_console.enter("li")
    there = await desk_console.enter("li")
    new = {"current": PASSWORD, "new": "a better sentence", "again": "a better sentence"}
    await here.post("/me/password", data=new)
    assert (await here.get("/inbox")).status_code == 200
    assert (await there.get("/inbox")).status_code == 303


async def test_language_and_theme_are_remembered(desk_console: Console):
    browser = await desk_console.enter("li")
    await browser.post("/me", data={"language": "zh_CN", "theme": "dark"})
    page = (await browser.get("/inbox")).text
    assert '<html lang="zh-CN" data-theme="dark">' in page
    assert "待接入" in page


async def test_the_first_administrator_is_made_once(desk_console: Console):
    again = await desk_console.db.write(
        people.bootstrap_admin, "root", "hash", desk_console.time.now
    )
    assert again is None


async def test_a_name_belongs_to_one_person(desk_console: Console):
    with pytest.raises(people.NameTaken):
        await desk_console.db.write(
            people.create_agent, "li", "hash", Role.AGENT, desk_console.time.now
        )


@pytest.mark.parametrize(
    ("name", "wish", "place"),
    [
        ("editor", "/inbox", "/"),
        ("editor", "/inbox?view=mine", "/"),
        ("editor", "/kb/refund", "/kb/refund"),
        ("li", "/settings/users", "/"),
        ("li", "/inbox?view=mine", "/inbox?view=mine"),
        ("boss", "/approvals", "/approvals"),
    ],
)
async def test_a_login_leads_on_to_the_wished_page_unless_it_is_closed_to_the_person(
    desk_console, name, wish, place
):
    form = {"name": name, "password": PASSWORD, "next": wish}
    answer = await desk_console.browser().post("/login", data=form)
    assert answer.headers["location"] == place


async def test_a_part_of_a_page_asked_for_without_a_login_comes_back_to_its_page(desk_console):
    asked = {"hx-request": "true", "hx-current-url": "http://desk.test/inbox?view=mine"}
    answer = await desk_console.browser().get("/inbox/counts", headers=asked)
    assert answer.headers["hx-redirect"] == "/login?next=/inbox%3Fview%3Dmine"
    page = await desk_console.browser().get("/tickets?view=all")
    assert page.headers["location"] == "/login?next=/tickets%3Fview%3Dall"
