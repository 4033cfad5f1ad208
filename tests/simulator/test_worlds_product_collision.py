"""Base and mirror over order machines: what the bot is told, what a restart asks, large worlds."""

from functools import partial
from typing import Any

import pytest
from attrs import evolve

from machines.order import Acked, CancelRejected, Filled, Lost, Order
from simulator import compiled
from simulator.actors import Channel, Do, Rule
from simulator.explorer import Move
from simulator.worlds import product_collision, product_mirror, product_wallet_overtaking
from simulator.worlds.collision_scene import Kind
from simulator.worlds.collision_scene import Told as Summed
from simulator.worlds.order_venue import Held, Life, Report, Request
from simulator.worlds.product_collision import deep_worlds, fair, our_actor, worlds
from simulator.worlds.product_collision_venue import Exchange, ExchangeActor
from simulator.worlds.product_ours import Ours, told_of
from simulator.worlds.product_places import Sent, Told, placed, unused
from spec.collision import State as Use
from spec.order import State
from spec.properties import Kind as Claim
from spec.properties import Property

DEEP_COUNTS = {
    "collision-orders-lots": (97_480, 347_001, 71),
    "collision-orders-lots-crash": (406_089, 1_442_814, 56),
    "collision-orders-lossy-twice": (154_071, 598_525, 50),
    "collision-orders-lossy-crash": (236_039, 835_797, 52),
    "collision-orders-lossy-endless": (82_646, 300_410, 64),
    "collision-orders-crash-endless": (194_374, 681_108, 68),
    "collision-orders-overtaking-whims": (173_936, 1_148_047, 38),
    "collision-orders-two": (130_638, 623_401, 37),
}
WORLDS = {world.name: world for world in (*worlds(), *deep_worlds())}
PLAIN = WORLDS["collision-orders"]
ROOMY = {
    world.name: world
    for module in (product_collision, product_mirror, product_wallet_overtaking)
    for world in module.worlds()
}
SENT, FULL = Order(qty=1), Order(qty=1, state=State.FILLED, cum_qty=1)


def _ours(do: Do | None = None) -> Ours:
    """Return our side after *do*, at first where nothing is given."""
    state = PLAIN.actors[0].initial if do is None else do.state
    assert isinstance(state, Ours)
    return state


def _mirrored() -> Ours:
    """Return our side once a mirror was opened."""
    begins = "begins a cycle, base wants nothing"
    cycle = next(do for do in our_actor().acts(_ours()) if do.what == begins)
    opens = next(do for do in our_actor().acts(_ours(cycle)) if do.what == "mirrors A")
    assert opens.sends == (("asks", Sent(1, 0, Request("new", Kind.OPEN, qty=1))),)
    return _ours(opens)


def test_orders_take_turns_or_are_numbered() -> None:
    """Two turns are enough in order; where reports overtake each other no number comes back."""
    turns, numbers = unused(1), unused(1, numbered=True)
    for _ in range(2):
        turns, numbers = placed(turns, 0, 1), placed(numbers, 0, 1)
    assert (turns.turns, numbers.turns) == ((0,), (2,))
    told = [told_of(Kind.OPEN, turn, SENT, FULL) for turn in (1, 0, 2, 3)]
    assert [news.number for (news,) in told] == [0, 1, 1, 2]


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP_COUNTS)
def test_each_deep_world_has_its_size_and_its_claims_hold(name: str) -> None:
    """More lots, another symbol, several misfortunes make no difference to what holds."""
    found = compiled.explore(WORLDS[name], states_max=1_000_000)
    assert (found.states, found.transitions, found.depth) == DEEP_COUNTS[name]
    assert not found.failures


@pytest.mark.parametrize("name", ROOMY)
def test_nobody_waits_for_room_on_the_wire(name: str) -> None:
    """A full channel would hide what comes of one message more."""
    world, free = ROOMY[name], Property("ROOM-1", Claim.ALWAYS, "No channel is full.")
    rule = Rule(free, partial(has_room, channels=world.channels))
    found = compiled.explore(evolve(world, rules=(rule,)), states_max=1_000_000)
    assert not found.failures


def has_room(s: Any, channels: tuple[Channel, ...]) -> Any:  # noqa: ANN401  # a number or an array
    """Return whether each of *channels* has room for one message more."""
    first, second = (getattr(s, each.name) < each.capacity for each in channels)
    return first & second


def test_the_bot_is_told_totals_and_ends() -> None:
    """An order that is UNKNOWN has not ended, and counts until it has."""
    sent, full = Order(qty=1), Order(qty=1, cum_qty=1, state=State.FILLED)
    whole = Summed(0, Kind.OPEN, 0, 1, final=True)
    assert list(told_of(Kind.OPEN, 1, sent, full)) == [whole]
    assert not list(told_of(Kind.OPEN, 1, sent, Order(qty=1, state=State.UNKNOWN)))
    asked = Order(qty=1, state=State.PENDING_CANCEL, unwanted=True)
    (refused,) = told_of(Kind.OPEN, 1, asked, Order(qty=1, state=State.NEW))
    assert refused.refused


def test_a_restart_asks_for_every_open_order() -> None:
    """The machines start anew, and know of the order that may still open."""
    restart, *_ = our_actor().acts(_mirrored()._replace(down=True))
    assert restart.sends == (("asks", Sent(1, 0, Request("query", Kind.OPEN, query=1))),)
    collision = _ours(restart).bot.desks[0].collision
    assert (collision.state, collision.mirror.opening) == (Use.GATED, 1)


def test_a_fill_that_only_a_query_finds_is_counted() -> None:
    """What is told of an order before its total is known is that it may have ended."""
    lost = next(iter(our_actor().hears(_mirrored(), "reports", Told(1, Report(0, Lost())))))
    assert _ours(lost).bot.desks[0].mirror_lots == 0
    filled = next(iter(our_actor().hears(_ours(lost), "reports", Told(1, Report(0, Filled(1))))))
    assert _ours(filled).bot.desks[0].mirror_lots == 1


def test_the_venue_remembers_how_an_order_ended() -> None:
    """A query is answered from the place, a cancel of a closed order is refused."""
    exchange = PLAIN.actors[1].initial
    assert isinstance(exchange, Exchange)
    venue = ExchangeActor()
    new = Sent(1, 0, Request("new", Kind.OPEN, qty=1))
    (takes,) = venue.hears(exchange, "asks", new)
    assert takes.sends == (("reports", Told(1, Report(Kind.OPEN, Acked()))),)
    (fills,) = venue.acts(takes.state)  # type: ignore[arg-type]
    assert isinstance(fills.state, Exchange)
    assert fills.state.places[Kind.OPEN].held == Held(Life.FILLED, 1, 1)
    (late,) = venue.hears(fills.state, "asks", Sent(1, 0, Request("cancel", Kind.OPEN)))
    assert late.sends == (("reports", Told(1, Report(Kind.OPEN, CancelRejected()))),)


def test_what_happens_in_the_end_is_what_works() -> None:
    """Losses, refusals, crashes and fills at the touch need not happen."""
    assert fair(Move("asks", "new of 1 lots (order 0), turn 1: takes: is read", "venue"))
    assert fair(Move("we", "enters A", "asks"))
    assert not fair(Move("we", "enters A, and crash before it is sent"))
    assert not fair(Move("asks", "new of 1 lots (order 0), turn 1: refuses: is read", "venue"))
    assert not fair(Move("venue", "fills OPEN A", "reports"))
