from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlmodel import SQLModel

import storage.models  # noqa: F401 - knows the tables
from storage import schema
from storage.engine import make_engine


def test_a_new_file_gets_all_tables_and_a_second_run_changes_nothing(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/deep/yingda.db"
    assert schema.upgrade(url) is None
    assert schema.upgrade(url) == schema.HEAD


def test_the_migrations_make_exactly_the_tables_of_the_models(tmp_path: Path):
    schema.upgrade(f"sqlite:///{tmp_path}/yingda.db")
    engine = make_engine(tmp_path / "yingda.db")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_the_known_head_is_the_newest_revision(tmp_path: Path):
    engine = make_engine(tmp_path / "yingda.db")
    with engine.connect() as connection:
        script = ScriptDirectory.from_config(schema.configuration(connection))
        assert script.get_current_head() == schema.HEAD
    engine.dispose()


def test_a_file_of_a_newer_version_is_refused_with_the_way_out(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/yingda.db"
    schema.upgrade(url)
    engine = make_engine(tmp_path / "yingda.db")
    with engine.connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
    engine.dispose()
    with pytest.raises(schema.TooNew, match="install the newer version again"):
        schema.upgrade(url)
