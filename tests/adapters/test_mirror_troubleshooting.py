"""Troubleshooting mirror mode: what a user sees, what the program says, and that the remedy helps.

Each is tried as a user meets it, with `hedgeproof config check` and `hedgeproof backtest`, and is
on the reference page of mirror mode.
"""

import json
from collections import defaultdict
from decimal import Decimal
from functools import reduce
from importlib import import_module
from operator import getitem
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from attrs import evolve

from adapters.backtest import setup
from adapters.strategy import keys
from adapters.strategy.keys import Key
from adapters.strategy.live import LONGS_FOR_SHORTS, SHORTS_FOR_LONGS
from adapters.strategy.table import KEYS
from machines.pricing.kinds import Kind
from simulator.engine.mirrors import Held
from simulator.engine.run import run
from spec.mirror import State
from tests.adapters.backtests import OFF, SIDE, Json, candle_folder, command, config

APART: Json = {"long": ["AAA"], "short": ["BBB", "CCC"]}
NONE_FOR_SHORTS = "live.approved_coins: none for shorts, so no mirror will open"
OPEN = "mirror_open_short"
FULL: Json = {"threshold": 1.0, "ema_dist_entry": -1.0}
WITHOUT_MIRRORS = {
    "live.mirror.threshold",
    "bot.long.n_positions",
    "bot.long.total_wallet_exposure_limit",
    "bot.long.wallet_exposure_limit",
}
ZEROES = tuple(
    key
    for key in KEYS.values()
    if key.used
    and key.kind in {keys.Kind.NUMBER, keys.Kind.WHOLE}
    and Decimal(0) in key.range
    and not key.path.startswith("bot.short")
)


class Ran(NamedTuple):
    """What the check and the run said, the log of the mirrors, and all fills."""

    check: str
    said: str
    log: tuple[str, ...]
    fills: tuple[Json, ...]

    @property
    def mirrors(self) -> list[Json]:
        """The fills of mirrors."""
        return [fill for fill in self.fills if fill["mirror"]]

    @property
    def opened(self) -> bool:
        """Whether a mirror has opened."""
        return any(fill["kind"] == OPEN for fill in self.fills)

    def logged(self, words: str) -> list[str]:
        """Return the lines of the log with *words*."""
        return [line for line in self.log if words in line]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return candle_folder(tmp_path_factory.mktemp("candles"), 1_500)


@pytest.fixture(scope="module")
def short_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return candle_folder(tmp_path_factory.mktemp("candles"), 240)


def tried(
    data: Path,
    out: Path,
    *,
    long: Json = SIDE,
    markets: Json | None = None,
    **live: Any,  # noqa: ANN401
) -> Ran:
    """Check and run a configuration with mirrors on everything else, but for what is given."""
    live = {"approved_coins": APART, **live, "mirror": {**FULL, **live.get("mirror", {})}}
    path = config(out / "c.json", long=long, live=live)
    terms_path = out / "terms.json"
    terms_path.write_text(json.dumps(markets or {}))
    check = command("config", "check", path)
    assert check.exit_code == 0, check.output
    words = ("--data", data, "--out", out / "run", "--markets", terms_path, "--no-pictures")
    done = command("backtest", path, *words)
    assert done.exit_code == 0, done.output
    log = out / "run/mirror.log"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    fills = import_module("pyarrow.parquet").read_table(out / "run/fills.parquet").to_pylist()
    return Ran(check.stdout, done.output, tuple(lines), tuple(fills))


def test_a_threshold_of_zero_is_told(data: Path, tmp_path: Path) -> None:
    """Mirrors that are spoken of but not asked for: in the check, and before the run."""
    off = tried(data, tmp_path, mirror={"threshold": 0.0})
    assert "warning: live.mirror.threshold 0: no mirror will open; 1 hedges all" in off.check
    assert "hedgeproof: live.mirror.threshold 0: no mirror will open" in off.said
    assert not off.mirrors
    assert not off.log
    on = tried(data, tmp_path)
    assert on.opened
    assert "live.mirror" not in on.check + on.said


