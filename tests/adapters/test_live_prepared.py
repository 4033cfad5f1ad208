"""A configuration that has changed since the journal began: what is kept, told and refused."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from adapters import config as configs
from adapters.bots import config_of
from adapters.journal.replay import rebuilt
from adapters.journal.store import Journal
from adapters.live.account import AccountError
from adapters.live.prepare import WalletPlan
from adapters.live.prepare_strategy import StrategyPlan, warmed
from adapters.live.start import found
from machines import ladder, portfolio
from machines.bot import Bot
from machines.portfolio import Portfolio
from machines.position import Leg
from spec.position import State
from spec.terms import PositionMode
from tests.adapters.live_portfolio import MINUTE_MS
from tests.adapters.live_world import PRICE, World, clock_ns, simulated
from tests.adapters.test_live_strategy import MINUTES, Eight, plan


class Told(list[str]):
    """What a person is told."""

    def say(self, _: str, **words: object) -> None:
        self.append(" ".join(map(str, words.values())))


def bot_of(path: Path) -> Any:  # noqa: ANN401
    """Return the bot of the journal at *path*."""
    with Journal(path) as journal:
        return rebuilt(journal)


def held(path: Path, place: int) -> Path:
    """Return a journal like that at *path* whose bot holds a long position at *place*."""
    with Journal(path) as journal:
        newest = journal.newest()
    assert isinstance(newest.bot, Portfolio)
    desks = list(newest.bot.desks)
    leg = Leg(qty=3, cost=3 * PRICE)
    desks[place] = evolve(desks[place], pair=evolve(desks[place].pair, state=State.LONG, long=leg))
    other = path.with_name("held")
    found(other, evolve(newest.bot, desks=tuple(desks)), clock_ns(), newest.words)
    return other


async def begun(path: Path, chosen: StrategyPlan) -> Eight:
    """Return a world of all coins once *chosen* has a journal at *path*."""
    world = Eight(path.with_name("world"), chosen)
    await chosen.prepared(world.port, path, clock_ns())
    return world


def test_what_has_changed_is_told_by_its_key(tmp_path: Path) -> None:
    """Old and new, before anything is asked of the account; the next start has nothing to tell."""

    async def story() -> None:
        path, told = tmp_path / "j", Told()
        world = await begun(path, plan())
        assert (await plan().prepared(world.port, path, clock_ns(), told.say), told) == (
            config_of(bot_of(path)),
            [],
        )
        instruments = world.port.instruments
        dearer = evolve(instruments[0], taker_ppm=9)
        world.venue.account.instruments = (dearer, *instruments[1:])
        other = plan(max_realized_loss_pct=Decimal("0.25"), pnls_max_lookback_days=3)
        config = await other.prepared(world.port, path, clock_ns(), told.say)
        assert [line.split(" ")[0] for line in told] == [
            "live.max_realized_loss_pct",
            "live.pnls_max_lookback_days",
            "BTCUSDT",
        ]
        assert told[0].endswith(" 0.25")
        assert told[2] == "BTCUSDT taker_ppm 550 9"
        assert config_of(bot_of(path)) == config
        assert bot_of(path).config.strategy.losses_max == 0.25
        told.clear()
        await other.prepared(world.port, path, clock_ns(), told.say)
        assert not told

    simulated(story())


def test_mirrors_are_switched_off_and_on_by_the_threshold(tmp_path: Path) -> None:
    """Nothing is left of them, so there is no overlay."""

    async def story() -> None:
        path = tmp_path / "j"
        world = await begun(path, plan())
        assert bot_of(path).mirrors is not None
        every = world.port.instruments
        off = plan(mirror={"enabled": True, "threshold": 0})
        world.venue.account.instruments = every[: len(off.coins)]
        await off.prepared(world.port, path, clock_ns())
        assert bot_of(path).mirrors is None
        assert len(bot_of(path).desks) < len(every)  # the base has no business with the others
        world.venue.account.instruments = every
        await plan().prepared(world.port, path, clock_ns())
        assert bot_of(path).mirrors is not None

    simulated(story())


def test_longer_averages_are_warmed_up_to_the_newest_bar(tmp_path: Path) -> None:
    """They are those of a portfolio that has had these terms all the time."""

    async def story() -> None:
        path = tmp_path / "j"
        world = await begun(path, plan())
        before = bot_of(path)
        await asyncio.sleep(180.0)
        for bar in world.port.past[-4 * MINUTES :: MINUTES]:
            world.port.past.append(evolve(bar, open_ms=before.newest_ms + MINUTE_MS, close=7))
        other = plan(max_warmup_minutes=60)
        config = await other.prepared(world.port, path, clock_ns())
        after = bot_of(path)
        assert after.newest_ms == before.newest_ms
        assert set(before.averages.bars) == {32}
        assert set(after.averages.bars) == {62}
        assert isinstance(config, portfolio.Config)
        fresh = await warmed(world.port, portfolio.new(config, 1), before.newest_ms + MINUTE_MS)
        assert after.averages == fresh.averages

    simulated(story())


@pytest.mark.parametrize(
    ("live", "why"),
    [
        (
            {"hedge_mode": False},
            r"live.hedge_mode HEDGE -> ONE_WAY: still open: \w+; wait",
        ),
        ({"leverage": 3, "hedge_mode": False}, "live.hedge_mode HEDGE -> ONE_WAY"),
    ],
)
def test_a_refused_change_touches_neither_journal_nor_account(
    tmp_path: Path, live: dict[str, Any], why: str
) -> None:
    """It is told by the configuration's key, before mode and leverage are set."""

    async def story() -> None:
        world = await begun(tmp_path / "j", plan())
        path = held(tmp_path / "j", 1)
        rows = path.read_bytes()
        with pytest.raises(AccountError, match=why):
            await plan(**live).prepared(world.port, path, clock_ns())
        assert path.read_bytes() == rows
        assert world.venue.account.mode is PositionMode.HEDGE

    simulated(story())


