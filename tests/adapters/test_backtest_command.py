"""`hedgeproof backtest`: what is run, what is written, what is refused and in which words."""

import json
import re
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from adapters.candles import load, save
from simulator.candles import utc
from simulator.synthetic import market
from tests.adapters.backtests import (
    BARS,
    OFF,
    SIDE,
    SYMBOLS,
    Json,
    candle_folder,
    command,
    config,
)

DAY_MS = 86_400_000
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return candle_folder(tmp_path_factory.mktemp("candles"))


@pytest.fixture(scope="module")
def ran(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """The folder of a run of longs and shorts, and what was printed."""
    folder = tmp_path_factory.mktemp("runs")
    path = config(folder / "both.json", short=SIDE, live={"user": "somebody"})
    done = command("backtest", path, "--data", data, "--out", folder / "run")
    assert done.exit_code == 0, done.output
    return folder / "run", done.stdout, done.stderr


def table(folder: Path, name: str = "fills") -> Any:  # noqa: ANN401
    return import_module("pyarrow.parquet").read_table(folder / f"{name}.parquet")


def summary(folder: Path) -> dict[str, float]:
    found: dict[str, float] = json.loads((folder / "summary.json").read_text())["metrics"]
    return found


def test_a_run_is_summed_up_and_written(ran: tuple[Path, str, str]) -> None:
    """The table says what the files say, and names the report."""
    folder, out, _ = ran
    fills = table(folder)
    assert fills.num_rows > 100
    assert {"LONG", "SHORT"} == set(fills.column("side").to_pylist())
    assert f"{fills.num_rows:,}" in out
    assert f"{summary(folder)['pnl']:,.2f}" in out
    assert out.endswith(f"The report is {folder / 'report.html'}\n")
    for name in ("config.json", "markets.json", "run.json", "trades.csv", "account.png"):
        assert (folder / name).stat().st_size > 0, name


def test_what_has_less_effect_than_it_says_is_told(ran: tuple[Path, str, str]) -> None:
    """Warm-up, terms taken from candles, and keys that do nothing: printed, and in the folder."""
    folder, _, err = ran
    notes = json.loads((folder / "run.json").read_text())["notes"]
    assert [f"hedgeproof: {note}" for note in notes] == err.strip().splitlines()
    words = "\n".join(notes)
    for part in (
        "averages warm up for 90 bars (bot.short.entry_volatility_ema_span_hours x",
        "without effect in a backtest: live.user",
        "taken from the candles: AAAUSDT, BBBUSDT, CCCUSDT",
    ):
        assert part in words
    assert words.splitlines()[0] in (folder / "report.html").read_text()


def test_the_written_configuration_repeats_the_run(
    ran: tuple[Path, str, str], data: Path, tmp_path: Path
) -> None:
    """With the written terms and no other option, every fill is the same."""
    first, out = ran[0], tmp_path / "again"
    words = ("--markets", first / "markets.json", "--out", out)
    done = command("backtest", first / "config.json", "--no-pictures", "--data", data, *words)
    assert done.exit_code == 0, done.output
    assert "taken from the candles" not in done.stderr
    assert table(out).equals(table(first))
    assert summary(out) == summary(first)
    for name in ("config.json", "markets.json"):
        assert (out / name).read_text() == (first / name).read_text()
    assert list(first.glob("*.png"))
    assert not list(out.glob("*.png"))


def test_options_replace_keys(data: Path, tmp_path: Path) -> None:
    """Days, balance, warm-up and symbols are those of the options, and in the written file."""
    path, out = (
        config(tmp_path / "c.json", long={**SIDE, "entry_volatility_ema_span_hours": 48}),
        "run",
    )
    start_ms = market(1, 1).start_ms + DAY_MS
    days = ("--from", utc(start_ms)[:10], "--to", utc(start_ms + DAY_MS)[:10])
    words = ("--balance", "5000", "--symbols", "BBB, AAAUSDT", "--warmup", 600, *days)
    done = command(
        "backtest", path, "--no-pictures", "--data", data, "--out", tmp_path / out, *words
    )
    assert done.exit_code == 0, done.output
    assert "averages warm up for 600 bars (backtest.max_warmup_minutes)" in done.stderr
    samples, fills = table(tmp_path / out, "samples"), table(tmp_path / out)
    times = samples.column("time").cast("int64").to_numpy()
    assert times[0] == start_ms + 60_000  # the close of the first bar
    assert times[-1] <= start_ms + DAY_MS
    assert samples.column("balance")[0].as_py() == 5_000
    assert set(fills.column("symbol").to_pylist()) == {"AAAUSDT", "BBBUSDT"}
    kept = json.loads((tmp_path / out / "config.json").read_text())
    assert kept["backtest"]["starting_balance"] == 5_000
    assert kept["live"]["approved_coins"]["long"] == ["AAAUSDT", "BBBUSDT"]
    assert list(json.loads((tmp_path / out / "run.json").read_text())["data"]) == list(SYMBOLS[:2])


def test_both_semantics_are_told_apart(
    ran: tuple[Path, str, str], data: Path, tmp_path: Path
) -> None:
    """Strict is the default; funding is paid and written; `run.json` says by which rules."""
    path, venue = ran[0] / "config.json", ("--funding", 0.001, "--volume-share", 0.5)
    words = ("backtest", path, "--no-pictures", "--data", data, "--out")
    strict: dict[str, object] = {"semantics": "strict", "maintenance": 0.005}
    told: dict[Path, dict[str, object]] = {
        ran[0]: {**strict, "funding": 0.0, "volume_share": 0.0},
        tmp_path / "paid": {**strict, "funding": 0.001, "volume_share": 0.5},
        tmp_path / "loose": {"semantics": "passivbot"},
    }
    assert command(*words, tmp_path / "paid", *venue).exit_code == 0
    assert command(*words, tmp_path / "loose", "--semantics", "passivbot").exit_code == 0
    for folder, engine in told.items():
        found = json.loads((folder / "run.json").read_text())["engine"]
        assert found == {"engine": "candles", **engine}
        assert (summary(folder)["funding"] != 0) == (folder.name == "paid")
    assert table(ran[0]).num_rows != table(tmp_path / "loose").num_rows
    out = ("--out", tmp_path / "page.html")
    compared = command("compare", ran[0], tmp_path / "loose", *out).stderr
    assert 'engine.semantics differs: "strict" | "passivbot"' in compared


def test_each_side_opens_only_what_is_approved_for_it(data: Path, tmp_path: Path) -> None:
    """Longs and shorts of different coins, and one coin of neither."""
    live = {"approved_coins": {"long": ["AAA"], "short": ["BBB", "CCC"]}, "ignored_coins": ["CCC"]}
    path = config(tmp_path / "c.json", short=SIDE, live=live)
    assert (
        command(
            "backtest", path, "--no-pictures", "--data", data, "--out", tmp_path / "r"
        ).exit_code
        == 0
    )
    fills = table(tmp_path / "r")
    pairs = set(
        zip(fills.column("symbol").to_pylist(), fills.column("side").to_pylist(), strict=True)
    )
    assert pairs == {("AAAUSDT", "LONG"), ("BBBUSDT", "SHORT")}


def test_mirrors_hedge_in_the_same_run(data: Path, tmp_path: Path) -> None:
    """Mirror fills are told apart, on the other side, on coins approved for it."""
    live = {
        "approved_coins": {"long": ["AAA"], "short": ["BBB", "CCC"]},
        "mirror": {"threshold": 1.0, "ema_dist_entry": -1.0},
    }
    path = config(tmp_path / "c.json", live=live)
    done = command("backtest", path, "--no-pictures", "--data", data, "--out", tmp_path / "r")
    assert done.exit_code == 0, done.output
    assert "Mirror net" in done.stdout
    fills = table(tmp_path / "r").to_pylist()
    assert {(fill["symbol"], fill["side"]) for fill in fills if not fill["mirror"]} == {
        ("AAAUSDT", "LONG")
    }
    mirrors = {(fill["symbol"], fill["side"]) for fill in fills if fill["mirror"]}
    assert mirrors
    assert mirrors <= {("BBBUSDT", "SHORT"), ("CCCUSDT", "SHORT")}
    assert 0 < summary(tmp_path / "r")["band_share"] <= 1
    logged = (tmp_path / "r/mirror.log").read_text(encoding="utf-8").splitlines()
    data_of = [
        json.loads(each)
        for each in (tmp_path / "r/mirror.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [each.split()[0] for each in logged] == [each["time"] for each in data_of]
    assert any("; open sell" in each for each in logged)
    assert all(Decimal(each["band"]) <= Decimal(each["target"]) for each in data_of)


def refused(data: Path, path: Path, *words: object) -> str:
    """What is said when the command is refused."""
    done = command(
        "backtest", path, "--no-pictures", "--data", data, "--out", path.parent / "out", *words
    )
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize(
    ("long", "sections", "said"),
    [
        ({"hsl_enabled": True}, {}, "bot.long.hsl_enabled true: this cannot be done; set it"),
        ({}, {"live": {"market_orders_allowed": True}}, "live.market_orders_allowed true: "),
        ({}, {"backtest": {"maker_fee_override": None}}, "backtest.maker_fee_override null: give"),
        ({}, {"backtest": {"candle_interval_minutes": 5}}, "the bars last 1 minutes; `hedgeproof"),
        ({"n_positons": 5}, {}, "bot.long.n_positons 5: there is no such key"),
        (
            {},
            {"live": {"approved_coins": ["AAA", "DDD"]}},
            "live.approved_coins DDD: no candle file",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    data: Path,
    tmp_path: Path,
    long: Json,
    sections: Json,
    said: str,
) -> None:
    """The key, its value, and what to do."""
    path = config(tmp_path / "c.json", long={**SIDE, **long}, **sections)
    assert said in refused(data, path).replace('"DDD"', "DDD")


def test_sides_that_are_off_may_say_what_they_like(data: Path, tmp_path: Path) -> None:
    """A stop on equity of shorts is no reason to refuse longs."""
    path = config(tmp_path / "c.json", short={**OFF, "hsl_enabled": True})
    assert (
        command(
            "backtest", path, "--no-pictures", "--data", data, "--out", tmp_path / "r"
        ).exit_code
        == 0
    )


def test_options_are_checked(data: Path, tmp_path: Path) -> None:
    """Each refusal names the option or its key, the value and the fix."""
    path = config(tmp_path / "c.json", live={"ignored_coins": ["CCC"]})
    for words, said in (
        (("--symbols", "AAA,DDD"), '--symbols "DDD": no candle file in'),
        (("--symbols", "CCC"), '--symbols "CCC": it is not approved'),
        (("--balance", "much"), "backtest.starting_balance 'much': give a number"),
        (("--balance", "0"), "backtest.starting_balance 0: give a number, above 0"),
        (("--from", "soon"), 'backtest.start_date "soon": give a date'),
        (("--from", "2031-01-01"), "no bar from 2031-01-01 00:00 UTC to"),
        (("--from", "2025-01-03", "--to", "2025-01-02"), "no bar from"),
        (("--to", "2025-01-01 01:00"), "60 bars, of which averages need 90 to warm up"),
        (("--markets", tmp_path / "none.json"), "none.json: no such file"),
        (("--semantics", "loose"), "--semantics 'loose': choose strict or passivbot"),
        (("--semantics", "passivbot", "--funding", "0.1"), "--funding 0.1: only with --semantics"),
        (("--semantics", "passivbot", "--funding", "rates"), "--funding rates: only with --sem"),
        (("--funding", "rates"), "rates: neither a rate nor a folder; give 0.0001, or"),
    ):
        assert said in refused(data, path, *words), words


def test_terms_of_markets_are_checked(data: Path, tmp_path: Path) -> None:
    """An unknown term and one that is not positive are named."""
    path, terms = config(tmp_path / "c.json"), tmp_path / "markets.json"
    terms.write_text(
        '{"AAA": {"tick": 0.1, "min_cost": -5, "tiers": [[9, 0.1]]}, "BBB": 3, "CCC": {"tiers":'
        " [[9, 0.2], [null, 0.1]]}}"
    )
    said = refused(data, path, "--markets", terms)
    for part in (
        "AAA.tick 0.1: a market has no such term",
        "AAA.min_cost -5: give",
        "BBB 3: write",
        "AAA.tiers [[9, 0.1]]: write [[50000, 0.004], [null, 0.01]], both rising, null at",
        "CCC.tiers",
    ):
        assert part in said


def test_coins_may_trade_otherwise(data: Path, tmp_path: Path) -> None:
    """An override of one coin, a forced mode and a limit of its own; what does nothing is told."""
    own = {"bot": {"long": {"wallet_exposure_limit": 0.1}}, "live": {"leverage": 3}}
    manual = {"live": {"forced_mode_long": "manual"}}
    path = config(tmp_path / "c.json", coin_overrides={"AAA": own, "BBBUSDT": manual, "DDD": own})
    out = tmp_path / "run"
    done = command("backtest", path, "--no-pictures", "--data", data, "--out", out)
    assert done.exit_code == 0, done.output
    assert "coin_overrides.AAA.live.leverage" in done.stderr
    assert "coin_overrides of coins that are not traded: DDD" in done.stderr
    fills = table(out)
    assert set(fills.column("symbol").to_pylist()) == {"AAAUSDT", "CCCUSDT"}


def rates_folder(folder: Path, every_ms: int, rate: float) -> Path:
    """Write rates of all symbols to *folder*, two as CSV and one as Parquet, and return it."""
    folder.mkdir()
    start = market(1, 1).start_ms
    times = [start + n * every_ms + 5 for n in range(BARS * 60_000 // every_ms + 1)]
    for name in ("AAAUSDT", "BBB"):
        rows = "".join(f"{time},{rate}\n" for time in times)
        (folder / f"{name}.csv").write_text(f"time,rate\n{rows}")
    columns = {"time": times, "rate": [rate] * len(times)}
    table = import_module("pyarrow").table(columns)
    import_module("pyarrow.parquet").write_table(table, folder / "CCCUSDT.parquet")
    return folder


def test_rates_of_funding_are_those_of_the_files(data: Path, tmp_path: Path) -> None:
    """The same rate each 8 hours gives what `--funding` gives; venues write down some ms more."""
    path, folder = config(tmp_path / "c.json"), rates_folder(tmp_path / "rates", 28_800_000, 0.0001)
    found: list[tuple[dict[str, float], Json]] = []
    for name, funding in (("even", "0.0001"), ("files", folder)):
        out = tmp_path / name
        words = ("--no-pictures", "--data", data, "--out", out, "--funding", funding)
        done = command("backtest", path, *words)
        assert done.exit_code == 0, done.output
        found.append((summary(out), json.loads((out / "run.json").read_text())["engine"]))
    assert found[0][0] == found[1][0]
    assert found[0][0]["funding"] < 0
    assert found[0][1]["funding"] == 0.0001
    assert re.fullmatch("[0-9a-f]{12}", found[1][1]["funding"])


def test_rates_that_cannot_be_used_are_refused(data: Path, tmp_path: Path) -> None:
    """No file of a symbol, no column, times that do not rise, what is no rate."""
    path, folder = config(tmp_path / "c.json"), rates_folder(tmp_path / "rates", 28_800_000, 0.0001)
    file = folder / "AAAUSDT.csv"
    for text, said in (
        ("time\n1746576000000\n", "AAAUSDT.csv: column rate is missing; give one as in"),
        ("time,rate\n2025-01-02,0.1\n2025-01-01,0.1\n", "column time does not rise"),
        ("time,rate\n2025-01-02,1.5\n", "column rate has no fraction; 0.0001 is 0.01 %"),
        ("time,rate\n2025-01-02,much\n", "AAAUSDT.csv: not readable"),
    ):
        file.write_text(text)
        assert said in refused(data, path, "--funding", folder), text
    file.unlink()
    assert "no rates of AAAUSDT; add AAAUSDT.csv" in refused(data, path, "--funding", folder)


def test_tiers_of_margin_are_those_of_the_markets(data: Path, tmp_path: Path) -> None:
    """A market whose tiers ask for more than there is ends the run; the written file repeats it."""
    path, terms = config(tmp_path / "c.json"), tmp_path / "markets.json"
    tiers = [[100, 0.005], [None, 0.99]]
    terms.write_text(json.dumps({"AAA": {"tiers": tiers}, "BBBUSDT": {"tiers": tiers}}))
    words = ("--no-pictures", "--data", data)
    for given, name in ((terms, "one"), (tmp_path / "one/markets.json", "two")):
        done = command("backtest", path, *words, "--markets", given, "--out", tmp_path / name)
        assert "liquidated in bar" in done.stdout, done.output
    written = json.loads((tmp_path / "two/markets.json").read_text())
    assert written["AAAUSDT"]["tiers"] == tiers
    assert "tiers" not in written["CCCUSDT"]


def test_data_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    """No folder, an empty one, a gap in a file, unequal steps."""
    path, folder = config(tmp_path / "c.json"), tmp_path / "candles"
    assert "no such folder" in refused(folder, path)
    folder.mkdir()
    assert "no candle file" in refused(folder, path)
    candle_folder(folder)
    parquet = import_module("pyarrow.parquet")
    whole = parquet.read_table(folder / "AAAUSDT.parquet")
    gap = import_module("pyarrow").concat_tables([whole.slice(0, 50), whole.slice(60)])
    parquet.write_table(
        gap.replace_schema_metadata(whole.schema.metadata), folder / "AAAUSDT.parquet"
    )
    assert "gap of 10 bars after" in refused(folder, path)
    save(evolve(load(folder, "BBBUSDT"), symbol="AAAUSDT", step_ms=300_000), folder)
    assert "bars of 1m, and of 5m in AAAUSDT; `hedgeproof data resample`" in refused(folder, path)


def test_symbols_that_begin_or_end_otherwise_are_told(tmp_path: Path) -> None:
    """A symbol that ends early is closed, one that is too short is not traded, one is not there."""
    folder = candle_folder(tmp_path / "candles")
    start = market(1, 1).start_ms
    for symbol, first, last in (("AAAUSDT", 0, 3_000), ("BBBUSDT", 2_950, BARS), ("CCCUSDT", 0, 9)):
        part = load(folder, symbol).between(start + first * 60_000, start + last * 60_000)
        save(part, folder)
    save(evolve(market(5, BARS), symbol="DDDUSDT"), folder)
    path = config(tmp_path / "c.json", backtest={"start_date": "2025-01-02"})
    done = command(
        *("backtest", path, "--no-pictures", "--data", folder),
        *("--out", tmp_path / "r", "--to", "2025-01-03 02:00"),
    )
    assert done.exit_code == 0, done.output
    assert "no bar in this time, left out: CCCUSDT" in done.stderr
    assert "too few bars to warm up, not traded: BBBUSDT" in done.stderr
    done = command("backtest", path, "--no-pictures", "--data", folder, "--out", tmp_path / "r")
    assert "AAAUSDT (2025-01-03 02:00 UTC)" in done.stderr
    fills = [fill for fill in table(tmp_path / "r").to_pylist() if fill["symbol"] == "AAAUSDT"]
    assert fills[-1]["position_qty"] == 0


def test_spans_are_minutes_whatever_the_bars(data: Path, tmp_path: Path) -> None:
    """Five-minute bars need a fifth of the bars to warm up, and averages span as long."""
    from adapters.strategy.parse import load as strategy
    from adapters.strategy.settings import settings

    path = config(tmp_path / "c.json")
    assert (
        command("data", "resample", data, "--step", "5m", "--out", tmp_path / "5m").exit_code == 0
    )
    words = ("--data", tmp_path / "5m", "--out", tmp_path / "r")
    done = command("backtest", path, "--no-pictures", *words)
    assert done.exit_code == 0, done.output
    assert "averages warm up for 18 bars" in done.stderr
    one, five = (settings(strategy(path), {}, step, 0).long.terms for step in (60_000, 300_000))
    assert (one.band_span, five.band_span) == (60, 12)
    assert one.hourly_span == five.hourly_span == 5


def test_a_market_is_what_its_candles_show() -> None:
    """Steps that all prices and volumes share, and nothing finer."""
    from adapters.backtest.markets import Said
    from adapters.backtest.markets import market as terms_of

    candles = market(1, 10_000)
    even = evolve(
        candles, **{n: getattr(candles, n) // 5 * 5 for n in ("open", "high", "low", "close")}
    )
    said = Said({"min_cost": 100.0, "qty_step": 0.5})
    found = terms_of({"BTC": said}, "BTCUSDT", even)
    assert found == (0.5, 0.05, 0.5, 100.0, 1.0)
    late = evolve(even, close=even.close + (np.arange(10_000) == 9_999))
    assert terms_of({}, "BTCUSDT", late) == (0.001, 0.01, 0.001, 5.0, 1.0)


@pytest.mark.parametrize("name", ["backtest", "compare"])
def test_the_page_has_every_option(name: str) -> None:
    """The reference names the command and each of its options."""
    page = (ROOT / "docs/reference/command-line.md").read_text()
    options = set(re.findall(r"--[a-z-]+", command(name, "--help").stdout)) - {"--help"}
    assert f"hedgeproof {name}" in page
    assert all(f"`{option}`" in page for option in options)
