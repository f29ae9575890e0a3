import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlmodel import SQLModel

import storage.models  # noqa: F401 - knows the tables
from storage import schema
from storage.database import Unavailable
from storage.engine import make_engine
from storage.postgres import make_engine as make_server_engine
from storage.sqlite import sqlite_path
from tests.postgres import Server


@pytest.fixture(params=["sqlite", "postgresql"])
def nothing(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place without any tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/deep/yingda.db"
    server: Server = request.getfixturevalue("server")
    server.execute("DROP DATABASE IF EXISTS bare")
    server.execute("CREATE DATABASE bare")
    return server.url("bare")


def engine_of(url: str) -> Engine:
    return make_engine(sqlite_path(url)) if url.startswith("sqlite") else make_server_engine(url)


def test_an_empty_place_gets_all_tables_and_a_second_run_changes_nothing(nothing: str):
    assert schema.upgrade(nothing) is None
    assert schema.upgrade(nothing) == schema.HEAD


async def test_of_several_processes_that_start_together_one_migrates(server: Server):
    server.execute("DROP DATABASE IF EXISTS bare")
    server.execute("CREATE DATABASE bare")
    ran = [asyncio.to_thread(schema.upgrade, server.url("bare")) for _ in range(3)]
    assert sorted(await asyncio.gather(*ran), key=str) == [schema.HEAD, schema.HEAD, None]


# SQLite cannot tell of an index on an expression; test_usage sees that it is there.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified")
def test_the_migrations_make_exactly_the_tables_of_the_models(nothing: str):
    schema.upgrade(nothing)
    engine = engine_of(nothing)
    with engine.connect() as connection:
        types = connection.dialect.name == "postgresql"
        context = MigrationContext.configure(connection, opts={"compare_type": types})
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_the_known_head_is_the_newest_revision(tmp_path: Path):
    engine = make_engine(tmp_path / "yingda.db")
    with engine.connect() as connection:
        script = ScriptDirectory.from_config(schema.configuration(connection))
        assert script.get_current_head() == schema.HEAD
    engine.dispose()


def test_a_database_of_a_newer_version_is_refused_with_the_way_out(nothing: str):
    schema.upgrade(nothing)
    engine = engine_of(nothing)
    with engine.connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
    engine.dispose()
    with pytest.raises(schema.TooNew, match="install the newer version again"):
        schema.upgrade(nothing)


def test_a_server_that_is_not_there_is_told_without_the_password():
    with pytest.raises(Unavailable, match="look whether the server runs") as told:
        schema.upgrade("postgresql://anna:secret@127.0.0.1:1/shop")
    assert "secret" not in str(told.value)
