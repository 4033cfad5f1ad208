"""Other terms for a bot that lives: written into its journal, taken up, audited with the rest."""

import argparse
import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from adapters import bots
from adapters.bots import AnyBot, Config, config_of
from adapters.journal.audit import audit
from adapters.journal.chain import Kind as Row
from adapters.journal.replay import rebuilt
from adapters.journal.store import Journal, Reader
from adapters.live.account import AccountError
from adapters.live.chosen import Chosen, taken_up
from adapters.live.start import begun
from adapters.live.status import status
from machines import ladder
from machines.bot import Bot
from machines.pricing.kinds import Kind
from spec.hedge_wallet import State as Phase
from spec.mirror import State as Overlay
from spec.supervisor import State
from spec.terms import PositionMode
from spec.units import MILLION
from tests.adapters.live_portfolio import PortfolioWorld
from tests.adapters.live_world import DEPOSIT, UNIT, Faults, World, clock_ns, simulated
from tests.adapters.test_live_run import COINS, busy
from tests.evidence import comparison, kills

BAD = Faults(lost=0.05, unanswered=0.05, twice=0.1, gaps=0.002, unavailable=0.05)
FEW, MANY = range(4), range(4, 44)
MODES = pytest.mark.parametrize("mode", PositionMode)


async def chosen(world: World, config: Config) -> list[str]:
    """Choose other terms for the bot of *world*, which does not run; return what is told of it."""
    told: list[str] = []

    def said(_: str, **words: object) -> None:
        told.append(" ".join(map(str, words.values())))

    await taken_up(world.path, Chosen(config, (("key", repr(config)),)), clock_ns(), said)
    return told


def mirror_lots(world: PortfolioWorld) -> int:
    """Return the lots of all mirrors."""
    return sum(desk.mirror.short.qty for desk in world.portfolio.desks)


def overlay(world: PortfolioWorld) -> Overlay | None:
    """Return what the overlay is doing, None if there is none."""
    mirrors = world.portfolio.mirrors
    return None if mirrors is None else mirrors.overlay.state


@MODES
def test_mirrors_are_unwound_while_the_base_trades_on(tmp_path: Path, mode: PositionMode) -> None:
    """A restart with a threshold of 0 closes them; another one with 1 opens them again."""

    async def story() -> None:
        world = PortfolioWorld(tmp_path / "j", mode, seed=3)
        world.begin()
        await world.running()
        await world.minutes(12)
        await world.kill()
        first = world.portfolio.config
        assert mirror_lots(world)
        await chosen(world, evolve(first, mirrors=None))
        world.begin()
        await world.running()
        assert mirror_lots(world)
        before = len(world.venue.fills)
        await world.minutes(8)
        assert not mirror_lots(world)
        assert overlay(world) is Overlay.OFF
        kinds = {fill.kind for fill in world.venue.fills[before:]}
        assert Kind.MIRROR_UNWIND in kinds
        assert any(kind < Kind.MIRROR_OPEN for kind in kinds)
        assert not kinds & {Kind.MIRROR_OPEN, Kind.MIRROR_ADD}
        await world.running()
        world.check()
        await world.kill()
        await chosen(world, evolve(first, mirrors=None))
        world.begin()
        await world.running()
        assert overlay(world) is None
        await world.kill()
        await chosen(world, first)
        world.begin()
        await world.running()
        await world.minutes(8)
        assert mirror_lots(world)
        await world.running()
        world.check()
        await world.kill()

    simulated(story())
    found = audit(tmp_path / "j")
    assert found.passed
    assert found.configurations == 4  # with an overlay, one that is off, none, with one again
    assert found.tallies["MIR-2"].cases


@MODES
def test_a_wallet_takes_other_terms_up_between_two_cycles(
    tmp_path: Path, mode: PositionMode
) -> None:
    """The cycle ends on the old ladder, and the next one begins on the new."""

    async def story() -> None:
        world = World(tmp_path / "j", mode=mode)
        world.begin()
        await world.running()
        await world.walk(30_000, 30_000)
        await world.running()
        assert phase(world) is Phase.ADVANCE
        await world.kill()
        wider = evolve(world.bot.wallet.config, unit_ticks=3 * UNIT, reserve_ppm=20_000)
        told = await chosen(world, wider)
        assert told[-1] == "from the next cycle on"
        orders = world.loop.session.orders()
        world.begin()
        await world.running()
        assert world.loop.session.orders().keys() == orders.keys()
        assert world.bot.wallet.config.unit_ticks == UNIT
        assert bots.config_of(world.bot) == wider
        assert status(world.loop, "v")["terms_waiting"]
        level = world.bot.wallet.anchor_ticks
        await world.walk(level - UNIT - 20)
        await world.running()
        assert phase(world) is Phase.RETRACEMENT
        assert world.bot.wallet.config.unit_ticks == UNIT
        await world.walk(level + 20)
        await world.running()
        assert phase(world) is Phase.ADVANCE
        assert world.bot.wallet.config == wider
        assert not status(world.loop, "v")["terms_waiting"]
        world.check()
        await world.kill()

    simulated(story())
    assert audit(tmp_path / "j").configurations == 2


def phase(world: World) -> Phase:
    """Return the phase of the wallet."""
    return world.bot.wallet.phase


