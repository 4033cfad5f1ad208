"""The scenes of the hedge wallet's world, and their canonical form.

Everything is kept relative to the market, orders are numbered by age, slots are ordered by edge:
scenes that differ only in such names are one scene.
"""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple, assert_never

from attrs import evolve

from machines.bot import Bot
from machines.hedge_wallet import Price
from machines.ladder import SLOT_KEY, SLOTS, WINDOW, Slot, Slots, Wallet
from machines.messages import AccountReport, Report, Wanted
from machines.order import Found
from machines.order_manager import live, waiting
from machines.position import Leg
from spec.hedge_wallet import OrderKind, State
from spec.terms import Reason

UNIT = 10
MARKET = 1_000  # where the market always stands, in ticks
CASH = 10**9
NAMES = {
    OrderKind.STOP_LOSS_FULL: "exit",
    OrderKind.STOP_ENTRY_SHORT: "entry",
    OrderKind.STOP_LOSS_COVER: "cover",
    OrderKind.MARKET_BUY_FULL: "buy",
}
GAP = 3  # units; a jump over so many fills orders at several levels at once

Message = Report | Price | AccountReport
Answers = Mapping[int, tuple[Found, int, int, Reason]]


class Resting(NamedTuple):
    """An order at the venue; a market order rests only while part of it is unfilled."""

    client_order_id: int
    order: Wanted
    cum_qty: int = 0
    notional: int = 0
    triggered: bool = False
    moved: bool = False  # the market has moved since the first part


class Scene(NamedTuple):
    """*bot* is ours; *resting*, *long* and *short* (lots) are the venue's; *inbox* is on the way.

    A one-way venue keeps the net position in *long*, negative when short.  *band* is the price
    band that the bot has asked to be told of, (0, 0) once it was told.  *was* is the phase before
    the latest event.  While *thin*, the next order fills in two parts, while *empty* not at all.
    *account* is what the venue has to tell of the account.
    """

    bot: Bot
    resting: tuple[Resting, ...] = ()
    long: int = 0
    short: int = 0
    inbox: tuple[tuple[int, Message], ...] = ()
    band: tuple[int, int] = (0, 0)
    outcomes: tuple[Report, ...] = ()
    was: State = State.RESET
    parts: int = 0
    thin: bool = False
    empties: int = 0
    empty: bool = False
    crashes: int = 0
    liquidations: int = 0
    jumped: bool = False
    account: AccountReport = AccountReport()


def normal(scene: Scene, delta: int = 0) -> Scene:
    """Return *scene* in its canonical form, everything moved by *delta* ticks first.

    Units are counted so that level 0 is the market or less than a unit above it.  Money is left
    out, but for what a re-entry costs: nothing else depends on it in this world.
    """
    bot, numbers, units, places = _normal_bot(scene.bot, delta)
    resting = tuple(
        r._replace(
            client_order_id=numbers.get(r.client_order_id, 0),
            order=_moved(r.order, delta, units, places),
            moved=r.moved or (r.triggered and delta != 0),
            notional=r.notional and r.notional + r.cum_qty * delta,
        )
        for r in scene.resting
    )
    older = int(delta != 0)
    inbox = ((age + older, _normal_message(m, numbers, delta)) for age, m in scene.inbox)
    return scene._replace(
        bot=bot,
        resting=resting,
        inbox=tuple((age, message) for age, message in inbox if message is not None),
        band=_shift_band(scene.band, delta),
    )


@cache
def _normal_bot(bot: Bot, delta: int) -> tuple[Bot, Mapping[int, int], int, tuple[int, ...]]:
    """Return *bot* in canonical form, the new order numbers, what units grew by, the new slots."""
    wallet, book = bot.wallet, bot.book
    anchor = wallet.anchor_ticks + delta
    units = (anchor - MARKET) // UNIT if wallet.anchor_ticks else 0
    numbers = {w.client_order_id: index + 1 for index, w in enumerate(live(book))}
    by_edge = sorted(range(SLOTS), key=lambda i: (wallet.slots[i].edge, i))
    places = tuple(by_edge.index(index) for index in range(SLOTS))
    moved = [
        w
        and evolve(
            w,
            client_order_id=numbers[w.client_order_id],
            wanted=_moved(w.wanted, delta, units, places),
            notional=w.notional and w.notional + delta * w.order.cum_qty,
        )
        for w in book.working
    ]
    waits = waiting(book)
    keys = (*range(SLOT_KEY), *(SLOT_KEY + index for index in by_edge))
    refused = [book.refused[key] for key in keys]
    book = evolve(
        book,
        working=tuple(moved[key] for key in keys),
        refused=tuple(w and _moved(w, delta, units, places) for w in refused),
        failures=tuple(int(key in waits) for key in keys),
        sequence=len(numbers),
        closed=(),
    )
    fresh = evolve(
        bot,
        wallet=_normal_wallet(wallet, anchor - units * UNIT, delta, units, busy=any(book.working)),
        pair=evolve(bot.pair, long=Leg(qty=bot.pair.long.qty), short=Leg(qty=bot.pair.short.qty)),
        watched=_shift_band(bot.watched, delta),
        book=book,
    )
    return fresh, numbers, units, places


