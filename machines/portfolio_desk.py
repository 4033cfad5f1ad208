"""One symbol of a portfolio: its orders, what it holds, and what is wanted of it."""

from itertools import chain
from typing import NamedTuple

from attrs import evolve, field, frozen

from machines import order_manager, position
from machines.messages import (
    AccountReport,
    Alert,
    Bar,
    Cancel,
    Command,
    Place,
    Query,
    Report,
    Wake,
    Wanted,
)
from machines.order_manager import Book, Booked, Ended, Stray
from machines.planner import NONE, Ladders, Line
from machines.planner_sheet import CLOSES, ENTRIES
from machines.portfolio_handling import Handling, handed, near, stays
from machines.position import Fill, Leg, Pair
from machines.pricing import sides
from machines.pricing.kinds import Kind
from machines.pricing.sides import Position, market_from
from spec.terms import Instrument, OrderType, PositionMode, PositionSide, Side

GROUPS = 2  # closes and entries
MIRROR_KEYS = 2  # of the overlay's own order, and of a close for the base
LEGS = (PositionSide.LONG, PositionSide.SHORT)


@frozen(kw_only=True, cache_hash=True)
class Desk:
    """One symbol: the *book* of its orders, the *pair* of the base's legs and what is *wanted*.

    *long* and *short* are the same legs as the base strategy looks at them.  *mirror* has the legs
    of the overlay, whose orders are *overlaid* and have the keys from *mirror_key* on.  *account*
    is the newest report of a liquidation here, *bid* and *ask* are those of the last bar.
    """

    instrument: Instrument
    book: Book
    pair: Pair
    long: Position = field(factory=Position)
    short: Position = field(factory=Position)
    wanted: tuple[Wanted, ...] = ()
    mirror: Pair = field(factory=Pair)
    overlaid: tuple[Wanted, ...] = ()
    mirror_key: int = 0
    account: AccountReport = field(factory=AccountReport)
    bid: int = 0
    ask: int = 0


class Money(NamedTuple):
    """What an event brought, in money units: *profit* before fees, and *cash* with everything."""

    profit: int = 0
    cash: int = 0


def new(instrument: Instrument, mode: PositionMode, levels: int) -> Desk:
    """Return the desk of *instrument*, with *levels* orders at most in each of its ladders."""
    keys = len(LEGS) * GROUPS * levels
    return Desk(
        instrument=instrument,
        book=order_manager.empty(keys + MIRROR_KEYS),
        pair=Pair(mode=mode),
        mirror=Pair(mode=mode),
        mirror_key=keys,
    )


def is_mirror(order: Wanted) -> bool:
    """Return whether *order* is the overlay's."""
    return order.kind >= Kind.MIRROR_OPEN


def is_unstuck(order: Wanted) -> bool:
    """Return whether *order* closes a part of a stuck position at a loss."""
    return order.kind == Kind.CLOSE_UNSTUCK


def unsticks(desk: Desk) -> bool:
    """Return whether an unstucking close is not final."""
    return any(is_unstuck(each.wanted) for each in order_manager.live(desk.book))


def idle(desk: Desk) -> bool:
    """Return whether there is no order, working or wanted."""
    return not (desk.wanted or desk.overlaid or order_manager.live(desk.book))


def reported(desk: Desk, news: Report) -> tuple[Desk, Money, tuple[Command, ...]]:
    """Return *desk* after news of one of its orders, what that brought, and what follows."""
    book, effects = order_manager.report(desk.book, news)
    desk, money = evolve(desk, book=book), Money()
    sent: list[Command] = []
    for effect in effects:
        match effect:
            case Booked():
                desk, money = _booked(desk, effect)
            case Ended():
                desk = _ended(desk, effect)
            case Stray():
                sent.append(Alert("late report", effect.client_order_id))
            case _:
                sent.append(effect)
    return desk, money, tuple(sent)


