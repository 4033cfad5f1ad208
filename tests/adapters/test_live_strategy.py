"""From a strategy's configuration to the portfolio that trades: what is asked for, and what of."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from typer.testing import CliRunner

from adapters.bots import config_of, holdings
from adapters.cli import app, plans
from adapters.cli.paper import venue_of
from adapters.journal.replay import rebuilt
from adapters.journal.store import Journal
from adapters.live.account import AccountError
from adapters.live.prepare import WalletPlan
from adapters.live.prepare_strategy import SPARE_BARS, StrategyPlan
from adapters.live.start import begun
from adapters.strategy import portfolio as portfolios
from adapters.strategy import settings as strategies
from adapters.strategy.parse import Strategy, parse
from adapters.strategy.text import StrategyError
from adapters.venue.port import Bar, Unavailable
from machines.portfolio import Portfolio
from machines.pricing.sides import market_from
from spec.terms import Instrument, PositionMode
from spec.units import MILLI_NS
from tests.adapters.live_portfolio import MINUTE_MS, BarPort
from tests.adapters.live_world import DEPOSIT, PRICE, Faults, World, clock_ns, simulated

TEMPLATE = Path("configs/strategy/mirror_shorts_for_longs.json")
DEAD = "http://127.0.0.1:9"
MINUTES = 30


def strategy(**live: Any) -> Strategy:  # noqa: ANN401
    """Return the template, with other values of `live`."""
    document = json.loads(TEMPLATE.read_text(encoding="utf-8"), parse_float=Decimal)
    del document["$schema"]
    document["live"] |= {"max_warmup_minutes": MINUTES} | live
    return parse(document, Path())


def plan(**live: Any) -> StrategyPlan:  # noqa: ANN401
    """Return what is traded of the template."""
    found = strategy(**live)
    return StrategyPlan(found, portfolios.coins(found), "USDT")


class Eight(World):
    """A venue of as many contracts as the template has coins, with candles of some hours."""

    port: BarPort

    def __init__(self, path: Path, chosen: StrategyPlan) -> None:
        instruments = {
            coin: Instrument(symbol=f"{coin}USDT", min_notional=5, max_qty=10**9)
            for coin in chosen.coins
        }
        bot = portfolio_of(chosen, instruments)
        super().__init__(path, bot=bot, leverage=10)
        now_ms = clock_ns() // MILLI_NS // MINUTE_MS * MINUTE_MS
        for symbol in range(len(instruments)):
            self.port.past += [
                Bar(symbol, now_ms - n * MINUTE_MS, PRICE, PRICE + 9, PRICE - 9, PRICE, 100)
                for n in range(4 * MINUTES, 0, -1)
            ]

    def _port(self, faults: Faults) -> BarPort:
        return BarPort(self.venue, self.dice, faults)


def portfolio_of(chosen: StrategyPlan, instruments: dict[str, Instrument]) -> Portfolio:
    """Return the portfolio of *chosen* before it is warm."""
    from machines.portfolio import new

    return new(portfolios.config(chosen.strategy, instruments), DEPOSIT)


def test_a_backtest_and_a_venue_trade_the_same() -> None:
    """The sides, the mirrors and who is approved are those that a backtest has.

    Live the limit of a side is shared among its positions, however many coins are tradable.
    """
    chosen = strategy()
    chosen = evolve(chosen, values={**chosen.values, strategies.FORAGED: False})
    coins = portfolios.coins(chosen)
    instruments = {coin: Instrument(symbol=f"{coin}USDT") for coin in coins}
    live = portfolios.config(chosen, instruments)
    markets = {each.symbol: market_from(each) for each in instruments.values()}
    tested = strategies.settings(chosen, markets, MINUTE_MS, MINUTES)
    assert (live.strategy.long, live.strategy.short) == (tested.long, tested.short)
    assert live.strategy.losses_max == tested.losses_max
    assert (live.strategy.mode is PositionMode.HEDGE) == tested.hedge
    assert live.mirrors is not None
    assert tested.mirror is not None
    assert live.mirrors.settings == tested.mirror.overlay
    assert live.mirrors.approved == frozenset(tested.mirror.approved or ())
    assert live.warmup_bars == MINUTES


@pytest.mark.parametrize(
    ("live", "why"),
    [
        ({"approved_coins": {"long": [], "short": ["BTC"]}, "ignored_coins": ["BTC"]}, "nothing"),
        ({"market_orders_allowed": True}, "live.market_orders_allowed true: this cannot be done"),
    ],
)
def test_what_cannot_be_traded_is_refused(live: dict[str, Any], why: str) -> None:
    """With the key, its value and what to do."""
    with pytest.raises(StrategyError, match=why):
        portfolios.coins(strategy(**live))


def test_a_portfolio_is_prepared_once(tmp_path: Path) -> None:
    """Mode and leverage are set; the journal begins warm, with the balance, and is kept."""

    async def story() -> None:
        chosen = plan()
        world = Eight(tmp_path / "j", chosen)
        world.venue.account.set_mode(PositionMode.ONE_WAY)
        path = tmp_path / "new"
        config = await chosen.prepared(world.port, path, clock_ns())
        assert world.venue.account.mode is PositionMode.HEDGE
        with Journal(path) as journal:
            bot = rebuilt(journal)
            assert isinstance(bot, Portfolio)
            assert begun(journal) == (config, DEPOSIT)
        assert set(bot.averages.bars) == {MINUTES + SPARE_BARS}
        assert [held.instrument.symbol for held in holdings(bot)][:2] == ["BTCUSDT", "ETHUSDT"]
        size = path.stat().st_size
        assert await chosen.prepared(world.port, path, clock_ns() + 1) == config == config_of(bot)
        assert path.stat().st_size == size

    simulated(story())


@pytest.mark.parametrize(
    ("live", "why"),
    [
        ({"leverage": 3}, "BTCUSDT: leverage 3: BTCUSDT: 10 is set"),
        ({"hedge_mode": False}, "live.hedge_mode false: the account is in the other mode"),
        ({}, "ETHUSDT: the account holds a position; close it"),
    ],
)
def test_an_account_that_does_not_fit_is_refused(
    tmp_path: Path, live: dict[str, Any], why: str
) -> None:
    """What cannot be set is told with the key and what to do."""

    async def story() -> None:
        world = Eight(tmp_path / "j", plan())
        (price,) = {world.port.quotes[1].last}
        world.venue.account.pairs[1] = evolve_long(world.venue.account.pairs[1], price)
        with pytest.raises(AccountError, match=why):
            await plan(**live).prepared(world.port, tmp_path / "new", clock_ns())
        assert not (tmp_path / "new").exists()

    simulated(story())


def evolve_long(pair: Any, price: int) -> Any:  # noqa: ANN401
    """Return *pair* with a lot."""
    from machines.position import Leg
    from spec.position import State

    return evolve(pair, state=State.LONG, long=Leg(qty=1, cost=price))


def test_without_candles_nothing_begins(tmp_path: Path) -> None:
    """A portfolio does not begin with averages that are not warm because a request failed."""

    async def story() -> None:
        chosen = plan()
        world = Eight(tmp_path / "j", chosen)

        async def bars(symbol: int, since_ms: int, until_ms: int | None = None) -> Any:  # noqa: ANN401
            del until_ms
            return Unavailable(f"no {symbol} since {since_ms}")

        world.port.bars = bars  # type: ignore[method-assign]
        with pytest.raises(AccountError, match=r"candles: no 0 since [0-9]+; try again"):
            await chosen.prepared(world.port, tmp_path / "new", clock_ns())

    simulated(story())


def test_the_file_says_what_is_traded(tmp_path: Path) -> None:
    """A strategy has sections; a wallet has none, and is the default."""
    assert isinstance(plans.chosen(None, None, "bybit"), WalletPlan)
    found = plans.chosen(TEMPLATE, None, "hyperliquid")
    assert isinstance(found, StrategyPlan)
    assert found.symbols[:2] == ("BTC/USDC:USDC", "ETH/USDC:USDC")
    assert plans.chosen(TEMPLATE, None, "okx").symbols[0] == "BTC/USDT:USDT"
    wallet = tmp_path / "wallet.json"
    wallet.write_text('{"symbol": "SOLUSDT"}', encoding="utf-8")
    assert plans.chosen(wallet, None, "bybit").symbols == ("SOLUSDT",)


def test_paper_begins_with_the_balance_of_the_backtest() -> None:
    """Of a strategy; its venue has the mode and the leverage that are asked for."""
    venue = venue_of(plan(), "0.01")
    assert (venue.deposit, venue.leverage, venue.mode) == (10_000_000, 10, PositionMode.HEDGE)


@pytest.mark.parametrize(
    ("document", "words", "why"),
    [
        ({"live": {"approved_coins": []}}, (), "  live.approved_coins []: nothing is traded"),
        ({"bot": {"long": {"n_position": 1}}}, (), "  bot.long.n_position 1: there is no such key"),
        ({"live": {}}, ("--symbol", "BTCUSDT"), "hedgeproof: symbol BTCUSDT: "),
        ({"lives": {}}, (), 'hedgeproof: field "lives": there is none of that name'),
    ],
)
def test_a_file_that_cannot_be_used_is_told(
    tmp_path: Path, document: dict[str, Any], words: tuple[str, ...], why: str
) -> None:
    """Line by line, before anything is asked of a venue."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    result = CliRunner().invoke(
        app, ["run", str(path), "--url", DEAD, "--state", str(tmp_path), *words]
    )
    assert result.exit_code == 2, result.output
    assert any(line.startswith(why) for line in result.stderr.splitlines()), result.stderr
