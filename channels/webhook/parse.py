"""From the JSON of a stranger's system to our words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from channels.errors import BadRequest
from channels.message import (
    Address,
    Clean,
    ContactEvent,
    IncomingMessage,
    Location,
    Media,
    Part,
    Selection,
    Text,
    Unsupported,
    Visibility,
)

LARGEST = 256 * 1024
"""Bytes of a call."""
LONGEST_TEXT, MOST_PARTS = 20_000, 50
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


class Contact(BaseModel):
    """Who writes."""

    model_config = ConfigDict(strict=True)

    id: Clean = Field(min_length=1, max_length=128)
    name: Clean | None = Field(default=None, max_length=200)


class Given(BaseModel):
    """Anything in `parts`; what else belongs to it depends on its kind."""

    model_config = ConfigDict(strict=True, extra="allow")

    kind: Clean = Field(min_length=1, max_length=64)


class GivenMedia(BaseModel):
    """A file, by the address it can be fetched from."""

    kind: Literal["image", "voice", "video", "file"]
    url: Clean = Field(pattern=r"^https?://[^\s/]+", max_length=2000)
    name: Clean | None = Field(default=None, max_length=255)
    size: int | None = Field(default=None, ge=0)
    transcript: Clean | None = Field(default=None, max_length=LONGEST_TEXT)


class Said(BaseModel):
    """One call's body; unknown fields are passed over, so that senders may say more."""

    model_config = ConfigDict(strict=True)

    id: Clean = Field(min_length=1, max_length=200)
    contact: Contact
    thread: Clean | None = Field(default=None, min_length=1, max_length=200)
    text: Clean = Field(default="", max_length=LONGEST_TEXT)
    parts: list[Given] = Field(default_factory=list, max_length=MOST_PARTS)
    sent_at: AwareDatetime | None = Field(default=None, strict=False)
    language: Clean | None = Field(default=None, max_length=35)
    reply_to: Clean | None = Field(default=None, max_length=200)
    replaces: Clean | None = Field(default=None, max_length=200)
    public: bool = False


def read(body: bytes) -> Said:
    """Return what a call says.

    Raises:
        BadRequest: too large (413) or senseless (422); names the fields that are wrong.
    """
    if len(body) > LARGEST:
        raise BadRequest(f"the body is larger than {LARGEST // 1024} KiB", 413)
    try:
        said = Said.model_validate(json.loads(body))
    except ValidationError as error:
        raise BadRequest(f"wrong or missing: {_places(error)}", 422) from None
    except (ValueError, RecursionError):
        raise BadRequest("the body is not a JSON object", 422) from None
    if not said.text.strip() and not said.parts:
        raise BadRequest("wrong or missing: text or parts", 422)
    return said


def message(said: Said, inbox: str, now: datetime) -> IncomingMessage:
    """Return what a customer did as every handler sees it.

    Raises:
        BadRequest: a part's fields are wrong.
    """
    parts = tuple(_part(number, given) for number, given in enumerate(said.parts))
    words: tuple[Part, ...] = (Text(text=said.text),) if said.text.strip() else ()
    sent_at = said.sent_at if said.sent_at and EARLIEST < said.sent_at <= now else now
    return IncomingMessage(
        address=Address(
            inbox=inbox,
            thread=said.thread or said.contact.id,
            contact=said.contact.id,
            visibility=Visibility.PUBLIC if said.public else Visibility.PRIVATE,
        ),
        dedupe_key=said.id,
        sent_at=sent_at,
        parts=words + parts,
        contact_name=said.contact.name,
        language=said.language,
        platform_id=said.id,
        reply_to=said.reply_to,
        replaces=said.replaces,
    )


def _part(number: int, given: Given) -> Part:
    fields = given.model_dump()
    try:
        match given.kind:
            case "image" | "voice" | "video" | "file":
                file = GivenMedia.model_validate(fields)
                return Media(ref=file.url, **file.model_dump(exclude={"url"}))
            case "text":
                return Text.model_validate(fields)
            case "location":
                return Location.model_validate(fields)
            case "selection":
                return Selection.model_validate(fields)
            case "event":
                return ContactEvent.model_validate(fields)
            case other:
                return Unsupported(platform_kind=other)
    except ValidationError as error:
        raise BadRequest(f"wrong or missing: parts.{number}: {_places(error)}", 422) from None


def _places(error: ValidationError) -> str:
    """Name the fields that are wrong, never what stands in them."""
    known: set[Any] = {*Said.model_fields, *Contact.model_fields, *GivenMedia.model_fields}
    known |= {*Location.model_fields, *Selection.model_fields, *ContactEvent.model_fields}
    places = {
        ".".join(str(step) for step in fault["loc"] if isinstance(step, int) or step in known)
        for fault in error.errors()
    }
    return ", ".join(sorted(place for place in places if place)) or "the fields"