def _booked(desk: Desk, booked: Booked) -> tuple[Desk, Money]:
    """Return *desk* with a fill in its legs: whatever the order was for, the venue filled it."""
    fill = Fill(
        side=booked.wanted.side,
        qty=booked.qty,
        notional=booked.notional,
        position_side=booked.wanted.position_side,
    )
    held = desk.mirror if is_mirror(booked.wanted) else desk.pair
    pair, _ = position.step(held, fill)
    profit = (_realized(pair) - _realized(held)) * desk.instrument.value
    after = evolve(desk, mirror=pair) if held is desk.mirror else _held(desk, pair)
    return after, Money(profit, profit - booked.fee)


def _realized(pair: Pair) -> int:
    """Return what both legs have realized, in tick-lots."""
    return pair.long.realized + pair.short.realized


def _held(desk: Desk, pair: Pair) -> Desk:
    """Return *desk* holding *pair*."""
    return evolve(
        desk,
        pair=pair,
        long=_grown(desk, desk.long, desk.pair.long, pair.long),
        short=_grown(desk, desk.short, desk.pair.short, pair.short),
    )


def _grown(desk: Desk, held: Position, before: Leg, after: Leg) -> Position:
    """Return *held* once its leg is *after* instead of *before*."""
    if after is before or after == before:
        return held
    market = market_from(desk.instrument)
    return sides.traded(held, after.qty - before.qty, after.cost - before.cost, market)


def _ended(desk: Desk, ended: Ended) -> Desk:
    """Return *desk* without the want of an order that has ended, unless another one replaces it.

    What has traded, and each order of the overlay, is decided anew with the next bars.
    """
    if is_mirror(ended.wanted):
        return evolve(desk, overlaid=tuple(w for w in desk.overlaid if w != ended.wanted))
    if not ended.qty:
        return desk
    return evolve(desk, wanted=tuple(w for w in desk.wanted if w.key != ended.wanted.key))


def accounted(desk: Desk, news: AccountReport) -> tuple[Desk, Money, tuple[Command, ...]]:
    """Return *desk* after *news* of its symbol, where the venue may have closed lots.

    What they were sold and bought for is credited to the account; what they had cost is paid here.
    """
    known, before = desk.account, desk
    if news.liquidations <= known.liquidations:
        return desk, Money(), ()
    long_qty = news.long_closed - known.long_closed
    short_qty = news.short_closed - known.short_closed
    desk = _liquidated(evolve(desk, account=news), long_qty, short_qty)
    cash = (_cost(desk) - _cost(before)) * desk.instrument.value
    return desk, Money(cash=cash), (Alert("liquidated", news.symbol),)


def _cost(desk: Desk) -> int:
    """Return what all longs have cost less what all shorts have brought, in tick-lots."""
    pairs = desk.pair, desk.mirror
    return sum(pair.long.cost - pair.short.cost for pair in pairs)


def _liquidated(desk: Desk, long_qty: int, short_qty: int) -> Desk:
    """Return *desk* without these lots; what the base does not have is the mirror's."""
    long, short = min(long_qty, desk.pair.long.qty), min(short_qty, desk.pair.short.qty)
    mirror = position.closed_by_venue(desk.mirror, long_qty - long, short_qty - short)
    return evolve(_held(desk, position.closed_by_venue(desk.pair, long, short)), mirror=mirror)


def watched(desk: Desk, bar: Bar) -> Desk:
    """Return *desk* after *bar*: it moves the touch, and the extremes since the last fills."""
    long, short = desk.long, desk.short
    if long.qty or long.filled or short.qty or short.filled:
        market = market_from(desk.instrument)
        long = sides.watched(long, bar.high, bar.low, bar.close, market)
        short = sides.watched(short, bar.high, bar.low, bar.close, market)
    bid, ask = bar.bid or bar.close, bar.ask or bar.close
    return evolve(desk, bid=bid, ask=ask, long=long, short=short)