def test_a_threshold_of_zero_that_is_meant_is_not_minded(tmp_path: Path) -> None:
    """Nothing is said to whoever writes it down, or switches mirrors off; a gap is told."""
    for mirror, told in (
        ({"threshold": 0.0}, False),
        ({"mode": SHORTS_FOR_LONGS, "threshold": 0.0, "tolerance_pct": 0.05}, False),
        ({"mode": LONGS_FOR_SHORTS, "threshold": 0.0}, False),
        ({"enabled": False}, False),
        ({"enabled": False, "max_n_positions": 3}, False),
        ({"mode": SHORTS_FOR_LONGS}, True),
        ({"threshold": 0.0, "max_n_positions": 3}, True),
    ):
        path = config(tmp_path / "c.json", live={"mirror": mirror})
        assert ("threshold 0" in command("config", "check", path).stdout) == told, mirror


def test_no_coin_approved_for_mirrors_is_told(data: Path, tmp_path: Path) -> None:
    """In the check, before the run, and in each cycle; approving one helps."""
    none = tried(data, tmp_path, approved_coins={"long": ["AAA"], "short": []})
    assert f"warning: {NONE_FOR_SHORTS}" in none.check
    assert f"hedgeproof: {NONE_FOR_SHORTS}" in none.said
    assert not none.opened
    assert len(none.logged("limited by APPROVED (AAAUSDT)")) == len(none.log) > 0
    one = tried(data, tmp_path, approved_coins={"long": ["AAA"], "short": ["BBB"]})
    assert NONE_FOR_SHORTS not in one.check + one.said
    assert {fill["symbol"] for fill in one.mirrors} == {"BBBUSDT"}


def test_a_closed_gate_is_told_and_can_be_opened(data: Path, tmp_path: Path) -> None:
    """The log names whom it keeps out; -1 opens at any price."""
    gated = tried(data, tmp_path, mirror={"ema_dist_entry": 0.05})
    assert not gated.opened
    assert len(gated.logged("EMA_GATE (BBBUSDT CCCUSDT)")) == len(gated.log) > 0
    free = tried(data, tmp_path, mirror={"ema_dist_entry": -1.0})
    assert free.opened
    assert not free.logged("EMA_GATE")


def test_no_base_no_mirror_is_told(data: Path, tmp_path: Path) -> None:
    """A base that may not trade is a warning; one that never does is told after the run."""
    off = tried(data, tmp_path, long={**SIDE, "n_positions": 0})
    assert "live.mirror.threshold: no longs are traded, so there is nothing" in off.check
    idle = tried(data, tmp_path, long={**SIDE, "entry_initial_ema_dist": 0.2})
    assert "warning" not in idle.check
    assert not idle.fills
    assert "no mirror was missing: the base held nothing" in idle.said
    busy = tried(data, tmp_path)
    assert busy.opened
    assert "no mirror was missing" not in busy.said


def test_a_band_down_to_nothing_is_told(data: Path, tmp_path: Path) -> None:
    """With a tolerance of the whole target nothing is ever missing."""
    wide = tried(data, tmp_path, mirror={"tolerance_pct": 1.0})
    assert "warning: live.mirror.tolerance_pct 1: the band begins at 0" in wide.check
    assert not wide.mirrors
    assert "no mirror was missing: the base held nothing, or no more than" in wide.said
    less = tried(data, tmp_path, mirror={"tolerance_pct": 0.99})
    assert "warning" not in less.check
    assert less.opened


def test_a_base_on_every_approved_coin_is_told(data: Path, tmp_path: Path) -> None:
    """One way the log says that the coins are in use; others, or hedge mode, help."""
    same = {"long": ["AAA"], "short": ["AAA"]}
    taken = tried(data, tmp_path, approved_coins=same, hedge_mode=False)
    assert not taken.opened
    assert len(taken.logged("limited by OCCUPIED (AAAUSDT)")) == len(taken.log) > 0
    assert tried(data, tmp_path, hedge_mode=False).opened
    assert tried(data, tmp_path, approved_coins=same, hedge_mode=True).opened


def test_a_wider_band_is_less_churn(data: Path, tmp_path: Path) -> None:
    """The more tolerance, the fewer orders of mirrors."""
    counts = [
        len(tried(data, tmp_path, mirror={"tolerance_pct": pct}).mirrors)
        for pct in (0.0, 0.05, 0.1, 0.5)
    ]
    assert counts == sorted(set(counts), reverse=True)


