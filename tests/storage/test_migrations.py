"""What migrations do with what was there before."""

from pathlib import Path

from alembic import command

from storage import schema
from storage.engine import make_engine


def test_answers_that_were_given_in_calls_move_to_their_slots_and_back(tmp_path: Path):
    engine = make_engine(tmp_path / "yingda.db")
    with engine.connect() as connection:
        settings = schema.configuration(connection)
        command.upgrade(settings, "0001")
        for number, answer in enumerate(('\'[{"kind": "text", "text": "yes"}]\'', "NULL")):
            connection.exec_driver_sql(
                "INSERT INTO inboundevent "
                "(id, inbox, dedupe_key, payload, received_at, dead, answer) "
                f"VALUES ('{number:032}', 'shop', '{number}', '{{}}', '2026-11-22', 0, {answer})"
            )
        command.upgrade(settings, "0003")
        moved = connection.exec_driver_sql("SELECT event_id, state, answer FROM passiveslot").all()
        assert moved == [("0" * 32, "given", '[{"kind": "text", "text": "yes"}]')]
        command.downgrade(settings, "0001")
        back = connection.exec_driver_sql("SELECT answer FROM inboundevent ORDER BY id").all()
        assert back == [(moved[0].answer,), (None,)]
    engine.dispose()
