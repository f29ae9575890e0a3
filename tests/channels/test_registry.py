from __future__ import annotations

import subprocess
import sys

import pytest

from channels import registry
from channels.inbox import InboxConfig
from channels.simulation import Simulator
from channels.testing import RememberedMemory


@pytest.mark.parametrize("name", registry.CHANNELS)
def test_every_channel_has_its_rooms(name, clock):
    channel = registry.find(name)
    assert issubclass(channel.config, InboxConfig)
    simulator = channel.simulator("main", clock)
    assert isinstance(simulator, Simulator)
    config = channel.config(channel=name, base_url="http://127.0.0.1:9", **simulator.settings)
    adapter = channel.adapter("main", config, RememberedMemory(), clock)
    assert adapter.inbox == "main"
    assert "text" in adapter.capabilities.sends


@pytest.mark.parametrize("name", registry.CHANNELS)
def test_an_unknown_setting_is_refused(name, clock):
    channel = registry.find(name)
    settings = channel.simulator("main", clock).settings
    with pytest.raises(ValueError, match="tokne"):
        channel.config(channel=name, tokne="x", **settings)


def test_names_are_sorted_and_known():
    assert registry.names() == tuple(sorted(registry.names()))
    assert set(registry.CHANNELS) <= set(registry.names())


def test_an_unknown_channel_says_which_there_are():
    with pytest.raises(registry.UnknownChannel, match=r"'wechta'.*telegram.*wechat"):
        registry.find("wechta")


def test_a_stranger_adds_a_channel_by_an_entry_point(tmp_path):
    info = tmp_path / "owls-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: owls\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[yingda.channels]\nowl = owl_post\n")
    (tmp_path / "owl_post").mkdir()
    (tmp_path / "owl_post" / "__init__.py").touch()
    (tmp_path / "owl_post" / "config.py").write_text(
        "from channels.inbox import InboxConfig\nclass Config(InboxConfig):\n    owl: str\n"
    )
    script = (
        "from channels import registry\n"
        "assert 'owl' in registry.names()\n"
        "print(registry.find('owl').config(channel='owl', owl='Hedwig').owl)\n"
    )
    assert _run(script, tmp_path) == "Hedwig"


def test_nothing_is_imported_before_it_is_used(tmp_path):
    script = (
        "import sys\n"
        "from channels import registry\n"
        "registry.find('slack'), registry.names()\n"
        "known = ('telegram', 'slack_sdk', 'slack_bolt', 'wechatpy')\n"
        "print([name for name in known if name in sys.modules])\n"
    )
    assert _run(script, tmp_path) == "[]"


def _run(script, folder):
    path = f"import sys; sys.path.insert(0, {str(folder)!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", path + script], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