def test_a_whole_ladder_hedged_at_once_is_less_churn(data: Path, tmp_path: Path) -> None:
    """The target is what the base may come to hold, however far it is from that."""
    filled, ladder = (
        tried(data, tmp_path, mirror={"count_pending_base": which}) for which in ("none", "all")
    )
    assert 0 < 10 * len(ladder.mirrors) < len(filled.mirrors)


def largest(ran: Ran) -> float:
    """Return the most that one mirror was worth, in quote."""
    return max(float(fill["position_qty"] * fill["position_price"]) for fill in ran.mirrors)


def test_mirrors_as_large_as_they_may_be_are_told(data: Path, tmp_path: Path) -> None:
    """The log names the cap, an even share; more allowance or fewer mirrors make each larger."""
    many = {"max_n_positions": 20, "mirror_excess_allowance_pct": 0.0}
    small = tried(data, tmp_path, mirror=many)
    assert small.logged("CAP (BBBUSDT CCCUSDT)")
    loose = tried(data, tmp_path, mirror={**many, "mirror_excess_allowance_pct": 1.0})
    fewer = tried(data, tmp_path, mirror={**many, "max_n_positions": 2})
    assert largest(small) < largest(loose) < largest(fewer)
    assert not fewer.logged("CAP (BBBUSDT CCCUSDT)")


def test_more_positions_spread_the_hedge(data: Path, tmp_path: Path) -> None:
    """The number of mirrors is a limit that is told; a higher one uses more coins."""
    one, both = (
        tried(data, tmp_path, mirror={"max_n_positions": count, "tolerance_pct": 0.0})
        for count in (1, 2)
    )
    assert one.logged("COUNT (")
    assert not both.logged("COUNT (")
    assert [len(at_once(ran)) for ran in (one, both)] == [1, 2]


def at_once(ran: Ran) -> set[str]:
    """Return the symbols of the most mirrors that were open at a time."""
    found, most = defaultdict[str, float](float), set[str]()
    for fill in ran.mirrors:
        found[fill["symbol"]] = fill["position_qty"]
        most = max(most, {name for name, qty in found.items() if qty}, key=len)
    return most


def test_a_base_too_small_to_be_mirrored_is_told(data: Path, tmp_path: Path) -> None:
    """The venue's smallest order would leave the band; a larger base helps."""
    least = {coin: {"min_cost": 500.0} for coin in ("BBB", "CCC")}
    tiny = {**SIDE, "n_positions": 1, "entry_initial_qty_pct": 0.001}
    small = tried(data, tmp_path, long=tiny, markets=least)
    first = small.log[0]
    assert "MIN_SIZE (BBBUSDT CCCUSDT)" in first
    assert first.split()[1] == "LIMITED"
    large = tried(data, tmp_path, markets=least)
    assert "MIN_SIZE" not in large.log[0]
    assert "open sell" in large.log[0]


def test_a_collision_blocks_the_base_for_a_cycle(data: Path, tmp_path: Path) -> None:
    """The log says who waits; the mirror closes, and then the base enters."""
    shared = tried(data, tmp_path, approved_coins="all", hedge_mode=False)
    assert shared.logged("collision: buy")
    assert shared.logged("base waits for")
    closed: dict[str, Any] = {}
    entered = 0
    for fill in shared.fills:
        if fill["kind"] == "mirror_collision_short" and not fill["position_qty"]:
            closed[fill["symbol"]] = fill["time"]
        elif fill["kind"] == "entry_initial_normal_long" and fill["symbol"] in closed:
            assert fill["time"] > closed.pop(fill["symbol"])
            entered += 1
    assert entered


def test_coins_of_their_own_prevent_collisions(data: Path, tmp_path: Path) -> None:
    """With different coins for base and mirrors, or in hedge mode, nobody waits."""
    apart = tried(data, tmp_path, hedge_mode=False)
    both_ways = tried(data, tmp_path, approved_coins="all", hedge_mode=True)
    for ran in (apart, both_ways):
        assert ran.opened
        assert not ran.logged("base waits for")
        assert not any(fill["collision"] for fill in ran.fills)


