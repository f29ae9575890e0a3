"""PostgreSQL for fault tests: one server, or three nodes that choose a leader by themselves."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psycopg

PASSWORD = "a test's own"
QUOTED = "a%20test%27s%20own"
INSTALL = "apt-get install --no-install-recommends postgresql patroni etcd-server"
USER = "postgres"
NODES = ("n0", "n1", "n2")
FREE = {"trust_env": False}


def binaries() -> Path | None:
    """Return the folder with PostgreSQL's programs; the newest, if there are several."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3])
    )
    return found[-1].parent if found else None


def missing() -> str:
    """Return what this machine lacks for a cluster and how to get it, or nothing."""
    lacking = [name for name in ("patroni", "etcd") if shutil.which(name) is None]
    if binaries() is None:
        lacking.append("PostgreSQL")
    if os.getuid() == 0 and USER not in {entry.pw_name for entry in pwd.getpwall()}:
        lacking.append("the user postgres, since servers refuse root")
    return f"no {', '.join(lacking)}; Debian, Ubuntu: {INSTALL}" if lacking else ""


def free_ports(number: int) -> list[int]:
    """Return ports that nobody listens on."""
    held = [socket.socket() for _ in range(number)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


class Owned:
    """A folder and servers that end with the test, also when the test is killed."""

    def __init__(self) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="yingda-cluster-")).resolve()
        self.user = USER if os.getuid() == 0 else None
        if self.user:
            shutil.chown(self.base, USER, USER)
        self._owner = subprocess.Popen(
            [
                *_own_namespace(),
                sys.executable,
                str(Path(__file__).with_name("owner.py")),
                self.base,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """End every server and remove the folder."""
        self._owner.stdin.close()
        self._owner.wait(30)
        self._owner.stdout.close()

    def ask(self, act: str, **fields: Any) -> Any:
        """Let the owner do something; return what came of it."""
        self._owner.stdin.write(json.dumps({"act": act, **fields}) + "\n")
        self._owner.stdin.flush()
        answer = json.loads(self._owner.stdout.readline())
        assert "problem" not in answer, answer
        return answer["result"]

    def spawn(self, name: str, *argv: str | Path) -> None:
        """Start a program in the folder, with nothing of our environment."""
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.base)}
        words = [str(word) for word in argv]
        self.ask("spawn", name=name, argv=words, folder=str(self.base), user=self.user, env=env)

    def tell(self, name: str, number: int) -> int:
        """Signal a server with all its processes."""
        return self.ask("tell", number=number, name=name, folder=str(self.data(name)))

    def data(self, name: str) -> Path:
        """Return where a server keeps its data."""
        return self.base / name / "data"

    def kill(self, name: str) -> None:
        """Kill a server with all its processes."""
        assert self.tell(name, signal.SIGKILL) > 0

    def freeze(self, name: str) -> None:
        """Stop a server's processes where they are; its connections stay open."""
        assert self.tell(name, signal.SIGSTOP) > 0

    def thaw(self, name: str) -> None:
        """Let a frozen server go on."""
        assert self.tell(name, signal.SIGCONT) > 0

    def log(self, name: str) -> str:
        """Return the end of what a server said."""
        path = self.base / f"{name}.log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""


class Server(Owned):
    """One PostgreSQL server."""

    def __init__(self) -> None:
        super().__init__()
        (self.port,) = free_ports(1)
        self.name = "single"

    def url(self, database: str = "postgres") -> str:
        """Return its address."""
        return f"postgresql://{USER}:{QUOTED}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Make the data folder and start; return once it answers."""
        folder = binaries()
        data = self.data(self.name)
        word = self.base / "password"
        word.write_text(PASSWORD)
        word.chmod(0o644)
        self.spawn(
            "initdb", folder / "initdb", "-D", data, "-U", USER, f"--pwfile={word}",
            "--auth=scram-sha-256", "--locale=C.UTF-8", "-E", "UTF8",
        )  # fmt: skip
        until(lambda: self.ask("living", name="initdb", folder=str(data)) == 0, 60)
        self.run()
        until(lambda: answers(self.url()), 30)

    def run(self) -> None:
        """Start the server on its data, or again after it was killed."""
        (self.data(self.name) / "postmaster.pid").unlink(missing_ok=True)
        self.spawn(
            self.name, binaries() / "postgres", "-D", self.data(self.name), "-p", str(self.port),
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
            "-c", "max_connections=150", "-c", "shared_buffers=64MB",
        )  # fmt: skip

    def crash(self) -> None:
        """Stop at once, as `pg_ctl stop -m immediate` does: no checkpoint, no farewell."""
        assert self.ask("tell", number=signal.SIGQUIT, name=self.name, folder="") == 1
        until(lambda: self.ask("living", name=self.name, folder=str(self.data(self.name))) == 0, 30)


