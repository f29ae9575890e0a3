from types import SimpleNamespace

from sqlalchemy.dialects import postgresql, sqlite

from storage.models import Timer
from storage.upsert import insert, table_of


def on(dialect):
    return SimpleNamespace(get_bind=lambda: SimpleNamespace(dialect=dialect))


def sentence(dialect):
    statement = insert(on(dialect), Timer).values(key="a", kind="mark")
    nothing = statement.on_conflict_do_nothing(index_elements=[table_of(Timer).c.key])
    return str(nothing.compile(dialect=dialect)).replace('"', "")


def test_both_databases_are_told_the_same():
    for dialect in (sqlite.dialect(), postgresql.dialect()):
        words = sentence(dialect)
        assert words.startswith("INSERT INTO timer")
        assert "ON CONFLICT (key) DO NOTHING" in words


def test_the_table_of_a_model_is_its_own():
    assert table_of(Timer) is Timer.metadata.tables["timer"]
