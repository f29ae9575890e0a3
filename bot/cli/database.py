"""`yingda db`: the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from bot.cli.options import DEFAULT, ConfigPath, read_config, wait
from bot.config import BadConfig
from storage import copying, schema
from storage.database import Database
from storage.postgres import is_postgres
from storage.sqlite import sqlite_path

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


@app.command("copy")
def copy_to(
    to: Annotated[
        str,
        typer.Option(
            help="An empty PostgreSQL database: postgresql://user@host/database. Leave the "
            "password to PGPASSWORD or ~/.pgpass: others can read a command line."
        ),
    ],
    config: ConfigPath = DEFAULT,
) -> None:
    """Move everything from the SQLite file to PostgreSQL, or nothing; stop the service first."""
    source = read_config(config).database_url
    if is_postgres(source) or not is_postgres(to):
        raise BadConfig(
            "db copy goes from the SQLite file of database_url to --to postgresql://user@host/database"
        )
    counted = wait(_copy(source, to))
    for table, rows in counted.items():
        print(f"{table:<16} {rows:>10}")
    print(
        f"copied {sum(counted.values())} rows, counted on both sides; "
        "now let database_url name the new database, and keep the file until you are sure"
    )


async def _copy(source: str, to: str) -> Mapping[str, int]:
    path = sqlite_path(source)
    if not path.exists():
        raise BadConfig(f"{path} is not there; let database_url name the file that is to be moved")
    schema.upgrade(to)
    # As its owner: a service that runs would go on writing to the file.
    async with Database(source), Database(to, writers=1) as target:
        schema.upgrade(source)
        return await target.run(copying.copy, path)