class Cluster(Owned):
    """Three nodes under Patroni with a synchronous standby; etcd holds who leads."""

    def __init__(self) -> None:
        super().__init__()
        self.etcd, self._peer, *rest = free_ports(2 + 2 * len(NODES))
        self.ports = dict(zip(NODES, rest[: len(NODES)], strict=True))
        self.apis = dict(zip(NODES, rest[len(NODES) :], strict=True))

    def url(self, database: str = "postgres", node: str | None = None) -> str:
        """Return the address of whichever node takes writes, or of one node."""
        names = [node] if node else NODES
        hosts = ",".join(f"127.0.0.1:{self.ports[name]}" for name in names)
        wish = "" if node else "&target_session_attrs=read-write"
        return f"postgresql://{USER}:{QUOTED}@{hosts}/{database}?connect_timeout=2{wish}"

    def start(self) -> None:
        """Start etcd and the nodes; return once two of them follow the leader."""
        own, peer = (f"http://127.0.0.1:{port}" for port in (self.etcd, self._peer))
        self.spawn(
            "etcd", "etcd", "--name", "e0", "--data-dir", self.base / "etcd", "--enable-v2",
            "--listen-client-urls", own, "--advertise-client-urls", own,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", f"e0={peer}", "--logger", "zap", "--log-level", "warn",
        )  # fmt: skip
        until(lambda: fetch(f"{own}/health").get("health") == "true", 30)
        first, *others = NODES
        self.run(first)
        until(lambda: self.leader() == first and answers(self.url(node=first)), 60)
        for name in others:
            self.run(name)
        self.wait()

    def run(self, name: str) -> None:
        """Start a node, or start it again after it was killed."""
        path = self.base / f"{name}.json"
        if not path.exists():
            path.write_text(json.dumps(self._settings(name)))
            path.chmod(0o644)
        self.spawn(name, "patroni", path)

    def leader(self) -> str | None:
        """Return who leads, as the nodes agreed; None while nobody does."""
        return self._agreed("leader")

    def another_leads(self, old: str) -> bool:
        """Return whether the lead has gone from `old` to another node."""
        return self.leader() not in {old, None}

    def whole(self) -> bool:
        """Return whether the leader takes writes and both others follow it, one in step.

        That one must be the one that all agreed may lead next. A copy that a new node is
        still making streams too, under a name of its own.
        """
        leader, agreed = self.leader(), json.loads(self._agreed("sync") or "{}")
        if leader is None or agreed.get("leader") != leader:
            return False
        with suppress(psycopg.Error), psycopg.connect(self.url(node=leader)) as connection:
            followers = connection.execute(
                "SELECT application_name, sync_state FROM pg_stat_replication"
                " WHERE state = 'streaming' AND NOT pg_is_in_recovery()"
            ).fetchall()
            named = {name for name, _ in followers}
            in_step = {name for name, how in followers if how == "sync"}
            return named | {leader} == set(NODES) and in_step == {agreed.get("sync_standby")}
        return False

    def _agreed(self, word: str) -> str | None:
        found = fetch(f"http://127.0.0.1:{self.etcd}/v2/keys/service/yingda/{word}")
        value: str | None = found.get("node", {}).get("value")
        return value

    def wait(self, seconds: float = 90) -> None:
        """Wait until the cluster is whole."""
        try:
            until(self.whole, seconds)
        except AssertionError:
            logs = "\n".join(f"--- {name}\n{self.log(name)}" for name in NODES)
            raise AssertionError(
                f"not whole after {seconds} s; leader {self.leader()}\n{logs}"
            ) from None

    def _settings(self, name: str) -> dict[str, Any]:
        local = f"127.0.0.1:{self.ports[name]}"
        api = f"127.0.0.1:{self.apis[name]}"
        return {
            "scope": "yingda",
            "name": name,
            # Patroni 3.0.2 loses rows with etcd's v3 interface: it takes the lead back unasked.
            "etcd": {"host": f"127.0.0.1:{self.etcd}"},
            "restapi": {"listen": api, "connect_address": api},
            "bootstrap": {
                "dcs": {
                    "ttl": 5,
                    "loop_wait": 1,
                    "retry_timeout": 2,
                    "maximum_lag_on_failover": 1048576,
                    "synchronous_mode": True,
                    "synchronous_mode_strict": True,
                    "postgresql": {
                        "use_pg_rewind": True,
                        "use_slots": True,
                        "parameters": {
                            "wal_log_hints": "on",
                            "max_connections": 100,
                            "shared_buffers": "32MB",
                            "wal_keep_size": "64MB",
                        },
                    },
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"],
            },
            "postgresql": {
                "listen": local,
                "connect_address": local,
                "data_dir": str(self.data(name)),
                "bin_dir": str(binaries()),
                "pgpass": str(self.base / f"{name}.pgpass"),
                "authentication": {
                    role: {"username": user, "password": PASSWORD}
                    for role, user in (
                        ("superuser", USER), ("replication", "repl"), ("rewind", "rewind")
                    )
                },
                "parameters": {
                    "unix_socket_directories": "", "wal_retrieve_retry_interval": "500ms"
                },
                "pg_hba": [
                    "host all all 127.0.0.1/32 scram-sha-256",
                    "host replication repl 127.0.0.1/32 scram-sha-256",
                ],
            },
        }  # fmt: skip


def answers(url: str) -> bool:
    """Return whether a server takes connections."""
    with suppress(psycopg.Error), psycopg.connect(url, connect_timeout=2) as connection:
        return connection.execute("SELECT NOT pg_is_in_recovery()").fetchone() == (True,)
    return False


def fetch(url: str) -> dict[str, Any]:
    """Return what an address says in JSON; nothing while it does not answer."""
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=2) as answer:
            return json.load(answer)
    except (OSError, ValueError):
        return {}


def until(true: Any, seconds: float) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def _own_namespace() -> list[str]:
    """Return what starts a program as the first of its own process numbers, where that is allowed.

    The kernel then ends its servers even when it is killed itself.
    """
    command = ["unshare", "--pid", "--mount-proc", "--fork", "--kill-child=KILL"]
    if os.getuid():
        command += ["--user", "--map-current-user"]
    if shutil.which("unshare") is None:
        return []
    tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    return command if tried.returncode == 0 else []
