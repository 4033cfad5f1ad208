"""The two venues of the mirroring product: the destination's, and the source with its book.

Both keep one order a place, and requests arrive in order.  Prices of the source and of the
destination are the same.
"""

from collections.abc import Iterator
from typing import NamedTuple

from attrs import frozen

from machines.mirroring import Target
from machines.order import Canceled, CancelRejected, Event, Filled, Lost, Rejected
from simulator.actors import Do, Features
from simulator.worlds.mirroring_scene import PRICES, words
from simulator.worlds.order_venue import Life, Report, read
from simulator.worlds.product_places import Place, Sent, Told, venue_features, void

ENDLESS = -1


class Exchange(NamedTuple):
    """A venue; *losses*: requests that may still get lost, *whims*: how often it may still refuse.

    *quiet*: nobody trades at the destination, no more books come from the source.  *ticks* is the
    source's price, 0 at the destination.  *left* is how many trades or books may still come.
    """

    places: tuple[Place, ...]
    losses: int = 0
    whims: int = 0
    quiet: bool = False
    ticks: int = 0
    left: int = ENDLESS


def fewer(state: Exchange) -> Exchange:
    """Return *state* with one trade or book less to come."""
    return state if state.left == ENDLESS else state._replace(left=state.left - 1)


@frozen
class ExchangeActor:
    """A venue whose places are numbered from *first*; *reports* is the channel that it tells on.

    *ends*: it may fall quiet.  The source has books of up to *volume* lots, at *prices* prices.
    *overtaking*: requests overtake each other, and have a validity.
    """

    reports: str
    first: int = 0
    ends: bool = False
    volume: int = 0
    prices: int = 0
    overtaking: bool = False

    def hears(self, state: Exchange, channel: str, sent: Sent) -> Iterator[Do]:  # noqa: ARG002
        """Yield what becomes of a request; one of another turn is about a newer order."""
        request = sent.request
        place = state.places[request.which - self.first]
        if self.overtaking and void(place, sent):
            yield Do("is read too late", state)
            return
        if place.turn != sent.turn:
            place = Place(sent.turn)
        if state.losses:
            less = state._replace(losses=state.losses - 1)
            yield Do("is lost", less, (self._news(request.which, sent.turn, Lost()),))
        after, event = read(place.held, request)
        ticks = sent.ticks if request.what == "new" else place.ticks
        kept = Place(sent.turn, ticks, after if self.overtaking else after._replace(asked=0))
        yield self._changed("is read", state, request.which, kept, event)
        fickle = state._replace(whims=state.whims - 1)
        if state.whims and request.what == "new" and place.held.life is Life.NONE:
            held = place.held._replace(life=Life.REJECTED, qty=request.qty)
            refused = place._replace(held=held)
            yield self._changed("is rejected", fickle, request.which, refused, Rejected())
        if state.whims and request.what == "cancel" and place.held.life is Life.OPEN:
            yield self._changed("is refused", fickle, request.which, place, CancelRejected())

    def acts(self, state: Exchange) -> Iterator[Do]:
        """Yield the fills, and what the venue may do by itself."""
        if not state.quiet and self.ends:
            yield Do("falls quiet", state._replace(quiet=True))
        if state.left and not state.quiet and self.volume:
            yield from self._books(fewer(state))
        for which, place in enumerate(state.places, start=self.first):
            held = place.held
            if held.life is not Life.OPEN:
                continue
            if place.ticks >= state.ticks if self.volume else state.left and not state.quiet:
                cum = held.cum_qty + 1
                life = Life.FILLED if cum == held.qty else Life.OPEN
                after = place._replace(held=held._replace(life=life, cum_qty=cum))
                whose = "the recoup" if self.volume else f"order {which}"
                what = f"fills a lot of {whose}"
                filled = state if self.volume else fewer(state)
                yield self._changed(what, filled, which, after, Filled(cum))
            if state.whims:
                fickle = state._replace(whims=state.whims - 1)
                closed = place._replace(held=held._replace(life=Life.CANCELED))
                news = Canceled(held.cum_qty)
                yield self._changed(f"closes order {which} by itself", fickle, which, closed, news)

    def _books(self, state: Exchange) -> Iterator[Do]:
        """Yield the next book of the source; an empty one has one price."""
        for ticks in PRICES[: self.prices]:
            for qty in range(ticks > 1, self.volume + 1):
                book = Target(ticks, qty, ticks)
                yield Do(f"moves: {words(book)}", state._replace(ticks=ticks), (("book", book),))

    def _changed(self, what: str, state: Exchange, which: int, place: Place, event: Event) -> Do:
        """Return that *place* is now so, and *event* is told of it."""
        at = which - self.first
        places = (*state.places[:at], place, *state.places[at + 1 :])
        news = self._news(which, place.turn, event)
        return Do(what, state._replace(places=places), (news,))

    def _news(self, which: int, turn: int, event: Event) -> tuple[str, Told]:
        return self.reports, Told(turn, Report(which, event))

    def features(self, state: Exchange) -> Features:
        """Return what is true of each order, and what rests at each price at the destination."""
        found = {"quiet" if self.volume else "calm": int(state.quiet)}
        if not self.volume:
            found |= {f"rest_{ticks}": _resting(state, ticks) for ticks in PRICES}
        return {**found, **venue_features(state.places, self.first)}


def _resting(state: Exchange, ticks: int) -> int:
    """Return the lots that rest at *ticks*."""
    at = (p.held for p in state.places if p.ticks == ticks and p.held.life is Life.OPEN)
    return sum(held.qty - held.cum_qty for held in at)


def show_exchange(state: Exchange) -> str:
    """Return what a venue holds, in words."""
    shown = [f"price {state.ticks}"] if state.ticks else []
    for turn, ticks, held in state.places:
        shown.append(f"{held.life.name} {held.cum_qty}/{held.qty} at {ticks} (turn {turn})")
    return ", ".join([*shown, *(["quiet"] if state.quiet else [])])
