"""A file is what its first bytes say, whatever it is called."""

from __future__ import annotations

import pytest

from channels.filetypes import HEAD, LONGEST_NAME, SUFFIXES, UNKNOWN, file_name, type_of
from channels.testing.samples import SAMPLES


@pytest.mark.parametrize(
    ("head", "found"),
    [
        *((content[:HEAD], media_type) for media_type, content in SAMPLES.items()),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "audio/wav"),
        (b"\0\0\0\x1cftypM4A ", "audio/mp4"),
        (b"\0\0\0\x1cftypheic", "image/heic"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"\x02#!SILK_V3", "audio/silk"),
        (b"\x1aE\xdf\xa3", "video/webm"),
        (b"PK\x03\x04", "application/zip"),
    ],
)
def test_a_type_is_found_by_content(head, found):
    assert type_of(head) == found


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff",
        b"RIFF",
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"<!doctype html><script>",
        b"<?xml version='1.0'?>",
        b"GIF",
        b"%!PS",
        b"\xff\xff\xff\xff\xff",
        b"\xff\xfe<\0s\0v\0g\0",
        b"MZ\x90\0",
    ],
)
def test_what_is_not_known_is_no_type_that_a_browser_would_run(head):
    assert type_of(head) == UNKNOWN


@pytest.mark.parametrize(
    ("claimed", "kept"),
    [
        (None, "file.png"),
        ("", "file.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\发票.pdf", "发票.pdf"),
        ("a\r\nset-cookie: x\0.png", "aset-cookie: x.png"),
        ("gpj.\u202egnp.exe", "gpj.gnp.exe"),
        (" ... ", "file.png"),
    ],
)
def test_a_name_is_made_harmless(claimed, kept):
    assert file_name(claimed, "image/png") == kept


def test_a_long_name_keeps_its_ending():
    kept = file_name("很" * 500 + ".docx", "application/zip")
    assert len(kept) == LONGEST_NAME
    assert kept.endswith("很.docx")


def test_every_suffix_is_one():
    assert all(suffix.startswith(".") for suffix in SUFFIXES.values())
