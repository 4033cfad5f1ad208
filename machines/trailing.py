"""The trailing order machine: `step` is the only way it changes, `order_ticks` what it wants.

Classify, take the row, update, as in `machines.order`.  Extremes and levels decide the state, so
nothing has to be remembered that the venue's bars and fills do not tell.
"""

from typing import assert_never

from attrs import evolve, frozen

from machines.messages import Restarted
from spec.fsm import Spec
from spec.terms import Side
from spec.trailing import TRAILING, Action, State, Symbol
from spec.units import MILLION


@frozen(kw_only=True, cache_hash=True)
class Levels:
    """Where an order starts to track, how far the price must come back, and its worst price.

    The extreme must be strictly beyond *threshold_ticks*, the price back by strictly more than
    *retracement_ppm* of the extreme; 0 is none of it, both 0 is no order.  A fraction of a tick is
    rounded up for a buy and down for a sell, which changes nothing.  *limit_ticks* bounds the price
    of the order, 0 leaves it to the touch.
    """

    threshold_ticks: int = 0
    retracement_ppm: int = 0
    limit_ticks: int = 0


OFF = Levels()


@frozen(kw_only=True, cache_hash=True)
class Trailing:
    """A trailing order: prices in ticks, 0 where there was no bar since the fill.

    *extreme_ticks* is the lowest price of a buy, the highest of a sell; *retraced_ticks* the
    farthest way back from it.  *since* is the bar of the last fill, *moment* the last bar known,
    *query* the latest question.
    """

    side: Side
    state: State = TRAILING.initial
    extreme_ticks: int = 0
    retraced_ticks: int = 0
    since: int = 0
    moment: int = 0
    query: int = 0
    levels: Levels = OFF


@frozen
class Bar:
    """Bar number *moment*, in ticks; a single price is a bar whose three prices are equal."""

    moment: int
    high: int
    low: int
    close: int


@frozen
class Filled:
    """An order of the position has filled, this one or another, wholly or in part, in *moment*."""

    moment: int


@frozen
class Leveled:
    """The levels for the position as it is since its fill in bar *since*."""

    since: int
    levels: Levels


@frozen(kw_only=True)
class Rebuilt:
    """The answer to question *query*: what the bars after *since*, up to *moment*, amount to.

    *since* is the bar of the position's last fill, *levels* are for the position since then.
    """

    query: int
    since: int
    moment: int
    extreme_ticks: int
    retraced_ticks: int
    levels: Levels


@frozen
class RebuildFailed:
    """There is no answer to question *query*, or not in time."""

    query: int


Event = Bar | Filled | Leveled | Rebuilt | RebuildFailed | Restarted
TrailingSpec = Spec[State, Symbol, Action]

UNCHANGED = frozenset({Symbol.NO_NEWS, Symbol.INCOMPLETE, Symbol.FAILED})


def state_of(trailing: Trailing) -> State:
    """Return the state that the extremes and the levels of *trailing* call for.

    >>> state_of(Trailing(side=Side.BUY, levels=Levels(threshold_ticks=90)))
    <State.FIRED: 2>
    """
    return State(condition(trailing))


def consistent(trailing: Trailing) -> bool:
    """Return whether the numbers of *trailing* can be those of bars after a fill."""
    extreme, retraced = trailing.extreme_ticks, trailing.retraced_ticks
    if not 0 <= trailing.since <= trailing.moment or extreme < 0:
        return False
    return (extreme == 0) == (retraced == 0) and (extreme - retraced) * trailing.side.sign <= 0


def well_formed(trailing: Trailing) -> bool:
    """Return whether *trailing* makes sense: laws, explorer and adapters all ask."""
    if trailing.state is State.REBUILDING:
        return consistent(trailing) and trailing.extreme_ticks == 0
    return consistent(trailing) and trailing.state is state_of(trailing)


def opened(side: Side, moment: int) -> Trailing:
    """Return the trailing order of a position that has opened, or changed, in bar *moment*.

    >>> opened(Side.BUY, 7).state
    <State.IDLE: 0>
    """
    return Trailing(side=side, state=State.IDLE, since=moment, moment=moment)


def condition(trailing: Trailing) -> Symbol:
    """Return where the price has been since the fill, by the levels: the only place that compares.

    >>> levels = Levels(threshold_ticks=90, retracement_ppm=50_000)
    >>> condition(Trailing(side=Side.BUY, extreme_ticks=80, retraced_ticks=84, levels=levels))
    <Symbol.REACHED: 1>
    >>> condition(Trailing(side=Side.BUY, extreme_ticks=80, retraced_ticks=85, levels=levels))
    <Symbol.RETRACED: 2>
    """
    levels, sign, extreme = trailing.levels, trailing.side.sign, trailing.extreme_ticks
    threshold, retracement = levels.threshold_ticks, levels.retracement_ppm
    if retracement <= 0:
        return Symbol.RETRACED if threshold > 0 else Symbol.UNREACHED
    if threshold > 0 and (extreme == 0 or sign * (threshold - extreme) <= 0):
        return Symbol.UNREACHED
    back = trailing.retraced_ticks * MILLION - extreme * (MILLION + sign * retracement)
    return Symbol.RETRACED if sign * back > 0 else Symbol.REACHED


