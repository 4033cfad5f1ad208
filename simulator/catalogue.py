"""Every closed world that is checked, with its mutants."""

from itertools import chain

from simulator.judge import Entry, Mutant
from simulator.mutants import collision as collision_mutants
from simulator.mutants import cycle as cycle_mutants
from simulator.mutants import hedge_wallet as hedge_wallet_mutants
from simulator.mutants import mirror as mirror_mutants
from simulator.mutants import mirroring as mirroring_mutants
from simulator.mutants import order as order_mutants
from simulator.mutants import position as position_mutants
from simulator.mutants import product_collision as product_collision_mutants
from simulator.mutants import product_mirror as product_mirror_mutants
from simulator.mutants import product_mirroring as product_mirroring_mutants
from simulator.mutants import product_wallet as product_wallet_mutants
from simulator.mutants import slots as slots_mutants
from simulator.mutants import supervisor as supervisor_mutants
from simulator.mutants import trailing as trailing_mutants
from simulator.mutants import unstuck as unstuck_mutants
from simulator.worlds import (
    collision,
    cycle,
    hedge_wallet,
    mirror,
    mirroring,
    order,
    position,
    product_collision,
    product_mirror,
    product_mirroring,
    product_wallet,
    product_wallet_overtaking,
    slots,
    supervisor,
    trailing,
    unstuck,
    wallet_alone,
)

WORLDS = (
    order,
    position,
    hedge_wallet,
    wallet_alone,
    cycle,
    collision,
    mirror,
    mirroring,
    trailing,
    unstuck,
    slots,
    supervisor,
    product_wallet,
    product_wallet_overtaking,
    product_mirroring,
    product_collision,
    product_mirror,
)
MUTANTS = (
    order_mutants,
    position_mutants,
    hedge_wallet_mutants,
    cycle_mutants,
    collision_mutants,
    mirror_mutants,
    mirroring_mutants,
    trailing_mutants,
    unstuck_mutants,
    slots_mutants,
    supervisor_mutants,
    product_wallet_mutants,
    product_mirroring_mutants,
    product_collision_mutants,
    product_mirror_mutants,
)


def catalogue(*, deep: bool = False) -> tuple[Entry, ...]:
    """Return the worlds that are checked, the larger ones too where *deep*."""
    found = list(chain.from_iterable(module.worlds() for module in WORLDS))
    if deep:
        found.extend(chain.from_iterable(module.deep_worlds() for module in WORLDS))
    every = tuple(chain.from_iterable(module.mutants() for module in MUTANTS))
    return tuple(Entry(world, _of(world.name, every)) for world in found)


def _of(name: str, every: tuple[Mutant, ...]) -> tuple[Mutant, ...]:
    """Return the mutants of the world called *name*."""
    return tuple(mutant for mutant in every if mutant.world.name == name)
