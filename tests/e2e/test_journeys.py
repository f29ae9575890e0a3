"""What a customer, an agent, a department and a supervisor live through, on every platform."""

import asyncio

import pytest
from sqlmodel import func, select

from storage.models import InboundEvent, Message
from tests.e2e.conftest import PLATFORMS, Product

every_platform = pytest.mark.parametrize("platform", PLATFORMS)


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
    async with asyncio.timeout(20):
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


@pytest.mark.parametrize("platform", [name for name in PLATFORMS if name != "webchat"])
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
