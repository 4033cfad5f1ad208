"""A strategy with mirrors in the live loop: the simulated venue, behind a wire that misbehaves."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from adapters.bots import waits_for_a_person
from adapters.journal.audit import audit
from adapters.live.bars import Minutes
from adapters.live.status import status
from adapters.live.terms import Terms
from adapters.venue.port import Bar, Gap, GapEnded, Unavailable
from machines.messages import Bars
from machines.portfolio import Config, Portfolio
from machines.pricing.kinds import Kind
from spec.mirror import Fault
from spec.mirror import State as Overlay
from spec.supervisor import State, StopPolicy
from spec.terms import PositionMode
from tests.adapters import live_portfolio
from tests.adapters.live_portfolio import MINUTE_MS, NAMES, PortfolioWorld, warm
from tests.adapters.live_world import PRICE, CrashError, Faults, crashing_at, simulated

BAD = Faults(lost=0.05, unanswered=0.05, twice=0.1, gaps=0.002, unavailable=0.05)
FEW, MANY = range(4), range(4, 44)
MODES = pytest.mark.parametrize("mode", PositionMode)
Story = Callable[[PortfolioWorld], Coroutine[Any, Any, None]]


def lived(path: Path, story: Story, *words: Any, **options: Any) -> None:  # noqa: ANN401
    """Run *story* with a process that runs, then compare and kill it."""

    async def life() -> None:
        world = PortfolioWorld(path / "j", *words, **options)
        world.begin()
        await world.running()
        await story(world)
        await world.running()
        world.check()
        await world.kill()

    simulated(life())


def heard(world: PortfolioWorld) -> list[Bars]:
    """Return the bars that the bot is told from now on, as they come."""
    found: list[Bars] = []
    tell = world.loop.session.bars

    def heard_too(bars: Bars) -> None:
        found.append(bars)
        tell(bars)

    world.loop.session.bars = heard_too  # type: ignore[method-assign]
    return found


@MODES
def test_a_strategy_trades_with_its_mirrors(tmp_path: Path, mode: PositionMode) -> None:
    """Entries, closes and mirrors go through the port and the journal, on several symbols."""

    async def story(world: PortfolioWorld) -> None:
        await world.minutes(12)
        fills = world.venue.fills
        assert len({fill.symbol for fill in fills}) > 1
        assert any(fill.kind >= Kind.MIRROR_OPEN for fill in fills)
        assert any(fill.kind < Kind.MIRROR_OPEN for fill in fills)
        shown = status(world.loop, "venue")
        symbols: Any = shown["symbols"]
        legs = sum(bool(leg.qty) for desk in world.portfolio.desks for leg in legs_of(desk))
        assert sum(len(each["legs"]) for each in symbols.values()) == legs > 0

    lived(tmp_path, story, mode, seed=3)
    tallies = audit(tmp_path / "j").tallies
    looked_at = {name for name, tally in tallies.items() if tally.cases}
    assert looked_at >= {"ORD-3", "POS-1", "POS-2", "MIR-2", "COL-7.1"}
    assert ("COL-1.2" in looked_at) == (mode is PositionMode.ONE_WAY)
    assert ("COL-6.2" in looked_at) == (mode is PositionMode.HEDGE)


def legs_of(desk: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """Return the four legs of base and mirror."""
    return desk.pair.long, desk.pair.short, desk.mirror.long, desk.mirror.short


def lives(path: Path, seed: int) -> None:
    """Let processes run and die at any moment of a bad network, then heal it and compare."""

    async def story() -> None:
        mode, liquidity = list(PositionMode)[seed % 2], (0, 0, 300)[seed % 3]
        world = PortfolioWorld(path / "j", mode, seed=seed, faults=BAD, liquidity=liquidity)
        for _ in range(world.dice.randrange(1, 4)):
            process = world.begin()
            market = asyncio.ensure_future(world.wander(world.dice.random() * 400))
            await asyncio.wait((process, market), return_when=asyncio.FIRST_COMPLETED)
            assert not process.done()
            await world.kill()
            await world.wander(world.dice.random() * 200)
        world.port.faults = Faults()
        world.begin()
        await world.until(lambda: world.loop.supervising.state is State.RUNNING)
        await world.minutes(2)
        await world.running()
        world.check()
        await world.kill()

    simulated(story())


@pytest.mark.parametrize("seed", FEW)
def test_killed_at_any_moment_nothing_is_doubled_or_orphaned(tmp_path: Path, seed: int) -> None:
    """Venue, journal and positions agree after kills, lost requests, late answers and gaps."""
    lives(tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", MANY)
def test_killed_at_any_moment_many_times(tmp_path: Path, seed: int) -> None:
    """The same with forty more seeds."""
    lives(tmp_path, seed)


@pytest.mark.parametrize("number", range(1, 5))
def test_a_crash_between_the_journal_and_the_request(tmp_path: Path, number: int) -> None:
    """What is on disk and has not left is asked for, found absent, and sent: once."""

    async def story() -> None:
        world = PortfolioWorld(tmp_path / "j")
        with crashing_at(number):
            process = world.begin()
            while not process.done():
                await world.wander(5.0)
        with pytest.raises(CrashError):
            process.result()
        await world.kill()
        world.begin()
        await world.running()
        await world.minutes(1)
        await world.running()
        world.check()
        await world.kill()

    simulated(story())


def test_a_symbol_without_bars_holds_nobody_up(tmp_path: Path) -> None:
    """The others are told of after some patience; the silent one has no bar in that minute."""

    async def story(world: PortfolioWorld) -> None:
        bars = heard(world)
        await world.minutes(1)
        world.port.silent.add(2)
        bars.clear()
        await world.minutes(3)
        assert [each.open_ms - bars[0].open_ms for each in bars] == [0, MINUTE_MS, 2 * MINUTE_MS]
        for each in bars:
            assert not each.past
            assert [bar is None for bar in each.bars] == [False, False, True, False]

    lived(tmp_path, story, terms=Terms(bar_s=5.0))


def test_bars_that_a_gap_hid_are_past(tmp_path: Path) -> None:
    """After it they are asked for, in order, and nothing is ordered on them."""

    async def story(world: PortfolioWorld) -> None:
        await world.minutes(1)
        newest_ms, bars = world.portfolio.newest_ms, heard(world)
        world.port.publish(Gap("test"))
        await asyncio.sleep(0.2)
        world.port.gap = True
        await world.wander(200.0)
        assert world.portfolio.newest_ms == newest_ms
        world.port.gap = False
        world.port.publish(GapEnded())
        await world.running()
        assert len(bars) >= 3
        assert all(each.past and None not in each.bars for each in bars)
        assert stale(world)
        await world.minutes(1)
        assert not bars[-1].past
        assert not stale(world)
        assert {after.open_ms - before.open_ms for before, after in pairwise(bars)} == {MINUTE_MS}

    lived(tmp_path, story)


def stale(world: PortfolioWorld) -> bool:
    """Return whether the bot waits for the next bars before it orders anything."""
    return world.portfolio.stale


def test_bars_that_cannot_be_had_are_said(tmp_path: Path) -> None:
    """After some tries the bot goes on with those that there are."""

    async def story() -> None:
        world = PortfolioWorld(tmp_path / "j")
        ask = world.port.bars

        async def bars(symbol: int, since_ms: int, until_ms: int | None = None) -> Any:  # noqa: ANN401
            return Unavailable("delisted") if symbol == 1 else await ask(symbol, since_ms, until_ms)

        world.port.bars = bars  # type: ignore[method-assign]
        await world.wander(150.0)
        world.begin()
        await world.until(lambda: world.loop.supervising.state is State.RUNNING)
        await world.minutes(1)
        assert [words["symbols"] for what, words in world.said if what == "bars missing"] == [1]
        counts = world.portfolio.averages.bars
        assert counts[1] < counts[0] == counts[2]
        await world.running()
        world.check()
        await world.kill()

    simulated(story())


@MODES
def test_a_stop_can_close_everything(tmp_path: Path, mode: PositionMode) -> None:
    """Base and mirrors are closed; the bot hears of it, and waits until a person resumes it."""

    async def story() -> None:
        world = PortfolioWorld(tmp_path / "j", mode, seed=3)
        process = world.begin()
        await world.running()
        await world.minutes(12)
        held = [symbol for symbol in range(len(NAMES)) if world.venue.position(symbol).state]
        assert len(held) > 1
        world.loop.stop(StopPolicy.FLATTEN)
        await world.until(process.done)
        assert await world.end(process) is State.STOPPED
        assert not any(world.venue.position(symbol).state for symbol in range(len(NAMES)))
        world.begin()
        await world.running()
        assert waits_for_a_person(world.portfolio)
        assert world.portfolio.account.sequence == len(held)  # one report a symbol, none corrects
        await world.minutes(1)
        assert not world.loop.session.orders()
        world.check()
        await world.kill()
        world.begin(resume=world.loop.supervisor.halts)
        await world.running()
        await world.minutes(1)
        assert world.loop.session.orders()
        await world.running()
        world.check()
        await world.kill()

    simulated(story())


def test_stopped_mirrors_go_on_once_a_person_has_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the overlay does not halt the supervisor, but waits for a person as well."""
    monkeypatch.setattr(live_portfolio, "warm", stopped)

    async def story() -> None:
        world = PortfolioWorld(tmp_path / "j")
        world.begin()
        await world.running()
        await world.minutes(2)
        assert overlay_state(world) is Overlay.STOPPED
        await world.kill()
        world.begin(resume=world.loop.supervisor.halts)
        await world.running()
        await world.minutes(2)
        assert overlay_state(world) is not Overlay.STOPPED
        await world.running()
        world.check()
        await world.kill()

    simulated(story())


