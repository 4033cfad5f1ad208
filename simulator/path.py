"""The price inside the bars: a walk that stops where it meets a barrier.

A bar of length `step` is walked from its open to the extreme nearer to the open (the low, if both
are as near), to the other extreme and to its close, at 0, step / 4, 3 * step / 4 and step - 1 ms.
Between these points the price is linear, p0 + trunc((p1 - p0) * (t - t0) / (t1 - t0)), in whole
price units and whole nanoseconds.  It rests at the close until the next bar opens, then jumps.

What the walk leaves out: the true order of the extremes, and how often the price went to and fro
between them; the trades themselves, so a limit price touched here may not have been filled there;
the spread, since one price stands for bid and ask; and when in the bar its volume was traded.
"""

from simulator.candles import Candles
from spec.units import MILLI_NS

_REST = 3  # the last of four legs, the one from the close to the end of the bar
_BARS_ONE_BY_ONE = 6  # a call that stops this soon is cheaper without numpy
_CHUNK_BARS = 64
_CHUNK_BARS_MAX = 16_384  # its two columns stay in the cache


class Path:
    """A cursor on the walk of *candles*, at first on the open of bar *start_index*.

    *now_ns* is Unix ns UTC, *price* in the units of *candles*, *bar* the index of the bar that
    holds *now_ns*.  The cursor has seen nothing later than *now_ns*.  *candles* must be valid.
    """

    bar: int
    now_ns: int
    price: int
    _leg: int
    _open_ns: int
    _prices: tuple[int, int, int, int, int]

    def __init__(self, candles: Candles, start_index: int = 0) -> None:
        assert 0 <= start_index < len(candles)
        self._count = len(candles)
        self._start_ns = candles.start_ms * MILLI_NS
        self._step_ns = step_ns = candles.step_ms * MILLI_NS
        self._end_ns = candles.end_ms * MILLI_NS
        self._offsets = (0, step_ns // 4, 3 * step_ns // 4, step_ns - MILLI_NS, step_ns)
        self._lows, self._highs = candles.low, candles.high
        # A memoryview gives a plain int sooner than an array does.
        self._open, self._close = candles.open.data, candles.close.data
        self._low, self._high = candles.low.data, candles.high.data
        self._enter(start_index)

    @property
    def finished(self) -> bool:
        """Whether the data has come to its end."""
        return self.now_ns >= self._end_ns

    def advance(self, lo: int, hi: int, until_ns: int) -> bool:
        """Walk to the first touch, price <= *lo* or price >= *hi*, and say whether one came.

        *lo* < price < *hi* must hold; a barrier that is not wanted is 0 or 2**62.  True: *price*
        is the barrier, or the open that jumped beyond it, and *now_ns* the first ns at which it
        is reached.  False: *until_ns* or the end of the data came first, and is *now_ns*.
        """
        assert lo < self.price < hi
        assert until_ns >= self.now_ns
        until_ns = min(until_ns, self._end_ns)
        last = min((until_ns - self._start_ns) // self._step_ns, self._count - 1)
        while not self._touch(lo, hi, until_ns):
            if self.bar == last:
                self._rest(until_ns)
                return False
            self._enter(self._find(self.bar + 1, last, lo, hi))
            if not lo < self.price < hi:
                break
        return True

    def _touch(self, lo: int, hi: int, until_ns: int) -> bool:
        """Move to the first touch on what is left of this bar, not later than *until_ns*."""
        prices = self._prices
        for leg in range(self._leg, _REST):
            end = prices[leg + 1]
            if lo < end < hi:
                continue
            barrier = hi if end >= hi else lo
            begin, offset = prices[leg], self._offsets[leg]
            lasts = self._offsets[leg + 1] - offset
            # Rounded up, in either direction: the quotient is never positive.
            touch_ns = self._open_ns + offset - (begin - barrier) * lasts // (end - begin)
            if touch_ns > until_ns:
                return False
            self._leg, self.now_ns, self.price = leg, touch_ns, barrier
            return True
        return False

    def _rest(self, until_ns: int) -> None:
        """Move to *until_ns*, inside or at the end of this bar."""
        after = until_ns - self._open_ns
        offsets, prices = self._offsets, self._prices
        leg = self._leg
        while leg < _REST and offsets[leg + 1] <= after:
            leg += 1
        begin, move = prices[leg], prices[leg + 1] - prices[leg]
        gone = abs(move) * (after - offsets[leg]) // (offsets[leg + 1] - offsets[leg])
        self._leg, self.now_ns = leg, until_ns
        self.price = begin + gone if move >= 0 else begin - gone

    def _enter(self, bar: int) -> None:
        """Jump to the open of *bar*."""
        first, high, low = self._open[bar], self._high[bar], self._low[bar]
        last = self._close[bar]
        if high - first < first - low:
            self._prices = (first, high, low, last, last)
        else:
            self._prices = (first, low, high, last, last)
        self._leg, self.bar, self.price = 0, bar, first
        self.now_ns = self._open_ns = self._start_ns + bar * self._step_ns

    def _find(self, bar: int, last: int, lo: int, hi: int) -> int:
        """Return the first bar from *bar* on that reaches a barrier, or *last*."""
        low, high = self._low, self._high
        near = min(bar + _BARS_ONE_BY_ONE, last)
        while bar < near:
            if low[bar] <= lo or high[bar] >= hi:
                return bar
            bar += 1
        size = _CHUNK_BARS
        while bar < last:
            stop = min(bar + size, last)
            touched = (self._lows[bar:stop] <= lo) | (self._highs[bar:stop] >= hi)
            first = int(touched.argmax())
            if touched[first]:
                return bar + first
            bar, size = stop, min(2 * size, _CHUNK_BARS_MAX)
        return last