def _normal_wallet(wallet: Wallet, anchor: int, delta: int, units: int, *, busy: bool) -> Wallet:
    """Return *wallet* with its ladder anchored at *anchor* and its slots in order.

    In RESET with no order open, where the old ladder was makes no difference any more; out of it,
    the quote does not.
    """
    if wallet.phase is State.RESET and not busy:
        anchor, units, wallet = 0, 0, evolve(wallet, anchor_ticks=0, slots=WINDOW)
    buying = wallet.phase is State.RESET and wallet.bought_qty > 0
    quoted = wallet.phase is State.RESET and wallet.quote_ticks > 0
    a, b, c, d = sorted(wallet.slots, key=lambda slot: slot.edge)
    slots: Slots = _raised(a, units), _raised(b, units), _raised(c, units), _raised(d, units)
    return evolve(
        wallet,
        cash=CASH,
        quote_ticks=MARKET if quoted else 0,
        anchor_ticks=anchor if wallet.anchor_ticks else 0,
        bought_qty=wallet.bought_qty if buying else 0,
        bought_notional=wallet.bought_notional + delta * wallet.bought_qty if buying else 0,
        cycle_notional=0,
        slots=slots,
    )


def _raised(slot: Slot, units: int) -> Slot:
    """Return *slot* with its edge *units* higher."""
    return Slot(slot.edge + units, slot.short, slot.at_market)


@cache
def _moved(order: Wanted, delta: int, units: int, places: tuple[int, ...]) -> Wanted:
    """Return *order* moved by *delta* ticks and *units*, its slot at its new place."""
    trigger = order.trigger_ticks + delta if order.trigger_ticks else 0
    unit = order.unit + units
    if order.key < SLOT_KEY:
        return evolve(order, trigger_ticks=trigger, unit=unit)
    slot = places[order.slot]
    return evolve(order, trigger_ticks=trigger, unit=unit, slot=slot, key=SLOT_KEY + slot)


def _normal_message(message: Message, numbers: Mapping[int, int], delta: int) -> Message | None:
    """Return *message* in canonical form, None if the bot no longer knows its order."""
    match message:
        case Report():
            number = numbers.get(message.client_order_id)
            if number is None:
                return None
            cum_qty = getattr(message.event, "cum_qty", 0)
            notional = message.notional and message.notional + cum_qty * delta
            return evolve(message, client_order_id=number, notional=notional)
        case Price():
            return Price(message.ticks + delta)
        case AccountReport():
            return message
    assert_never(message)


def _shift_band(band: tuple[int, int], delta: int) -> tuple[int, int]:
    """Return a price band moved by *delta* ticks; absent bounds and (1, 1) stay."""
    low, high = band
    if band == (1, 1):
        return band
    return (low + delta if low else 0), (high + delta if high else 0)


def named(order: Wanted) -> str:
    """Return *order* in a few words: what it is for, and its unit as the market counts it."""
    name = NAMES[OrderKind(order.kind)]
    return f"{name} {order.unit:+d}" if order.trigger_ticks else name


def words(message: Message, bot: Bot) -> str:
    """Return *message*, as *bot* will understand it, in a few words."""
    match message:
        case Report():
            orders = {w.client_order_id: w.wanted for w in live(bot.book)}
            order = orders.get(message.client_order_id)
            total = getattr(message.event, "cum_qty", 0)
            lots = f" {total}" if total else ""
            name = named(order) if order is not None else "forgotten order"
            return f"{type(message.event).__name__}{lots} ({name})"
        case Price():
            return f"price {(message.ticks - MARKET) // UNIT:+d}"
        case AccountReport():
            return "liquidation"
    assert_never(message)
