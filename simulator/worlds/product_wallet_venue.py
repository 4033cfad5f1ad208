"""The venue of the wallet product, and its market.

What the venue does at once it reports in frames, two reports each.  A stop that is touched fills
where the market stands.  Every order that has ended is remembered, for the queries about it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from attrs import frozen

from machines.hedge_wallet import Price
from machines.messages import Cancel, Command, Place, Query, Report, Wanted, Watch
from machines.order import (
    Acked,
    Canceled,
    CancelRejected,
    Event,
    Expired,
    Filled,
    Found,
    Lost,
    Reconciled,
    Rejected,
)
from simulator.actors import Do, Features
from spec.hedge_wallet import OrderKind
from spec.terms import OrderType, PositionSide, Reason, Side

BASE, UNIT = 1_000, 10  # in ticks
FRAME = 2  # reports
Message = Report | Price
Frame = tuple[Message, ...]
Commands = tuple[Command, ...]


class Resting(NamedTuple):
    """A stop order at the venue."""

    number: int
    order: Wanted


class End(NamedTuple):
    """How order *number* has ended; *notional* in tick-lots, only of a re-entry: it anchors."""

    number: int
    found: Found
    qty: int
    cum_qty: int
    notional: int
    reason: Reason


class Exchange(NamedTuple):
    """The market's *unit*, what rests, what has ended, and the lots held.

    *long* is the position of a one-way account, negative when short; *short* is a leg.
    *band* is what the bot has asked to be told of.  *moves* of the market and *losses* of commands
    are left.  *doubled*: two orders were taken under one id.
    """

    moves: int
    losses: int
    unit: int = 0
    resting: tuple[Resting, ...] = ()
    ends: tuple[End, ...] = ()
    long: int = 0
    short: int = 0
    band: tuple[int, int] = (0, 0)
    doubled: bool = False

    @property
    def ticks(self) -> int:
        """The last price."""
        return BASE + self.unit * UNIT


@frozen
class ExchangeActor:
    """The venue; *ids*: it is told apart in claims what becomes of so many orders.

    The market moves by up to *jump* units at once.
    """

    ids: int
    jump: int = 1

    def hears(self, state: Exchange, channel: str, commands: Commands) -> Iterator[Do]:  # noqa: ARG002
        """Yield what becomes of commands: all are read, or one of them is lost."""
        yield _told("are read", state, commands)
        if state.losses:
            less = state._replace(losses=state.losses - 1)
            for at, command in enumerate(commands):
                if not isinstance(command, Watch):
                    yield _told(f"are read, {at} is lost", less, commands, lost=at)

    def acts(self, state: Exchange) -> Iterator[Do]:
        """Yield the market's next move."""
        if state.moves:
            for units in range(-self.jump, self.jump + 1):
                if units:
                    yield _moved(state, units)

    def features(self, state: Exchange) -> Features:
        """Return what is held, what rests, and what is true of each order."""
        kinds = [OrderKind(r.order.kind) for r in state.resting]
        levels = {(r.order.kind, r.order.trigger_ticks) for r in state.resting}
        found = {
            "held": state.long - state.short,
            "long_held": max(state.long, 0),
            "short_held": state.short + max(-state.long, 0),
            "resting": len(state.resting),
            "exits": kinds.count(OrderKind.STOP_LOSS_FULL),
            "covers": kinds.count(OrderKind.STOP_LOSS_COVER),
            "twins": len(kinds) - len(levels),
            "doubled": int(state.doubled),
        }
        true = {r.number: r.order.qty for r in state.resting}
        true |= {end.number: end.cum_qty for end in state.ends}
        cum = {end.number: end.cum_qty for end in state.ends}
        for number in range(1, self.ids + 1):
            found[f"true_{number}"] = true.get(number, 0)
            found[f"held_cum_{number}"] = cum.get(number, 0)
        return found


def _told(what: str, state: Exchange, commands: Commands, lost: int = -1) -> Do:
    """Return what follows from *commands*; of the one that is *lost* that is told."""
    frame: Frame = ()
    for at, command in enumerate(commands):
        if at == lost and isinstance(command, Place | Cancel | Query):
            frame = (*frame, Report(client_order_id=command.client_order_id, event=Lost()))
        elif at != lost:
            state, more = _done(state, command)
            frame += more
    return Do(what, state, _framed(frame))


def _framed(news: Frame) -> tuple[tuple[str, Frame], ...]:
    """Return *news* in frames of two."""
    return tuple(("reports", news[at : at + FRAME]) for at in range(0, len(news), FRAME))


def _done(state: Exchange, command: Command) -> tuple[Exchange, Frame]:
    """Return *state* after *command*, and what is told of it."""
    match command:
        case Place():
            return _placed(state, command)
        case Cancel():
            return _canceled(state, command.client_order_id)
        case Query():
            return state, (_answer(state, command),)
        case Watch():
            return _watched(state._replace(band=(command.low, command.high)))
        case _:
            return state, ()


