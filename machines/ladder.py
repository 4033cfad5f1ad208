"""The hedge wallet's ladder: its data, and everything that follows from them alone.

`wanted` and `watch` are pure functions of the wallet: restarting means knowing the wallet again.
"""

from functools import lru_cache

from attrs import frozen

from machines.messages import Wanted
from spec.hedge_wallet import HEDGE_WALLET, Fragment, OrderKind, State
from spec.terms import Instrument, OrderType, PositionMode, PositionSide, Side

SLOTS = 4
BUY_KEY, EXIT_KEY, SLOT_KEY = 0, 1, 2
KEYS = SLOT_KEY + SLOTS
SHORTS = {
    State.ADVANCE: (0, SLOTS),
    State.RETRACEMENT: (0, SLOTS - 1),
    State.DECLINE: (SLOTS, SLOTS),
    State.RECOVERY: (1, SLOTS - 1),
    State.RESET: (0, 0),
}


@frozen(kw_only=True, cache_hash=True)
class Config:
    """What a person chooses: the ladder's step, the account's mode, the size of the shorts.

    *reserve_ppm* is the part of the cash that a re-entry leaves for its fee and for the price
    moving meanwhile.
    """

    instrument: Instrument
    unit_ticks: int
    mode: PositionMode = PositionMode.ONE_WAY
    fragment: Fragment = Fragment.USD
    reserve_ppm: int = 5_000


@frozen
class Slot:
    """One edge of the ladder: sells at *edge*, buys back at *edge* + 1; *short* lots are sold."""

    edge: int
    short: int = 0
    at_market: bool = False


Slots = tuple[Slot, Slot, Slot, Slot]
WINDOW: Slots = (Slot(-4), Slot(-3), Slot(-2), Slot(-1))


@frozen(kw_only=True, cache_hash=True)
class Wallet:
    """The wallet; *cash* in money units as if every trade were paid in full.

    *quote_ticks* is the price that sizes the re-entry, 0 while none is known.  *bought_qty* and
    *bought_notional* (tick-lots) add up over the orders of one re-entry.  The shorts of a cycle
    are quarters of *cycle_qty*, the lots held when it began, or of *cycle_notional*.
    """

    config: Config
    cash: int
    phase: State = HEDGE_WALLET.initial
    quote_ticks: int = 0
    anchor_ticks: int = 0
    bought_qty: int = 0
    bought_notional: int = 0
    cycle_qty: int = 0
    cycle_notional: int = 0
    long_qty: int = 0
    exit_at_market: bool = False
    slots: Slots = WINDOW
    halted: bool = False


def well_formed(wallet: Wallet) -> bool:
    """Return whether the phase says how many slots are short, and whether the exit has filled."""
    if wallet.long_qty < 0 or wallet.bought_qty < 0:
        return False
    if any(slot.short < 0 for slot in wallet.slots):
        return False
    fewest, most = SHORTS[wallet.phase]
    if not fewest <= shorts(wallet) <= most:
        return False
    if wallet.phase not in {State.ADVANCE, State.RESET} and exit_qty(wallet):
        return False
    return neighbours(wallet.slots)


def neighbours(slots: Slots) -> bool:
    """Return whether the edges are four neighbours, in turn."""
    a, b, c, d = slots
    steps = (b.edge - a.edge, c.edge - b.edge, d.edge - c.edge, a.edge - d.edge)
    return all(step == 1 or step == 1 - SLOTS for step in steps)  # provable


def level(wallet: Wallet, unit: int) -> int:
    """Return the price of *unit* in ticks."""
    return wallet.anchor_ticks + unit * wallet.config.unit_ticks


def shorts(wallet: Wallet) -> int:
    """Return how many of the four slots are short."""
    a, b, c, d = wallet.slots
    return (a.short > 0) + (b.short > 0) + (c.short > 0) + (d.short > 0)


def short_qty(wallet: Wallet) -> int:
    """Return the lots sold short."""
    a, b, c, d = wallet.slots
    return a.short + b.short + c.short + d.short


def highest(wallet: Wallet) -> int:
    """Return the highest edge."""
    a, b, c, d = wallet.slots
    return max(a.edge, b.edge, c.edge, d.edge)


def lowest(wallet: Wallet) -> int:
    """Return the lowest edge."""
    a, b, c, d = wallet.slots
    return min(a.edge, b.edge, c.edge, d.edge)


def watch(wallet: Wallet) -> tuple[int, int]:
    """Return (low, high) in ticks: a price strictly between them changes nothing; 0 is no bound.

    (1, 1) asks for the price as it is now.
    """
    if wallet.halted:
        return 0, 0
    match wallet.phase:
        case State.ADVANCE if not shorts(wallet):
            return 0, level(wallet, highest(wallet) + 2)
        case State.RETRACEMENT if not shorts(wallet):
            return 0, level(wallet, highest(wallet) + 1)
        case State.DECLINE:
            return max(level(wallet, lowest(wallet) - 1), 0), 0
        case State.RESET if not wallet.quote_ticks:
            return 1, 1
        case _:
            return 0, 0


