"""A world of actors as closed tables: every local step that comes up in it, by number.

What comes up is known from an exploration of the whole world; the steps are asked of the actors
once more.  A model printed from the tables claims that no other step comes up, so a checker that
reaches more than the exploration did says so.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from itertools import chain

from attrs import evolve, frozen

from simulator import compiled
from simulator.actors import ActorWorld, Channel, Do, Locals, Rule, act, arrival, loss
from simulator.compiled.edges import Edges
from simulator.compiled.search import Search
from simulator.explorer import Move, Progress, Report, selector
from simulator.export.expression import Bounds, ExportError, Expr, written
from spec.properties import Kind, Property


@frozen
class Outcome:
    """One thing that an actor may do: its state after, (channel, message) sent, all by number.

    *doubled* is the move where a channel delivers the message and keeps it.
    """

    move: Move
    after: int
    sends: tuple[tuple[int, int], ...]
    doubled: Move | None = None


@frozen
class ActorTable:
    """An actor: *states* in words, what it may do in each, and its features by name.

    A state that is no key of *acts* does not come up.
    """

    name: str
    states: tuple[str, ...]
    acts: Mapping[int, tuple[Outcome, ...]]
    features: Mapping[str, tuple[int, ...]]


@frozen
class ChannelTable:
    """A channel to actor *to*: *messages* in words, by number from 1, and what they weigh.

    A pair of state and message that is no key of *hears* does not come up.
    """

    channel: Channel
    to: int
    messages: tuple[str, ...]
    hears: Mapping[tuple[int, int], tuple[Outcome, ...]]
    losses: Mapping[int, Move]
    weights: Mapping[str, tuple[int, ...]]


@frozen
class Claim:
    """A rule written out; *fair* selects moves."""

    property: Property
    holds: Expr
    when: Expr | None
    fair: Callable[[Move], bool]


@frozen
class Table:
    """A world: each actor starts in state 0, every channel empty.  *report* is what was found.

    Where the report is not complete, the tables hold up to the depth of its failure.  *idles*: a
    move leaves the whole world as it is, which only matters to leads-to.
    """

    world: str
    actors: tuple[ActorTable, ...]
    channels: tuple[ChannelTable, ...]
    claims: tuple[Claim, ...]
    report: Report[Locals]
    idles: bool

    def of_kind(self, kind: Kind) -> tuple[Claim, ...]:
        """Return the claims of *kind*."""
        return tuple(claim for claim in self.claims if claim.property.kind is kind)

    def used(self) -> frozenset[str]:
        """Return the features that are claimed of."""
        trees = ((claim.holds, claim.when) for claim in self.claims)
        return frozenset(name for e in chain(*trees) if e is not None for name in e.features())


def tabled(
    world: ActorWorld, *, states_max: int, until: str = "", progress: Progress | None = None
) -> Table:
    """Return *world* as tables; with *until*, that property only, as far as to its failure.

    *progress* is called as `explore` does.

    Raises:
        BoundExceeded: There are more than *states_max* states; nothing was proven.
        ExportError: An assertion of the world's code fails, or a rule cannot be written out.
    """
    if until:
        world = evolve(world, rules=tuple(r for r in world.rules if r.property.id == until))
    # What else fails is known once everything was explored.
    of_states = {rule.property.id for rule in world.rules if rule.property.kind is Kind.ALWAYS}
    stop_at = frozenset(of_states & {until})
    report = compiled.explore(
        world, states_max=states_max, progress=progress, stop_at_first_failure=stop_at
    )
    search = _searched(world, report, states_max)
    steps = _Steps(search)
    actors = tuple(_actor(steps, number) for number in range(len(world.actors)))
    channels = tuple(_channel(steps, number) for number in range(len(world.channels)))
    bounds = _bounds(actors, channels)
    claims = tuple(_claim(rule, bounds) for rule in world.rules)
    return Table(world.name, actors, channels, claims, report, _idles(search, world))


def _searched(world: ActorWorld, report: Report[Locals], states_max: int) -> Search:
    """Return an exploration as far as *report*, and of what follows from its last states."""
    search = Search(world)
    paths = [verdict.moves() for verdict in report.failures]
    try:
        if not report.complete:
            for _ in range(len(paths[0]) + 1):
                search.level(states_max, None, states_max)
            return search
        while search.level(states_max, None, states_max):
            pass
    except AssertionError as error:
        raise ExportError(
            f"{world.name}: an assertion of its code fails: check it first"
        ) from error
    return search


def _idles(search: Search, world: ActorWorld) -> bool:
    """Return whether some move leaves everything as it is, asked for leads-to only."""
    if all(rule.property.kind is not Kind.LEADS_TO for rule in world.rules):
        return False
    graph = Edges(search).graph
    return bool((graph.sources() == graph.targets).any())


class _Steps:
    """The local steps that came up, asked of the actors once more and numbered."""

    def __init__(self, search: Search) -> None:
        self.world, memory = search.world, search.memory
        self.locals, self.messages = memory.locals, memory.messages
        self._local = [_numbers(states) for states in memory.locals]
        self._message = [_numbers(messages) for messages in memory.messages]
        self.acts: list[dict[int, tuple[Outcome, ...]]] = [{} for _ in self.locals]
        self.hears: list[dict[tuple[int, int], tuple[Outcome, ...]]] = [{} for _ in self.messages]
        for who, state, message in memory.asked:
            if who >= 0:
                self.acts[who][state] = tuple(self._acts(who, state))
            else:
                self.hears[-1 - who][state, message] = tuple(self._hears(-1 - who, state, message))

    def _acts(self, number: int, state: int) -> Iterator[Outcome]:
        actor = self.world.actors[number]
        for do in actor.acts(self.locals[number][state]):
            yield self._outcome(number, do, act(actor, do))

    def _hears(self, number: int, state: int, message: int) -> Iterator[Outcome]:
        to, channel = self.world.to[number], self.world.channels[number]
        heard = self.messages[number][message]
        for do in self.world.actors[to].hears(self.locals[to][state], channel.name, heard):
            doubled = arrival(channel, heard, do, doubled=True) if channel.doubling else None
            yield self._outcome(to, do, arrival(channel, heard, do), doubled)

    def _outcome(self, actor: int, do: Do, move: Move, doubled: Move | None = None) -> Outcome:
        sends = ((self.world.number(name), message) for name, message in do.sends)
        numbered = tuple((channel, self._message[channel][word]) for channel, word in sends)
        return Outcome(move, self._local[actor][do.state], numbered, doubled)


def _numbers(values: Iterable[Hashable]) -> dict[Hashable, int]:
    return {value: number for number, value in enumerate(values)}


def _actor(steps: _Steps, number: int) -> ActorTable:
    """Return actor *number* as tables."""
    actor, states = steps.world.actors[number], steps.locals[number]
    features = [actor.features(state) for state in states]
    return ActorTable(
        actor.name,
        tuple(map(actor.show, states)),
        steps.acts[number],
        {name: tuple(int(each[name]) for each in features) for name in features[0]},
    )


def _channel(steps: _Steps, number: int) -> ChannelTable:
    """Return channel *number* as tables."""
    channel, messages = steps.world.channels[number], steps.messages[number][1:]
    return ChannelTable(
        channel,
        steps.world.to[number],
        tuple(map(channel.show, messages)),
        steps.hears[number],
        {n: loss(channel, each) for n, each in enumerate(messages, start=1)},
        {name: tuple(int(w(m)) for m in messages) for name, w in channel.weights.items()},
    )


def _claim(rule: Rule, bounds: Mapping[str, Bounds]) -> Claim:
    """Return *rule* written out."""
    try:
        holds = written(rule.holds, bounds)
        when = None if rule.when is None else written(rule.when, bounds)
    except ExportError as error:
        raise ExportError(f"{rule.property.id} cannot be written out: {error}") from error
    return Claim(rule.property, holds, when, selector(rule.fair))


def _bounds(actors: Iterable[ActorTable], channels: Iterable[ChannelTable]) -> Mapping[str, Bounds]:
    """Return the least and the greatest value of each feature."""
    found: dict[str, Bounds] = {}
    for actor in actors:
        found |= {name: (min(values), max(values)) for name, values in actor.features.items()}
    for table in channels:
        most = table.channel.capacity
        found[table.channel.name] = (0, most)
        for name, values in table.weights.items():
            found[name] = (most * min((0, *values)), most * max((0, *values)))
    return found
