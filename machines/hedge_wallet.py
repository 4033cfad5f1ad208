"""The hedge wallet machine: `step` moves it, `wanted` says which orders it wants.

Positions are counted per order kind, so on a one-way account the exit and the first entry, which
share a level, may fill in either order.  An order's effect on the phase is read when the order
has closed: partial fills need no states of their own.
"""

from typing import assert_never

from attrs import evolve, frozen

from machines.ladder import (
    SLOTS,
    WINDOW,
    Slot,
    Slots,
    Wallet,
    exit_qty,
    highest,
    lowest,
    neighbours,
    reentry_qty,
    shorts,
    slot_kind,
    watch,
)
from spec.fsm import Spec
from spec.hedge_wallet import HEDGE_WALLET, Action, OrderKind, State, Symbol
from spec.terms import PositionMode
from spec.units import div_near


@frozen
class Price:
    """The last price is *ticks*."""

    ticks: int


@frozen(kw_only=True)
class Closed:
    """An order of *kind* at *unit* is final; *qty* lots traded for *notional* tick-lots."""

    kind: OrderKind
    slot: int = 0
    unit: int = 0
    ordered: int
    qty: int
    notional: int
    fee: int = 0
    crossed: bool = False


@frozen
class Funded:
    """Funding of *amount* money units was received, or paid where negative."""

    amount: int


@frozen
class Liquidated:
    """The venue closed every position; *cash* money units are left."""

    cash: int


@frozen
class Resumed:
    """A person has looked and says go on."""


Event = Price | Closed | Funded | Liquidated | Resumed
WalletSpec = Spec[State, Symbol, Action]


def classify(wallet: Wallet, event: Event) -> Symbol:
    """Return what *event* amounts to for *wallet*."""
    match event:
        case Price():
            return _price(wallet, event.ticks)
        case Closed():
            return _closed(wallet, event)
        case Funded():
            return Symbol.NO_NEWS
        case Liquidated():
            return Symbol.LIQUIDATED
        case Resumed():
            return Symbol.RESUMED if wallet.halted else Symbol.NO_NEWS
    assert_never(event)


def _price(wallet: Wallet, ticks: int) -> Symbol:
    """Classify a price by the ladder rule: it counts when it touches a level."""
    low, high = watch(wallet)
    if wallet.phase is State.RESET:
        return Symbol.NO_NEWS
    if high and ticks >= high:
        return Symbol.UNIT_UP
    return Symbol.UNIT_DOWN if low and ticks <= low else Symbol.NO_NEWS


def _closed(wallet: Wallet, event: Closed) -> Symbol:
    """Classify a closed order by what is left to do."""
    in_reset = wallet.phase is State.RESET
    if in_reset and not event.qty and event.kind is not OrderKind.MARKET_BUY_FULL:
        return Symbol.NO_NEWS
    if event.kind is OrderKind.STOP_LOSS_FULL:
        return _exit_closed(wallet, event)
    if not event.qty:
        return Symbol.TRIGGER_CROSSED if event.crossed else Symbol.UNPLACED
    count = shorts(wallet)
    slot = wallet.slots[event.slot]
    match event.kind:
        case OrderKind.MARKET_BUY_FULL:
            rest = event.qty < event.ordered and reentry_qty(_booked(wallet, event)) > 0
            return Symbol.BOUGHT_PART if rest else Symbol.BOUGHT
        case OrderKind.STOP_ENTRY_SHORT if not slot.short:
            return Symbol.LAST_ENTRY_FILLED if count == SLOTS - 1 else Symbol.ENTRY_FILLED
        case OrderKind.STOP_LOSS_COVER if event.qty < slot.short:
            return Symbol.COVER_PART
        case OrderKind.STOP_LOSS_COVER if event.qty == slot.short:
            return Symbol.LAST_COVER_FILLED if count == 1 else Symbol.COVER_FILLED
        case _:
            return Symbol.CONTRADICTION


def _exit_closed(wallet: Wallet, event: Closed) -> Symbol:
    """Classify a closed exit by what is left of the long position."""
    if event.qty > wallet.long_qty:
        return Symbol.CONTRADICTION
    after = _booked(wallet, event)
    if not exit_qty(after):
        return Symbol.EXIT_FILLED_ALL_SHORT if shorts(after) == SLOTS else Symbol.EXIT_FILLED
    if event.qty:
        return Symbol.EXIT_PART
    return Symbol.TRIGGER_CROSSED if event.crossed else Symbol.UNPLACED


def step(
    wallet: Wallet, event: Event, spec: WalletSpec = HEDGE_WALLET
) -> tuple[Wallet, tuple[Action, ...]]:
    """Return *wallet* after *event*, and what changed.  Total: never raises.

    A price that jumped over several units is taken one unit a step: step again until NO_NEWS.
    """
    symbol = classify(wallet, event)
    phase, emits = spec.take(wallet.phase, symbol)
    after = _booked(wallet, event)
    for action in emits:
        after = _apply(after, event, action)
    return (after if after.phase is phase else evolve(after, phase=phase)), emits


def _netted(wallet: Wallet) -> Wallet:
    """Return *wallet* as a one-way venue has it once the exit has closed.

    An entry that filled before the exit has sold part of the long position, and the exit, which
    only reduces, has left that part.  The entry's slot has then still to be sold.
    """
    if wallet.config.mode is PositionMode.HEDGE:
        return wallet
    slots = sorted(wallet.slots, key=lambda slot: -slot.edge)
    for slot in slots:
        part = min(wallet.long_qty, slot.short)
        if part:
            index = _index(wallet, slot.edge)
            kept = _with(wallet.slots, index, Slot(slot.edge, slot.short - part))
            wallet = evolve(wallet, long_qty=wallet.long_qty - part, slots=kept)
    return wallet


