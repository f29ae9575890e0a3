"""What an agent does at the desk: take, reply, note, hand back, resolve."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException
from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse, Response

from channels.message import Address, Notice
from console.conversations import Call, Calling, thread_page
from console.i18n import mark, say
from console.rows import inboxes, is_present
from console.views import is_partial, locale_of, render
from console.whispers import Whisper, thread_of
from console.words import LISTED, PERSONAL_KINDS, REFUSALS
from handlers.desk import approved, aside, deliveries, errors
from handlers.desk import conversations as desk
from handlers.desk.files import MOST
from storage import conversations
from storage.models import Conversation

router = APIRouter()

TAKEN = mark("%(by)s has taken this conversation.")
PERSONAL = mark(
    "Everybody can read this thread, and your answer seems to hold: %(kinds)s. "
    "Nothing was sent; write it privately."
)
MESSAGES: dict[type[errors.DeskError], str] = {
    errors.NotYours: mark("Take the conversation over before you answer."),
    errors.AlreadyClosed: mark(
        "The conversation is resolved; the customer's next message opens a new one."
    ),
    errors.AlreadyChanged: mark("Somebody changed this in the meantime."),
    errors.NotPermitted: mark("Your role does not allow this."),
    errors.FileGone: mark("A file is not there any more. Attach it again."),
    errors.StillOpen: mark("The customer can be answered: write to them."),
    errors.BadText: mark("Write between 1 and 5000 characters."),
}
ACTIONS: dict[str, Callable[..., Any]] = {
    "take": desk.take,
    "hand-back": desk.hand_back,
    "resolve": desk.resolve,
}
DECISIONS: dict[str, Callable[..., Any]] = {
    "arrived": deliveries.confirm,
    "again": deliveries.resend,
}
Words = Annotated[str, Form(max_length=20_000)]
Echo = Annotated[str, Form(max_length=100)]


@router.post("/inbox/{conversation_id}/reply")
async def reply(
    call: Calling,
    conversation_id: UUID,
    text: Words = "",
    echo_id: Echo = "",
    file: Annotated[list[str] | None, Form(max_length=MOST)] = None,
) -> Response:
    """Answer the customer, with files that were attached before."""
    run = partial(desk.reply, files=tuple(file or ()))
    return await _say(call, run, conversation_id, text, echo_id)


@router.post("/inbox/{conversation_id}/private")
async def reply_privately(
    call: Calling, conversation_id: UUID, text: Words = "", echo_id: Echo = ""
) -> Response:
    """Answer a public thread in the person's private one."""
    return await _say(call, aside.reply_privately, conversation_id, text, echo_id)


@router.post("/inbox/{conversation_id}/note")
async def note(
    call: Calling, conversation_id: UUID, text: Words = "", echo_id: Echo = ""
) -> Response:
    """Write a private note."""
    return await _say(call, desk.note, conversation_id, text, echo_id)


@router.post("/inbox/{conversation_id}/notify")
async def notify(
    call: Calling, conversation_id: UUID, notice: Annotated[str, Form(max_length=40)]
) -> Response:
    """Send an approved notice where the platform lets us answer no more."""
    known = await call.found.db.read(conversations.get, conversation_id)
    state = inboxes(call.found).get(known.inbox) if known is not None else None
    label = state.notices.get(notice) if state is not None else None
    if label is None:
        raise HTTPException(404)
    run = partial(approved.notify, notice=Notice(name=notice, label=label))
    return await _run(call, run, conversation_id)


@router.post("/inbox/{conversation_id}/read")
async def read(call: Calling, conversation_id: UUID) -> Response:
    """Forget the count of unread messages; where customers are shown it, tell them."""
    known = await _known(call, conversation_id)
    shown = is_present(call.found, known)
    try:
        await call.found.db.write(desk.mark_read, conversation_id, call.login.agent, shown=shown)
    except errors.NotFound:
        raise HTTPException(404) from None
    if shown and known.assignee_id == call.login.id:
        _whisper(call, known, "read")
    return Response(status_code=204)


