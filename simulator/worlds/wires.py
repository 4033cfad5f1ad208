"""The wires of an actor world, with one thing wrong: for worlds that differ in nothing else."""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from typing import Any, NamedTuple

from attrs import evolve

from simulator.actors import Actor, ActorWorld, Do

Kind = Callable[[Any], bool]  # of a message


def wired(world: ActorWorld, names: Collection[str], **changes: Any) -> ActorWorld:  # noqa: ANN401
    """Return *world* with other channels of these *names*, such as `lossy=True`.

    >>> from simulator.actors import Channel
    >>> one = ActorWorld("one", (Actor("a", 0, lambda _: ()),), (Channel("c", "a", 1),))
    >>> wired(one, {"c"}, lossy=True).channels[0].lossy
    True
    """
    channels = (evolve(c, **changes) if c.name in names else c for c in world.channels)
    return evolve(world, channels=tuple(channels))


class Again(NamedTuple):
    """An actor's own state, and how often a message may still arrive twice in a row."""

    local: Hashable
    left: int


def doubled(world: ActorWorld, receiver: str, names: Collection[str], times: int) -> ActorWorld:
    """Return *world* in which what *receiver* hears on channels *names* may arrive twice.

    So often in all; where a machine adds up what it hears, more would have no end.
    """
    return _with(world, receiver, lambda actor: _doubling(actor, names, times))


def _doubling(actor: Actor, names: Collection[str], times: int) -> Actor:
    """Return *actor* that may hear a message twice in a row."""

    def acts(state: Again) -> Iterator[Do]:
        for do in actor.acts(state.local):
            yield do._replace(state=Again(do.state, state.left))

    def hears(state: Again, channel: str, message: Hashable) -> Iterator[Do]:
        for do in actor.hears(state.local, channel, message):
            yield do._replace(state=Again(do.state, state.left))
            if state.left and channel in names:
                for second in actor.hears(do.state, channel, message):
                    what = f"{do.what}, and again: {second.what}"
                    yield Do(what, Again(second.state, state.left - 1), (*do.sends, *second.sends))

    return Actor(
        actor.name,
        Again(actor.initial, times),
        acts,
        hears,
        lambda state: actor.features(state.local),
        lambda state: actor.show(state.local),
    )


def late(world: ActorWorld, sender: str, channel: str, kind: Kind) -> ActorWorld:
    """Return *world* in which messages of *kind* may be overtaken by the others on *channel*.

    They keep their order among themselves, on a channel of their own.
    """
    side = next(evolve(c, name=f"late_{channel}") for c in world.channels if c.name == channel)
    side = evolve(side, weights={})
    aside = _with(world, sender, lambda actor: _parting(actor, channel, side.name, kind))
    return evolve(aside, channels=(*aside.channels, side))


def _parting(actor: Actor, channel: str, side: str, kind: Kind) -> Actor:
    """Return *actor* that sends messages of *kind* on channel *side*."""

    def parted(dos: Iterable[Do]) -> Iterator[Do]:
        for do in dos:
            sends = (
                (side if name == channel and kind(message) else name, message)
                for name, message in do.sends
            )
            yield do._replace(sends=tuple(sends))

    def acts(state: Hashable) -> Iterator[Do]:
        return parted(actor.acts(state))

    def hears(state: Hashable, name: str, message: Hashable) -> Iterator[Do]:
        return parted(actor.hears(state, name, message))

    return evolve(actor, acts=acts, hears=hears)


def _with(world: ActorWorld, name: str, change: Callable[[Actor], Actor]) -> ActorWorld:
    """Return *world* with the actor called *name* changed."""
    actors = (change(actor) if actor.name == name else actor for actor in world.actors)
    return evolve(world, actors=tuple(actors))
