"""The command line.  What a command needs is imported when it runs, so that help is quick."""

from typing import Annotated

import typer

from adapters.cli.audit import audit, replay
from adapters.cli.backtest import backtest
from adapters.cli.check import check
from adapters.cli.compact import compact
from adapters.cli.compare import compare
from adapters.cli.config import config
from adapters.cli.data import app as data
from adapters.cli.draw import draw
from adapters.cli.exchange import exchange
from adapters.cli.export import export
from adapters.cli.fuzz import fuzz
from adapters.cli.machines import machines
from adapters.cli.rows import rows
from adapters.cli.run import run
from adapters.cli.simulate import simulate
from adapters.cli.status import status
from adapters.cli.swarm import swarm
from adapters.cli.terminal import orderly

app = typer.Typer(
    name="hedgeproof",
    help="A crypto-futures hedging bot whose core is formally specified finite state machines.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: the colored one takes longer to import than to read
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line."""
    app(prog_name="hedgeproof")


def _version(asked: bool) -> None:  # noqa: FBT001  # typer calls it so
    if asked:
        from importlib.metadata import version

        print(version("hedgeproof"))
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A crypto-futures hedging bot whose core is formally specified finite state machines."""


app.command()(orderly(machines))
app.command()(orderly(draw))
app.command()(orderly(check))
app.command()(orderly(rows))
app.command()(orderly(fuzz))
app.command()(orderly(export))
app.command()(orderly(simulate))
app.command()(orderly(backtest))
app.command()(orderly(compare))
app.command()(orderly(swarm))
app.command()(orderly(audit))
app.command()(orderly(replay))
app.command()(orderly(compact))
app.command()(orderly(exchange))
app.command()(orderly(run))
app.command()(orderly(status))
app.add_typer(config)
app.add_typer(data)
