"""What is claimed of market mirroring, in features of its actors and channels."""

from typing import Any

from simulator.actors import Rule
from simulator.explorer import Move
from simulator.worlds.mirroring_scene import Size
from spec.mirroring import PROPERTIES

CHANNELS = frozenset({"book", "reports", "recoup_reports", "orders", "recoups"})


def delivers(move: Move) -> bool:
    """Return whether *move* is one that working wires and venues do in the end."""
    return move.who in CHANNELS


def delivers_and_fills(move: Move) -> bool:
    """Return whether *move* is such a one, or a fill of our recoup."""
    return delivers(move) or move.what.endswith("of the recoup")


def sold(s: Any) -> Any:  # noqa: ANN401  # a number or an array, here and below
    """Return S: the lots sold and not recouped, told or not."""
    return s.booked + s.fills - s.recoups_filled


def at_risk(s: Any) -> Any:  # noqa: ANN401
    """Return E: the lots that rest at the destination, or were sold and not recouped."""
    return s.rest_1 + s.rest_2 + sold(s)


def still(s: Any) -> Any:  # noqa: ANN401
    """Return whether no more books come and nobody trades at the destination."""
    return (s.quiet == 1) & (s.calm == 1)


def mirrored(s: Any) -> Any:  # noqa: ANN401
    """MMS-4: what rests is what the last book wants, as far as M leaves room, and nothing else.

    After a refusal the next book is awaited, once halted a person.
    """
    low, high = s.wanted * (s.wanted_ticks == 1), s.wanted * (s.wanted_ticks == 2)  # noqa: PLR2004
    return ((s.rest_1 == low) & (s.rest_2 == high)) | (s.held_back == 1) | (s.halted == 1)


def recouped(s: Any) -> Any:  # noqa: ANN401
    """MMS-5: nothing is left to recoup, the source has refused it, or the loss limit has halted."""
    return (sold(s) == 0) | (s.recoup_held_back == 1) | (s.halted == 1)


def shrinks(s: Any, slots: int) -> Any:  # noqa: ANN401
    """MMS-6.3: a smaller target is under way while a cancel is."""
    canceling = sum(getattr(s, f"canceling_{slot}") for slot in range(slots))
    return (s.book == 1) & (s.next_qty < s.wanted) & (canceling > 0)


def too_late(s: Any, slots: int) -> Any:  # noqa: ANN401
    """MMS-6.1: an order has filled that we wait to see canceled."""
    return sum(getattr(s, f"canceling_{i}") * getattr(s, f"done_{i}") for i in range(slots)) > 0


def rules(size: Size) -> tuple[Rule, ...]:
    """Return the claims on a world of *size*."""
    p = PROPERTIES
    always = (
        Rule(p["MMS-1.1"], lambda s: at_risk(s) <= s.counted),
        Rule(p["MMS-1.2"], lambda s: at_risk(s) <= s.limit),
        Rule(p["MMS-2"], lambda s: s.counted <= s.limit),
        Rule(p["MMS-3.1"], lambda s: s.again == 0),
        Rule(p["MMS-3.2"], lambda s: s.rash == 0),
        Rule(p["MMS-5.2"], lambda s: s.dear == 0),
        Rule(p["MMS-5.3"], lambda s: (sold(s) >= 0) & (s.recouping <= s.unrecouped)),
        Rule(p["MMS-6.1"], lambda s: too_late(s, size.slots)),
        Rule(p["MMS-6.2"], lambda s: at_risk(s) == s.limit),
        Rule(p["MMS-6.3"], lambda s: shrinks(s, size.slots)),
        Rule(p["MMS-7"], lambda s: s.disputed == 0),
    )
    ends = (
        Rule(p["MMS-4"], mirrored, still, delivers),
        Rule(p["MMS-5.1"], recouped, still, delivers_and_fills),
    )
    early = (Rule(p["MMS-6.4"], lambda s: s.closing > 0),)
    halts = (Rule(p["MMS-6.5"], lambda s: s.halted == 1),)
    return (
        *always,
        *(ends if size.ends else ()),
        *(() if size.ordered else early),
        *(halts if size.slip < 1 else ()),
    )
