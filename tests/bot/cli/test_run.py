import asyncio
import signal
import socket
import sys
from asyncio.subprocess import PIPE
from functools import partial

import httpx
import pytest

from bot.cli.run import _first_admin, listen
from bot.config import BadConfig, Config
from console.auth import hash_password, verify
from storage import adapter_memory, people
from storage.models import Role


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    """Let nobody wait for a password to be hashed as dearly as it must be."""
    cheap = partial(hash_password, time_cost=1, memory_cost=8192)
    monkeypatch.setattr("console.auth.hash_password", cheap)


def password_in(words):
    line = next(line for line in words.splitlines() if "one-time password: " in line)
    return line.rpartition(": ")[2]


async def agents(served):
    return await served.service.db.read(people.agents)


async def test_a_new_house_gets_one_admin_whose_password_is_said_once(run, capsys):
    served = await run()
    await _first_admin(served.service)
    words = capsys.readouterr().out
    (admin,) = await agents(served)
    assert (admin.name, admin.role, admin.must_change_password) == ("admin", Role.ADMIN, True)
    assert await verify(password_in(words), admin.password_hash)


async def test_a_password_that_nobody_used_is_renewed_at_a_later_start(run, capsys):
    served = await run()
    await _first_admin(served.service)
    await served.service.db.write(adapter_memory.drop_leases)
    await _first_admin(served.service)
    words = capsys.readouterr().out
    (admin,) = await agents(served)
    assert admin.must_change_password
    assert not await verify(password_in(words), admin.password_hash)
    assert await verify(password_in(words.rpartition("First login")[2]), admin.password_hash)


@pytest.mark.parametrize("together", [True, False])
async def test_of_processes_that_start_together_one_says_a_password_that_stays(
    run, capsys, together
):
    served = await run()
    if together:
        await asyncio.gather(*(_first_admin(served.service) for _ in range(3)))
    else:
        for _ in range(3):
            await _first_admin(served.service)
    words = capsys.readouterr().out
    assert words.count("First login: admin") == 1
    (admin,) = await agents(served)
    line = next(line for line in words.splitlines() if "First login: admin" in line)
    assert await verify(password_in(line), admin.password_hash)


async def test_who_has_a_password_of_their_own_keeps_it_and_it_is_silent(run, capsys):
    served = await run()
    await _first_admin(served.service)
    (admin,) = await agents(served)
    await served.service.db.write(people.set_password, admin.id, "a hash")
    capsys.readouterr()
    await _first_admin(served.service)
    assert "password" not in capsys.readouterr().out
    assert [agent.password_hash for agent in await agents(served)] == ["a hash"]


async def test_no_admin_is_made_where_there_are_people(run, capsys):
    served = await run()
    now = served.service.clock()
    for name in ("ann", "bob"):
        await served.service.db.write(people.create_agent, name, "hash", Role.AGENT, now)
    await _first_admin(served.service)
    assert {agent.name for agent in await agents(served)} == {"ann", "bob"}
    assert "First login" not in capsys.readouterr().out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_where_to_look_and_ends_at_a_signal(config, number):
    config.write_text(f"{config.read_text()}demo: false\nfaq: {{encoder: 'off'}}\n")
    words = ["-m", "bot", "run", "--port", "0", "--config", str(config)]
    child = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=PIPE, stderr=PIPE)
    try:
        async with asyncio.timeout(60):
            seen = ""
            while "ready: " not in seen:
                line = await child.stdout.readline()
                assert line, (await child.stderr.read()).decode()
                seen += line.decode()
            address = seen.rpartition("ready: ")[2].removesuffix("/inbox is the desk\n")
            async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=60) as client:
                assert (await client.get("/readyz")).json()["status"] == "ready"
            child.send_signal(number)
            out, err = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    assert child.returncode == 0, err.decode()
    assert "one-time password: " in seen
    assert b"Traceback" not in err
    assert password_in(seen) not in (out + err).decode()


def test_an_address_that_is_taken_is_told_with_the_way_out():
    with listen(Config(port=0)) as listener:
        taken = listener.getsockname()[1]
        listener.listen()
        with pytest.raises(BadConfig, match=f"127.0.0.1:{taken}.*--port"):
            listen(Config(port=taken))


@pytest.mark.parametrize("host", ["203.0.113.7", "999.1.1.1", "no such host"])
def test_an_address_that_is_not_ours_is_told(host):
    with pytest.raises(BadConfig, match=r"cannot listen on .*; name an address of this machine"):
        listen(Config(host=host, port=0))


def test_an_ipv6_address_can_be_listened_on():
    with listen(Config(host="::1", port=0)) as listener:
        assert listener.family is socket.AF_INET6


async def test_no_part_of_an_answer_is_held_back_until_another_has_arrived():
    met = asyncio.get_running_loop().create_future()

    async def meet(_reader, writer):
        caller = writer.get_extra_info("socket")
        met.set_result(caller.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    with listen(Config(port=0)) as listener:
        async with await asyncio.start_server(meet, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            assert await met
            writer.close()
