"""A backtest of the candle engine's settings in the event world: orders, reports, and their lives.

It takes for granted what a strict run does: no latency, and limit orders that make at their own
price, so the fills are the same.  It is slower by far, and checks the properties of mirrors at
every step.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import inf

import numpy as np
from attrs import evolve

from machines.mirror_inputs import wanted
from machines.planner_inputs import Strategy
from machines.portfolio import Config, Portfolio
from machines.portfolio_mirrors import MirrorConfig
from machines.position import Fill, Leg, Pair, step
from machines.pricing.kinds import Kind
from machines.pricing.numbers import Floats, Market
from simulator import portfolio_world
from simulator.account import Item, Trade
from simulator.candles import Candles, Ints
from simulator.engine.bars import Bars
from simulator.engine.instruments import instrument, money_dp
from simulator.engine.layout import FILL
from simulator.engine.mirrors import MirrorCycle, MirrorResult, MirrorSettings
from simulator.engine.run import Result, Settings
from simulator.engine.strict import HOUR_MS, Venue
from simulator.portfolio_world import Run, Setup
from simulator.venue_terms import VenueConfig
from spec.terms import Instrument, PositionMode, Tier
from spec.units import MILLI_NS, MILLION

MONEY_DP = 8  # at least, so that rounded fees do not move what orders are worth
LEVERAGE = 100  # a strict run knows what is to be kept, not what is to be put down
WITHOUT_END = 10**30  # money units
OFF_STEP = 1e-6  # of a step, and of a part per million

Progress = Callable[[int, int], None]


def run(
    bars: Bars, settings: Settings, *, checked: bool = True, progress: Progress | None = None
) -> Result:
    """Trade *bars* by *settings*, as a strict run does, and return what came of it.

    Where *checked* the properties of `simulator.portfolio_claims` hold at every step.  *progress*
    is called with (bars done, bars).

    Raises:
        ValueError: The event world cannot do what is asked for.
        AssertionError: A property does not hold.
    """
    whole = in_ticks(bars, settings.markets)
    candles = tuple(each.between(each.start_ms, each.end_ms - each.step_ms) for each in whole)
    chosen, cycles = setup(bars, settings, checked=checked), dict[int, MirrorCycle]()

    def told(_: int, __: object, ___: object, bot: Portfolio) -> None:
        _note(cycles, bars, bot)

    done = portfolio_world.run(chosen, candles, told=told, progress=progress)
    fills = np.array([*_fills(done, bars)], FILL)
    lost = np.flatnonzero([trade.liquidation for trade in done.venue.fills])
    last = len(candles[0])
    return Result(
        fills[fills["bar"] < last],
        np.zeros(0),
        np.zeros(0, np.int64),
        _quote(done, done.venue.account.cash),
        int(fills["bar"][lost[0]]) + 1 if len(lost) else last + 1,
        bool(len(lost)),
        bars.symbols,
        _mirrors(done, cycles.values(), _places(settings)),
        _funding(done, bars),
    )


def _note(cycles: dict[int, MirrorCycle], bars: Bars, bot: Portfolio) -> None:
    """Add the newest cycle of *bot* to *cycles*, by its bar, if it counts and is not there yet."""
    bar, outcome = (bot.newest_ms - bars.first_ms) // bars.step_ms, bot.outcome
    if bar not in cycles and outcome is not None and (outcome.commands or outcome.gated):
        cycles[bar] = MirrorCycle(bar, bot.newest_ms + bars.step_ms, outcome)


def setup(bars: Bars, settings: Settings, *, checked: bool) -> Setup:
    """Return *settings* as the event world takes them.

    Raises:
        ValueError: The event world cannot do what is asked for.
    """
    _check(settings)
    terms, mode = settings.venue, PositionMode.HEDGE if settings.hedge else PositionMode.ONE_WAY
    places = _places(settings)
    instruments = tuple(
        _at_venue(instrument(symbol, market, places), settings, 10**places)
        for symbol, market in zip(bars.symbols, settings.markets, strict=True)
    )
    strategy = Strategy(
        instruments=instruments,
        long=settings.long,
        short=settings.short,
        mode=mode,
        losses_max=settings.losses_max,
        lookback_ms=settings.lookback_ms,
        affordable=settings.affordable,
    )
    return Setup(
        portfolio=Config(
            strategy=strategy,
            mirrors=_mirror_config(settings.mirror),
            warmup_bars=max(1, settings.warmup_bars),
        ),
        venue=VenueConfig(
            deposit=round(settings.balance * 10**places),
            mode=mode,
            leverage=LEVERAGE,
            all_make=True,
        ),
        to_venue_ns=0,
        to_bot_ns=0,
        funding_ppm=0 if terms.rates else _ppm("funding", terms.funding),
        fundings=_fundings(bars.symbols, terms),
        funding_ns=terms.funding_hours * HOUR_MS * MILLI_NS,
        checked=checked,
    )


def _fundings(symbols: Sequence[str], venue: Venue) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Return what each symbol pays at each moment that has rates, ppm."""
    found: dict[int, list[int]] = {}
    for place, symbol in enumerate(symbols):
        times_ms, fractions = venue.rates.get(symbol, ((), ()))
        for time_ms, fraction in zip(times_ms, fractions, strict=True):
            rates = found.setdefault(int(time_ms) * MILLI_NS, [0] * len(symbols))
            rates[place] = _ppm("funding", float(fraction))
    return tuple((at_ns, tuple(rates)) for at_ns, rates in sorted(found.items()))


def _places(settings: Settings) -> int:
    """Return the decimals of the quote that money is counted in."""
    return max(MONEY_DP, money_dp(settings.markets))


