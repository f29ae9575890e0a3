"""Where the simulated API keeps files: those of customers, and what the account uploads."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from channels.files import Kind
from channels.simulation import SeenFile

LARGEST: Mapping[Kind, int] = {"image": 2_000_000, "voice": 2_000_000, "video": 10_000_000}
"""Bytes of what an account of WeChat's can upload."""
TYPES: Mapping[Kind, str] = {
    "image": "image/jpeg",
    "voice": "voice/amr",
    "video": "video/mp4",
    "file": "application/octet-stream",
}
"""How the platform declares each kind; it does not look."""
NO_FILE = 40007, "invalid media_id"


class Cabinet:
    """Files by their media id; `largest` says what may be uploaded.

    Where `videos_elsewhere`, of a video only its address is given out.
    """

    def __init__(
        self, largest: Mapping[Kind, int] = LARGEST, *, videos_elsewhere: bool = True
    ) -> None:
        self._largest, self._videos_elsewhere = largest, videos_elsewhere
        self._held: dict[str, tuple[Kind, bytes, str | None]] = {}
        self._uploaded: dict[str, SeenFile] = {}

    def forget(self) -> None:
        """Lose what customers sent, as after three days."""
        self._held.clear()

    def keep(self, kind: Kind, content: bytes, name: str | None = None) -> str:
        """Keep a customer's file, and return its media id."""
        media_id = f"simulated-media-{len(self._held) + 1}"
        self._held[media_id] = kind, content, name
        return media_id

    def uploaded(self, media_id: str) -> SeenFile | None:
        """Return what was uploaded under an id."""
        return self._uploaded.get(media_id)

    def get(self, request: Request) -> Response | None:
        """Answer `media/get`; None for what is not there."""
        media_id = request.query_params.get("media_id", "")
        kind, content, name = self._held.get(media_id, (None, b"", None))
        if kind is None:
            return None
        if kind == "video" and self._videos_elsewhere:
            return JSONResponse({"video_url": f"{request.base_url}simulated-video/{media_id}"})
        told = f"attachment; filename*=UTF-8''{quote(name or media_id)}"
        return Response(content, media_type=TYPES[kind], headers={"content-disposition": told})

    async def video(self, request: Request) -> Response:
        """Answer with a video."""
        kind, content, _ = self._held.get(request.path_params["media_id"], ("", b"", None))
        return Response(content, media_type="video/mp4") if kind else Response(status_code=404)

    async def take(self, request: Request) -> Response | None:
        """Answer `media/upload`; None for what the platform does not take."""
        kind = request.query_params.get("type", "")
        async with request.form() as form:
            given = form.get("media")
            content = await given.read() if isinstance(given, UploadFile) else b""
            name = given.filename if isinstance(given, UploadFile) else None
        found = next((one for one in self._largest if one == kind), None)
        if found is None or not 0 < len(content) <= self._largest[found]:
            return None
        media_id = f"simulated-upload-{len(self._uploaded) + 1}"
        self._uploaded[media_id] = SeenFile(found, content, name)
        return JSONResponse({"type": kind, "media_id": media_id, "created_at": 1700000000})
