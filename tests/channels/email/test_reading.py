"""Reading a folder: every mail once, in order, whatever the server does."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import aclosing

import pytest

from channels.email.simulated_imap import ABLE
from channels.errors import Unauthorized, Unavailable
from tests.leaps import leap

REFUSED = {("EXAMINE", "BA")}


async def take(stream, count):
    """Read so many, as somebody who stores each."""
    async with aclosing(stream) as items:
        return [await anext(items) for _ in range(count)]


def texts(taken):
    return [message.text for _, reception in taken for message in reception.messages]


def first(provider):
    """The cursor of who has stored nothing of this folder yet."""
    return f"{provider.folder.validity}:0:0"


async def offer(provider, *words):
    for each in words:
        await provider.offer(provider.say("han", each))


async def test_it_begins_with_what_comes_and_leaves_old_mail_alone(adapter, provider):
    await offer(provider, "a year old")
    async with aclosing(adapter.poll(None)) as mails:
        cursor, reception = await anext(mails)
        assert not reception.messages
        await offer(provider, "new")
        assert texts([await anext(mails)]) == ["new"]
    assert texts(await take(adapter.poll(cursor), 1)) == ["new"]


@pytest.mark.parametrize("cursor", ["", "nonsense", "1:2", "-1:2:3", "1:２:3"])
async def test_a_cursor_that_is_none_begins_anew(adapter, provider, cursor):
    await offer(provider, "old")
    assert texts(await take(adapter.poll(cursor), 1)) == []


async def test_what_was_not_stored_comes_again(adapter, provider):
    await offer(provider, "one", "two", "three")
    ((cursor, _), _) = await take(adapter.poll(first(provider)), 2)
    assert texts(await take(adapter.poll(cursor), 2)) == ["two", "three"]


async def test_a_mail_that_comes_while_it_waits_is_read_at_once(adapter, provider):
    async with aclosing(adapter.poll(first(provider))) as mails:
        waiting = asyncio.ensure_future(anext(mails))
        await provider.folder.hears("IDLE", 1)
        await offer(provider, "at last")
        assert texts([await waiting]) == ["at last"]


async def test_the_last_mail_is_not_taken_for_a_new_one(adapter, provider):
    await offer(provider, "one")
    ((cursor, _),) = await take(adapter.poll(first(provider)), 1)
    async with aclosing(adapter.poll(cursor)) as mails:
        waiting = asyncio.ensure_future(anext(mails))
        await provider.folder.hears("IDLE", 1)
        await offer(provider, "two")
        assert texts([await waiting]) == ["two"]


async def test_waiting_is_begun_anew_before_the_server_tires_of_it(adapter, provider):
    adapter._config = adapter._config.model_copy(update={"idle_seconds": 0.01})
    async with aclosing(adapter.poll(first(provider))) as mails:
        waiting = asyncio.ensure_future(anext(mails))
        await provider.folder.hears("IDLE", 3)
        await offer(provider, "still there")
        assert texts([await waiting]) == ["still there"]


async def test_a_server_that_cannot_wait_is_asked_again_and_again(adapter, provider):
    provider.folder.able = ABLE.replace(" IDLE", "")
    adapter._config = adapter._config.model_copy(update={"poll_seconds": 0.01})
    async with aclosing(adapter.poll(first(provider))) as mails:
        waiting = asyncio.ensure_future(anext(mails))
        await provider.folder.hears("UID SEARCH", 3)
        await offer(provider, "found")
        assert texts([await waiting]) == ["found"]
    assert "IDLE" not in provider.folder.said


async def test_a_folder_whose_numbers_changed_is_read_again_and_nothing_is_new_twice(
    adapter, provider
):
    await offer(provider, "one", "two")
    taken = await take(adapter.poll(first(provider)), 2)
    keys = [reception.messages[0].dedupe_key for _, reception in taken]
    await offer(provider, "three")
    await provider.folder.renumber()
    again = await take(adapter.poll(taken[-1][0]), 4)
    assert sorted(texts(again)) == ["one", "three", "two"]
    seen = {r.messages[0].dedupe_key for _, r in again if r.messages}
    assert set(keys) < seen
    assert {after for after, _ in again[:3]} == {taken[-1][0]}, "a crash meanwhile begins it again"
    await offer(provider, "four")
    assert texts(await take(adapter.poll(again[-1][0]), 1)) == ["four"]


async def test_after_numbers_changed_mail_of_long_ago_is_not_read_again(adapter, provider):
    await provider.offer(provider.write("han", "old", date="Fri, 20 Feb 2026 10:00:00 +0000"))
    now = int(provider.clock().timestamp())
    taken = await take(adapter.poll(f"1:7:{now}"), 1)
    assert texts(taken) == []
    assert taken[0][0].startswith(f"{provider.folder.validity}:1:")


async def test_without_uidnext_the_last_number_is_looked_up(adapter, provider):
    provider.folder.tells_next = False
    await offer(provider, "one", "two")
    assert (await take(adapter.poll(None), 1))[0][0].split(":")[1] == "2"


async def test_a_poison_mail_between_two_good_ones_stops_nothing(adapter, provider):
    await offer(provider, "one")
    await provider.offer(provider.garbage("han"))
    await offer(provider, "two")
    taken = await take(adapter.poll(first(provider)), 3)
    assert texts(taken) == ["one", "two"]
    assert len(taken[1][1].quarantined) == 1


async def test_a_mail_that_the_server_keeps_for_itself_is_passed_over_in_the_end(adapter, provider):
    await offer(provider, "lost", "good")
    for _ in range(4):
        provider.folder.faults["UID FETCH"] = deque(["NO [SERVERBUG] no"])
        with pytest.raises(Unavailable):
            await take(adapter.poll(first(provider)), 1)
    provider.folder.faults["UID FETCH"] = deque(["NO [SERVERBUG] no"])
    taken = await take(adapter.poll(first(provider)), 2)
    assert "does not give out mail 1" in taken[0][1].quarantined[0].reason
    assert texts(taken) == ["good"]


async def test_a_mail_that_was_deleted_meanwhile_is_no_loss(adapter, provider):
    await offer(provider, "gone", "here")
    provider.folder.faults["UID FETCH"] = deque(["OK done"])
    taken = await take(adapter.poll(first(provider)), 2)
    assert texts(taken) == ["here"]


async def test_of_a_mail_that_is_too_large_only_the_beginning_is_fetched(build, provider):
    provider.folder.validity = 5
    big = provider.say("han", "the point\n" + "x" * 70 + "\n" + "y\n" * 700_000)
    await provider.offer(big)
    async with build(largest_mail=1) as adapter:
        ((_, reception),) = await take(adapter.poll("5:0:0"), 1)
    (message,) = reception.messages
    assert message.text.startswith("the point")
    assert message.parts[-1].platform_kind == "the rest of a mail of 3 MiB"


@pytest.mark.parametrize("fault", ["drop", "BAD what", "NO [UNAVAILABLE] later"])
@pytest.mark.parametrize("command", ["UID SEARCH", "EXAMINE", "CAPABILITY"])
async def test_a_server_in_trouble_is_asked_again_later(adapter, provider, command, fault):
    provider.folder.faults[command] = deque([fault])
    with pytest.raises(Unauthorized if (command, fault[:2]) in REFUSED else Unavailable):
        await take(adapter.poll(first(provider)), 1)
    await offer(provider, "one")
    assert texts(await take(adapter.poll(first(provider)), 1)) == ["one"]


async def test_a_server_that_says_nothing_any_more_is_left(build, provider):
    provider.folder.faults["UID SEARCH"] = deque(["hang"])
    async with build(timeout=60) as adapter:
        asking = asyncio.create_task(take(adapter.poll(first(provider)), 1))
        await provider.folder.hears("UID SEARCH", 1)
        leap(61)
        with pytest.raises(Unavailable, match="TimeoutError"):
            await asking


async def test_a_wrong_password_asks_for_a_human(adapter, provider):
    provider.folder.password = "another"
    with pytest.raises(Unauthorized, match="app password") as refused:
        await take(adapter.poll(None), 1)
    assert provider.password not in str(refused.value)


async def test_a_server_that_lets_nobody_in_now_does_not(adapter, provider):
    provider.folder.faults["LOGIN"] = deque(["NO [UNAVAILABLE] later"])
    with pytest.raises(Unavailable):
        await take(adapter.poll(None), 1)


async def test_a_folder_that_is_not_there_asks_for_a_human(build):
    async with build(folder="Elsewhere") as adapter:
        with pytest.raises(Unauthorized, match="Elsewhere"):
            await take(adapter.poll(None), 1)


async def test_a_password_with_signs_of_any_kind_gets_in(build, provider):
    for password in ('a"b\\c d', "密码"):
        provider.password = provider.folder.password = password
        async with build(password=password) as adapter:
            await take(adapter.poll(None), 1)
    assert "AUTHENTICATE" in provider.folder.said


async def test_it_says_who_it_is_where_that_is_asked_for(adapter, provider):
    await take(adapter.poll(None), 1)
    assert "ID" in provider.folder.said
