"""The market and the venue that a trailing order meets.

A bar is printed at a time, and an order that it crosses fills in it, wholly or in part; another
order of the position may fill too.  The venue knows every bar since the last fill.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from machines.trailing import Bar, Levels
from simulator.actors import Do
from spec.terms import Side
from spec.trailing import State
from spec.units import MILLION

Sends = tuple[tuple[str, Any], ...]
LOTS = 2  # of an order


class Scope(NamedTuple):
    """How often each thing may happen, between which prices, and by which levels."""

    side: Side
    prices: tuple[int, int]
    start: int
    levels: tuple[Levels, ...]  # after each fill any of them
    bars: int = 4
    whole: bool = False  # bars have a high and a low, else a single price
    others: int = 0  # fills of other orders of the position
    parts: int = 0
    moves: int = 0  # of the levels without a fill
    crashes: int = 0
    failures: int = 0  # of answers
    losses: int = 0  # of bars


class Ask(NamedTuple):
    """What the bot sends: *number* is a price or that of a question, *threshold* that of a stop."""

    what: str
    number: int = 0
    threshold: int = 0


class Told(NamedTuple):
    """A report: a fill in *moment*, of ours if *own*; *over* says that our order is closed."""

    what: str
    moment: int = 0
    own: bool = False
    over: bool = False


class Answer(NamedTuple):
    """The bars after the last fill, in bar *since*, up to *moment*; None if there is no answer."""

    query: int
    since: int
    moment: int
    bars: tuple[Bar, ...] | None


class Market(NamedTuple):
    """The market and our order in it: *price* in ticks, 0 if there is none."""

    budget: Scope
    last: int
    moment: int = 0
    since: int = 0
    bars: tuple[Bar, ...] = ()
    price: int = 0
    lots: int = 0
    threshold: int = 0
    filled: bool = False  # an order of ours was
    short: bool = False  # an order that rests at the threshold has filled short of it


def extremes(side: Side, bars: tuple[Bar, ...]) -> tuple[int, int]:
    """Return the extreme of *bars* and the way back from it, by the words of their definition."""
    if not bars:
        return 0, 0
    if side is Side.BUY:
        lowest = min(bar.low for bar in bars)
        first = next(i for i, bar in enumerate(bars) if bar.low == lowest)
        return lowest, max([bars[first].close, *(bar.high for bar in bars[first + 1 :])])
    highest = max(bar.high for bar in bars)
    first = next(i for i, bar in enumerate(bars) if bar.high == highest)
    return highest, min([bars[first].close, *(bar.low for bar in bars[first + 1 :])])


def called_for(side: Side, bars: tuple[Bar, ...], levels: Levels) -> State:
    """Return the state that *bars* and *levels* call for, by the words of the table."""
    extreme, back = extremes(side, bars)
    threshold, retracement = levels.threshold_ticks, levels.retracement_ppm
    if not retracement:
        return State.FIRED if threshold else State.IDLE
    if threshold and (not bars or beyond(side, threshold, extreme) >= 0):
        return State.IDLE
    if side is Side.BUY:
        returned = back * MILLION > extreme * (MILLION + retracement)
    else:
        returned = back * MILLION < extreme * (MILLION - retracement)
    return State.FIRED if returned else State.TRACKING


def beyond(side: Side, level: int, price: int) -> int:
    """Return by how much *price* is short of *level*, negative where it is beyond."""
    return price - level if side is Side.BUY else level - price


def prints(market: Market) -> Iterator[Bar]:
    """Yield what the next bar may be."""
    low, high = market.budget.prices
    number = market.moment + 1
    if not market.budget.whole:
        for price in range(max(low, market.last - 2), min(high, market.last + 2) + 1):
            yield Bar(number, price, price, price)
        return
    for bottom, top in product(range(low, market.last + 1), range(market.last, high + 1)):
        for close in {bottom, top}:
            yield Bar(number, top, bottom, close)


def market_acts(market: Market) -> Iterator[Do]:
    """Yield what *market* may print, and what fills in it."""
    budget = market.budget
    if not budget.bars:
        return
    for bar in prints(market):
        after = market._replace(
            budget=budget._replace(bars=budget.bars - 1),
            last=bar.close,
            moment=bar.moment,
            bars=(*market.bars, bar),
        )
        news: Sends = (("bars", bar),)
        words = f"prints {bar.low} to {bar.high}, {bar.close}"
        side, price = budget.side, market.price
        reach = bar.low if side is Side.BUY else bar.high
        if price and beyond(side, price, reach) < 0:
            yield from crossed(after, words, news)
            continue
        yield Do(words, after, news)
        if budget.others:
            less = after.budget._replace(others=budget.others - 1)
            told = (("reports", Told("another", bar.moment)),)
            filled = after._replace(budget=less, since=bar.moment, bars=())
            yield Do(f"{words}, fills another", filled, told + news)


def crossed(market: Market, words: str, news: Sends) -> Iterator[Do]:
    """Yield how our order fills in the latest bar of *market*."""
    moment, threshold = market.moment, market.threshold
    short = threshold != 0 and beyond(market.budget.side, threshold, market.price) > 0
    filled = market._replace(
        since=moment, bars=(), filled=True, short=market.short or short, price=0, lots=0
    )
    over = (("reports", Told("filled", moment, own=True, over=True)),)
    yield Do(f"{words}, fills ours", filled, over + news)
    if market.budget.parts and market.lots > 1:
        less = market.budget._replace(parts=market.budget.parts - 1)
        rests = filled._replace(budget=less, price=market.price, lots=market.lots - 1)
        told = (("reports", Told("part", moment, own=True)),)
        yield Do(f"{words}, fills part of ours", rests, told + news)


def market_hears(market: Market, _channel: str, ask: Ask) -> Iterator[Do]:
    """Yield what *market* does with what it is asked."""
    match ask.what:
        case "place":
            placed = market._replace(price=ask.number, lots=LOTS, threshold=ask.threshold)
            yield Do("takes", placed)
        case "cancel":
            gone = (("reports", Told("canceled", over=True)),)
            after = market._replace(price=0, lots=0)
            yield Do("cancels", after, gone) if market.price else Do("too late", market)
        case _:
            answer = Answer(ask.number, market.since, market.moment, market.bars)
            yield Do("answers", market, (("answers", answer),))
            if market.budget.failures:
                less = market.budget._replace(failures=market.budget.failures - 1)
                failed = market._replace(budget=less)
                yield Do("fails", failed, (("answers", answer._replace(bars=None)),))


def market_features(market: Market) -> Mapping[str, int]:
    """Return what is claimed of, of *market*."""
    extreme, back = extremes(market.budget.side, market.bars)
    return {
        "true_extreme": extreme,
        "true_back": back,
        "resting": market.price != 0,
        "quiet": market.budget.bars == 0,
        "filled": market.filled,
        "short": market.short,
    }


def show_market(market: Market) -> str:
    """Return where *market* is, and our order in it."""
    order = f", order at {market.price} of {market.lots}" if market.price else ""
    waits = f", from {market.threshold} on" if market.threshold else ""
    return f"bar {market.moment} at {market.last}{order}{waits}"


def words(message: Bar | Told | Answer | Ask) -> str:
    """Return *message* in words."""
    match message:
        case Bar():
            return f"bar {message.moment}: {message.low} to {message.high}, {message.close}"
        case Told():
            whose = "ours" if message.own else "another's"
            return f"{message.what} in {message.moment}, {whose}{', over' * message.over}"
        case Answer():
            found = "nothing" if message.bars is None else f"{len(message.bars)} bars"
            return f"answer {message.query}: {found} since {message.since}"
        case Ask():
            return f"{message.what} {message.number}".removesuffix(" 0")
