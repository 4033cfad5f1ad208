"""Mirrors in the candle engine: where the compiled loop stops, `machines.overlay` decides.

What the loop knows in floats is told in ticks, lots and money units, and the overlay's orders are
put beside those of the base, bar after bar until they have filled or are canceled.
"""

# ruff: noqa: PLR0913, PLR0917 -- arrays in, arrays out

from collections.abc import Mapping

import numpy as np
from attrs import field, frozen

from machines.mirror_inputs import Base, Entry, Market, Settings
from machines.overlay import PATIENCE, Mirrors, Moment, Outcome, Scene, cycle, restless
from machines.pricing.kinds import Kind
from machines.pricing.numbers import Floats, Records, lots, price_from, qty_from, ticks
from machines.pricing.numbers import Market as Terms
from machines.pricing.sides import SideTerms
from simulator.engine.at_once import Working, done
from simulator.engine.fills import count_positions
from simulator.engine.hedge import (
    BASE_LOTS,
    COLUMNS,
    HANDED,
    LISTED,
    LOWER,
    MIRROR_LOTS,
    OPENING,
    RESTLESS,
    STOPPED,
    TICKS,
    UPPER,
    VOLATILITY,
    VOLUME,
    WANTED,
    Hedge,
)
from simulator.engine.instruments import instrument, money_dp
from simulator.engine.kernel import BAR, FILLS, Rules, trade
from simulator.engine.layout import BALANCE, CLOSES, ENTRIES, Desk, Ints, side_of
from spec.mirror import Mode, Pending, Reduce, State
from spec.terms import Instrument, PositionMode
from spec.units import MILLION


@frozen
class Held:
    """A mirror that is there at the start: its quantity in contracts, and its average price."""

    symbol: str
    qty: float
    price: float


@frozen
class MirrorSettings:
    """What a person asks of the mirrors of a run.

    Mirrors open on *approved* symbols only.  *patience*: closes for the base that are tried at the
    touch before one is a tick through it.  *every_bar* asks the overlay at every bar: the same run,
    only slower.
    """

    overlay: Settings
    approved: tuple[str, ...]
    patience: int = PATIENCE
    held: tuple[Held, ...] = ()
    every_bar: bool = False


@frozen
class MirrorCycle:
    """A cycle that asked for something or held something back, at the close of *bar*."""

    bar: int
    close_ms: int
    outcome: Outcome


@frozen
class MirrorResult:
    """What became of the overlay: its *machines* at the end, and the *cycles* that count.

    *asked* cycles were computed; *money_dp* decimals of the quote are one unit of money.
    """

    machines: Mirrors
    cycles: tuple[MirrorCycle, ...] = field(repr=False)
    asked: int
    money_dp: int
    instruments: tuple[Instrument, ...] = field(repr=False)

    @property
    def stopped(self) -> str:
        """What stopped the overlay and where, empty if nothing did."""
        overlay = self.machines.overlay
        return f"{overlay.fault.name} {overlay.where}" if overlay.state is State.STOPPED else ""


@frozen
class _Asked:
    """The machines after a cycle, and the overlay's orders that work then, by symbol."""

    mirrors: Mirrors
    working: Mapping[str, Working] = field(factory=dict[str, Working])


@frozen
class Overlaid:
    """What holds of the mirrors of a whole run; *base* is the row of the side that is hedged.

    Along a *path* a bar may meet more entries of a ladder than the first.
    """

    settings: MirrorSettings
    instruments: tuple[Instrument, ...]
    terms: tuple[Terms, ...]
    chosen: SideTerms
    base: int
    one_way: bool
    money_dp: int
    path: bool

    @property
    def money(self) -> int:
        """Units of money in one of quote."""
        return int(10**self.money_dp)


