"""The harness is believed because it catches bugs that were put in on purpose."""

import importlib
from pathlib import Path

import pytest

from tests.kill.stage import Stage
from tests.kill.warm import Kill

MUTANTS = sorted(
    path.stem
    for path in (Path(__file__).parents[1] / "mutants").glob("*.py")
    if path.stem != "seams"
)
POINTS = 60
"""How many points are tried at most before a mutant counts as not caught."""


def test_there_is_a_mutant_for_every_kind_of_bug():
    assert len(MUTANTS) == 7


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", MUTANTS)
async def test_the_harness_catches_it(tmp_path: Path, name: str):
    mutant = importlib.import_module(f"tests.mutants.{name}")
    power = getattr(mutant, "power", False)
    async with Stage(tmp_path, mutant=name) as stage:
        whole = await stage.run()
        found = kinds(whole.findings)
        number, runs = whole.counted, 0
        for point in spread(number):
            if found & mutant.expected:
                break
            result = await stage.run(Kill(point, "after", power))
            found |= kinds(result.findings)
            runs += 1
    print(f"\n{name}: {sorted(found)} after {runs} kills")  # noqa: T201
    assert found & mutant.expected


def kinds(findings: list[str]) -> set[str]:
    return {line.split(":")[0] for line in findings}


def spread(number: int) -> list[int]:
    """Return points all over the run, the far ones first, as the golden section scatters them."""
    return [1 + int((k * 0.618034 % 1) * (number - 1)) for k in range(1, POINTS + 1)]