def _check(settings: Settings) -> None:
    """Refuse what only the candle engine does."""
    if settings.venue.volume_share:
        raise ValueError("volume_share: in the event world an order fills in full, or not at all")
    if settings.mirror is not None and settings.mirror.held:
        raise ValueError("held: the event world starts without positions")


def _at_venue(plain: Instrument, settings: Settings, money: int) -> Instrument:
    """Return *plain* with fees and margins; *money* units are one of quote."""
    fee_ppm, terms = _ppm("fee", settings.fee), settings.venue
    tiers = tuple(
        Tier(WITHOUT_END if worth == inf else round(worth * money), _ppm("maintenance", rate))
        for worth, rate in terms.own_tiers.get(plain.symbol, terms.tiers)
    )
    return evolve(
        plain,
        maker_ppm=fee_ppm,
        taker_ppm=fee_ppm,
        leverage_max=LEVERAGE,
        tiers=tiers,
        liquidation_ppm=_ppm("liquidation_fee", terms.liquidation_fee),
    )


def _ppm(name: str, rate: float) -> int:
    """Return *rate* in parts per million."""
    found = rate * MILLION
    if abs(found - round(found)) > OFF_STEP:
        raise ValueError(f"{name} {rate:g}: the event world takes whole parts per million")
    return round(found)


def _mirror_config(asked: MirrorSettings | None) -> MirrorConfig | None:
    """Return what is asked of the mirrors, None where none are wanted."""
    if asked is None or not wanted(asked.overlay):
        return None
    approved = frozenset(asked.approved)
    return MirrorConfig(settings=asked.overlay, approved=approved, patience=asked.patience)


def in_ticks(bars: Bars, markets: Iterable[Market]) -> Iterator[Candles]:
    """Yield *bars*, of each symbol, in ticks and lots of its market.

    Raises:
        ValueError: Bars or opens are missing, or a price is between two ticks.
    """
    if bars.opens is None:
        raise ValueError("the event world needs the opens of the bars")
    for coin, (symbol, market) in enumerate(zip(bars.symbols, markets, strict=True)):
        high, low, close, volume = bars.values[:, coin].T
        if not np.isfinite(bars.values[:, coin]).all():
            raise ValueError(f"{symbol}: the event world needs bars from the first to the last")
        yield Candles(
            symbol=symbol,
            venue="",
            start_ms=bars.first_ms,
            step_ms=bars.step_ms,
            price_dp=0,
            volume_dp=0,
            open=_ticks(symbol, bars.opens[:, coin], market),
            high=_ticks(symbol, high, market),
            low=_ticks(symbol, low, market),
            close=_ticks(symbol, close, market),
            volume=np.rint(volume / market.qty_step).astype(np.int64),
        )


def _ticks(symbol: str, prices: Floats, market: Market) -> Ints:
    """Return *prices* in ticks."""
    found = prices / market.price_step
    ticks = np.rint(found)
    if (off := np.abs(found - ticks) > OFF_STEP).any():
        raise ValueError(f"{symbol}: {prices[off][0]:g} is no multiple of {market.price_step:g}")
    return ticks.astype(np.int64)


def _fills(done: Run, bars: Bars) -> Iterator[tuple[float, ...]]:
    """Yield what was filled, as rows of `FILL`.

    What is ordered as a bar closes can fill in the next one: that is the bar it belongs to.
    """
    start_ns, step_ns = bars.first_ms * MILLI_NS, bars.step_ms * MILLI_NS
    account = done.venue.account
    pairs, cash = [Pair(mode=account.mode) for _ in account.pairs], account.deposit
    for trade in done.venue.fills:
        before, terms = pairs[trade.symbol], account.instruments[trade.symbol]
        after, _ = step(before, _booked(trade))
        pairs[trade.symbol] = after
        long = after.long != before.long
        leg, old = (after.long, before.long) if long else (after.short, before.short)
        profit, money = (leg.realized - old.realized) * terms.value, float(terms.money)
        cash += profit - trade.fee
        tick, lot = float(terms.tick), float(terms.lot)
        yield (
            (trade.time_ns + 1 - start_ns) // step_ns,
            trade.symbol,
            1 if long else -1,
            Kind.CLOSE_PANIC if trade.liquidation else trade.kind,
            trade.price_ticks * tick,
            trade.side.sign * trade.qty * lot,
            trade.fee * money,
            profit * money,
            cash * money,
            leg.qty * lot,
            _average(leg, tick),
        )


def _booked(trade: Trade) -> Fill:
    """Return *trade* as a position takes it."""
    return Fill(
        side=trade.side,
        qty=trade.qty,
        notional=trade.qty * trade.price_ticks,
        position_side=trade.position_side,
        reduce_only=trade.reduce_only,
    )


def _average(leg: Leg, tick: float) -> float:
    """Return the average entry price of *leg*, in quote; 0 where it is flat."""
    return leg.cost / leg.qty * tick if leg.qty else 0.0


def _quote(done: Run, money: int) -> float:
    """Return *money* units in quote."""
    return money * float(done.venue.account.instruments[0].money)


def _funding(done: Run, bars: Bars) -> Floats:
    """Return what was received as each bar opened, in quote."""
    found, step_ns = np.zeros(len(bars.values)), bars.step_ms * MILLI_NS
    for transfer in done.venue.account.transfers:
        if transfer.item is Item.FUNDING:
            bar = (transfer.time_ns - bars.first_ms * MILLI_NS) // step_ns
            found[bar] += _quote(done, transfer.amount)
    return found


def _mirrors(done: Run, cycles: Iterable[MirrorCycle], places: int) -> MirrorResult | None:
    """Return what became of the overlay, None where there was none."""
    machines, terms = done.bot.mirrors, done.venue.account.instruments
    if machines is None:
        return None
    return MirrorResult(machines, tuple(cycles), len(done.candles[0]), places, terms)
