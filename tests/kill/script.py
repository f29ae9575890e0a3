"""What the customers of a kill run say: every question has one answer, and the answer a number."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from channels import registry
from channels.simulation import Simulator
from faq.matcher import Entry
from faq.stored import save
from storage import people, schema
from storage.database import Database
from storage.models import Role

THINGS = [
    "沙发",
    "餐桌",
    "台灯",
    "地毯",
    "书架",
    "衣柜",
    "床垫",
    "窗帘",
    "茶几",
    "椅子",
    "花瓶",
    "镜子",
]
MATTERS = ("怎么清洗", "保修期多久", "有几种颜色", "怎么组装", "尺寸有多大")
QUESTIONS = tuple(f"{thing}{matter}" for thing in THINGS for matter in MATTERS)
MODES = {"weibo": "both"}
"""Weibo's account answers in the platform's own call, and by its API when that is too late."""
EACH = {"telegram": 2, "wechat": 2, "slack": 2, "webchat": 2, "weibo": 2, "webhook": 2}
"""How many things a customer of each platform says."""
PLATFORMS = tuple(EACH)
MOST = 4
"""How many customers a platform can have."""
MARK = re.compile(r"\[K(\d\d)\]")


def moment() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)


def said_by(platform: str, customer: int) -> range:
    """Return the numbers of the questions that a customer asks, in order."""
    before = sum(EACH[name] for name in PLATFORMS[: PLATFORMS.index(platform)]) * MOST
    first = before + customer * EACH[platform]
    return range(first, first + EACH[platform])


def simulators() -> dict[str, Simulator]:
    """Return the platforms, without a past."""
    return {
        name: registry.find(name).simulator(
            f"shop_{name}", moment, **({"mode": MODES[name]} if name in MODES else {})
        )
        for name in PLATFORMS
    }


def marks_in(text: str) -> list[int]:
    """Return which questions a text answers."""
    return [int(number) for number in MARK.findall(text)]


async def prepare(url: str) -> None:
    """Make a database with the answers and somebody at the desk."""
    schema.upgrade(url)
    entries = tuple(
        Entry(f"k{number}", question, answers={"zh": f"[K{number:02}] 这样办理即可。"})
        for number, question in enumerate(QUESTIONS)
    )
    async with Database(url) as db:
        await db.write(save, entries, moment(), note="kill run")
        await db.write(people.create_agent, "ann", "no hash", Role.ADMIN, moment())
