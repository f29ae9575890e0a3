"""What a customer, an agent, a department and a supervisor live through, on every platform."""

import asyncio
import re
from collections.abc import Sequence

import pytest
from sqlmodel import func, select

from storage import tickets
from storage.models import InboundEvent, Message
from tests.e2e.conftest import PLATFORMS, Product

EVERYDAY = frozenset({"wechat", "webchat"})
"""Who is tried on PostgreSQL every day: one that waits for its answer and one that comes for it."""


def on(platforms: Sequence[str]) -> pytest.MarkDecorator:
    """Return the mark of a test on each of these, on both engines: no database knows a platform."""

    def way(engine: str, platform: str):
        rare = engine == "postgresql" and platform not in EVERYDAY
        return pytest.param(engine, platform, marks=[pytest.mark.long] if rare else [])

    ways = [way(engine, name) for engine in ("sqlite", "postgresql") for name in platforms]
    return pytest.mark.parametrize(("url", "platform"), ways, indirect=["url"])


every_platform = on(PLATFORMS)


def count(model):
    return lambda session: session.exec(select(func.count()).select_from(model)).one()


@every_platform
async def test_a_question_gets_its_answer(product: Product, platform: str):
    lily = product.customer(platform)
    assert await lily.says("如何申请退货") == 200
    assert "退货" in (await lily.hears("退货")).text


@every_platform
async def test_a_customer_who_asks_for_a_person_gets_one(product: Product, platform: str):
    lily, ann = product.customer(platform), product.people["ann"]
    await lily.says("转人工")
    await lily.hears("人工")
    conversation = await ann.finds("转人工")
    assert (await ann.does(f"/inbox/{conversation}/take")).status_code == 200
    reply = f"您好，我是安，<b>很高兴</b>为您服务 & {platform}"
    answer = await ann.does(f"/inbox/{conversation}/reply", text=reply, echo_id="e1")
    assert answer.status_code == 200, answer.text
    assert reply in (await lily.hears("我是安")).text


@every_platform
async def test_the_bot_is_silent_while_a_person_has_the_conversation(
    product: Product, platform: str
):
    lily, ann = product.customer(platform), product.people["ann"]
    await lily.says("转人工")
    await lily.hears("人工")
    conversation = await ann.finds("转人工")
    await ann.does(f"/inbox/{conversation}/take")
    await lily.says("如何申请退货")
    await lily.says("还在吗")
    async with asyncio.timeout(60):
        while "还在吗" not in await ann.looks_at(f"/inbox/{conversation}"):
            await asyncio.sleep(0.05)
    await ann.does(f"/inbox/{conversation}/note", text="内部备注不外传", echo_id="n1")
    await ann.does(f"/inbox/{conversation}/reply", text="我在", echo_id="e2")
    await lily.hears("我在")
    shown = [seen.text for seen in lily.simulator.seen_by("lily", lily.read)]
    assert shown == ["我在"]


@every_platform
async def test_the_same_push_three_times_is_one_message_and_one_answer(
    product: Product, platform: str
):
    lily = product.customer(platform)
    push = lily.simulator.say("lily", "退款多久到账")
    for _ in range(3):
        assert await lily.simulator.deliver(product.client, lily.hook, push) == 200
    await lily.hears("退款")
    await lily.says("谢谢")
    await lily.hears("")
    rows = await product.service.db.read(count(InboundEvent))
    assert rows == 2


@every_platform
async def test_a_forged_push_leaves_no_row(product: Product, platform: str):
    lily = product.customer(platform)
    assert await lily.push(lily.simulator.forged("lily", "转账给我")) in (401, 403)
    if lily.simulator.can_be_stale:
        assert await lily.push(lily.simulator.stale("lily", "旧消息")) in (401, 403)
    assert await product.service.db.read(count(InboundEvent)) == 0
    assert await product.service.db.read(count(Message)) == 0


@on([name for name in PLATFORMS if name != "webchat"])
async def test_garbage_with_a_good_signature_is_kept_for_a_person_to_see(
    product: Product, platform: str
):
    lily, admin = product.customer(platform), product.people["admin"]
    status = await lily.push(lily.simulator.garbage("lily"))
    assert 200 <= status < 300
    page = await admin.looks_at("/settings/channels")
    assert f"shop_{platform}" in page
    troubled = await product.service.db.read(count(InboundEvent))
    assert troubled == 1
    await lily.says("如何申请退货")
    await lily.hears("退货")


async def complains(lily) -> str:
    """Make a complaint in the chat, one question at a time; return its number."""
    await lily.says("我要投诉")
    await lily.hears("发生")
    await lily.says("买的水壶第一天就漏水，客服三天没有回复")
    await lily.hears("订单")
    await lily.says("没有")
    wish = await lily.hears("怎么处理")
    await lily.taps(wish, "退款")
    told = await lily.hears("TS")
    number = re.search(r"TS\d{8}-\d{4}", told.text)
    assert number, told.text
    return number[0]


STEPS = (
    ("ann", "record", {"category": "quality", "facts": "水壶漏水，客服未回复"}),
    ("ann", "accept", {}),
    ("ann", "assign", {"department": "售后部"}),
    ("dora", "analyse", {"cause": "密封圈批次问题"}),
    ("dora", "propose", {"solution": "全额退款并致歉"}),
    ("sue", "approve", {}),
    ("dora", "implement", {"notice": "退款已原路退回，再次向您致歉。"}),
    ("ann", "close", {"feedback": "客户接受", "result": "satisfied"}),
)


@every_platform
async def test_a_complaint_is_taken_through_all_eight_steps_and_the_customer_hears_of_it(
    product: Product, platform: str
):
    lily = product.customer(platform)
    number = await complains(lily)
    await lily.says("投诉进度")
    await lily.hears(number)
    lily.read = len(lily.simulator.screen)
    for version, (who, action, fields) in enumerate(STEPS):
        person = product.people[who]
        page = await person.looks_at(f"/tickets/{number}")
        found = re.search(r'name="version" value="(\d+)"', page)
        assert found, (version, action)
        answer = await person.does(
            f"/tickets/{number}/steps", action=action, version=found[1], **fields
        )
        assert answer.status_code == 200, (action, answer.text)
    await lily.hears("退款已原路退回")
    closed = await lily.hears(number)
    assert number in closed.text
    ticket = await product.service.db.read(tickets.get, number)
    assert ticket.state == "closed"
    steps = await product.service.db.read(tickets.steps, ticket.id)
    assert [step.action for step in steps][-len(STEPS) :] == [action for _, action, _ in STEPS]


async def test_nobody_approves_their_own_proposal_at_the_desk(product: Product):
    lily, sue, dora = product.customer("webchat"), product.people["sue"], product.people["dora"]
    number = await complains(lily)
    for _, action, fields in STEPS[:5]:
        page = await sue.looks_at(f"/tickets/{number}")
        version = re.search(r'name="version" value="(\d+)"', page)[1]
        await sue.does(f"/tickets/{number}/steps", action=action, version=version, **fields)
    for person in (sue, dora):
        refused = await person.does(f"/tickets/{number}/steps", action="approve")
        assert refused.status_code == 403
    ticket = await product.service.db.read(tickets.get, number)
    assert ticket.state == "proposed"
