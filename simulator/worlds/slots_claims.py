"""What is claimed of slots, in features of the bot, the venue and the wire between them."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from simulator.actors import Holds, Rule
from simulator.explorer import Move
from simulator.worlds.slots_scene import Ask, Told
from spec.slots import PROPERTIES, Mode, State


def fair(move: Move) -> bool:
    """Return whether *move* happens in the end where it stays possible."""
    if move.who in ("person", "venue"):
        return False
    return not move.what.startswith(("crashes", "enters"))


def by_hand(news: Told) -> int:
    """Return whether *news* is about a position opened by hand."""
    return news.foreign


def placing(symbol: int) -> Callable[[Ask], int]:
    """Return what tells whether an order of *symbol* is under way."""
    return lambda ask: ask == Ask("place", symbol)


def exposed(f: Any, symbol: int) -> Any:  # noqa: ANN401  # a number or an array, here and below
    """Return whether anything of *symbol* is open at the venue or on its way there."""
    return (getattr(f, f"open_{symbol}") + getattr(f, f"placing_{symbol}")) > 0


def bounded(symbols: int, f: Any) -> Any:  # noqa: ANN401
    """FOR-1: no more symbols than slots are exposed."""
    return sum(exposed(f, symbol) * 1 for symbol in range(symbols)) <= f.slots


def owned(symbols: int, f: Any) -> Any:  # noqa: ANN401
    """FOR-2: each exposed symbol has a slot, once positions and orders are known."""
    holds: Any = True
    for symbol in range(symbols):
        out = getattr(f, f"state_{symbol}") == State.OUT
        holds = holds & ((exposed(f, symbol) == 0) | (out == 0))
    return (f.known == 0) | (f.by_hand > 0) | holds


def stopped(f: Any) -> Any:  # noqa: ANN401
    """Return whether the first symbol may not be entered, and is to be touched."""
    return (f.mode != Mode.NORMAL) & (f.mode != Mode.MANUAL) & (f.known == 1)


def rules(symbols: int, claims: tuple[str, ...]) -> tuple[Rule, ...]:
    """Return the rules of *claims* on a world of as many *symbols*."""
    holds: Mapping[str, Holds] = {
        "FOR-1": partial(bounded, symbols),
        "FOR-2": partial(owned, symbols),
        "FOR-3": lambda f: f.evicted == 0,
        "FOR-4.1": lambda f: f.unfair == 0,
        "FOR-4.2": lambda f: f.rough == 0,
        "FOR-4.3": lambda f: f.hasty == 0,
        "FOR-5": lambda f: f.waits == 0,
        "FOR-6.1": lambda f: f.leaked == 0,
        "FOR-6.2": lambda f: f.touched == 0,
        "FOR-6.3": lambda f: (stopped(f) == 0) | (f.state_0 == State.OUT) | (f.flat == 0),
        "FOR-6.4": lambda f: (f.mode != Mode.PANIC) | ((f.state_0 == State.OUT) & (f.open_0 == 0)),
        "FOR-7": lambda f: f.misled == 0,
        "FOR-8.1": lambda f: f.late == 1,
        "FOR-8.2": lambda f: f.again == 1,
        "FOR-8.3": lambda f: f.passed == 1,
        "FOR-8.4": lambda f: f.held > f.slots,
        "FOR-8.5": lambda f: f.stays == 1,
    }
    when: Mapping[str, Holds] = {
        "FOR-5": lambda f: f.waits == 1,
        "FOR-6.3": lambda f: stopped(f) & (f.flat == 1),
        "FOR-6.4": lambda f: f.mode == Mode.PANIC,
    }
    return tuple(Rule(PROPERTIES[each], holds[each], when.get(each), fair) for each in claims)
