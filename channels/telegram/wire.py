"""What Telegram sends, as far as we read it.

Only what a message cannot be placed without is required; anything else that is missing or of
the wrong type is None, because Telegram adds and changes kinds at any time.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

T = TypeVar("T")


def _or_none(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    try:
        return validate(value)
    except ValidationError:
        return None


Maybe = Annotated[T | None, WrapValidator(_or_none)]
"""What is None when the platform sent nonsense."""

Id = Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)]
Seconds = Annotated[int, Field(strict=True, ge=0, le=253_402_300_799)]
"""Unix time, up to the year 9999."""


class Wire(BaseModel):
    """A JSON object of the Bot API."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class User(Wire):
    """A person or a bot."""

    id: Id
    is_bot: Maybe[bool] = None
    first_name: Maybe[str] = None
    last_name: Maybe[str] = None
    username: Maybe[str] = None
    language_code: Maybe[str] = None

    @property
    def name(self) -> str | None:
        """What people call this person."""
        whole = " ".join(part for part in (self.first_name, self.last_name) if part).strip()
        return whole or self.username


class Chat(Wire):
    """Where a message stands."""

    id: Id
    type: Maybe[str] = None


class File(Wire):
    """A file by reference: photo size, voice, video, audio, document."""

    file_id: str
    file_name: Maybe[str] = None
    file_size: Maybe[Id] = None


class Point(Wire):
    """A location."""

    latitude: FiniteFloat
    longitude: FiniteFloat


class Venue(Wire):
    """A location with a name."""

    location: Point
    title: Maybe[str] = None
    address: Maybe[str] = None


class Card(Wire):
    """A contact card."""

    phone_number: str
    first_name: Maybe[str] = None
    last_name: Maybe[str] = None


class Button(Wire):
    """One button under a message."""

    text: Maybe[str] = None
    callback_data: Maybe[str] = None


class Keyboard(Wire):
    """The buttons under a message."""

    inline_keyboard: Maybe[list[Maybe[list[Maybe[Button]]]]] = None


class Reply(Wire):
    """The message that was answered."""

    message_id: Id
    sender: Maybe[User] = Field(default=None, alias="from")


class Message(Wire):
    """A message of a customer, or the one whose button was tapped."""

    message_id: Id
    date: Seconds
    chat: Chat
    sender: Maybe[User] = Field(default=None, alias="from")
    edit_date: Maybe[Seconds] = None
    media_group_id: Maybe[str] = None
    migrate_to_chat_id: Maybe[Id] = None
    migrate_from_chat_id: Maybe[Id] = None
    text: Maybe[str] = None
    caption: Maybe[str] = None
    reply_to_message: Maybe[Reply] = None
    reply_markup: Maybe[Keyboard] = None
    photo: Maybe[list[Maybe[File]]] = None
    voice: Maybe[File] = None
    video: Maybe[File] = None
    video_note: Maybe[File] = None
    animation: Maybe[File] = None
    audio: Maybe[File] = None
    document: Maybe[File] = None
    location: Maybe[Point] = None
    venue: Maybe[Venue] = None
    contact: Maybe[Card] = None


class CallbackQuery(Wire):
    """A tap on a button."""

    id: str
    sender: User = Field(alias="from")
    data: Maybe[str] = None
    message: Maybe[Message] = None


class Member(Wire):
    """What somebody is in a chat."""

    status: str


class MemberUpdate(Wire):
    """The bot's own standing in a chat changed."""

    chat: Chat
    sender: User = Field(alias="from")
    date: Seconds
    new_chat_member: Member


class Placed(Wire):
    """Any kind of update that says who and where."""

    chat: Maybe[Chat] = None
    sender: Maybe[User] = Field(default=None, alias="from")
    user: Maybe[User] = None
    date: Maybe[Seconds] = None
    message_id: Maybe[Id] = None


class Update(Wire):
    """The envelope; its one other key names the kind."""

    update_id: Annotated[int, Field(strict=True, ge=0, lt=2**63)]


Raw = dict[str, Any]
