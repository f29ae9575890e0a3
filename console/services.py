"""What the console is given by the composition root; it builds nothing of this itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import Request

from channels.files import Kind, Takes
from channels.health import Finding, Report
from channels.message import Address
from console.live import Live
from faq.knowledge import KnowledgeBase
from faq.rehearsal import Rehearsals
from handlers.desk.lately import Lately
from handlers.desk.roles import PUBLISHERS
from storage.database import Database
from storage.folder import Folder
from storage.models import Role


@dataclass(frozen=True, slots=True)
class InboxState:
    """How one connected account is doing."""

    inbox: str
    channel: str
    label: str
    state: str
    """ready, degraded, stopped or disabled."""
    detail: str = ""
    """What is wrong, in one line; never a secret."""
    trouble: Finding | None = None
    """What only a human can mend, and how."""
    webhook_url: str | None = None
    """What the platform must call; None where nobody calls us."""
    widget_url: str | None = None
    """The loader that a site puts on its pages, for a web chat."""
    last_in: datetime | None = None
    last_out: datetime | None = None
    replies: int | None = None
    """How many answers the platform allows after a customer wrote; None where it counts none."""
    fetches: bool = False
    """Files that customers sent are fetched from the platform."""
    takes: Mapping[Kind, Takes] = field(default_factory=dict, hash=False)
    """Which files can be sent to a customer."""
    notices: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What may be sent where the platform lets us answer no more, by its name: its words."""
    parks: bool = False
    """What is written to a customer goes out with the customer's next message."""
    present: bool = False
    """Customers see that somebody types and reads, and let it be seen of them."""
    text_limit: int = 0
    """How much text one message of its platform holds; 0: not known."""
    text_unit: str = "characters"
    """In what that is counted: characters, bytes (of UTF-8) or utf16."""
    types: bool = False
    """Its platform can be asked to show a customer that somebody types."""


@dataclass(frozen=True, slots=True)
class ChatBrand:
    """How one web chat looks to customers; texts are by language code ("zh", "en")."""

    title: str
    color: str = "#0b62c4"
    """As #rrggbb; anything else becomes the default."""
    greeting: Mapping[str, str] = field(default_factory=dict)
    suggestions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    allowed_origins: tuple[str, ...] = ()
    """Which sites may show the chat in a frame, such as https://shop.example.com; empty: any."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """The title by language, where it differs."""
    attachments: bool = False
    """Visitors may send files."""
    logo: str | None = None
    """A picture for the head: https://... or a path of this server; None: the initials."""


def no_chat(_inbox: str) -> ChatBrand | None:
    """Know no web chat."""
    return None


async def check_nothing(_inbox: str) -> None:
    """Ask no platform."""


async def no_reports() -> Mapping[str, Report]:
    """Know of no check."""
    return {}


async def show_nobody(_address: Address) -> None:
    """Show nobody that somebody types."""


@dataclass(frozen=True, slots=True)
class Services:
    """The collaborators of every page."""

    db: Database
    knowledge: KnowledgeBase
    live: Live
    clock: Callable[[], datetime]
    inboxes: Callable[[], Sequence[InboxState]]
    folder: Folder
    """Where the bytes of files lie."""
    secure: bool = False
    """True behind https: cookies are then `__Host-` and Secure."""
    demo: bool = False
    chats: Callable[[str], ChatBrand | None] = no_chat
    """The look of an inbox's web chat; None if this inbox has none."""
    check: Callable[[str], Awaitable[None]] = check_nothing
    """Asks the platform of an inbox how the account is, and keeps what it says."""
    reports: Callable[[], Awaitable[Mapping[str, Report]]] = no_reports
    """What the last check of each inbox found."""
    show_typing: Callable[[Address], Awaitable[None]] = show_nobody
    """Ask a platform to show a customer that somebody types; never raises."""
    publishers: frozenset[Role] = PUBLISHERS
    """Which roles make drafts of the knowledge base live."""
    rehearsals: Rehearsals | None = None
    """Tries drafts before they are published; None where this process serves no desk."""
    files_at: str = ""
    """Under which address files of answers are to be had by anybody; empty: nowhere."""
    lately: Lately = field(default_factory=Lately)
    """How the questions of late ended."""


def services(request: Request) -> Services:
    """Return what the composition root gave to the application that serves `request`."""
    found: Services = request.app.state.services
    return found
