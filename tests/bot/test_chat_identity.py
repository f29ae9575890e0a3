"""Who is signed in: the site vouches, one thread on every device, and nobody else gets at it."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from channels.webchat import identity
from storage import contacts, conversations, listings
from tests.bot.visitors import CHAT, Visitor, visits

SECRET, OLD = "today-0123456789abcdef0123456789", "before-0123456789abcdef012345678"
CHATS = {
    "site": {"channel": "webchat", "identity_secret": SECRET, "old_identity_secret": OLD},
    "plain": {"channel": "webchat"},
}
GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "website.md"


def lily(secret=SECRET, **claims):
    over = datetime.now(UTC) + timedelta(hours=1)
    return identity.sign({"sub": "user-42", "exp": over.timestamp(), **claims}, secret)


async def introduced(client: httpx.AsyncClient, proof: str) -> Visitor:
    answer = await client.post(f"{CHAT}/visitors", json={"identity": proof})
    assert answer.status_code == 200, answer.text
    return Visitor(client, answer.json()["token"])


async def test_somebody_signed_in_finds_one_thread_on_every_device(run):
    served = await run(CHATS)
    phone = await introduced(served.client, lily())
    await phone.says("hello from the phone")
    await phone.sees(2)
    desktop = await introduced(served.client, lily(OLD))
    assert [m["text"] for m in await desktop.reads()][:1] == ["hello from the phone"]


async def test_the_desk_knows_who_it_is(run):
    served = await run(CHATS)
    await introduced(served.client, lily(name="李莉", attributes={"tier": "gold"}))
    visitor = await introduced(served.client, lily(name="L. Li", attributes={"tier": "plain"}))
    await visitor.says("hello")
    await visitor.sees(2)

    def known(session):
        thread = visitor.token.split(".")[1]
        talk = conversations.find_open(session, "site", thread)
        (found,) = listings.identities(session, talk.contact_id)
        return contacts.get(session, talk.contact_id).name, found.user_id, found.attributes

    assert await served.service.db.read(known) == ("李莉", "user-42", {"tier": "plain"})


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"identity": lily("another-0123456789abcdef01234567")}, 401),
        ({"identity": lily(exp=1.0)}, 401),
        ({"identity": "user-42"}, 401),
        ({"identity": {"sub": "user-42"}}, 422),
        ({"visitor": "u-bYlKo-6AJUnX80Dnwc8NHByxTNhPdo2S_6pnhTN8SZc"}, 422),
        ([], 422),
    ],
)
async def test_what_the_site_did_not_sign_is_refused(run, said, status):
    served = await run(CHATS)
    answer = await served.client.post(f"{CHAT}/visitors", json=said)
    assert answer.status_code == status
    assert "user-42" not in answer.text


async def test_a_chat_without_a_secret_believes_nobody(run):
    served = await run(CHATS)
    answer = await served.client.post("/inboxes/plain/visitors", json={"identity": lily()})
    assert answer.status_code == 403
    assert (await served.client.post("/inboxes/plain/visitors", json={})).status_code == 200


async def test_nobody_unsigned_gets_at_the_thread_of_somebody_signed_in(run):
    served = await run(CHATS)
    signed, stranger = await introduced(served.client, lily()), await visits(served.client)
    _, visitor, until, proof = signed.token.split(".")
    version, own, own_proof = stranger.token.split(".")
    later = str(int(until) + 1)
    for forged in (
        f"{version}.{visitor}.{own_proof}",
        f"{version}.{visitor}.{proof}",
        f"v2.{visitor}.{later}.{proof}",
        f"v2.{visitor}.{until}.{own_proof}",
        f"v2.{own}.{until}.{own_proof}",
    ):
        headers = {"authorization": f"Bearer {forged}"}
        answer = await served.client.get(f"{CHAT}/messages", headers=headers)
        assert answer.status_code == 401
    adapter = served.adapter("site")
    with pytest.raises(ValueError, match="visitor"):
        adapter.issue(visitor)


async def test_a_token_of_somebody_signed_in_is_over_by_and_by(run, time):
    served = await run(CHATS)
    signed = await introduced(served.client, lily())
    adapter = served.adapter("site")
    assert adapter.visitor(signed.token)
    time.now = datetime.now(UTC) + timedelta(hours=12, seconds=1)
    adapter._clock = time
    answer = await served.client.get(f"{CHAT}/messages", headers=signed.headers)
    assert answer.status_code == 401


PROGRAMS = {"python": sys.executable, "php": "php", "javascript": "node"}


def signed_by_the_example(language: str, folder: Path) -> str:
    example = GUIDE.read_text().split(f"```{language}\n")[1].split("```")[0]
    file = folder / "example"
    file.write_text(example.replace("the identity_secret of this inbox", SECRET))
    try:
        made = subprocess.run(
            [PROGRAMS[language], str(file)], capture_output=True, text=True, check=True, timeout=30
        )
    except FileNotFoundError:
        pytest.skip(f"no {PROGRAMS[language]} here")
    return made.stdout.strip()


@pytest.mark.parametrize("language", PROGRAMS)
async def test_the_examples_of_the_guide_sign_what_is_believed(run, tmp_path, language):
    proof = signed_by_the_example(language, tmp_path)
    served = await run(CHATS)
    visitor, own = [await introduced(served.client, each) for each in (proof, lily())]
    assert visitor.token.split(".")[1] == own.token.split(".")[1]
