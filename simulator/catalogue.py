"""Every closed world that is checked, with its mutants."""

from itertools import chain

from simulator.judge import Entry, Mutant
from simulator.mutants import cycle as cycle_mutants
from simulator.mutants import hedge_wallet as hedge_wallet_mutants
from simulator.mutants import mirroring as mirroring_mutants
from simulator.mutants import order as order_mutants
from simulator.mutants import position as position_mutants
from simulator.mutants import supervisor as supervisor_mutants
from simulator.worlds import (
    cycle,
    hedge_wallet,
    mirroring,
    order,
    position,
    supervisor,
    wallet_alone,
)

WORLDS = (order, position, hedge_wallet, wallet_alone, cycle, mirroring, supervisor)
MUTANTS = (
    order_mutants,
    position_mutants,
    hedge_wallet_mutants,
    cycle_mutants,
    mirroring_mutants,
    supervisor_mutants,
)


def catalogue(*, deep: bool = False) -> tuple[Entry, ...]:
    """Return the worlds that are checked, the larger ones too where *deep*."""
    found = list(chain.from_iterable(module.worlds() for module in WORLDS))
    if deep:
        found.extend(chain.from_iterable(module.deep_worlds() for module in WORLDS))
    return tuple(Entry(world, _mutants(world.name)) for world in found)


def _mutants(name: str) -> tuple[Mutant, ...]:
    """Return the mutants of the world called *name*."""
    every = chain.from_iterable(module.mutants() for module in MUTANTS)
    return tuple(mutant for mutant in every if mutant.world.name == name)
