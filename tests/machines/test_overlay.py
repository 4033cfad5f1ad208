"""The glue of overlay and collision machines: each is told of the other, for many symbols."""

from itertools import permutations
from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from machines.mirror import Cancel, Failed, Place, Resumed, Stopped, Withdraw
from machines.mirror_inputs import Base, Entry, Market, Order, cap_of, lot_worth
from machines.overlay import (
    Alerted,
    Close,
    Mirrors,
    Moment,
    Outcome,
    Scene,
    admits,
    collision_of,
    cycle,
    cycle_of,
    known,
    restless,
    told,
    well_formed,
)
from machines.overlay_text import line
from spec.collision import State, User
from spec.mirror import Fault, Limit, Reason
from spec.mirror import State as OverlayState
from spec.terms import Instrument, PositionMode, PositionSide, Side
from spec.units import MILLION
from tests.machines.mirror_desk import ONE_WAY, base_of, free, held, settings

BASE = Base(long_n_positions=3, balance=1_000)
REST = Order(
    symbol="A",
    side=Side.SELL,
    qty=5,
    price_ticks=1,
    position_side=PositionSide.NONE,
    reduce_only=False,
    reason=Reason.OPEN,
)


def machines(position_mode: PositionMode = ONE_WAY, **changes: Any) -> Mirrors:  # noqa: ANN401
    """Return the machines of an account that hedges all of the base, with *changes*."""
    return Mirrors(settings=settings(**changes), position_mode=position_mode)


def moment(*scenes: Scene | Market) -> Moment:
    """Return the moment of *scenes*."""
    return Moment(base=BASE, scenes=tuple(map(scene, scenes)))


def scene(given_scene: Scene | Market) -> Scene:
    """Return *given_scene*; a market alone is one without orders or wants."""
    return given_scene if isinstance(given_scene, Scene) else Scene(market=given_scene)


def after(mirrors: Mirrors, *scenes: Scene | Market) -> Mirrors:
    """Return *mirrors* after a cycle of *scenes*."""
    return cycle(mirrors, moment(*scenes))[0]


def wanting(market: Market, **changes: Any) -> Scene:  # noqa: ANN401
    """Return the scene of a symbol that the base wants to enter, far from its price."""
    entry = Entry(10, 0)
    return Scene(market=evolve(market, base_entries=(entry,)), wants=True, **changes)


def closes(outcome: Outcome) -> list[tuple[str, int, bool]]:
    """Return what is closed for the base: symbol, lots, and whether it crosses."""
    found = (command for command in outcome.commands if isinstance(command, Close))
    return [(each.order.symbol, each.order.qty, each.crosses) for each in found]


def placed(outcome: Outcome) -> dict[str, int]:
    """Return the lots that the overlay places of each symbol, negative where they reduce."""
    orders = (command.order for command in outcome.commands if isinstance(command, Place))
    return {order.symbol: -order.qty if order.reduce_only else order.qty for order in orders}


def test_a_base_that_wants_a_mirrored_symbol_waits_until_it_is_free() -> None:
    """Collision handling: the mirror closes at once, the base is gated, then enters."""
    mirrors = after(machines(), base_of(100), held("A", 100))
    assert collision_of(mirrors, "A").state is State.MIRROR
    mirrors, outcome = cycle(mirrors, moment(base_of(100), wanting(held("A", 100)), free("B")))
    assert closes(outcome) == [("A", 100, False)]
    assert outcome.gated == ("A",)
    assert not admits(mirrors, "A", User.BASE)
    mirrors, outcome = cycle(mirrors, moment(base_of(100), wanting(free("A")), held("B", 100)))
    assert not outcome.gated
    assert admits(mirrors, "A", User.BASE)
    assert not restless(mirrors)


def test_the_hedge_is_made_up_elsewhere_while_a_mirror_closes() -> None:
    """A mirror that closes for the base no longer counts as hedge; its symbol gets no order."""
    mirrors = after(machines(), base_of(100), held("A", 100))
    _, outcome = cycle(mirrors, moment(base_of(100), wanting(held("A", 100)), free("B")))
    assert outcome.decision.hedge == 0
    assert placed(outcome) == {"B": 100}


