"""What was realized, and the most that it has been: of late, where older peaks do not count."""

from typing import NamedTuple

from attrs import frozen


class Peak(NamedTuple):
    """What had been realized as bars closed until *until_ms*, their open: more than ever since."""

    until_ms: int
    profit: int


@frozen
class Profits:
    """What is realized *now*, before fees in money units, and the *peaks* before, falling.

    >>> found = Profits(5).after(-3, 60_000).after(1, 120_000)
    >>> found.now, found.most, found.since(60_001).most
    (3, 5, 3)
    """

    now: int = 0
    peaks: tuple[Peak, ...] = ()

    @property
    def most(self) -> int:
        """The most that it has been, as far as that counts."""
        return max(self.now, self.peaks[0].profit) if self.peaks else self.now

    def after(self, profit: int, newest_ms: int) -> "Profits":
        """Return what there is after *profit*; the newest bar opened at *newest_ms*."""
        peaks = self.peaks
        if profit < 0:
            peaks = tuple(peak for peak in peaks if peak.profit > self.now)
            if not peaks or peaks[-1].until_ms != newest_ms:
                peaks += (Peak(newest_ms, self.now),)
        return Profits(self.now + profit, peaks)

    def since(self, first_ms: int | None) -> "Profits":
        """Return what counts of the bars that opened at *first_ms* or later; None: of all."""
        if first_ms is None:
            kept = self.peaks[:1]
        else:
            kept = tuple(peak for peak in self.peaks if peak.until_ms >= first_ms)
        return self if len(kept) == len(self.peaks) else Profits(self.now, kept)
