"""Numbers and times from outside: exact, or refused."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.candles import DataError
from adapters.market_data import exact, times
from adapters.market_data.exact import Unusable

TEXTS = st.builds(
    lambda whole, places: f"{Decimal(whole).scaleb(-places):f}",
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.integers(0, 12),
)


@given(st.lists(TEXTS, min_size=1))
def test_what_text_says_is_kept(texts: list[str]) -> None:
    """Text, integers and back are the same number, with as few decimals as will do."""
    numbers = exact.from_texts(texts)
    for row, text in enumerate(texts):
        assert Decimal(numbers.text(row)) == Decimal(text)
        assert numbers.places[row] == 0 or numbers.whole[row] % 10


@given(st.lists(TEXTS, min_size=1))
def test_a_double_tells_the_decimal_it_was_read_from(texts: list[str]) -> None:
    """Up to 15 digits the decimal is found again, digit for digit."""
    floats = exact.from_floats(np.array([float(text) for text in texts]))
    parsed = exact.from_texts(texts)
    assert floats.whole.tolist() == parsed.whole.tolist()
    assert floats.places.tolist() == parsed.places.tolist()


def test_single_precision_is_read_in_its_own_digits() -> None:
    """A float32 stands for a shorter decimal than the double of the same value."""
    numbers = exact.from_floats(np.array([97250.1, 0.1, 1e-6], np.float32))
    assert [numbers.text(row) for row in range(3)] == ["97250.1", "0.1", "0.000001"]


def test_a_sum_of_floats_is_no_decimal() -> None:
    """What only looks like a decimal is refused with its row and its value."""
    with pytest.raises(
        Unusable, match=r"0.30000000000000004' is no decimal of at most 15"
    ) as caught:
        exact.from_floats(np.array([0.5, 0.1 + 0.2]))
    assert caught.value.row == 1
    for value in (np.nan, np.inf, 1e300, 1e-30):
        with pytest.raises(Unusable):
            exact.from_floats(np.array([value]))


@pytest.mark.parametrize(
    ("text", "shown"),
    [("1e-8", "0.00000001"), (" 5.00 ", "5"), ("-1.50", "-1.5"), ("+2", "2"), ("1E3", "1000"),
     ("9223372036854775807", "9223372036854775807"), ("0E+40", "0"), (".5", "0.5")],
)  # fmt: skip
def test_unusual_texts(text: str, shown: str) -> None:
    """Signs, exponents and blanks are understood."""
    assert exact.from_texts([text]).text(0) == shown


@pytest.mark.parametrize(
    "text",
    ["", "nan", "inf", "1,5", "abc", "1e30", "9223372036854775808", "1e-19", "1.2.3", "None"],
)
def test_texts_that_are_no_numbers(text: str) -> None:
    """What cannot be held exactly is refused, not cut."""
    with pytest.raises(Unusable):
        exact.from_texts(["1", text])


def test_units_are_exact_or_refused() -> None:
    """Fewer decimals than a value has, or more than fit, are refused with the row."""
    numbers = exact.from_texts(["1.5", "97250.10", "3"])
    assert numbers.units(2).tolist() == [150, 9725010, 300]
    assert numbers.units(13)[1] == 9_725_010 * 10**11
    with pytest.raises(Unusable, match=r"row 0: '1.5' has more than 0 decimals; ask for 1"):
        numbers.units(0)
    with pytest.raises(Unusable, match=r"row 1: '97250.1' does not fit 64 bits with 14 decimals"):
        numbers.units(14)


MOMENT = 1_746_613_860_000


@pytest.mark.parametrize("factor", [1_000, 1, 1_000_000])
def test_the_unit_of_a_time_is_told_by_its_size(factor: int) -> None:
    """Seconds, ms, us and ns are all the same moment."""
    assert times.from_numbers(np.array([MOMENT * 1_000 // 1_000]))[0] == MOMENT
    assert times.from_numbers(np.array([MOMENT * 1_000 // factor]))[0] == MOMENT
    assert times.from_numbers(np.array([MOMENT * 1_000_000], np.int64))[0] == MOMENT
    assert times.from_numbers(np.array([MOMENT / 1.0]))[0] == MOMENT


@pytest.mark.parametrize(
    "text",
    ["2025-05-07 10:31", "2025-05-07T10:31:00Z", "2025-05-07 12:31:00+02:00", "1746613860",
     "2025-05-07 10:31 UTC", "1746613860000"],
)  # fmt: skip
def test_texts_of_one_moment(text: str) -> None:
    """UTC unless it says otherwise."""
    assert times.moment_ms(text) == MOMENT


def test_fractions_of_a_ms_are_refused() -> None:
    """A time is a whole number of ms, or it is not used."""
    for text in (
        "2025-05-07 10:31:00.0001",
        "1746613860000001",
        "yesterday",
        "20250507",
        "99999999999999999999",
    ):
        with pytest.raises(DataError):
            times.moment_ms(text)
    for value in (1.5, np.nan):
        with pytest.raises(Unusable, match="is not a whole number"):
            times.from_numbers(np.array([value]))


def test_steps() -> None:
    """What is written is what is read; nonsense is refused."""
    for length in (60_000, 300_000, 3_600_000, 86_400_000, 250, 5_000):
        assert times.step_ms(times.step_text(length)) == length
    for text in ("", "m", "0m", "1x", "-1m", "1.5m", "1ms"):
        with pytest.raises(DataError, match="write one like 1m"):
            times.step_ms(text)
