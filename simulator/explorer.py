"""Exact breadth-first exploration of a closed world written in plain Python.

A `World` says where it starts, what can happen, and what is claimed of it; `explore` visits
every reachable state once and returns a verdict on each claim, with a shortest path.  States
are kept, not hashed away: a claim that holds was looked at everywhere.

This is the reference: no packing, no compilation, no reduction.
"""

from array import array
from collections.abc import Callable, Hashable, Iterable, Mapping
from itertools import pairwise
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from attrs import frozen

from simulator.exploration import check_ids, origin
from simulator.fairness import Bools, Graph, escape
from spec.properties import Kind, Property

St = TypeVar("St", bound=Hashable)


class Move(NamedTuple):
    """The label of a transition: *who* does *what*, *to* whom.

    A named tuple because an exploration makes and hashes millions of them.

    >>> print(Move("venue", "accepts the order", "wire"))
    venue: accepts the order -> wire
    >>> print(Move("price", "goes up"))
    price: goes up
    """

    who: str
    what: str
    to: str = ""

    def __str__(self) -> str:
        return f"{self.who}: {self.what}" + (f" -> {self.to}" if self.to else "")


START = Move("world", "starts")
NO_EXCEPTION = Property("no exception", Kind.ALWAYS, "No assertion of a machine fails.")

Path = tuple[tuple[Move, St], ...]
Fair = frozenset[tuple[str, str]] | Callable[[Move], bool]
Progress = Callable[[int, int, int, int], None]


class BoundExceeded(Exception):  # noqa: N818  # a bound that was met is not a defect
    """The world has more states than the exploration was allowed: nothing was proven."""


@frozen
class StateClaim(Generic[St]):
    """*holds* is so in every reachable state, or in one of them; *seeks* settles the claim."""

    property: Property
    holds: Callable[[St], bool]
    seeks: bool  # always looks for a state where it is false, sometimes for one where it is true


@frozen
class StepClaim(Generic[St]):
    """*holds* is so of every transition: the state before, the move, the state after."""

    property: Property
    holds: Callable[[St, Move, St], bool]


@frozen
class LeadsToClaim(Generic[St]):
    """Every path from *when* reaches *then*, as long as the moves that *fair* selects are fair."""

    property: Property
    when: Callable[[St], bool]
    then: Callable[[St], bool]
    fair: Callable[[Move], bool]


Claim = StateClaim[St] | StepClaim[St] | LeadsToClaim[St]


def always(prop: Property, holds: Callable[[St], bool]) -> StateClaim[St]:
    """Claim *prop* of every reachable state.

    Raises:
        ValueError: *prop* is not declared "always".
    """
    return StateClaim(_of_kind(Kind.ALWAYS, prop), holds, seeks=False)


def always_step(prop: Property, holds: Callable[[St, Move, St], bool]) -> StepClaim[St]:
    """Claim *prop* of every transition, such as "the filled quantity never shrinks".

    Raises:
        ValueError: *prop* is not declared "always".
    """
    return StepClaim(_of_kind(Kind.ALWAYS, prop), holds)


def sometimes(prop: Property, holds: Callable[[St], bool]) -> StateClaim[St]:
    """Claim *prop* of at least one reachable state.

    Raises:
        ValueError: *prop* is not declared "sometimes".
    """
    return StateClaim(_of_kind(Kind.SOMETIMES, prop), holds, seeks=True)


def leads_to(
    prop: Property,
    when: Callable[[St], bool],
    then: Callable[[St], bool],
    fair: Fair = frozenset(),
) -> LeadsToClaim[St]:
    """Claim that from every reachable state where *when* holds, every fair path reaches *then*.

    *fair* selects moves, by (who, how the what begins) or by a predicate.  Each selected label
    is weakly fair by itself: a move that stays enabled is taken in the end.

    Raises:
        ValueError: *prop* is not declared "leads-to".
    """
    return LeadsToClaim(_of_kind(Kind.LEADS_TO, prop), when, then, selector(fair))


def _of_kind(kind: Kind, prop: Property) -> Property:
    if prop.kind is not kind:
        raise ValueError(f"{prop.id} is declared {prop.kind.value!r}, not {kind.value!r}")
    return prop


def selector(fair: Fair) -> Callable[[Move], bool]:
    """Return *fair* as a predicate."""
    if callable(fair):
        return fair
    return lambda move: any(move.who == who and move.what.startswith(what) for who, what in fair)


