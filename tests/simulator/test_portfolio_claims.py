"""Each claim about a portfolio with mirrors is broken once, in a step of a run, and notices."""

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve, frozen

from machines.collision import Collision
from machines.messages import Alert, Bars, Command, Place, Wanted
from machines.portfolio import Event, Portfolio
from machines.portfolio_desk import is_mirror
from machines.position import Leg
from machines.pricing.kinds import Kind
from simulator import portfolio_claims
from simulator.portfolio_claims import Claims
from simulator.portfolio_world import run
from simulator.venue import Venue
from simulator.venue_terms import VenueConfig
from spec.collision import State as Use
from spec.mirror import Fault, Limit, State
from spec.terms import Instrument, OrderType, PositionMode, PositionSide, Side
from tests.simulator.portfolios import markets, setup

BARS = 150
HELD = Leg(qty=3, cost=9)


@frozen
class Step:
    """A step of a bot."""

    before: Portfolio
    event: Event
    after: Portfolio
    sent: tuple[Command, ...]

    @property
    def placed(self) -> list[Place]:
        """The orders that it placed."""
        return [each for each in self.sent if isinstance(each, Place)]


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    """The steps of a run on a one-way account in which mirrors collide with the base."""
    found = list[Step]()

    def told(_: int, event: Event, sent: tuple[Command, ...], after: Portfolio) -> None:
        if found:
            found.append(Step(found[-1].after, event, after, sent))
        else:
            found.append(Step(after, event, after, ()))

    done = run(setup(1, PositionMode.ONE_WAY, mirrored=True), markets(1, BARS), told=told)
    assert done.collided
    return found[1:]


def check(step: Step) -> None:
    """Judge *step*, by claims that have seen nothing before."""
    config = step.after.config.strategy
    venue = Venue(setup(1, config.mode, mirrored=True).venue, config.instruments)
    Claims(venue, 1).check_step(step.before, step.event, step.after, step.sent)


def first(steps: list[Step], fits: Callable[[Step], bool]) -> Step:
    """Return the first step that *fits*; it breaks no claim."""
    found = next(each for each in steps if fits(each))
    check(found)
    return found


def cycled(step: Step) -> bool:
    """Return whether the overlay has decided on something with mirrors open."""
    held = any(desk.mirror.short.qty for desk in step.after.desks)
    return isinstance(step.event, Bars) and not step.after.stale and held


def opens(step: Step) -> bool:
    """Return whether a mirror is opened."""
    return any(is_mirror(each.order) and not each.order.reduce_only for each in step.placed)


def with_overlay(bot: Portfolio, **fields: Any) -> Portfolio:  # noqa: ANN401
    """Return *bot* with an overlay that remembers something else."""
    assert bot.mirrors is not None
    overlay = evolve(bot.mirrors.overlay, **fields)
    return evolve(bot, mirrors=evolve(bot.mirrors, overlay=overlay))


def raises(step: Step, name: str) -> None:
    """Assert that *step* breaks the property *name*."""
    with pytest.raises(AssertionError, match=name):
        check(step)


def test_a_stop_is_told_and_left_by_a_person(steps: list[Step]) -> None:
    """MIR-7.1 and MIR-7.2: neither in silence."""
    step = first(steps, cycled)
    stopped = with_overlay(step.before, state=State.STOPPED, fault=Fault.PRICE)
    raises(evolve(step, before=stopped), r"MIR-7\.2")
    raises(evolve(step, after=with_overlay(step.after, stops=1)), r"MIR-7\.1")


def test_a_limit_is_told(steps: list[Step]) -> None:
    """MIR-3.4: an overlay that is limited says by what."""
    step = first(steps, cycled)
    limited = with_overlay(step.after, state=State.LIMITED, limits=(Limit.CAP,))
    raises(evolve(step, after=limited), r"MIR-3\.4")


def test_nobody_is_alerted_of_both(steps: list[Step]) -> None:
    """COL-7.2: all orders of this account have asked."""
    step = first(steps, cycled)
    raises(evolve(step, sent=(*step.sent, Alert("base and mirror both have it", 0))), r"COL-7\.2")


def test_only_an_overlay_that_works_opens(steps: list[Step]) -> None:
    """MIR-2: not once it is off, and not while it unwinds."""
    step = first(steps, opens)
    for state in (State.OFF, State.UNWINDING):
        raises(evolve(step, after=with_overlay(step.after, state=state)), "MIR-2")


def test_inside_the_band_no_order_goes_on(steps: list[Step]) -> None:
    """MIR-2: what is still wanted of the overlay after the cycle is noticed."""
    step = first(steps, lambda each: cycled(each) and portfolio_claims.inside(each.after))
    wanted = next(each.order for other in steps for each in other.placed if is_mirror(each.order))
    desk = evolve(step.after.desks[0], overlaid=(wanted,))
    raises(evolve(step, after=evolve(step.after, desks=(desk, *step.after.desks[1:]))), "MIR-2")


def test_the_base_wants_what_it_would_want_alone(steps: list[Step]) -> None:
    """MIR-4: an overlay that takes an order of the base away is noticed."""
    step = first(steps, lambda each: cycled(each) and bool(each.after.desks[0].wanted))
    desk = evolve(step.after.desks[0], wanted=())
    raises(evolve(step, after=evolve(step.after, desks=(desk, *step.after.desks[1:]))), "MIR-4")


