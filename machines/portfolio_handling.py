"""How the orders of a portfolio are handed to a venue: what may stay as it is, and in which sizes.

A venue takes few requests, and an order that is placed anew loses its place in the queue.  The
defaults hand over what is planned, as a backtest does.
"""

from attrs import evolve, frozen

from machines.messages import Wanted
from machines.planner import Ladders, Line
from machines.pricing.kinds import Kind
from spec.terms import PositionSide
from spec.units import MILLION, div_up


@frozen(kw_only=True)
class Handling:
    """What a person chooses for a venue, beside the strategy.

    An order that works stays if price and quantity of what is planned differ by *tolerance_ppm* at
    most.  Changes of the balance up to *snap_ppm* leave sizes as they are.  What opens a position,
    or unsticks one, waits until the market is within *distance_ppm* of its price, if that is given.
    Orders of the base are *post_only*, but for those that close in panic.
    """

    tolerance_ppm: int = 0
    snap_ppm: int = 0
    distance_ppm: int | None = None
    post_only: bool = False


def near(
    ladders: Ladders, leg: PositionSide, qty: int, market: tuple[int, int], most: int
) -> Ladders:
    """Return *ladders* of *leg*, which has *qty* lots, without what is further than *most* ppm.

    *market* is bid and ask in ticks.  Closes, and entries that add to a position which is whole,
    rest wherever they are.
    """
    entries, closes, buys = ladders.entries, ladders.closes, leg is PositionSide.LONG
    if entries and (not qty or entries[0].kind == Kind.ENTRY_INITIAL_PARTIAL):
        entries = tuple(line for line in entries if _apart(line, market, buys=buys) <= most)
    closes = tuple(
        line
        for line in closes
        if line.kind != Kind.CLOSE_UNSTUCK or _apart(line, market, buys=not buys) <= most
    )
    return Ladders(entries, closes)


def _apart(line: Line, market: tuple[int, int], *, buys: bool) -> int:
    """Return how far *line* is from its own side of *market*, in ppm; below 0 it is through it."""
    bid, ask = market
    if buys:
        return div_up((bid - line.price_ticks) * MILLION, max(bid, 1))
    return div_up((line.price_ticks - ask) * MILLION, max(ask, 1))


def stays(order: Wanted, line: Line, handling: Handling) -> bool:
    """Return whether *order*, which works, may stay for *line*.

    An entry may be a little smaller, never larger; a close has to have the quantity, which is all
    of a position in the end.

    >>> from spec.terms import Side
    >>> order = Wanted(key=0, kind=Kind.ENTRY_GRID_NORMAL, side=Side.BUY, qty=99, price_ticks=100)
    >>> line = Line(100, 100, Kind.ENTRY_GRID_NORMAL)
    >>> [stays(order, line, Handling(tolerance_ppm=ppm)) for ppm in (9_999, 10_000)]
    [False, True]
    """
    most = handling.tolerance_ppm
    lacking, apart = line.qty - order.qty, abs(line.price_ticks - order.price_ticks)
    if order.kind != line.kind or lacking < 0 or (lacking and order.reduce_only):
        return False
    return lacking * MILLION <= most * line.qty and apart * MILLION <= most * line.price_ticks


def sized(sizes: int, cash: int, handling: Handling) -> int:
    """Return the balance that sizes go by, in money units: *sizes* as long as *cash* is near it.

    >>> [sized(1_000, cash, Handling(snap_ppm=10_000)) for cash in (990, 989)]
    [1000, 989]
    """
    steady = abs(cash - sizes) * MILLION <= handling.snap_ppm * sizes
    return sizes if steady else cash


def handed(order: Wanted, handling: Handling) -> Wanted:
    """Return *order* as it is handed over."""
    rests = handling.post_only and order.kind != Kind.CLOSE_PANIC
    return evolve(order, post_only=True) if rests else order
