"""Which server leads: all are asked at once, and in doubt they are asked again."""

import threading

import pytest

from storage.errors import Unavailable
from storage.pg_leader import CALM, Leader, servers_of

WISH = {"target_session_attrs": "read-write", "dbname": "shop"}
THREE = {**WISH, "host": "a,b,c", "port": "5432"}


class Servers:
    """Three servers, each of which answers, says that it does not lead, or says nothing."""

    def __init__(self, leads: str | None) -> None:
        self.leads, self.silent, self.seconds = leads, set[str](), 0.0
        self.over, self.asked = threading.Event(), []

    def reach(self, target) -> None:
        host = target["host"]
        self.asked.append(host)
        if host in self.silent:
            assert self.over.wait(60)
        if host != self.leads:
            raise OSError(host)


@pytest.fixture
def servers():
    made = Servers("b")
    yield made
    made.over.set()


@pytest.fixture
def leader(servers):
    made = Leader(THREE, servers.reach, lambda: servers.seconds)
    yield made
    made.close()


def never() -> threading.Event:
    return threading.Event()


def moved_of(leader: Leader) -> threading.Event:
    moved = threading.Event()
    leader.moved = moved.set
    return moved


def test_an_address_of_several_servers_is_one_of_each():
    found = servers_of({**THREE, "hostaddr": "1.1.1.1,1.1.1.2,1.1.1.3", "port": "1,2,3"})
    assert [(one["host"], one["hostaddr"], one["port"]) for one in found] == [
        ("a", "1.1.1.1", "1"),
        ("b", "1.1.1.2", "2"),
        ("c", "1.1.1.3", "3"),
    ]
    assert [(one["host"], one["port"]) for one in servers_of(THREE)] == [
        ("a", "5432"),
        ("b", "5432"),
        ("c", "5432"),
    ]


@pytest.mark.parametrize("wish", ["any", "prefer-standby", "read-only"])
def test_where_any_server_will_do_the_driver_chooses(wish):
    told = {**THREE, "target_session_attrs": wish}
    assert servers_of(told) == [told]


def test_one_server_is_known_without_asking(servers):
    leader = Leader({**WISH, "host": "a"}, servers.reach)
    assert (leader.wait(never()), leader.target["host"]) == (0, "a")
    leader.doubt(leader.term)
    assert (leader.wait(never()), servers.asked) == (0, [])


def test_a_silent_server_holds_nobody_up(servers, leader):
    servers.silent = {"a", "c"}
    leader.wait(never())
    assert leader.target["host"] == "b"


def test_another_leader_is_found_and_told(servers, leader):
    moved, term = moved_of(leader), leader.wait(never())
    servers.leads, servers.silent = "c", {"b"}
    leader.doubt(term)
    assert leader.wait(never()) > term
    assert leader.target["host"] == "c"
    assert moved.wait(60)


def test_who_leads_still_is_no_other_leader(servers, leader):
    moved, term = moved_of(leader), leader.wait(never())
    leader.doubt(term)
    assert (leader.wait(never()), leader.target["host"]) == (term, "b")
    assert not moved.is_set()


def test_who_was_connected_to_the_leader_before_says_nothing_of_this_one(servers, leader):
    term = leader.wait(never())
    servers.leads = "a"
    leader.doubt(term)
    assert leader.wait(never()) > term
    servers.leads, over = None, never()
    over.set()
    leader.doubt(term)
    assert leader.wait(over) > term


def test_a_suspicion_just_after_the_leader_was_found_asks_nobody(servers, leader):
    term, over = leader.wait(never()), never()
    over.set()
    servers.leads = None
    servers.seconds += CALM / 2
    leader.suspect()
    assert leader.wait(over) == term
    servers.seconds += CALM / 2
    leader.suspect()
    with pytest.raises(Unavailable):
        leader.wait(over)


def test_who_waits_for_a_leader_is_told_when_the_time_is_over(servers, leader):
    servers.leads, ended = None, never()
    ended.set()
    with pytest.raises(Unavailable, match="nothing was stored"):
        leader.wait(ended)


def test_a_leader_that_comes_later_is_found(servers, leader):
    servers.leads, found = None, []
    waiting = threading.Thread(target=lambda: found.append(leader.wait(never())))
    waiting.start()
    servers.leads = "a"
    waiting.join(60)
    assert (found, leader.target["host"]) == ([0], "a")