def _placed(state: Exchange, place: Place) -> tuple[Exchange, Frame]:
    """Return *state* after an order has arrived: refused, resting or filled."""
    number, order = place.client_order_id, place.order
    twice = any(number == end.number for end in state.ends)
    if twice or any(number == resting.number for resting in state.resting):
        news = Report(client_order_id=number, event=Lost(), reason=Reason.DUPLICATE_ID)
        return state._replace(doubled=state.doubled or twice), (news,)
    if order.type is not OrderType.MARKET and _crossed(state, order):
        end = End(number, Found.REJECTED, order.qty, 0, 0, Reason.TRIGGER_CROSSED)
        return state._replace(ends=(*state.ends, end)), (_report(end, Rejected()),)
    ack = Report(client_order_id=number, event=Acked())
    if order.type is not OrderType.MARKET:
        return state._replace(resting=(*state.resting, Resting(number, order))), (ack,)
    after, frame = _filled(state, number, order)
    return after, (ack, *frame)


def _filled(state: Exchange, number: int, order: Wanted) -> tuple[Exchange, Frame]:
    """Return *state* after an order has met the market; one that reduces no more than it may."""
    qty = min(order.qty, _room(state, order))
    whole = qty == order.qty
    found = Found.FILLED if whole else Found.EXPIRED
    reason = Reason.NONE if whole else Reason.REDUCE_ONLY
    cost = qty * state.ticks if order.kind == OrderKind.MARKET_BUY_FULL else 0
    end = End(number, found, order.qty, qty, cost, reason)
    after = _traded(state, order, qty)._replace(ends=(*state.ends, end))
    frame = (_report(end, Filled(qty)),) if qty else ()
    return after, frame if whole else (*frame, _report(end, Expired(qty)))


def _room(state: Exchange, order: Wanted) -> int:
    """Return the lots that the venue lets an order trade: what closes, no more than is open."""
    if order.position_side is PositionSide.NONE:
        return max(-state.long * order.side.sign, 0) if order.reduce_only else order.qty
    if order.kind == OrderKind.STOP_LOSS_FULL:
        return state.long
    return state.short if order.kind == OrderKind.STOP_LOSS_COVER else order.qty


def _traded(state: Exchange, order: Wanted, qty: int) -> Exchange:
    """Return *state* with *qty* lots of *order* in the position, or in its leg."""
    signed = qty * order.side.sign
    if order.position_side is PositionSide.SHORT:
        return state._replace(short=state.short - signed)
    return state._replace(long=state.long + signed)


def _canceled(state: Exchange, number: int) -> tuple[Exchange, Frame]:
    """Return *state* after a cancel."""
    found = next((r for r in state.resting if r.number == number), None)
    if found is None:
        return state, (Report(client_order_id=number, event=CancelRejected()),)
    end = End(number, Found.CANCELED, found.order.qty, 0, 0, Reason.NONE)
    rest = tuple(r for r in state.resting if r.number != number)
    after = state._replace(resting=rest, ends=(*state.ends, end))
    return after, (_report(end, Canceled(0)),)


def _answer(state: Exchange, query: Query) -> Report:
    """Return what is known of an order."""
    number = query.client_order_id
    for end in state.ends:
        if end.number == number:
            return _report(end, Reconciled(query.query, end.found, end.qty, end.cum_qty))
    for resting in state.resting:
        if resting.number == number:
            open_ = Reconciled(query.query, Found.OPEN, resting.order.qty, 0)
            return Report(client_order_id=number, event=open_)
    return Report(client_order_id=number, event=Reconciled(query.query, Found.ABSENT, 0, 0))


def _watched(state: Exchange) -> tuple[Exchange, Frame]:
    """Return *state* once the bot was told the price, where it is outside the band."""
    low, high = state.band
    if (low and low >= state.ticks) or (high and high <= state.ticks) or state.band == (1, 1):
        return state._replace(band=(0, 0)), (Price(state.ticks),)
    return state, ()


def _moved(state: Exchange, units: int) -> Do:
    """Return what follows from a move of the market: what it touches fills, the oldest first."""
    state = state._replace(unit=state.unit + units, moves=state.moves - 1)
    frame: Frame = ()
    for resting in state.resting:
        if _crossed(state, resting.order):
            rest = tuple(r for r in state.resting if r.number != resting.number)
            state, more = _filled(state._replace(resting=rest), resting.number, resting.order)
            frame += more
    state, more = _watched(state)
    frame += more
    return Do(f"moves {units:+d}", state, _framed(frame))


def _crossed(state: Exchange, order: Wanted) -> bool:
    """Return whether the market has reached the trigger."""
    if order.side is Side.BUY:
        return order.trigger_ticks <= state.ticks
    return order.trigger_ticks >= state.ticks


def _report(end: End, event: Event) -> Report:
    """Return *event*, with what the order has traded for."""
    return Report(client_order_id=end.number, event=event, notional=end.notional, reason=end.reason)


def show_exchange(state: Exchange) -> str:
    """Return the market, the position and what rests, in words."""
    rest = (f"{OrderKind(r.order.kind).name} at {r.order.trigger_ticks}" for r in state.resting)
    return ", ".join([f"{state.unit:+d}", f"{state.long:+d} {-state.short:+d} lots", *rest])


def show_frame(frame: Frame | Commands) -> str:
    """Return a frame in words."""
    return ", ".join(map(_word, frame))


def _word(message: Message | Command) -> str:
    """Return a message in words."""
    match message:
        case Report():
            return f"{type(message.event).__name__} {message.client_order_id}"
        case Price():
            return f"price {message.ticks}"
        case Place() | Cancel() | Query():
            return f"{type(message).__name__} {message.client_order_id}"
        case _:
            return type(message).__name__
