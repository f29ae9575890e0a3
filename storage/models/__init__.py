"""The tables; importing this package knows them all."""

from storage.models.activity import Activity, Fact
from storage.models.conversation import (
    Author,
    Conversation,
    Message,
    Owner,
    ReadMark,
    Status,
)
from storage.models.knowledge import (
    Article,
    ArticleVersion,
    KeptTest,
    KnowledgeFile,
    PlannedRelease,
    PlanState,
    Rehearsal,
    Release,
)
from storage.models.learning import (
    FileImport,
    Gap,
    GapDecision,
    GapState,
    ImportState,
    Thresholds,
)
from storage.models.media import MediaFile, MediaState
from storage.models.people import Agent, Contact, Identity, Role, Session, Team
from storage.models.ticket import Ticket, TicketStep
from storage.models.transport import (
    AdapterMemory,
    Delivery,
    DeliveryStatus,
    InboundEvent,
    Lane,
    LaneKind,
    Pace,
    PassiveSlot,
    SlotState,
    Timer,
)

__all__ = [
    "Activity",
    "AdapterMemory",
    "Agent",
    "Article",
    "ArticleVersion",
    "Author",
    "Contact",
    "Conversation",
    "Delivery",
    "DeliveryStatus",
    "Fact",
    "FileImport",
    "Gap",
    "GapDecision",
    "GapState",
    "Identity",
    "ImportState",
    "InboundEvent",
    "KeptTest",
    "KnowledgeFile",
    "Lane",
    "LaneKind",
    "MediaFile",
    "MediaState",
    "Message",
    "Owner",
    "Pace",
    "PassiveSlot",
    "PlanState",
    "PlannedRelease",
    "ReadMark",
    "Rehearsal",
    "Release",
    "Role",
    "Session",
    "SlotState",
    "Status",
    "Team",
    "Thresholds",
    "Ticket",
    "TicketStep",
    "Timer",
]
