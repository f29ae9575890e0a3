"""The language of the border: what a customer says to us and what we say back.

Every adapter translates its platform into these frozen types and out of them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat

ENDLESS = 2**63
"""More bytes than a database can count."""


def clean(value: object) -> object:
    """Make a platform's string storable: join or replace surrogates, drop NUL."""
    if not isinstance(value, str):
        return value
    if value.isascii():
        return value.replace("\0", "")
    joined = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return joined.replace("\0", "")


Clean = Annotated[str, BeforeValidator(clean)]
"""A string that every database and every JSON writer takes."""


def countable(size: object) -> object:
    """Make a platform's number of bytes storable: what no file can have is not known."""
    return size if not isinstance(size, int) or 0 <= size < ENDLESS else None


class Frozen(BaseModel):
    """A value: compared by content, never changed, no unknown fields.

    What is wrong with one is told without what somebody said: errors end in logs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Text(Frozen):
    """Plain text; markup is the adapter's business."""

    kind: Literal["text"] = "text"
    text: Clean


class Media(Frozen):
    """A file of the customer or the agent, by reference, never by bytes."""

    kind: Literal["image", "voice", "video", "file"]
    ref: Clean
    name: Clean | None = None
    size: Annotated[int | None, BeforeValidator(countable)] = None
    transcript: Clean | None = None


class Location(Frozen):
    """A point on the map, in degrees (WGS 84 or what the platform uses)."""

    kind: Literal["location"] = "location"
    latitude: FiniteFloat
    longitude: FiniteFloat
    label: Clean | None = None


class Card(Frozen):
    """A link that is shown with a title, and where there are any with words and a picture."""

    kind: Literal["card"] = "card"
    title: Clean
    url: Clean = Field(pattern="^https?://")
    description: Clean | None = None
    picture: Clean | None = Field(default=None, pattern="^https?://")

    @property
    def lines(self) -> str:
        """What it says where cards cannot be shown, its address last."""
        return "\n".join(filter(None, (self.title, self.description, self.url)))


class Choice(Frozen):
    """One thing to tap: `value` comes back, `label` is shown."""

    value: Clean
    label: Clean


class Choices(Frozen):
    """A question with things to tap; adapters without buttons render a numbered list."""

    kind: Literal["choices"] = "choices"
    prompt: Clean
    options: tuple[Choice, ...]


class Selection(Frozen):
    """The customer tapped a choice."""

    kind: Literal["selection"] = "selection"
    value: Clean
    label: Clean | None = None


class ContactEvent(Frozen):
    """The customer did something other than speak; `context` says where they came from.

    `bounced`: what we sent came back; `context` says why. `served`: somebody has them now in the
    platform's own client, `released`: nobody there has them any more. `agreed`, `declined`:
    whether they want the notice that `context` names.
    """

    kind: Literal["event"] = "event"
    event: Literal[
        "followed",
        "unfollowed",
        "opened",
        "blocked",
        "recalled",
        "bounced",
        "served",
        "released",
        "agreed",
        "declined",
    ]
    context: Clean | None = None


class Notice(Frozen):
    """What may be sent outside the reply window: a text that the platform approved before.

    `name` is what the inbox's settings call it, `label` what people read of it.
    """

    kind: Literal["notice"] = "notice"
    name: Clean
    label: Clean


class Unsupported(Frozen):
    """Something this version cannot show; the agent sees the platform's own name for it."""

    kind: Literal["unsupported"] = "unsupported"
    platform_kind: Clean


Part = Annotated[
    Text | Media | Location | Card | Choices | Selection | ContactEvent | Notice | Unsupported,
    Field(discriminator="kind"),
]


class Visibility(StrEnum):
    """Who else can read the thread."""

    PRIVATE = "private"
    PUBLIC = "public"


class Address(Frozen):
    """Where a conversation lives: one inbox, one thread, one person.

    `thread` is the platform's own key of the conversation (a chat id, a channel and its
    thread time stamp); `contact` is the platform's own key of the person.
    """

    inbox: Clean
    thread: Clean
    contact: Clean
    visibility: Visibility = Visibility.PRIVATE


class Post(Frozen):
    """What a public thread is held under: somebody's post, as much of it as tells which one."""

    text: Clean
    author: Clean | None = None
    url: Clean | None = None


class IncomingMessage(Frozen):
    """One thing a customer did, as every handler sees it.

    `dedupe_key` is the same for every delivery of the same thing by the platform. `automatic`
    says that a machine wrote it, as far as one can see: the bot keeps silent to it, people see it.
    Messages of one `album` are pieces of what the customer sent at once; they are joined.
    """

    address: Address
    dedupe_key: Clean
    sent_at: AwareDatetime
    parts: tuple[Part, ...]
    contact_name: Clean | None = None
    language: Clean | None = None
    platform_id: Clean | None = None
    reply_to: Clean | None = None
    replaces: Clean | None = None
    automatic: bool = False
    album: Clean | None = None
    about: Post | None = None

    @property
    def text(self) -> str:
        """What the customer said, as one string."""
        return text_of(self.parts)


class OutgoingMessage(Frozen):
    """One thing we say; `delivery_id` makes a second attempt recognisable.

    `automatic` says that no person wrote it.
    """

    address: Address
    delivery_id: Clean
    parts: tuple[Part, ...]
    reply_to: Clean | None = None
    automatic: bool = False


def joined(pieces: Sequence[IncomingMessage]) -> IncomingMessage:
    """Return one message of an album's pieces, in order, its words last; the first one names it."""
    parts = [part for piece in pieces for part in piece.parts]
    parts.sort(key=lambda part: isinstance(part, Text))
    return pieces[0].model_copy(update={"parts": tuple(parts)})


def is_notice(parts: tuple[Part, ...]) -> bool:
    """Say whether it is a notice, for which no reply window counts."""
    return any(isinstance(part, Notice) for part in parts)


def has_left(parts: tuple[Part, ...]) -> bool:
    """Say whether the customer left the account."""
    return any(isinstance(part, ContactEvent) and part.event == "unfollowed" for part in parts)


def came_from(parts: tuple[Part, ...]) -> str | None:
    """Return what the link or code said through which a customer came just now."""
    arrived = [
        part.context
        for part in parts
        if isinstance(part, ContactEvent) and part.event in ("followed", "opened")
    ]
    return arrived[-1] if arrived else None


def text_of(parts: tuple[Part, ...]) -> str:
    """Return the words of `parts`: texts, tapped labels and prompts, one a line."""
    return "\n".join(words for part in parts if (words := _words(part)))


def _words(part: Part) -> str:
    match part:
        case Text(text=text):
            return text
        case Selection(value=value, label=label):
            return label or value
        case Choices(prompt=prompt):
            return prompt
        case Card():
            return part.lines
        case Notice(label=label):
            return label
        case Media(transcript=transcript):
            return transcript or ""
        case _:
            return ""
