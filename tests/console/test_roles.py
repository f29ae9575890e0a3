"""Who may open which address: one table, every role, every address of the desk."""

import re
from uuid import UUID

import pytest
from fastapi.routing import APIRoute

from storage import people
from storage.models import Role
from tests.console.world import HASH, Console

NAMES = {
    Role.AGENT: "li",
    Role.HANDLER: "department",
    Role.EDITOR: "editor",
    Role.SUPERVISOR: "boss",
    Role.ADMIN: "admin",
}
ALL = set(Role)
CUSTOMERS = {Role.AGENT, Role.SUPERVISOR, Role.ADMIN}
CASES = CUSTOMERS | {Role.HANDLER}
APPROVERS = {Role.SUPERVISOR, Role.ADMIN}
WRITERS = {Role.EDITOR, Role.SUPERVISOR, Role.ADMIN}
PUBLISHERS = {Role.SUPERVISOR, Role.ADMIN}
ADMINS = {Role.ADMIN}
TABLE = {
    "GET /live": ALL,
    "GET /me": ALL,
    "POST /me": ALL,
    "GET /me/password": ALL,
    "POST /me/password": ALL,
    "GET /inbox": CUSTOMERS,
    "GET /inbox/counts": CUSTOMERS,
    "GET /inbox/{conversation_id}": CUSTOMERS,
    "GET /inbox/{conversation_id}/messages": CUSTOMERS,
    "GET /inbox/{conversation_id}/suggestions": CUSTOMERS,
    "GET /media/{media_id}": CUSTOMERS,
    "POST /inbox/{conversation_id}/files": CUSTOMERS,
    "POST /inbox/{conversation_id}/files/of-answer": CUSTOMERS,
    "POST /inbox/{conversation_id}/files/{media_id}/again": CUSTOMERS,
    "POST /inbox/{conversation_id}/reply": CUSTOMERS,
    "POST /inbox/{conversation_id}/private": CUSTOMERS,
    "POST /inbox/{conversation_id}/notify": CUSTOMERS,
    "POST /inbox/{conversation_id}/note": CUSTOMERS,
    "POST /inbox/{conversation_id}/read": CUSTOMERS,
    "POST /inbox/{conversation_id}/typing": CUSTOMERS,
    "POST /inbox/{conversation_id}/{action}": CUSTOMERS,
    "POST /inbox/{conversation_id}/deliveries/{delivery_id}/{decision}": CUSTOMERS,
    "GET /tickets": CASES,
    "GET /tickets/new": CASES,
    "POST /tickets/new": CASES,
    "GET /tickets/{number}": CASES,
    "POST /tickets/{number}/steps": CASES,
    "GET /approvals": APPROVERS,
    "GET /kb": WRITERS,
    "POST /kb/try": WRITERS,
    "GET /kb/publish": WRITERS,
    "POST /kb/rehearsals": WRITERS,
    "GET /kb/rehearsals/{rehearsal_id}": WRITERS,
    "POST /kb/rehearsals/{rehearsal_id}/publish": PUBLISHERS,
    "GET /kb/releases": WRITERS,
    "GET /kb/releases/gone": WRITERS,
    "POST /kb/plans/{plan_id}/cancel": PUBLISHERS,
    "GET /kb/tests": WRITERS,
    "POST /kb/tests": WRITERS,
    "POST /kb/tests/{test_id}/drop": WRITERS,
    "POST /kb/near": WRITERS,
    "POST /kb/files": WRITERS,
    "GET /kb/files/{media_id}": WRITERS,
    "POST /kb/categories": WRITERS,
    "POST /kb/chosen": WRITERS,
    "GET /kb/entry": WRITERS,
    "POST /kb/entry": WRITERS,
    "POST /kb/releases/{number}/rollback": PUBLISHERS,
    "GET /kb/new": WRITERS,
    "POST /kb/new": WRITERS,
    "GET /kb/import": WRITERS,
    "POST /kb/import": WRITERS,
    "GET /kb/import/{import_id}": WRITERS,
    "POST /kb/import/{import_id}": WRITERS,
    "GET /kb/export": WRITERS,
    "GET /kb/learning": WRITERS,
    "POST /kb/learning": ADMINS,
    "POST /kb/learning/labels": ADMINS,
    "POST /kb/learning/{number}/back": ADMINS,
    "GET /kb/gaps": WRITERS,
    "POST /kb/gaps": WRITERS,
    "GET /kb/gaps/{gap_id}": WRITERS,
    "POST /kb/gaps/{gap_id}": WRITERS,
    "GET /kb/gaps/{gap_id}/trials/{run_id}": WRITERS,
    "GET /kb/{key:path}": WRITERS,
    "POST /kb/{key:path}": WRITERS,
    "GET /settings": ADMINS,
    "GET /settings/channels": ADMINS,
    "POST /settings/channels/{inbox}/check": ADMINS,
    "POST /settings/events/{event_id}/retry": ADMINS,
    "POST /settings/deliveries/{delivery_id}/{decision}": ADMINS,
    "GET /settings/users": ADMINS,
    "POST /settings/users": ADMINS,
    "POST /settings/users/{agent_id}": ADMINS,
    "POST /settings/users/{agent_id}/password": ADMINS,
}
WITHOUT_LOGIN = {
    "GET /",
    "GET /login",
    "POST /login",
    "POST /logout",
    "GET /chat/{inbox}",
    "GET /chat/{inbox}/brand.css",
    "GET /widget.js",
}
STREAM = "GET /live"