class World(Protocol[St]):
    """A closed system with finitely many states, equal and hashed by value."""

    @property
    def name(self) -> str:
        """What a report calls this world."""
        ...

    def initial(self) -> Iterable[St]:
        """Return where the world may start."""
        ...

    def moves(self, state: St, /) -> Iterable[tuple[Move, St]]:
        """Return what may happen in *state* and what comes of it, always in the same order."""
        ...

    def claims(self) -> Iterable[Claim[St]]:
        """Return what is claimed of this world."""
        ...

    def show(self, state: St, /) -> Mapping[str, str]:
        """Return the short readable state of each actor, always in the same order."""
        ...


@frozen
class Verdict(Generic[St]):
    """What one exploration says about one property.

    *path* is a shortest counterexample, or a shortest witness of a "sometimes"; it begins with
    `START` and an initial state, and None means that there is nothing to show.  Of a leads-to
    it ends in a state without successors (*cycle* is None), or in the state of `path[cycle]`,
    from where it repeats.  *note* says what else there is to know.
    """

    property: Property
    holds: bool
    path: Path[St] | None = None
    cycle: int | None = None
    note: str = ""

    def moves(self) -> tuple[Move, ...]:
        """Return the moves along *path*, without the start."""
        return tuple(move for move, _ in (self.path or ())[1:])


@frozen(kw_only=True)
class Report(Generic[St]):
    """What an exploration saw, and its verdicts in the order of the claims.

    *depth* is the largest distance from an initial state, *by_depth* counts the states at each
    distance, *deadlocks* those without successors.  Where *complete* is false a failure ended it
    early: claims that were still open have no verdict.
    """

    world: str
    states: int
    transitions: int
    depth: int
    deadlocks: int
    complete: bool
    verdicts: tuple[Verdict[St], ...]
    by_depth: tuple[int, ...] = ()

    @property
    def failures(self) -> tuple[Verdict[St], ...]:
        """The verdicts of properties that do not hold."""
        return tuple(verdict for verdict in self.verdicts if not verdict.holds)

    def verdict(self, property_id: str) -> Verdict[St]:
        """Return the verdict on *property_id*.

        Raises:
            KeyError: It was not claimed, or still open when the exploration ended.
        """
        return {verdict.property.id: verdict for verdict in self.verdicts}[property_id]


def explore(
    world: World[St],
    *,
    states_max: int,
    progress: Progress | None = None,
    every: int = 100_000,
    stop_at_first_failure: frozenset[str] = frozenset(),
) -> Report[St]:
    """Visit every reachable state of *world*, nearest first, and judge its claims.

    *progress* is called after each *every* states expanded, with the numbers of states and
    transitions, the depth and the states still to expand.  The failure of a property named in
    *stop_at_first_failure*, or of an assertion in the world's code, ends the exploration.

    Raises:
        BoundExceeded: There are more than *states_max* states; nothing was proven.
        ValueError: Two claims share a property, or a property to stop at is not claimed.
    """
    claims = tuple(world.claims())
    check_ids(world.name, [claim.property.id for claim in claims], stop_at_first_failure)
    search = _Search(world, claims, stop_at_first_failure)
    search.run(states_max, progress, every)
    return search.report()


