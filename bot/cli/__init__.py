"""The commands: `yingda --help` lists them."""

from bot.cli.main import main

__all__ = ["main"]