def test_base_and_mirror_keep_apart(steps: list[Step]) -> None:
    """COL-1.2: of a symbol whose mirror is open the base has nothing."""
    step = first(steps, cycled)
    desks = tuple(
        evolve(desk, pair=evolve(desk.pair, long=HELD)) if desk.mirror.short.qty else desk
        for desk in step.after.desks
    )
    raises(evolve(step, after=evolve(step.after, desks=desks)), r"COL-1\.2")


def test_who_holds_a_symbol_is_not_gated(steps: list[Step]) -> None:
    """COL-6.1: the machine of a symbol that the base holds says so."""
    step = first(steps, lambda each: any(desk.pair.long.qty for desk in each.after.desks))
    gated = with_machines(step.after, Use.GATED)
    raises(evolve(step, after=gated), r"COL-6\.1")


def with_machines(bot: Portfolio, state: Use) -> Portfolio:
    """Return *bot* with every symbol in *state*, and nobody using it."""
    assert bot.mirrors is not None
    machines = tuple((name, Collision(state=state)) for name, _ in bot.mirrors.collisions)
    return evolve(bot, mirrors=evolve(bot.mirrors, collisions=machines))


def test_a_base_that_collided_waits_for_a_cycle(steps: list[Step]) -> None:
    """COL-2: it may not enter in the minute in which the mirror was there."""

    def enters(step: Step) -> bool:
        return any(not is_mirror(o.order) and not o.order.reduce_only for o in step.placed)

    step = first(steps, enters)
    symbol = next(each.symbol for each in step.placed if not is_mirror(each.order))
    config = step.after.config.strategy
    venue = Venue(setup(1, config.mode, mirrored=True).venue, config.instruments)
    claims = Claims(venue, 1)
    claims.mirrored_ms[symbol] = step.after.newest_ms
    with pytest.raises(AssertionError, match="COL-2"):
        claims.check_step(step.before, step.event, step.after, step.sent)


def test_a_mirror_that_is_being_closed_does_not_open(steps: list[Step]) -> None:
    """COL-4.2: not while the base waits for it to go."""
    step = first(steps, opens)
    closing, config = with_machines(step.after, Use.CLOSING), step.after.config.mirrors
    assert config is not None
    place = next(each for each in step.placed if is_mirror(each.order))
    with pytest.raises(AssertionError, match=r"COL-4\.2"):
        portfolio_claims.check_opening(closing, config, place)


def test_a_liquidation_is_of_whoever_holds_the_symbol() -> None:
    """COL-1.1: what the venue sells of a mirror makes the base hold nothing."""
    chosen = VenueConfig(deposit=4_000, leverage=20)
    venue = Venue(chosen, (Instrument(symbol="X"),))
    claims = Claims(venue, 1)
    venue.price(0, 1_000, 1_000, 0)
    order = Wanted(
        key=0, kind=Kind.MIRROR_OPEN, side=Side.BUY, qty=20, type=OrderType.MARKET, price_ticks=0
    )
    venue.submit(Place(1, order), 0, 1)
    claims.check_venue()
    assert claims.lots == [[0, 20]]
    venue.price(0, 700, 700, 2)
    assert venue.fills[-1].liquidation
    claims.check_venue()
    assert claims.lots == [[0, 0]]


def test_more_symbols_than_slots_are_found() -> None:
    """FOR-1: an order that may open counts as a position; a mirror's does not."""
    venue = Venue(VenueConfig(deposit=100_000), tuple(Instrument(symbol=each) for each in "XYZ"))
    claims = Claims(venue, 1)
    for symbol, kind in enumerate(
        (Kind.MIRROR_OPEN, Kind.ENTRY_INITIAL_NORMAL, Kind.ENTRY_INITIAL_NORMAL)
    ):
        claims.check_venue()
        venue.price(symbol, 1_000, 1_000, 0)
        order = Wanted(
            key=0, kind=kind, side=Side.BUY, qty=1, type=OrderType.LIMIT, price_ticks=900
        )
        venue.submit(Place(symbol + 1, order, symbol), symbol, 1)
    with pytest.raises(AssertionError, match="FOR-1: 2 symbols in 1 slots"):
        claims.check_venue()


def test_two_unstucking_orders_are_found() -> None:
    """UNS-1.1: both may fill, and lose more than what one of them may."""
    venue = Venue(
        VenueConfig(deposit=100_000, mode=PositionMode.HEDGE),
        tuple(Instrument(symbol=each) for each in "XY"),
    )
    claims = Claims(venue, 2)
    for symbol in range(2):
        claims.check_venue()
        venue.price(symbol, 1_000, 1_000, 0)
        rests = Wanted(
            key=0,
            kind=Kind.CLOSE_UNSTUCK,
            side=Side.BUY,
            qty=1,
            type=OrderType.LIMIT,
            price_ticks=900,
            position_side=PositionSide.LONG,
        )
        venue.submit(Place(symbol + 1, rests, symbol), symbol, 1)
    with pytest.raises(AssertionError, match=r"UNS-1\.1: 2 unstucking orders"):
        claims.check_venue()
