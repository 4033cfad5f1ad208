"""The rehearsal: no formula is compiled while a market waits."""

import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module

import pytest
from attrs import evolve

from machines.portfolio_rehearsal import CONFIG, rehearse
from machines.pricing.ema import band_weights
from machines.pricing.numbers import Compiled
from machines.pricing.sides import market_from
from simulator.portfolio_world import run
from spec.terms import PositionMode
from tests.simulator.portfolios import markets, setup

BARS = 200
typeof: Callable[[object], object] = import_module("numba").typeof
Asked = set[tuple[str, tuple[object, ...]]]


def forget() -> None:
    """Forget what formulas have said: what is known already would not be asked."""
    market_from.cache_clear()
    band_weights.cache_clear()


@contextmanager
def asked(monkeypatch: pytest.MonkeyPatch) -> Generator[Asked]:
    """Yield what is asked of the formulas meanwhile: which, and of what types the values are."""
    found: Asked = set()
    call = Compiled.__call__

    def noted(self: Compiled, *args: object, **named: object) -> object:
        found.add((repr(self.function), tuple(map(typeof, args))))
        return call(self, *args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Compiled, "__call__", noted)
        yield found


@pytest.mark.parametrize("mode", PositionMode)
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_portfolio_asks_for_nothing_that_was_not_rehearsed(
    monkeypatch: pytest.MonkeyPatch, mode: PositionMode, *, mirrored: bool
) -> None:
    """Whatever a run calls, the rehearsal has called with values of the same types."""
    fresh = evolve(CONFIG, strategy=evolve(CONFIG.strategy))
    monkeypatch.setattr("machines.portfolio_rehearsal.CONFIG", fresh)
    forget()
    with asked(monkeypatch) as rehearsed:
        rehearse()
    forget()
    with asked(monkeypatch) as played:
        run(evolve(setup(1, mode, mirrored=mirrored), checked=False), markets(1, BARS))
    assert played
    assert played - rehearsed == set()


def test_nobody_imports_numba_who_prices_nothing() -> None:
    """A hedge wallet's process has its loop and its journal, and not the 130 MB of a compiler."""
    code = "import adapters.live.loop, sys; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603
