"""`yingda user`: the people of the firm."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer

from bot.cli.options import DEFAULT, ConfigPath, opened, read_config, utc_now, wait
from bot.config import Config
from console.auth import SHORTEST, hash_in_thread
from storage import people
from storage.models import Role

app = typer.Typer(help="The people of the firm.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Add people who log in to the desk."""


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What they log in with.")],
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.AGENT,
    display_name: Annotated[str | None, typer.Option(help="The name shown in the desk.")] = None,
    password_stdin: Annotated[  # noqa: FBT002 - typer makes it a flag
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    config: ConfigPath = DEFAULT,
) -> None:
    """Add somebody who can log in."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _ask()
    if len(password) < SHORTEST:
        print(f"yingda: a password needs at least {SHORTEST} characters", file=sys.stderr)
        raise typer.Exit(2)
    try:
        wait(_add(read_config(config), name, role, display_name, password))
    except people.NameTaken:
        print(f"yingda: there is already somebody called {name!r}", file=sys.stderr)
        raise typer.Exit(1) from None
    print(f"added {name} as {role.value}")


async def _add(
    config: Config, name: str, role: Role, display_name: str | None, password: str
) -> None:
    hashed = await hash_in_thread(password)
    async with opened(config) as db:
        await db.write(
            people.create_agent, name, hashed, role, utc_now(), display_name=display_name
        )


def _ask() -> str:
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        print("yingda: the two passwords differ", file=sys.stderr)
        raise typer.Exit(2)
    return first
