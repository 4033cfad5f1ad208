"""Defects of an account with mirrors: overlay, collision and orders wrongly put together."""

from collections.abc import Callable
from typing import Any

from attrs import evolve

from machines import overlay
from machines.mirror import Place
from machines.overlay import Mirrors, Moment, Outcome
from simulator.judge import Mutant
from simulator.mutants.product_collision import blind, orderless
from simulator.worlds.collision_scene import NAMES
from simulator.worlds.product_mirror import SIZES, our_actor, product_world
from simulator.worlds.product_mirror_bot import BASE, SETTINGS, Rules
from spec.order import ORDER, Action, State, Symbol
from spec.terms import PositionMode

S, X, A = State, Symbol, Action
Cycled = tuple[Mirrors, Outcome]


def mutants() -> tuple[Mutant, ...]:
    """Return defects of the account, of its orders, and of what a restart knows."""
    believed = ORDER.redirected(S.NEW, X.CANCEL, S.CANCELED)
    refused = ORDER.redirected(S.PENDING_NEW, X.LOST, S.REJECTED, (A.RELEASE,))
    reopened = ORDER.redirected(S.FILLED, X.STALE, S.NEW)
    trusting = ORDER.redirected(S.PENDING_CANCEL, X.RESTS_NEW, S.CANCELED, (A.RELEASE,))
    return (
        _cycling("a one-way account counts as two-way", "COL-1.1", two_way),
        _cycling("no entry of the base is gated", "COL-1.2", ungated),
        _cycling("every entry of the base is gated", "COL-3", gated),
        _cycling("every entry of the base is gated", "MIR-4", gated),
        _cycling("the cap is twice as high", "MIR-1.1", uncapped),
        _cycling("one mirror more is opened", "MIR-1.2", crowded),
        _cycling("the overlay does not know its orders", "MIR-2", unknowing),
        _cycling("what is missing is not placed", "MIR-3.1", idle),
        _mutant("a cancel is believed when asked for", "ORD-2", "", spec=believed),
        _mutant("a lost submit counts as refused", "COL-1.1", "-lossy", spec=refused),
        _mutant("a lost submit is sent again", "ORD-3", "-lossy", step=blind),
        _mutant("a refused cancel counts as done", "ORD-2", "-overtaking", spec=trusting),
        _mutant("a restart forgets the orders", "ORD-2", "-crash", survives=orderless),
        _mutant("a late report reopens a filled order", "ORD-4", "-mixed", spec=reopened),
    )


def two_way(mirrors: Mirrors, moment: Moment) -> Cycled:
    """Begin a cycle as if the account held both sides of a symbol."""
    return overlay.cycle(evolve(mirrors, position_mode=PositionMode.HEDGE), moment)


def ungated(mirrors: Mirrors, moment: Moment) -> Cycled:
    """Begin a cycle, and let every entry of the base pass."""
    after, found = overlay.cycle(mirrors, moment)
    return after, evolve(found, gated=())


def gated(mirrors: Mirrors, moment: Moment) -> Cycled:
    """Begin a cycle, and let no entry of the base pass."""
    after, found = overlay.cycle(mirrors, moment)
    return after, evolve(found, gated=tuple(NAMES))


def uncapped(mirrors: Mirrors, moment: Moment) -> Cycled:
    """Begin a cycle as if the account had twice the balance."""
    return overlay.cycle(mirrors, evolve(moment, base=evolve(BASE, balance=2 * BASE.balance)))


def crowded(mirrors: Mirrors, moment: Moment) -> Cycled:
    """Begin a cycle as if one mirror more were allowed, at the same cap."""
    base = evolve(BASE, balance=2 * BASE.balance)
    settings = evolve(SETTINGS, max_n_positions=SETTINGS.max_n_positions + 1)
    return overlay.cycle(evolve(mirrors, settings=settings), evolve(moment, base=base))


def unknowing(mirrors: Mirrors, moment: Moment) -> Cycled:
    """Begin a cycle that is told of no order of the overlay."""
    scenes = tuple(evolve(scene, orders=()) for scene in moment.scenes)
    return overlay.cycle(mirrors, evolve(moment, scenes=scenes))


def idle(mirrors: Mirrors, moment: Moment) -> Cycled:
    """Begin a cycle, and place nothing."""
    after, found = overlay.cycle(mirrors, moment)
    commands = tuple(each for each in found.commands if not isinstance(each, Place))
    return after, evolve(found, commands=commands)


def _cycling(defect: str, property_id: str, cycle: Callable[[Mirrors, Moment], Cycled]) -> Mutant:
    """Return the mutant whose cycles begin with *cycle*."""
    return _mutant(defect, property_id, "", rules=Rules(cycle=cycle))


def _mutant(defect: str, property_id: str, name: str, **changes: Any) -> Mutant:  # noqa: ANN401
    """Return the mutant of the world called *name* with another side of ours."""
    world = f"mirrored-collision{name}"
    size = SIZES[world]
    changes.setdefault("rules", Rules(numbered=size.mixed))
    return Mutant(defect, property_id, product_world(world, size, our_actor(**changes)))
