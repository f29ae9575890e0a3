from __future__ import annotations

import pytest

from channels.errors import BadRequest
from channels.testing import ChannelConformance


class TestConformance(ChannelConformance):
    channel = "webchat"
    outgoing_visible = False
    over_http = False

    async def test_a_genuine_but_senseless_push_is_kept_and_acknowledged(self, adapter, simulator):
        """Anybody can be a visitor, so nonsense is told to the browser and not kept."""
        with pytest.raises(BadRequest) as refused:
            await self.receive(adapter, simulator.garbage("1001"))
        assert refused.value.status == 422
