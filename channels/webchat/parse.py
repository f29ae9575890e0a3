"""Read what the chat window posts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from channels.errors import BadRequest
from channels.message import Address, Clean, IncomingMessage, Media, Part, Selection, Text

LARGEST_BODY = 64 * 1024
LONGEST_TEXT = 4000
MOST_FILES = 5


class Said(BaseModel):
    """One thing a visitor wrote or tapped."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: Clean = ""
    echo_id: str = Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")
    select: Clean | None = Field(default=None, max_length=256)
    language: Clean | None = Field(default=None, max_length=35)
    files: list[str] = Field(default=[], max_length=MOST_FILES)
    """Proofs of files that were taken before."""


def read_body(headers: Mapping[str, str], body: bytes) -> Said:
    """Return what was posted.

    Raises:
        BadRequest: too large (413), not JSON by its header (415), senseless (422).
    """
    if len(body) > LARGEST_BODY:
        raise BadRequest(f"the body is larger than {LARGEST_BODY // 1024} KiB", status=413)
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise BadRequest("send application/json", status=415)
    try:
        said = Said.model_validate(json.loads(body))
    except ValidationError as error:
        places = sorted({str(fault["loc"][0]) for fault in error.errors() if fault["loc"]})
        named = ", ".join(place for place in places if place in Said.model_fields)
        raise BadRequest(f"wrong or missing: {named or 'the fields'}", status=422) from None
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON", status=422) from None
    if len(said.text) > LONGEST_TEXT:
        raise BadRequest(f"the text is longer than {LONGEST_TEXT} characters", status=413)
    if said.select is None and not said.text.strip() and not said.files:
        raise BadRequest("the text is empty", status=422)
    return said


def message(
    said: Said, files: Sequence[Media], inbox: str, visitor: str, now: datetime
) -> IncomingMessage:
    """Return what a visitor did as every handler sees it."""
    words: tuple[Part, ...] = (Text(text=said.text),) if said.text.strip() else ()
    if said.select is not None:
        words = (Selection(value=said.select, label=said.text or None),)
    return IncomingMessage(
        address=Address(inbox=inbox, thread=visitor, contact=visitor),
        dedupe_key=f"{visitor}:{said.echo_id}",
        sent_at=now,
        parts=(*words, *files),
        language=said.language,
        platform_id=said.echo_id,
    )
