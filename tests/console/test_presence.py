"""What the desk lets a website's customer see of it, and sees of them."""

from sqlmodel import select

from console.whispers import DESK, Whisper, thread_of
from handlers.desk import conversations as desk
from storage import conversations, marks
from storage.models import Author, Delivery, DeliveryStatus
from tests.console.test_live import events, listening
from tests.console.world import Console


def overheard(console: Console, talk):
    found = []
    place = thread_of(talk.inbox, talk.thread)
    return found, console.live.whispers.heard_by(place, found.append)


async def talked(console: Console, inbox="website", who="li", name="王小明"):
    talk = await console.talk(name, inbox=inbox)
    if who:
        await console.db.write(desk.take, talk.id, console.agents[who], console.time.now)
    return talk


async def test_whoever_answers_is_seen_typing_and_reading(desk_console: Console):
    talk, li = await talked(desk_console), await desk_console.enter("li")
    told, ears = overheard(desk_console, talk)
    with ears:
        assert (await li.post(f"/inbox/{talk.id}/typing")).status_code == 204
        assert (await li.post(f"/inbox/{talk.id}/read")).status_code == 204
    assert [whisper.kind for whisper in told] == ["typing", "read"]
    assert (await desk_console.db.read(marks.of, talk.inbox, talk.thread)).by_agent == 1


async def test_nobody_else_is_seen(desk_console: Console):
    zhao = await desk_console.enter("zhao")
    for inbox, who in (("website", "li"), ("website", None), ("shop_wechat", "zhao")):
        talk = await talked(desk_console, inbox, who, f"of {who}")
        told, ears = overheard(desk_console, talk)
        with ears:
            for what in ("typing", "read"):
                assert (await zhao.post(f"/inbox/{talk.id}/{what}")).status_code == 204
        assert told == []
        assert (await desk_console.db.read(marks.of, talk.inbox, talk.thread)).by_agent == 0
    missing = "00000000-0000-0000-0000-000000000000"
    assert (await zhao.post(f"/inbox/{missing}/typing")).status_code == 404


async def test_what_the_customer_has_seen_says_so(desk_console: Console):
    talk, li = await talked(desk_console), await desk_console.enter("li")
    await desk_console.db.write(
        desk.reply, talk.id, desk_console.agents["li"], "您好", talk.opened_at
    )

    def sent(session):
        for delivery in session.exec(select(Delivery)):
            delivery.status = DeliveryStatus.SENT
            session.add(delivery)
        return conversations.history(session, talk.id)[-1]

    message = await desk_console.db.write(sent)
    assert message.author is Author.AGENT
    page = (await li.get(f"/inbox/{talk.id}")).text
    assert f'data-unseen="{message.position}"' in page
    await desk_console.db.write(marks.move, talk.inbox, talk.thread, "by_contact", message.position)
    query = {"after": message.position, "open": str(message.id)}
    newer = (await li.get(f"/inbox/{talk.id}/messages", params=query)).text
    assert f'data-seen="{message.position}"' in newer
    assert "icons.svg#checks" in newer or "#checks" in newer
    assert "data-unseen" not in newer


async def test_the_desks_stream_carries_whispers_and_no_number_for_them(desk_console: Console):
    async with listening(desk_console, "li") as answer:
        lines = answer.aiter_lines()
        await events(lines, 1)
        async for line in lines:
            if line == ": alive":
                break
        desk_console.live.whispers.say(Whisper(DESK, "typing", "c1"))
        (told,) = await events(lines, 1)
    data = {"k": "typing", "conversation": "c1", "position": 0}
    assert told == {"event": "whisper", "data": data}


async def test_a_platform_is_asked_to_show_that_who_answers_types(desk_console: Console):
    talk, li = await talked(desk_console, "shop_telegram"), await desk_console.enter("li")
    assert " data-tells" in (await li.get(f"/inbox/{talk.id}")).text
    assert (await li.post(f"/inbox/{talk.id}/typing")).status_code == 204
    assert desk_console.shown == [talk.thread]
    zhao = await desk_console.enter("zhao")
    assert (await zhao.post(f"/inbox/{talk.id}/typing")).status_code == 204
    assert desk_console.shown == [talk.thread]
    elsewhere = await talked(desk_console, "shop_slack", name="李雷")
    assert " data-tells" not in (await li.get(f"/inbox/{elsewhere.id}")).text
