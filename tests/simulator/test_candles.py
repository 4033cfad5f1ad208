"""Candles: slices by time, and what validation refuses."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from simulator.candles import COLUMNS, CandleError, Candles, Ints, validate

START_MS = 1_746_613_860_000  # 2025-05-07 10:31 UTC


def ints(values: Sequence[int]) -> Ints:
    return np.array(values, np.int64)


CANDLES = Candles(
    symbol="BTCUSDT",
    venue="test",
    start_ms=START_MS,
    step_ms=60_000,
    price_dp=2,
    volume_dp=3,
    open=ints([100, 104, 101]),
    high=ints([105, 104, 103]),
    low=ints([99, 100, 101]),
    close=ints([104, 101, 102]),
    volume=ints([7, 0, 3]),
)


def test_good_candles_pass() -> None:
    """A zero volume and a bar without wicks are fine."""
    validate(CANDLES)


def test_the_end_is_the_end_of_the_last_bar() -> None:
    """Three bars of a minute end three minutes after the first opens."""
    assert len(CANDLES) == 3
    assert CANDLES.end_ms == START_MS + 180_000


@given(st.integers(-70_000, 250_000), st.integers(-70_000, 250_000))
def test_between_returns_the_bars_that_open_there(after_ms: int, until_ms: int) -> None:
    """A bar belongs to the slice when it opens at or after the first moment and before the last."""
    opens = [START_MS + 60_000 * bar for bar in range(3)]
    expected = [
        bar for bar, at in enumerate(opens) if START_MS + after_ms <= at < START_MS + until_ms
    ]
    if not expected:
        with pytest.raises(CandleError, match="BTCUSDT: no bar opens from"):
            CANDLES.between(START_MS + after_ms, START_MS + until_ms)
        return
    part = CANDLES.between(START_MS + after_ms, START_MS + until_ms)
    assert part.start_ms == opens[expected[0]]
    for name in COLUMNS:
        assert getattr(part, name).tolist() == getattr(CANDLES, name)[expected].tolist()


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("low", 0, "bar 1 (2025-05-07 10:32 UTC): low 0 is not positive"),
        ("high", 103, "bar 1 (2025-05-07 10:32 UTC): high 103 is below the open or the close"),
        ("low", 102, "bar 1 (2025-05-07 10:32 UTC): low 102 is above the open or the close"),
        ("close", 105, "bar 1 (2025-05-07 10:32 UTC): high 104 is below the open or the close"),
        ("volume", -1, "bar 1 (2025-05-07 10:32 UTC): volume -1 is negative"),
    ],
)
def test_a_bar_that_contradicts_itself_is_named(column: str, value: int, message: str) -> None:
    """The message has the symbol, the bar, its time and the value."""
    changed: dict[str, Any] = {column: getattr(CANDLES, column).copy()}
    changed[column][1] = value
    with pytest.raises(CandleError) as caught:
        validate(evolve(CANDLES, **changed))
    assert str(caught.value).startswith("BTCUSDT: " + message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"volume": ints([1, 2])}, "columns differ in length"),
        ({name: ints([]) for name in COLUMNS}, "no bars"),
        ({"open": CANDLES.open.astype(np.int32)}, "column open is int32"),
        ({"step_ms": 4}, "step_ms 4 is below 5"),
        ({"price_dp": -1}, "price_dp -1 is outside 0..18"),
        ({"volume_dp": 19}, "volume_dp 19 is outside 0..18"),
    ],
)
def test_columns_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    """The shape is checked before any bar."""
    with pytest.raises(CandleError, match="BTCUSDT: " + message):
        validate(evolve(CANDLES, **changes))


def test_two_candles_are_not_compared_by_value() -> None:
    """Arrays have no single truth of equality, so identity is all there is."""
    assert evolve(CANDLES) != CANDLES
