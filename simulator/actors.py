"""Closed worlds of actors that send each other messages over channels.

An actor has a local state.  What it may do by itself (`acts`) and on a message (`hears`) are pure
functions of that state, so an explorer may remember what they returned.  What is claimed of a
world is said in named integer features of its actors and channels, so that one claim judges one
state as well as an array of them.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, NamedTuple

from attrs import Factory, field, frozen

from simulator.explorer import Claim, Fair, Move, always, leads_to, sometimes
from spec.properties import Kind, Property

Features = Mapping[str, int]
Permutation = tuple[int, ...]
Renamed = Callable[[Any, Permutation], Any]
Sends = tuple[tuple[str, Hashable], ...]
Array = Any  # of int64, of NumPy
Holds = Callable[[Any], Any]  # of an object with a feature's value, or array of values, by name
LOSES, DOUBLES = "loses", "doubles"


class Do(NamedTuple):
    """One thing that an actor may do: *what* in words, its state after, (channel, message) sent.

    A named tuple because an exploration makes very many of them.
    """

    what: str
    state: Hashable
    sends: Sends = ()


def _deaf(state: Any, channel: str, message: Any) -> Iterable[Do]:  # noqa: ARG001, ANN401
    return ()


def _featureless(state: Any) -> Features:  # noqa: ARG001, ANN401
    return {}


class Outcomes(NamedTuple):
    """Room for what comes of many questions: arrays of integers, one row for each outcome.

    *question*, (rows,), is which question it comes of, *after*, (rows, columns), the local state
    after it and *sends*, (rows, columns), what it sends, both as `Hot` has them.
    """

    question: Array
    after: Array
    sends: Array


@frozen(kw_only=True)
class Hot:
    """What an actor does, said once more in rows of integers, of many local states at a time.

    *row* of a local state and *state* of a row undo each other; all rows are of one length.
    *heard* is the row of a (channel, message).  A row of what is sent has so many *columns*, and
    *sends* is what it means.

    `acts(states, outcomes)` and `hears(states, messages, outcomes)` get arrays of int64 with a row
    for each question.  They write what comes of each, one after the other, in the order of the
    actor and *most* rows for each at most, and return how many rows there are.  `features(states)`
    returns a column for each feature, in the order of the actor.
    """

    row: Callable[[Any], Sequence[int]]
    state: Callable[[Any], Hashable]
    heard: Callable[[str, Any], Sequence[int]]
    sends: Callable[[Any], Sends]
    columns: int
    most: int
    acts: Callable[[Array, Outcomes], int]
    hears: Callable[[Array, Array, Outcomes], int]
    features: Callable[[Array], Array]


class HotStepError(ValueError):
    """A hot step is not what its actor does; the message says where."""


@frozen
class Actor:
    """A participant: *hears* gets (state, channel, message); without an outcome the message waits.

    Both must be pure, and return the same outcomes in the same order each time.  *hot* may say the
    same in compiled code, for explorers that have many questions; the actor remains what is meant.
    """

    name: str
    initial: Hashable
    acts: Callable[[Any], Iterable[Do]]
    hears: Callable[[Any, str, Any], Iterable[Do]] = _deaf
    features: Callable[[Any], Features] = _featureless
    show: Callable[[Any], str] = str
    hot: Hot | None = None


@frozen
class Channel:
    """Messages on their way to the actor *to*, at most *capacity*; one that does not fit waits.

    First in, first out if *ordered*, else any of them may arrive next.  A *lossy* channel may lose
    what could arrive, a *doubling* one may deliver it and keep it.  Its number of messages is a
    feature by its own name; *weights* are functions of one message, whose sums are features too.
    """

    name: str
    to: str
    capacity: int
    ordered: bool = True
    lossy: bool = False
    doubling: bool = False
    weights: Mapping[str, Callable[[Any], int]] = field(factory=dict[str, Callable[[Any], int]])
    show: Callable[[Any], str] = str


@frozen
class Rule:
    """A claim in features: *holds* of "always" and "sometimes", from *when* to *holds* of leads-to.

    Use comparisons, &, | and arithmetic: they must do the same with a number and with an array.
    """

    property: Property
    holds: Holds
    when: Holds | None = None
    fair: Fair = frozenset()


class AsymmetryError(ValueError):
    """A world is not as symmetric as it declares; the message says where."""


@frozen
class Symmetry:
    """So many *things*, numbered from 0, may change places, and nobody can tell.

    *renamed*, by the name of an actor or a channel, is pure: of a local state or a message and a
    permutation it returns what that is when thing i is called `permutation[i]`.  What is not in it
    names no thing.  *groups* are actors, or channels, one for each thing: they change places too.
    """

    things: int
    renamed: Mapping[str, Renamed]
    groups: tuple[tuple[str, ...], ...] = ()


class Locals(NamedTuple):
    """A state of the whole world: of each actor, and what each channel carries."""

    actors: tuple[Hashable, ...]
    queues: tuple[tuple[Hashable, ...], ...]


def _numbers(world: "ActorWorld") -> Mapping[str, int]:
    """Return the number of each channel by its name."""
    return {channel.name: number for number, channel in enumerate(world.channels)}


def _destinations(world: "ActorWorld") -> tuple[int, ...]:
    """Return where the channels of *world* lead, once its names are known to be right."""
    names = [actor.name for actor in world.actors]
    both = names + [channel.name for channel in world.channels]
    if twice := sorted({name for name in both if both.count(name) > 1}):
        raise ValueError(f"{world.name}: two are called {', '.join(twice)}")
    for channel in world.channels:
        if channel.to not in names:
            raise ValueError(f"{world.name}: {channel.name} leads to {channel.to}, no actor")
    return tuple(names.index(channel.to) for channel in world.channels)


@frozen
class ActorWorld:
    """A closed world; *to* is the number of the actor that each channel leads to.

    *symmetry* is used by those that ask for it, and checked.

    Raises:
        ValueError: Two actors, channels or features share a name, or a channel leads nowhere.
    """

    name: str
    actors: tuple[Actor, ...]
    channels: tuple[Channel, ...]
    rules: tuple[Rule, ...] = ()
    symmetry: Symmetry | None = None
    to: tuple[int, ...] = field(
        init=False, repr=False, eq=False, default=Factory(_destinations, takes_self=True)
    )
    _number: Mapping[str, int] = field(
        init=False, repr=False, eq=False, default=Factory(_numbers, takes_self=True)
    )

    def number(self, channel: str) -> int:
        """Return the number of *channel*.

        Raises:
            ValueError: There is none of that name.
        """
        if channel not in self._number:
            raise ValueError(f"{self.name}: no channel {channel!r}; there are {list(self._number)}")
        return self._number[channel]

    def reduction(self) -> Symmetry | None:
        """Return the symmetry to explore it by: none where a leads-to needs the whole graph."""
        whole = any(rule.property.kind is Kind.LEADS_TO for rule in self.rules)
        return None if whole else self.symmetry

    def initial(self) -> Iterable[Locals]:
        """Return where the world starts: every channel is empty."""
        yield Locals(tuple(actor.initial for actor in self.actors), ((),) * len(self.channels))

    def moves(self, state: Locals) -> Iterator[tuple[Move, Locals]]:
        """Yield what may happen in *state*: first what arrives, then what actors do."""
        for number, channel in enumerate(self.channels):
            yield from self._arrivals(state, number, channel)
        for number, actor in enumerate(self.actors):
            for do in actor.acts(state.actors[number]):
                after = self._after(state, number, do, state.queues)
                if after is not None:
                    yield act(actor, do), after

    def _arrivals(
        self, state: Locals, number: int, channel: Channel
    ) -> Iterator[tuple[Move, Locals]]:
        """Yield what may become of the messages that *channel* could deliver next."""
        to = self.to[number]
        queue, actor = state.queues[number], self.actors[to]
        for place in places(queue, channel):
            message = queue[place]
            taken = self._with(state.queues, number, queue[:place] + queue[place + 1 :])
            for do in actor.hears(state.actors[to], channel.name, message):
                after = self._after(state, to, do, taken)
                if after is not None:
                    yield arrival(channel, message, do), after
                kept = self._after(state, to, do, state.queues) if channel.doubling else None
                if kept is not None:
                    yield arrival(channel, message, do, doubled=True), kept
            if channel.lossy:
                yield loss(channel, message), Locals(state.actors, taken)

    def _after(
        self,
        state: Locals,
        number: int,
        do: Do,
        queues: tuple[tuple[Hashable, ...], ...],
    ) -> Locals | None:
        """Return the world after *do* of actor *number*, None if what it sends does not fit."""
        for name, message in do.sends:
            to = self.number(name)
            channel, queue = self.channels[to], queues[to]
            if len(queue) >= channel.capacity:
                return None
            queues = self._with(queues, to, _sent(queue, message, ordered=channel.ordered))
        actors = (*state.actors[:number], do.state, *state.actors[number + 1 :])
        return Locals(actors, queues)

    @staticmethod
    def _with(
        queues: tuple[tuple[Hashable, ...], ...], number: int, queue: tuple[Hashable, ...]
    ) -> tuple[tuple[Hashable, ...], ...]:
        return (*queues[:number], queue, *queues[number + 1 :])

    def features(self, state: Locals) -> Any:  # noqa: ANN401  # attributes by name
        """Return the features of *state*, by name."""
        found: dict[str, int] = {}
        for actor, local in zip(self.actors, state.actors, strict=True):
            found |= actor.features(local)
        for channel, queue in zip(self.channels, state.queues, strict=True):
            found[channel.name] = len(queue)
            for name, weight in channel.weights.items():
                found[name] = sum(map(weight, queue))
        return SimpleNamespace(**found)

    def claims(self) -> Iterable[Claim[Locals]]:
        """Return what is claimed, of single states."""
        view = lru_cache(maxsize=1)(self.features)  # the rules judge a state one after the other
        return (self._claim(rule, view) for rule in self.rules)

    @staticmethod
    def _claim(rule: Rule, view: Callable[[Locals], Any]) -> Claim[Locals]:
        def of(holds: Holds) -> Callable[[Locals], bool]:
            return lambda state: bool(holds(view(state)))

        if rule.property.kind is Kind.LEADS_TO:
            when = rule.when or _everywhere
            return leads_to(rule.property, of(when), of(rule.holds), rule.fair)
        claim = always if rule.property.kind is Kind.ALWAYS else sometimes
        return claim(rule.property, of(rule.holds))

    def show(self, state: Locals) -> Mapping[str, str]:
        """Return *state* in words."""
        shown = {a.name: a.show(local) for a, local in zip(self.actors, state.actors, strict=True)}
        for channel, queue in zip(self.channels, state.queues, strict=True):
            shown[channel.name] = ", ".join(map(channel.show, queue)) or "empty"
        return shown


def _everywhere(state: Any) -> bool:  # noqa: ANN401, ARG001
    return True


def act(actor: Actor, do: Do) -> Move:
    """Return the move in which *actor* does *do* by itself."""
    return Move(actor.name, do.what, ", ".join(dict.fromkeys(name for name, _ in do.sends)))


def arrival(channel: Channel, message: Hashable, do: Do, *, doubled: bool = False) -> Move:
    """Return the move in which *message* arrives and brings *do*, and stays if *doubled*."""
    how = f"{DOUBLES} " if doubled else ""
    return Move(channel.name, f"{how}{channel.show(message)}: {do.what}", channel.to)


def loss(channel: Channel, message: Hashable) -> Move:
    """Return the move in which *channel* loses *message*."""
    return Move(channel.name, f"{LOSES} {channel.show(message)}")


def places(queue: tuple[Hashable, ...], channel: Channel) -> Iterator[int]:
    """Yield where in *queue* the messages are that may arrive next, each different one once."""
    for place, message in enumerate(queue):
        if channel.ordered:
            yield place
            return
        if message not in queue[:place]:
            yield place


def _sent(queue: tuple[Hashable, ...], message: Hashable, *, ordered: bool) -> tuple[Hashable, ...]:
    """Return *queue* with *message*; where order does not count, equal queues are equal tuples."""
    if ordered:
        return (*queue, message)
    return tuple(sorted((*queue, message), key=repr))
