"""What is claimed of the hedge wallet over order machines, in features of the bot and the venue."""

from typing import Any

from attrs import frozen

from simulator.actors import Holds, Rule
from simulator.explorer import Move
from spec import hedge_wallet, order
from spec.hedge_wallet import State

CHANNELS = frozenset({"commands", "reports"})
ARRIVES = ("are read", "is told", "reaches nobody")
RECOVERS = ("restart", "notice that reports are missing")
SEES = {state: f"HW-6.{part}" for part, state in enumerate(list(State)[:4], start=1)}


def delivers(move: Move) -> bool:
    """Return whether *move* is one that a working wire and venue, and we, do in the end."""
    if move.who in CHANNELS:
        return move.what.endswith(ARRIVES)
    wakes = move.what.startswith("wake") and "crash" not in move.what
    return move.who == "we" and (wakes or move.what in RECOVERS)


def quiescent(s: Any) -> Any:  # noqa: ANN401  # a number or an array, here and below
    """Return whether nothing is on the way, missed or held back."""
    return (s.commands == 0) & (s.reports == 0) & (s.unsettled == 0) & (s.waiting == 0)


def busy(s: Any) -> Any:  # noqa: ANN401
    """Return whether there is nothing to claim of a quiescent bot."""
    return (quiescent(s) == 0) | (s.halted == 1)


def never_both(s: Any) -> Any:  # noqa: ANN401
    """HW-1: both are held, or counted, only in ADVANCE while news is under way."""
    leaving = (s.phase == State.ADVANCE) & (quiescent(s) == 0)
    counted = (s.long > 0) & (s.shorts > 0)
    held = (s.long_held > 0) & (s.short_held > 0)
    return ((counted | held) == 0) | leaving


def working_orders(s: Any) -> Any:  # noqa: ANN401
    """HW-3: the number of working orders, when quiescent; the venue's are ours."""
    count = 4 + (s.phase == State.ADVANCE) - 4 * (s.phase == State.RESET)
    return busy(s) | ((s.resting == count) & (s.working == count))


def phase_follows(s: Any) -> Any:  # noqa: ANN401
    """HW-4: the phase that position and working orders tell, and the position that is held."""
    advance, decline = s.phase == State.ADVANCE, s.phase == State.DECLINE
    long = (s.held > 0) & (s.exits == 1) & (s.covers == 0)
    full = (s.held < 0) & (s.covers == 4)  # noqa: PLR2004
    some = (s.held <= 0) & (s.covers < 4) & ((s.covers > 0) == (s.held < 0))  # noqa: PLR2004
    other = (advance == 0) & (decline == 0) & (s.phase != State.RESET)
    told = (advance & long) | (decline & full) | (other & some)
    return busy(s) | (told & (s.counted == s.held))


def in_reset(s: Any) -> Any:  # noqa: ANN401
    """Return whether the wallet is in RESET and may go on."""
    return (s.phase == State.RESET) & (s.halted == 0)


def out_of_reset(s: Any) -> Any:  # noqa: ANN401
    """Return whether the wallet has bought."""
    return s.phase != State.RESET


@frozen
class Orders:
    """The first *ids* orders, read from features *s*; there must be no more."""

    ids: int

    def totals_agree(self, s: Any) -> Any:  # noqa: ANN401
        """ORD-1: no fill is invented."""
        right = s.sequence <= self.ids
        for i in range(1, self.ids + 1):
            right = right & (_of(s, "cum", i) <= _of(s, "held_cum", i))
        return right

    def bounded(self, s: Any) -> Any:  # noqa: ANN401
        """ORD-2: what we may owe covers what the venue did or still may do, order by order."""
        right = s.sequence <= self.ids
        for i in range(1, self.ids + 1):
            right = right & (_of(s, "exposure", i) >= _of(s, "true", i))
        return right


def _of(s: Any, name: str, number: int) -> Any:  # noqa: ANN401
    return getattr(s, f"{name}_{number}")


def rules(ids: int, qty: int, sees: tuple[State, ...], *, resets: bool) -> tuple[Rule, ...]:
    """Return the claims on a world of *ids* orders and *qty* lots that *sees* some phases.

    *resets*: a cycle may end in it.
    """
    leaves = Rule(hedge_wallet.PROPERTIES["HW-7"], out_of_reset, in_reset, delivers)
    wallet, orders = hedge_wallet.PROPERTIES, Orders(ids)
    return (
        Rule(wallet["HW-1"], never_both),
        Rule(wallet["HW-2.1"], lambda s: s.short_held <= qty),
        Rule(wallet["HW-2.2"], lambda s: s.long_held <= qty),
        Rule(wallet["HW-3"], working_orders),
        Rule(wallet["HW-4"], phase_follows),
        Rule(wallet["HW-5"], lambda s: s.twins == 0),
        Rule(wallet["HW-10"], lambda s: s.halted == 0),
        *(Rule(wallet[SEES[state]], _is_in(state)) for state in sees),
        *((leaves,) if resets else ()),
        Rule(order.PROPERTIES["ORD-1"], orders.totals_agree),
        Rule(order.PROPERTIES["ORD-2"], orders.bounded),
        Rule(order.PROPERTIES["ORD-3"], lambda s: s.doubled == 0),
        Rule(order.PROPERTIES["ORD-4"], lambda s: s.stray == 0),
    )


def _is_in(state: State) -> Holds:
    """Return the predicate that the wallet is in *state*."""
    return lambda s: s.phase == state
