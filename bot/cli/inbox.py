"""`yingda inbox`: what is set up on a platform from here."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from bot.cli.options import DEFAULT, ConfigPath, opened, utc_now, wait
from bot.config import BadConfig, Config, load
from bot.memory import StoredMemory
from channels import registry
from channels.base import ChannelAdapter, Menued
from channels.errors import ChannelError
from channels.http import redact

app = typer.Typer(help="What is set up on a platform from here.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Look after an inbox's account on its platform."""


@app.command()
def menu(
    inbox: Annotated[str, typer.Argument(help="The inbox, as config.yaml calls it.")],
    push: Annotated[  # noqa: FBT002 - typer makes it a flag
        bool, typer.Option("--push", help="Make the account's menu what config.yaml says.")
    ] = False,
    config: ConfigPath = DEFAULT,
) -> None:
    """Say how the account's own menu differs from config.yaml; exit 1 if it does."""
    try:
        drift = wait(_menu(load(config, os.environ), inbox, push=push))
    except ChannelError as problem:
        print(f"yingda: {redact(str(problem))}", file=sys.stderr)
        raise typer.Exit(1) from None
    for line in drift:
        print(line)
    if drift:
        raise typer.Exit(1)
    print(f"{inbox}: the menu is as config.yaml says; phones show a new one within five minutes")


async def _menu(config: Config, name: str, *, push: bool) -> tuple[str, ...]:
    async with opened(config) as db:
        settings = config.inboxes.get(name)
        if settings is None:
            raise BadConfig(f"there is no inbox {name} in the configuration")
        memory = StoredMemory(db, name, utc_now)
        adapter: ChannelAdapter
        adapter = registry.find(settings.channel).adapter(name, settings, memory, utc_now)
        if not isinstance(adapter, Menued):
            raise BadConfig(f"accounts of {settings.channel} have no menu that is made from here")
        async with adapter:
            if push:
                await adapter.push_menu()
            return await adapter.menu_drift()
