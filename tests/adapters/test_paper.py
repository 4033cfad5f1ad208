"""Paper trading in simulated time: its account outlives the process, as the journal knows it."""

import asyncio
from pathlib import Path

import pytest
from attrs import evolve

from adapters.bots import holdings
from adapters.cli.paper import PaperPort, kept
from adapters.cli.venue_port import VenuePort
from adapters.journal.audit import audit
from adapters.live.matching import expected_cash
from adapters.venue.port import Done, Rate, Snapshot
from machines import order_manager
from simulator.venue_terms import VenueConfig
from spec.supervisor import State
from spec.terms import MarginMode, PositionMode
from spec.units import MILLI_NS, ppm_of
from tests.adapters.live_portfolio import PortfolioWorld
from tests.adapters.live_world import (
    DEPOSIT,
    PRICE,
    CrashError,
    World,
    clock_ns,
    crashing_at,
    simulated,
)

MODES = list(PositionMode)


class Paper(World):
    """A world whose venue is there for its prices: every process trades on paper."""

    paper: PaperPort
    filled, mirrored = 0, False
    margin = MarginMode.CROSS

    def traded(self) -> VenuePort:
        return self.paper

    def begin(self, resume: int | None = None) -> asyncio.Task[State]:
        before, terms = kept(self.path), evolve(self.venue.config, margin_mode=self.margin)
        self.paper = PaperPort(lambda: self.port, lambda _: terms, lambda: before, clock_ns)
        return super().begin(resume)

    def check(self) -> None:
        """Assert that the paper account is what the journal says, and that nothing else is."""
        assert self.journal is not None
        bot, account = self.loop.session.bot, self.paper.venue.account
        assert expected_cash(bot) == account.cash
        for held in holdings(bot):
            pair, legs = account.pairs[held.symbol], held.legs
            for ours, theirs in ((legs.long, pair.long), (legs.short, pair.short)):
                assert (ours.qty, ours.cost) == (theirs.qty, theirs.cost)
            there = {each.client_order_id for each in self.paper.venue.open_orders(held.symbol)}
            assert there == {each.client_order_id for each in order_manager.live(held.book)}
        assert not self.venue.fills
        found = audit(self.path)
        assert found.passed, found.findings or found.fault

    async def lives(self, count: int) -> None:
        """Let process after process be killed, in the middle of whatever goes on."""
        for _ in range(count):
            self.begin()
            await self.running()
            self.check()
            await self.wander(30.0 * self.dice.random())
            self.filled += len(self.paper.venue.fills)
            mirrors = [held.mirror for held in holdings(self.loop.session.bot)]
            self.mirrored |= any(pair and (pair.long.qty or pair.short.qty) for pair in mirrors)
            await self.kill()


class PaperPortfolio(Paper, PortfolioWorld):
    """The same of a portfolio with mirrors."""


@pytest.mark.parametrize("mode", MODES)
def test_a_wallet_on_paper_goes_on_where_it_was(tmp_path: Path, mode: PositionMode) -> None:
    """Positions, money and open orders are there again after each kill."""

    async def story() -> None:
        world = Paper(tmp_path / "j", mode=mode)
        await world.lives(8)
        assert world.filled > 8

    simulated(story())


