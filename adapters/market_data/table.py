"""What a file from outside holds, before it is known to be good."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from adapters.candles import TIME, DataError
from adapters.market_data.exact import Exact, Unusable
from simulator.candles import COLUMNS, Ints

FIELDS = (TIME, *COLUMNS)
_LETTERS = dict(zip("tohlcv", FIELDS, strict=True))
_ALIASES = {
    TIME: "tsms ts timestamp time opentime date datetime unix t index indexlevel0 bucket",
    "open": "open o openprice",
    "high": "high h highprice",
    "low": "low l lowprice",
    "close": "close c closeprice",
    "volume": "volume v vol bv basevolume volumebase volumefrom",
}


def _none() -> Mapping[str, str]:
    return {}


@frozen
class Layout:
    """How to find the columns: by *named* (ours: theirs), by usual names, or by *order*.

    *order* has one letter for each column of a file without names: t o h l c v.
    """

    order: str = "tohlcv"
    named: Mapping[str, str] = field(factory=_none)

    def indices(self, path: Path, width: int) -> dict[str, int]:
        """Return the index of each of our columns in a file of *width* columns without names.

        Raises:
            DataError: *order* is not an order, or the file is too narrow.
        """
        if sorted(self.order.replace("-", "")) != sorted(_LETTERS):
            raise DataError(f"order {self.order!r}: use each letter of tohlcv once, - to skip one")
        if width < len(self.order):
            raise DataError(
                f"{path}: {width} columns without names; the order {self.order} needs more"
            )
        return {name: self.order.index(letter) for letter, name in _LETTERS.items()}

    def names(self, path: Path, theirs: Sequence[str]) -> dict[str, str]:
        """Return the name in *theirs* of each of our columns.

        Raises:
            DataError: A column is not there, or two could be it.
        """
        if odd := set(self.named) - set(FIELDS) - {"time"}:
            raise DataError(f"column {min(odd)!r}: name one of time, {', '.join(COLUMNS)}")
        return {name: self._name(path, name, theirs) for name in FIELDS}

    def _name(self, path: Path, name: str, theirs: Sequence[str]) -> str:
        """Return which of *theirs* is our column *name*."""
        short = "time" if name == TIME else name
        asked = self.named.get(short) or self.named.get(name)
        usual = _ALIASES[name].split()
        found = [each for each in theirs if each == asked or (not asked and _plain(each) in usual)]
        if len(found) == 1:
            return found[0]
        what = f"{' and '.join(found)} could each be {short}" if found else f"no column {short}"
        raise DataError(
            f"{path}: {what}; it has {', '.join(theirs)}; say which with --column {short}=NAME"
        )


def _plain(name: str) -> str:
    """Return *name* in lower case, letters and digits only."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


@frozen(eq=False)
class Table:
    """The rows of one file in their order.

    times: Unix ms at which the bars open, int64 (n,).  columns: by name.  lines: for text, the
    line of each row, from 1, int64 (n,).  metadata: what the file says about itself.
    """

    path: Path
    times: Ints
    columns: Mapping[str, Exact]
    lines: Ints | None = None
    metadata: Mapping[str, str] = field(factory=_none)

    def __len__(self) -> int:
        return len(self.times)

    def place(self, row: int) -> str:
        """Return where *row* is, for a message."""
        where = f"row {row}" if self.lines is None else f"line {self.lines[row]}"
        return f"{self.path}: {where}"

    def places(self, *names: str) -> int:
        """Return the decimals that the columns *names* need."""
        return max(int(self.columns[name].places.max(initial=0)) for name in names)

    def units(self, name: str, dp: int) -> Ints:
        """Return column *name* in units of 10**-*dp*, int64 (n,).

        Raises:
            DataError: A value has more decimals, or does not fit.
        """
        try:
            return self.columns[name].units(dp)
        except Unusable as error:
            raise self.refused(name, error) from error

    def refused(self, name: str, error: Unusable) -> DataError:
        """Return *error*, which is about a value in column *name*, with its place."""
        return DataError(f"{self.place(error.row)}: {name} {error.value} {error.why}")


def joined(tables: Sequence[Table]) -> Table:
    """Return *tables* as one, which counts its rows through all of them."""
    columns = {
        name: Exact(
            np.concatenate([table.columns[name].whole for table in tables]),
            np.concatenate([table.columns[name].places for table in tables]),
        )
        for name in COLUMNS
    }
    folder = tables[0].path.parent
    return Table(folder, np.concatenate([table.times for table in tables]), columns)


def window(times: Ints, from_ms: int | None, to_ms: int | None) -> npt.NDArray[np.bool_]:
    """Return which *times* are at or after *from_ms* and before *to_ms*, bool (n,)."""
    inside = np.ones(len(times), np.bool_)
    if from_ms is not None:
        inside &= times >= from_ms
    if to_ms is not None:
        inside &= times < to_ms
    return inside
