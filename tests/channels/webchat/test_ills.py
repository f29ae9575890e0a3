from channels.testing import RememberedMemory
from channels.webchat.adapter import Adapter
from channels.webchat.config import Config

OLD = "an-old-secret-of-the-shop's-own-site"


async def look(clock, **settings):
    config = Config(channel="webchat", **settings)
    async with Adapter("site", config, RememberedMemory(clock), clock) as adapter:
        return await adapter.check(None)


async def test_a_chat_that_any_site_may_show_is_worth_a_warning(clock):
    found = await look(clock)
    assert [finding.level for finding in found] == ["warning", "ok", "ok"]
    assert "allowed_origins" in found[0].mend


async def test_a_chat_of_named_sites_is_well(clock):
    found = await look(clock, allowed_origins=["https://shop.example"])
    assert {finding.level for finding in found} == {"ok"}
    assert "https://shop.example" in found[0].line


async def test_plain_sites_and_an_old_secret_are_worth_a_warning(clock):
    settings = {"allowed_origins": ["http://shop.example"], "old_identity_secret": OLD}
    found = await look(clock, **settings)
    assert [finding.level for finding in found] == ["ok", "warning", "warning"]