def test_a_gated_entry_is_no_exposure() -> None:
    """What the base may not place needs no hedge."""
    at_touch = Scene(market=held("A", 100, base_entries=(Entry(70, 1),)), wants=True)
    mirrors = after(machines(), base_of(100), held("A", 100))
    assert cycle(mirrors, moment(base_of(100), at_touch))[1].decision.base == 100
    both = evolve(mirrors, position_mode=PositionMode.HEDGE, collisions=())
    assert cycle(both, moment(base_of(100), at_touch))[1].decision.base == 170


def test_a_close_that_does_not_fill_is_tried_again_then_crosses() -> None:
    """At the touch twice, each time for what is left; then at the market, again and again."""
    mirrors = after(machines(), base_of(100), held("A", 100))
    found = []
    for lots in (100, 60, 60, 60):
        mirrors, outcome = cycle(mirrors, moment(base_of(100), wanting(held("A", lots))))
        found += closes(outcome)
        assert outcome.gated == ("A",)
    assert found == [("A", 100, False), ("A", 60, False), ("A", 60, True), ("A", 60, True)]


def test_a_close_at_the_touch_rests_and_one_that_crosses_does_not() -> None:
    """The touch is the bid for who buys; to cross is to pay the ask."""
    spread = evolve(held("A", 100), bid_ticks=4, ask_ticks=6)
    mirrors = after(evolve(machines(), patience=0), base_of(100), spread)
    prices = {}
    for patience in (1, 0):
        patient = evolve(mirrors, collisions=(), patience=patience)
        outcome = cycle(after(patient, base_of(100), spread), moment(wanting(spread)))[1]
        (close,) = (each for each in outcome.commands if isinstance(each, Close))
        prices[close.crosses] = close.order.price_ticks
        assert close.order.reduce_only
        assert close.order.side is Side.BUY
    assert prices == {False: 4, True: 6}


def test_a_close_is_taken_back_only_after_a_cycle() -> None:
    """A cancel names what was out before, never the order that the same cycle places."""
    mirrors = after(machines(), base_of(100), held("A", 100))
    mirrors, outcome = cycle(mirrors, moment(base_of(100), wanting(held("A", 100))))
    (close,) = (each for each in outcome.commands if isinstance(each, Close))
    out = wanting(held("A", 100), orders=(close.order,))
    mirrors, outcome = cycle(mirrors, moment(base_of(100), out, free("B")))
    assert Cancel(close.order) in outcome.commands
    assert not closes(outcome)
    assert placed(outcome) == {"B": 100}  # the overlay does not wait for it
    mirrors, commands = known(mirrors, wanting(held("A", 100)))  # it was canceled
    assert [command.order.qty for command in commands if isinstance(command, Close)] == [100]
    mirrors, outcome = cycle(mirrors, moment(base_of(100), wanting(free("A"))))
    assert not outcome.gated


def test_an_order_that_opens_is_canceled_before_anything_else_is_placed() -> None:
    """It may fill before its cancel arrives: until it has ended no other mirror opens."""
    mirrors = after(machines(), base_of(100), free("A"))
    working = wanting(free("A"), orders=(REST,))
    mirrors, outcome = cycle(mirrors, moment(base_of(100), working, free("B")))
    assert outcome.commands == (Cancel(REST),)
    assert outcome.gated == ("A",)
    mirrors, outcome = cycle(mirrors, moment(base_of(100), wanting(free("A")), free("B")))
    assert placed(outcome) == {"B": 100}


def test_a_mirror_that_was_ordered_keeps_the_base_out() -> None:
    """An order counts from its hand-over, filled or not."""
    mirrors, outcome = cycle(machines(), moment(base_of(100), free("A")))
    assert placed(outcome) == {"A": 100}
    assert collision_of(mirrors, "A").state is State.MIRROR
    assert not admits(mirrors, "A", User.BASE)


