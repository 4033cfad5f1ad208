"""The venue of the collision product: that of the collision worlds, which answers queries too.

It keeps beside its books what has become of the order in each place: one place for each kind of
order of each symbol.
"""

from collections.abc import Iterator
from typing import NamedTuple

from attrs import frozen

from machines.order import (
    Acked,
    Canceled,
    CancelRejected,
    Event,
    Expired,
    Filled,
    Lost,
    Rejected,
)
from simulator.actors import Do, Features
from simulator.worlds import collision_scene as scene
from simulator.worlds.collision_scene import Ask, Kind, Venue, show_venue
from simulator.worlds.order_venue import Held, Life, Report, read
from simulator.worlds.product_places import Place, Sent, Told, venue_features, void

KINDS = 3  # of orders: OPEN, CLOSE and ENTRY
CROSSES = 1  # what a request says instead of a price


class Exchange(NamedTuple):
    """The venue, its places, and how many requests may still get lost on the way here."""

    venue: Venue
    places: tuple[Place, ...]
    losses: int = 0


@frozen
class ExchangeActor:
    """The venue as an actor; *overtaking*: requests overtake each other, and have a validity."""

    overtaking: bool = False

    def hears(self, state: Exchange, channel: str, sent: Sent) -> Iterator[Do]:
        """Yield what becomes of a request; one of another turn is about a newer order."""
        request = sent.request
        which, place = request.which, state.places[request.which]
        if state.losses:
            less = state._replace(losses=state.losses - 1)
            yield Do("is lost", less, (_news(which, sent.turn, Lost()),))
        if self.overtaking and void(place, sent):
            yield Do("is read too late", state)
            return
        if place.turn != sent.turn:
            place = Place(sent.turn)
        new = request.what == "new" and place.held.life is Life.NONE
        cancels = request.what == "cancel" and place.held.life is Life.OPEN
        if not (new or cancels):
            held, event = read(place.held, request)
            after = place._replace(held=held if self.overtaking else held._replace(asked=0))
            yield Do("is read", _with(state, which, after), (_news(which, sent.turn, event),))
            return
        if new:
            place = place._replace(held=place.held._replace(life=Life.OPEN, qty=request.qty))
        symbol, kind = divmod(which, KINDS)
        crosses = new and sent.ticks == CROSSES
        ask = Ask(symbol, Kind(kind), sent.turn, request.qty if new else 0, crosses)
        for do in scene.venue_hears(state.venue, channel, ask):
            taken = _with(state, which, place)
            yield _done(taken, do, f"{do.what}: is read", place=which, new=new)

    def acts(self, state: Exchange) -> Iterator[Do]:
        """Yield what the venue may do unasked."""
        for do in scene.venue_acts(state.venue):
            yield _done(state, do, do.what)

    def features(self, state: Exchange) -> Features:
        """Return what is there of either side, and what is true of each order."""
        return {**scene.venue_features(state.venue), **venue_features(state.places)}


def _done(state: Exchange, do: Do, what: str, place: int = 0, *, new: bool = False) -> Do:
    """Return *do* of the venue, with what its reports tell put into places and into events."""
    assert isinstance(do.state, Venue)
    state, sends = state._replace(venue=do.state), list[tuple[str, Told]]()
    if new and not do.sends:
        sends.append(_news(place, state.places[place].turn, Acked()))
    for _, report in do.sends:
        assert isinstance(report, scene.Told)
        which = report.symbol * KINDS + report.kind
        held, event = _reported(state.places[which].held, report, new=new)
        state = _with(state, which, state.places[which]._replace(held=held))
        sends.append(_news(which, state.places[which].turn, event))
    return Do(what, state, tuple(sends))


def _reported(held: Held, report: scene.Told, *, new: bool) -> tuple[Held, Event]:
    """Return an order after *report*, and what that is in the order machine's words."""
    cum = report.cum_qty
    if report.refused:
        return held, CancelRejected()
    if cum == held.qty:
        return held._replace(life=Life.FILLED, cum_qty=cum), Filled(cum)
    if not report.final:
        return held._replace(cum_qty=cum), Filled(cum)
    if new and not cum:
        return held._replace(life=Life.REJECTED), Rejected()
    if new:
        return held._replace(life=Life.EXPIRED, cum_qty=cum), Expired(cum)
    return held._replace(life=Life.CANCELED, cum_qty=cum), Canceled(cum)


def _news(which: int, turn: int, event: Event) -> tuple[str, Told]:
    return "reports", Told(turn, Report(which, event))


def _with(state: Exchange, which: int, place: Place) -> Exchange:
    """Return *state* with another order in a place."""
    places = (*state.places[:which], place, *state.places[which + 1 :])
    return state._replace(places=places)


def show_exchange(state: Exchange) -> str:
    """Return what the venue has, in words."""
    return show_venue(state.venue)
