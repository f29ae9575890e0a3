"""The suite lets a good channel pass, and catches each promise that one breaks."""

from __future__ import annotations

import importlib.util
from contextlib import AsyncExitStack
from inspect import signature
from pathlib import Path

import pytest

from channels.errors import ChannelError
from channels.testing import ChannelConformance, HeldFiles, RememberedMemory, serve

_spec = importlib.util.spec_from_file_location("owl", Path(__file__).with_name("owl.py"))
owl = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(owl)


class Conformance(ChannelConformance):
    channel = "owl"
    bugs = frozenset()

    @pytest.fixture
    def simulator(self, clock):
        return owl.Simulator("main", clock)

    def config(self, simulator, base_url):
        return owl.Config(channel="owl", base_url=base_url, **simulator.settings)

    def build(self, simulator, base_url):
        config = self.config(simulator, base_url)
        memory = RememberedMemory()
        return owl.Adapter("main", config, memory, simulator.clock, bugs=self.bugs)


class TestGood(Conformance):
    pass


CAUGHT_BY = {
    "no signature": "a_forged_push_is_refused",
    "no age": "a_stale_push_is_refused",
    "no cap": "a_huge_body_is_refused",
    "parses first": "truncated_and_random_bodies_are_refused_or_quarantined",
    "crash": "a_genuine_but_senseless_push_is_kept_and_acknowledged",
    "refused nonsense": "a_genuine_but_senseless_push_is_kept_and_acknowledged",
    "eats text": "a_customers_text_arrives",
    "one thread": "two_customers_have_two_addresses",
    "new key": "the_same_push_has_the_same_dedupe_key",
    "one key": "the_same_push_has_the_same_dedupe_key",
    "hours": "times_are_aware_and_right",
    "no split": "a_text_arrives_whole",
    "first piece": "a_text_arrives_whole",
    "cuts characters": "a_visible_character_at_the_cut_stays_whole",
    "pale": "four_thousand_emoji_arrive_whole",
    "too many buttons": "choices_can_be_answered",
    "unnumbered": "choices_can_be_answered",
    "eats controls": "control_characters_harm_no_text",
    "short labels": "a_question_and_its_labels_arrive_whole",
    "silent stand-in": "what_cannot_be_sent_is_named",
    "resends": "a_second_attempt_is_recognised",
    "own pause": "each_fault_becomes_its_error",
    "blames us": "an_unreachable_platform_is_unavailable",
    "insists": "a_refused_account_is_not_asked_in_a_loop",
    "sure": "a_lost_answer_is_uncertain",
    "shown key": "no_secret_shows",
    "key in error": "no_secret_shows",
    "never closed": "sending_after_the_end_is_refused",
    "line ends": "a_customers_file_is_fetched_as_it_was_sent",
    "hopes on": "a_file_that_the_platform_has_no_more_is_gone",
    "gives up": "a_platform_in_trouble_may_have_the_file_later",
    "first thousand": "a_file_of_ours_arrives_as_it_is",
    "drops files": "a_file_of_ours_that_meets_a_trouble_arrives_with_the_next_try",
    "no scales": "a_file_of_ours_that_is_gone_or_too_large_is_refused",
    "claims all": "what_is_claimed_of_files_fits_together",
    "drops cards": "a_card_arrives_as_one_or_as_its_words",
    "typing": "claimed_protocols_are_real",
    "stored and sent": "what_is_read_where_it_is_stored_goes_to_no_platform",
}


async def tried(bug, clock, said):
    """Run the one test that must catch `bug`."""
    bench = Conformance()
    bench.bugs = frozenset({bug})
    simulator = owl.Simulator("main", clock)
    test = getattr(bench, f"test_{CAUGHT_BY[bug]}")
    async with serve(simulator.app) as url, AsyncExitStack() as stack:
        bench.build = lambda simulator, base_url: _built(bench, simulator, base_url, stack)
        files = HeldFiles()
        adapter = await stack.enter_async_context(bench.build(simulator, url))
        adapter.lend(files)
        lent = {
            "adapter": adapter,
            "files": files,
            "simulator": simulator,
            "clock": clock,
            "base_url": url,
            "said": said,
            "visible": "👩‍👩‍👧‍👦",
        }
        done = test(**{name: lent[name] for name in signature(test).parameters})
        if done is not None:
            await done


def _built(bench, simulator, base_url, stack):
    adapter = Conformance.build(bench, simulator, base_url)
    stack.push_async_callback(adapter.really_close)
    return adapter


FAILED = (AssertionError, pytest.fail.Exception, ChannelError, ValueError, TypeError)


@pytest.mark.parametrize("bug", CAUGHT_BY)
async def test_each_broken_promise_is_caught(bug, clock):
    with pytest.raises(FAILED):
        await tried(bug, clock, "over")


def test_every_test_of_the_suite_catches_something():
    names = {name.removeprefix("test_") for name in dir(ChannelConformance) if name[:5] == "test_"}
    assert names == set(CAUGHT_BY.values())
