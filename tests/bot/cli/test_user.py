import asyncio

import pytest

from bot.cli.options import opened, read_config
from console.auth import SHORTEST, verify
from storage import people
from storage.models import Role

PASSWORD = "correct horse battery"


def everybody(config):
    async def read():
        async with opened(read_config(config)) as db:
            return await db.read(people.agents)

    return asyncio.run(read())


def test_somebody_is_added_and_only_a_hash_is_kept(command, config):
    done = command("user", "add", "ann", "--role", "supervisor", "--password-stdin", told=PASSWORD)
    assert (done.exit_code, done.stdout) == (0, "added ann as supervisor\n")
    (ann,) = everybody(config)
    assert (ann.name, ann.role) == ("ann", Role.SUPERVISOR)
    assert ann.password_hash.startswith("$argon2id$")
    assert PASSWORD not in done.output


def test_a_password_of_a_windows_pipe_loses_its_line_end_only(command, config):
    command("user", "add", "ann", "--password-stdin", told=f" {PASSWORD} \r\nmore\n")
    (ann,) = everybody(config)
    assert asyncio.run(verify(f" {PASSWORD} ", ann.password_hash))
    assert not asyncio.run(verify(PASSWORD, ann.password_hash))


def test_one_name_is_one_person(command, config):
    for status in (0, 1):
        done = command("user", "add", "ann", "--password-stdin", told=PASSWORD)
        assert done.exit_code == status
    assert "already somebody called 'ann'" in done.stderr
    assert len(everybody(config)) == 1


@pytest.mark.parametrize("password", ["", "short", "x" * (SHORTEST - 1)])
def test_a_short_password_is_refused(command, config, password):
    done = command("user", "add", "ann", "--password-stdin", told=f"{password}\n")
    assert done.exit_code == 2
    assert str(SHORTEST) in done.stderr
    assert everybody(config) == []


def test_an_unknown_role_is_refused_with_those_there_are(command):
    done = command("user", "add", "ann", "--role", "king", "--password-stdin", told=PASSWORD)
    assert done.exit_code == 2
    assert "supervisor" in done.stderr


@pytest.mark.parametrize(("again", "status"), [(PASSWORD, 0), ("something else", 2)])
def test_a_typed_password_must_be_typed_twice(command, config, monkeypatch, again, status):
    typed = iter([PASSWORD, again])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(typed))
    assert command("user", "add", "ann").exit_code == status
    assert len(everybody(config)) == (status == 0)