def overlaid(
    symbols: tuple[str, ...],
    terms: tuple[Terms, ...],
    chosen: tuple[SideTerms, SideTerms],
    settings: MirrorSettings,
    *,
    one_way: bool,
    path: bool,
) -> Overlaid:
    """Return what holds of the mirrors of a run over *symbols*; *chosen*: of longs and of shorts.

    Raises:
        ValueError: The side of the mirrors has positions of its own, a symbol of *settings* is not
            among *symbols*, or steps are too fine to count money in.
    """
    mode = settings.overlay.mode
    base = int(mode is Mode.LONGS_FOR_SHORTS)
    if chosen[1 - base].positions:
        raise ValueError(
            f"mirror_{mode.name.lower()} needs bot.{('short', 'long')[base]}.n_positions = 0, "
            f"not {chosen[1 - base].positions:g}: that side is the mirrors'"
        )
    unknown = {*settings.approved, *(held.symbol for held in settings.held)} - set(symbols)
    if unknown:
        raise ValueError(f"no bars of these symbols of mirrors: {', '.join(sorted(unknown))}")
    places, pairs = money_dp(terms), zip(symbols, terms, strict=True)
    instruments = tuple(instrument(symbol, each, places) for symbol, each in pairs)
    return Overlaid(settings, instruments, terms, chosen[base], base, one_way, places, path)


def _hedge(run: Overlaid) -> Hedge:
    """Return what the compiled screen needs to know of *run*; it asks at the first bar."""
    asked, coins = run.settings.overlay, len(run.instruments)
    slots = asked.max_n_positions or max(int(run.chosen.positions), 1)
    threshold = asked.threshold_ppm / MILLION if asked.enabled else 0.0
    cap = run.chosen.total_limit * threshold * (1.0 + asked.excess_allowance_ppm / MILLION) / slots
    approved = [each.symbol in run.settings.approved for each in run.instruments]
    venue = [(i.value, i.min_qty, i.max_qty, i.min_notional) for i in run.instruments]
    flags = np.zeros(3, np.int64)
    flags[RESTLESS] = True
    return Hedge(
        base=run.base,
        one_way=run.one_way,
        every=run.settings.every_bar,
        slots=slots,
        dist_ppm=asked.ema_dist_ppm,
        pending=int(asked.count_pending_base),
        ladders=run.path or asked.count_pending_base is Pending.ALL,
        full=asked.reduce is Reduce.FULL,
        threshold=threshold,
        tolerance=asked.tolerance_ppm / MILLION,
        cap=cap,
        money=float(run.money),
        venue=np.array(venue, np.int64),
        approved=np.array(approved, np.bool_),
        seen=np.zeros((coins, COLUMNS), np.int64),
        flags=flags,
    )


def _ask(run: Overlaid, asked: "_Asked", desk: Desk, hedge: Hedge) -> tuple["_Asked", Outcome]:
    """Return what is there after a cycle, and what it came to; the desk gets the orders.

    First entries of the base that are gated are taken off the desk.
    """
    coins = {
        each.symbol: coin for coin, each in enumerate(run.instruments) if hedge.seen[coin, LISTED]
    }
    working = {
        name: left
        for name, each in asked.working.items()
        if name in coins and (left := each.after(int(hedge.seen[coins[name], MIRROR_LOTS])))
    }
    scenes = {
        name: _scene(run, desk, hedge, coin, working.get(name)) for name, coin in coins.items()
    }
    base = _base(run, float(desk.cash[BALANCE]))
    mirrors, outcome = cycle(asked.mirrors, Moment(base=base, scenes=tuple(scenes.values())))
    mirrors, working = done(mirrors, scenes, working, outcome.commands)
    for symbol in outcome.gated:
        desk.counts[run.base, ENTRIES, coins[symbol]] = 0
        hedge.seen[coins[symbol], HANDED] = 0
    for name, each in working.items():
        _put(run, desk, coins[name], each)
    hedge.flags[RESTLESS] = restless(mirrors) or bool(working)
    hedge.flags[STOPPED] = mirrors.overlay.state is State.STOPPED
    return _Asked(mirrors, working), outcome


def _base(run: Overlaid, balance: float) -> Base:
    """Return how the base trades."""
    positions = int(run.chosen.positions)
    return Base(
        long_n_positions=0 if run.base else positions,
        short_n_positions=positions if run.base else 0,
        exposure_limit_ppm=round(run.chosen.total_limit * MILLION),
        balance=round(balance * run.money),
    )


