from typing import ClassVar

import pytest

from channels.testing import ChannelConformance, serve


class TestConformance(ChannelConformance):
    channel = "webhook"
    follows_redirects = True

    @pytest.fixture
    async def base_url(self, simulator):
        async with serve(simulator.app) as url:
            simulator.root = url
            yield url


class TestWithAttachments(TestConformance):
    settings: ClassVar = {"attachments": True}