def reentry_qty(wallet: Wallet) -> int:
    """Return the lots that all cash buys at the quoted price, 0 where that is no order."""
    instrument, price = wallet.config.instrument, wallet.quote_ticks
    reserve_ppm = instrument.taker_ppm + wallet.config.reserve_ppm
    most = instrument.max_qty - wallet.bought_qty
    qty = min(instrument.affordable(wallet.cash, price, reserve_ppm), most)
    return qty if instrument.placeable(price, qty, reduce_only=False) else 0


def exit_qty(wallet: Wallet) -> int:
    """Return the lots that the exit sells, 0 where what is left is no order."""
    return wallet.long_qty if wallet.long_qty >= wallet.config.instrument.min_qty else 0


def fragment_qty(wallet: Wallet, unit: int) -> int:
    """Return the lots that a short entry at *unit* sells, 0 where that is no order."""
    instrument, price = wallet.config.instrument, level(wallet, unit)
    if wallet.config.fragment is Fragment.COIN:
        qty = wallet.cycle_qty // SLOTS
    else:
        spent = wallet.cycle_notional * instrument.value
        qty = instrument.affordable(spent // SLOTS, price, 0)
    return qty if price > 0 and instrument.placeable(price, qty, reduce_only=False) else 0


def slot_kind(slot: Slot) -> OrderKind:
    """Return the order that *slot* waits for."""
    return OrderKind.STOP_LOSS_COVER if slot.short else OrderKind.STOP_ENTRY_SHORT


@lru_cache(maxsize=256)
def wanted(wallet: Wallet) -> tuple[Wanted, ...]:
    """Return the orders that should be working, the exit first, then from the highest level down.

    A halted wallet wants only what closes: the exit and the covers.
    """
    if wallet.phase is State.RESET:
        return () if wallet.halted else _reentry(wallet)
    leaving = wallet.phase is State.ADVANCE
    orders = [_exit(wallet)] if leaving else []
    for index, slot in sorted(enumerate(wallet.slots), key=lambda item: -item[1].edge):
        if slot.short and not leaving:  # covers wait until the exit has filled
            orders.append(_cover(wallet, index, slot))
        elif not slot.short and not wallet.halted:
            orders.append(_entry(wallet, index, slot))
    return tuple(order for order in orders if order.qty)


def _reentry(wallet: Wallet) -> tuple[Wanted, ...]:
    """Return the market buy with all cash, once everything else is off the book."""
    qty = reentry_qty(wallet) if wallet.quote_ticks else 0
    if not qty:
        return ()
    leg = _leg(wallet, PositionSide.LONG)
    kind = OrderKind.MARKET_BUY_FULL
    return (Wanted(key=BUY_KEY, kind=kind, side=Side.BUY, qty=qty, position_side=leg, alone=True),)


def _exit(wallet: Wallet) -> Wanted:
    """Return the sale of the whole position one unit below the ladder's current unit.

    It only reduces: were the position gone, it must not open another.
    """
    unit = highest(wallet)
    return Wanted(
        key=EXIT_KEY,
        kind=OrderKind.STOP_LOSS_FULL,
        side=Side.SELL,
        qty=exit_qty(wallet),
        position_side=_leg(wallet, PositionSide.LONG),
        type=OrderType.MARKET if wallet.exit_at_market else OrderType.STOP_MARKET,
        trigger_ticks=0 if wallet.exit_at_market else level(wallet, unit),
        reduce_only=wallet.config.mode is PositionMode.ONE_WAY,
        unit=unit,
    )


def _entry(wallet: Wallet, index: int, slot: Slot) -> Wanted:
    """Return the short sale of one fragment at the slot's edge."""
    return Wanted(
        key=SLOT_KEY + index,
        kind=OrderKind.STOP_ENTRY_SHORT,
        side=Side.SELL,
        qty=fragment_qty(wallet, slot.edge),
        position_side=_leg(wallet, PositionSide.SHORT),
        type=OrderType.MARKET if slot.at_market else OrderType.STOP_MARKET,
        trigger_ticks=0 if slot.at_market else level(wallet, slot.edge),
        slot=index,
        unit=slot.edge,
    )


def _cover(wallet: Wallet, index: int, slot: Slot) -> Wanted:
    """Return the purchase of what the slot sold, one unit above where it sold."""
    unit = slot.edge + 1
    return Wanted(
        key=SLOT_KEY + index,
        kind=OrderKind.STOP_LOSS_COVER,
        side=Side.BUY,
        qty=slot.short,
        position_side=_leg(wallet, PositionSide.SHORT),
        type=OrderType.MARKET if slot.at_market else OrderType.STOP_MARKET,
        trigger_ticks=0 if slot.at_market else level(wallet, unit),
        reduce_only=wallet.config.mode is PositionMode.ONE_WAY,
        slot=index,
        unit=unit,
    )


def _leg(wallet: Wallet, leg: PositionSide) -> PositionSide:
    """Return *leg* where the account has legs."""
    return leg if wallet.config.mode is PositionMode.HEDGE else PositionSide.NONE
