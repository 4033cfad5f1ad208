"""Laws of the mirror overlay, for all integers: CrossHair proves each, Hypothesis tries each.

The leading assertions of a law are what it assumes, the others what it claims.
"""

from attrs import evolve, frozen

from machines.mirror import (
    Cancel,
    Decision,
    Failed,
    Limited,
    Overlay,
    Place,
    Resumed,
    Stopped,
    brought,
    decide,
    step,
    well_formed,
)
from machines.mirror_allocation import Plan, lots_off, lots_on, sellable
from machines.mirror_inputs import Base, Block, Cycle, Market, Order, Settings, lot_worth
from machines.mirror_ranking import underwater_ppm
from spec.mirror import Fault, Limit, Reason, State, Symbol
from spec.terms import Instrument, PositionSide, Side
from spec.units import MILLION

EMPTY = Cycle(settings=Settings(), base=Base(balance=1), markets=())
SELL = Order(
    symbol="X",
    side=Side.SELL,
    qty=1,
    price_ticks=1,
    position_side=PositionSide.SHORT,
    reduce_only=False,
    reason=Reason.OPEN,
)


@frozen
class Sizes:
    """What an order may be: lots, and what one is worth."""

    min_qty: int
    max_qty: int
    worth: int


def sensible(sizes: Sizes) -> bool:
    """Return whether *sizes* are those of an instrument with a price."""
    return 1 <= sizes.min_qty <= sizes.max_qty and sizes.worth >= 1


def what_is_sold_leaves_enough_to_sell(size: int, lots: int, min_qty: int, max_qty: int) -> None:
    """An order that reduces is of allowed size, and so is what it leaves."""
    assert 1 <= min_qty <= max_qty
    assert size >= 0
    sold = sellable(size, lots, min_qty, max_qty)
    if sold:
        assert min_qty <= sold <= max_qty
        assert sold <= lots
        assert sold == size or size - sold >= min_qty


def a_reduction_stays_at_or_above_the_band(sizes: Sizes, size: int, excess: int, band: int) -> None:
    """MIR-3: what is taken off leaves the hedge at its target less the band, or above."""
    assert sensible(sizes)
    assert size >= 0
    assert band >= 0
    assert excess > band
    instrument = Instrument(symbol="X", min_qty=sizes.min_qty, max_qty=sizes.max_qty)
    lots = lots_off(instrument, size, sizes.worth, excess, band)
    assert 0 <= lots <= size
    assert excess - lots * sizes.worth >= -band


def an_addition_fits_its_room(sizes: Sizes, room: int, wish: int) -> None:
    """MIR-1: what is added is of allowed size and fits under cap and target."""
    assert sensible(sizes)
    lots = lots_on(sizes.worth, room, wish, sizes.min_qty, sizes.max_qty)
    assert lots >= 0
    if lots:
        assert sizes.min_qty <= lots <= sizes.max_qty
        assert lots * sizes.worth <= room


def a_mirror_stays_within_cap_and_ceiling(
    sizes: Sizes, qty: int, hedge: int, wish: int, most: tuple[int, int]
) -> None:
    """MIR-1: a mirror that grows stays within its cap, and the hedge within the ceiling."""
    assert sensible(sizes)
    assert qty >= 0
    cap, ceiling = most
    mirror = mirror_of(sizes, qty)
    plan = Plan(
        side=Side.SELL,
        share_ppm=0,
        cap=cap,
        slots=1,
        hedge=hedge,
        markets=(mirror,),
        free=(),
        held=(mirror,),
        ceiling=ceiling,
        enough=ceiling,
    )
    lots = plan.more({}, mirror, wish)
    if lots:
        assert plan.size(lots, mirror) <= cap
        assert plan.planned(lots) <= ceiling
        again = plan.more(lots, mirror, wish)
        assert plan.size(again, mirror) <= cap
        assert plan.planned(again) <= ceiling


def mirror_of(sizes: Sizes, qty: int) -> Market:
    """Return a market with a mirror of *qty* lots."""
    instrument = Instrument(
        symbol="X", value=sizes.worth, min_qty=sizes.min_qty, max_qty=sizes.max_qty
    )
    return Market(instrument=instrument, bid_ticks=1, ask_ticks=1, mirror_qty=qty, approved=True)


def inside_the_band_nothing_is_ordered(
    base_qty: int, qty: int, tolerance_ppm: int, price_ticks: int
) -> None:
    """MIR-2: for every base, mirror, price and tolerance."""
    assert base_qty >= 0
    assert qty >= 0
    assert tolerance_ppm >= 0
    assert price_ticks >= 1
    assert abs(qty * price_ticks - base_qty) <= base_qty * tolerance_ppm // MILLION
    markets = (
        Market(instrument=Instrument(symbol="A"), bid_ticks=1, ask_ticks=1, base_qty=base_qty),
        Market(
            instrument=Instrument(symbol="X"),
            bid_ticks=price_ticks,
            ask_ticks=price_ticks,
            mirror_qty=qty,
            approved=True,
        ),
    )
    settings = Settings(threshold_ppm=MILLION, tolerance_ppm=tolerance_ppm)
    found = decide(Cycle(settings=settings, base=Base(balance=1), markets=markets))
    assert found.symbol is Symbol.INSIDE
    assert not found.orders


