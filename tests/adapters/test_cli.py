"""The command line: what is asked is done, and what cannot be done is said in one line."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace as Space

import pytest
from typer.testing import CliRunner, Result

from adapters.candles import save
from adapters.cli import app, terminal
from adapters.cli.check import STATES_MAX
from adapters.config import load
from simulator import catalogue, judge
from simulator import checked as checks
from simulator.explorer import START, Claim, Move, Progress, Verdict, always, explore, sometimes
from simulator.synthetic import market
from spec.catalogue import MACHINES
from spec.properties import Kind, Property

BARS = 1_500
DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "reference" / "command-line.md").read_text()
EXAMPLE = DOCS / "how-to" / "resend.py"
CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
TEXTS = ("config.json", "cycles.csv", "fills.csv", "journal.txt", "summary.json")
HEAVY = {"matplotlib", "numba", "numpy", "plotly", "pyarrow", "pygraphviz", "rich", "transitions"}


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def refusal(*words: object) -> str:
    """Return the one line that refuses *words*."""
    result = run(*words)
    assert result.exit_code == 2
    assert not result.stdout
    (line,) = result.stderr.splitlines()
    return line.removeprefix("hedgeproof: ")


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports without pictures, which take most of the time."""
    results = import_module("adapters.cli.results")
    monkeypatch.setattr(results, "html", lambda _: "<html>")
    monkeypatch.setattr(results, "pngs", lambda _: {"price": b"png"})


class Clock:
    """A world that counts to *stop*."""

    def __init__(self, stop: int) -> None:
        self.name, self.stop = "clock", stop

    def initial(self) -> list[int]:
        return [0]

    def moves(self, state: int) -> Iterator[tuple[Move, int]]:
        if state < self.stop:
            yield Move("clock", "ticks"), state + 1

    def claims(self) -> list[Claim[int]]:
        early = Property("CLK-1", Kind.ALWAYS, "It is before three.")
        late = Property("CLK-2", Kind.SOMETIMES, "It is two.")
        return [always(early, lambda hour: hour < 3), sometimes(late, lambda hour: hour == 2)]

    def show(self, state: int) -> Mapping[str, str]:
        return {"clock": str(state)}


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> list[Space]:
    """The catalogue of worlds, to be filled: they are explored without their mutants."""
    entries: list[Space] = []

    def checked(entry: Space, progress: Progress, _workers: int, **how: int | None) -> Space:
        assert how == {"symmetry": False, "states_max": STATES_MAX, "memory_max": None}
        report = explore(entry.world, states_max=entry.states_max, progress=progress, every=1)
        judgement = Space(entry=entry, report=report, kills=entry.kills)
        return Space(judgement=judgement, taken=entry.taken)

    monkeypatch.setattr(catalogue, "catalogue", lambda **_: tuple(entries))
    monkeypatch.setattr(checks, "checked", checked)
    return entries


def entry(stop: int, *kills: Space, name: str = "clock", states_max: int = 10) -> Space:
    return Space(name=name, world=Clock(stop), states_max=states_max, kills=kills, taken={})


def kill(mutant: str, *, killed: bool) -> Space:
    always = Property("CLK-1", Kind.ALWAYS, "It is before one.")
    path = ((START, 0), (Move("clock", "ticks"), 1))
    verdict = Verdict(always, holds=not killed, path=path if killed else None)
    return Space(
        mutant=Space(defect=mutant, property_id="CLK-1", world=Clock(2)),
        killed=killed,
        verdict=verdict,
    )


def test_help_imports_nothing_heavy() -> None:
    """Help and version answer before numpy, rich or plotly would have been found on the disk."""
    code = "import sys, adapters.cli; print(*{name.split('.')[0] for name in sys.modules})"
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603
    assert not HEAVY & set(done.stdout.split())


def test_help_and_version() -> None:
    """Each command has its line; the version is the distribution's."""
    shown = run("--help").stdout
    assert all(name in shown for name in ("machines", "draw", "check", "simulate"))
    assert run("--version").stdout == f"{version('hedgeproof')}\n"


@pytest.mark.parametrize("command", ["machines", "draw", "check", "simulate"])
def test_the_page_has_every_option(command: str) -> None:
    """The reference names each command and each of its options."""
    options = set(re.findall(r"--[a-z]+[a-z-]*", run(command, "--help").stdout)) - {"--help"}
    assert f"hedgeproof {command}" in PAGE
    assert all(f"`{option}`" in PAGE for option in options)


