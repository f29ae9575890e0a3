from channels.errors import Unauthorized, Unavailable


async def test_a_mailbox_that_can_be_read_and_written_is_well(adapter):
    found = await adapter.check(None)
    assert [finding.level for finding in found] == ["ok", "ok"]
    assert "IDLE" in found[1].line


async def test_a_refused_login_for_reading_is_told_and_sending_is_still_looked_at(build):
    settings = {"smtp_username": None, "smtp_password": None}
    async with build(**settings) as adapter:
        right = adapter._config
        wrong = right.model_copy(update={"smtp_password": right.password, "folder": "Nowhere"})
        adapter._config = wrong
        sending, reading = await adapter.check(None)
    assert sending.level == "ok"
    assert reading.level == "problem"
    assert "Nowhere" in reading.line
    assert "授权码" in reading.mend


async def test_only_a_refused_login_is_explained(adapter):
    assert "授权码" in adapter.explain(Unauthorized("the login is refused")).mend
    assert adapter.explain(Unavailable("too slow")) is None
