"""Puts the commands together and turns expected errors into one line and a status."""

from __future__ import annotations

import gc
import sys

import typer

from bot.cli import check, database, drill, faq, inbox, run, say, user
from bot.config import BadConfig
from storage.database import StorageError

app = typer.Typer(
    name="yingda",
    help="Yingda (应答): one customer service for all your channels.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def group(context: typer.Context) -> None:
    """Run, check and look after the service."""
    if context.invoked_subcommand != "run":
        gc.enable()


app.command("run")(run.run)
app.command("check")(check.check)
app.command("say")(say.say)
app.command("drill")(drill.drill)
app.add_typer(database.app, name="db")
app.add_typer(user.app, name="user")
app.add_typer(faq.app, name="faq")
app.add_typer(inbox.app, name="inbox")


def main() -> None:
    """Run the command line."""
    try:
        app()
    except (BadConfig, StorageError) as problem:
        print(f"yingda: {problem}", file=sys.stderr)
        sys.exit(2)
