"""The report of a run: nothing to load, every cycle, every fill, the counts of the record."""

import json
import re
from html import escape
from html.parser import HTMLParser
from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from attrs import evolve, field, mutable
from matplotlib.image import imread

from machines.ladder import Config
from simulator import report, results
from simulator.candles import Candles
from simulator.report import diagram, figures, pictures, png, tables, texts, views
from simulator.report.page import _document as page_of
from simulator.synthetic import market
from simulator.venue_terms import VenueConfig
from simulator.world import Run, Setup, run
from spec.hedge_wallet import HEDGE_WALLET, OrderKind, State
from spec.terms import Instrument
from spec.units import MILLI_NS

SECTIONS = ["summary", "cycle", "price", "equity", "cycles", "phases", "rows"]
FIGURES = {"price", "cycle", "equity"}


@mutable
class Page(HTMLParser):
    """What is looked at in a page: attributes that load, ids, and the rows of each section."""

    loads: list[str] = field(factory=list)
    rows: dict[str, list[list[str]]] = field(factory=dict)
    section: str = ""
    inside: bool = False

    def __attrs_pre_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        loading = {"src", "srcset", "data", "poster", "xlink:href"}
        self.loads += [f"{tag} {name}" for name, _ in attrs if name in loading]
        self.loads += [tag] * (tag in {"link", "iframe", "object", "embed", "base"})
        if tag == "section":
            self.section = dict(attrs)["id"] or ""
            self.rows[self.section] = []
        if tag == "tr":
            self.rows[self.section].append([])
        if tag in {"td", "th"}:
            self.rows[self.section][-1].append("")
        self.inside = tag in {"td", "th"}

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[self.section][-1][-1] += data