def orders_never_mix_with_cancels(qty: int, other_qty: int, ticks: int, other_ticks: int) -> None:
    """MIR-1: nothing is placed while an order that is not wanted may still fill."""
    assert qty >= 1
    now, wanted = evolve(SELL, qty=qty, price_ticks=ticks), evolve(SELL, qty=other_qty)
    sent = brought((now,), (evolve(wanted, price_ticks=other_ticks),))
    same = qty == other_qty and ticks == other_ticks
    assert (sent == ()) == same
    assert same or sent == (Cancel(now),)


def overlay_of(state: State, stops: int) -> Overlay:
    """Return the overlay in *state*, with what belongs to it."""
    return Overlay(
        state=state,
        stops=stops,
        limits=(Limit.CAP,) if state is State.LIMITED else (),
        fault=Fault.PRICE if state is State.STOPPED else Fault.NONE,
    )


def decided(symbol: Symbol, *, told: bool) -> Decision:
    """Return what a cycle may come to; *told*: by a limit that was reported already."""
    if symbol is Symbol.FAULT:
        return Decision(symbol=symbol, fault=Fault.BALANCE, where="balance")
    limit = Limit.CAP if told else Limit.COUNT
    blocks = (Block("X", limit),) if symbol is Symbol.LIMIT else ()
    return Decision(symbol=symbol, orders=(SELL,), blocks=blocks)


def a_cycle_keeps_overlays_well_formed(
    state: State, stops: int, symbol: Symbol, *, told: bool
) -> None:
    """MIR-7, MIR-8: whatever a cycle comes to; an error is told once, STOPPED is not left."""
    assert stops >= 0
    assert symbol <= Symbol.FAULT
    assert symbol is not Symbol.SAME_LIMIT
    decision = decided(symbol, told=told)
    after, sent = step(overlay_of(state, stops), EMPTY, decide=lambda _: decision)
    assert well_formed(after)
    stopped = state is State.STOPPED
    assert (after.state is State.STOPPED) == (stopped or symbol is Symbol.FAULT)
    calls = [each for each in sent if isinstance(each, Stopped)]
    assert len(calls) == (symbol is Symbol.FAULT and not stopped)
    assert after.stops == stops + len(calls)


def only_orders_that_are_decided_leave(
    state: State, stops: int, symbol: Symbol, *, told: bool
) -> None:
    """MIR-2, MIR-7: orders leave on OVER, UNDER and LEFT only, and never once STOPPED."""
    assert stops >= 0
    assert symbol <= Symbol.FAULT
    assert symbol is not Symbol.SAME_LIMIT
    decision = decided(symbol, told=told)
    _, sent = step(overlay_of(state, stops), EMPTY, decide=lambda _: decision)
    places = any(isinstance(each, Place) for each in sent)
    helps = symbol in (Symbol.LEFT, Symbol.OVER, Symbol.UNDER)
    assert places == (helps and state is not State.STOPPED)
    assert symbol is Symbol.LIMIT or not any(isinstance(each, Limited) for each in sent)


def stopped_is_left_by_a_person_who_knows(
    state: State, stops: int, event: Failed | Resumed
) -> None:
    """MIR-7: by the number of the latest stop, and by nothing else."""
    assert stops >= 0
    before = overlay_of(state, stops)
    after, _ = step(before, event)
    assert well_formed(after)
    if isinstance(event, Failed):
        assert after.state is State.STOPPED
    elif state is State.STOPPED:
        assert (after.state is State.OFF) == (event.stop == stops)
    else:
        assert after == before


def a_loss_is_under_water(side: Side, qty: int, cost: int, bid_ticks: int, ask_ticks: int) -> None:
    """A short that is worth more than it was entered for loses, a long gains."""
    assert cost > 0
    loss = underwater_ppm(side, qty, cost, bid_ticks, ask_ticks)
    gain = qty * (bid_ticks + ask_ticks) - 2 * cost
    if gain == 0:
        assert loss == 0
    elif side is Side.SELL:
        assert (loss >= 0) == (gain > 0)
    else:
        assert (loss < 0) == (gain > 0)


def worth_is_never_understated(bid_ticks: int, ask_ticks: int, value: int) -> None:
    """Exposure counts at the middle of the book or half a unit above."""
    assert 0 < bid_ticks <= ask_ticks
    assert value >= 1
    market = Market(
        instrument=Instrument(symbol="X", value=value), bid_ticks=bid_ticks, ask_ticks=ask_ticks
    )
    assert 0 <= 2 * lot_worth(market) - (bid_ticks + ask_ticks) * value <= 1
