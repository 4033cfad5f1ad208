"""All coins of a venue: which are traded, and for how long they stay the same."""

import asyncio
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from attrs import evolve

from adapters.live.account import AccountError
from adapters.live.listing import COINS_MAX, chosen, listed
from adapters.live.prepare_strategy import StrategyPlan
from adapters.strategy import portfolio as portfolios
from adapters.strategy.settings import DAY_MS
from adapters.venue.listing import Listed, listing
from adapters.venue.outcomes import Failure
from spec.units import MILLI_NS
from tests.adapters.live_world import clock_ns, simulated
from tests.adapters.test_live_strategy import Eight, strategy

NOW_MS = 1_000 * DAY_MS
SYMBOL = "{}/USDT:USDT"


def coin(name: str, turnover: int, days: int | None = 500) -> Listed:
    """Return a coin that was listed so many days ago."""
    since_ms = None if days is None else NOW_MS - days * DAY_MS
    return Listed(name, since_ms, Decimal(turnover))


def test_the_busiest_of_the_old_coins_are_traded() -> None:
    """Those that are young or ignored are not; where the venue tells no age, all are old."""
    found = coin("A", 1), coin("B", 3), coin("C", 9, 300), coin("D", 2, None), coin("E", 8)
    traded = chosen(strategy(approved_coins="all", ignored_coins=["E"]), found, NOW_MS)
    assert traded == ("B", "D", "A")
    younger = strategy(approved_coins="all", minimum_coin_age_days=300)
    assert chosen(younger, found, NOW_MS)[0] == "C"


def test_there_are_so_many_and_no_more() -> None:
    """What is named beside them is among them, however little it is traded."""
    found = [coin(f"C{number}", 1_000 - number) for number in range(COINS_MAX + 9)]
    approved = {"long": "all", "short": ["C57"]}
    traded = chosen(strategy(approved_coins=approved), found, NOW_MS)
    assert traded == ("C57", *(each.coin for each in found[: COINS_MAX - 1]))


def test_where_nothing_is_left_the_age_is_told() -> None:
    """It has a default, which a person may not know of."""
    with pytest.raises(AccountError, match=r"minimum_coin_age_days 365: of 1 coins none"):
        chosen(strategy(approved_coins="all"), [coin("A", 1, 2)], NOW_MS)


class Stub:
    """A client library of three markets, of which one is another currency's and one a future."""

    def __init__(self, *, failing: bool = False) -> None:
        self.errors, self.closed, self._failing = RuntimeError, False, failing
        terms = {"swap": True, "active": True, "created": None, "contractSize": 10}
        names = {"BTC": SYMBOL.format("BTC"), "ETH": "ETH/USDC:USDC", "SOL": "SOL/USDT:USDT-1"}
        markets = {symbol: terms | {"base": base} for base, symbol in names.items()}
        self.exchange = SimpleNamespace(markets=markets, fetch_tickers=self._tickers)

    async def load(self, symbols: tuple[str, ...]) -> list[Any] | Failure:
        assert not symbols
        return Failure("", "down") if self._failing else []

    async def _tickers(self, symbols: list[str]) -> dict[str, Any]:
        return {each: {"quoteVolume": None, "baseVolume": 2.0, "last": 3.5} for each in symbols}

    async def close(self) -> None:
        self.closed = True


def found_by(stub: Stub, plan: StrategyPlan) -> tuple[StrategyPlan, list[Any]]:
    """Return *plan* with its coins, and what is said."""
    said: list[Any] = []

    def say(what: str, **words: object) -> None:
        said.append((what, words))

    made = listed(plan, lambda: cast("Any", stub), NOW_MS * MILLI_NS, say)
    return cast("StrategyPlan", asyncio.run(made)), said


def test_the_venue_is_asked_only_where_coins_are_missing() -> None:
    """Its perpetual contracts in the quote currency count, and a person is told which they are."""
    stub, everything = Stub(), strategy(approved_coins="all")
    plan, said = found_by(stub, StrategyPlan(everything, portfolios.coins(everything), "USDT"))
    assert plan.symbols == (SYMBOL.format("BTC"),)
    assert said == [("coins", {"traded": 1, "listed": 1, "names": "BTC"})]
    assert stub.closed
    assert found_by(Stub(failing=True), plan) == (plan, [])
    with pytest.raises(AccountError, match="venue: down"):
        found_by(Stub(failing=True), evolve(plan, coins=()))


def test_where_no_money_is_told_contracts_are_counted() -> None:
    """So many contracts of so many coins each, at the last price."""
    found = asyncio.run(listing(cast("Any", Stub()), "USDT"))
    assert found == (Listed("BTC", None, Decimal(70)),)


def test_a_journal_keeps_its_coins(tmp_path: Path) -> None:
    """What the venue lists later is not traded: the contracts of a portfolio are its journal's."""

    async def story() -> None:
        everything, path = strategy(approved_coins="all"), tmp_path / "new"
        first = StrategyPlan(everything, ("BTC", "ETH"), "USDT")
        world = Eight(tmp_path / "j", first)
        await first.prepared(world.port, path, clock_ns())
        assert StrategyPlan(everything, (), "USDT").keeping(path) == first

    simulated(story())