@pytest.mark.parametrize("mode", MODES)
def test_an_order_filled_in_part_goes_on_with_its_rest(tmp_path: Path, mode: PositionMode) -> None:
    """What had filled is filled, at the same price and fee, and the rest fills later."""

    async def story() -> None:
        world = Paper(tmp_path / "j", mode=mode, liquidity=DEPOSIT // PRICE // 9)

        def part() -> bool:
            (held,) = holdings(world.loop.session.bot)
            return any(each.order.cum_qty > 0 for each in order_manager.live(held.book))

        world.begin()
        await world.until(part)
        assert world.journal is not None
        world.journal.flush()
        await world.kill()
        world.begin()
        await world.until(lambda: bool(world.paper.venue.fills) and not part())
        assert world.bot.pair.long.qty > DEPOSIT // PRICE // 2
        world.check()
        await world.kill()

    simulated(story())


@pytest.mark.parametrize("mode", MODES)
def test_a_portfolio_on_paper_goes_on_where_it_was(tmp_path: Path, mode: PositionMode) -> None:
    """On many symbols, and its mirrors too."""

    async def story() -> None:
        world = PaperPortfolio(tmp_path / "j", mode)
        world.begin()
        await world.running()
        await world.minutes(3)
        await world.kill()
        await world.lives(6)
        assert world.mirrored

    simulated(story())


def test_the_account_keeps_its_mode_until_another_is_set(tmp_path: Path) -> None:
    """As at a venue: what is asked for now is not what the positions of the journal are in."""

    async def story() -> None:
        world = World(tmp_path / "j")
        bot, terms = kept(world.path), VenueConfig(deposit=0, mode=PositionMode.HEDGE)
        paper = PaperPort(lambda: world.port, lambda _: terms, lambda: bot, clock_ns)
        assert await paper.open() is None
        assert paper.venue.account.mode is PositionMode.ONE_WAY
        assert await paper.set_mode(PositionMode.HEDGE) == Done(changed=True)
        assert paper.venue.position(0).mode is PositionMode.HEDGE
        await paper.close()

    simulated(story())


def test_an_isolated_leg_has_its_margin_again(tmp_path: Path) -> None:
    """What it was bought for, by the leverage."""

    async def story() -> None:
        world = Paper(tmp_path / "j")
        world.margin = MarginMode.ISOLATED
        world.begin()
        await world.running()
        before = world.paper.venue.account.margins
        await world.kill()
        world.begin()
        await world.running()
        assert world.paper.venue.account.margins == before != [[0, 0]]
        await world.kill()

    simulated(story())


def test_the_market_of_the_meantime_is_met_at_the_first_price(tmp_path: Path) -> None:
    """A stop that the price has passed while nobody was there fills at the price of then."""

    async def story() -> None:
        world = Paper(tmp_path / "j")
        world.begin()
        await world.running()
        await world.kill()
        world.port.price(0, PRICE // 2)
        world.begin()
        await world.until(lambda: bool(world.paper.venue.fills))
        assert world.paper.venue.fills[0].price_ticks == PRICE // 2
        await world.running()
        world.check()
        await world.kill()

    simulated(story())


def test_a_request_that_had_not_left_was_never_made(tmp_path: Path) -> None:
    """It is on disk and nowhere else: the next process finds no order, and places it."""

    async def story() -> None:
        world = Paper(tmp_path / "j")
        with crashing_at(1), pytest.raises(CrashError):
            await world.begin()
        await world.kill()
        world.begin()
        await world.running()
        assert len(world.paper.venue.fills) == 1
        world.check()
        await world.kill()

    simulated(story())


def test_funding_is_paid_by_what_is_held(tmp_path: Path) -> None:
    """Once, as the venue of the prices tells it; the bot books it, and the next process knows."""

    async def story() -> None:
        world = Paper(tmp_path / "j")
        paid_ms = clock_ns() // MILLI_NS + 5_000

        async def rates(symbol: int, since_ms: int) -> Snapshot[tuple[Rate, ...]]:
            found = () if symbol or paid_ms < since_ms else (Rate(paid_ms, 100),)
            return Snapshot(0, 0, found)

        world.port.rates = rates  # type: ignore[method-assign]
        world.begin()
        await world.running()
        await world.walk(*(PRICE,) * 200)
        account = world.paper.venue.account
        assert account.funding == -ppm_of(world.bot.pair.long.qty * PRICE, 100) < 0
        assert world.bot.account.credited == account.funding
        world.check()
        await world.kill()
        await world.lives(1)

    simulated(story())