def stopped(config: Config) -> Portfolio:
    """Return a portfolio whose mirrors an error has stopped."""
    bot = warm(config)
    assert bot.mirrors is not None
    overlay = evolve(bot.mirrors.overlay, state=Overlay.STOPPED, stops=1, fault=Fault.PRICE)
    return evolve(bot, mirrors=evolve(bot.mirrors, overlay=overlay))


def overlay_state(world: PortfolioWorld) -> Overlay:
    """Return what the overlay is doing."""
    assert world.portfolio.mirrors is not None
    return world.portfolio.mirrors.overlay.state


def minute(symbol: int, number: int) -> Bar:
    """Return a bar."""
    return Bar(symbol, number * MINUTE_MS, PRICE, PRICE, PRICE, PRICE, symbol)


def taken(minutes: Minutes, until: int) -> list[tuple[int, list[bool]]]:
    """Return which bars of which minutes are taken."""
    found = minutes.take(until * MINUTE_MS)
    return [(ms // MINUTE_MS, [bar is not None for bar in row]) for ms, row in found]


def test_minutes_are_put_together() -> None:
    """A minute is over once all have their bar, or once a later one is there; each comes once."""
    minutes = Minutes(2, newest_ms=0)
    assert minutes.over_ms() < MINUTE_MS
    minutes.add((minute(0, 1),))
    assert minutes.over_ms() == 0
    minutes.add((minute(1, 1), minute(0, 0)))
    assert minutes.over_ms() == MINUTE_MS
    minutes.add((minute(1, 4), minute(0, 2)))
    assert minutes.over_ms() == 3 * MINUTE_MS
    assert taken(minutes, 3) == [(1, [True, True]), (2, [True, False])]
    minutes.add((minute(1, 2), minute(1, 3), minute(0, 4)))
    assert taken(minutes, 9) == [(3, [False, True]), (4, [True, True])]
    assert not taken(minutes, 9)
