"""Trailing orders by example, pair by pair, by their laws, and by another program's answers."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from math import ceil, floor
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from adapters.candles import load
from machines.messages import Restarted
from machines.trailing import (
    OFF,
    Bar,
    Event,
    Filled,
    Leveled,
    Levels,
    RebuildFailed,
    Rebuilt,
    Trailing,
    opened,
    order_ticks,
    state_of,
    step,
    well_formed,
)
from simulator.candles import Candles
from spec.fsm import pairs
from spec.terms import Side
from spec.trailing import TRAILING, Action, State, Symbol
from tests.laws import laws_trailing
from tests.machines.strategies import TRIED, try_law

BUY = Levels(threshold_ticks=90, retracement_ppm=50_000, limit_ticks=94)
SELL = Levels(threshold_ticks=110, retracement_ppm=50_000, limit_ticks=106)
QUERY = (Action.QUERY,)


def after(trailing: Trailing, *events: Event) -> Trailing:
    """Return *trailing* after *events*."""
    for event in events:
        trailing, _ = step(trailing, event)
    return trailing


def prices(first: int, *ticks: int) -> tuple[Bar, ...]:
    """Return bars of single prices, the first numbered *first*."""
    return tuple(Bar(first + n, price, price, price) for n, price in enumerate(ticks))


IDLE = after(opened(Side.BUY, 1), Leveled(1, BUY))
TRACKING = after(IDLE, *prices(2, 80))
FIRED = after(TRACKING, *prices(3, 85))
REBUILDING = after(FIRED, Restarted())


def test_a_buy_waits_for_the_fall_and_for_the_way_back() -> None:
    """The threshold itself is not beyond it, the retracement itself not more than it."""
    seen = [after(IDLE, *prices(2, *path)).state for path in ((90,), (89,), (80, 84), (80, 85))]
    assert seen == [State.IDLE, State.TRACKING, State.TRACKING, State.FIRED]


def test_only_the_answer_to_the_latest_question_counts() -> None:
    """One that nobody waits for changes nothing, whatever it says."""
    told = Rebuilt(
        query=REBUILDING.query, since=1, moment=9, extreme_ticks=80, retraced_ticks=85, levels=BUY
    )
    assert after(REBUILDING, told).state is State.FIRED
    old = evolve(told, query=REBUILDING.query - 1)
    assert step(REBUILDING, old) == (REBUILDING, ())
    assert step(FIRED, evolve(told, query=FIRED.query)) == (FIRED, ())


@pytest.mark.parametrize(("moment", "asks"), [(1, False), (2, True), (3, False), (4, False)])
def test_a_fill_before_the_last_bar_has_the_bars_after_it_asked_for(
    moment: int, *, asks: bool
) -> None:
    """In the last bar or later there are none, and an older fill is known already."""
    assert (step(FIRED, Filled(moment))[1] == QUERY) is asks


def test_a_sell_is_a_buy_upside_down() -> None:
    """It follows the highest price: the close of a long, the entry of a short."""
    sell = after(opened(Side.SELL, 1), Leveled(1, SELL))
    paths = ((110,), (111,), (120, 114), (120, 113))
    seen = [after(sell, *prices(2, *path)).state for path in paths]
    assert seen == [State.IDLE, State.TRACKING, State.TRACKING, State.FIRED]


def test_the_way_back_starts_at_the_close_of_the_bar_with_the_extreme() -> None:
    """Its high may have been before its low; a later bar counts whole."""
    high_before = after(IDLE, Bar(2, high=89, low=80, close=82))
    assert (high_before.state, high_before.retraced_ticks) == (State.TRACKING, 82)
    assert after(high_before, Bar(3, high=85, low=82, close=82)).state is State.FIRED
    closes_high = after(IDLE, Bar(2, high=89, low=80, close=85))
    assert closes_high.state is State.FIRED


def test_a_new_extreme_withdraws_what_has_fired() -> None:
    """The way back begins again."""
    lower, emits = step(FIRED, Bar(4, 79, 79, 79))
    assert (lower.state, emits) == (State.TRACKING, (Action.WITHDRAW,))


def test_without_a_threshold_the_way_back_counts_from_the_fill() -> None:
    """And the order goes to the touch."""
    back = Levels(retracement_ppm=50_000)
    buy = after(opened(Side.BUY, 1), Leveled(1, back))
    assert buy.state is State.TRACKING
    fired = after(buy, *prices(2, 100, 106))
    assert fired.state is State.FIRED
    assert order_ticks(fired, 105) == 105


def test_without_a_retracement_the_order_rests_at_the_threshold() -> None:
    """At once, before there was any bar; without a threshold either there is no order."""
    rests, emits = step(opened(Side.BUY, 1), Leveled(1, Levels(threshold_ticks=90, limit_ticks=90)))
    assert (rests.state, emits) == (State.FIRED, (Action.PLACE,))
    assert order_ticks(rests, 99) == 90
    never = after(opened(Side.BUY, 1), Leveled(1, OFF), *prices(2, 1, 1_000))
    assert never.state is State.IDLE


def test_the_price_is_the_touch_or_the_limit_whichever_is_better() -> None:
    """A buy pays no more than its limit, a sell takes no less."""
    assert [order_ticks(FIRED, touch) for touch in (93, 94, 95)] == [93, 94, 94]
    sell = after(opened(Side.SELL, 1), Leveled(1, SELL), *prices(2, 120, 113))
    assert [order_ticks(sell, touch) for touch in (105, 106, 107)] == [106, 106, 107]
    assert order_ticks(TRACKING, 93) == 0


def test_a_fill_starts_anew_and_its_bar_does_not_count() -> None:
    """Levels of the position before it count no more either."""
    filled, emits = step(FIRED, Filled(4))
    assert (filled.state, emits) == (State.IDLE, (Action.WITHDRAW,))
    assert (filled.extreme_ticks, filled.levels) == (0, OFF)
    assert after(filled, *prices(4, 50)) == filled
    assert after(filled, Leveled(3, BUY)) == filled
    assert after(filled, Leveled(4, BUY), *prices(5, 50)).state is State.TRACKING


def test_a_fill_that_is_told_late_needs_the_bars_after_it() -> None:
    """The extreme may be of either side of the fill."""
    late, emits = step(FIRED, Filled(2))
    assert (late.state, emits, late.since) == (State.REBUILDING, QUERY, 2)


def test_a_second_fill_in_the_bar_of_the_last_keeps_the_extremes() -> None:
    """They are of the bars after both; only the levels are to be computed anew."""
    again, emits = step(FIRED, Filled(1))
    assert (again.state, emits) == (State.IDLE, (Action.WITHDRAW,))
    assert after(again, Leveled(1, BUY)).state is State.FIRED


def test_a_missing_bar_is_asked_for() -> None:
    """The extreme may have been there."""
    gap, emits = step(TRACKING, Bar(4, 85, 85, 85))
    assert (gap.state, emits) == (State.REBUILDING, QUERY)


def answer(trailing: Trailing, **changes: Any) -> Rebuilt:  # noqa: ANN401
    """Return an answer to the latest question, with *changes*."""
    whole = Rebuilt(
        query=trailing.query,
        since=1,
        moment=3,
        extreme_ticks=80,
        retraced_ticks=85,
        levels=BUY,
    )
    return evolve(whole, **changes)


def test_a_restart_ends_where_it_began() -> None:
    """The bars since the last fill say all; what rests is kept."""
    back, emits = step(REBUILDING, answer(REBUILDING))
    assert (back, emits) == (evolve(FIRED, query=REBUILDING.query), (Action.PLACE,))


def test_an_answer_must_contain_what_is_known() -> None:
    """Bars and fills that arrived since the question was asked, and it must make sense."""
    noted = after(REBUILDING, *prices(4, 70))
    for changes in ({}, {"moment": 4, "since": 5}, {"moment": 4, "retraced_ticks": 79}):
        assert step(noted, answer(noted, **changes))[1] == QUERY
    filled = after(REBUILDING, Filled(3))
    assert step(filled, answer(filled))[1] == QUERY
    empty = {"since": 3, "extreme_ticks": 0, "retraced_ticks": 0}
    assert after(filled, answer(filled, **empty)).state is State.IDLE


def test_a_failed_answer_alerts_and_asks_again() -> None:
    """An older one does not."""
    failed, emits = step(REBUILDING, RebuildFailed(REBUILDING.query))
    assert (failed.state, emits) == (State.REBUILDING, (Action.QUERY, Action.ALERT))
    assert step(failed, RebuildFailed(REBUILDING.query)) == (failed, ())


@pytest.mark.parametrize(
    "bar",
    [
        Bar(2, 0, 0, 0),
        Bar(2, 80, 90, 85),
        Bar(2, 90, 80, 95),
        Bar(2, 90, -80, 85),
        Bar(1, 80, 80, 80),
    ],
)
def test_what_is_no_bar_changes_nothing(bar: Bar) -> None:
    """A price of 0, a low above the high, a close outside, an old one."""
    assert step(IDLE, bar) == (IDLE, ())


@pytest.mark.parametrize(("state", "symbol"), pairs(TRAILING))
def test_every_pair_leads_somewhere(state: State, symbol: Symbol) -> None:
    """`take` is total: what has no row changes nothing and asks for nothing."""
    row = TRAILING.row(state, symbol)
    expected = (state, ()) if row is None else (row.target, row.emits)
    assert TRAILING.take(state, symbol) == expected


def test_the_first_three_symbols_name_the_first_three_states() -> None:
    """The state follows from the condition, from whichever state."""
    for state in State:
        for symbol in (Symbol.UNREACHED, Symbol.REACHED, Symbol.RETRACED):
            assert TRAILING.take(state, symbol)[0] is State(symbol)


TICKS = st.integers(78, 92)
SMALL = st.integers(0, 3)
LEVELS = st.builds(
    Levels,
    threshold_ticks=st.sampled_from((0, 84, 86)),
    retracement_ppm=st.sampled_from((0, 20_000, 50_000)),
    limit_ticks=st.sampled_from((0, 85)),
)


@st.composite
def trailings(draw: DrawFn) -> Trailing:
    """Draw a trailing order that is well formed."""
    since = draw(SMALL)
    drawn = Trailing(
        side=draw(st.sampled_from(Side)),
        since=since,
        moment=since + draw(SMALL),
        query=draw(SMALL),
        levels=draw(LEVELS),
    )
    if draw(st.booleans()):
        return drawn
    if draw(st.booleans()):
        low, high = sorted((draw(TICKS), draw(TICKS)))
        extreme, back = (low, high) if drawn.side is Side.BUY else (high, low)
        drawn = evolve(drawn, extreme_ticks=extreme, retraced_ticks=back)
    return evolve(drawn, state=state_of(drawn))


def bars() -> SearchStrategy[Bar]:
    """Return bars, sensible or not."""
    ticks = TICKS | st.integers(-1, 0)
    sensible = st.builds(
        lambda moment, three: Bar(moment, three[2], three[0], three[1]),
        st.integers(0, 7),
        st.lists(TICKS, min_size=3, max_size=3).map(sorted),
    )
    return sensible | st.builds(Bar, st.integers(0, 7), ticks, ticks, ticks)


def events() -> SearchStrategy[Event]:
    """Return what a trailing order may be told, sensible or not."""
    ticks = st.just(0) | TICKS
    rebuilt = st.builds(
        Rebuilt,
        query=SMALL,
        since=SMALL,
        moment=st.integers(0, 7),
        extreme_ticks=ticks,
        retraced_ticks=ticks,
        levels=LEVELS,
    )
    return st.one_of(
        bars(),
        st.builds(Filled, st.integers(0, 7)),
        st.builds(Leveled, SMALL, LEVELS),
        rebuilt,
        st.builds(RebuildFailed, SMALL),
        st.just(Restarted()),
    )


@pytest.mark.parametrize(
    "law",
    [
        laws_trailing.step_keeps_trailing_orders_well_formed,
        laws_trailing.an_order_is_fired_after_the_way_back,
        laws_trailing.unknown_extremes_place_nothing,
        laws_trailing.old_bars_change_nothing,
    ],
)
@TRIED
@given(trailings(), events())
def test_laws(law: Callable[..., None], trailing: Trailing, event: Event) -> None:
    """What CrossHair proves for all integers is tried here on a few."""
    assert well_formed(trailing)
    try_law(law, trailing, event)


@TRIED
@given(trailings(), st.integers(1, 7))
def test_fills_and_touches(trailing: Trailing, number: int) -> None:
    """TRL-1.2 and TRL-2."""
    try_law(laws_trailing.a_fill_starts_the_extremes_anew, trailing, trailing.since + number)
    try_law(laws_trailing.an_order_that_rests_is_not_short_of_its_limit, trailing, 80 + number)


@TRIED
@given(trailings(), bars())
def test_bars(trailing: Trailing, bar: Bar) -> None:
    """TRL-2: the next bar."""
    following = evolve(bar, moment=trailing.moment + 1)
    try_law(laws_trailing.a_bar_moves_the_extremes_outward, trailing, following)


FINE = 10**15  # the other program's extremes are no whole ticks
BARELY = Fraction(1, 10**6)  # its retracements are no whole ppm


def fine(price: float) -> int:
    """Return *price* in the smallest unit."""
    return int(Fraction(price) * FINE)


def closes(shared: Path) -> Iterator[tuple[Side, dict[str, Any], float, float]]:
    """Yield the cases that close by trailing only: side, input, quantity and price of the order."""
    with gzip.open(shared / "oracle/passivbot/cases.jsonl.gz", "rt") as file:
        cases = [json.loads(line) for line in file]
    for case in cases:
        qty, price, kind = case["out"] if case["fn"].startswith("calc_next_close") else (0, 0, "")
        if kind.startswith("close_trailing") and abs(case["in"]["close_trailing_grid_ratio"]) >= 1:
            yield Side.SELL if kind.endswith("long") else Side.BUY, case["in"], qty, price


def closing(side: Side, case: dict[str, Any]) -> Trailing:
    """Return the trailing close of *case*, in the smallest unit; its limit is not rounded."""
    threshold, retracement = (
        max(0.0, case[f"close_trailing_{name}_pct"]) for name in ("threshold", "retracement")
    )
    seen = ("max_since_open", "min_since_max")
    if side is Side.BUY:
        seen = ("min_since_open", "max_since_min")
    beyond, limit = 1 - side.sign * threshold, 1 - side.sign * (threshold - retracement)
    known = Trailing(
        side=side,
        extreme_ticks=fine(case[seen[0]]),
        retraced_ticks=fine(case[seen[1]]),
        levels=Levels(
            threshold_ticks=fine(case["position_price"] * beyond) if threshold else 0,
            retracement_ppm=round(retracement * 10**6),
            limit_ticks=fine(case["position_price"] * limit) if threshold else 0,
        ),
    )
    return evolve(known, state=state_of(known))


def test_another_program_closes_where_we_do(shared: Path) -> None:
    """Which closes have fired, and at what price, by the answers of another program's core."""
    seen: Counter[tuple[Side, bool]] = Counter()
    for side, case, qty, price in closes(shared):
        trailing = closing(side, case)
        way = Fraction(trailing.retraced_ticks, trailing.extreme_ticks) - 1
        if abs(way - side.sign * Fraction(case["close_trailing_retracement_pct"])) < BARELY:
            continue
        fired = trailing.state is State.FIRED
        assert fired is (qty != 0), case
        touch = case["order_book_ask" if side is Side.SELL else "order_book_bid"]
        if fired:
            ours = order_ticks(trailing, fine(touch)) / FINE
            assert abs(ours - price) <= case["price_step"], case
        seen[side, fired] += 1
    assert min(seen[side, fired] for side in Side for fired in (False, True)) >= 20


