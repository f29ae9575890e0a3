import pytest

from channels.errors import RateLimited, Refused, Unauthorized
from channels.health import Finding, Report, ask_each, explained, fine, warn, wrong

MENDS = {"40164": "add the address"}


def test_a_finding_is_one_line_with_its_mend(clock):
    finding = warn("%(left)d of %(limit)d are left, 5%%", "ask for more", left=3, limit=60)
    assert finding.line == "3 of 60 are left, 5%; ask for more"
    assert fine("100%% well").line == "100% well"


def test_a_report_is_as_bad_as_its_worst_finding(clock):
    assert Report(clock(), ()).level == "ok"
    assert Report(clock(), (fine("a"), warn("b", "c"))).level == "warning"
    assert Report(clock(), (wrong("a", "b"), warn("b", "c"), fine("d"))).level == "problem"


def test_an_error_is_explained_by_the_code_it_tells_of():
    told = Unauthorized("no (WeChat 40164: invalid ip 203.0.113.7, 100%)")
    finding = explained(told, MENDS)
    assert finding
    assert finding.line.endswith("invalid ip 203.0.113.7, 100%); add the address")
    assert explained(Unauthorized("no (WeChat 140164: odd)"), MENDS) is None


async def test_a_refused_question_is_a_finding_and_the_others_are_still_asked():
    async def refused() -> Finding:
        raise Refused("no such call")

    async def well() -> Finding:
        return fine("well")

    found = await ask_each(lambda _: None, refused, well)
    assert [finding.level for finding in found] == ["warning", "ok"]
    assert "no such call" in found[0].line


async def test_a_platform_that_cannot_be_asked_now_ends_the_asking():
    async def late() -> Finding:
        raise RateLimited(30)

    with pytest.raises(RateLimited):
        await ask_each(lambda _: None, late)
