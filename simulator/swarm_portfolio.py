"""What the seed of a swarm run draws for a portfolio with mirrors, and what must agree afterwards.

Few symbols move much alike, so that base and mirrors want the same ones.
"""

from collections.abc import Iterable, Iterator

from attrs import asdict, evolve

from machines.mirror_inputs import Settings
from machines.planner_inputs import Strategy
from machines.portfolio import Config, Portfolio
from machines.portfolio_desk import Desk
from machines.portfolio_handling import Handling
from machines.portfolio_mirrors import MirrorConfig
from machines.position import Pair
from machines.pricing.closes import CloseTerms
from machines.pricing.entries import EntryTerms
from machines.pricing.sides import Side, SideTerms
from machines.pricing.unstuck import UnstuckTerms
from simulator.agreement import legs, of_symbol
from simulator.candles import Candles, Ints
from simulator.portfolio_world import Setup
from simulator.prng import Prng
from simulator.swarm_draws import (
    BARS,
    CALM_BARS,
    DEPOSIT_LOTS,
    MINUTE_NS,
    Trial,
    calmed,
    conditions,
    dust_of,
    mode_of,
)
from simulator.synthetic import market
from simulator.venue import Venue
from simulator.venue_terms import VenueConfig
from spec.mirror import Mode, Pending, Reduce
from spec.terms import Instrument
from spec.units import MILLION

SYMBOLS = "ABCD"
PRICE = 3_000_000  # near which every market begins, in ticks
WARMUP_BARS = 20
DUST_LOTS = 10
LEVERAGES = (5, 20)
THRESHOLDS_PPM = (0, 300_000, MILLION, MILLION, 2_500_000)
TOLERANCES_PPM = (0, 50_000, 200_000)
ALLOWANCES_PPM = (0, 200_000)
FRACTIONS_PPM = (0, 100_000, 500_000, MILLION)
MATCHES_PPM = (0, 200, 2_000)
DISTANCES_PPM = (None, 500, 2_000)
SNAPS_PPM = (0, 10_000, 100_000)
EMA_DISTS_PPM = (0, -2_000, -MILLION)
UNSTUCK = UnstuckTerms(0.0, 0.5, 0.1, -0.1, 0.05)
ENTRIES = EntryTerms(
    limit=1.0,
    initial_qty_pct=0.1,
    initial_ema_dist=-0.001,
    grid_double_down_factor=0.8,
    grid_inflation=True,
    grid_spacing_pct=0.003,
    grid_spacing_we_weight=0.5,
    grid_spacing_volatility_weight=1.0,
    trailing_grid_ratio=0.0,
    trailing_double_down_factor=0.8,
    trailing_threshold_pct=0.003,
    trailing_threshold_we_weight=0.0,
    trailing_threshold_volatility_weight=0.0,
    trailing_retracement_pct=0.001,
    trailing_retracement_we_weight=0.0,
    trailing_retracement_volatility_weight=0.0,
)
CLOSES = CloseTerms(1.0, 0.003, 0.0015, 0.3, 0.0, 0.3, 0.002, 0.001, 0.9)
TRAILINGS = (0.0, -0.5, 0.4)  # the share of trailing orders, below 0 before the grid
SIDE = SideTerms(
    total_limit=2.0,
    positions=1.0,
    excess_allowance_pct=0.3,
    total_enforcer_threshold=1.0,
    volume_drop_pct=0.3,
    volume_weight=0.0,
    range_weight=0.0,
    readiness_weight=1.0,
    band_span=30.0,
    other_band_span=90.0,
    volume_span=20.0,
    range_span=20.0,
    hourly_span=5.0,
)


def candles_of(seed: int) -> tuple[Candles, ...]:
    """Return markets that share a part of their moves, then prices that stand still."""
    dice = Prng(seed).split("markets")
    names, tenths = SYMBOLS[: dice.between(3, len(SYMBOLS))], dice.below(10)
    common = market(seed, BARS)
    own = (market(dice.next_u64(), BARS, symbol=name) for name in names)
    return tuple(calmed(_blend(common, each, tenths), CALM_BARS) for each in own)


def _blend(common: Candles, own: Candles, tenths: int) -> Candles:
    """Return a market whose prices are *tenths* those of *common*, and for the rest its *own*."""

    def mean(first: Ints, second: Ints) -> Ints:
        return (tenths * first + (10 - tenths) * second) // 10

    return evolve(
        own,
        open=mean(common.open, own.open),
        high=mean(common.high, own.high),
        low=mean(common.low, own.low),
        close=mean(common.close, own.close),
    )