class _Search(Generic[St]):
    """One exploration under way; states are numbered in the order of discovery."""

    def __init__(
        self, world: World[St], claims: tuple[Claim[St], ...], stop_at: frozenset[str]
    ) -> None:
        self.world, self.claims, self.stop_at = world, claims, stop_at
        self.at = -1  # the state under examination
        self.level_end = 0
        self.ended = False
        self.transitions = self.deadlocks = 0
        self.states: list[St] = []
        self.parents = array("i")
        self.levels = array("i")
        # The edges, as `fairness.Graph` has them, kept for leads-to only.
        self.record = any(isinstance(claim, LeadsToClaim) for claim in claims)
        self.offsets, self.targets, self.labels = array("i"), array("i"), array("i")
        self.label_of: dict[Move, int] = {}
        # The claims that a single state or step can still settle, and what is settled.
        self.of_states = [claim for claim in claims if isinstance(claim, StateClaim)]
        self.of_steps = [claim for claim in claims if isinstance(claim, StepClaim)]
        self.verdicts: dict[str, Verdict[St]] = {}

    def run(self, states_max: int, progress: Progress | None, every: int) -> None:
        """Visit every state, then judge what only the whole graph decides."""
        try:
            self._visit(states_max, progress, every)
            if not self.ended:
                self._conclude()
        except AssertionError as error:
            path, note = self._path(self.at), origin(error)
            self._settle(Verdict(NO_EXCEPTION, holds=False, path=path, note=note))
            self.ended = True

    def _visit(self, states_max: int, progress: Progress | None, every: int) -> None:
        """Expand states in the order of discovery: *states* is its own queue."""
        states, parents, moves, name = self.states, self.parents, self.world.moves, self.world.name
        targets, labels, label_of = self.targets, self.labels, self.label_of
        states.extend(dict.fromkeys(self.world.initial()))
        if not states:
            raise ValueError(f"{name}: no initial state")
        parents.extend([-1] * len(states))
        number = {state: index for index, state in enumerate(states)}
        for source, state in enumerate(states):
            self._enter(source, state)
            if progress is not None and source and source % every == 0:
                progress(len(states), self.transitions, len(self.levels) - 1, len(states) - source)
            before = self.transitions
            for move, child in moves(state):
                self.transitions += 1
                new = len(states)
                index = number.setdefault(child, new)
                if index == new:
                    states.append(child)
                    parents.append(source)
                for claim in self.of_steps:
                    if not claim.holds(state, move, child):
                        path = (*self._path(source), (move, child))
                        self._settle(Verdict(claim.property, holds=False, path=path))
                if self.record:
                    targets.append(index)
                    labels.append(label_of.setdefault(move, len(label_of)))
            self.deadlocks += self.transitions == before
            if self.ended:
                return
            if len(states) > states_max:
                raise BoundExceeded(f"{name}: more than {states_max} states; nothing was proven")
        self.offsets.append(len(targets))

    def _enter(self, source: int, state: St) -> None:
        """Begin with the next state: settle the claims that it decides."""
        self.at = source
        if source == self.level_end:
            self.levels.append(source)
            self.level_end = len(self.states)
        self.offsets.append(len(self.targets))
        for claim in self.of_states:
            if bool(claim.holds(state)) is claim.seeks:
                self._settle(Verdict(claim.property, holds=claim.seeks, path=self._path(source)))

    def _settle(self, verdict: Verdict[St]) -> None:
        settled = verdict.property.id
        self.verdicts[settled] = verdict
        self.of_states = [claim for claim in self.of_states if claim.property.id != settled]
        self.of_steps = [claim for claim in self.of_steps if claim.property.id != settled]
        self.ended |= not verdict.holds and settled in self.stop_at

    def _conclude(self) -> None:
        """Judge what is still open now that every state was seen."""
        for claim in self.claims:
            if isinstance(claim, LeadsToClaim):
                self._settle(self._judge(claim))
            elif claim.property.id not in self.verdicts:
                holds = claim.property.kind is Kind.ALWAYS
                self._settle(Verdict(claim.property, holds=holds))

    def _judge(self, claim: LeadsToClaim[St]) -> Verdict[St]:
        when, then = self._where(claim.when), self._where(claim.then)
        if not when.any():
            return Verdict(claim.property, holds=True, note="no state ever starts it")
        moves = tuple(self.label_of)
        arrays = (self.offsets, self.targets, self.labels, self.levels)
        graph = Graph(*(np.asarray(each) for each in arrays))
        found = escape(graph, when, then, np.array([claim.fair(move) for move in moves], np.bool_))
        if found is None:
            return Verdict(claim.property, holds=True)
        prefix = self._path(found.start)
        rest = ((moves[self.labels[edge]], self.states[self.targets[edge]]) for edge in found.edges)
        cycle = None if found.cycle is None else len(prefix) - 1 + found.cycle
        return Verdict(claim.property, holds=False, path=(*prefix, *rest), cycle=cycle)

    def _where(self, holds: Callable[[St], bool]) -> Bools:
        """Return in which states *holds* is so."""
        found = bytearray()
        for index, state in enumerate(self.states):
            self.at = index
            found.append(bool(holds(state)))
        return np.frombuffer(found, np.bool_)

    def _path(self, end: int) -> Path[St]:
        """Return a shortest path to state *end*: the moves are asked of the world again."""
        chain: list[St] = []
        while end >= 0:
            chain.append(self.states[end])
            end = self.parents[end]
        chain.reverse()
        between = (
            next(step for step in self.world.moves(before) if step[1] == after)
            for before, after in pairwise(chain)
        )
        return (*((START, state) for state in chain[:1]), *between)

    def report(self) -> Report[St]:
        """Return what was seen so far."""
        order = [claim.property.id for claim in self.claims] + [NO_EXCEPTION.id]
        return Report(
            world=self.world.name,
            states=len(self.states),
            transitions=self.transitions,
            depth=len(self.levels) - 1,
            by_depth=tuple(b - a for a, b in pairwise((*self.levels, len(self.states)))),
            deadlocks=self.deadlocks,
            complete=not self.ended,
            verdicts=tuple(self.verdicts[each] for each in order if each in self.verdicts),
        )
