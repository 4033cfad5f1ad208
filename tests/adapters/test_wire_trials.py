"""What the trials on the wire draw: bots of every kind, on contracts that the exchange has."""

import pytest

pytest.importorskip("numba", reason="numba is not installed")

from adapters.live.prepare import WalletPlan
from adapters.live.prepare_strategy import StrategyPlan
from adapters.strategy.portfolio import config
from simulator.prng import Prng
from spec.mirror import Mode
from spec.terms import Instrument, PositionMode
from tests.evidence.comparison import SYMBOL
from tests.evidence.traded import COINS, MODES, UNITS, contracts, plan

SEEDS = range(24)
INSTRUMENTS = {coin: Instrument(symbol=coin, min_notional=5) for coin in COINS}


@pytest.mark.parametrize("mode", MODES)
def test_seeds_draw_portfolios_of_all_kinds(mode: str) -> None:
    """Both sides that hedge, one slot and two, on four contracts."""
    kinds = set[tuple[Mode, float]]()
    for seed in SEEDS:
        found = plan("portfolio", Prng(seed), mode)
        assert isinstance(found, StrategyPlan)
        assert contracts(found) == tuple(f"{coin}USDT" for coin in COINS)
        chosen = config(found.strategy, INSTRUMENTS)
        assert chosen.strategy.mode is PositionMode[mode.upper()]
        assert chosen.mirrors is not None
        slots = chosen.strategy.long.terms.positions + chosen.strategy.short.terms.positions
        kinds.add((chosen.mirrors.settings.mode, slots))
    assert kinds == {(each, slots) for each in Mode for slots in (1, 2)}


@pytest.mark.parametrize("mode", MODES)
def test_seeds_draw_wallets_of_all_kinds(mode: str) -> None:
    """Every unit of the ladder."""
    plans = [plan("wallet", Prng(seed), mode) for seed in SEEDS]
    wallets = [each.config for each in plans if isinstance(each, WalletPlan)]
    assert {each.unit for each in wallets} == set(UNITS)
    assert {each.mode for each in wallets} == {mode}
    assert {contracts(each) for each in plans} == {(SYMBOL,)}