def setup_of(trial: Trial) -> Setup:
    """Return what the seed draws for a portfolio beside the markets."""
    dice = Prng(trial.seed).split("portfolio")
    mode, thin = mode_of(trial, dice)
    names = tuple(each.symbol for each in candles_of(trial.seed))
    dust = dust_of(trial, DUST_LOTS * PRICE)
    settings = _settings(dice)
    side, off = _sides(dice)
    shorts = settings.mode is Mode.SHORTS_FOR_LONGS
    config = Config(
        strategy=Strategy(
            instruments=tuple(_instrument(name, dust) for name in names),
            long=side if shorts else off,
            short=off if shorts else side,
            mode=mode,
        ),
        mirrors=MirrorConfig(
            settings=settings,
            approved=frozenset(names[dice.below(2) :]),
            patience=dice.below(3),
        ),
        warmup_bars=WARMUP_BARS,
        handling=_handling(Prng(trial.seed).split("handling")),
    )
    leverage = LEVERAGES[dice.below(len(LEVERAGES))]
    venue = VenueConfig(deposit=DEPOSIT_LOTS * PRICE, mode=mode, leverage=leverage)
    drawn = evolve(
        conditions(trial, dice, venue, thin=thin),
        funding_ns=dice.between(20, 90) * MINUTE_NS,
        checked=True,
    )
    return Setup(portfolio=config, **asdict(drawn, recurse=False))


def _instrument(name: str, min_notional: int) -> Instrument:
    """Return a contract on a thousandth of a coin, in cents."""
    return Instrument(
        symbol=name, min_notional=min_notional, tick="0.01", lot="0.001", money="0.00001"
    )


def _handling(dice: Prng) -> Handling:
    """Return how orders are handed over; in half of the runs as they are planned."""
    if dice.below(2):
        return Handling()
    return Handling(
        tolerance_ppm=MATCHES_PPM[dice.below(len(MATCHES_PPM))],
        snap_ppm=SNAPS_PPM[dice.below(len(SNAPS_PPM))],
        distance_ppm=DISTANCES_PPM[dice.below(len(DISTANCES_PPM))],
        post_only=bool(dice.below(2)),
    )


def _settings(dice: Prng) -> Settings:
    """Return settings of the overlay; 0 is among the values of each number."""
    return Settings(
        mode=Mode(dice.below(2)),
        threshold_ppm=THRESHOLDS_PPM[dice.below(len(THRESHOLDS_PPM))],
        tolerance_ppm=TOLERANCES_PPM[dice.below(len(TOLERANCES_PPM))],
        max_n_positions=dice.below(3),
        excess_allowance_ppm=ALLOWANCES_PPM[dice.below(len(ALLOWANCES_PPM))],
        allocation_min_ppm=FRACTIONS_PPM[dice.below(len(FRACTIONS_PPM))],
        ema_dist_ppm=EMA_DISTS_PPM[dice.below(len(EMA_DISTS_PPM))],
        reduce=Reduce(dice.below(2)),
        count_pending_base=Pending(dice.below(3)),
    )


def _sides(dice: Prng) -> tuple[Side, Side]:
    """Return the side that the base trades, and one that is off."""
    entries, closes = (TRAILINGS[dice.below(len(TRAILINGS))] for _ in range(2))
    terms = SIDE._replace(positions=float(dice.between(1, 2)))
    side = Side(
        ENTRIES._replace(trailing_grid_ratio=entries),
        CLOSES._replace(trailing_grid_ratio=closes),
        UNSTUCK,
        terms,
    )
    return side, evolve(side, terms=terms._replace(positions=0.0))


def disagreements(bot: Portfolio, venue: Venue) -> tuple[str, ...]:
    """Return in words what the bot and the venue do not agree about: positions, orders, money."""
    return tuple(_disagreements(bot, venue))


def _disagreements(bot: Portfolio, venue: Venue) -> Iterator[str]:
    account = venue.account
    for symbol, desk in enumerate(bot.desks):
        (long, short), (more_long, more_short) = legs(desk.pair), legs(desk.mirror)
        yield from of_symbol(symbol, (long + more_long, short + more_short), desk.book, venue)
        known, told = desk.account, account.report(symbol)
        mine = known.liquidations, known.long_closed, known.short_closed
        theirs = told.liquidations, told.long_closed, told.short_closed
        if mine != theirs:
            name = desk.instrument.symbol
            yield f"liquidations of {name}: the bot knows {mine}, the venue {theirs}"
    known, told = bot.account, account.report(0)
    if (known.sequence, known.credited) != (told.sequence, told.credited):
        yield f"account: the bot knows {known}, the venue {told}"
    ours = bot.cash - sum(_cost(each, (each.pair, each.mirror)) for each in bot.desks)
    held = zip(bot.desks, account.pairs, strict=True)
    paid = account.cash - sum(_cost(desk, (pair,)) for desk, pair in held)
    if ours != paid:
        yield f"cash, all positions paid: the bot counts {ours}, the venue {paid}"


def _cost(desk: Desk, pairs: Iterable[Pair]) -> int:
    """Return what *pairs*, held in the symbol of *desk*, have cost in money units.

    What has been realized depends on the order in which fills are heard of; cash without these
    costs does not.
    """
    return desk.instrument.value * sum(pair.long.cost - pair.short.cost for pair in pairs)
