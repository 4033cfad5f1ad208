"""Of states that differ only in what things are called one is explored, and nothing is missed."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, permutations
from typing import Any, cast

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import compiled, explorer
from simulator.actors import (
    Actor,
    ActorWorld,
    AsymmetryError,
    Channel,
    Do,
    Locals,
    Permutation,
    Rule,
    Symmetry,
)
from simulator.explorer import NO_EXCEPTION, BoundExceeded, Report, Verdict
from simulator.judge import only
from simulator.worlds.collision import Scope, collision_world, named
from simulator.worlds.order import Size, order_world, our_side
from spec.properties import Kind, Property

STATES_MAX = 2_000
BOUNDED = Property("XX-1", Kind.ALWAYS, "Something never happens to all together.")
FIRST = Property("XX-2", Kind.ALWAYS, "Something never happens to the first.")
LAST = Property("XX-3", Kind.SOMETIMES, "Something happens to the last.")
LEADS_TO = Property("XX-4", Kind.LEADS_TO, "Something leads to something.")


def moved(values: tuple[Any, ...], permutation: Permutation) -> tuple[Any, ...]:
    """Return *values*, one for each thing, where thing i is called `permutation[i]`."""
    return tuple(values[permutation.index(thing)] for thing in range(len(values)))


def about(message: Any, permutation: Permutation) -> tuple[int, int]:  # noqa: ANN401
    """Return what *message* is about one thing."""
    thing, number = message
    return permutation[int(thing)], int(number)


@st.composite
def worlds(draw: st.DrawFn) -> ActorWorld:
    """Return two or three clients that are alike, and a hub that knows something of each."""
    things = draw(st.integers(2, 3))
    states = draw(st.integers(2, 3))
    sent = st.sampled_from(("", "own", "others", "hub"))
    step = st.tuples(st.integers(0, states - 1), sent)
    lists = st.lists(step, min_size=1, max_size=2)
    acts = [draw(lists) for _ in range(states)]
    hears = [draw(lists) for _ in range(states)]
    serves = [draw(st.lists(st.tuples(st.integers(0, 1), st.booleans()), max_size=2)) for _ in "ab"]
    ordered, lossy, doubling = (draw(st.booleans()) for _ in range(3))

    def done(thing: int, steps: Sequence[tuple[int, str]]) -> Iterator[Do]:
        others = tuple((f"to{each}", 1) for each in range(things) if each != thing)
        sends = {"": (), "own": ((f"to{thing}", 1),), "others": others, "hub": (hub(thing, 1),)}
        return (Do(f"goes to {after}", after, sends[to]) for after, to in steps)

    def hub(thing: int, number: int) -> tuple[str, tuple[int, int]]:
        return "hub_hears", (thing, number)

    def client(thing: int) -> Actor:
        return Actor(
            f"client{thing}",
            0,
            lambda state: done(thing, acts[int(state)]),
            lambda state, _channel, _message: done(thing, hears[int(state)]),
            lambda state: {f"at{thing}": state},
        )

    def served(known: tuple[int, ...], _channel: str, message: tuple[int, int]) -> Iterator[Do]:
        thing, _ = message
        for after, tells in serves[known[thing]]:
            sends = ((f"to{thing}", 1),) if tells else ()
            yield Do("serves", (*known[:thing], after, *known[thing + 1 :]), sends)

    clients = tuple(f"client{thing}" for thing in range(things))
    server = Actor("hub", (0,) * things, lambda _: (), served, lambda known: {"known": sum(known)})
    channels = [
        Channel(f"to{thing}", clients[thing], 1, lossy=lossy, doubling=doubling)
        for thing in range(things)
    ]
    symmetry = Symmetry(
        things,
        {"hub": moved, "hub_hears": about},
        groups=(clients, tuple(channel.name for channel in channels)),
    )
    last = f"at{things - 1}"
    rules = (
        Rule(BOUNDED, lambda f: sum(getattr(f, f"at{t}") for t in range(things)) + f.known < 4),
        Rule(FIRST, lambda f: (f.at0 != 1) | (f.to0 == 0)),
        Rule(LAST, lambda f: (getattr(f, last) == 1) & (f.hub_hears > 0)),
    )
    actors = (*map(client, range(things)), server)
    hub_hears = Channel("hub_hears", "hub", 2, ordered=ordered)
    return ActorWorld("drawn", actors, (*channels, hub_hears), rules, symmetry)


Rename = Callable[[Locals, Permutation], Locals]


def rename(state: Locals, permutation: Permutation) -> Locals:
    """Return *state* of a drawn world under *permutation*, said another way than the explorer."""
    things = len(permutation)
    clients, known = state.actors[:things], cast("tuple[int, ...]", state.actors[things])
    told = tuple(about(message, permutation) for message in state.queues[things])
    queues = (*moved(state.queues[:things], permutation), told)
    return Locals((*moved(clients, permutation), moved(known, permutation)), queues)


def orbits(world: ActorWorld, called: Rename, *, states_max: int) -> tuple[int, ...]:
    """Return how many orbits there are at each distance from the start."""
    assert world.symmetry is not None
    every = tuple(permutations(range(world.symmetry.things)))
    ordered = [channel.ordered for channel in world.channels]

    def orbit(state: Locals) -> frozenset[Locals]:
        return frozenset(settled(called(state, each), ordered) for each in every)

    seen, level, counts = set(world.initial()), list(world.initial()), list[int]()
    while level:
        counts.append(len({orbit(state) for state in level}))
        found = dict.fromkeys(after for state in level for _, after in world.moves(state))
        level = [state for state in found if state not in seen]
        seen.update(level)
        if len(seen) > states_max:
            raise BoundExceeded
    return tuple(counts)


def settled(state: Locals, ordered: list[bool]) -> Locals:
    """Return *state* with what arrives in any order as the world writes it."""
    queues = zip(state.queues, ordered, strict=True)
    return state._replace(
        queues=tuple(q if fifo else tuple(sorted(q, key=repr)) for q, fifo in queues)
    )


def essence(report: Report[Any]) -> list[tuple[str, bool, int]]:
    """Return the verdicts, each with the length of its path."""
    return [(v.property.id, v.holds, len(v.path or ())) for v in report.verdicts]


def walk(world: ActorWorld, verdict: Verdict[Any]) -> None:
    """Check that the path of *verdict* is one of *world*, and ends where it should."""
    path = verdict.path or ()
    for (_, before), step in pairwise(path):
        assert step in list(world.moves(before))
    rules = {rule.property.id: rule for rule in world.rules}
    if path:
        holds = rules[verdict.property.id].holds(world.features(path[-1][1]))
        assert bool(holds) == (verdict.property.kind is Kind.SOMETIMES)


@settings(max_examples=60)
@given(worlds())
def test_orbits_are_those_of_the_whole_world(world: ActorWorld) -> None:
    """As many at each distance; the same verdicts, with paths of the world as short."""
    try:
        expected = explorer.explore(world, states_max=STATES_MAX)
    except BoundExceeded:
        return
    found = compiled.explore(world, states_max=STATES_MAX, symmetry=True)
    assert found.by_depth == orbits(world, rename, states_max=STATES_MAX)
    assert essence(found) == essence(expected)
    for verdict in found.verdicts:
        walk(world, verdict)
    assert compiled.explore(world, states_max=STATES_MAX, symmetry=True, workers=2) == found


def symbols(**changes: Any) -> ActorWorld:  # noqa: ANN401
    """Return a small collision world of two symbols, with their symmetry declared."""
    scope = Scope(symbols=2, openings=1, entries=1, exits=False, mixed=True)._replace(**changes)
    return evolve(collision_world("two symbols", scope, ("COL-5.1", "COL-5.4")), symmetry=SYMBOLS)


SYMBOLS = Symmetry(
    2,
    {
        "bot": lambda bot, called: bot._replace(desks=moved(bot.desks, called)),
        "venue": lambda venue, called: venue._replace(books=moved(venue.books, called)),
        "asks": lambda ask, called: ask._replace(symbol=called[ask.symbol]),
        "reports": lambda told, called: told._replace(symbol=called[told.symbol]),
    },
)
ORDERS = Symmetry(
    2,
    {
        "we": lambda ours, called: ours._replace(orders=moved(ours.orders, called)),
        "venue": lambda venue, called: venue._replace(held=moved(venue.held, called)),
        "requests": lambda request, called: request._replace(which=called[request.which]),
        "reports": lambda report, called: report._replace(which=called[report.which]),
    },
)


def twins() -> ActorWorld:
    """Return two orders that may be placed one before the other, or the other way round."""
    size = Size(orders=2, qty=1)
    world = order_world("two orders", size)
    acts, swap = our_side(size).acts, (1, 0)

    def anyhow(ours: Any) -> Iterator[Do]:  # noqa: ANN401
        yield from acts(ours)
        for do in acts(ORDERS.renamed["we"](ours, swap)):
            sends = ((name, ORDERS.renamed[name](sent, swap)) for name, sent in do.sends)
            yield do._replace(state=ORDERS.renamed["we"](do.state, swap), sends=tuple(sends))

    we, venue = world.actors
    states = frozenset(
        rule.property.id for rule in world.rules if rule.property.kind is not Kind.LEADS_TO
    )
    found = only(evolve(world, actors=(evolve(we, acts=anyhow), venue), symmetry=ORDERS), states)
    assert isinstance(found, ActorWorld)
    return found


def by_declaration(symmetry: Symmetry) -> Rename:
    """Return how a state of two actors and two channels is renamed, by what is declared."""

    def called(state: Locals, permutation: Permutation) -> Locals:
        first, second, there, back = symmetry.renamed.values()
        one, other = state.actors
        queues = zip((there, back), state.queues, strict=True)
        return Locals(
            (first(one, permutation), second(other, permutation)),
            tuple(tuple(each(m, permutation) for m in queue) for each, queue in queues),
        )

    return called


@pytest.mark.parametrize(
    ("world", "states", "orbit_count"),
    [(symbols(entries=0), 704, 353), (twins(), 5_134, 2_602)],
    ids=["symbols", "orders"],
)
def test_worlds_of_the_catalogue_have_orbits(
    world: ActorWorld, states: int, orbit_count: int
) -> None:
    """Nearly half as many; the verdicts and the lengths of their paths are the same."""
    whole = compiled.explore(world, states_max=100_000)
    found = compiled.explore(world, states_max=100_000, symmetry=True)
    assert world.symmetry is not None
    assert (whole.states, found.states) == (states, orbit_count)
    called = by_declaration(world.symmetry)
    assert found.by_depth == orbits(world, called, states_max=100_000)
    assert essence(found) == essence(whole)
    for verdict in found.verdicts:
        walk(world, verdict)


def test_a_wire_that_keeps_its_order_tells_two_symbols_apart() -> None:
    """A bot that tells the venue of one symbol before the other treats them differently."""
    world = evolve(named("collision-two"), symmetry=SYMBOLS)
    with pytest.raises(AsymmetryError, match=r"bot: begins a cycle.*has no counterpart"):
        compiled.explore(world, states_max=100_000, symmetry=True)


def counter(number: int) -> Actor:
    """Return one of two actors: it counts to two, and tells the other."""

    def acts(state: int) -> Iterator[Do]:
        if state < 2:
            yield Do("counts", state + 1, ((f"to{1 - number}", 1),))

    def hears(state: int, _channel: str, _message: int) -> Iterator[Do]:
        yield Do("hears", state)

    return Actor(f"actor{number}", 0, acts, hears, lambda state: {f"at{number}": state})


def pair(**changes: Any) -> ActorWorld:  # noqa: ANN401
    """Return two counters, as they are or with *changes*."""
    channels = tuple(Channel(f"to{n}", f"actor{n}", 2) for n in range(2))
    groups = (("actor0", "actor1"), ("to0", "to1"))
    world = ActorWorld("pair", (counter(0), counter(1)), channels, (), Symmetry(2, {}, groups))
    return evolve(world, **changes)


def test_a_world_without_claims_has_orbits_too() -> None:
    """Two counters up to two, each with what it is told: those of 3 * 3 states and queues."""
    whole = compiled.explore(pair(), states_max=100)
    found = compiled.explore(pair(), states_max=100, symmetry=True)
    assert (whole.states, found.states) == (36, 21)
    assert compiled.explore(pair(symmetry=None), states_max=100, symmetry=True) == whole


def stays(state: int) -> tuple[Do, ...]:
    """Return that nothing changes."""
    return (Do("stays", state),)


def forgets(_state: int, _channel: str, _message: int) -> tuple[Do, ...]:
    """Return that all begins again."""
    return (Do("forgets", 0),)


def doubled(state: int, _permutation: Permutation) -> int:
    """Return a name that is another one each time."""
    return min(2, state * 2)


def test_what_is_not_alike_is_refused() -> None:
    """Where it starts, what it does, the channels, and names that do not last; each is named."""
    (one, other), (to0, to1) = pair().actors, pair().channels
    symmetry = pair().symmetry
    assert symmetry is not None
    refused: dict[str, dict[str, Any]] = {
        "actor0 does not begin alike": {"actors": (evolve(one, initial=1), other)},
        "to0 and to1 are not alike": {"channels": (to0, evolve(to1, capacity=1))},
        r"actor0: counts -> to1 \(in 0\) has no counterpart, renamed by \(1, 0\)": {
            "actors": (one, evolve(other, acts=stays))
        },
        r"to1: 1: forgets -> actor1 \(in 1\) has no counterpart": {
            "actors": (one, evolve(other, hears=forgets))
        },
        "actor0: 1 has no lasting name": {
            "symmetry": evolve(symmetry, renamed={"actor0": doubled})
        },
    }
    for words, changes in refused.items():
        with pytest.raises(AsymmetryError, match=words):
            compiled.explore(pair(**changes), states_max=100, symmetry=True)


def test_what_is_declared_is_about_what_there_is() -> None:
    """A name that is misspelled, or left out, is no symmetry."""
    refused = {
        "more than 4 interchangeable things": Symmetry(5, {}),
        "no actor or channel actr0, t1": Symmetry(2, {"actr0": doubled}, (("to0", "t1"),)),
        "actor0: not one for each thing": Symmetry(2, {}, (("actor0",),)),
    }
    for words, symmetry in refused.items():
        with pytest.raises(ValueError, match=words):
            compiled.explore(pair(symmetry=symmetry), states_max=100, symmetry=True)


def test_a_claim_on_the_whole_graph_is_judged_on_it() -> None:
    """What leads to something is fair by labels, which a symmetry mixes up: nothing is left out."""
    rule = Rule(LEADS_TO, lambda f: f.at0 == 1, when=lambda f: f.at0 == 0)
    found = compiled.explore(pair(rules=(rule,)), states_max=100, symmetry=True)
    assert found == compiled.explore(pair(rules=(rule,)), states_max=100)


def test_an_assertion_of_one_of_them_is_a_counterexample() -> None:
    """With a path of the world, whichever of them it is that fails."""
    one, other = pair().actors

    def acts(state: int) -> tuple[Do, ...]:
        assert state < 2, "too far"
        return (Do("counts", state + 1),)

    world = pair(actors=(evolve(one, acts=acts), evolve(other, acts=acts)))
    found = compiled.explore(world, states_max=100, symmetry=True).verdict(NO_EXCEPTION.id)
    assert len(found.moves()) == 2
    assert "too far" in found.note
