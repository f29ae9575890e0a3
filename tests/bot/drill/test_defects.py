"""A drill against a product with a defect finds it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.drill.play import Plan, play


def moment():
    return datetime.now(UTC)


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("defect", "finding"),
    [("forgetful", "lost"), ("stuttering", "doubled"), ("dawdling", "out_of_order")],
)
async def test_a_defective_instance_is_found_out(defect, finding):
    program = ("-m", "tests.bot.drill.defective", defect)
    plan = Plan(channels=("telegram",), messages=10, seed=10, program=program)
    verdict = await play(plan, moment, print)
    found = verdict.channels["telegram"]
    assert getattr(found, finding) > 0, found
    assert found.acknowledged == found.sent_in
    assert not verdict.holds