def doors_of(console: Console) -> set[str]:
    return {
        f"{method} {route.path}"
        for route in console.app.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }


def filled_in(path: str) -> str:
    path = re.sub(r"\{\w*id\}", str(UUID(int=1)), path)
    return re.sub(r"\{[\w:]+\}", "1", path)


async def knock(browser, door: str, **headers: str):
    method, path = door.split(" ")
    return await browser.request(
        method,
        filled_in(path),
        params={"conv": str(UUID(int=1))},
        data={"role": "agent"} if method == "POST" else None,
        headers=headers,
    )


async def test_every_address_stands_in_the_table(desk_console: Console):
    assert doors_of(desk_console) == set(TABLE) | WITHOUT_LOGIN


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_opens_its_own_doors_and_no_other(desk_console: Console, role: Role):
    if role is Role.HANDLER:
        await desk_console.db.write(
            people.create_agent, NAMES[role], HASH, role, desk_console.time.now
        )
    browser = await desk_console.enter(NAMES[role])
    answers = {
        door: (await knock(browser, door)).status_code for door in sorted(set(TABLE) - {STREAM})
    }
    assert {door: code for door, code in answers.items() if code >= 500} == {}
    opened = {door for door, code in answers.items() if code not in {401, 403}}
    assert opened == {door for door, roles in TABLE.items() if role in roles} - {STREAM}


async def test_no_form_of_the_desk_works_without_its_sessions_token(desk_console: Console):
    browser = await desk_console.enter("admin")
    del browser.headers["x-csrf-token"]
    forms = {door for door in TABLE if door.startswith("POST")} | {"POST /logout"}
    for door in sorted(forms):
        assert (await knock(browser, door)).status_code == 403, door
        assert (await knock(browser, door, **{"x-csrf-token": "x"})).status_code == 403, door


@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://[", "desk.test", ""])
async def test_no_form_of_the_desk_works_from_another_site(desk_console: Console, origin: str):
    browser = await desk_console.enter("admin")
    forms = {door for door in TABLE if door.startswith("POST")} | {"POST /logout", "POST /login"}
    for door in sorted(forms):
        assert (await knock(browser, door, origin=origin)).status_code == 403, door


@pytest.mark.parametrize(
    "path",
    [
        "/inbox/{id}/messages?before={huge}",
        "/inbox/{id}/messages?fact={huge}",
        "/inbox/{id}/messages?after=-1",
        "/inbox?after=2026-01-01T00:00:00,{id}",
        "/inbox?after=0001-01-01T00:00:00%2B23:59,{id}",
        "/inbox?after=9999-12-31T23:59:59-23:59,{id}",
        "/live?after=x",
        "/kb?page={huge}",
        "/tickets?before=%00&q=%ed%a0%80",
    ],
)
async def test_numbers_and_times_that_cannot_be_are_nobodys_fault(desk_console: Console, path):
    conversation = await desk_console.talk()
    browser = await desk_console.enter("admin")
    answer = await browser.get(path.format(id=conversation.id, huge=10**30))
    assert answer.status_code in {200, 404, 422}


@pytest.mark.parametrize(
    "page", ["http://[", "//evil.test/inbox", "javascript:alert(1)", "/\\evil"]
)
async def test_a_strangers_word_about_the_page_leads_nowhere_else(desk_console: Console, page: str):
    headers = {"hx-request": "true", "hx-current-url": page}
    answer = await desk_console.browser().get("/inbox", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"].startswith("/login")
    shown = (await desk_console.browser().get(answer.headers["hx-redirect"])).text
    assert 'name="next" value="//' not in shown
    assert "javascript:" not in shown


async def test_a_release_that_cannot_be_is_not_rolled_back_to(desk_console: Console):
    browser = await desk_console.enter("admin")
    answer = await browser.post(f"/kb/releases/{10**30}/rollback")
    assert answer.status_code == 422


async def test_what_is_not_there_is_404_for_every_action(desk_console: Console):
    browser = await desk_console.enter("li")
    nobody = UUID(int=1)
    for action in ("reply", "note", "read", "take", "hand-back", "resolve", "fly"):
        answer = await browser.post(f"/inbox/{nobody}/{action}", data={"text": "hello"})
        assert answer.status_code == 404, action
    for part in ("", "/messages", "/messages?before=3", "/suggestions"):
        assert (await browser.get(f"/inbox/{nobody}{part}")).status_code == 404, part
    assert (await browser.get("/tickets/TS20260101-9999")).status_code == 404
    assert (await browser.post("/tickets/TS20260101-9999/steps")).status_code == 404
