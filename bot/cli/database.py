"""`yingda db`: the tables."""

from __future__ import annotations

import typer

from bot.cli.options import DEFAULT, ConfigPath, read_config
from storage import schema

app = typer.Typer(help="The database.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Look after the database."""


@app.command()
def upgrade(config: ConfigPath = DEFAULT) -> None:
    """Bring the tables up to date; `yingda run` does it by itself."""
    before = schema.upgrade(read_config(config).database_url)
    if before == schema.HEAD:
        print(f"nothing to do: at revision {schema.HEAD}")
    else:
        print(f"upgraded from {before or 'an empty file'} to revision {schema.HEAD}")
