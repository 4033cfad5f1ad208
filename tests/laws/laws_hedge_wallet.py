"""Laws of the hedge wallet, for all integers: CrossHair proves each, Hypothesis tries each.

The leading assertions of a law are what it assumes, the others what it claims.  Orders close as
the wallet wanted them (`expected`); what they traded, and for what, is left open.
"""

from attrs import evolve, frozen

from machines.hedge_wallet import Closed, Funded, Liquidated, Price, Resumed, step
from machines.ladder import (
    SLOTS,
    Config,
    Slot,
    Slots,
    Wallet,
    exit_qty,
    short_qty,
    watch,
    well_formed,
)
from spec.hedge_wallet import OrderKind, State
from spec.terms import Instrument, PositionMode

RESTING = (State.RETRACEMENT, State.DECLINE, State.RECOVERY)


@frozen
class Start:
    """A wallet in plain integers: four neighbouring edges from *low* up, the lowest one in slot
    *turn*, with *a* to *d* lots short; *value* is what a tick on a lot is worth.
    """

    phase: State
    mode: PositionMode
    low: int
    turn: int
    a: int
    b: int
    c: int
    d: int
    value: int
    min_qty: int
    unit_ticks: int
    anchor_ticks: int
    quote_ticks: int
    cash: int
    long_qty: int
    bought_qty: int
    halted: bool


def wallet_of(start: Start) -> Wallet:
    """Return the wallet of *start*."""
    instrument = Instrument(symbol="S", value=start.value, min_qty=start.min_qty)
    return Wallet(
        config=Config(instrument=instrument, unit_ticks=start.unit_ticks, mode=start.mode),
        cash=start.cash,
        phase=start.phase,
        quote_ticks=start.quote_ticks,
        anchor_ticks=start.anchor_ticks,
        bought_qty=start.bought_qty,
        long_qty=start.long_qty,
        slots=slots_of(start),
        halted=start.halted,
    )


def slots_of(start: Start) -> Slots:
    """Return the four slots of *start*."""
    low, turn = start.low, start.turn
    return (
        Slot(low + (4 - turn) % 4, start.a),
        Slot(low + (5 - turn) % 4, start.b),
        Slot(low + (6 - turn) % 4, start.c),
        Slot(low + (7 - turn) % 4, start.d),
    )


def expected(wallet: Wallet, event: Closed) -> bool:
    """Return whether *event* closes an order that *wallet* wanted when it was placed."""
    if event.qty < 0 or event.notional < 0 or not 0 <= event.slot < SLOTS:
        return False
    slot = wallet.slots[event.slot]
    match event.kind:
        case OrderKind.MARKET_BUY_FULL:
            return wallet.phase is State.RESET and event.unit == 0
        case OrderKind.STOP_LOSS_FULL:
            return wallet.phase is State.ADVANCE and event.qty <= wallet.long_qty
        case OrderKind.STOP_ENTRY_SHORT:
            # The buy waits until every other order is off the book, so nothing is bought yet.
            waiting = wallet.phase is not State.RESET or not exit_qty(wallet)
            return waiting and not slot.short
        case OrderKind.STOP_LOSS_COVER:
            right = wallet.phase in RESTING
            return right and 0 < slot.short >= event.qty


def exits_move_what_they_traded(start: Start, event: Closed) -> None:
    """HW-1, HW-2: an exit sells at most what is long; on a netting account entries count first."""
    assert event.kind is OrderKind.STOP_LOSS_FULL
    assert well_formed(wallet_of(start))
    assert expected(wallet_of(start), event)
    wallet = wallet_of(start)
    after, _ = step(wallet, event)
    assert well_formed(after)
    assert booked(wallet, after, event)


def entries_move_what_they_traded(start: Start, event: Closed) -> None:
    """HW-2, HW-4: an entry makes its slot short, and the phase says how many are."""
    assert event.kind is OrderKind.STOP_ENTRY_SHORT
    assert well_formed(wallet_of(start))
    assert expected(wallet_of(start), event)
    wallet = wallet_of(start)
    after, _ = step(wallet, event)
    assert well_formed(after)
    assert booked(wallet, after, event)


def covers_move_what_they_traded(start: Start, event: Closed) -> None:
    """HW-2, HW-4: a cover buys back what its slot sold, and the phase says what is left."""
    assert event.kind is OrderKind.STOP_LOSS_COVER
    assert well_formed(wallet_of(start))
    assert expected(wallet_of(start), event)
    wallet = wallet_of(start)
    after, _ = step(wallet, event)
    assert well_formed(after)
    assert booked(wallet, after, event)


def buys_move_what_they_traded(start: Start, event: Closed) -> None:
    """HW-2, HW-4: a re-entry buys for cash, whatever it was that filled."""
    assert event.kind is OrderKind.MARKET_BUY_FULL
    assert well_formed(wallet_of(start))
    assert expected(wallet_of(start), event)
    wallet = wallet_of(start)
    after, _ = step(wallet, event)
    assert well_formed(after)
    assert booked(wallet, after, event)


def booked(wallet: Wallet, after: Wallet, event: Closed) -> bool:
    """Return whether lots and cash moved by what *event* traded, and by no more (HW-9)."""
    buys = event.kind in (OrderKind.MARKET_BUY_FULL, OrderKind.STOP_LOSS_COVER)
    sign = 1 if buys else -1
    if net(after) - net(wallet) != sign * event.qty:
        return False
    if not event.qty and event.kind is not OrderKind.STOP_LOSS_FULL:
        return after.cash == wallet.cash
    amount = event.notional * wallet.config.instrument.value
    return after.cash == wallet.cash - sign * amount - event.fee


def net(wallet: Wallet) -> int:
    """Return the lots long minus the lots short."""
    return wallet.long_qty - short_qty(wallet)


def prices_keep_the_wallet(start: Start, ticks: int) -> None:
    """A price slides the window or ends the cycle; cash and lots stay, edges stay neighbours."""
    assert well_formed(wallet_of(start))
    wallet = wallet_of(start)
    after, _ = step(wallet, Price(ticks))
    assert well_formed(after)
    assert (after.cash, after.long_qty) == (wallet.cash, wallet.long_qty)
    assert short_qty(after) == short_qty(wallet)


def prices_inside_the_band_change_nothing(start: Start, ticks: int) -> None:
    """Whoever drives the wallet may leave out every price that it did not ask to see."""
    assert not start.halted
    assert unwatched(wallet_of(start), ticks)
    wallet = wallet_of(start)
    after, _ = step(wallet, Price(ticks))
    assert after == wallet


def unwatched(wallet: Wallet, ticks: int) -> bool:
    """Return whether *ticks* is strictly inside the band that *wallet* watches."""
    low, high = watch(wallet)
    return not (low and ticks <= low) and not (high and ticks >= high)


def other_news_keeps_the_wallet(
    start: Start,
    event: Funded | Liquidated | Resumed,
) -> None:
    """Funding moves cash alone; a liquidation ends the cycle and halts until a person resumes."""
    assert well_formed(wallet_of(start))
    wallet = wallet_of(start)
    after, _ = step(wallet, event)
    assert well_formed(after)
    match event:
        case Funded():
            assert after == evolve(wallet, cash=wallet.cash + event.amount)
        case Liquidated():
            assert (after.phase, after.halted, net(after)) == (State.RESET, True, 0)
            assert after.cash == event.cash
        case Resumed():
            assert not after.halted
            assert (after.phase, after.slots) == (wallet.phase, wallet.slots)
