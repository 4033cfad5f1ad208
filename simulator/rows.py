"""Every row of a table led astray: a row whose target no property minds is not checked.

Each row is redirected to the next state of the declaration, its actions unchanged, and the
machine's worlds are explored with that table until a property fails.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

from attrs import evolve

import machines.collision
import machines.mirror
import machines.mirroring
import machines.slots
import machines.supervisor
import machines.trailing
import machines.unstuck
from simulator.explorer import BoundExceeded, World
from simulator.judge import explore
from simulator.worlds import (
    collision,
    collision_desk,
    cycle,
    hedge_wallet,
    mirror,
    mirroring,
    order,
    position,
    slots,
    supervisor,
    trailing,
    unstuck,
    wallet_alone,
)
from spec.fsm import Row, Spec
from spec.order import State, Symbol

AnySpec = Spec[Any, Any, Any]
Worlds = Callable[[AnySpec], Iterable[World[Any]]]


def _evolved(*modules: ModuleType) -> Worlds:
    """Return what makes worlds that have a table themselves."""
    return lambda spec: (evolve(world, spec=spec) for each in modules for world in each.worlds())


def _named(module: ModuleType, rules: Callable[..., Any], step: Callable[..., Any]) -> Worlds:
    """Return what makes the worlds of *module*, whose *rules* take a step with a table."""

    def worlds(spec: AnySpec) -> Iterator[World[Any]]:
        given = rules(step=partial(step, spec=spec))
        yield from (module.named(name, given) for name in module.SCOPES)

    return worlds


def _order(spec: AnySpec) -> Iterator[World[Any]]:
    for name, size in order.SIZES.items():
        yield order.order_world(name, size, ours=evolve(order.our_side(size), spec=spec))


def _mirror(spec: AnySpec) -> Iterator[World[Any]]:
    run = partial(machines.mirror.run, step=partial(machines.mirror.step, spec=spec))
    yield from (mirror.named(name, run) for name in mirror.SCOPES)


def _mirroring(spec: AnySpec) -> Iterator[World[Any]]:
    step = partial(machines.mirroring.step, spec=spec)
    yield from (
        mirroring.mirroring_world(name, size, step) for name, size in mirroring.SIZES.items()
    )


UNDER: Mapping[str, Worlds] = MappingProxyType(
    {
        "order": _order,
        "position": _evolved(position),
        "hedge_wallet": _evolved(wallet_alone, cycle, hedge_wallet),  # the quick ones first
        "collision": _named(collision, collision_desk.Gate, machines.collision.step),
        "mirror": _mirror,
        "mirroring": _mirroring,
        "trailing": _named(trailing, trailing.Rules, machines.trailing.step),
        "unstuck": _named(unstuck, unstuck.Rules, machines.unstuck.step),
        "slots": _named(slots, slots.Rules, machines.slots.step),
        "supervisor": _named(supervisor, supervisor.Gate, machines.supervisor.step),
    }
)

# Rows that lead to another state without a difference that anybody could see, and why.
SAME: Mapping[tuple[Any, Any], str] = MappingProxyType(
    {
        (State.PENDING_NEW, Symbol.STALE): (
            "NEW differs from PENDING_NEW only in that a replace may be asked for"
        ),
    }
)


class Redirected(NamedTuple):
    """A *row* that led to *target*; *found* says which world and property minded, "" for none."""

    row: Row[Any, Any, Any]
    target: Any
    found: str

    @property
    def sound(self) -> bool:
        """Whether a property minds, or there is nothing to mind."""
        return bool(self.found) or (self.row.source, self.row.symbol) in SAME


def redirect(spec: Spec[Any, Any, Any], worlds: Worlds) -> Iterator[Redirected]:
    """Yield what becomes of each row of *spec* in the worlds that *worlds* makes of a table."""
    states = spec.compile().shape[0]
    for row in spec.rows:
        target = type(row.target)((row.target + 1) % states)
        astray = spec.redirected(row.source, row.symbol, target)
        found = (minded(world) for world in worlds(astray))
        yield Redirected(row, target, next(filter(None, found), ""))


def minded(world: World[Any]) -> str:
    """Return which property of *world* fails, with the world's name, "" for none."""
    stop_at = frozenset(claim.property.id for claim in world.claims())
    try:
        failures = explore(world, stop_at=stop_at).failures
    except BoundExceeded:
        return f"{world.name}: endless"
    return f"{world.name} {failures[0].property.id}" if failures else ""
