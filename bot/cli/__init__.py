"""The commands: `yingda --help` lists them."""

import gc

# Loading the program makes a great many objects and no garbage: collecting only slows the start.
# `main` switches it on again, for the service once it serves.
gc.disable()

from bot.cli.main import main  # noqa: E402 - after the line above on purpose

__all__ = ["main"]
