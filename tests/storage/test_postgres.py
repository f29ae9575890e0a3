"""What only a server can do: be away, be slow, forget its guests, and leave a commit in doubt."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import Connection, func, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, SQLModel, select

from storage import pg_driver, schema
from storage.database import BadUrl, Database, InDoubt, Unavailable
from storage.engine import only_reading
from storage.jobs import GLANCE, Terms, on_terms
from storage.models import Team
from storage.rows import add_all, find_all
from storage.types import new_id
from storage.upsert import table_of
from tests.postgres import Server, on_postgres

SHORT = 1.0
BROKEN = select(func.pg_no_such_function())
END = select(func.pg_terminate_backend(func.pg_backend_pid()))


def add(session: Session, name: str) -> str:
    session.add(Team(name=name))
    session.flush()
    return name


@on_terms(Terms(seconds=SHORT))
def add_soon(session: Session, name: str) -> str:
    return add(session, name)


@on_terms(Terms(seconds=SHORT))
def think_long(session: Session) -> None:
    session.connection().execute(text("SELECT pg_sleep(60)"))


@on_terms(Terms(seconds=2 * SHORT))
def think_longer(session: Session) -> None:
    think_long(session)


def names(session: Session) -> list[str]:
    return sorted(team.name for team in session.exec(select(Team)))


def my_pid(session: Session) -> int:
    return session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one()


class Wire:
    """A wire to a server that can be cut as soon as COMMIT has gone through it."""

    def __init__(self, port: int) -> None:
        self.port, self.armed, self.swallowed = port, False, threading.Event()
        self._connected, self._hushed = set[socket.socket](), set[socket.socket]()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.own_port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.port))
            self._connected.add(near)
            threading.Thread(
                target=self._carry, args=(near, far), kwargs={"outward": True}, daemon=True
            ).start()
            threading.Thread(
                target=self._carry, args=(far, near), kwargs={"outward": False}, daemon=True
            ).start()

    def _carry(self, here: socket.socket, there: socket.socket, *, outward: bool) -> None:
        try:
            while some := here.recv(65536):
                if here in self._hushed:
                    continue
                if outward and self.armed and b"COMMIT" in some:
                    self.armed = False
                    self.swallowed.set()
                    here.shutdown(socket.SHUT_RDWR)
                there.sendall(some)
        except OSError:
            pass
        finally:
            for end in (here, there):
                end.close()

    def hush(self) -> None:
        """Carry nothing any more from who is connected now: whoever comes reaches the server."""
        self._hushed |= self._connected

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def wire(postgres_url: str, server: Server) -> Iterator[Wire]:
    made = Wire(server.port)
    yield made
    made.close()


@pytest.fixture
async def wired(db: Database, wire: Wire) -> AsyncIterator[Database]:
    """The database through the wire."""
    async with Database(f"postgresql://postgres@127.0.0.1:{wire.own_port}/shop") as opened:
        yield opened


@pytest.fixture
async def own(tmp_path_factory) -> AsyncIterator[tuple[Server, Database]]:
    """A server that may be ended, and its database."""
    server = Server(durable=True)
    schema.upgrade(server.url())
    async with Database(server.url()) as opened:
        yield server, opened
    server.close()


@on_postgres
async def test_what_is_cut_off_while_it_commits_is_in_doubt_and_can_be_repeated(wired, db, wire):
    await wired.write(names)
    wire.armed = True
    with pytest.raises(InDoubt, match="repeat it under the same key"):
        await wired.write(add, "a")
    assert wire.swallowed.is_set()
    await wired.write(add, "b")
    assert "b" in await db.read(names)


@on_postgres
async def test_a_function_that_goes_on_after_its_connection_was_lost_is_run_again(db):
    runs = []

    def careless(session: Session) -> str:
        runs.append(add(session, "a"))
        session.flush()
        if len(runs) == 1:
            with contextlib.suppress(DBAPIError):
                end = "SELECT pg_terminate_backend(pg_backend_pid())"
                session.connection().exec_driver_sql(end)
        return "done"

    assert await db.write(careless) == "done"
    assert (len(runs), await db.read(names)) == (2, ["a"])


@on_postgres
async def test_a_connection_that_died_is_replaced_before_anybody_notices(db):
    pid = await db.write(my_pid)
    readers = await db.read(my_pid)

    def kill(session: Session) -> None:
        for one in (pid, readers):
            session.connection().execute(text(f"SELECT pg_terminate_backend({one})"))

    other = Database(db.url)
    async with other:
        await other.write(kill)
    for n in range(10):
        await db.write(add, f"{n}")
    assert len(await db.read(names)) == 10


@on_postgres
async def test_what_takes_longer_than_its_terms_is_given_up_and_not_stored(db):
    def half(session: Session) -> None:
        add(session, "half")
        think_long(session)

    with pytest.raises(Unavailable, match="within 1 seconds; nothing was stored"):
        await db.write(on_terms(Terms(seconds=SHORT))(half))
    await db.write(add, "afterwards")
    assert await db.read(names) == ["afterwards"]


@on_postgres
async def test_who_waits_for_a_free_thread_is_told_in_time_and_never_run(url):
    async with Database(url, writers=1) as db:
        # At the very moment when the first is given up, the thread would be free for the second.
        told = await asyncio.gather(
            db.write(think_longer), db.write(add_soon, "queued"), return_exceptions=True
        )
        assert [type(answer) for answer in told] == [Unavailable, Unavailable]
        assert await db.read(names) == []


@on_postgres
async def test_what_is_stored_at_the_last_moment_is_not_told_to_be_lost(db, url):
    """The loop is busy when time is up, and hears of that and of the commit at once."""
    go = threading.Event()

    @on_terms(Terms(seconds=SHORT))
    def add_late(session: Session) -> str:
        assert go.wait(60)
        return add(session, "late")

    async with Database(url, writers=1) as other:

        def let_it_end() -> None:
            go.set()
            # Its only thread does something else now.
            other._engine._writers.submit(int).result(60)

        asyncio.get_running_loop().call_later(SHORT, let_it_end)
        writing = asyncio.create_task(other.write(add_late))
        await asyncio.sleep(0)
        time.sleep(SHORT)  # noqa: ASYNC251 - the loop is busy
        assert await writing == "late"
    assert "late" in await db.read(names)


async def test_a_frozen_server_holds_nobody_up_longer_than_their_terms(own):
    server, db = own
    await db.write(add, "before")
    frozen = server.pids()
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable):
            await db.write(add_soon, "meanwhile")
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    await db.write(add, "after")
    assert await db.read(names) == ["after", "before"]


@on_postgres
async def test_what_got_no_answer_speaks_for_every_connection_of_its_time(db, wire):
    """As when an address leads to another server by now, and the one before is frozen."""
    all_there = threading.Barrier(4, timeout=60)

    def connect(session: Session) -> None:
        names(session)
        all_there.wait()

    url = f"postgresql://postgres@127.0.0.1:{wire.own_port}/shop"
    async with Database(url, writers=4) as wired:
        await asyncio.gather(*(wired.write(connect) for _ in range(4)))
        wire.hush()
        with pytest.raises(Unavailable):
            await wired.write(add_soon, "a")
        for name in "bcd":
            await wired.write(add, name)
    assert await db.read(names) == ["b", "c", "d"]


class Pair:
    """A server that leads and one that takes its place, under one address."""

    def __init__(self) -> None:
        self.first, self.second = Server(), Server()
        for each in (self.first, self.second):
            engine = pg_driver.make_engine(each.url())
            SQLModel.metadata.create_all(engine, [table_of(Team)])
            engine.dispose()
        self._may_write(self.second, "off")
        hosts = ",".join(f"127.0.0.1:{each.port}" for each in (self.first, self.second))
        self.url = f"postgresql://postgres@{hosts}/postgres"

    def freeze(self) -> None:
        """Freeze the first one; the second does not lead yet."""
        for pid in self.first.pids():
            os.kill(pid, signal.SIGSTOP)

    def follow(self) -> None:
        """Let the second one lead."""
        self._may_write(self.second, "on")

    def _may_write(self, server: Server, word: str) -> None:
        only = {"on": "off", "off": "on"}[word]
        server.execute(f"ALTER SYSTEM SET default_transaction_read_only = {only}")
        server.execute("SELECT pg_reload_conf()")

    def close(self) -> None:
        for pid in reversed(self.first.pids()):
            os.kill(pid, signal.SIGKILL)
        for each in (self.first, self.second):
            each.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


@on_terms(Terms(seconds=30))
def add_patiently(session: Session, name: str) -> str:
    return add(session, name)


async def test_what_is_under_way_at_a_frozen_leader_goes_on_at_the_next_one(pair):
    """Nobody thaws the first, and what was asked of it has all the time there is."""
    together = threading.Barrier(4, timeout=60)

    @on_terms(Terms(seconds=30))
    def meet(session: Session) -> None:
        names(session)
        together.wait()

    async with Database(pair.url, writers=4) as db:
        await asyncio.gather(*(db.write(meet) for _ in range(4)))
        pair.freeze()
        under_way = asyncio.create_task(db.write(add_patiently, "under way"))
        await asyncio.sleep(0)
        pair.follow()
        assert await under_way == "under way"
        # Each thread had a connection to the first.
        await asyncio.gather(*(db.write(meet) for _ in range(4)))
        assert await db.read(names) == ["under way"]


async def test_a_server_that_was_away_is_used_again_by_itself(own):
    server, db = own
    await db.write(add, "before")
    server.stop()
    with pytest.raises(Unavailable):
        await db.write(add_soon, "meanwhile")
    server.start()
    await db.write(add, "after")
    assert await db.read(names) == ["after", "before"]


async def test_who_can_wait_does_not_notice_a_restart(own):
    server, db = own
    await db.write(add, "before")
    server.stop()
    patient = on_terms(Terms(seconds=60))(lambda session: add(session, "meanwhile"))
    waiting = asyncio.create_task(db.write(patient))
    await asyncio.to_thread(server.start)
    assert await waiting == "meanwhile"


@on_postgres
async def test_a_commit_that_was_warned_of_is_in_doubt(db):
    """As when `pg_cancel_backend` ends the wait for a standby: COMMIT itself succeeds."""

    def warned_of(session: Session) -> None:
        connection = session.connection()
        connection.exec_driver_sql(
            "CREATE FUNCTION pg_temp.warn() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE WARNING 'canceling wait for synchronous replication'; "
            "RETURN NULL; END $$"
        )
        connection.exec_driver_sql("CREATE TEMP TABLE told (n int)")
        connection.exec_driver_sql(
            "CREATE CONSTRAINT TRIGGER warn AFTER INSERT ON told DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION pg_temp.warn()"
        )
        connection.exec_driver_sql("INSERT INTO told VALUES (1)")

    with pytest.raises(InDoubt):
        await db.write(warned_of)


@on_postgres
async def test_one_half_of_a_deadlock_is_run_again(db):
    await db.write(add, "a")
    await db.write(add, "b")
    both = threading.Barrier(2, timeout=60)
    waited = set()

    def rename(session: Session, first: str, second: str) -> None:
        teams = {team.name[0]: team for team in session.exec(select(Team))}
        teams[first].name += "!"
        session.flush()
        if first not in waited:
            waited.add(first)
            both.wait()
        teams[second].name += "!"
        session.flush()

    await asyncio.gather(db.write(rename, "a", "b"), db.write(rename, "b", "a"))
    assert await db.read(names) == ["a!!", "b!!"]


@on_postgres
async def test_nobodys_change_is_lost_when_many_change_the_same_row(db):
    await db.write(add, "a")

    def more(session: Session) -> None:
        team = session.exec(select(Team)).one()
        team.name += "+"
        session.add(team)

    await asyncio.gather(*(db.write(more) for _ in range(30)))
    assert await db.read(names) == ["a" + "+" * 30]


@on_postgres
async def test_two_who_make_the_same_thing_agree_on_one(db):
    def find_or_make(session: Session) -> str:
        found = session.exec(select(Team).where(Team.name == "a")).first()
        return found.name if found else add(session, "a")

    assert set(await asyncio.gather(*(db.write(find_or_make) for _ in range(8)))) == {"a"}
    assert await db.read(names) == ["a"]


@on_postgres
async def test_an_error_quotes_no_row(db):
    await db.write(add, "Lily")
    with pytest.raises(Exception, match="duplicate") as failed:
        await db.write(add, "Lily")
    assert "Lily" not in f"{failed.value!r} {failed.value} {failed.value.__cause__}"


@on_postgres
async def test_an_error_quotes_no_row_past_sqlalchemy_either(db):
    lily = [{"id": new_id(), "name": "Lily"} for _ in range(3)]
    await db.run(add_all, Team, lily[:1])
    for rows in (lily[1:2], lily[1:]):
        with pytest.raises(IntegrityError, match="duplicate") as failed:
            await db.run(add_all, Team, rows)
        assert "Lily" not in f"{failed.value!r} {failed.value} {failed.value.__cause__}"


@on_postgres
async def test_what_is_lost_past_sqlalchemy_is_run_again(db):
    runs = []

    def careless(connection: Connection) -> str:
        runs.append(add_all(connection, Team, [{"id": new_id(), "name": "a"}]))
        if len(runs) == 1:
            find_all(connection, END, {})
        return "done"

    assert await db.run(careless) == "done"
    assert (len(runs), await db.read(names)) == (2, ["a"])


@on_postgres
async def test_who_goes_on_after_a_failed_statement_is_not_told_that_it_is_stored(db):
    def careless(connection: Connection) -> str:
        add_all(connection, Team, [{"id": new_id(), "name": "a"}])
        with contextlib.suppress(DBAPIError):
            find_all(connection, BROKEN, {})
        return "stored"

    with pytest.raises(Unavailable):
        await db.run(on_terms(Terms(seconds=SHORT))(careless))
    assert await db.read(names) == []


@on_postgres
async def test_what_is_put_off_is_stored_before_what_comes_after_it(db):
    def several(connection: Connection) -> list[str]:
        add_all(connection, Team, [{"id": new_id(), "name": "a"}])
        seen = [connection.execute(select(Team.name)).scalars().all()]
        add_all(connection, Team, [{"id": new_id(), "name": name} for name in "bc"])
        with connection.begin_nested() as inner:
            add_all(connection, Team, [{"id": new_id(), "name": "d"}])
            inner.rollback()
        seen.append(connection.execute(select(Team.name)).scalars().all())
        with contextlib.suppress(IntegrityError), connection.begin_nested():
            add_all(connection, Team, [{"id": new_id(), "name": "a"}])
        add_all(connection, Team, [{"id": new_id(), "name": "e"}])
        return seen

    assert await db.run(several) == [["a"], ["a", "b", "c"]]
    assert await db.read(names) == ["a", "b", "c", "e"]


@on_postgres
@pytest.mark.parametrize("query", [None, BROKEN])
async def test_what_cannot_be_read_takes_nothing_along(db, query):
    def store_and_read(connection: Connection) -> str:
        add_all(connection, Team, [{"id": new_id(), "name": "a"}])
        with contextlib.suppress(KeyError, DBAPIError), only_reading(connection):
            if query is None:
                raise KeyError("a bug of ours")
            find_all(connection, query, {})
        return "stored"

    assert await db.run(store_and_read) == "stored"
    assert await db.read(names) == ["a"]


@on_postgres
async def test_what_failed_leaves_nothing_behind_for_the_next(db):
    def breaks(connection: Connection) -> None:
        add_all(connection, Team, [{"id": new_id(), "name": "a"}])
        raise KeyError("a bug of ours")

    for _ in range(2):
        with pytest.raises(KeyError):
            await db.run(breaks)
    await asyncio.gather(*(db.write(add, name) for name in "bcdefghi"))
    assert await db.read(names) == list("bcdefghi")


@on_postgres
async def test_the_character_zero_is_left_out(db):
    await db.write(add, "a\x00b")
    assert await db.read(names) == ["ab"]


@on_postgres
async def test_what_may_be_forgotten_does_not_wait_for_the_disk(db):
    def setting(session: Session) -> str:
        return session.connection().execute(text("SHOW synchronous_commit")).scalar_one()

    assert await db.write(on_terms(Terms(lasting=False))(setting)) == "off"


@on_postgres
async def test_a_glance_begins_nothing_and_other_reads_see_one_moment(db):
    def moments(session: Session) -> int:
        asked = (session.connection().exec_driver_sql("SELECT now()") for _ in range(3))
        return len({row.scalar_one() for row in asked})

    @on_terms(GLANCE)
    def glance(session: Session) -> int:
        return moments(session)

    assert [await db.read(fn) for fn in (moments, glance, moments)] == [1, 3, 1]


def test_an_address_may_name_several_hosts_and_is_shown_without_its_password():
    url = "postgresql://anna:secret@one:5432,two:5433/shop?connect_timeout=7"
    target = pg_driver.target_of(url)
    assert (target["host"], target["connect_timeout"]) == ("one,two", "7")
    assert target["load_balance_hosts"] == "random"
    assert target["target_session_attrs"] == "read-write"
    assert pg_driver.describe(url) == "postgresql://one:5432,two:5433/shop"
    assert "secret" not in repr(Database(url))


def test_without_the_driver_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(BadUrl, match=r"yingda\[postgres\]"):
        Database("postgresql://a/b")
