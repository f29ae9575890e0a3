"""Bytes lie under one name, whole or not at all."""

from __future__ import annotations

import time

import pytest

from storage.folder import Folder, TooLarge

ONE = "a" * 32


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "media", 1000)


def put(folder, content, media_id=ONE):
    writing = folder.begin()
    writing.write(content)
    writing.keep(media_id)
    return writing


def read(folder, media_id=ONE):
    with folder.open(media_id) as stream:
        return stream.read()


def test_what_is_kept_can_be_read_and_is_known_by_its_digest(folder):
    writing = put(folder, b"photo")
    assert read(folder) == b"photo"
    assert writing.size == 5


def test_until_it_is_kept_nobody_finds_it_and_dropped_it_leaves_nothing(folder):
    writing = folder.begin()
    writing.write(b"half")
    assert folder.ids(time.time() + 60) == []
    writing.drop()
    assert [path for path in folder.root.rglob("*") if path.is_file()] == []


def test_dropping_what_was_kept_takes_nothing(folder):
    put(folder, b"photo").drop()
    assert read(folder) == b"photo"


def test_a_second_copy_takes_the_place_of_the_first(folder):
    put(folder, b"photo")
    put(folder, b"photo!")
    assert read(folder) == b"photo!"
    assert folder.ids(time.time() + 60) == [ONE]


def test_more_than_may_be_kept_is_refused_while_it_is_written(folder):
    writing = folder.begin()
    writing.write(b"x" * 1000)
    with pytest.raises(TooLarge):
        writing.write(b"x")
    writing.drop()


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "a/b" * 10, "a" * 300, "ä" * 20])
def test_only_ids_of_ours_become_paths(folder, name):
    with pytest.raises(ValueError, match="id"):
        folder.path(name)


def test_what_was_begun_long_ago_is_cleared_away(folder):
    writing = folder.begin()
    writing.write(b"half")
    assert folder.clear_aside(time.time() - 60) == 0
    assert folder.clear_aside(time.time() + 60) == 1
    assert folder.clear_aside(time.time() + 60) == 0
    writing.drop()


def test_removing_what_is_not_there_is_no_fault(folder):
    put(folder, b"photo")
    folder.remove(ONE)
    folder.remove(ONE)
    with pytest.raises(FileNotFoundError):
        folder.open(ONE)
