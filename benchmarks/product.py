"""The product in a process of its own, with a bare echo beside it: `python -m benchmarks.product`.

Reads a configuration as JSON from the first argument; listens on the port in it. With the word
`stub` behind it, the handlers answer at once: then all the rest is measured.
"""

from __future__ import annotations

import asyncio
import json
import sys

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.house import stub
from bot.app import compose
from bot.cli.options import utc_now
from bot.cli.run import fast_loop, take_turns
from bot.config import Config, LogConfig, inbox
from bot.logs import configure


async def echo(request: Request) -> Response:
    """Answer with the body: what the web server alone costs."""
    return Response(await request.body())


async def run(raw: dict[str, object]) -> None:
    """Serve until told to stop."""
    configure(LogConfig(level="warning"))
    found = raw.pop("inboxes")
    assert isinstance(found, dict)
    config = Config(**{**raw, "inboxes": {n: inbox(n, s) for n, s in found.items()}})
    app = compose(config, utc_now)
    app.router.routes.insert(0, Route("/echo", echo, methods=["POST"]))
    options = uvicorn.Config(
        app, port=config.port, log_config=None, access_log=False, lifespan="off",
        timeout_keep_alive=60,
    )  # fmt: skip
    if "stub" in sys.argv:
        app.state.service.worker._chain = stub  # noqa: SLF001 - a benchmark may reach inside
    async with app.state.service:
        await uvicorn.Server(options).serve()


if __name__ == "__main__":
    take_turns()
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(run(json.loads(sys.argv[1])))
