from channels.testing import ChannelConformance


class TestConformance(ChannelConformance):
    channel = "webhook"
