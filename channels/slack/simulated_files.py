"""Files on Slack's side: what customers sent, and what we upload and then share."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from channels.files import Kind, kind_for
from channels.filetypes import type_of
from channels.simulation import SeenFile
from channels.slack.media import TAKES
from channels.slack.simulated_rules import answer, no

TYPES: dict[Kind, str] = {
    "image": "image/png",
    "voice": "audio/mpeg",
    "video": "video/mp4",
    "file": "application/pdf",
}


class Cabinet:
    """Files by their id; `token` opens those of customers."""

    def __init__(self, token: str) -> None:
        self.lent: dict[str, tuple[str, int]] = {}
        """Places that were asked for, with the name and the length that were told."""
        self.uploaded: dict[str, SeenFile] = {}
        self._token = token
        self._held: dict[str, bytes] = {}
        self._given = 0

    @property
    def routes(self) -> list[Route]:
        """Where content is fetched and put; the calls about it are the simulator's."""
        return [
            Route("/files-pri/{number}/download/{name:path}", self._give, methods=["GET"]),
            Route("/upload/v1/{number}", self._take, methods=["POST"]),
        ]

    def forget(self) -> None:
        """Lose what customers sent."""
        self._held.clear()

    def keep(self, root: str, kind: Kind, content: bytes, name: str | None) -> dict[str, Any]:
        """Keep a customer's file, and return what a message says of it."""
        number = self._number()
        self._held[number] = content
        name = name or f"{number}.bin"
        return {
            "id": number,
            "name": name,
            "mimetype": TYPES[kind],
            "size": len(content),
            "mode": "hosted",
            "url_private": f"{root}/files-pri/{number}/{name}",
            "url_private_download": f"{root}/files-pri/{number}/download/{name}",
        }

    def lend(self, root: str, form: dict[str, Any]) -> Response:
        """Name a place for an upload: `files.getUploadURLExternal`."""
        name, length = str(form.get("filename") or ""), str(form.get("length") or "")
        if not name or not length.isdigit() or length == "0":
            return no("invalid_arguments")
        number = self._number()
        self.lent[number] = name, int(length)
        return answer(upload_url=f"{root}/upload/v1/{number}", file_id=number)

    def about(self, root: str, form: dict[str, Any]) -> Response:
        """Tell of a customer's file: `files.info`."""
        number = str(form.get("file"))
        if number not in self._held:
            return no("file_not_found")
        url = f"{root}/files-pri/{number}/download/x"
        return answer(file={"id": number, "url_private_download": url})

    async def _give(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {self._token}":
            return RedirectResponse("https://example.slack.com/?redir=files", 302)
        content = self._held.get(request.path_params["number"])
        if content is None:
            return PlainTextResponse("gone", 404)
        headers = {"content-disposition": "attachment"}
        return Response(content, media_type="application/octet-stream", headers=headers)

    async def _take(self, request: Request) -> Response:
        number = request.path_params["number"]
        if number not in self.lent:
            return PlainTextResponse("no such upload", 404)
        name, length = self.lent[number]
        async with request.form() as form:
            upload = form.get("file")
            content = b"" if upload is None or isinstance(upload, str) else await upload.read()
        if len(content) != length:
            return PlainTextResponse("not as long as was told", 400)
        media_type = type_of(content)
        kind = kind_for(TAKES, media_type, length) or "file"
        self.uploaded[number] = SeenFile(kind, content, name)
        return PlainTextResponse(f"OK - {length}")

    def _number(self) -> str:
        self._given += 1
        return f"F0SIM{self._given:05}"
