"""The event world: what a restart loses is made up for, and a run ends with the last close."""

import numpy as np
import pytest
from attrs import evolve

from machines.ladder import Config
from machines.messages import AccountReport
from machines.order_manager import live
from simulator.candles import Candles
from simulator.prng import Prng
from simulator.results import verify
from simulator.synthetic import market
from simulator.venue_terms import VenueConfig
from simulator.world import Run, Setup, run
from spec.hedge_wallet import State
from spec.terms import Instrument, MarginMode, PositionMode
from spec.units import MILLI_NS, SECOND_NS

MODES = pytest.mark.parametrize("mode", PositionMode)
HOUR_NS = 3_600 * SECOND_NS
BACK_NS = 50 * MILLI_NS


def seconds(*parts: tuple[int, int]) -> Candles:
    """Return bars of one second from (price, count) parts; the price jumps between them."""
    price = np.concatenate([np.full(count, at, np.int64) for at, count in parts])
    base = market(1, len(price))
    return evolve(base, step_ms=1_000, open=price, high=price, low=price, close=price)


def setup(mode: PositionMode = PositionMode.ONE_WAY, **venue: object) -> Setup:
    """Return a checked run with a unit of 1,000 ticks and a deposit of 1,000 lots' price."""
    chosen = {"deposit": 100_000_000, "leverage": 2, "mode": mode} | venue
    wallet = Config(instrument=Instrument(symbol="S"), unit_ticks=1_000, mode=mode)
    return Setup(wallet=wallet, venue=VenueConfig(**chosen), checked=True)  # type: ignore[arg-type]


def agree(done: Run) -> None:
    """Assert that everything has arrived, and that the bot and the venue know the same."""
    assert not done.under_way
    verify(done)


@MODES
def test_funding_that_a_restart_loses_is_told_again(mode: PositionMode) -> None:
    """The payment was on the wire when the bot went down: its cash is right all the same."""
    candles = seconds((100_000, 15))
    chosen = evolve(setup(mode), funding_ns=10 * SECOND_NS)
    paid_ns = candles.start_ms * MILLI_NS + chosen.funding_ns
    for late_ns in (0, 1, BACK_NS - 1, BACK_NS):
        done = run(evolve(chosen, restarts=(paid_ns + late_ns,)), candles)
        agree(done)
        assert done.bot.account.credited == done.venue.account.funding < 0


