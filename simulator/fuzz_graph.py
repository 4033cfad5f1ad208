"""What walks through a world have seen of it: states, moves by kind, and what breaks a claim."""

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from attrs import evolve, frozen

from simulator import explorer
from simulator.actors import DOUBLES, LOSES, ActorWorld
from simulator.exploration import origin
from simulator.explorer import (
    NO_EXCEPTION,
    START,
    Claim,
    LeadsToClaim,
    Move,
    Path,
    StateClaim,
    StepClaim,
    Verdict,
    World,
    always,
)
from simulator.prng import Prng
from spec.properties import Kind, Property

St = TypeVar("St", bound=Hashable)
Steps = tuple[tuple[Move, int], ...]  # what may happen in a state, and the state it leads to
Sort = str  # of moves
REST: Sort = "anything else"
HERE = Property("HERE-1", Kind.ALWAYS, "It is not here.")
WALKS, STEPS = 8, 32  # of the sample that finds the kinds of moves
WORD = re.compile(r"[^\W\d_]+")


class BrokenError(AssertionError):
    """A claim fails; *verdict* says which, and how."""

    def __init__(self, verdict: Verdict[Any]) -> None:
        super().__init__(f"{verdict.property.id} fails: {verdict.property.text}")
        self.verdict = verdict


class Seen(Generic[St]):
    """The part of *world* that was looked at; states are numbered in the order of discovery.

    Each state is expanded and judged once, however often it is visited.  Where *only* names a
    property, no other is judged.
    """

    def __init__(self, world: World[St], only: str = "") -> None:
        self.world = world
        self.claims = tuple(c for c in world.claims() if only in {"", c.property.id})
        self.always = [c for c in self.claims if isinstance(c, StateClaim) and not c.seeks]
        self.sometimes = [c for c in self.claims if isinstance(c, StateClaim) and c.seeks]
        self.leads_to = [c for c in self.claims if isinstance(c, LeadsToClaim)]
        self.of_steps = [c for c in self.claims if isinstance(c, StepClaim)]
        self.sought = tuple(claim.property.id for claim in self.sometimes)
        self.states: list[St] = []
        self._number: dict[St, int] = {}
        self._steps: dict[int, Steps] = {}
        self._kinds: dict[int, Mapping[Sort, tuple[int, ...]]] = {}
        self._broken: dict[int, Property | None] = {}
        self._ahead: dict[int, int | None] = {}
        self._witnessed: dict[int, frozenset[str]] = {}
        self.starts = tuple(self.number(state) for state in dict.fromkeys(world.initial()))
        self.kinds = frozenset(self._sampled())

    def number(self, state: St) -> int:
        """Return the number of *state*."""
        number = self._number.setdefault(state, len(self.states))
        if number == len(self.states):
            self.states.append(state)
        return number

    def steps(self, at: int) -> Steps:
        """Return what may happen in state *at*.

        Raises:
            AssertionError: The world's code fails there.
        """
        if at not in self._steps:
            moves = self.world.moves(self.states[at])
            self._steps[at] = tuple((move, self.number(child)) for move, child in moves)
        return self._steps[at]

    def expanded(self, state: St) -> Steps | None:
        """Return what may happen in *state*, None where nobody has looked."""
        return self._steps.get(self.number(state))

    def choices(self, at: int) -> Mapping[Sort, tuple[int, ...]]:
        """Return the places in `steps` of the moves of each kind."""
        if at not in self._kinds:
            found: dict[Sort, list[int]] = {}
            for place, (move, _) in enumerate(self.steps(at)):
                each = kind(self.world, move)
                found.setdefault(each if each in self.kinds else REST, []).append(place)
            self._kinds[at] = {each: tuple(places) for each, places in found.items()}
        return self._kinds[at]

    def broken(self, at: int) -> Property | None:
        """Return the first claim that state *at* breaks."""
        if at not in self._broken:
            state = self.states[at]
            failing = (claim.property for claim in self.always if not claim.holds(state))
            self._broken[at] = next(failing, None)
        return self._broken[at]

    def witnessed(self, at: int) -> frozenset[str]:
        """Return the "sometimes" that state *at* is a witness of."""
        if at not in self._witnessed:
            state = self.states[at]
            holding = (claim.property.id for claim in self.sometimes if claim.holds(state))
            self._witnessed[at] = frozenset(holding)
        return self._witnessed[at]

    def broken_step(self, at: int, place: int) -> Property | None:
        """Return the first claim that a step from state *at*, or the state after it, breaks."""
        move, after = self.steps(at)[place]
        before, child = self.states[at], self.states[after]
        failing = (c.property for c in self.of_steps if not c.holds(before, move, child))
        return next(failing, None) or self.broken(after)

    def ahead(self, at: int) -> int | None:
        """Return the first of the steps from state *at* that breaks a claim."""
        if at not in self._ahead:
            places = range(len(self.steps(at)))
            breaking = (place for place in places if self.broken_step(at, place))
            self._ahead[at] = next(breaking, None)
        return self._ahead[at]

    def after(self, at: int, place: int) -> int:
        """Return the state to which a step from state *at* leads."""
        return self.steps(at)[place][1]

    def path(self, start: int, way: Iterable[tuple[int, int]]) -> Path[St]:
        """Return the path from state *start* along *way*: states, and places in `steps`."""
        steps = (self.steps(at)[place] for at, place in way)
        return (
            (START, self.states[start]),
            *((move, self.states[after]) for move, after in steps),
        )

    def pending(self, places: Sequence[int]) -> tuple[Property, int] | None:
        """Return the first leads-to that is owed at the end of these states, and since where."""
        states = [self.states[at] for at in places]
        for claim in self.leads_to:
            since = owed(claim, states)
            if since is not None:
                return claim.property, since
        return None

    def shortened(self, verdict: Verdict[St]) -> Verdict[St]:
        """Return *verdict* with the shortest path to its failure through what was seen.

        Of a leads-to, whose path begins where it is owed, the shortest path leads to there.
        """
        assert verdict.path
        if verdict.property.kind is not Kind.LEADS_TO:
            claims = [c for c in self.claims if c.property.id == verdict.property.id]
            asked = claims or [*self.always, *self.sometimes, *self.of_steps]
            return _search(_Part(self, asked, verdict.path[-1][1]), verdict.property)
        (_, owed), *rest = verdict.path
        here: StateClaim[St] = always(HERE, lambda state: state != owed)
        path = _search(_Part(self, [here], owed), HERE).path
        assert path
        return evolve(verdict, path=(*path, *rest))

    def _sampled(self) -> Iterator[Sort]:
        """Yield the kinds of the moves that a few short walks meet."""
        dice = Prng(0)
        for _ in range(WALKS):
            at = self.starts[dice.below(len(self.starts))]
            for _ in range(STEPS):
                try:
                    steps = self.steps(at)
                except AssertionError:
                    break  # a walk that is judged will tell
                yield from (kind(self.world, move) for move, _ in steps)
                if not steps:
                    break
                _, at = steps[dice.below(len(steps))]


