"""A console with people and conversations in it, on a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from faq.config import FaqConfig
from faq.knowledge import KnowledgeBase
from faq.rehearsal import Rehearsals
from storage import knowledge
from storage.database import Database
from storage.knowledge import Content
from tests.console.world import Console, Time, open_console

REFUND = Content("退款多久到账？", ("钱什么时候退",), {"zh": "三天", "en": "Three days"}, "service")
RETURN = Content("如何申请退货？", (), {"zh": "在订单里申请"}, "service")
OFF = FaqConfig(encoder="off")


@pytest.fixture
def time(now: datetime) -> Time:
    return Time(now)


@pytest.fixture
async def desk_console(db: Database, time: Time, tmp_path: Path) -> AsyncIterator[Console]:
    """The console with agents `li` and `zhao`, an editor, a supervisor, an admin."""
    made = await open_console(db, time, tmp_path / "media")
    yield made
    await made.live.stop()


@pytest.fixture
async def kb_desk(desk_console, tmp_path):
    """The console on a real knowledge base with two live entries."""
    base = KnowledgeBase(desk_console.db, OFF, tmp_path, clock=desk_console.time)
    now = desk_console.time.now
    await desk_console.db.write(knowledge.save_draft, "refund", REFUND, None, now)
    await desk_console.db.write(knowledge.save_draft, "return", RETURN, None, now)
    await desk_console.db.write(knowledge.publish, None, "first", now)
    await base.start()
    stage = Rehearsals(desk_console.db, base, OFF, desk_console.time)
    desk_console.services = replace(desk_console.services, knowledge=base, rehearsals=stage)
    desk_console.app.state.services = desk_console.services
    yield desk_console
    await stage.close()
    await base.close()
