"""`hedgeproof export`: a closed world as a model of another checker."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.terminal import SUFFIX, CommandError, nearest, needed, waiting

if TYPE_CHECKING:
    from simulator.actors import ActorWorld
    from simulator.export.table import Table
    from simulator.judge import Entry


class Language(StrEnum):
    """What a model is written in."""

    PROMELA = "promela"
    TLA = "tla"


def export(
    world: Annotated[
        str, typer.Argument(help="The world; or a Python file that has it, FILE.py:WORLD.")
    ],
    *,
    to: Annotated[Language, typer.Option("--to", help="Promela for SPIN, or TLA+ for TLC.")],
    out: Annotated[
        Path | None, typer.Option(help="The file to write to.", show_default="the terminal")
    ] = None,
    mutant: Annotated[int, typer.Option(help="The defect of that number; 0: the world.")] = 0,
) -> None:
    """Write a closed world as a model of another checker, with what it should find."""
    needed("numba", "scipy")
    from simulator.export.tla import module_name

    entry = _entry(world)
    _check(entry)
    module = module_name(entry.name if out is None else out.stem)
    if out is not None and to is Language.TLA and out.name != f"{module}.tla":
        raise CommandError(f"{out}: TLC wants letters, digits and _ only, such as {module}.tla")
    texts = _texts(entry, to, mutant, module)
    if out is None:
        print(texts[""], end="")
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = out.with_name(name) if name else out
        path.write_text(text, encoding="utf-8")
        print(path)


def _entry(world: str) -> "Entry":
    """Return the world called *world*, or of the user's file, with its mutants; or refuse it."""
    from simulator.catalogue import catalogue

    file, _, name = world.rpartition(":")
    if world.endswith(SUFFIX):
        file, name = world, ""
    if not file.endswith(SUFFIX):
        entries, name = catalogue(deep=True), world
    else:
        from adapters.machine_file import load

        entries = load(Path(file)).entries
    found = [entry for entry in entries if name in {"", entry.name}]
    if len(found) > 1:
        names = ", ".join(entry.name for entry in found)
        raise CommandError(f"{file} has several worlds; {file}:WORLD is one of {names}")
    if not found:
        raise nearest("world", name, [entry.name for entry in entries])
    return found[0]


def _check(entry: "Entry") -> None:
    """Refuse a world that is not made of actors."""
    from simulator.actors import ActorWorld
    from simulator.catalogue import catalogue

    if not isinstance(entry.world, ActorWorld):
        names = [each.name for each in catalogue(deep=True) if isinstance(each.world, ActorWorld)]
        raise CommandError(
            f"{entry.name} is not made of actors and channels: it has no local steps that another"
            f" checker could put together anew; these have: {', '.join(names)}"
        )


def _texts(entry: "Entry", to: Language, mutant: int, module: str) -> Mapping[str, str]:
    """Return the model, and the files beside it by name."""
    from importlib.metadata import version

    from simulator.export.promela import promela
    from simulator.export.tla import configuration_name, configurations, tla

    world, until, about = _chosen(entry, mutant)
    table = _table(world, until)
    about = f"{about}, of hedgeproof {version('hedgeproof')}"
    if to is Language.PROMELA:
        return {"": promela(table, about)}
    beside = configurations(table).items()
    named = {configuration_name(module, claim): text for claim, text in beside}
    return {"": tla(table, about, module), **named}


def _chosen(entry: "Entry", mutant: int) -> "tuple[ActorWorld, str, str]":
    """Return the world of *entry* or of its mutant, the property that must fail, and words."""
    from simulator.actors import ActorWorld

    known = entry.mutants
    if not 0 <= mutant <= len(known):
        defects = (f"{n} {each.property_id} {each.defect}" for n, each in enumerate(known, 1))
        listed = f"; there are: {'; '.join(defects)}" if known else "; it has none"
        raise CommandError(f"{entry.name} has no mutant {mutant}{listed}")
    chosen = known[mutant - 1] if mutant else None
    world = entry.world if chosen is None else chosen.world
    assert isinstance(world, ActorWorld)
    if chosen is None:
        return world, "", f"World {world.name}"
    return world, chosen.property_id, f"World {world.name} with a defect ({chosen.defect})"


def _table(world: "ActorWorld", until: str) -> "Table":
    """Return *world* as tables."""
    from simulator.explorer import BoundExceeded
    from simulator.export.expression import ExportError
    from simulator.export.table import tabled
    from simulator.judge import STATES_MAX

    try:
        with waiting(f"{world.name}: states") as told:

            def progress(states: int, _transitions: int, depth: int, _open: int) -> None:
                told(states, 0, f", depth {depth}")

            return tabled(world, states_max=STATES_MAX, until=until, progress=progress)
    except (BoundExceeded, ExportError) as error:
        raise CommandError(str(error)) from error
