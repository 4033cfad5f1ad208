"""The event world over many symbols: bars close together, restarts lose nothing, mirrors yield."""

from collections import Counter
from itertools import pairwise

import pytest
from attrs import evolve

from machines import overlay, portfolio
from machines.messages import Bars, Command, Wake, Woken
from machines.portfolio import Portfolio
from machines.pricing.kinds import Kind
from simulator.portfolio_world import Run, run
from spec.terms import PositionMode
from spec.units import MILLI_NS, SECOND_NS
from tests.simulator.portfolios import SYMBOLS, markets, setup

BARS = 150
MINUTE_NS = 60 * SECOND_NS
MODES = pytest.mark.parametrize("mode", PositionMode)
SEEDS = (1, 3)


def agree(done: Run) -> None:
    """Assert that bot and venue know the same cash and the same positions.

    Only the bars of the last minute are still on the wire, and nothing has filled since.
    """
    assert done.under_way == 1
    assert done.bot.cash == done.venue.account.cash
    for symbol, desk in enumerate(done.bot.desks):
        held = done.venue.position(symbol)
        assert desk.pair.long.qty + desk.mirror.long.qty == held.long.qty
        assert desk.pair.short.qty + desk.mirror.short.qty == held.short.qty
        assert desk.long.qty == desk.pair.long.qty
        assert desk.short.qty == desk.pair.short.qty


def restarts(bars: tuple[int, ...]) -> tuple[int, ...]:
    """Return moments at which a process dies: as bars close, and while orders are on the wire."""
    start_ns = markets(1, 1)[0].start_ms * MILLI_NS
    lates = (-1, 0, 30 * MILLI_NS, 120 * MILLI_NS)
    return tuple(start_ns + bar * MINUTE_NS + late for bar in bars for late in lates)


def test_all_symbols_close_together() -> None:
    """Each minute the bot is told once, of one bar a symbol, at the minute's very end."""
    told: list[tuple[int, Bars]] = []

    def tell(now_ns: int, event: portfolio.Event, _: object, __: Portfolio) -> None:
        if isinstance(event, Bars):
            told.append((now_ns, event))

    candles = markets(1, 70)
    run(setup(1, PositionMode.HEDGE, mirrored=False, to_bot_ns=0, jitter_ns=0), candles, told=tell)
    start_ns = candles[0].start_ms * MILLI_NS
    assert [now_ns for now_ns, _ in told] == [start_ns + (i + 1) * MINUTE_NS - 1 for i in range(70)]
    for i, (_, event) in enumerate(told):
        assert event.open_ms * MILLI_NS == start_ns + i * MINUTE_NS
        assert [bar.close for bar in event.bars if bar] == [each.close[i] for each in candles]


def test_candles_must_be_of_the_same_times() -> None:
    """A symbol whose bars are missing would trade on the past of the others."""
    candles = markets(1, 70)
    late = evolve(candles[0], start_ms=candles[0].start_ms + 60_000)
    for wrong in ((late, *candles[1:]), candles[1:]):
        with pytest.raises(ValueError, match="same times"):
            run(setup(1, PositionMode.HEDGE, mirrored=False), wrong)


@MODES
def test_the_same_seed_is_the_same_run(mode: PositionMode) -> None:
    """Same candles, setup and seed: same journal; another seed draws other latencies."""
    candles = markets(1, 100)
    first = run(setup(1, mode, mirrored=False), candles)
    again = run(setup(1, mode, mirrored=False), candles)
    other = run(setup(2, mode, mirrored=False), candles)
    assert first.journal_hash == again.journal_hash != other.journal_hash
    assert first.venue.fills == again.venue.fills


@MODES
def test_nothing_is_lost_in_restarts(mode: PositionMode) -> None:
    """Fills and funding that were on the wire are in the answers; missed bars are told again."""
    candles = markets(1, BARS)
    down = restarts((70, 75, 90, 91, 92, 110, 130))
    minute = {"funding_ppm": 100, "funding_ns": 7 * MINUTE_NS}
    done = run(setup(1, mode, mirrored=False, restarts=down, **minute), candles)
    agree(done)
    assert done.venue.account.funding
    assert done.bot.averages.bars == (BARS - 1,) * SYMBOLS
    plain = run(setup(1, mode, mirrored=False, **minute), candles)
    assert plain.bot.averages == done.bot.averages


@pytest.mark.parametrize("seed", SEEDS)
@MODES
def test_mirrors_keep_their_properties(mode: PositionMode, seed: int) -> None:
    """Latency, jitter and restarts: no property is violated, mirrors open, add and are reduced."""
    down = restarts((65, 80, 81, 95, 120, 121))
    done = run(setup(seed, mode, mirrored=True, restarts=down), markets(seed, BARS))
    agree(done)
    kinds = Counter(Kind(trade.kind) for trade in done.venue.fills)
    assert kinds[Kind.MIRROR_OPEN]
    assert kinds[Kind.ENTRY_INITIAL_NORMAL]
    if mode is PositionMode.HEDGE:
        assert not done.collided


def test_a_mirror_makes_way_for_the_base() -> None:
    """One way, the base wants a symbol that is mirrored: the mirror is closed, the base enters."""
    entered, collided = 0, 0
    for seed in SEEDS:
        done = run(setup(seed, PositionMode.ONE_WAY, mirrored=True), markets(seed, BARS))
        collided += done.collided
        for symbol in range(SYMBOLS):
            kinds = [trade.kind for trade in done.venue.fills if trade.symbol == symbol]
            entered += (Kind.MIRROR_COLLISION, Kind.ENTRY_INITIAL_NORMAL) in pairwise(kinds)
    assert collided
    assert entered


def test_a_bot_that_ignores_the_gate_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The claims look at the venue: they notice who opens where the other one is."""

    def admits(*_: object) -> bool:
        return True

    monkeypatch.setattr(overlay, "admits", admits)
    chosen, candles = setup(1, PositionMode.ONE_WAY, mirrored=True), markets(1, BARS)
    with pytest.raises(AssertionError, match=r"COL-|MIR-1\.3"):
        run(chosen, candles)


@MODES
def test_only_the_newest_refusal_says_when_to_try_again(mode: PositionMode) -> None:
    """Else each of many refusals would go on to have the order tried, ever more often."""
    due_ns: dict[Woken, int] = {}
    woken = Counter[Woken]()

    def tell(now_ns: int, event: object, commands: tuple[Command, ...], _: Portfolio) -> None:
        if isinstance(event, Woken):
            assert due_ns.pop(event) == now_ns
            woken[event] += 1
        for each in commands:
            if isinstance(each, Wake):
                due_ns[Woken(each.key, each.symbol)] = now_ns + each.delay_ns

    poor = setup(1, mode, mirrored=False)
    run(evolve(poor, venue=evolve(poor.venue, leverage=1)), markets(1, BARS), told=tell)
    assert max(woken.values()) > 1
