import asyncio
import threading

from console.gaps import MOST, PATIENCE, Gaps
from console.live import Live
from storage import activity
from storage.models import Fact
from tests.postgres import on_postgres


def test_what_is_skipped_is_waited_for_until_it_turns_up_or_time_is_over():
    gaps = Gaps()
    gaps.skip(3, [5, 6, 9], 0.0)
    assert gaps.open(1.0) == [4, 7, 8]
    gaps.found([7])
    assert (gaps.open(PATIENCE), gaps.lowest) == ([4, 8], 4)
    assert (gaps.open(PATIENCE + 1), gaps.lowest) == ([], None)


def test_a_wide_gap_is_bounded():
    gaps = Gaps()
    gaps.skip(0, [10**9], 0.0)
    assert len(gaps.open(0.0)) == MOST


@on_postgres
async def test_a_fact_that_is_committed_after_a_later_one_is_told_too(db, now):
    live = Live(db)
    await live.start()
    first, wait = threading.Event(), threading.Event()

    def slow(session):
        session.flush()
        number = activity.log(session, Fact.NOTE_ADDED, now)
        session.flush()
        first.set()
        assert wait.wait(60)
        return number.id

    follow = live.follow(None)
    heard = asyncio.ensure_future(anext(follow))
    late = asyncio.create_task(db.write(slow))
    await asyncio.to_thread(first.wait, 60)
    quick = await db.write(lambda s: _logged(s, now))
    live.wake()
    assert [fact.id for fact in await heard] == [quick]
    wait.set()
    number = await late
    assert number < quick
    live.wake()
    assert [fact.id for fact in await anext(follow)] == [number]
    await live.stop()


def _logged(session, now):
    fact = activity.log(session, Fact.NOTE_ADDED, now)
    session.flush()
    return fact.id
