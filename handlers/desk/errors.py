"""Why the desk says no; nothing was changed when one of these is raised.

DeskError
├── NotFound         no such conversation or ticket
├── AlreadyTaken     a colleague was quicker: `by`
├── NotYours         take it over first
├── AlreadyClosed    the matter is over
├── AlreadyChanged   somebody changed it since it was read
├── NotPermitted     the person's role does not allow it
├── BadText          nothing to say, or too much
├── FileGone         an attached file is not there, or was sent already
├── NoReplyNow       the platform lets nobody answer now: `reason`
├── PersonalInPublic others would read somebody's own data: `kinds`
└── WorkflowError    handlers.desk.workflow: a step that is not possible, allowed or complete
"""

from __future__ import annotations


class DeskError(Exception):
    """The desk cannot do this."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").splitlines()[0])


class NotFound(DeskError):
    """There is no such conversation or ticket."""


class AlreadyTaken(DeskError):
    """A colleague has taken this conversation."""

    def __init__(self, by: str) -> None:
        super().__init__(f"{by} has taken this conversation")
        self.by = by


class NotYours(DeskError):
    """Take the conversation over before you answer."""


class AlreadyClosed(DeskError):
    """The conversation is resolved; the customer's next message opens a new one."""


class AlreadyChanged(DeskError):
    """Somebody changed this in the meantime; read it again first."""


class NotPermitted(DeskError):
    """Your role does not allow this."""


class FileGone(DeskError):
    """A file that was attached is not there any more, or was sent already."""


class BadText(DeskError):
    """Write between 1 and 5000 characters."""


class StillOpen(DeskError):
    """The platform lets us answer: a notice is for when it does not."""


class NoReplyNow(DeskError):
    """The platform lets us answer again once the customer writes."""

    def __init__(self, message: str = "", *, reason: str = "window_closed") -> None:
        super().__init__(message)
        self.reason = reason


class PersonalInPublic(DeskError):
    """Others read along here, and this looks like personal data: write it in private."""

    def __init__(self, message: str = "", *, kinds: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.kinds = kinds