def test_a_base_that_was_let_in_keeps_the_mirrors_out() -> None:
    """From the cycle in which it wants the symbol, through its entry, until it has left."""
    mirrors, outcome = cycle(machines(), moment(base_of(100), wanting(free("A"))))
    assert not outcome.gated
    assert not placed(outcome)
    mirrors, _ = known(mirrors, Scene(market=free("A"), base_opening=10))
    assert collision_of(mirrors, "A").state is State.BASE
    mirrors, outcome = cycle(mirrors, moment(base_of(100), free("A", base_qty=10)))
    assert not placed(outcome)
    mirrors, outcome = cycle(mirrors, moment(base_of(100), free("A")))
    assert placed(outcome) == {"A": 100}


def test_both_in_a_symbol_alerts_a_person() -> None:
    """Nobody may open it until one of them has gone."""
    mirrors, outcome = cycle(machines(), moment(base_of(100), held("A", 5, base_qty=7)))
    assert Alerted("A") in outcome.commands
    assert not admits(mirrors, "A", User.BASE)
    assert not admits(mirrors, "A", User.MIRROR)


def test_in_hedge_mode_nothing_collides() -> None:
    """Two-way: a mirror opens on the base's own symbol, and the base enters where a mirror is."""
    mirrors = machines(PositionMode.HEDGE)
    mirrors, outcome = cycle(mirrors, moment(wanting(free("A")), free("BASE", base_qty=100)))
    assert placed(outcome) == {"A": 50, "BASE": 50}
    mirrors, outcome = cycle(mirrors, moment(wanting(held("A", 100)), base_of(100)))
    assert not outcome.commands
    assert not outcome.gated
    assert not restless(mirrors)


def test_a_stopped_overlay_still_leaves_a_symbol_to_the_base() -> None:
    """An error stops the hedging, not the gate; the person is told where."""
    mirrors = after(machines(), base_of(100), held("A", 100))
    mirrors, commands = told(mirrors, Failed("candles"))
    assert commands == (Withdraw(), Stopped(1, Fault.MISSING, "candles"))
    mirrors, outcome = cycle(mirrors, moment(base_of(100), wanting(held("A", 100)), free("B")))
    assert outcome.state is OverlayState.STOPPED
    assert closes(outcome) == [("A", 100, False)]
    assert not placed(outcome)
    mirrors, _ = told(mirrors, Resumed(1))
    _, outcome = cycle(mirrors, moment(base_of(100), wanting(free("A")), free("B")))
    assert placed(outcome) == {"B": 100}


def test_a_missing_price_stops_the_overlay_and_names_the_symbol() -> None:
    """Never silently without a hedge."""
    lost = evolve(free("B"), bid_ticks=0, ask_ticks=0)
    _, outcome = cycle(machines(), moment(base_of(100), free("A"), lost))
    assert outcome.commands == (Stopped(1, Fault.PRICE, "B"),)


def test_who_is_kept_out_by_the_gate_is_named() -> None:
    """Those that are approved and free, while mirrors are missing and more may open."""
    far = free("A", 100, upper_ticks=200)
    scenes = far, free("B", 100), evolve(far, approved=False, instrument=Instrument(symbol="C"))
    mirrors = machines(ema_dist_ppm=0)
    assert cycle(mirrors, moment(base_of(1_000), *scenes))[1].ema_blocked == ("A", "B")
    assert cycle(mirrors, moment(*scenes))[1].ema_blocked == ()
    few = machines(ema_dist_ppm=0, max_n_positions=1)
    full = moment(base_of(1_000), held("M", 1), far)
    assert cycle(few, full)[1].ema_blocked == ()


def test_the_order_of_symbols_makes_no_difference() -> None:
    """Neither to what is asked for nor to what is remembered."""
    mirrors = after(machines(), base_of(300), held("A", 100), held("B", 100), free("C"))
    wanted = wanting(held("A", 100)), wanting(held("B", 100))
    orders = permutations((*wanted, scene(base_of(300)), scene(free("C"))))
    assert len({cycle(mirrors, moment(*scenes)) for scenes in orders}) == 1