@MODES
@pytest.mark.parametrize("late_ns", [0, 1, BACK_NS // 2, BACK_NS - 1, BACK_NS])
def test_a_liquidation_that_a_restart_loses_is_told_again(mode: PositionMode, late_ns: int) -> None:
    """Down at the moment of the liquidation, the bot is halted and flat once it is back."""
    candles = seconds((100_000, 20), (50_000, 20), (200_000, 20))
    jump_ns = candles.start_ms * MILLI_NS + 40 * SECOND_NS
    done = run(evolve(setup(mode), restarts=(jump_ns + late_ns,)), candles)
    agree(done)
    assert done.venue.fills[-1].liquidation
    assert done.bot.wallet.halted
    assert done.bot.wallet.phase is State.RESET
    assert done.bot.wallet.cash == done.venue.account.cash
    assert not live(done.bot.book)


@MODES
@pytest.mark.parametrize("late_ns", [0, 1, BACK_NS // 2, BACK_NS - 1, BACK_NS])
def test_what_the_jump_sold_after_a_liquidation_is_covered(
    mode: PositionMode, late_ns: int
) -> None:
    """An isolated long fails, the entries of the short leg fill in the same jump: they stay."""
    candles = seconds((100_000, 20), (10_000, 20), (101_000, 60))
    jump_ns = candles.start_ms * MILLI_NS + 20 * SECOND_NS
    chosen = setup(mode, margin_mode=MarginMode.ISOLATED)
    for bars in (100, 30):
        until_ms = candles.start_ms + bars * candles.step_ms
        short = candles.between(candles.start_ms, until_ms)
        done = run(evolve(chosen, restarts=(jump_ns + late_ns,)), short)
        agree(done)
        assert any(fill.liquidation for fill in done.venue.fills)
        assert done.bot.wallet.halted
        sold = mode is PositionMode.HEDGE and bars == 30
        assert bool(done.venue.account.pairs[0].short.qty) is sold


def test_a_leg_that_is_liquidated_alone_halts_the_bot() -> None:
    """Thin liquidity leaves long and short open in a crash; the long leg's margin fails first."""
    crash = ((at, 3) for at in range(99_000, 50_000, -3_000))
    candles = seconds((100_000, 20), *crash, (51_000, 60), (70_000, 60))
    chosen = setup(
        PositionMode.HEDGE,
        margin_mode=MarginMode.ISOLATED,
        liquidity_lots=10,
        refill_ns=SECOND_NS,
        leverage=3,
    )
    down_ns = candles.start_ms * MILLI_NS + 40 * SECOND_NS
    for restarts in ((), (down_ns,), tuple(down_ns + n * SECOND_NS for n in range(40))):
        done = run(evolve(chosen, restarts=restarts), candles)
        report = done.venue.account.report(0)
        assert report.long_closed > report.short_closed
        agree(done)
        assert done.bot.wallet.halted


def test_equity_at_the_end_is_at_the_last_close() -> None:
    """Nothing looked at the price on its way there, but the venue's mark is that price."""
    candles = seconds((100_000, 20), (100_123, 20))
    done = run(setup(), candles)
    account = done.venue.account
    held = account.pairs[0].long.qty
    assert account.marks == [100_123]
    assert done.venue.equity() == account.deposit - account.fees + 123 * held


@MODES
def test_one_seed_is_one_journal(mode: PositionMode) -> None:
    """The seed draws the jitter; another seed, another latency or a restart is another run."""
    candles = market(3, 3_000)
    chosen = evolve(setup(mode), jitter_ns=BACK_NS)
    chosen = evolve(chosen, wallet=evolve(chosen.wallet, unit_ticks=int(candles.open[0]) // 200))
    other = evolve(chosen, seed=2)
    late = evolve(chosen, to_bot_ns=2 * BACK_NS)
    down = evolve(chosen, restarts=(candles.start_ms * MILLI_NS + HOUR_NS,))
    hashes = [run(each, candles).journal_hash for each in (chosen, chosen, other, late, down)]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 4


def test_a_run_tells_what_has_not_arrived() -> None:
    """The re-entry's fill happens with the last bar: its report is still on the way."""
    candles = seconds((100_000, 1))
    slow = evolve(setup(), to_venue_ns=400 * MILLI_NS, to_bot_ns=400 * MILLI_NS)
    done = run(slow, candles)
    assert done.venue.fills
    assert done.under_way
    assert done.bot.account == AccountReport()
    verify(done)


def wild(dice: Prng) -> Candles:
    """Return a market that jumps, at times by half, and is still at the end."""
    at, parts = 100_000, [(100_000, 5)]
    for _ in range(40):
        far = (60, 60, 20, 5, 5, 2, 2)[dice.below(7)]
        at = max(at + at * dice.between(-far, far) // 100, 2_000)
        parts.append((min(at, 10_000_000), dice.between(1, 6)))
    return seconds(*parts, (parts[-1][0], 400))


@pytest.mark.parametrize("seed", [*range(40), 372, 688])
def test_whatever_happens_the_books_agree(seed: int) -> None:
    """Jumps, liquidations, thin liquidity, funding, a slow wire, restarts: all at once."""
    dice = Prng(seed).split("world")
    candles = wild(dice)
    chosen = setup(
        PositionMode(dice.below(2)),
        margin_mode=MarginMode(dice.below(2)),
        leverage=dice.between(1, 20),
        liquidity_lots=(0, 40, 200)[dice.below(3)],
        refill_ns=SECOND_NS // 4,
        slippage_ticks=dice.below(2_000),
    )
    start_ns = candles.start_ms * MILLI_NS
    moments = sorted(start_ns + dice.below(150 * SECOND_NS) for _ in range(dice.below(60)))
    done = run(
        evolve(
            chosen,
            seed=seed,
            jitter_ns=dice.below(400) * MILLI_NS,
            funding_ppm=dice.between(-3_000, 3_000),
            funding_ns=10 * SECOND_NS,
            restarts=tuple(moments),
        ),
        candles,
    )
    agree(done)
    liquidated = any(fill.liquidation for fill in done.venue.fills)
    assert liquidated <= done.bot.wallet.halted