def test_a_coin_that_is_left_out_stays_until_it_is_closed(tmp_path: Path) -> None:
    """It is not opened again; once nothing is left of it the next start is without it."""

    async def story() -> None:
        path, told = tmp_path / "j", Told()
        world = await begun(path, plan())
        last = plan().coins[-1]
        fewer, before = plan(ignored_coins=[last]), bot_of(path)
        assert fewer.coins == plan().coins[:-1]
        assert fewer.keeping(path) == fewer
        open_path = held(path, len(fewer.coins))
        kept = fewer.keeping(open_path)
        assert kept.symbols == plan().symbols
        config = await kept.prepared(world.port, open_path, clock_ns(), told.say)
        assert isinstance(config, portfolio.Config)
        assert told[-1] == f"{last} traded kept until it is closed"
        names = [each.symbol for each in config.strategy.instruments]
        assert names[-1] == f"{last}USDT"
        assert config.mirrors is not None
        assert config.mirrors.approved == before.config.mirrors.approved - {names[-1]}
        world.venue.account.instruments = world.port.instruments[: len(fewer.coins)]
        with pytest.raises(AccountError, match=f"{last}USDT traded -> left out: still open"):
            await fewer.prepared(world.port, open_path, clock_ns())
        await fewer.prepared(world.port, path, clock_ns())
        assert len(bot_of(path).desks) == len(fewer.coins)

    simulated(story())


def test_a_unit_in_percent_stays_unless_another_is_given(tmp_path: Path) -> None:
    """It is that of the price at the beginning; another percentage is that of the price now."""

    async def story() -> None:
        path, told = tmp_path / "j", Told()
        world = World(tmp_path / "world")

        async def prepared(unit: str) -> int:
            found = configs.replaced(configs.default(), {"symbol": "S", "unit": unit})
            config = await WalletPlan(found).prepared(world.port, path, clock_ns(), told.say)
            assert isinstance(config, ladder.Config)
            return config.unit_ticks

        assert await prepared("1%") == PRICE // 100
        world.port.price(0, 2 * PRICE)
        assert await prepared("1%") == PRICE // 100
        assert not told
        assert await prepared("2%") == 2 * PRICE // 50
        assert told == ["unit 1% 2%"]
        assert await prepared("2%") == 2 * PRICE // 50
        bot = bot_of(path)
        assert isinstance(bot, Bot)
        assert bot.wallet.config.unit_ticks == 2 * PRICE // 50

    simulated(story())
