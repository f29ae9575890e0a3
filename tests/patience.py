"""Lets nothing be given up only because the machine that tests is busy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from channels import http, token
from storage.jobs import DEFAULT, Job
from storage.postgres import PostgresEngine
from storage.transport import QUICK

PATIENCE = 60.0
"""Seconds until a test takes what has not come for lost."""
USUAL = frozenset({DEFAULT.seconds, QUICK.seconds})
"""How long the product waits for its database; who tests an end names a time of its own."""


def wait_longer() -> None:
    """Give what waits for a database, a platform or its token more time than a customer has."""
    token.DEADLINE, token.LEASE = PATIENCE, timedelta(seconds=PATIENCE + 2)
    token.Tokens.__init__.__kwdefaults__["patience"] = PATIENCE
    http.CONNECT = PATIENCE
    http.make_client.__kwdefaults__["connect"] = PATIENCE
    hand: Callable[..., None] = PostgresEngine._hand

    def patiently(engine: PostgresEngine, pool: Any, attempt: Any, job: Job, told: Any) -> None:
        if job.terms.seconds in USUAL:
            job.terms = replace(job.terms, seconds=PATIENCE)
        hand(engine, pool, attempt, job, told)

    PostgresEngine._hand = patiently  # type: ignore[method-assign]
