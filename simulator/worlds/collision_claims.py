"""What is claimed of the collision worlds, in features of their actors and channels."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from simulator.actors import Holds, Rule
from simulator.explorer import Move
from simulator.worlds.collision_scene import Ask, Kind
from spec.collision import PROPERTIES, State

UNFAIR = ("refuses", "has only a part")


def fair(move: Move) -> bool:
    """Return whether *move* happens in the end: messages arrive, cycles begin, the base acts.

    Nobody has to trade at the touch, and the venue need not refuse.
    """
    if move.who in ("asks", "reports"):
        return not move.what.rpartition(": ")[2].startswith(UNFAIR)
    return move.who == "bot" and move.what.startswith(("begins", "enters"))


def asks_for(symbol: int, kind: Kind) -> Callable[[Ask], int]:
    """Return what tells whether a request is a new order of *kind* in *symbol*."""
    return lambda ask: int(ask.symbol == symbol and ask.kind is kind and ask.qty > 0)


def any_of(symbols: int, holds: Callable[[Any, int], Any]) -> Holds:
    """Return whether *holds* is true of a state and any of *symbols*."""
    return lambda s: sum(1 * holds(s, symbol) for symbol in range(symbols)) > 0


def of(s: Any, name: str, symbol: int) -> Any:  # noqa: ANN401  # a number or an array, here and below
    """Return the feature *name* of *symbol*."""
    return getattr(s, f"{name}_{symbol}")


def both_there(s: Any, symbol: int) -> Any:  # noqa: ANN401
    """Return whether both sides of *symbol* are at the venue."""
    return (of(s, "base_there", symbol) == 1) & (of(s, "mirror_there", symbol) == 1)


def both_coming(s: Any, symbol: int) -> Any:  # noqa: ANN401
    """Return whether both sides of *symbol* are at the venue or on their way there."""
    base = of(s, "base_there", symbol) + of(s, "base_sent", symbol)
    mirror = of(s, "mirror_there", symbol) + of(s, "mirror_sent", symbol)
    return (base > 0) & (mirror > 0)


def late(s: Any, symbol: int) -> Any:  # noqa: ANN401
    """Return whether a close has filled that is to be taken back."""
    return (of(s, "recalls", symbol) == 1) & (of(s, "short", symbol) == 0)


def freed(s: Any, symbol: int) -> Any:  # noqa: ANN401
    """Return whether the base has given up, and nobody is left."""
    gone = (of(s, "short", symbol) == 0) & (of(s, "state", symbol) == State.FREE)
    return gone & (of(s, "gave_up", symbol) == 1)


def grows(s: Any, symbol: int) -> Any:  # noqa: ANN401
    """Return whether a mirror is larger than we know, and to be closed."""
    return (of(s, "closes", symbol) == 1) & (of(s, "short", symbol) > of(s, "mirror_lots", symbol))


def moves_on(s: Any) -> Any:  # noqa: ANN401
    """Return whether the overlay is in another symbol before it has left the first."""
    return (s.closes_0 == 1) & (s.short_0 > 0) & (s.short_1 > 0)


def hedged(s: Any, symbol: int) -> Any:  # noqa: ANN401
    """Return whether both sides of *symbol* are held."""
    return (of(s, "long", symbol) > 0) & (of(s, "short", symbol) > 0)


def goes_on(s: Any, symbol: int) -> Any:  # noqa: ANN401
    """Return whether the base has *symbol* for itself, after an alert."""
    return (of(s, "state", symbol) == State.BASE) & (s.alerted == 1)


def unflawed(flaw: str) -> Holds:
    """Return whether *flaw* has never come up."""
    return lambda s: getattr(s, flaw) == 0


def holds(symbols: int) -> Mapping[str, Holds]:
    """Return what each property claims of a world of *symbols*."""
    there, coming = any_of(symbols, both_there), any_of(symbols, both_coming)
    return {
        "COL-1.1": lambda s: 1 - there(s),
        "COL-1.2": lambda s: 1 - coming(s),
        "COL-2": unflawed("rushed"),
        "COL-3": lambda s: s.base_in == 1,
        "COL-4.1": unflawed("intruded"),
        "COL-4.2": unflawed("reopened"),
        "COL-5.1": any_of(symbols, late),
        "COL-5.2": any_of(symbols, lambda s, symbol: of(s, "part_closed", symbol) == 1),
        "COL-5.3": any_of(symbols, freed),
        "COL-5.4": any_of(symbols, lambda s, symbol: of(s, "crosses", symbol) == 1),
        "COL-5.5": any_of(symbols, grows),
        "COL-5.6": moves_on,
        "COL-6.1": unflawed("gated"),
        "COL-6.2": unflawed("hindered"),
        "COL-6.3": any_of(symbols, hedged),
        "COL-7.1": unflawed("misled"),
        "COL-7.2": unflawed("alerted"),
        "COL-7.3": unflawed("unheard"),
        "COL-7.4": any_of(symbols, goes_on),
    }


def rules(symbols: int, claims: Iterable[str]) -> tuple[Rule, ...]:
    """Return *claims* on a world of *symbols*."""
    found = holds(symbols)
    return tuple(Rule(PROPERTIES[each], found[each], WHEN.get(each), fair) for each in claims)


WHEN: Mapping[str, Holds] = {"COL-3": lambda s: s.keeps == 1}
