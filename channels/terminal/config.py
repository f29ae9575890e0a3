"""What `config.yaml` says about a terminal inbox."""

from __future__ import annotations

from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from channels.inbox import InboxConfig
from channels.terminal.wire import Wire


class Config(InboxConfig):
    """A chat in the terminal that started the program."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    person: str = Field(
        default="developer",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="who sits at the keyboard, as the desk names them",
    )
    prefix: str = Field(default="< ", max_length=20, description="printed before each reply")
    wire: SkipJsonSchema[Wire | None] = Field(
        default=None,
        exclude=True,
        repr=False,
        description="another keyboard and screen; only code can lend one",
    )
