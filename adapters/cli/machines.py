"""`hedgeproof machines`: what is declared."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.terminal import SUFFIX, console, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spec.catalogue import Machine


def machines(
    name: Annotated[
        str, typer.Argument(help="The machine to show, or a Python file that declares some.")
    ] = "",
) -> None:
    """List the machines, or show the rows and the properties of one."""
    found = find(name)
    if not name:
        _list(found)
    for machine in found.values() if name else ():
        _show(machine)


def find(name: str) -> "Mapping[str, Machine]":
    """Return machine *name*, or those of the user's file *name*, or all; or refuse it."""
    from spec.catalogue import MACHINES

    if name.endswith(SUFFIX):
        from adapters.machine_file import load

        return load(Path(name)).machines
    if name and name not in MACHINES:
        raise nearest("machine", name, MACHINES)
    return {name: MACHINES[name]} if name else MACHINES


def _list(found: "Mapping[str, Machine]") -> None:
    """Print one line for each machine."""
    from rich.table import Table

    table = Table("machine", "title", "initial", box=None, header_style="bold")
    for head in ("states", "symbols", "rows", "properties"):
        table.add_column(head, justify="right")
    for name, (spec, properties) in found.items():
        counts = *spec.compile().shape, len(spec.rows), len(properties)
        table.add_row(name, spec.title, spec.initial.name, *map(str, counts))
    console().print(table)


def _show(machine: "Machine") -> None:
    """Print the rows and the properties of *machine*."""
    from rich.table import Table

    from spec.render import names, rest

    spec, properties = machine
    rows = Table("state", "on", "go to", "do", "why", box=None, header_style="bold")
    before = None
    for row in spec.rows:
        source = "" if row.source is before else row.source.name
        before = row.source
        rows.add_row(source, row.symbol.name, row.target.name, names(row.emits), row.why)
    claims = Table("property", "kind", "text", box=None, header_style="bold")
    for each in properties.values():
        claims.add_row(each.id, each.kind.value, each.text)
    final = f"; final: {names(sorted(spec.final))}" if spec.final else ""
    out = console()
    out.print(f"[bold]{spec.title}[/bold]; initial: {spec.initial.name}{final}\n")
    out.print(rows)
    out.print(f"\nIn any state {rest(spec)}.\n")
    out.print(claims)
