"""Where the simulated Bot API keeps files: those of customers, and what bots upload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from channels.files import Kind
from channels.simulation import SeenFile
from channels.telegram.simulated_answers import no, yes

LARGEST_FOR_BOTS = 20 * 1024 * 1024
"""Bytes that a bot may fetch."""
FIELDS: Mapping[str, Kind] = {
    "photo": "image",
    "voice": "voice",
    "video": "video",
    "document": "file",
}
"""What an uploaded file is called in its form."""


class Cabinet:
    """Files by their id."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}
        self._given = 0

    def forget(self) -> None:
        """Lose them all."""
        self._held.clear()

    def keep(self, kind: Kind, content: bytes, name: str | None) -> dict[str, Any]:
        """Keep a customer's file, and return what a message says of it."""
        self._given += 1
        number = f"AgAC{self._given:06}"
        self._held[number] = content
        file = {"file_id": number, "file_unique_id": f"u{number}", "file_size": len(content)}
        match kind:
            case "image":
                small = {**file, "file_id": f"s{number}", "width": 90, "height": 90, "file_size": 9}
                return {"photo": [small, {**file, "width": 1280, "height": 960}]}
            case "voice":
                return {"voice": {**file, "duration": 3, "mime_type": "audio/ogg"}}
            case "video":
                return {"video": {**file, "duration": 3, "width": 640, "height": 480}}
            case _:
                return {"document": {**file, "file_name": name}}

    def find(self, form: Mapping[str, Any]) -> Response:
        """Say where a file lies: `getFile`."""
        number = str(form.get("file_id"))
        content = self._held.get(number)
        if content is None:
            return no(400, "Bad Request: invalid file_id")
        if len(content) > LARGEST_FOR_BOTS:
            return no(400, "Bad Request: file is too big")
        about = {"file_id": number, "file_unique_id": f"u{number}", "file_size": len(content)}
        return yes({**about, "file_path": f"documents/{number}"})

    def give(self, request: Request) -> Response:
        """Answer with a file's content."""
        content = self._held.get(request.path_params["number"])
        if content is None:
            return no(404)
        return Response(content, media_type="application/octet-stream")


async def with_files(form: FormData) -> dict[str, Any]:
    """Return a form whose uploads are read."""
    told: dict[str, Any] = {}
    for name, value in form.items():
        if isinstance(value, UploadFile):
            kind = FIELDS.get(name, "file")
            told["file"] = SeenFile(kind, await value.read(), value.filename)
        else:
            told[name] = value
    return told
