"""An exchange without a dialect: simulated venues, one for each account, on one market.

Integers only: ticks, lots, money units and Unix ns.  Accounts do not trade with each other: each
meets the market alone.
"""

from collections.abc import Sequence

from attrs import frozen

from adapters.exchange.market import Listing, Market
from adapters.exchange.trader import Rules, Trader
from simulator.venue import Venue
from simulator.venue_order import NO_BOUND
from simulator.venue_terms import VenueConfig
from spec.units import SECOND_NS

FUNDING_NS = 8 * 3_600 * SECOND_NS


@frozen
class Funding:
    """Funding of *rate_ppm* was paid on every symbol at *time_ns*."""

    time_ns: int
    rate_ppm: int


@frozen(kw_only=True)
class Terms:
    """Accounts by name, the venue of each, and what the exchange does to all.

    Funding of *funding_ppm* is paid every eight hours of Unix time.
    """

    accounts: tuple[str, ...]
    venue: VenueConfig
    rules: Rules
    funding_ppm: int = 100


class Exchange:
    """Accounts on the market of *listings*, from Unix *start_ns* on.

    Raises:
        ValueError: Some symbol has no bar at *start_ns*, or `Venue` refuses *terms*.
    """

    def __init__(self, listings: Sequence[Listing], terms: Terms, start_ns: int) -> None:
        self.listings, self.terms = tuple(listings), terms
        self.began_ns = start_ns
        self.market = Market(self.listings, start_ns)
        self.symbols = {listing.symbol: index for index, listing in enumerate(self.listings)}
        instruments = [listing.instrument for listing in self.listings]
        self.traders = {
            name: Trader(name, Venue(terms.venue, instruments), terms.rules)
            for name in terms.accounts
        }
        self.fundings: list[Funding] = []
        self._price()

    @property
    def now_ns(self) -> int:
        """The time at the exchange, Unix ns."""
        return self.market.now_ns

    @property
    def funding_at_ns(self) -> int:
        """When funding is paid next, Unix ns."""
        last_ns = self.fundings[-1].time_ns if self.fundings else 0
        at_ns = -(-self.now_ns // FUNDING_NS) * FUNDING_NS
        return at_ns + FUNDING_NS if at_ns == last_ns else at_ns

    def advance(self, until_ns: int) -> None:
        """Let the market go on to *until_ns*, and all that follows happen when it does."""
        while self.now_ns < until_ns:
            wakes = (trader.venue.wake_ns() for trader in self.traders.values())
            due = [each for each in wakes if each is not None]
            stop_ns = max(min([until_ns, self.funding_at_ns, *due]), self.now_ns)
            self.market.walk([self._band(each) for each in range(len(self.listings))], stop_ns)
            self._price()
            for trader in self.traders.values():
                wake_ns = trader.venue.wake_ns()
                if wake_ns is not None and wake_ns <= self.now_ns:
                    trader.wake(self.now_ns)
            if self.funding_at_ns == self.now_ns:
                self._fund()

    def _band(self, symbol: int) -> tuple[int, int]:
        """Return the prices strictly between which nothing happens to any account."""
        low, high = 0, NO_BOUND
        for trader in self.traders.values():
            band = trader.venue.barriers(symbol)
            low = max(low, band.last_lo, band.mark_lo)
            high = min(high, band.last_hi, band.mark_hi)
        return low, high

    def _price(self) -> None:
        """Tell every account the prices."""
        for symbol in range(len(self.listings)):
            for trader in self.traders.values():
                trader.price(symbol, self.market.price(symbol), self.now_ns)

    def _fund(self) -> None:
        """Pay funding."""
        rate_ppm = self.terms.funding_ppm
        self.fundings.append(Funding(self.now_ns, rate_ppm))
        for symbol in range(len(self.listings)):
            for trader in self.traders.values():
                trader.fund(symbol, rate_ppm, self.now_ns)
