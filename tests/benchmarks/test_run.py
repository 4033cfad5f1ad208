"""The benchmark's own parts: what the rivals run, and how figures become a table."""

import re
from pathlib import Path

import pytest

from tests.benchmarks.measure import OURS, ROOT, Case, Engine, ProgramError, Row, Sample, sample
from tests.benchmarks.small_wallet import BUY, EXIT, SLOT, Wallet, Wanted, changes
from tests.benchmarks.table import BEGIN, END, LABELS, PAGE, cells, markdown, replaced

CASE = Case("synthetic", "0.5%")
ABSENT = Engine("absent", "absent", "engine_absent", ROOT / "no/such/python")


def bought() -> Wallet:
    """Return a wallet that has bought 8 lots at 1,000 with a unit of 10."""
    wallet = Wallet(unit_ticks=10, lots=8)
    wallet.filled(BUY, 1_000)
    return wallet


def ran(engine: Engine, run_s: float) -> Row:
    """Return a row of one process that took *run_s* for 1,000 bars."""
    one = Sample(
        version="1.0",
        bars=1_000,
        orders=20,
        filled=10,
        import_s=0.5,
        prepare_s=0.1,
        run_s=run_s,
        peak_bytes=50_000_000,
    )
    return Row(engine, CASE, [one])


def test_the_small_wallet_slides_up_with_the_price() -> None:
    """The exit stays between one and two units below the price, the entries below it."""
    wallet = bought()
    assert wallet.wanted()[0] == Wanted(EXIT, -8, 990)
    wallet.price(1_025)
    orders = wallet.wanted()
    assert orders[0] == Wanted(EXIT, -8, 1_010)
    assert sorted(order.trigger_ticks for order in orders[1:]) == [980, 990, 1_000, 1_010]


def test_the_small_wallet_covers_one_unit_above_and_starts_again() -> None:
    """After the exit each filled entry becomes a cover; the last one ends the cycle."""
    wallet = bought()
    wallet.filled(EXIT, 990)
    wallet.filled(SLOT, 990)
    assert Wanted(SLOT, 2, 1_000) in wallet.wanted()
    wallet.filled(SLOT, 1_000)
    assert wallet.wanted() == [Wanted(BUY, 8)]


def test_the_small_wallet_slides_down_once_all_is_sold() -> None:
    """The highest cover moves below the others."""
    wallet = bought()
    for key in (EXIT, SLOT, SLOT + 1, SLOT + 2, SLOT + 3):
        wallet.filled(key, 990)
    wallet.price(949)
    assert sorted(order.trigger_ticks for order in wallet.wanted()) == [960, 970, 980, 990]
    assert all(order.lots == 2 for order in wallet.wanted())


def test_the_market_order_waits_until_nothing_else_works() -> None:
    """Two orders must not both sell what is held once."""
    working, buy = {EXIT: Wanted(EXIT, -8, 990)}, Wanted(BUY, 8)
    assert changes(working, [buy]) == ([EXIT], [])
    assert changes({}, [buy]) == ([], [buy])
    assert changes(working, list(working.values())) == ([], [])


def test_an_engine_that_is_not_installed_is_a_line_of_the_table() -> None:
    """The others are measured all the same."""
    with pytest.raises(ProgramError, match="not installed") as caught:
        sample(ABSENT, ROOT, CASE)
    missing = Row(ABSENT, CASE, problem=str(caught.value))
    found = list(cells([ran(OURS, 0.1), missing]))
    assert found[1] == ["absent", "synthetic", "0.5%", "not installed"]


def test_speeds_are_relative_to_ours() -> None:
    """A rival that needs twice our processor time has half our speed."""
    ours, rival = cells([ran(OURS, 0.1), ran(ABSENT, 0.2)])
    labels = [label for label, _ in LABELS]
    speed, ratio = labels.index("bars/CPU-s, best"), labels.index("best : ours")
    assert (ours[speed], ours[ratio]) == ("10,000", "1.00")
    assert (rival[speed], rival[ratio]) == ("5,000", "0.50")


def test_the_page_takes_the_table_between_its_markers() -> None:
    """Everything else on the page is written by hand and stays."""
    page = PAGE.read_text()
    renewed = replaced(page, markdown([ran(OURS, 0.1)], [], []))
    assert renewed.split(BEGIN)[0] == page.split(BEGIN)[0]
    assert renewed.split(END)[1] == page.split(END)[1]
    assert "| hedgeproof | synthetic | 0.5% | 1,000 |" in renewed


def test_the_rivals_are_locked_with_hashes_and_without_an_index() -> None:
    """What is compared is the same everywhere."""
    text = Path(ROOT / "requirements/bench.txt").read_text().replace("\\\n", " ")
    names = {line.split("==")[0] for line in text.splitlines()}
    assert {"nautilus-trader", "backtesting"} <= names
    for line in text.splitlines():
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", line), line
        assert "/" not in line, line