def test_a_choice_without_a_run_is_one_row(tmp_path: Path) -> None:
    """A process may end before its first event; the same choice again writes nothing."""

    async def story() -> None:
        world = World(tmp_path / "j")
        config = world_config(world)
        for unit in (7, 7, 9, UNIT):
            await chosen(world, evolve(config, unit_ticks=unit))
        with Reader(world.path) as reader:
            rows = list(reader.rows())
        assert [row.kind for row in rows] == [Row.SNAPSHOT] * 4
        with Journal(world.path) as journal:
            assert begun(journal) == (config, DEPOSIT)
            assert journal.newest().words == (("key", repr(config)),)
        world.begin()
        await world.running()
        world.check()
        await world.kill()

    simulated(story())
    assert audit(tmp_path / "j").configurations == 4


def world_config(world: World) -> ladder.Config:
    """Return the terms of the wallet of *world*."""
    with Journal(world.path) as journal:
        config = config_of(rebuilt(journal))
    assert isinstance(config, ladder.Config)
    return config


def test_a_choice_that_is_refused_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    """The line names what, both values and what to do."""

    async def story() -> None:
        world = World(tmp_path / "j")
        world.begin()
        await world.running()
        await world.kill()
        rows = world.path.read_bytes()
        config = evolve(world.bot.wallet.config, mode=PositionMode.HEDGE)
        with pytest.raises(AccountError, match=r"^mode ONE_WAY -> HEDGE: .*--on-stop flatten"):
            await chosen(world, config)
        assert world.path.read_bytes() == rows

    simulated(story())


def other(bot: AnyBot, number: int) -> Config:
    """Return the terms of *bot* with something else."""
    if isinstance(bot, Bot):
        config = bots.config_of(bot)
        assert isinstance(config, ladder.Config)
        return evolve(config, unit_ticks=UNIT + 10 * number, reserve_ppm=5_000 + number)
    config = bot.config
    strategy, mirrors = config.strategy, config.mirrors
    limited = strategy.long.terms._replace(total_limit=1.0 + number / 4)
    long = evolve(strategy.long, terms=limited)
    if mirrors is not None:
        settings = evolve(mirrors.settings, enabled=True, threshold_ppm=number % 4 * MILLION // 2)
        mirrors = evolve(mirrors, settings=settings) if number % 3 else None
    return evolve(config, strategy=evolve(strategy, long=long), mirrors=mirrors)


def lives(made: Callable[[int], World], seed: int) -> None:
    """Let processes run and die in a bad network, each by other terms; then heal it and compare."""

    async def story() -> None:
        world = made(seed)
        for number in range(4):
            with Journal(world.path) as journal:
                bot = rebuilt(journal)
            await chosen(world, other(bot, world.dice.randrange(12)))
            process = world.begin()
            await world.wander(30 + world.dice.random() * 400)
            assert not process.done()
            await world.kill()
            await world.wander(world.dice.random() * 100 * (number % 2))
        world.port.faults = Faults()
        world.begin()
        await world.until(lambda: world.loop.supervising.state is State.RUNNING)
        await world.wander(130.0)
        await world.running()
        world.check()
        await world.kill()

    simulated(story())


WORLDS: dict[str, Callable[[Path], Callable[[int], World]]] = {
    "wallet": lambda path: (
        lambda seed: World(path / "j", seed=seed, faults=BAD, mode=list(PositionMode)[seed % 2])
    ),
    "portfolio": lambda path: (
        lambda seed: PortfolioWorld(path / "j", list(PositionMode)[seed % 2], seed=seed, faults=BAD)
    ),
}


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("seed", FEW)
def test_killed_and_chosen_anew(tmp_path: Path, name: str, seed: int) -> None:
    """Venue, journal and positions agree, whatever terms came one after another."""
    lives(WORLDS[name](tmp_path), seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("seed", MANY)
def test_killed_and_chosen_anew_many_times(tmp_path: Path, name: str, seed: int) -> None:
    """The same with forty more seeds."""
    lives(WORLDS[name](tmp_path), seed)


@pytest.mark.slow
def test_chosen_anew_over_the_wire(tmp_path: Path) -> None:
    """A threshold of 0 and a smaller limit, with kills before and after: nothing is lost."""
    path, document = tmp_path / "config.json", busy()
    document["live"]["approved_coins"] = COINS
    life = argparse.Namespace(kills=1, seed=1, longest=15.0)
    with kills.exchange(60.0, 1, symbols=[f"{coin}USDT" for coin in COINS]) as port:
        path.write_text(json.dumps(document))
        kills.lives(life, path, port, tmp_path)
        document["bot"]["long"]["total_wallet_exposure_limit"] = 0.5
        document["live"]["mirror"]["threshold"] = 0.0
        path.write_text(json.dumps(document))
        kills.lives(life, path, port, tmp_path)
        (journal,) = tmp_path.glob("*/portfolio.journal")
        found = asyncio.run(comparison.compared(journal, port))
    assert found.fills
    assert not any(found.wrong.values()), found
    told = [line["key"] for line in kills.log(tmp_path) if line["what"] == "changed"]
    assert told == ["bot.long.total_wallet_exposure_limit", "live.mirror.threshold"]
