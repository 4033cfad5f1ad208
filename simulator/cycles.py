"""The cycles of a run, counted from the venue's fills.

A cycle begins with the fills of a re-entry and ends where the next one begins; the bot only says
which level each order stood for.  On a one-way account an entry that fills before the exit sells
part of the long position, so those lots count as the exit's, at the exit's level.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from attrs import frozen

from machines.ladder import SLOTS, highest, lowest
from machines.messages import Wanted
from simulator.account import BY_VENUE, Item, Trade
from simulator.closed_form import Form, coin, usd
from simulator.world import Run
from spec.hedge_wallet import Fragment, OrderKind, State
from spec.terms import PositionMode
from spec.units import div_near

Orders = Mapping[int, Wanted]  # by client order id
Turns = tuple[int, ...]
BUY, EXIT = OrderKind.MARKET_BUY_FULL, OrderKind.STOP_LOSS_FULL
ENTRY, COVER = OrderKind.STOP_ENTRY_SHORT, OrderKind.STOP_LOSS_COVER


@frozen(kw_only=True)
class Cycle:
    """From buying with all cash to the next time; times in Unix ns, money in money units.

    *end_ns* is the last fill, None while the cycle is open.  Units count from *anchor_ticks*;
    *reset_unit* is None where no RESET level was reached.  *path* holds the units at which the
    price turned, as far as the fills show them.  *orders* counts fills.

    *pnl* is the change of cash at fill prices, before fees and funding, relative to holding *qty*
    lots to the RESET level; without one, to the last close or the liquidation.  *slippage* is what
    fills away from their levels cost.  Where *simple*, pnl + slippage = *expected*, the closed
    form.  *net* = pnl - fees + funding; costs are positive, funding is positive when received.
    """

    number: int
    start_ns: int
    end_ns: int | None
    anchor_ticks: int
    qty: int
    peak_unit: int
    low_unit: int
    reset_unit: int | None
    path: Turns
    simple: bool
    orders: int
    pnl: int
    fees: int
    funding: int
    slippage: int
    expected: int | None
    net: int


class Span(NamedTuple):
    """The fills of one cycle: its *buys*, then the *rest*; *before*, the net lots held at first."""

    number: int
    buys: tuple[Trade, ...]
    rest: tuple[Trade, ...]
    before: int
    latest: bool


class Part(NamedTuple):
    """*qty* lots that traded at *price_ticks* and stood for an order of *kind* at *unit*."""

    kind: OrderKind
    unit: int
    qty: int
    price_ticks: int


class Course(NamedTuple):
    """The units 0, the peak, and where the price *turned* since; how the cycle stands now."""

    turns: Turns
    is_open: bool
    reset_unit: int | None


def cycles(run: Run) -> tuple[Cycle, ...]:
    """Return the cycles of *run*, the oldest first."""
    orders = {life.client_order_id: life.wanted for life in run.record.lives}
    found = spans(run.venue.fills)
    funding = _funding(run, found)
    return tuple(_cycle(run, orders, span, funding[span.number]) for span in found)


def spans(fills: Sequence[Trade]) -> tuple[Span, ...]:
    """Return *fills* cycle by cycle: each begins with the buys of a re-entry."""
    groups = [tuple(group) for _, group in groupby(fills, key=lambda fill: fill.kind == BUY)]
    assert not groups or groups[0][0].kind == BUY, "a fill before the first re-entry"
    found: list[Span] = []
    before = 0
    for index in range(0, len(groups), 2):
        buys, latest = groups[index], index + 2 >= len(groups)
        rest = groups[index + 1] if index + 1 < len(groups) else ()
        found.append(Span(len(found), buys, rest, before, latest))
        before += traded((*buys, *rest))
    return tuple(found)


def traded(fills: Iterable[Trade]) -> int:
    """Return the net lots that *fills* bought."""
    return sum(fill.side.sign * fill.qty for fill in fills)


def paid(fills: Iterable[Trade]) -> int:
    """Return the tick-lots that *fills* bring in, as if they were paid in full."""
    return -sum(fill.side.sign * fill.qty * fill.price_ticks for fill in fills)


def _funding(run: Run, found: Sequence[Span]) -> list[int]:
    """Return the funding of each cycle; that of the very moment of a re-entry is the new one's."""
    starts = [span.buys[0].time_ns for span in found]
    received = [0 for _ in found]
    for transfer in run.venue.account.transfers:
        if transfer.item is Item.FUNDING:
            received[bisect_right(starts, transfer.time_ns) - 1] += transfer.amount
    return received