def _booked(wallet: Wallet, event: Event) -> Wallet:
    """Return *wallet* with the money and the lots of *event* accounted for."""
    match event:
        case Price():
            if wallet.phase is State.RESET and watch(wallet) != (0, 0):
                return evolve(wallet, quote_ticks=event.ticks)
            return wallet
        case Funded():
            return evolve(wallet, cash=wallet.cash + event.amount)
        case Liquidated():
            a, b, c, d = wallet.slots
            flat = Slot(a.edge), Slot(b.edge), Slot(c.edge), Slot(d.edge)
            return evolve(wallet, cash=event.cash, long_qty=0, slots=flat)
        case Resumed():
            return evolve(wallet, halted=False)
        case Closed():
            return _traded(wallet, event)
    assert_never(event)


def _traded(wallet: Wallet, event: Closed) -> Wallet:
    """Return *wallet* with the trade of a closed order in its cash and its lots."""
    if not event.qty and event.kind is not OrderKind.STOP_LOSS_FULL:
        return wallet
    amount = event.notional * wallet.config.instrument.value
    match event.kind:
        case OrderKind.MARKET_BUY_FULL:
            return evolve(
                wallet,
                cash=wallet.cash - amount - event.fee,
                long_qty=wallet.long_qty + event.qty,
                bought_qty=wallet.bought_qty + event.qty,
                bought_notional=wallet.bought_notional + event.notional,
            )
        case OrderKind.STOP_LOSS_FULL:
            qty = wallet.long_qty - event.qty
            return _netted(evolve(wallet, cash=wallet.cash + amount - event.fee, long_qty=qty))
        case OrderKind.STOP_ENTRY_SHORT:
            edge = _edge(wallet, event.slot, event.unit)
            slot = Slot(edge, wallet.slots[event.slot].short + event.qty)
            cash = wallet.cash + amount - event.fee
            return evolve(wallet, cash=cash, slots=_with(wallet.slots, event.slot, slot))
        case OrderKind.STOP_LOSS_COVER:
            left = wallet.slots[event.slot].short - event.qty
            slot = Slot(_edge(wallet, event.slot, event.unit - 1), max(left, 0))
            cash = wallet.cash - amount - event.fee
            return evolve(wallet, cash=cash, slots=_with(wallet.slots, event.slot, slot))
    assert_never(event.kind)


def _edge(wallet: Wallet, index: int, edge: int) -> int:
    """Return *edge*, where slot *index* has traded, or its own once the window has left that one.

    A canceled order may fill after the market has leapt on by several units.
    """
    held = neighbours(_with(wallet.slots, index, Slot(edge)))
    return edge if held else wallet.slots[index].edge


def _apply(wallet: Wallet, event: Event, action: Action) -> Wallet:
    """Return *wallet* with the effect of *action*."""
    match action:
        case Action.SLIDE_UP:
            index = _index(wallet, lowest(wallet))
            slots = _with(wallet.slots, index, Slot(highest(wallet) + 1))
            return evolve(wallet, slots=slots, exit_at_market=False)
        case Action.SLIDE_DOWN:
            index = _index(wallet, highest(wallet))
            slot = Slot(lowest(wallet) - 1, wallet.slots[index].short)
            return evolve(wallet, slots=_with(wallet.slots, index, slot))
        case Action.AT_MARKET:
            return _at_market(wallet, event)
        case Action.QUOTE:
            return evolve(wallet, quote_ticks=0)
        case Action.ANCHOR:
            return _anchored(wallet)
        case Action.EXIT_NOW:
            return evolve(wallet, exit_at_market=True)
        case Action.HALT:
            return evolve(wallet, halted=True)
        case Action.ARM_COVER | Action.ARM_ENTRY:
            return wallet  # `_traded` has moved the slot to the unit of its fill
    assert_never(action)


def _at_market(wallet: Wallet, event: Event) -> Wallet:
    """Mark what *event* tells of to be done at market, unless it is no longer wanted there."""
    if not isinstance(event, Closed):
        return wallet
    if event.kind is OrderKind.STOP_LOSS_FULL:
        return evolve(wallet, exit_at_market=True)
    slot = wallet.slots[event.slot]
    unit = slot.edge + 1 if slot.short else slot.edge
    if event.kind is not slot_kind(slot) or event.unit != unit:
        return wallet
    crossed = Slot(slot.edge, slot.short, at_market=True)
    return evolve(wallet, slots=_with(wallet.slots, event.slot, crossed))


def _anchored(wallet: Wallet) -> Wallet:
    """Return *wallet* at the start of a cycle: level 0 is the average fill."""
    return evolve(
        wallet,
        anchor_ticks=div_near(wallet.bought_notional, wallet.bought_qty),
        bought_qty=0,
        bought_notional=0,
        cycle_qty=wallet.long_qty,
        cycle_notional=wallet.bought_notional,
        exit_at_market=False,
        slots=WINDOW,
    )


def _index(wallet: Wallet, edge: int) -> int:
    """Return the index of the slot that owns *edge*."""
    a, b, c, _ = wallet.slots
    return 0 if a.edge == edge else 1 if b.edge == edge else 2 if c.edge == edge else 3


def _with(slots: Slots, index: int, slot: Slot) -> Slots:
    """Return *slots* with the one at *index* replaced."""
    a, b, c, d = slots
    match index:
        case 0:
            return slot, b, c, d
        case 1:
            return a, slot, c, d
        case 2:
            return a, b, slot, d
        case _:
            return a, b, c, slot