def test_a_cycle_is_told_in_one_line() -> None:
    """Exposures against the balance, orders with their reason, collisions, gates."""
    mirrors = after(machines(), base_of(100), held("A", 100))
    scenes = base_of(100), wanting(held("A", 100)), free("B")
    _, outcome = cycle(mirrors, moment(*scenes))
    instruments = {name: Instrument(symbol=name, tick="0.05", lot="0.1") for name in "AB"}
    assert line(outcome, instruments) == (
        "ACTIVE base 10.00%, hedge 0.00%, target 10.00% +- 0.50%; "
        "collision: buy 10.0 A at 0.05; open sell 10.0 B at 0.05; base waits for A"
    )
    shut = free("A", 100, upper_ticks=200)
    _, outcome = cycle(machines(ema_dist_ppm=0), moment(base_of(1_000), shut))
    assert outcome.decision.blocks[0].limit is Limit.EMA_GATE
    assert line(outcome, instruments).endswith("limited by EMA_GATE (A), APPROVED (BASE)")


SYMBOLS = ("A", "B", "C")
WANTS = st.lists(st.booleans(), min_size=3, max_size=3)
FILLS = st.lists(st.sampled_from(["none", "part", "whole"]), min_size=6, max_size=6)


@given(st.lists(st.tuples(WANTS, FILLS, st.booleans()), max_size=12))
def test_a_one_way_account_is_never_on_both_sides(
    cycles: list[tuple[list[bool], list[str], bool]],
) -> None:
    """Whatever the base wants and whatever fills: one user a symbol, caps and numbers are kept."""
    mirrors = machines(max_n_positions=2, excess_allowance_ppm=0)
    base, hedge, orders = dict.fromkeys(SYMBOLS, 0), dict.fromkeys(SYMBOLS, 0), list[Order]()
    for wants, fills, leaves in cycles:
        for order, fill in zip(orders, fills, strict=False):
            lots = {"none": 0, "part": order.qty // 2, "whole": order.qty}[fill]
            hedge[order.symbol] += -min(lots, hedge[order.symbol]) if order.reduce_only else lots
        if leaves:
            base["A"] = 0
        asked = {s: want and not base[s] for s, want in zip(SYMBOLS, wants, strict=True)}
        scenes = [
            Scene(market=held(s, hedge[s], base_qty=base[s]), wants=asked[s]) for s in SYMBOLS
        ]
        now = moment(base_of(600), *scenes)
        mirrors, outcome = cycle(mirrors, now)
        assert well_formed(mirrors)
        assert not any(base[s] and hedge[s] for s in SYMBOLS)
        assert not any(isinstance(command, Alerted) for command in outcome.commands)
        orders = [c.order for c in outcome.commands if isinstance(c, Place | Close)]
        for symbol in SYMBOLS:
            if asked[symbol] and symbol not in outcome.gated:
                assert not hedge[symbol]
                assert symbol not in placed(outcome)
                base[symbol] = 200
        inputs = cycle_of(mirrors, now)
        more = placed(outcome)
        sizes = {m.symbol: (m.mirror_qty + more.get(m.symbol, 0)) for m in inputs.markets}
        grown = [m for m in inputs.markets if more.get(m.symbol, 0) > 0]
        assert all(sizes[m.symbol] * lot_worth(m) <= cap_of(inputs) for m in grown)
        assert not grown or sum(size > 0 for size in sizes.values()) <= 2
        for symbol in (s for s in SYMBOLS if base[s]):
            mirrors, _ = known(mirrors, Scene(market=free(symbol, base_qty=base[symbol])))


def test_the_target_follows_the_settings() -> None:
    """Half of the base is hedged where half is asked for."""
    outcome = cycle(machines(threshold_ppm=MILLION // 2), moment(base_of(100), free("A")))[1]
    assert placed(outcome) == {"A": 50}