def _cycle(run: Run, orders: Orders, span: Span, funding: int) -> Cycle:
    """Return the cycle of *span*."""
    config, (_, buys, rest, before, _) = run.setup.wallet, span
    value, unit_ticks = config.instrument.value, config.unit_ticks
    qty, anchor = before + traded(buys), div_near(-paid(buys), traded(buys))
    netting = config.mode is PositionMode.ONE_WAY
    parts = tuple(_parts(rest, orders, qty, netting=netting))
    turns, is_open, reset_unit = course = _course(run, span, parts)
    form = _form(run, span, anchor, course)
    simple = form is not None and _maps(form, parts, turns[1])
    judged = _judged(run, span, anchor, course)
    pnl = value * (paid(rest) + traded(rest) * judged)
    slippage = sum(_slippage(part, anchor + part.unit * unit_ticks) for part in parts)
    fees = sum(fill.fee for fill in (*buys, *rest))
    return Cycle(
        number=span.number,
        start_ns=buys[0].time_ns,
        end_ns=None if is_open else rest[-1].time_ns,
        anchor_ticks=anchor,
        qty=qty,
        peak_unit=turns[1],
        low_unit=min(turns[1:]),
        reset_unit=reset_unit,
        path=tuple(unit for unit, _ in groupby(turns)),
        simple=simple,
        orders=len(buys) + len(rest),
        pnl=pnl,
        fees=fees,
        funding=funding,
        slippage=value * slippage,
        expected=value * form.pnl if form is not None and simple else None,
        net=pnl - fees + funding,
    )


def _parts(fills: Iterable[Trade], orders: Orders, held: int, *, netting: bool) -> Iterator[Part]:
    """Yield what *fills* stood for; where positions net, what is *held* long is sold first."""
    known = [(fill, orders[fill.client_order_id]) for fill in fills if fill.kind != BY_VENUE]
    exits = {wanted.unit for _, wanted in known if wanted.kind == EXIT}
    for fill, wanted in known:
        kind, leaving = OrderKind(wanted.kind), 0
        if kind is EXIT:
            held -= fill.qty
        elif kind is ENTRY and netting:
            leaving = min(held, fill.qty)
            held -= leaving
        if leaving:
            unit = min(exits) if len(exits) == 1 else wanted.unit
            yield Part(EXIT, unit, leaving, fill.price_ticks)
        if fill.qty > leaving:
            yield Part(kind, wanted.unit, fill.qty - leaving, fill.price_ticks)


def _course(run: Run, span: Span, parts: Sequence[Part]) -> Course:
    """Return where the price turned, and whether and at which unit the cycle ended."""
    turns, wallet = _turns(parts), run.bot.wallet
    flat = span.before + traded((*span.buys, *span.rest)) == 0
    if span.latest and not (flat and wallet.phase is State.RESET):
        if wallet.phase is State.ADVANCE and not parts:
            turns = 0, highest(wallet) + 1
        elif wallet.phase is State.DECLINE:
            turns = (*turns[:-1], min(turns[-1], lowest(wallet)))
        return Course(turns, is_open=True, reset_unit=None)
    if _liquidated(span):
        return Course(turns, is_open=False, reset_unit=None)
    if parts[-1].kind is not COVER:
        turns = (*turns, turns[1])  # no short followed the exit: RESET is where the fall began
    return Course(turns, is_open=False, reset_unit=turns[-1])


def _turns(parts: Sequence[Part]) -> Turns:
    """Return 0, the peak, and the units at which the price turned after it, by the fills.

    A cover above a slot's edge shows that the price has been down at the edge.
    """
    turns = [0, max((part.unit + 1 for part in parts if part.kind is not COVER), default=0)]
    for rising, group in groupby(parts, key=lambda part: part.kind is COVER):
        units = [part.unit for part in group]
        if rising:
            turns[-1] = min(turns[-1], min(units) - 1)
            turns.append(max(units))
        else:
            turns.append(min(units))
    return tuple(turns)


def _liquidated(span: Span) -> bool:
    """Return whether the venue closed the position."""
    return any(fill.liquidation for fill in span.rest)


def _judged(run: Run, span: Span, anchor: int, course: Course) -> int:
    """Return the price in ticks at which the cycle is compared with holding."""
    if course.reset_unit is not None:
        return anchor + course.reset_unit * run.setup.wallet.unit_ticks
    return int(run.candles.close[-1]) if course.is_open else span.rest[-1].price_ticks


def _slippage(part: Part, level_ticks: int) -> int:
    """Return what *part* cost against its level, in tick-lots."""
    worse = part.price_ticks - level_ticks
    return part.qty * (worse if part.kind is COVER else -worse)


def _form(run: Run, span: Span, anchor: int, course: Course) -> Form | None:
    """Return the closed form of a cycle of one fall and one rise, or None if it was another."""
    turns, unit_ticks = course.turns, run.setup.wallet.unit_ticks
    if course.reset_unit is None or len(turns) != len(("anchor", "peak", "low", "reset")):
        return None
    _, peak, low, _ = turns
    qty = span.before + traded(span.buys)
    if run.setup.wallet.fragment is Fragment.COIN:
        return coin(peak - low, unit_ticks, qty, qty // SLOTS)
    instrument = run.setup.wallet.instrument
    quarter = -paid(span.buys) * instrument.value // SLOTS
    peak_ticks = anchor + peak * unit_ticks
    return usd(
        peak - low,
        unit_ticks,
        peak_ticks,
        qty,
        lambda price: instrument.affordable(quarter, price, 0),
    )


def _maps(form: Form, parts: Sequence[Part], peak: int) -> bool:
    """Return whether *parts* are the fills of *form*, lot by lot at each level."""
    lots: Counter[tuple[OrderKind, int]] = Counter()
    for part in parts:
        lots[part.kind, part.unit] += part.qty
    return lots == {(fill.kind, peak - fill.below): fill.qty for fill in form.fills}
