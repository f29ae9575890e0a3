from uuid import uuid4

from storage import contacts


async def test_who_is_new_is_made_and_who_is_known_is_found(db, now):
    contact, identity = await db.write(contacts.find_or_make, "shop", "u1", "小明", "zh", now)
    again, same = await db.write(contacts.find_or_make, "shop", "u1", "小明", "zh", now)
    assert (again.id, same.id) == (contact.id, identity.id)
    assert contact.created_at == now
    assert identity.contact_id == contact.id


async def test_one_name_on_two_inboxes_is_two_people(db, now):
    one, _ = await db.write(contacts.find_or_make, "shop", "u1", None, None, now)
    other, _ = await db.write(contacts.find_or_make, "forum", "u1", None, None, now)
    assert one.id != other.id


async def test_a_name_that_comes_later_is_kept_and_then_stays(db, now):
    await db.write(contacts.find_or_make, "shop", "u1", None, None, now)
    await db.write(contacts.find_or_make, "shop", "u1", "小明", "zh", now)
    contact, _ = await db.write(contacts.find_or_make, "shop", "u1", "小红", "en", now)
    assert (contact.name, contact.language) == ("小明", "zh")


async def test_a_stranger_is_not_found(db):
    assert await db.read(contacts.find, "shop", "u1") is None
    assert await db.read(contacts.get, uuid4()) is None


async def test_contacts_are_read_by_id(db, now):
    made = [
        (await db.write(contacts.find_or_make, "shop", f"u{n}", None, None, now))[0]
        for n in range(3)
    ]
    wanted = [made[0].id, made[2].id, uuid4()]
    assert set(await db.read(contacts.get_many, wanted)) == set(wanted[:2])
    assert await db.read(contacts.get_many, []) == {}
    assert (await db.read(contacts.get, made[1].id)).id == made[1].id


async def test_a_persons_identities_are_listed(db, now):
    contact, identity = await db.write(contacts.find_or_make, "shop", "u1", None, None, now)
    assert [i.id for i in await db.read(contacts.identities, contact.id)] == [identity.id]
    assert await db.read(contacts.identities, uuid4()) == []


async def test_who_blocks_us_is_remembered(db, now):
    def block(session):
        _, identity = contacts.find_or_make(session, "shop", "u1", None, None, now)
        contacts.set_blocked(session, identity, blocked=True)

    await db.write(block)
    _, identity = await db.read(contacts.find, "shop", "u1")
    assert identity.blocked


async def test_whom_a_site_vouches_for_is_known_by_it(db, now):
    told = {"user_id": "42", "name": "李莉", "attributes": {"tier": "gold"}}
    assert await db.write(contacts.introduce, "shop", "u1", now, **told)
    assert not await db.write(contacts.introduce, "shop", "u1", now, **told)
    changed = {**told, "name": "Lily", "attributes": {}}
    assert await db.write(contacts.introduce, "shop", "u1", now, **changed)
    contact, identity = await db.read(contacts.find, "shop", "u1")
    assert (contact.name, identity.user_id, identity.attributes) == ("李莉", "42", None)
