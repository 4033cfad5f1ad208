"""What is claimed of the mirror overlay, in features of its actors."""

from collections.abc import Mapping
from typing import Any

from machines.mirror import Cancel
from simulator.actors import Features, Holds, Rule
from simulator.explorer import Move
from simulator.worlds.mirror_moment import NAMES, Scope
from simulator.worlds.mirror_scene import Desk, Outside
from spec.mirror import PROPERTIES, State
from spec.units import MILLION

CHANNELS = frozenset({"looks", "calls", "words"})
FAIR = ("fills", "shows a moment", "resumes", "the answer", "the bot restarts")


def fair(move: Move) -> bool:
    """Return whether *move* happens in the end where it stays possible."""
    return move.who in CHANNELS or move.what.startswith(FAIR)


def desk_features(desk: Desk) -> Features:
    """Return what is claimed of, of the desk."""
    lots = {f"held_{number}": held.qty for number, held in enumerate(desk.held)}
    wrongs = {name: int(wrong) for name, wrong in desk.wrongs._asdict().items()}
    return {
        **lots,
        **wrongs,
        "base": desk.base,
        "state": desk.overlay.state,
        "working": sum(work is not None for work in desk.work),
        "partial": sum(
            work is not None and work.reduces and work.qty < held.qty
            for work, held in zip(desk.work, desk.held, strict=True)
        ),
        "done": int(desk.done),
        "late": int(late(desk)),
        "back": int(desk.overlay.stops > 0 and desk.overlay.state is State.ACTIVE),
    }


def late(desk: Desk) -> bool:
    """Return whether a cancel is under way to an order that has filled."""
    orders = desk.answer.orders if desk.answer else ()
    return any(
        isinstance(each, Cancel) and desk.work[NAMES.index(each.order.symbol)] is None
        for each in orders
    )


def outside_features(outside: Outside) -> Features:
    """Return what is claimed of, of all outside."""
    prices = {f"ticks_{number}": ticks for number, ticks in enumerate(outside.prices)}
    return {**prices, "on": int(outside.on), "quiet": int(outside.quiet)}


def hedge(s: Any, symbols: int) -> Any:  # noqa: ANN401  # a number or an array, here and below
    """Return the exposure of the mirrors."""
    return sum(getattr(s, f"held_{i}") * getattr(s, f"ticks_{i}") for i in range(symbols))


def inside(s: Any, scope: Scope) -> Any:  # noqa: ANN401
    """Return whether the hedge is inside the band."""
    target = s.on * (s.base * s.ticks_0 * scope.threshold_ppm // MILLION)
    band = target * scope.tolerance_ppm // MILLION
    return abs(hedge(s, len(scope.prices)) - target) <= band


def settled(s: Any, scope: Scope) -> Any:  # noqa: ANN401
    """MIR-3.1: the latest cycle saw all stand still and ordered nothing, and nothing works."""
    done = (s.done == 1) & (s.working == 0)
    return done & (inside(s, scope) | (s.state == State.LIMITED))


def unwound(s: Any, symbols: int) -> Any:  # noqa: ANN401
    """MIR-3.3: no mirror and no order is left, or what is left is too small to be closed."""
    return ((hedge(s, symbols) == 0) | (s.state == State.LIMITED)) & (s.working == 0)


ALWAYS: Mapping[str, Holds] = {
    "MIR-1.1": lambda s: s.capped == 0,
    "MIR-1.2": lambda s: s.crowded == 0,
    "MIR-1.3": lambda s: s.strayed == 0,
    "MIR-2": lambda s: s.needless == 0,
    "MIR-3.2": lambda s: s.undone == 0,
    "MIR-3.4": lambda s: s.starved == 0,
    "MIR-4": lambda s: s.lost == 0,
    "MIR-5": lambda s: s.uneven == 0,
    "MIR-7.1": lambda s: s.silent == 0,
    "MIR-7.2": lambda s: s.freed == 0,
    "MIR-8": lambda s: s.misled == 0,
}
SOMETIMES: Mapping[str, Holds] = {
    "MIR-6.1": lambda s: (s.partial > 0) & (s.on == 1),
    "MIR-6.2": lambda s: (s.state == State.LIMITED) & (s.done == 1),
    "MIR-6.3": lambda s: s.back == 1,
    "MIR-6.4": lambda s: s.late == 1,
}


def rules(scope: Scope, possible: tuple[str, ...]) -> tuple[Rule, ...]:
    """Return the claims on a world of *scope*, in which what *possible* names may come about."""
    calm = Rule(PROPERTIES["MIR-3.1"], lambda s: settled(s, scope), lambda s: s.quiet == 1, fair)
    gone = Rule(
        PROPERTIES["MIR-3.3"],
        lambda s: unwound(s, len(scope.prices)),
        lambda s: (s.quiet == 1) & (s.on == 0),
        fair,
    )
    return (
        *(Rule(PROPERTIES[name], holds) for name, holds in ALWAYS.items()),
        *(Rule(PROPERTIES[name], SOMETIMES[name]) for name in possible),
        calm,
        *((gone,) if scope.switches else ()),
    )
