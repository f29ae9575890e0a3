"""HTTP at the edge: platforms' calls, health, metrics; pages are the console's."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from time import perf_counter

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.intake import Answered, NoSuchInbox
from bot.limit import BodyLimit
from bot.service import Service
from bot.straight import Door, Straight
from channels.base import Request as Call
from channels.errors import BadRequest, ChannelError
from console.app import take_routes
from storage.database import StorageError

log = structlog.get_logger(__name__)
router = APIRouter(include_in_schema=False)
FORM = 64 * 1024
"""What a form around a file adds to it."""
_UNWATCHED: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
"""`/metrics` counts; nobody else is told of calls, which may hold what is not theirs to know."""
health = APIRouter(include_in_schema=False)


def service_of(request: Request) -> Service:
    """Return the running service behind a request."""
    found: Service = request.app.state.service
    return found


async def read_call(request: Request) -> Call:
    """Return an HTTP request free of the framework; `BodyLimit` has bounded its body."""
    return Call(
        request.method,
        dict(request.query_params) if request.scope["query_string"] else {},
        {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in request.scope["headers"]
        },
        await request.body(),
    )


class Refusals:
    """Logs calls that could not be stored, one a second: there are many when there is too much.

    A line costs as much as a message, a trace more.
    """

    def __init__(self) -> None:
        self._quiet_until, self._untold = 0.0, 0

    def tell(self, inbox: str, problem: Exception, now: float) -> None:
        """Log this one, or count it for the next that is logged; `now` are seconds."""
        if now < self._quiet_until:
            self._untold += 1
            return
        log.error("a call could not be stored", inbox=inbox, problem=problem, before=self._untold)
        self._quiet_until, self._untold = now + 1.0, 0


_refusals = Refusals()


async def carry_in(request: Request, inbox: str) -> Response:
    """Give a platform's call to intake and translate what comes back."""
    service = service_of(request)
    try:
        call = await read_call(request)
        reception = await service.intake.receive(inbox, call, request.is_disconnected)
    except NoSuchInbox:
        return PlainTextResponse("no such inbox", 404)
    except BadRequest as problem:
        return PlainTextResponse(type(problem).__name__, problem.status)
    except (StorageError, ChannelError, ClientDisconnect) as problem:
        _refusals.tell(inbox, problem, perf_counter())
        return PlainTextResponse("try again", 503, headers={"retry-after": "1"})
    then = None
    if isinstance(reception, Answered) and not await request.is_disconnected():
        then = BackgroundTask(service.intake.given, reception)
    return Response(reception.body, reception.status, dict(reception.headers), background=then)


async def webhook(request: Request) -> Response:
    """Take a platform's call."""
    inbox, begun = request.path_params["inbox"], perf_counter()
    answer = await carry_in(request, inbox)
    if answer.status_code != 404:  # noqa: PLR2004 - strangers must not make labels
        service_of(request).metrics.acknowledged.labels(inbox).observe(perf_counter() - begun)
    return answer


# Plain routes where every message comes in: there is nothing for the framework to inject.
router.add_route("/inboxes/{inbox}/webhook", webhook, ["GET", "POST"])


@health.get("/healthz")
async def healthz() -> Response:
    """Say that the process is alive."""
    return JSONResponse({"status": "alive"})


@health.get("/readyz")
async def readyz(request: Request) -> Response:
    """Say whether customers can be served: the database writes, the knowledge base is there."""
    ready, facts = await service_of(request).readiness()
    return JSONResponse(facts, 200 if ready else 503)


@health.get("/metrics")
async def metrics(request: Request) -> Response:
    """Give the counters; with `metrics_token` set, only to its bearer."""
    service = service_of(request)
    token = service.config.metrics_token
    given = request.headers.get("authorization", "").encode()
    if token is not None and not hmac.compare_digest(
        given, f"Bearer {token.get_secret_value()}".encode()
    ):
        return PlainTextResponse("a bearer token is needed", 401)
    return Response(service.metrics.render(), media_type=CONTENT_TYPE_LATEST)


def make_app(
    service: Service,
    mount: Callable[[FastAPI], None] | None,
    doors: Mapping[str, Door] | None = None,
) -> FastAPI:
    """Return the web application; `mount` adds the console, the web chat and the demo.

    `doors` are more addresses below an inbox where messages come in. Without `mount` nobody is
    served: it only tells how the process is. Enter `service` before serving it.
    """
    app = Straight(
        title="Yingda", docs_url=None, redoc_url=None, openapi_url=None, telemetry=_UNWATCHED
    )
    app.state.service = service
    take_routes(app, health)
    if mount is not None:
        take_routes(app, router)
        app.doors = {"webhook": webhook, **(doors or {})}
        mount(app)
    app.add_middleware(BodyLimit, largest_file=service.config.media.max_bytes + FORM)
    return app