def test_machines_lists_all_of_them() -> None:
    """A line for each machine, with its numbers of states, rows and properties."""
    lines = run("machines").stdout.splitlines()[1:]
    for line, (name, (spec, properties)) in zip(lines, MACHINES.items(), strict=True):
        counts = (*spec.compile().shape, len(spec.rows), len(properties))
        assert line.split()[0] == name
        assert line.split()[-4:] == [str(count) for count in counts]


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_is_shown_whole(name: str) -> None:
    """Every row and every property is there."""
    spec, properties = MACHINES[name]
    shown = run("machines", name).stdout
    rows = [line for line in shown.splitlines() if line.startswith(" ")]
    assert len(rows) == 2 + len(spec.rows) + len(properties)
    assert all(each.text in shown for each in properties.values())


@pytest.mark.parametrize("form", ["svg", "dot", "mermaid"])
def test_draw_writes_all_machines(tmp_path: Path, form: str) -> None:
    """Without a name there is a file for each."""
    assert run("draw", "--format", form, "--out", tmp_path).exit_code == 0
    assert {path.stem for path in tmp_path.iterdir()} == set(MACHINES)


@pytest.mark.parametrize("form", ["svg", "png", "dot", "mermaid"])
def test_draw_writes_one_machine(tmp_path: Path, form: str) -> None:
    """With a name there is that file, and its path is printed."""
    shown = run("draw", "position", "--format", form, "--out", tmp_path / "new").stdout
    (path,) = (tmp_path / "new").iterdir()
    assert shown == f"{path}\n"
    assert path.stat().st_size


def nothing(_module: str) -> None:
    """Find no module."""