def simulated(candles: Candles, deposit: int = 10**10) -> Run:
    """Return a run over *candles*; a lot is 0.001, so money counts in 10**-5."""
    instrument = Instrument(symbol=candles.symbol, money="0.00001")
    wallet = Config(instrument=instrument, unit_ticks=max(int(candles.open[0]) // 200, 1))
    return run(Setup(wallet=wallet, venue=VenueConfig(deposit=deposit, leverage=2)), candles)


@pytest.fixture(scope="module")
def done() -> Run:
    """A run with cycles of every kind."""
    return simulated(market(3, 12_000))


@pytest.fixture(scope="module")
def text(done: Run) -> str:
    """Its report."""
    return report.html(done)


def parsed(text: str) -> Page:
    """Return the page of *text*."""
    page = Page()
    page.feed(text)
    return page


def drawn(text: str) -> dict[str, Any]:
    """Return the figures of the page of *text*."""
    found: dict[str, Any]
    found, _ = json.JSONDecoder().raw_decode(text.split("const figures = ")[1])
    return found


def test_the_page_loads_nothing(text: str) -> None:
    """A report is one file: no script, style, picture or font comes from elsewhere."""
    page, style = parsed(text), text.split("<style>")[1].partition("</style>")[0]
    assert page.loads == []
    assert "url(" not in style
    assert "@import" not in style


def test_the_page_has_every_section_and_figure(text: str) -> None:
    """Sections come in their order, and each figure has a place to be drawn in."""
    assert list(parsed(text).rows) == SECTIONS
    assert drawn(text).keys() == FIGURES
    for name in FIGURES:
        assert f'<div id="figure-{name}"' in text


def test_the_page_says_how_it_was_made(done: Run, text: str) -> None:
    """Whoever reads the page can run it again and compare."""
    header = text.split("<header>")[1].partition("</header>")[0]
    for fact in (done.candles.symbol, "synthetic", "ONE_WAY", "100,000.00", done.journal_hash):
        assert fact in header


def test_the_table_has_every_cycle_and_its_sums(done: Run, text: str) -> None:
    """Each cycle is a row, and the last row adds up the money."""
    found, cash = results.cycles(done), texts.units(done).cash
    head, *rows, foot = parsed(text).rows["cycles"]
    assert [row[0] for row in rows] == [str(cycle.number) for cycle in found]
    assert [row[-1] for row in rows] == [cash(cycle.net) for cycle in found]
    assert foot[-1] == cash(sum(cycle.net for cycle in found))
    assert foot[-3] == cash(done.venue.account.fees)
    assert {len(row) for row in rows} == {len(head)} == {len(foot)}


def test_simple_cycles_differ_by_nothing(text: str) -> None:
    """The difference from the closed form is shown, and it is nothing."""
    head, *rows, _ = parsed(text).rows["cycles"]
    column, simple = head.index("Difference (quote)"), head.index("Simple")
    assert "yes" in {row[simple] for row in rows}
    assert {row[column] for row in rows if row[simple] == "yes"} == {"0.00"}


def test_the_tables_name_their_units(text: str) -> None:
    """A column of numbers says of what."""
    for section in ("cycles", "phases", "rows"):
        rows = parsed(text).rows[section]
        numbers = [i for i, cell in enumerate(rows[1]) if re.fullmatch(r"[-\d,.]+", cell)]
        assert all("(" in rows[0][i] or rows[0][i] == "Cycle" for i in numbers), rows[0]


def test_every_fill_is_drawn_once(done: Run, text: str) -> None:
    """The marks on the price are the venue's fills, kind by kind."""
    traces = {trace["name"]: trace for trace in drawn(text)["price"]["data"]}
    for kind, word in zip(OrderKind, ("Re-entry", "Exit", "Entry", "Cover"), strict=True):
        fills = [fill for fill in done.venue.fills if fill.kind == kind]
        marks = traces[f"{word} filled"]
        assert marks["y"] == [fill.price_ticks / 100 for fill in fills]
        assert [lots for lots, _, _ in marks["customdata"]] == [f"{f.qty:,}" for f in fills]


def test_orders_rest_at_their_trigger(done: Run) -> None:
    """A line is where an order waited, from its arrival to its end."""
    rests = views.whole(done).rests[OrderKind.STOP_ENTRY_SHORT]
    lives = [
        (life.start_ns // MILLI_NS, life.end_ns // MILLI_NS, life.wanted.trigger_ticks)
        for life in done.record.lives
        if life.wanted.kind == OrderKind.STOP_ENTRY_SHORT and life.start_ns < life.end_ns
    ]
    seen = sorted((rest.start_ms, rest.end_ms, round(rest.price * 100)) for rest in rests)
    assert seen == sorted(life for life in lives if life[2])


def test_bands_cover_the_run(done: Run) -> None:
    """The wallet is in one phase at any time."""
    spans = sorted(span for each in views.whole(done).bands.values() for span in each)
    assert spans[0][0] == done.candles.start_ms
    assert spans[-1][1] == done.candles.end_ms
    assert all(a[1] == b[0] for a, b in pairwise(spans))


def test_the_detail_is_one_cycle_through_all_phases(done: Run) -> None:
    """What people look at first shows a complete cycle with DECLINE and RECOVERY."""
    view = views.detail(done)
    inside = [p for p in done.record.phase_log if view.start_ns <= p.at_ns <= view.end_ns]
    states = [phase.state for phase in inside]
    start = states.index(State.ADVANCE)
    assert {State.DECLINE, State.RECOVERY} <= set(states)
    assert State.RESET in states[start:]
    assert view.end_ns - view.start_ns < done.end_ns - done.candles.start_ms * MILLI_NS


def test_thinning_keeps_the_extremes() -> None:
    """A thinned line is short, in order, and has the first, last, lowest and highest value."""
    y = market(1, 20_000).close.astype(float)
    ms = np.arange(len(y), dtype=np.int64)
    line = views.thin(ms, y)
    assert len(line.ms) <= views.POINTS + 2
    assert (np.diff(line.ms) > 0).all()
    assert (line.y == y[line.ms]).all()
    assert (line.y.min(), line.y.max()) == (y.min(), y.max())
    assert (line.y[0], line.y[-1]) == (y[0], y[-1])


def test_what_is_too_much_to_see_is_left_out_and_said(
    done: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture of blots says that it leaves the orders out; the price stays."""
    monkeypatch.setattr(views, "CROWD_MIN", 10)
    view = views.whole(done)
    assert not view.marks
    assert not view.rungs
    assert len(view.close.ms) > 1_000
    assert "too many orders" in pictures.price_title(done, view)


def test_the_diagram_counts_what_the_record_counts(done: Run, text: str) -> None:
    """Each arrow carries the number of rows taken along it, none is forgotten."""
    expected: dict[tuple[State, State], int] = {}
    for (state, symbol), count in done.record.phases.counts.items():
        target, _ = HEDGE_WALLET.take(state, symbol)
        expected[state, target] = expected.get((state, target), 0) + count
    labels = re.findall(r'(\w+) -> (\w+) \[label=" ([\d,]+) "', diagram.dot(done))
    assert {(State[a], State[b]): int(n.replace(",", "")) for a, b, n in labels} == expected
    shown = re.findall(r"<text[^>]*>([^<]+)</text>", text.split('<div class="diagram">')[1])
    assert {f"{count:,}" for count in expected.values()} <= {label.strip() for label in shown}
    assert {state.name for state in State} <= set(shown)


def test_the_rows_taken_are_all_there(done: Run, text: str) -> None:
    """The table of rows is the record's."""
    _, *rows = parsed(text).rows["rows"]
    seen = {(State[row[0]], row[1]): int(row[3].replace(",", "")) for row in rows}
    counts = done.record.phases.counts
    assert seen == {(state, symbol.name): n for (state, symbol), n in counts.items()}


def test_pictures_are_sound(done: Run) -> None:
    """Each picture is a PNG of a size that a screen shows, and has something on it."""
    found = report.pngs(done)
    assert found.keys() == FIGURES
    for data in found.values():
        pixels = imread(BytesIO(data), format="png")
        rows, columns, _ = pixels.shape
        assert (columns, 900 < rows < 1_400) == (1_920, True)
        assert 20_000 < len(data) < 2_000_000
        assert len(np.unique(pixels[::8, ::8].reshape(-1, 3), axis=0)) > 10


def test_a_png_is_read_as_it_was_written() -> None:
    """Our own encoder and another decoder agree on every pixel."""
    pixels = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    back = imread(BytesIO(png.encode(pixels)), format="png")
    assert (np.round(back * 255).astype(np.uint8) == pixels).all()


def test_the_same_run_has_the_same_report(done: Run, text: str) -> None:
    """Nothing in a report depends on when or where it is made."""
    assert report.html(done) == text
    assert report.pngs(done) == report.pngs(done)


@pytest.mark.parametrize(("bars", "deposit"), [(50, 0), (1, 10**10)])
def test_a_run_of_next_to_nothing_has_a_report(bars: int, deposit: int) -> None:
    """Where nothing could be bought, or one bar is all, there is still a price to look at."""
    poor = simulated(market(1, bars), deposit)
    assert bool(poor.venue.fills) is bool(deposit)
    assert list(parsed(report.html(poor)).rows) == SECTIONS
    assert report.pngs(poor).keys() == FIGURES


@pytest.mark.parametrize("name", ["</script><b>X", "<!--<script>", '"><img src=x>', "&lt;b&gt;"])
def test_names_are_text_not_markup(name: str) -> None:
    """Neither symbol nor venue smuggles markup into the page; a reader sees them as they are."""
    text = report.html(simulated(evolve(market(1, 300), symbol=name, venue=name)))
    before, _, after = text.partition("<script>")
    assert name not in before
    assert name not in after.rpartition("const figures = ")[2]
    page = parsed(text)
    assert page.loads == []
    assert list(page.rows) == SECTIONS
    assert escape(name) in before


def test_no_text_ends_the_script_of_the_figures() -> None:
    """What a figure says is data, whatever it says."""
    hostile = "</script><!--<script>\u2028"
    page = page_of("T", "", [], {"price": {"name": hostile}})
    script = page.rpartition("const figures = ")[2]
    assert "<" not in script.removesuffix("</script></body></html>\n")
    assert drawn(page) == {"price": {"name": hostile}}


@pytest.mark.parametrize("text", ["</td><script>x</script>", "<b>-1", "a & b", "\"quoted'"])
def test_cells_are_text_not_markup(text: str) -> None:
    """Heads, cells, sums and facts of a table are shown as they are."""
    page = parsed(f'<section id="s">{tables.table([text, text], [[text, text]], [text])}</section>')
    assert page.rows["s"] == [[text, text], [text, text], [text]]
    facts = tables.facts([(text, text)], "setup")
    assert facts.count(escape(text)) == 2
    assert text not in facts or text == escape(text)


@pytest.mark.parametrize("name", ["$\\frac$", "A$B$C", "\u5e01\u5b89", "%d {x}"])
def test_a_title_is_drawn_as_it_is(name: str) -> None:
    """A dollar begins no formula, and a sign that the font lacks is no warning."""
    found = simulated(evolve(market(1, 300), symbol=name))
    assert report.pngs(found).keys() == FIGURES


def test_a_liquidation_is_marked(done: Run) -> None:
    """A liquidation is not the wallet's order and has a mark of its own."""
    view = views.whole(done)
    mark = views.Mark(view.marks[0].ms, 1.0, None, None, 5, 0)
    figure = figures.price(evolve(view, marks=[mark]), texts.units(done), 1)
    (trace,) = [trace for trace in figure["data"] if trace["name"] == "Liquidation"]
    assert trace["customdata"] == [["5", "0.00", "none"]]