FOLDER = "data/binance_usdm_1m_2025-05"


def test_another_program_closes_where_we_do_on_real_bars(shared: Path) -> None:
    """Each trailing close of its backtest: fired in the bar before, at that price."""
    folder = shared / "oracle/passivbot/long_default"
    config = json.loads((folder / "config.json").read_text())
    with gzip.open(folder / "fills.csv.gz", "rt") as file:
        fills = list(csv.DictReader(file))
    checked = 0
    for symbol in sorted({fill["coin"] for fill in fills}):
        ours = [fill for fill in fills if fill["coin"] == symbol]
        closed = [fill for fill in ours if fill["type"] == "close_trailing_long"]
        candles = load(shared / FOLDER, symbol).between(config["first_ts_ms"], 10**14)
        for fill in closed:
            index = int(fill["index"])
            before = [each for each in ours if int(each["index"]) < index][-1]
            sell = on_bars(candles, config["bot"]["long"], before, index)
            ticks = order_ticks(sell, int(candles.close[index - 1]))
            assert Fraction(ticks, 10**candles.price_dp) == Fraction(fill["price"]), fill
            checked += 1
    assert checked == 50


def on_bars(candles: Candles, bot: dict[str, Any], fill: dict[str, str], stop: int) -> Trailing:
    """Return the trailing close of a long since *fill*, before bar *stop* of *candles*."""
    since, unit = int(fill["index"]), 10**candles.price_dp
    threshold, retracement = (
        Fraction(str(bot[f"close_trailing_{name}_pct"])) for name in ("threshold", "retracement")
    )
    entry = Fraction(fill["pprice"]) * unit
    levels = Levels(
        threshold_ticks=floor(entry * (1 + threshold)),
        retracement_ppm=int(retracement * 10**6),
        limit_ticks=ceil(entry * (1 + threshold - retracement)),
    )
    columns = zip(candles.high, candles.low, candles.close, strict=True)
    seen = enumerate(islice(columns, since + 1, stop), since + 1)
    bars = (Bar(n, int(high), int(low), int(close)) for n, (high, low, close) in seen)
    return after(opened(Side.SELL, since), Leveled(since, levels), *bars)
