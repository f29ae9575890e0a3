from channels.miniprogram.adapter import Adapter
from channels.miniprogram.config import Config
from channels.miniprogram.simulator import Simulator
from channels.testing import RememberedMemory, serve


async def test_what_the_day_has_left_is_told(clock):
    simulator = Simulator("shop", clock)
    async with serve(simulator.app) as url:
        config = Config(**simulator.settings, channel="miniprogram", base_url=url)
        async with Adapter("shop", config, RememberedMemory(clock), clock) as adapter:
            (well,) = await adapter.check(None)
            simulator.platform.sent_today = simulator.platform.day
            (ill,) = await adapter.check(None)
    assert (well.level, ill.level) == ("ok", "problem")