@router.post("/inbox/{conversation_id}/typing")
async def typing(call: Calling, conversation_id: UUID) -> Response:
    """Let the customer see that whoever answers is writing, where the channel shows it."""
    known = await _known(call, conversation_id)
    if known.assignee_id != call.login.id:
        return Response(status_code=204)
    if is_present(call.found, known):
        _whisper(call, known, "typing")
    # Platforms are asked behind the browser's back: they may be slow.
    asking = BackgroundTask(call.found.show_typing, _address_of(known))
    return Response(status_code=204, background=asking)


async def _known(call: Call, conversation_id: UUID) -> Conversation:
    known = await call.found.db.read(conversations.get, conversation_id)
    if known is None:
        raise HTTPException(404)
    return known


def _address_of(known: Conversation) -> Address:
    return Address(
        inbox=known.inbox,
        thread=known.thread,
        contact=known.platform_contact,
        visibility=known.visibility,
    )


def _whisper(call: Call, to: Conversation, kind: Literal["typing", "read"]) -> None:
    call.found.live.whispers.say(Whisper(thread_of(to.inbox, to.thread), kind))


@router.post("/inbox/{conversation_id}/deliveries/{delivery_id}/{decision}")
async def decide(
    call: Calling, conversation_id: UUID, delivery_id: UUID, decision: str
) -> Response:
    """Say that a message in doubt arrived, or send one again."""
    run = DECISIONS.get(decision)
    if run is None:
        raise HTTPException(404)
    return await _run(call, run, conversation_id, delivery_id)


@router.post("/inbox/{conversation_id}/{action}")
async def act(
    call: Calling,
    conversation_id: UUID,
    action: str,
    force: Annotated[bool, Form()] = False,  # noqa: FBT002 - a form's field
) -> Response:
    """Take a conversation, hand it back, or resolve it."""
    run = ACTIONS.get(action)
    if run is None:
        raise HTTPException(404)
    forced = {"force": True} if force and action == "take" else {}
    return await _run(call, partial(run, **forced), conversation_id)


def explain(locale: str, problem: errors.DeskError) -> str:
    """Return what was wrong, in the reader's language."""
    if isinstance(problem, errors.AlreadyTaken):
        return say(locale, TAKEN, by=problem.by)
    if isinstance(problem, errors.NoReplyNow):
        return say(locale, REFUSALS[problem.reason])
    if isinstance(problem, errors.PersonalInPublic):
        kinds = say(locale, LISTED).join(
            say(locale, PERSONAL_KINDS[kind]) for kind in problem.kinds
        )
        return say(locale, PERSONAL, kinds=kinds)
    text = MESSAGES.get(type(problem))
    return say(locale, text) if text else str(problem)


async def _run(
    call: Call, run: Callable[..., Any], conversation_id: UUID, *about: UUID
) -> Response:
    now = call.found.clock()
    try:
        await call.found.db.write(run, conversation_id, *about, call.login.agent, now)
    except errors.NotFound:
        raise HTTPException(404) from None
    except errors.DeskError as problem:
        return await _refused(call, conversation_id, problem)
    if is_partial(call.request):
        return await thread_page(call, conversation_id)
    return RedirectResponse(call.search.url(f"/inbox/{conversation_id}"), 303)


async def _say(
    call: Call, run: Callable[..., Any], conversation_id: UUID, text: str, echo_id: str
) -> Response:
    now, echo = call.found.clock(), echo_id or None
    try:
        await call.found.db.write(run, conversation_id, call.login.agent, text, now, echo_id=echo)
    except errors.NotFound:
        raise HTTPException(404) from None
    except errors.DeskError as problem:
        if is_partial(call.request):
            alert = explain(locale_of(call.request, call.login), problem)
            return render(
                call.request,
                "inbox/alert.html",
                {"alert": alert},
                login=call.login,
                status=_status(problem),
            )
        return await _refused(call, conversation_id, problem, draft=text)
    if is_partial(call.request):
        return Response(status_code=204)
    return RedirectResponse(call.search.url(f"/inbox/{conversation_id}"), 303)


async def _refused(
    call: Call, conversation_id: UUID, problem: errors.DeskError, draft: str = ""
) -> Response:
    alert = explain(locale_of(call.request, call.login), problem)
    return await thread_page(
        call, conversation_id, alert=alert, draft=draft, status=_status(problem)
    )


def _status(problem: errors.DeskError) -> int:
    return 422 if isinstance(problem, errors.BadText) else 409
