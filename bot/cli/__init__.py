"""The commands: `yingda --help` lists them."""

import gc

# Loading the program makes a great many objects and no garbage: collecting only slows the start.
gc.disable()

from bot.cli.main import main  # noqa: E402 - after the line above on purpose

gc.enable()
gc.freeze()

__all__ = ["main"]
