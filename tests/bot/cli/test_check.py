import fcntl
import os
import sys

import pytest

from bot.config import load
from channels.errors import Unavailable
from channels.testing import closed_url

SECRET = "s3cr3t-v4lue"
TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"


def add(config, text):
    config.write_text(config.read_text() + text)


def lines(done):
    return done.stdout.splitlines()


def test_what_works_is_said_line_by_line(command, config):
    add(config, "inboxes: {site: {channel: webchat}, old: {channel: webchat, enabled: false}}\n")
    done = command("check")
    assert done.exit_code == 0, done.output
    configuration, matcher, database, site, *_, old = lines(done)
    assert configuration == f"ok   configuration: {config}"
    assert " matcher: " in matcher
    assert database.startswith("ok   database: sqlite:///")
    assert database.endswith(", 0 messages wait")
    assert site == "ok   site: The channel opens and is let in"
    assert old == "ok   old: webchat, disabled"


def test_what_the_matcher_does_without_is_said(command, config, monkeypatch):
    monkeypatch.setitem(sys.modules, "rjieba", None)
    done = command("check")
    assert done.exit_code == 0
    assert any(line.startswith("warn matcher: rjieba is not installed") for line in lines(done))


PASSIVE = "{channel: wechat, app_id: wx1, app_secret: a, token: b, mode: passive}"


def test_the_address_that_the_platform_must_call_is_told(command, config):
    add(config, f"public_url: http://help.example/\ninboxes: {{shop: {PASSIVE}}}\n")
    done = command("check")
    assert done.exit_code == 0
    assert "ok   shop: Its platform calls http://help.example/inboxes/shop/webhook" in lines(done)
    assert any(
        line.startswith("warn shop: The public address is not https") for line in lines(done)
    )


def test_without_a_public_address_a_called_channel_says_what_to_set(command, config):
    add(config, f"inboxes: {{shop: {PASSIVE}}}\n")
    done = command("check")
    assert done.exit_code == 0
    assert any(line.startswith("warn shop: ") and "set public_url" in line for line in lines(done))


def test_without_an_inbox_the_demo_is_announced(command):
    done = command("check")
    assert done.exit_code == 0
    assert "shows the demo" in done.stdout


@pytest.mark.parametrize("key", ["data_dir", "folder"])
def test_a_folder_that_cannot_be_one_is_told_before_a_file_is_lost(command, config, tmp_path, key):
    (tmp_path / "taken").write_text("a file")
    wanted = tmp_path / "taken" / "files"
    kept = [line for line in config.read_text().splitlines() if not line.startswith(f"{key}:")]
    config.write_text("\n".join(kept) + "\n")
    named = "data_dir" if key == "data_dir" else "media.folder"
    add(config, f"data_dir: {wanted}\n" if key == "data_dir" else f"media: {{folder: {wanted}}}\n")
    done = command("check")
    assert done.exit_code == 1
    told = f"BAD  files: {named}: {tmp_path / 'taken'} is a file, not a folder; mend that,"
    assert any(line.startswith(told) for line in lines(done)), done.output
    assert not wanted.exists()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else_is_told(command, config, tmp_path):
    (tmp_path / "theirs").mkdir(mode=0o500)
    add(config, f"media: {{folder: {tmp_path / 'theirs' / 'files'}}}\n")
    assert "cannot be written by this user" in command("check").stdout


def test_a_mistake_in_the_configuration_is_the_only_line(command, config):
    add(config, f"metrics_tokn: {SECRET}\n")
    done = command("check")
    assert done.exit_code == 1
    assert lines(done) == [
        "BAD  configuration: metrics_tokn: no such key; did you mean 'metrics_token'?"
    ]


def test_a_platform_that_cannot_be_reached_is_told_without_its_token(command, config):
    add(
        config,
        "inboxes:\n  shop_telegram:\n    channel: telegram\n    transport: polling\n"
        f"    bot_token: {TOKEN}\n    base_url: {closed_url()}\n  site: {{channel: webchat}}\n",
    )
    done = command("check")
    assert done.exit_code == 1
    bad = [line for line in lines(done) if line.startswith("BAD")]
    assert len(bad) == 1
    assert bad[0].startswith("BAD  shop_telegram: ")
    assert "check the network" in bad[0]
    assert TOKEN.partition(":")[2] not in done.output
    assert any(line.startswith("ok   site") for line in lines(done))


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (RuntimeError, "BAD  a: RuntimeError while"),
        (Unavailable, "asked: token=***; check the network"),
    ],
)
def test_an_adapter_that_breaks_is_one_line_and_the_others_are_still_checked(
    command, config, monkeypatch, problem, words
):
    add(config, "inboxes: {a: {channel: strange}, site: {channel: webchat}}\n")
    kind = type(_adapter_of(config))

    async def broken(self):
        raise problem(f"token={SECRET}")

    monkeypatch.setattr(kind, "__aenter__", broken)
    done = command("check")
    assert done.exit_code == 1, done.output
    assert words in done.stdout
    assert any(line.startswith("ok   site") for line in lines(done))
    assert SECRET not in done.output


def _adapter_of(config):
    from channels import registry  # noqa: PLC0415 - after the strangers are installed

    settings = load(config, {}).inboxes["a"]
    return registry.find("strange").adapter("a", settings, None, None)


@pytest.mark.parametrize("content", [b"this is no database, only text" * 100, b"\0" * 5000])
def test_a_file_that_is_no_database_is_told(command, config, tmp_path, content):
    (tmp_path / "yingda.db").write_bytes(content)
    done = command("check")
    assert done.exit_code == 1
    assert "BAD  database: " in done.stdout
    assert done.exception is None or isinstance(done.exception, SystemExit)


def test_another_database_is_refused_without_its_password(command, config):
    config.write_text(f"database_url: postgresql://yingda:{SECRET}@db/yingda\n")
    done = command("check")
    assert done.exit_code == 1
    assert "BAD  database: " in done.stdout
    assert SECRET not in done.output


def test_it_can_be_checked_while_the_service_runs(command, tmp_path):
    held = os.open(tmp_path / "yingda.db.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)
    done = command("check")
    os.close(held)
    assert done.exit_code == 0
