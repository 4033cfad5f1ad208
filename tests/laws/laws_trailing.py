"""Laws of trailing orders, for all integers: CrossHair proves each, Hypothesis tries each.

The leading assertions of a law are what it assumes, the others what it claims.
"""

from machines.trailing import (
    OFF,
    Bar,
    Event,
    Filled,
    Leveled,
    RebuildFailed,
    Rebuilt,
    Trailing,
    order_ticks,
    step,
    well_formed,
)
from spec.terms import Side
from spec.trailing import Action, State
from spec.units import MILLION


def step_keeps_trailing_orders_well_formed(trailing: Trailing, event: Event) -> None:
    """Whatever happens, and in whatever order: the state follows from extremes and levels."""
    assert well_formed(trailing)
    after, _ = step(trailing, event)
    assert well_formed(after)
    assert after.side is trailing.side


def an_order_is_fired_after_the_way_back(trailing: Trailing, event: Event) -> None:
    """TRL-1: the extreme is beyond the threshold, the price back by more than the retracement."""
    assert well_formed(trailing)
    after, emits = step(trailing, event)
    if Action.PLACE in emits:
        levels = after.levels
        assert after.state is State.FIRED
        assert levels.threshold_ticks > 0 or levels.retracement_ppm > 0
        if levels.retracement_ppm > 0:
            extreme, back = after.extreme_ticks, after.retraced_ticks * MILLION
            assert extreme > 0
            if after.side is Side.BUY:
                assert levels.threshold_ticks <= 0 or extreme < levels.threshold_ticks
                assert back > extreme * (MILLION + levels.retracement_ppm)
            else:
                assert levels.threshold_ticks <= 0 or extreme > levels.threshold_ticks
                assert back < extreme * (MILLION - levels.retracement_ppm)


def an_order_that_rests_is_not_short_of_its_limit(trailing: Trailing, touch_ticks: int) -> None:
    """TRL-1.2: a buy never above its limit, a sell never below, none unless it has fired."""
    assert touch_ticks > 0
    price, limit = order_ticks(trailing, touch_ticks), trailing.levels.limit_ticks
    assert (price > 0) == (trailing.state is State.FIRED)
    if price and limit > 0:
        assert price <= limit if trailing.side is Side.BUY else price >= limit


def a_fill_starts_the_extremes_anew(trailing: Trailing, moment: int) -> None:
    """TRL-2: of a new fill nothing before counts, and its levels must come first."""
    assert well_formed(trailing)
    assert moment > trailing.since
    after, emits = step(trailing, Filled(moment))
    assert (after.since, after.levels) == (moment, OFF)
    assert (after.extreme_ticks, after.retraced_ticks) == (0, 0)
    assert Action.PLACE not in emits
    assert after.state in (State.IDLE, State.REBUILDING)
    assert after.state is not State.IDLE or after.moment == moment


def a_bar_moves_the_extremes_outward(trailing: Trailing, bar: Bar) -> None:
    """TRL-2: the extreme contains the bar, a new one starts the way back at its close."""
    assert trailing.state is not State.REBUILDING
    assert well_formed(trailing)
    assert 0 < bar.low <= bar.close <= bar.high
    assert bar.moment == trailing.moment + 1
    after, _ = step(trailing, bar)
    assert after.moment == bar.moment
    was, back = trailing.extreme_ticks, trailing.retraced_ticks
    if trailing.side is Side.BUY:
        new = was == 0 or bar.low < was
        assert after.extreme_ticks == (bar.low if new else was)
        assert after.retraced_ticks == (bar.close if new else max(back, bar.high))
    else:
        new = was == 0 or bar.high > was
        assert after.extreme_ticks == (bar.high if new else was)
        assert after.retraced_ticks == (bar.close if new else min(back, bar.low))


def unknown_extremes_place_nothing(trailing: Trailing, event: Event) -> None:
    """TRL-6: only the answer to the latest question ends it, with no less than is known."""
    assert trailing.state is State.REBUILDING
    assert well_formed(trailing)
    after, emits = step(trailing, event)
    if after.state is State.REBUILDING:
        assert Action.PLACE not in emits
        assert Action.WITHDRAW not in emits
    else:
        assert isinstance(event, Rebuilt)
        assert event.query == trailing.query
        assert event.since >= trailing.since
        assert event.moment >= trailing.moment


def old_bars_change_nothing(trailing: Trailing, event: Event) -> None:
    """A bar that is counted, levels of another position, an answer to an older question."""
    assert is_old(trailing, event)
    assert step(trailing, event) == (trailing, ())


def is_old(trailing: Trailing, event: Event) -> bool:
    """Return whether *event* is about an earlier bar, fill or question."""
    match event:
        case Bar():
            return event.moment <= trailing.moment
        case Leveled():
            return event.since != trailing.since
        case Rebuilt() | RebuildFailed():
            return event.query != trailing.query
        case _:
            return False
