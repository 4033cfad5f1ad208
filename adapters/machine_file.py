"""A user's own machines and worlds, in a Python file outside the project.

The file may have, at its top level: declarations (`Spec`), `PROPERTIES` (`declare(...)`), a
function `worlds()` that returns the worlds to check, and a function `mutants()` that returns
defects.
"""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve, frozen

from adapters.guarded import guarded, line_of
from simulator.actors import ActorWorld
from simulator.explorer import World
from simulator.judge import Entry, Mutant
from spec.catalogue import Machine
from spec.fsm import Spec

if TYPE_CHECKING:
    from spec.properties import Property


T = TypeVar("T")


class MachineFileError(ValueError):
    """The file is not there, or is not what it should be."""


@frozen
class MachineFile:
    """What a file declares: machines by name, and the worlds with their mutants."""

    machines: Mapping[str, Machine]
    entries: tuple[Entry, ...]


def load(path: Path) -> MachineFile:
    """Return what the file at *path* declares.  It is run, so it must be trusted.

    Raises:
        MachineFileError: It cannot be read or run, or what it declares does not fit together.
    """
    module = _module(path)
    properties: Mapping[str, Property] = getattr(module, "PROPERTIES", MappingProxyType({}))
    machines: dict[str, Machine] = {}
    specs: list[Spec[Any, Any, Any]] = [v for v in vars(module).values() if isinstance(v, Spec)]
    for spec in specs:
        machines[spec.name] = (spec, properties)
    return MachineFile(machines, _entries(path, module))


def _module(path: Path) -> ModuleType:
    """Return the file at *path* as a module."""
    found = spec_from_file_location(path.stem, path)
    if not path.is_file() or found is None or found.loader is None:
        raise MachineFileError(f"{path}: no such Python file")
    module = module_from_spec(found)
    sys.modules[path.stem] = module  # what it declares may look itself up
    _ran(path, partial(found.loader.exec_module, module))
    return module


def _ran(path: Path, run: Callable[[], T]) -> T:
    """Return what *run* does with the file at *path*; say where in it something went wrong."""
    try:
        return run()
    except (Exception, SystemExit) as error:  # a user's file may raise anything
        where = f"{path}{line_of(path, error)}"
        raise MachineFileError(f"{where}: {type(error).__name__}: {error}") from error


def _entries(path: Path, module: ModuleType) -> tuple[Entry, ...]:
    """Return the worlds of *module*, each with its mutants."""
    worlds, mutants = _listed(path, module, "worlds"), _listed(path, module, "mutants")
    names = [world.name for world in worlds]
    if len(set(names)) < len(names):
        raise MachineFileError(f"{path}: worlds() has two worlds of one name: {names}")
    for mutant in mutants:
        if not isinstance(mutant, Mutant) or mutant.world.name not in names:
            raise MachineFileError(f"{path}: mutants(): {mutant} is of no world of worlds()")
    told = [evolve(each, world=_guarded(each.world, path)) for each in mutants]
    return tuple(
        Entry(_guarded(world, path), tuple(m for m in told if m.world.name == world.name))
        for world in worlds
    )


def _guarded(world: World[Any], path: Path) -> World[Any]:
    """Return *world*, looked after if it is one of actors."""
    return guarded(world, path) if isinstance(world, ActorWorld) else world


def _listed(path: Path, module: ModuleType, name: str) -> tuple[Any, ...]:
    """Return what the function *name* of *module* lists, nothing if it has none."""
    found = _ran(path, lambda: tuple[Any, ...](getattr(module, name, tuple)()))
    for each in found if name == "worlds" else ():
        if not all(hasattr(each, part) for part in ("name", "initial", "moves", "claims", "show")):
            raise MachineFileError(f"{path}: {name}(): {each!r} is no world")
    return found
