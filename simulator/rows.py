"""Every row of a table led astray: a row whose target no property minds is not checked.

Each row is redirected to the next state of the declaration, its actions unchanged, and the
machine's worlds are explored with that table until a property fails.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from attrs import evolve

from machines import mirroring as machine
from machines import supervisor as supervisors
from machines.hedge_wallet import WalletSpec
from machines.mirroring import RequestSpec
from machines.order import OrderSpec
from machines.position import PositionSpec
from machines.supervisor import SupervisorSpec
from simulator.explorer import BoundExceeded, World
from simulator.judge import explore
from simulator.worlds import cycle, hedge_wallet, order, position, wallet_alone
from simulator.worlds.mirroring import SIZES, mirroring_world
from simulator.worlds.supervisor import SCOPES, Gate, named
from spec.fsm import Row, Spec
from spec.order import State, Symbol

Worlds = Callable[[Any], Iterable[World[Any]]]


def _order(spec: OrderSpec) -> Iterator[World[Any]]:
    yield from (evolve(world, spec=spec) for world in order.worlds())


def _position(spec: PositionSpec) -> Iterator[World[Any]]:
    for world in position.worlds():
        yield evolve(world, spec=spec)


def _hedge_wallet(spec: WalletSpec) -> Iterator[World[Any]]:
    for module in (wallet_alone, cycle, hedge_wallet):  # the quick ones first
        yield from (evolve(world, spec=spec) for world in module.worlds())


def _mirroring(spec: RequestSpec) -> Iterator[World[Any]]:
    stepped = partial(machine.step, spec=spec)
    yield from (mirroring_world(name, size, stepped) for name, size in SIZES.items())


def _supervisor(spec: SupervisorSpec) -> Iterator[World[Any]]:
    gate = Gate(step=partial(supervisors.step, spec=spec))
    yield from (named(name, gate) for name in SCOPES)


UNDER: Mapping[str, Worlds] = MappingProxyType(
    {
        "order": _order,
        "position": _position,
        "hedge_wallet": _hedge_wallet,
        "mirroring": _mirroring,
        "supervisor": _supervisor,
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