def _scene(run: Overlaid, desk: Desk, hedge: Hedge, coin: int, working: Working | None) -> Scene:
    """Return what the overlay is told of a coin."""
    seen, terms = [int(value) for value in hedge.seen[coin]], run.terms[coin]
    cost = seen[MIRROR_LOTS] * float(desk.prices[1 - run.base, coin]) / terms.price_step
    market = Market(
        instrument=run.instruments[coin],
        bid_ticks=seen[TICKS],
        ask_ticks=seen[TICKS],
        lower_ticks=seen[LOWER],
        upper_ticks=seen[UPPER],
        volatility=seen[VOLATILITY],
        volume=seen[VOLUME],
        base_qty=seen[BASE_LOTS],
        base_entries=_entries(run, desk, coin),
        mirror_qty=seen[MIRROR_LOTS],
        mirror_cost=round(cost),
        approved=bool(hedge.approved[coin]),
    )
    return Scene(
        market=market,
        wants=bool(seen[WANTED]),
        base_opening=seen[OPENING],
        orders=(working.order,) if working else (),
    )


def _entries(run: Overlaid, desk: Desk, coin: int) -> tuple[Entry, ...]:
    """Return the entries that the base wants on a coin, the nearest first."""
    terms, count = run.terms[coin], int(desk.counts[run.base, ENTRIES, coin])
    ladder = desk.orders[run.base, ENTRIES, coin, :count]
    return tuple(Entry(lots(each["qty"], terms), ticks(each["price"], terms)) for each in ladder)


def _put(run: Overlaid, desk: Desk, coin: int, working: Working) -> None:
    """Put an order on the desk."""
    order, terms = working.order, run.terms[coin]
    group = CLOSES if order.reduce_only else ENTRIES
    qty, price = qty_from(order.qty, terms), price_from(order.price_ticks, terms)
    desk.orders[1 - run.base, group, coin, 0] = (qty, price, int(working.kind))
    desk.counts[1 - run.base, group, coin] = 1


def _hold(run: Overlaid, desk: Desk, bar: int, fills: Records) -> int:
    """Put the mirrors that are there at the start on the desk, as fills of *bar* without a fee.

    Returns how many there are.
    """
    s, places = 1 - run.base, {each.symbol: coin for coin, each in enumerate(run.instruments)}
    side = side_of(s)
    for count, held in enumerate(run.settings.held):
        coin, balance = places[held.symbol], desk.cash[BALANCE]
        desk.sizes[s, coin], desk.prices[s, coin] = held.qty, held.price
        qty, kind = side * held.qty, int(Kind.MIRROR_OPEN)
        fills[count] = (
            bar, coin, side, kind, held.price, qty, 0.0, 0.0, balance, held.qty, held.price
        )  # fmt: skip
    count_positions(desk)
    return len(run.settings.held)


def trade_mirrored(
    run: Overlaid, desk: Desk, rules: Rules, fills: Records, equity: Floats, place: Ints
) -> MirrorResult:
    """Trade all bars, and ask the overlay where the loop stops; return what became of it."""
    place[FILLS] = _hold(run, desk, rules.warmup_bars, fills)
    hedge, cycles, asked = _hedge(run), list[MirrorCycle](), 0
    known = _Asked(
        Mirrors(
            settings=run.settings.overlay,
            position_mode=PositionMode.ONE_WAY if run.one_way else PositionMode.HEDGE,
            patience=run.settings.patience,
        )
    )
    while trade(desk, hedge, rules, fills, equity, place):
        known, outcome = _ask(run, known, desk, hedge)
        asked += 1
        if outcome.commands or outcome.gated:
            bar = int(place[BAR])
            cycles.append(MirrorCycle(bar, rules.first_ms + (bar + 1) * rules.step_ms, outcome))
    return MirrorResult(known.mirrors, tuple(cycles), asked, run.money_dp, run.instruments)
