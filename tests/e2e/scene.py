"""An ordinary day at a shop: what the pictures show, and what a person can click through."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.app import compose
from bot.config import Config
from bot.demo import Demo
from bot.service import Service
from channels.testing.server import keep_port, serve
from console.auth import hash_password
from faq.config import FaqConfig
from storage import people
from storage.models import Role
from tests.e2e.conftest import PASSWORD, PATIENCE, Person, moment
from tests.e2e.process import FAQ

TEAM = {
    "anran": ("安然", Role.AGENT),
    "zhouwei": ("周维", Role.AGENT),
    "quality": ("品质部 · 何清", Role.HANDLER),
    "linxue": ("林雪", Role.SUPERVISOR),
    "wenjing": ("文静", Role.EDITOR),
    "admin": ("管理员", Role.ADMIN),
}
LEAKING = "上周买的保温壶第一天就漏水，把书包里的电脑泡了；联系客服三天没有人回复我，我很失望"
STEPS: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "anran",
        "record",
        {
            "category": "quality",
            "severity": "high",
            "facts": "保温壶首次使用即漏水，泡湿笔记本电脑；客户三天未得到回复。附照片四张。",
            "order": "20261118-0417",
            "wish": "refund",
        },
    ),
    ("anran", "accept", {}),
    (
        "anran",
        "assign",
        {"department": "品质部", "due": (moment() + timedelta(days=7)).date().isoformat()},
    ),
    (
        "quality",
        "analyse",
        {"cause": "B 线 11 月第二批次密封圈尺寸偏小 0.3 mm，出厂抽检未覆盖该批次。"},
    ),
    (
        "quality",
        "propose",
        {"solution": "全额退款 269 元，承担电脑检测费，并补发新款保温壶一只。", "amount": "669.00"},
    ),
    ("linxue", "approve", {}),
    ("quality", "implement", {"notice": "退款 269 元已原路退回，检测费凭票据报销，新壶明天寄出。"}),
    ("anran", "close", {"feedback": "客户接受处理，希望以后回复快一些。", "result": "satisfied"}),
)


@dataclass
class Shop:
    """The running demo, its customers, its people."""

    url: str
    service: Service
    demo: Demo
    people: dict[str, Person] = field(default_factory=dict)
    said: int = 0

    async def says(self, inbox: str, who: str, text: str, then: str = "") -> str:
        """Speak as a customer and return the answer that has `then` in it."""
        simulator = self.demo.simulators[inbox]
        before = len(simulator.screen)
        assert await self.demo.push(inbox, simulator.say(who, text)) < 300
        if not then:
            return ""
        async with asyncio.timeout(PATIENCE):
            return (await simulator.waits_for(who, then, before)).text

    async def talks_to(self, person: str, words: str, *acts: tuple[str, dict[str, Any]]) -> str:
        """Let somebody of the team find a conversation and act on it; return its id."""
        agent = self.people[person]
        found = await agent.finds(words, "all")
        for number, (act, fields) in enumerate(acts):
            answer = await agent.does(
                f"/inbox/{found}/{act}", echo_id=f"{person}-{self.said}-{number}", **fields
            )
            assert answer.status_code == 200, (act, answer.text)
        self.said += 1
        return found

    async def complains(self, inbox: str, who: str, what: str) -> str:
        """Let a customer complain to the bot; return the case's number."""
        await self.says(inbox, who, "我要投诉", "发生")
        await self.says(inbox, who, what, "订单")
        await self.says(inbox, who, "20261118-0417", "怎么处理")
        told = await self.says(inbox, who, "退款", "TS")
        found = re.search(r"TS\d{8}-\d{4}", told)
        assert found, told
        return found[0]

    async def steps(self, number: str, last: int, **said: str) -> None:
        """Take a case through its first `last` steps; `said` is told otherwise than in `STEPS`."""
        for who, action, usual in STEPS[:last]:
            fields = usual | {name: text for name, text in said.items() if name in usual}
            page = await self.people[who].looks_at(f"/tickets/{number}")
            version = re.search(r'name="version" value="(\d+)"', page)
            assert version, (number, action)
            answer = await self.people[who].does(
                f"/tickets/{number}/steps", action=action, version=version[1], **fields
            )
            assert answer.status_code == 200, (action, answer.text)

    async def until(self, reached: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something has happened."""
        async with asyncio.timeout(PATIENCE):
            while not await reached():
                await asyncio.sleep(0.05)


@asynccontextmanager
async def shop(folder: Path, port: int = 0) -> AsyncIterator[Shop]:
    """Open the demo with a team at its desk."""
    with keep_port() as kept:
        config = Config(
            database_url=f"sqlite:///{folder}/yingda.db",
            data_dir=folder,
            demo=True,
            port=port or kept.getsockname()[1],
            faq=FaqConfig(**FAQ),
        )
        async with _open(config) as made:
            yield made


@asynccontextmanager
async def _open(config: Config) -> AsyncIterator[Shop]:
    app = compose(config, moment)
    service: Service = app.state.service
    async with service, serve(app, config.port) as url:
        service.connect()
        await service.db.write(_team)
        assert service.demo is not None
        made = Shop(url, service, service.demo)
        try:
            for name in TEAM:
                made.people[name] = Person(made, name)
                await made.people[name].logs_in()
            yield made
        finally:
            service.begin_stop()
            for person in made.people.values():
                await person.client.aclose()


async def fill(there: Shop) -> dict[str, str]:
    """Let an ordinary day pass; return the names of what the pictures show."""
    wechat, weibo, telegram, slack = (f"demo_{n}" for n in ("wechat", "weibo", "telegram", "slack"))
    await there.says(telegram, "Olivia Brown", "How do I return an item?", "return")
    await there.says(slack, "marketing", "可以开增值税专用发票吗", "发票")
    await there.says(wechat, "oWx7pLq2", "周末营业时间是几点", "")
    number = await there.complains(weibo, "u5521830", LEAKING)
    await there.steps(number, 5)
    missing = "沙发少了两颗固定螺丝，师傅没法装完"
    other = await there.complains(telegram, "王建国", missing)
    await there.steps(other, 2, facts=f"{missing}，需补寄。", severity="normal", wish="other")
    await there.says(telegram, "王建国", "投诉进度", other)
    await there.says(weibo, "u7730912", "快递显示已签收，可我没收到，转人工", "人工")
    await there.says(wechat, "oWx3rT5u", "充电宝充电时冒烟了，桌子烫坏了一块！", "")
    await there.says(wechat, "oWx1kz9T", "蓝牙耳机左耳没声音，试过复位还是不行，转人工", "人工")
    await there.says(slack, "purchasing", "We need 40 desks for a new office, human please", "")
    await there.says(telegram, "Daniel Meyer", "Do you ship to Berlin?")
    await there.says(telegram, "刘思远", "支持哪些支付方式", "支付")
    await there.talks_to("zhouwei", "40 desks", ("take", {}))
    await there.says(telegram, "陈晓雨", "退款多久到账", "工作日")
    await there.says(telegram, "陈晓雨", "订单 20261115-0932 五天了还没到，转人工", "人工")
    note = "财务已确认：17 日原路退回招行信用卡。老客户，主动补一张 20 元券。"
    reply = (
        "晓雨您好，我是安然。查到了：款项 17 日已退回您的招行信用卡，一般 3–5 个工作日入账。"
        "让您久等了，已为您补发一张 20 元优惠券。"
    )
    talk = await there.talks_to(
        "anran", "五天了还没到", ("take", {}), ("note", {"text": note}), ("reply", {"text": reply})
    )
    return {"talk": talk, "case": number, "other": other}


def _team(session: Any) -> None:
    hashed = hash_password(PASSWORD, time_cost=1, memory_cost=8192)
    for name, (shown, role) in TEAM.items():
        people.create_agent(session, name, hashed, role, moment(), display_name=shown)