@pytest.mark.parametrize(
    ("mode", "barred", "base"),
    [(SHORTS_FOR_LONGS, "short", "long"), (LONGS_FOR_SHORTS, "long", "short")],
)
def test_a_base_on_both_sides_is_refused(
    data: Path, tmp_path: Path, mode: str, barred: str, base: str
) -> None:
    """By the check and by the run, in the same words; without mirrors, or one-sided, it is fine."""
    said = f"bot.{barred}.n_positions 2: live.mirror keeps {barred}s against {base}s"
    for threshold, allowed in ((1.0, False), (0.0, True)):
        live = {"mirror": {"mode": mode, "threshold": threshold}}
        path = config(tmp_path / "c.json", short=SIDE, live=live)
        check = command("config", "check", path)
        done = command("backtest", path, "--data", data, "--out", tmp_path / "r", "--no-pictures")
        assert (check.exit_code, done.exit_code) == ((0, 0) if allowed else (1, 2))
        assert (said in check.stdout, said in done.stderr) == (not allowed, not allowed)
    sides = {barred: OFF, base: SIDE}
    path = config(tmp_path / "c.json", **sides, live={"mirror": {"mode": mode, "threshold": 1.0}})
    assert command("config", "check", path).exit_code == 0


@pytest.mark.parametrize("key", ZEROES, ids=lambda key: key.path)
def test_zero_works_wherever_it_is_allowed(short_data: Path, tmp_path: Path, key: Key) -> None:
    """0.0 runs from the file to the report, and is what the run was made with."""
    live = {"approved_coins": APART, "mirror": FULL}
    found: Json = {"bot": {"long": SIDE, "short": OFF}, "live": live}
    names = key.path.split(".")
    path, out = tmp_path / "c.json", tmp_path / "run"
    path.write_text(json.dumps(zeroed(found | {"backtest": {"max_warmup_minutes": 120}}, names)))
    done = command("backtest", path, "--no-pictures", "--data", short_data, "--out", out)
    assert done.exit_code == 0, done.output
    kept = json.loads((out / "config.json").read_text())
    assert reduce(getitem, names, kept) == 0
    assert ("Mirror net" in done.stdout) == (key.path not in WITHOUT_MIRRORS)


def zeroed(document: Json, names: list[str]) -> Json:
    """Return *document* with 0.0 at the path *names*."""
    name, *rest = names
    return document | {name: zeroed(document.get(name, {}), rest) if rest else 0.0}


def quiet(*_: object) -> None:
    """Say nothing."""


def test_a_threshold_of_zero_unwinds_what_an_earlier_run_has_left(
    data: Path, tmp_path: Path
) -> None:
    """Mirrors are closed, nothing is opened, and the overlay is off; the base trades on."""
    before = tried(data, tmp_path)
    last = {fill["symbol"]: fill for fill in before.mirrors}
    held = tuple(
        Held(symbol, fill["position_qty"], fill["position_price"])
        for symbol, fill in last.items()
        if fill["position_qty"]
    )
    assert held
    strategy = setup.load(tmp_path / "c.json", {})
    found = setup.made(strategy, setup.planned(strategy, data), None, quiet)
    assert found.settings.mirror is not None
    off = evolve(found.settings.mirror.overlay, threshold_ppm=0)
    mirror = evolve(found.settings.mirror, overlay=off, held=held)
    result = run(found.data.bars, evolve(found.settings, mirror=mirror))
    assert result.mirror is not None
    assert result.mirror.machines.overlay.state is State.OFF
    kinds = result.fills["kind"]
    assert set(kinds[kinds >= Kind.MIRROR_OPEN]) == {Kind.MIRROR_OPEN, Kind.MIRROR_UNWIND}
    assert (kinds == Kind.MIRROR_OPEN).sum() == len(held)  # a run begins with what is there
    unwound = result.fills[kinds == Kind.MIRROR_UNWIND]
    assert unwound["qty"].sum() == pytest.approx(sum(each.qty for each in held))
    assert (kinds == Kind.ENTRY_INITIAL_NORMAL).any()
