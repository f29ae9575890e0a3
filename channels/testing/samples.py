"""Small files of each kind, to send and to be sent."""

from __future__ import annotations

from collections.abc import Mapping

from channels.files import Kind

NOISE = bytes(range(256)) * 600
"""150 KiB that no line ending or encoding may touch."""
SAMPLES: Mapping[str, bytes] = {
    "image/png": b"\x89PNG\r\n\x1a\n" + NOISE,
    "image/jpeg": b"\xff\xd8\xff\xe0" + NOISE,
    "audio/ogg": b"OggS\0" + NOISE,
    "audio/mpeg": b"ID3\x04" + NOISE,
    "audio/amr": b"#!AMR\n" + NOISE,
    "video/mp4": b"\0\0\0\x18ftypisom" + NOISE,
    "application/pdf": b"%PDF-1.7\n" + NOISE,
}
"""Files of a few types, as far as anybody looks who only looks at their beginning."""
OF_A_KIND: Mapping[Kind, tuple[str, ...]] = {
    "image": ("image/png", "image/jpeg"),
    "voice": ("audio/ogg", "audio/mpeg", "audio/amr"),
    "video": ("video/mp4",),
    "file": ("application/pdf",),
}
