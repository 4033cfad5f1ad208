"""The book of a symbol as numbered changes, so that a snapshot and what follows it agree."""

from collections import deque

from attrs import frozen

from adapters.exchange import figures
from adapters.exchange.core import Exchange

KEPT = 50  # changes; a stream is told ten times a second


@frozen
class Change:
    """What makes book *number* of the one before; a level that is gone has no lots."""

    number: int
    bids: figures.Levels
    asks: figures.Levels


class Depth:
    """The book of *symbol*; whoever looks at it first notes what has changed."""

    def __init__(self, exchange: Exchange, symbol: int) -> None:
        self.exchange, self.symbol = exchange, symbol
        self._number, self._changes = 1, deque[Change](maxlen=KEPT)
        self._bids, self._asks = self._look()

    def snapshot(self) -> tuple[int, figures.Levels, figures.Levels]:
        """Return the number of the book, its bids and its asks."""
        self._note()
        return self._number, self._bids, self._asks

    def since(self, number: int) -> list[Change]:
        """Return what has changed after book *number*."""
        self._note()
        return [change for change in self._changes if change.number > number]

    def _note(self) -> None:
        """Note what has changed."""
        bids, asks = self._look()
        if (bids, asks) == (self._bids, self._asks):
            return
        self._number += 1
        changed = figures.changed(self._bids, bids), figures.changed(self._asks, asks)
        self._changes.append(Change(self._number, *changed))
        self._bids, self._asks = bids, asks

    def _look(self) -> tuple[figures.Levels, figures.Levels]:
        """Return the book as it is now."""
        return figures.book(self.exchange, self.symbol, figures.DEPTH_MAX)
