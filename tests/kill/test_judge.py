"""The judge itself: it finds each kind of broken promise, and nothing where all were kept."""

import pytest

from tests.kill.judge import Talk, findings

SAID = (0, 1, 2)
SENT = dict.fromkeys(SAID, "sent")


def kinds(talk: Talk, kills: int = 1) -> set[str]:
    return {line.split(":")[0] for line in findings({"telegram": talk}, kills)}


def test_kept_promises_are_no_findings():
    assert kinds(Talk(SAID, SAID, SAID, SENT)) == set()


@pytest.mark.parametrize(
    ("talk", "kind"),
    [
        (Talk(SAID, (0, 2), (0, 2), {0: "sent", 2: "sent"}), "lost_inbound"),
        (Talk(SAID, (0, 1, 1, 2), SAID, SENT), "dup_inbound"),
        (Talk(SAID, (0, 2, 1), SAID, SENT), "order"),
        (Talk(SAID, SAID, (0, 2, 1), SENT), "order"),
        (Talk(SAID, SAID, (0, 2), SENT), "lost_reply"),
        (Talk(SAID, SAID, (0, 2), {0: "sent", 2: "sent"}), "lost_reply"),
        (Talk(SAID, SAID, (0, 1, 1, 2), SENT), "dup_reply"),
        (Talk(SAID, SAID, (0, 1, 1, 2), {**SENT, 1: "uncertain"}, True), "dup_reply"),  # noqa: FBT003
    ],
)
def test_each_broken_promise_is_found(talk, kind):
    assert kind in kinds(talk)


def test_a_reply_in_doubt_may_be_missing_or_doubled_once_a_kill():
    doubt = {**SENT, 1: "uncertain"}
    assert kinds(Talk(SAID, SAID, (0, 2), doubt)) == set()
    assert kinds(Talk(SAID, SAID, (0, 1, 1, 2), doubt)) == set()
    assert kinds(Talk(SAID, SAID, (0, 1, 1, 2), doubt), kills=0) == {"dup_reply", "doubt"}


def test_doubt_is_no_way_out():
    everything = dict.fromkeys(SAID, "uncertain")
    assert kinds(Talk(SAID, SAID, (), everything)) == {"doubt"}
    assert kinds(Talk(SAID, SAID, SAID, {**SENT, 1: "uncertain"}, True)) == {"doubt"}  # noqa: FBT003


def test_a_reply_that_failed_is_lost():
    assert kinds(Talk(SAID, SAID, (0, 2), {**SENT, 1: "failed"})) == {"lost_reply"}
