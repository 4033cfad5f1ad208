"""`hedgeproof rows`: is every row of every table checked?"""

from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.terminal import FAILED, console, nearest, needed, waiting

if TYPE_CHECKING:
    from simulator.rows import Redirected


def rows(
    machine: Annotated[str, typer.Argument(help="The machine; all if left out.")] = "",
) -> None:
    """Redirect each row of a machine, and show those that no property minds."""
    needed("numba", "scipy")
    from rich.table import Table

    from simulator.rows import UNDER

    if machine and machine not in UNDER:
        raise nearest("machine", machine, UNDER)
    table = Table("machine", box=None, header_style="bold")
    for head in ("rows", "found", "same", "missed", "seconds"):
        table.add_column(head, justify="right")
    unfound: list[Redirected] = []
    for name in [machine] if machine else UNDER:
        started = monotonic()
        done = _redirected(name)
        left = [each for each in done if not each.found]
        missed = [each for each in left if not each.sound]
        counts = len(done), len(done) - len(left), len(left) - len(missed), len(missed)
        table.add_row(name, *map(str, counts), f"{monotonic() - started:.0f}")
        unfound += left
    console().print(table)
    for each in unfound:
        print(f"\n{each.row} may as well lead to {each.target.name}: {_why(each)}")
    if not all(each.sound for each in unfound):
        raise typer.Exit(FAILED)


def _redirected(name: str) -> "list[Redirected]":
    """Return what becomes of each row of machine *name*."""
    from simulator.rows import UNDER, redirect
    from spec.catalogue import MACHINES

    spec, _ = MACHINES[name]
    done: list[Redirected] = []
    with waiting(f"{name}: rows") as told:
        for each in redirect(spec, UNDER[name]):
            done.append(each)
            told(len(done), len(spec.rows), "")
    return done


def _why(each: "Redirected") -> str:
    """Return why that is no wonder, or that it is one."""
    from simulator.rows import SAME

    return SAME.get((each.row.source, each.row.symbol), "no property minds")
