"""The wallet product on wires that keep no order: frames overtake each other, both ways.

A command is valid until the venue has read a later query about the same order: an answer describes
a moment after which nothing older can change anything.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from attrs import evolve

from machines.bot import Bot
from machines.messages import Cancel, Command, Place, Query
from machines.order_manager import live
from simulator.actors import Actor, ActorWorld, Channel, Do
from simulator.worlds.order_ours import Budget
from simulator.worlds.product_wallet import LEGS, Ours, Size, named
from simulator.worlds.product_wallet_venue import Commands, Frame, show_frame

ROOMS: Mapping[str, int] = MappingProxyType({"commands": 6, "reports": 7})  # frames


class Sent(NamedTuple):
    """Commands, each with the latest query about its order when it was sent."""

    commands: Commands
    queries: tuple[int, ...]


class Reads(NamedTuple):
    """The venue, and the latest query that it has read of each order, where there was one."""

    exchange: Hashable  # an Exchange
    queries: frozenset[tuple[int, int]] = frozenset()


def overtaking(world: ActorWorld, *, patient: bool = False) -> ActorWorld:
    """Return *world*, one of the wallet product, on wires that keep no order.

    *patient* is for mutants: commands stay valid for ever.
    """
    we, venue = world.actors
    channels = (_free(channel) for channel in world.channels)
    return evolve(
        world, actors=(_stamping(we), _reading(venue, patient=patient)), channels=tuple(channels)
    )


def _free(channel: Channel) -> Channel:
    """Return *channel* with no order, and with room for all that can be under way."""
    free = evolve(channel, ordered=False, capacity=ROOMS[channel.name])
    return evolve(free, show=_show) if channel.name == "commands" else free


def _show(sent: Sent) -> str:
    """Return a frame of commands in words."""
    return show_frame(sent.commands)


def _stamping(we: Actor) -> Actor:
    """Return our side, whose commands say which query was the latest."""

    def stamped(dos: Iterable[Do]) -> Iterator[Do]:
        for do in dos:
            assert isinstance(do.state, Ours)
            bot = do.state.bot
            yield do._replace(sends=tuple((name, _stamped(bot, each)) for name, each in do.sends))

    def acts(ours: Ours) -> Iterator[Do]:
        return stamped(we.acts(ours))

    def hears(ours: Ours, channel: str, frame: Frame) -> Iterator[Do]:
        return stamped(we.hears(ours, channel, frame))

    return evolve(we, acts=acts, hears=hears)


def _stamped(bot: Bot, commands: Any) -> Sent:  # noqa: ANN401  # a frame
    """Return *commands* with the latest query about the order of each."""
    latest = {each.client_order_id: each.order.query for each in live(bot.book)}
    return Sent(commands, tuple(latest.get(_number(each), 0) for each in commands))


def _number(command: Command) -> int:
    """Return the order that *command* is about, 0 if it is about none."""
    return command.client_order_id if isinstance(command, Place | Cancel | Query) else 0


def _reading(venue: Actor, *, patient: bool) -> Actor:
    """Return the venue, which does not read commands that are void, unless it is *patient*."""

    def acts(reads: Reads) -> Iterator[Do]:
        for do in venue.acts(reads.exchange):
            yield do._replace(state=Reads(do.state, reads.queries))

    def hears(reads: Reads, channel: str, sent: Sent) -> Iterator[Do]:
        known = dict(reads.queries)
        valid = list[Command]()
        for command, query in zip(*sent, strict=True):
            number = _number(command)
            if isinstance(command, Query):
                known[number] = max(query, known.get(number, 0))
            if isinstance(command, Query) or patient or query >= known.get(number, 0):
                valid.append(command)
        for do in venue.hears(reads.exchange, channel, tuple(valid)):
            yield do._replace(state=Reads(do.state, frozenset(known.items())))

    return Actor(
        venue.name,
        Reads(venue.initial),
        acts,
        hears,
        lambda reads: venue.features(reads.exchange),
        lambda reads: venue.show(reads.exchange),
    )


ONCE, CRASH = Budget(losses=1), Budget(crashes=1)
SIZES: Mapping[str, Size] = MappingProxyType(
    {
        "advance": Size(moves=1, jump=4, losses=1),
        "retracement": Size(moves=1, jump=4, budget=CRASH),
        "decline": Size(losses=1, budget=ONCE),
        "recovery": Size(losses=1, budget=CRASH),
    }
)
DEEP: Mapping[str, Size] = MappingProxyType(
    {
        "advance": Size(moves=1, jump=4, budget=CRASH),
        "decline": Size(losses=1, budget=CRASH, mode=LEGS),
        "recovery": Size(moves=1, jump=4, losses=1),
    }
)


def mixed(phase: str, **changes: Any) -> ActorWorld:  # noqa: ANN401
    """Return the world that begins in *phase*, in order yet; *changes*: see `product_world`."""
    return named(phase, "overtaking", SIZES[phase], **changes)


def worlds() -> tuple[ActorWorld, ...]:
    """Return the worlds that are checked: one for each phase, with losses or with a crash."""
    return tuple(overtaking(mixed(phase)) for phase in SIZES)


def deep_worlds() -> tuple[ActorWorld, ...]:
    """Return larger worlds."""
    found = (named(phase, "overtaking-late", size) for phase, size in DEEP.items())
    return tuple(map(overtaking, found))
