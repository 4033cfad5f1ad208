"""What the seed of a swarm run draws: a market, a venue, a wire, and how the hedge wallet trades.

What it draws for a portfolio is in `simulator.swarm_portfolio`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np
from attrs import asdict, evolve, field, frozen

from machines.ladder import Config
from simulator.candles import Candles, Ints
from simulator.faults import Faults
from simulator.prng import Prng
from simulator.synthetic import market
from simulator.venue_terms import VenueConfig
from simulator.wire_port import Defences
from simulator.world import Conditions, Setup
from spec.terms import Instrument, PositionMode
from spec.units import MILLI_NS, SECOND_NS

BARS, CALM_BARS = 240, 20  # of a minute: a market, then a price that stands still
MINUTE_NS = 60 * SECOND_NS
WINDOW_NS = 180 * MINUTE_NS  # what there are faults in; the rest is for recovery
DEPOSIT_LOTS = 1_000
DUST_LOTS = 120
PRICE_STEPS = (500, 800, 1_200)  # units of the ladder in the first price
BROKEN: Mapping[str, Defences] = MappingProxyType(
    {
        "repeats": Defences(repeats=1),
        "resends": Defences(resends=True),
        "hasty": Defences(hasty=True),
        "deaf": Defences(deaf=True),
    }
)
BotName = Literal["wallet", "portfolio"]
BOTS: tuple[BotName, ...] = ("wallet", "portfolio")


@frozen(kw_only=True)
class Trial:
    """One run of the swarm: *seed* draws what *bot* trades on, *faults* strike."""

    seed: int
    faults: Faults
    defences: Defences = field(default=Defences())
    bot: BotName = "wallet"


def candles_of(seed: int) -> Candles:
    """Return the market of *seed*, then a price that stands still."""
    return calmed(market(seed, BARS), CALM_BARS)


def calmed(candles: Candles, bars: int) -> Candles:
    """Return *candles*, and *bars* after them in which the price stands still."""
    last = int(candles.close[-1])

    def then(column: Ints, value: int) -> Ints:
        return np.concatenate((column, np.full(bars, value, np.int64)))

    return evolve(
        candles,
        open=then(candles.open, last),
        high=then(candles.high, last),
        low=then(candles.low, last),
        close=then(candles.close, last),
        volume=then(candles.volume, 0),
    )


def setup_of(trial: Trial) -> Setup:
    """Return what the seed draws for a hedge wallet beside the market."""
    dice = Prng(trial.seed).split("setup")
    price = int(market(trial.seed, 1).open[0])
    mode, thin = mode_of(trial, dice)
    wallet = Config(
        instrument=Instrument(symbol="SYNTH", min_notional=dust_of(trial, DUST_LOTS * price)),
        unit_ticks=price // PRICE_STEPS[dice.below(len(PRICE_STEPS))],
        mode=mode,
    )
    venue = VenueConfig(deposit=DEPOSIT_LOTS * price, mode=mode, leverage=2)
    return Setup(wallet=wallet, **asdict(conditions(trial, dice, venue, thin=thin), recurse=False))


def mode_of(trial: Trial, dice: Prng) -> tuple[PositionMode, bool]:
    """Return the position mode, and whether the market is thin: orders may fill in parts."""
    mode = PositionMode(dice.below(2))
    return mode, "partial_then_cancel" in trial.faults.rates or dice.below(2) == 1


def dust_of(trial: Trial, money: int) -> int:
    """Return the minimum notional: *money* where what is left of an order may be below it."""
    return money if "min_notional_dust" in trial.faults.rates else 0


def conditions(trial: Trial, dice: Prng, venue: VenueConfig, *, thin: bool) -> Conditions:
    """Return how *venue* fills and what the wire is like."""
    twins = "retry_duplicate" in trial.faults.rates  # not where an id may be used again
    return Conditions(
        venue=evolve(
            venue,
            slippage_ticks=dice.below(100),
            liquidity_lots=dice.between(50, 300) if thin else 0,
            refill_ns=SECOND_NS,
            unique_ids="ever" if twins or dice.below(2) else "open",
        ),
        seed=trial.seed,
        to_venue_ns=dice.between(5, 100) * MILLI_NS,
        to_bot_ns=dice.between(5, 100) * MILLI_NS,
        jitter_ns=dice.below(100) * MILLI_NS,
        faults=trial.faults,
        defences=trial.defences,
    )
