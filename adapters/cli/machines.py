"""`hedgeproof machines`: what is declared."""

from typing import Annotated, Any

import typer

from adapters.cli.terminal import console, nearest


def machines(
    name: Annotated[str, typer.Argument(help="The machine to show; all of them if left out.")] = "",
) -> None:
    """List the machines, or show the rows and the properties of one."""
    if name:
        _show(name)
    else:
        _list()


def find(name: str) -> Any:  # noqa: ANN401
    """Return the declaration and the properties of machine *name*, or refuse it."""
    from spec.catalogue import MACHINES

    if name not in MACHINES:
        raise nearest("machine", name, MACHINES)
    return MACHINES[name]


def _list() -> None:
    """Print one line for each machine."""
    from rich.table import Table

    from spec.catalogue import MACHINES

    table = Table("machine", "title", "initial", box=None, header_style="bold")
    for head in ("states", "symbols", "rows", "properties"):
        table.add_column(head, justify="right")
    for name, (spec, properties) in MACHINES.items():
        counts = *spec.compile().shape, len(spec.rows), len(properties)
        table.add_row(name, spec.title, spec.initial.name, *map(str, counts))
    console().print(table)


def _show(name: str) -> None:
    """Print the rows and the properties of machine *name*."""
    from rich.table import Table

    from spec.render import names, rest

    spec, properties = find(name)
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