@pytest.mark.parametrize("command", ["check", "rows"])
def test_what_is_not_installed_is_named(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `make run` only what running needs is there."""
    monkeypatch.setattr(terminal, "find_spec", nothing)
    assert refusal(command).startswith("not installed: numba, scipy; `make check` installs")


def test_what_is_not_known_is_refused_with_the_nearest_name(clocks: list[Space]) -> None:
    """Machines and worlds, in one line, with exit code 2."""
    clocks.append(entry(2))
    assert refusal("machines", "orders") == "no machine 'orders'; the nearest is order"
    assert refusal("draw", "hedge") == "no machine 'hedge'; the nearest is hedge_wallet"
    assert refusal("check", "clocks") == "no world 'clocks'; the nearest is clock"


def test_check_tells_what_holds(clocks: list[Space], tmp_path: Path) -> None:
    """A sound world: one line a property, the world's numbers, its mutants, exit code 0."""
    clocks.append(entry(2, kill("a", killed=True), kill("b", killed=True)))
    result = run("check", "--out", tmp_path)
    assert result.exit_code == 0
    _, first, second = (line.split() for line in result.stdout.splitlines())
    assert first[:7] == ["clock", "CLK-1", "always", "holds", "3", "2", "2"]
    assert first[-1] == "2/2"
    assert second == ["CLK-2", "sometimes", "witnessed"]


def test_check_explains_what_fails(clocks: list[Space], tmp_path: Path) -> None:
    """The shortest counterexample is printed and drawn, and the exit code is 1."""
    clocks += [entry(9), entry(2, name="short")]
    result = run("check", "clock", "--out", tmp_path)
    assert result.exit_code == 1
    assert "FAILS" in result.stdout
    assert "Shortest counterexample, 3 moves" in result.stdout
    path = tmp_path / "clock-CLK-1.mmd"
    assert f"Drawn in {path}" in result.stdout
    assert path.read_text().startswith("sequenceDiagram")
    assert run("check", "short").exit_code == 0


def test_a_mutant_that_lives_is_a_failure(clocks: list[Space]) -> None:
    """A property that holds of a broken machine too proves little."""
    clocks.append(entry(2, kill("a", killed=True), kill("b", killed=False)))
    result = run("check")
    assert result.exit_code == 1
    assert "1/2" in result.stdout
    assert "clock: CLK-1 misses: b" in result.stdout


def test_mutants_are_shown_with_how_they_were_found(clocks: list[Space]) -> None:
    """Each known defect, and the shortest sequence of events that betrays it."""
    clocks.append(entry(2, kill("it starts late", killed=True)))
    shown = run("check", "--mutants").stdout
    assert "clock: it starts late" in shown
    assert "clock: ticks" in shown


def test_check_takes_the_beginning_of_names(clocks: list[Space]) -> None:
    """The worlds of one machine are asked for by the machine's word."""
    clocks += [entry(2, name="order-a"), entry(2, name="order-b"), entry(2, name="other")]
    shown = run("check", "order").stdout
    assert "order-a" in shown
    assert "order-b" in shown
    assert "other" not in shown


def test_check_all_is_no_argument(clocks: list[Space]) -> None:
    """The same worlds, and no names beside it."""
    clocks.append(entry(2))
    said, unsaid = run("check", "--all"), run("check")
    assert (said.exit_code, "clock" in said.stdout) == (0, True)
    assert len(said.stdout.splitlines()) == len(unsaid.stdout.splitlines())
    assert refusal("check", "clock", "--all") == "clock: name worlds, or give --all"


def test_check_names_dead_rows(clocks: list[Space]) -> None:
    """A row that no world of the machine takes was not checked: exit code 1."""
    spec, _ = MACHINES["position"]
    pairs = frozenset((int(row.source), int(row.symbol)) for row in spec.rows)
    clocks += [entry(2, name="one"), entry(2, name="two")]
    clocks[0].taken, clocks[1].taken = {"position": pairs}, {"position": frozenset({(0, 0)})}
    whole = run("check")
    assert whole.exit_code == 0
    assert f"position {len(pairs)}/{len(pairs)}" in " ".join(whole.stdout.split())
    clocks[0].taken = {"position": pairs - {(0, 4)}}
    lacking = run("check")
    assert lacking.exit_code == 1
    assert "position: no world takes FLAT + OPEN_SHORT -> SHORT" in lacking.stdout


def test_where_a_machine_has_other_worlds_no_row_is_dead() -> None:
    """Those that were not asked for may take it."""
    done = run("check", "position-twins")
    assert done.exit_code == 0
    assert re.search(r"position +\d+/22 by these worlds", done.stdout)


def test_check_writes_a_page(tmp_path: Path) -> None:
    """One file with all of it, for our worlds and for a user's, beside the counterexamples."""
    for what, name in (("position-twins", "position-twins"), (EXAMPLE, "resend")):
        done = run("check", what, "--html", "--mutants", "--out", tmp_path)
        path = tmp_path / f"{name}.html"
        assert done.exit_code == 0
        assert done.stdout.splitlines()[-1] == f"The page is {path}"
        assert name in path.read_text()
        assert "<svg" in path.read_text()


def test_the_matrix_is_printed(tmp_path: Path) -> None:
    """A line for each property, of one of our machines or of a user's; then the traces."""
    shown = run("check", "position", "--matrix").stdout
    assert [line.split()[0] for line in shown.splitlines()[1:5]] == [
        f"POS-{number}" for number in range(1, 5)
    ]
    assert "- all under duplicating, lossy" in shown
    path = tmp_path / "own.py"
    (hook,) = CODE.findall((DOCS / "how-to" / "read-a-check.md").read_text())
    path.write_text(EXAMPLE.read_text() + hook)
    own = run("check", path, "--matrix").stdout
    assert re.search(r"RS-2 +holds +- +- +6 moves +-", own)
    assert "lossy\nRS-2 fails" in own
    assert "- all under crash: a payment does not outlive its sender" in own
    assert refusal("check", "postion", "--matrix").endswith("the nearest is position")


def test_a_file_without_assumptions_has_no_matrix(tmp_path: Path) -> None:
    """It is said what to add."""
    path = tmp_path / "bare.py"
    path.write_text("")
    assert refusal("check", path, "--matrix").endswith("says what it assumes")
    assert refusal("check", "--matrix", "--html").startswith("--matrix has no page")


def test_the_bound_is_that_of_every_exploration() -> None:
    """What the command says unasked is what an exploration does unasked."""
    assert judge.STATES_MAX == STATES_MAX


def test_a_bound_that_is_met_proves_nothing(clocks: list[Space]) -> None:
    """Nothing is said to hold of a world that was not seen whole."""
    clocks.append(entry(9, states_max=4))
    told = refusal("check")
    assert told.startswith("clock: more than 4 states; nothing was proven; bound what grows")


def test_simulate_writes_all_that_came_of_it(tmp_path: Path) -> None:
    """A report, pictures, tables, the journal and the configuration; one line says where."""
    result = run("simulate", "--bars", BARS, "--out", tmp_path)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == f"The report is {tmp_path / 'report.html'}"
    files = {path.name for path in tmp_path.iterdir()}
    assert files > {*TEXTS, "report.html"}
    assert any(name.endswith(".png") for name in files)


@pytest.mark.usefixtures("plain")
def test_the_configuration_of_a_run_runs_it_again(tmp_path: Path) -> None:
    """What was chosen on the command line is in it; the same run has the same bytes."""
    one, two = tmp_path / "one", tmp_path / "two"
    assert run("simulate", "--bars", BARS, "--seed", 5, "--out", one).exit_code == 0
    config = load(one / "config.json")
    assert (config.bars, config.seed) == (BARS, 5)
    assert run("simulate", one / "config.json", "--out", two).exit_code == 0
    for name in TEXTS:
        assert (one / name).read_text() == (two / name).read_text()


@pytest.mark.usefixtures("plain")
def test_the_tables_are_in_the_units_of_people(tmp_path: Path) -> None:
    """Times are ISO, prices, sizes and money decimal: the fills' fees are the summary's."""
    run("simulate", "--bars", BARS, "--out", tmp_path)
    with (tmp_path / "fills.csv").open() as file:
        fills = list(csv.DictReader(file))
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert len(fills) == summary["fills"]
    assert fills[0]["kind"] == "MARKET_BUY_FULL"
    assert fills[0]["time"] == "2025-01-01T00:00:00.100000Z"
    assert 29_000 < float(fills[0]["price"]) < 31_000
    assert sum(round(float(each["fee"]) * 10**8) for each in fills) == pytest.approx(
        float(summary["fees"]) * 10**8, abs=len(fills)
    )
    with (tmp_path / "cycles.csv").open() as file:
        assert len(list(csv.DictReader(file))) == summary["cycles"]


@pytest.mark.usefixtures("plain")
def test_simulate_takes_candle_files(tmp_path: Path) -> None:
    """The options name a folder and a symbol; the first bars are a run of their own."""
    save(market(3, BARS, symbol="ABC"), tmp_path / "data")
    words = ("simulate", "--data", tmp_path / "data", "--out", tmp_path / "out", "--symbol")
    assert run(*words, "ABC", "--bars", 1_200).exit_code == 0
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["bars"] == 1_200
    assert "no ABD.parquet; the nearest of 1: ABC" in refusal(*words, "ABD")
    assert refusal(*words, "ABC", "--bars", 9_999) == "bars 9999: ABC has 1500; give fewer or 0"


@pytest.mark.usefixtures("plain")
def test_real_candles_are_simulated(shared: Path, tmp_path: Path) -> None:
    """A market whose price falls by three quarters is simulated to its end."""
    data = shared / "data" / "binance_usdm_1m_2025-05"
    if not data.is_dir():
        pytest.skip(f"no candles at {data}")
    result = run(
        "simulate", "--data", data, "--symbol", "LAYERUSDT", "--bars", 5_000, "--out", tmp_path
    )
    assert result.exit_code == 0


def test_a_configuration_that_is_refused_leaves_nothing_behind(tmp_path: Path) -> None:
    """One line, exit code 2, no folder."""
    path = tmp_path / "config.json"
    path.write_text('{"leverage": 999}')
    assert refusal("simulate", path, "--out", tmp_path / "out").startswith("leverage 999: give")
    assert not (tmp_path / "out").exists()
    assert refusal("simulate", "--out", path, "--bars", 10).startswith("out ")


@pytest.mark.parametrize("symbol", ["[/]", "[red]X", "$\\frac$", "<b>X</b>", "\u5e01\u5b89USDT"])
def test_a_symbol_is_shown_as_it_is(symbol: str, tmp_path: Path) -> None:
    """No terminal, page or picture takes a name for markup."""
    done = run("simulate", "--symbol", symbol, "--bars", 60, "--out", tmp_path)
    assert done.exit_code == 0
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert f"{symbol}, synthetic, from 2025-01-01T00:00Z" in lines


@pytest.mark.parametrize("symbol", ["", "a\nb", "a\x1b[0m"])
def test_a_symbol_that_cannot_be_shown_is_refused(symbol: str, tmp_path: Path) -> None:
    """A line break or an escape sequence would write over the terminal."""
    assert refusal("simulate", "--symbol", symbol, "--out", tmp_path / "out").startswith("symbol ")
    assert not (tmp_path / "out").exists()


def test_an_interruption_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ctrl-C ends with exit code 130 and no traceback."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["adapters.cli.simulate"], "_simulate", stop)
    result = run("simulate", "--out", tmp_path)
    assert (result.exit_code, result.stderr) == (130, "hedgeproof: interrupted\n")


def test_long_work_shows_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing for two seconds; then what is done, the rate and the time left."""
    times = iter([0, 1, 4])
    monkeypatch.setattr(terminal, "monotonic", lambda: next(times))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with terminal.waiting("bars") as told:
        told(100, 1_000, "")
        assert not capsys.readouterr().err
        told(400, 1_000, "")
    assert "400 at 100/s, 6 s left" in capsys.readouterr().err
