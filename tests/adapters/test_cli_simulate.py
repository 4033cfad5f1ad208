"""A simulated run that fails: what failed is told, and the closed world's shortest way to it."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from runpy import run_path

import pytest
from attrs import evolve
from typer.testing import CliRunner, Result

from adapters.cli import app
from adapters.cli.simulate_failures import Failure, explain
from simulator import catalogue, record, results
from simulator.fuzz_graph import BrokenError
from simulator.judge import Entry
from simulator.worlds.hedge_wallet import HedgeWalletWorld
from simulator.worlds.wallet_alone import AloneWorld
from spec.hedge_wallet import HEDGE_WALLET, State, Symbol

BARS = 1_500
S, X = State, Symbol
Table = Callable[[State, Symbol, State], None]


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def simulated(out: Path) -> Result:
    return run("simulate", "--bars", BARS, "--out", out)


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the pictures out, which take most of the time."""
    reports = import_module("adapters.cli.results")
    monkeypatch.setattr(reports, "html", lambda _: "<html>")
    monkeypatch.setattr(reports, "pngs", lambda _: {"price": b"png"})


@pytest.fixture
def redirected(monkeypatch: pytest.MonkeyPatch) -> Table:
    """Lead a row of the wallet's table astray, in the run and in the one closed world there is."""

    def redirect(state: State, symbol: Symbol, target: State) -> None:
        rows = (
            evolve(row, target=target) if (row.source, row.symbol) == (state, symbol) else row
            for row in HEDGE_WALLET.rows
        )
        table = evolve(HEDGE_WALLET, rows=tuple(rows))
        world = HedgeWalletWorld("hedge-wallet", jump=4, spec=table)
        monkeypatch.setattr(record, "HEDGE_WALLET", table)
        monkeypatch.setattr(catalogue, "catalogue", lambda **_: (Entry(world),))

    return redirect


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave one closed world, in which all holds."""
    monkeypatch.setattr(catalogue, "catalogue", lambda **_: (Entry(AloneWorld("alone")),))


def test_a_run_without_a_failure_tells_of_none(tmp_path: Path) -> None:
    """Its exit code is 0."""
    done = simulated(tmp_path)
    assert (done.exit_code, "fails" in done.stdout) == (0, False)


def test_a_property_that_fails_is_shown_in_the_closed_world(
    redirected: Table, tmp_path: Path
) -> None:
    """When and after which rows it failed, then the shortest way, as a test and as a trace."""
    redirected(S.RETRACEMENT, X.LAST_ENTRY_FILLED, S.RETRACEMENT)
    done = simulated(tmp_path)
    assert done.exit_code == 1
    assert "HW-11 fails in the run at 2025-01-01T" in done.stdout
    assert "hedge_wallet RETRACEMENT x LAST_ENTRY_FILLED; order TRIGGERED x FINAL_" in done.stdout
    assert "HW-11 fails: The phase says" in done.stdout
    assert "Shortest counterexample, 8 moves, in world hedge-wallet" in done.stdout
    kept = tmp_path / "hedge-wallet-HW-11.trace"
    assert f"Replay it: hedgeproof fuzz hedge-wallet --replay {kept}" in done.stdout
    assert kept.with_suffix(".mmd").read_text().startswith("sequenceDiagram")
    test = run_path(str(tmp_path / "test_hedge_wallet_HW_11.py"))
    with pytest.raises(BrokenError, match="HW-11 fails"):
        test["test_hedge_wallet_HW_11"]()
    numbers = done.stdout.split("hedge-wallet --replay ")[-1].strip()
    for said in (kept, numbers):
        again = run("fuzz", "hedge-wallet", "--replay", said)
        assert (again.exit_code, " fails: " in again.stdout) == (1, True)


def test_the_same_machine_may_fail_otherwise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Where what failed in the run holds in the closed world, and another property does not."""
    table = HEDGE_WALLET.redirected(S.DECLINE, X.RESUMED, S.RECOVERY)
    worlds = (Entry(AloneWorld("alone", table)),)
    monkeypatch.setattr(catalogue, "catalogue", lambda **_: worlds)
    explain(Failure("HW-2.1", "too short"), tmp_path)
    said = capsys.readouterr().out
    assert "HW-2.1 fails in the run: too short\nNo closed world fails so, but the same" in said
    assert "HW-11 fails: The phase says" in said
    assert (tmp_path / "alone-HW-11.trace").exists()


@pytest.mark.usefixtures("sound")
def test_what_does_not_add_up_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The report is written all the same; of money the closed worlds know nothing."""

    def equity(_run: object) -> None:
        raise AssertionError("a lot is missing")

    monkeypatch.setattr(results, "_verify_equity", equity)
    done = simulated(tmp_path)
    assert done.exit_code == 1
    assert (tmp_path / "report.html").exists()
    assert "no exception fails in the run: " in done.stdout
    assert "equity, line" in done.stdout
    assert ": a lot is missing\nNo closed world fails so: the cause" in done.stdout


@pytest.mark.usefixtures("sound")
def test_an_assertion_ends_a_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """There is no report, and no traceback."""

    def told(*_: object) -> None:
        raise AssertionError("it cannot be written")

    monkeypatch.setattr(record.Record, "told", told)
    done = simulated(tmp_path)
    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert not (tmp_path / "report.html").exists()
    assert "told, line" in done.stdout
    assert "it cannot be written" in done.stdout
