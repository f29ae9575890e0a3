from storage import contacts, conversations, marks
from storage.models import Author


async def talk(db, customers, now, said=3):
    def open_one(session):
        message = customers.says()
        contact, _ = contacts.find_or_make(session, "shop", "t1", None, "zh", now)
        opened = conversations.open_for(session, message.address, contact, "zh", now)
        for _ in range(said):
            conversations.append(session, opened, Author.CONTACT, message.parts, now)

    await db.write(open_one)


async def test_a_mark_moves_on_and_never_back(db, customers, now):
    await talk(db, customers, now)
    moved = [
        await db.write(marks.move, "shop", "t1", "by_contact", position)
        for position in (2, 2, 1, 3)
    ]
    assert moved == [True, False, False, True]
    assert await db.read(marks.of, "shop", "t1") == marks.Marks(3, 0)


async def test_each_side_has_its_own(db, customers, now):
    await talk(db, customers, now)
    await db.write(marks.move, "shop", "t1", "by_agent", 1)
    await db.write(marks.move, "shop", "t1", "by_contact", 2)
    assert await db.read(marks.of, "shop", "t1") == marks.Marks(by_contact=2, by_agent=1)


async def test_what_is_not_there_cannot_have_been_read(db, customers, now):
    await talk(db, customers, now)
    assert await db.read(marks.is_news, "shop", "t1", "by_contact", 99)
    assert await db.write(marks.move, "shop", "t1", "by_contact", 99)
    assert await db.read(marks.of, "shop", "t1") == marks.Marks(by_contact=3)
    assert not await db.read(marks.is_news, "shop", "t1", "by_contact", 99)
    assert not await db.write(marks.move, "shop", "nobody", "by_contact", 1)
    assert await db.read(marks.of, "shop", "nobody") == marks.Marks()