@frozen
class _Part(Generic[St]):
    """What was seen of a world, as a world; where its code failed, at *end*, it fails again."""

    seen: Seen[St]
    claimed: Sequence[Claim[St]]
    end: St

    @property
    def name(self) -> str:
        return self.seen.world.name

    def initial(self) -> Iterable[St]:
        return (self.seen.states[start] for start in self.seen.starts)

    def moves(self, state: St, /) -> Iterable[tuple[Move, St]]:
        steps = self.seen.expanded(state)
        if steps is not None:
            return ((move, self.seen.states[after]) for move, after in steps)
        return self.seen.world.moves(state) if state == self.end else ()

    def claims(self) -> Iterable[Claim[St]]:
        return self.claimed

    def show(self, state: St, /) -> Mapping[str, str]:
        return self.seen.world.show(state)


def _search(part: _Part[St], prop: Property) -> Verdict[St]:
    """Return the verdict on *prop*, which fails in *part*."""
    stop_at = frozenset({prop.id} & {claim.property.id for claim in part.claimed})
    bound = len(part.seen.states) + 1
    return explorer.explore(part, states_max=bound, stop_at_first_failure=stop_at).verdict(prop.id)


def kind(world: World[Any], move: Move) -> Sort:
    """Return what kind *move* is of: who, and the verb; of a channel what becomes of a message.

    >>> from simulator.actors import Actor, Channel
    >>> world = ActorWorld("one", (Actor("us", 0, lambda _: ()),), (Channel("wire", "us", 1),))
    >>> kind(world, Move("wire", "loses Fill 3")), kind(world, Move("wire", "Fill 3: books", "us"))
    ('wire loses', 'wire delivers')
    >>> kind(world, Move("us", "sends 3 lots"))
    'us sends'
    """
    word = WORD.search(move.what)
    verb = word[0] if word else ""
    if isinstance(world, ActorWorld) and any(move.who == each.name for each in world.channels):
        verb = verb if verb in {LOSES, DOUBLES} else "delivers"
    return f"{move.who} {verb}"


def owed(claim: LeadsToClaim[St], states: Sequence[St]) -> int | None:
    """Return since which of *states* the last one owes *claim*, None if it does not.

    Where nothing can happen any more, what is owed will never be paid.
    """
    for place in reversed(range(len(states))):
        if claim.then(states[place]):
            return None
        if claim.when(states[place]):
            return place
    return None


def failure(error: AssertionError, path: Path[St]) -> Verdict[St]:
    """Return the verdict on a world whose code has failed at the end of *path*."""
    return Verdict(NO_EXCEPTION, holds=False, path=path, note=origin(error))
