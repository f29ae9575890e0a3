from storage.schema import HEAD


def test_a_new_file_gets_its_tables_and_a_second_time_there_is_nothing_to_do(command, tmp_path):
    (tmp_path / "yingda.db").unlink()
    first, second = command("db", "upgrade"), command("db", "upgrade")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout == f"upgraded from an empty file to revision {HEAD}\n"
    assert second.stdout == f"nothing to do: at revision {HEAD}\n"
