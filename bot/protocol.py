"""HTTP as uvicorn's fast parser reads it, but with an end: it keeps a head of any length."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 256 * 1024
"""Bytes of a call beside its body: address, headers, the frames of chunks. Real ones have a few
thousand, and a body in small chunks some tens of thousands."""
TOO_LONG = "The head of this request is too long."


class BoundedProtocol(HttpToolsProtocol):
    """Refuses a call with an endless head instead of keeping it."""

    _spare = 0

    def data_received(self, data: bytes) -> None:
        """Take bytes, and count those that belong to no body."""
        self._spare += len(data)
        super().data_received(data)
        if self._spare > LARGEST_HEAD and not self.transport.is_closing():
            self.logger.warning(TOO_LONG)
            self.send_400_response(TOO_LONG)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, which somebody else counts."""
        self._spare -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End one call; the next begins with nothing."""
        self._spare = 0
        super().on_message_complete()
