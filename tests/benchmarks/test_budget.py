"""The budget of the event world: 43,200 one-minute bars, as `hedgeproof simulate` has them."""

from pathlib import Path

import pytest

from adapters.config import SYNTHETIC_BARS, Simulation
from tests.benchmarks.measure import OURS, Case, Row, markets, sample

BARS_PER_CPU_S_MIN = 25_000
PEAK_BYTES_MAX = 180_000_000
DEFAULT, MANY_FILLS = Simulation().unit, "0.2%"
TRIES = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the markets."""
    path = tmp_path_factory.mktemp("markets")
    markets(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("unit", [DEFAULT, MANY_FILLS])
def test_a_month_is_fast_enough(folder: Path, unit: str) -> None:
    """Bars in which nothing can happen are skipped; the best of three, as others work here too."""
    case = Case("synthetic", unit)
    row = Row(OURS, case, [sample(OURS, folder, case) for _ in range(TRIES)])
    assert {each.bars for each in row.samples} == {SYNTHETIC_BARS}
    assert row.best >= BARS_PER_CPU_S_MIN, row.speeds


@pytest.mark.slow
@pytest.mark.parametrize("unit", [DEFAULT, MANY_FILLS])
def test_a_month_fits_in_memory(folder: Path, unit: str) -> None:
    """What a run writes down grows with its orders, not with its bars."""
    assert sample(OURS, folder, Case("synthetic", unit)).peak_bytes < PEAK_BYTES_MAX
