"""The mirror overlay with a base strategy, markets and a person.

Prices move and the base trades until all falls quiet; orders fill lot by lot, late, and before
their cancels.  What is claimed to come about in the end is claimed from when all is quiet.
"""

from collections.abc import Mapping
from functools import partial

from attrs import evolve

from machines import mirror as machine
from simulator.actors import Actor, ActorWorld, Channel
from simulator.worlds.mirror_claims import desk_features, outside_features, rules
from simulator.worlds.mirror_moment import Held, Run, Scope
from simulator.worlds.mirror_scene import (
    Desk,
    Outside,
    Person,
    desk_acts,
    desk_hears,
    outside_acts,
    person_acts,
    person_hears,
    show_desk,
    show_message,
    show_outside,
)
from spec.mirror import Mode
from spec.terms import PositionMode


def mirror_world(
    name: str, scope: Scope, possible: tuple[str, ...] = (), run: Run = machine.run
) -> ActorWorld:
    """Return the world of *scope*, where what *possible* names may come about.

    Another *run* is for mutants.
    """
    return ActorWorld(
        name, (_desk(scope, run), _outside(scope), _person(scope)), CHANNELS, rules(scope, possible)
    )


CHANNELS = (
    Channel("looks", "desk", 1, show=show_message),
    Channel("calls", "person", 1, show=show_message),
    Channel("words", "desk", 1, show=show_message),
)


def _desk(scope: Scope, run: Run) -> Actor:
    """Return the desk, with nothing open."""
    pairs = zip(scope.held, scope.prices, strict=True)
    held = tuple(Held(qty, prices[0] if qty else 0) for qty, prices in pairs)
    return Actor(
        "desk",
        Desk(
            held,
            (None,) * len(held),
            base=scope.lots[0],
            refusals=scope.refusals,
            crashes=scope.crashes,
        ),
        partial(desk_acts, scope),
        lambda desk, _, message: desk_hears(scope, run, desk, message),
        desk_features,
        show_desk,
    )


def _outside(scope: Scope) -> Actor:
    """Return all outside: each symbol at the first of its prices."""
    first = Outside(tuple(prices[0] for prices in scope.prices), scope.glitches, scope.lots[0])
    acts = partial(outside_acts, scope)
    return Actor("outside", first, acts, features=outside_features, show=show_outside)


def _person(scope: Scope) -> Actor:
    """Return the person."""
    first = Person(resumes=scope.resumes, errs=scope.errs)
    return Actor("person", first, person_acts, lambda who, _, message: person_hears(who, message))


ONE = Scope(
    prices=((6,), (2, 3)),
    sizes=(1, 1),
    uppers=(0, 0),
    approved=(1,),
    held=(0, 0),
    lots=(0, 1),
    balance=6,
    most=1,
)
PAIR = Scope(lots=(0, 2))
LEFT = evolve(
    PAIR, lots=(1,), held=(0, 2, 1), switches=True, glitches=1, resumes=1, errs=1, refusals=1
)
STARVED = Scope(
    prices=((6,), (2, 3), (2,)), lots=(0, 1), balance=6, cap=5, excess_ppm=700_000, tolerance_ppm=0
)
LATE = evolve(
    ONE,
    prices=((3,), (3, 2)),
    uppers=(0, 3),
    lots=(1,),
    balance=3,
    cap=3,
    glitches=2,
    resumes=2,
    refusals=1,
)
SCOPES: Mapping[str, tuple[Scope, tuple[str, ...]]] = {
    "mirror-base": (Scope(), ("MIR-6.1", "MIR-6.4")),
    "mirror-prices": (ONE, ("MIR-6.1",)),
    "mirror-longs": (evolve(ONE, mode=Mode.LONGS_FOR_SHORTS), ("MIR-6.1",)),
    "mirror-count": (evolve(PAIR, lots=(0, 1), balance=6, most=1), ()),
    "mirror-cap": (
        evolve(PAIR, excess_ppm=0, balance=8, cap=4, switches=True, refusals=1),
        ("MIR-6.2",),
    ),
    "mirror-gate": (evolve(ONE, uppers=(0, 3), lots=(1, 0), refusals=1), ("MIR-6.2",)),
    "mirror-sizes": (evolve(PAIR, sizes=(1, 2, 2), lots=(0, 1)), ()),
    "mirror-hedge": (
        evolve(PAIR, position_mode=PositionMode.HEDGE, approved=(0, 2), balance=24, cap=14),
        (),
    ),
    "mirror-occupied": (evolve(PAIR, approved=(0, 2), lots=(0, 1)), ()),
    "mirror-starved": (STARVED, ()),
    "mirror-left": (LEFT, ("MIR-6.3",)),
    "mirror-dust": (evolve(LEFT, sizes=(1, 1, 2), held=(0, 1, 1), glitches=0), ("MIR-6.2",)),
    "mirror-late": (LATE, ("MIR-6.2", "MIR-6.3", "MIR-6.4")),
    "mirror-limits": (
        evolve(
            ONE,
            uppers=(0, 3),
            lots=(1,),
            balance=2,
            cap=2,
            switches=True,
            glitches=2,
            resumes=2,
            errs=1,
        ),
        ("MIR-6.2",),
    ),
}

DEEP: Mapping[str, tuple[Scope, tuple[str, ...]]] = {
    "mirror-pair-prices": (evolve(PAIR, prices=((6,), (2, 3), (2,))), ("MIR-6.1", "MIR-6.4")),
    "mirror-lots": (evolve(ONE, lots=(0, 1, 2), balance=12, cap=14), ("MIR-6.1", "MIR-6.4")),
}


def named(name: str, run: Run = machine.run) -> ActorWorld:
    """Return the small world called *name*; another *run* is for mutants."""
    return mirror_world(name, *SCOPES[name], run)


def worlds() -> tuple[ActorWorld, ...]:
    """Return the worlds that are checked."""
    return tuple(map(named, SCOPES))


def deep_worlds() -> tuple[ActorWorld, ...]:
    """Return larger worlds."""
    return tuple(mirror_world(name, *scope) for name, scope in DEEP.items())
