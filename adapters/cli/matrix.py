"""`hedgeproof check --matrix`: which property survives which network."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.cli.terminal import SUFFIX, CommandError, console, nearest, waiting

if TYPE_CHECKING:
    from types import ModuleType

    from simulator.checked import Machines
    from simulator.matrix import Line


def show(world: str) -> None:
    """Print the matrix of the machine *world*, of all if empty, or of a user's file.

    Raises:
        CommandError: No world says what it assumes.
    """
    from simulator.counterexample import text
    from simulator.matrix import Assumption, hooks, matrix

    modules, machines = _asked(world)
    declared = hooks(modules)
    if not declared:
        raise CommandError(f"{world}: add a function assumptions() that says what it assumes")
    with waiting("worlds") as told:
        done: list[str] = []

        def progress(name: str) -> None:
            done.append(name)
            told(len(done), 0, f", {name}")

        lines = matrix(declared, machines, progress)
    _print(lines)
    for line in lines:
        for assumption in Assumption:
            cell = line.cells[assumption]
            if cell.fails and cell.verdict is not None and cell.world is not None:
                head = ", ".join(filter(None, (assumption.value, line.defect)))
                print(f"\n{head}\n{text(cell.verdict, cell.world)}", end="")


def _asked(world: str) -> "tuple[list[ModuleType], Machines]":
    """Return the modules that have worlds, and their machines."""
    if world.endswith(SUFFIX):
        from adapters.machine_file import load

        machines = load(Path(world)).machines
        return [sys.modules[Path(world).stem]], machines
    from simulator.catalogue import WORLDS
    from spec.catalogue import MACHINES

    named = {module.__name__.rpartition(".")[2]: module for module in WORLDS}
    if world and world not in named:
        raise nearest("machine", world, named)
    return [named[world]] if world else list(WORLDS), MACHINES


def _print(lines: "tuple[Line, ...]") -> None:
    """Print a table, a line for each property, and why cells are empty."""
    from rich.table import Table

    from simulator.matrix import Assumption, reasons

    table = Table("property", box=None, header_style="bold")
    for assumption in Assumption:
        table.add_column(assumption.value)
    defect = ""
    for line in lines:
        if line.defect != defect and line.defect:
            table.add_row(f"[bold]{line.defect}:[/]")
        defect = line.defect
        cells = (line.cells[assumption] for assumption in Assumption)
        words = (f"[bold red]{cell.words}[/]" if cell.fails else cell.words for cell in cells)
        table.add_row(line.property.id, *words)
    console().print(table)
    for reason, where in reasons(lines).items():
        print(f"- {where}: {reason}")