def order_ticks(trailing: Trailing, touch_ticks: int) -> int:
    """Return the limit price of the order that is wanted, 0 if none is.

    *touch_ticks* is the best bid of a buy, the best ask of a sell.

    >>> levels = Levels(threshold_ticks=90, limit_ticks=90)
    >>> order_ticks(Trailing(side=Side.BUY, state=State.FIRED, levels=levels), 95)
    90
    """
    limit = trailing.levels.limit_ticks
    if trailing.state is not State.FIRED:
        return 0
    if limit <= 0:
        return touch_ticks
    return min(touch_ticks, limit) if trailing.side is Side.BUY else max(touch_ticks, limit)


def counted(trailing: Trailing, bar: Bar) -> Trailing:
    """Return *trailing* with *bar*: a new extreme starts the way back at the bar's close."""
    after = evolve(trailing, moment=bar.moment)
    if trailing.side is Side.BUY:
        if trailing.extreme_ticks == 0 or bar.low < trailing.extreme_ticks:
            return evolve(after, extreme_ticks=bar.low, retraced_ticks=bar.close)
        return evolve(after, retraced_ticks=max(trailing.retraced_ticks, bar.high))
    if bar.high > trailing.extreme_ticks:
        return evolve(after, extreme_ticks=bar.high, retraced_ticks=bar.close)
    return evolve(after, retraced_ticks=min(trailing.retraced_ticks, bar.low))


def classify(trailing: Trailing, event: Event) -> Symbol:
    """Return what *event* amounts to."""
    rebuilding = trailing.state is State.REBUILDING
    match event:
        case Bar():
            return _bar(trailing, event)
        case Filled():
            return _filled(trailing, event)
        case Leveled():
            if event.since != trailing.since:
                return Symbol.NO_NEWS
            after = evolve(trailing, levels=event.levels)
            return Symbol.NOTED if rebuilding else condition(after)
        case Rebuilt():
            if not rebuilding or event.query != trailing.query:
                return Symbol.NO_NEWS
            return _rebuilt(trailing, event)
        case RebuildFailed():
            asked = rebuilding and event.query == trailing.query
            return Symbol.FAILED if asked else Symbol.NO_NEWS
        case Restarted():
            return Symbol.RESTARTED
    assert_never(event)


def _bar(trailing: Trailing, bar: Bar) -> Symbol:
    """Classify a bar: one that is no newer than the last, or no bar at all, is no news."""
    if not 0 < bar.low <= bar.close <= bar.high or bar.moment <= trailing.moment:
        return Symbol.NO_NEWS
    if trailing.state is State.REBUILDING:
        return Symbol.NOTED
    if bar.moment > trailing.moment + 1:
        return Symbol.GAP
    return condition(counted(trailing, bar))


def _filled(trailing: Trailing, event: Filled) -> Symbol:
    """Classify a fill: the bars after it must be told from those before."""
    if trailing.state is State.REBUILDING:
        return Symbol.NOTED
    late = trailing.since < event.moment < trailing.moment
    return Symbol.FILLED_LATE if late else Symbol.FILLED


def _rebuilt(trailing: Trailing, answer: Rebuilt) -> Symbol:
    """Classify an answer: it must make sense, and contain what is known already."""
    if answer.since < trailing.since or answer.moment < trailing.moment:
        return Symbol.INCOMPLETE
    after = _adopted(trailing, answer)
    return condition(after) if consistent(after) else Symbol.INCOMPLETE


def step(
    trailing: Trailing, event: Event, spec: TrailingSpec = TRAILING
) -> tuple[Trailing, tuple[Action, ...]]:
    """Return *trailing* after *event*, and what must now be done.  Total: never raises.

    >>> levels = Levels(threshold_ticks=90, retracement_ppm=50_000)
    >>> buy, _ = step(opened(Side.BUY, 1), Leveled(1, levels))
    >>> buy, _ = step(buy, Bar(2, high=88, low=80, close=82))
    >>> step(buy, Bar(3, high=86, low=82, close=85))[1]
    (<Action.PLACE: 0>,)
    """
    symbol = classify(trailing, event)
    state, emits = spec.take(trailing.state, symbol)
    after = trailing if symbol in UNCHANGED else _update(trailing, event, symbol)
    return evolve(after, state=state, query=trailing.query + (Action.QUERY in emits)), emits


def _update(trailing: Trailing, event: Event, symbol: Symbol) -> Trailing:
    """Return *trailing* with what *event* tells, in the state that it had."""
    match event:
        case Bar():
            if symbol in (Symbol.GAP, Symbol.NOTED):
                moment = max(trailing.moment, event.moment)
                return evolve(trailing, extreme_ticks=0, retraced_ticks=0, moment=moment)
            return counted(trailing, event)
        case Filled():
            return _reset(trailing, event)
        case Leveled():
            return evolve(trailing, levels=event.levels)
        case Rebuilt():
            return _adopted(trailing, event)
        case RebuildFailed():
            return trailing
        case Restarted():
            return Trailing(side=trailing.side)
    assert_never(event)


def _reset(trailing: Trailing, event: Filled) -> Trailing:
    """Return *trailing* after a fill: its levels are of another position, its extremes begin."""
    after = evolve(trailing, levels=OFF)
    if event.moment <= trailing.since:
        return after
    return evolve(
        after,
        since=event.moment,
        moment=max(trailing.moment, event.moment),
        extreme_ticks=0,
        retraced_ticks=0,
    )


def _adopted(trailing: Trailing, answer: Rebuilt) -> Trailing:
    """Return *trailing* with what *answer* tells."""
    return evolve(
        trailing,
        since=answer.since,
        moment=answer.moment,
        extreme_ticks=answer.extreme_ticks,
        retraced_ticks=answer.retraced_ticks,
        levels=answer.levels,
    )
