"""What a browser gets at an address that is mistyped, half copied, or made for a form."""

import pytest

from tests.console.world import Console

HALF = (
    *("/kb/entry", "/tickets/new", "/tickets/new?conv=7", "/inbox/7", "/inbox/7/messages"),
    *("/media/7", "/kb/rehearsals/7", "/kb/import/7", "/kb/gaps/7", "/kb/gaps?page=x"),
)
FOR_FORMS = ("/logout", "/settings/users/7", "/inbox/7/take")
PERSON = {"accept": "text/html,application/xhtml+xml"}


@pytest.mark.parametrize("address", HALF)
async def test_half_an_address_gets_a_page_that_leads_back(desk_console: Console, address):
    browser = await desk_console.enter("admin")
    answer = await browser.get(address, headers=PERSON)
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
    assert 'class="rail"' in answer.text
    assert "Field required" not in answer.text


@pytest.mark.parametrize("address", FOR_FORMS)
async def test_an_address_that_only_a_form_may_call_gets_a_page_too(desk_console: Console, address):
    answer = await (await desk_console.enter("admin")).get(address, headers=PERSON)
    assert answer.status_code == 405
    assert "There is nothing here" in answer.text


async def test_a_program_is_told_what_is_wrong_with_its_call(desk_console: Console):
    browser = await desk_console.enter("admin")
    answer = await browser.get("/kb/entry", headers={"accept": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "key"]
    assert (await browser.get("/logout", headers={"accept": "*/*"})).json()
