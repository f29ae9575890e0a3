"""The harness is believed because it catches bugs that were put in on purpose."""

import importlib
from collections import Counter
from pathlib import Path

import pytest

from tests.kill.stage import Stage
from tests.kill.warm import Kill
from tests.mutants.seams import replace

MUTANTS = {
    "ack_before_storing",
    "no_unique_key",
    "parallel_sender",
    "send_without_key",
    "sent_before_sending",
    "synchronous_normal",
    "two_transactions",
}
POINTS = 60
"""How many points are tried at most before a mutant counts as not caught."""
ENOUGH = 3
"""After how many kills that found it the test ends."""


def test_every_mutant_is_tried():
    files = {path.stem for path in (Path(__file__).parents[1] / "mutants").glob("*.py")}
    assert files == MUTANTS | {"seams"}


def test_a_mutant_whose_place_is_gone_fails_loudly():
    with pytest.raises(AttributeError):
        replace(Path, "no_such_place", lambda there: there)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", sorted(MUTANTS))
async def test_the_harness_catches_it(tmp_path: Path, name: str):
    mutant = importlib.import_module(f"tests.mutants.{name}")
    caught, found, runs = 0, Counter(), 0
    async with Stage(tmp_path, mutant=name) as stage:
        whole = await stage.run()
        if mutant.quiet:
            assert whole.findings == []
        else:
            assert mutant.expected <= kinds(whole.findings)
        for point in spread(whole.counted):
            if caught >= ENOUGH:
                break
            result = await stage.run(Kill(point, "after", getattr(mutant, "power", False)))
            found.update(kinds(result.findings))
            caught += bool(mutant.expected & kinds(result.findings))
            runs += 1
    print(f"\n{name}: {caught} of {runs} kills found it, as {dict(found)}")  # noqa: T201
    assert caught >= ENOUGH
    assert not found.keys() & {"crash", "stuck", "integrity"}


def kinds(findings: list[str]) -> set[str]:
    return {line.split(":")[0] for line in findings}


def spread(number: int) -> list[int]:
    """Return points all over the run, as the golden section scatters them."""
    return [1 + int((k * 0.618034 % 1) * (number - 1)) for k in range(1, POINTS + 1)]