def sent(
    desk: Desk, ladders: tuple[Ladders, Ladders], handling: Handling
) -> tuple[Ladders, Ladders]:
    """Return *ladders*, longs' and shorts', without what waits for the market to come near."""
    (long, short), market, pair = ladders, (desk.bid, desk.ask), desk.pair
    if handling.distance_ppm is None or (long is NONE and short is NONE):
        return ladders
    return (
        near(long, PositionSide.LONG, pair.long.qty, market, handling.distance_ppm),
        near(short, PositionSide.SHORT, pair.short.qty, market, handling.distance_ppm),
    )


def planned(desk: Desk, ladders: tuple[Ladders, Ladders], levels: int, handling: Handling) -> Desk:
    """Return *desk* wanting the nearest *levels* orders of each of *ladders*, longs' and shorts'.

    An order that is working already, or one that may stay for it, keeps its key; one that has
    changed takes the key of one that is not wanted any more, and so waits for its end.
    """
    wanted: list[Wanted] = []
    for leg, both in zip(LEGS, ladders, strict=True):
        if both is NONE:
            continue
        for group, lines in ((CLOSES, both.closes), (ENTRIES, both.entries)):
            if not lines:
                continue
            first = ((leg - 1) * GROUPS + group) * levels
            keys, nearest = range(first, first + levels), lines[:levels]
            own = {w.wanted.key: w.wanted for w in desk.book.working[first : keys.stop] if w}
            for key, line in zip(_keys(nearest, own, keys, handling), nearest, strict=True):
                order = own.get(key)
                if order is None or not stays(order, line, handling):
                    order = _wanted(desk, key, leg, line, opens=group == ENTRIES)
                    order = handed(order, handling)
                wanted.append(order)
    return evolve(desk, wanted=tuple(wanted)) if wanted or desk.wanted else desk


def _keys(
    lines: tuple[Line, ...], working: dict[int, Wanted], keys: range, handling: Handling
) -> list[int]:
    """Return the keys of *lines*: of orders that are *working* so, else of changed ones first."""
    places = {_line(order): key for key, order in working.items()}
    found = [places.pop(line, None) for line in lines]
    if handling.tolerance_ppm:
        left = {key: working[key] for key in places.values()}
        pairs = zip(found, lines, strict=True)
        found = [_staying(left, line, handling) if key is None else key for key, line in pairs]
    changed = (key for key in sorted(working) if key not in found)
    free = chain(changed, (key for key in keys if key not in working))
    return [next(free) if key is None else key for key in found]


def _staying(left: dict[int, Wanted], line: Line, handling: Handling) -> int | None:
    """Return the key of an order that may stay for *line*, and take it from what is *left*."""
    for key, order in left.items():
        if stays(order, line, handling):
            del left[key]
            return key
    return None


def _line(order: Wanted) -> Line:
    """Return what sets *order* apart from others of its ladder."""
    return Line(order.qty, order.price_ticks, order.kind)


def _wanted(desk: Desk, key: int, leg: PositionSide, line: Line, *, opens: bool) -> Wanted:
    """Return the order of *line* at *key*."""
    buys = (leg is PositionSide.LONG) == opens
    return Wanted(
        key=key,
        kind=line.kind,
        side=Side.BUY if buys else Side.SELL,
        qty=line.qty,
        type=OrderType.LIMIT,
        price_ticks=line.price_ticks,
        position_side=leg if desk.pair.mode is PositionMode.HEDGE else PositionSide.NONE,
        reduce_only=not opens,
    )


def about(symbol: int, commands: tuple[Command, ...]) -> tuple[Command, ...]:
    """Return *commands* about *symbol*."""
    return tuple(_about(symbol, each) for each in commands)


def _about(symbol: int, command: Command) -> Command:
    """Return *command*, which is about *symbol*."""
    match command:
        case Cancel(number):
            return Cancel(number, symbol)
        case Place(number, order):
            return Place(number, order, symbol)
        case Query() | Wake():
            return evolve(command, symbol=symbol)
        case _:
            return command
