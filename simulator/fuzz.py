"""Random walks through any closed world, steered by Hypothesis.

A world becomes a state machine of Hypothesis with one rule for each kind of move; the "always"
claims are its invariants.  A walk that breaks one is not shrunk move by move: its end is a state,
and the shortest way there through all that was seen is a search.
"""

import re
from collections import Counter
from collections.abc import Callable, Generator, Hashable, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeVar, cast

from attrs import field, frozen
from hypothesis import HealthCheck, Phase, Verbosity, settings, target
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from simulator.explorer import Verdict, World
from simulator.fuzz_graph import REST, BrokenError, Seen, Sort, failure
from simulator.prng import Prng
from spec.properties import Property

St = TypeVar("St", bound=Hashable)
PROFILES: Mapping[str, int] = MappingProxyType({"dev": 50, "ci": 300, "nightly": 10_000})  # walks
STEPS = 50
ROUND = 10  # walks, before the starts are chosen anew
STARTS_MAX = 200
# Numbers of two digits are drawn without regard to the constants in the code that is loaded.
DIGITS = st.integers(0, 99)
PICK = st.tuples(DIGITS, DIGITS).map(lambda digits: 100 * digits[0] + digits[1])
HEALTHY = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)


class Campaign(Generic[St]):
    """Walks through one world: what they have seen, visited, taken and witnessed together."""

    def __init__(self, seen: Seen[St]) -> None:
        self.seen = seen
        self.starts = seen.starts
        self.walks = 0
        self.visited: set[int] = set()
        self.taken: set[tuple[int, int]] = set()
        self.times: Counter[Sort] = Counter()
        self.witnessed: Counter[str] = Counter()

    def begin(self) -> None:
        """Let the walks of a round begin also where moves were left that nobody has made."""
        left = [at for at in sorted(self.visited) if self._open(at)]
        self.starts = *self.seen.starts, *left[:: len(left) // STARTS_MAX + 1]

    def _open(self, at: int) -> bool:
        return any((at, place) not in self.taken for place in range(len(self.seen.steps(at))))


class Walk(RuleBasedStateMachine):
    """One walk: from a start, and from a start again wherever nothing can happen any more."""

    campaign: ClassVar[Campaign[Any]]

    def __init__(self) -> None:
        super().__init__()
        self.start = self.at = -1
        self.way: list[tuple[int, int]] = []
        self.choices: Mapping[Sort, tuple[int, ...]] = {}
        self.visited: set[int] = set()
        self.witnessed: set[str] = set()
        self.rarity = 0.0
        self.campaign.walks += 1

    @initialize(pick=PICK)
    def starts(self, pick: int) -> None:
        """Go to one of the states in which this round may start."""
        starts = self.campaign.starts
        self.start = self.at = starts[pick % len(starts)]
        self.way = []

    def prefers(self, kind: Sort, pick: int) -> None:
        """Make a move of *kind*, any move where there is none of it; start anew where none is."""
        campaign = self.campaign
        places = self.choices.get(kind) or tuple(range(len(campaign.seen.steps(self.at))))
        if not places:
            self.starts(pick)
            return
        step = (self.at, places[pick % len(places)])
        self.way.append(step)
        campaign.taken.add(step)
        campaign.times[kind] += 1
        self.rarity += 1 / campaign.times[kind]
        self.at = campaign.seen.after(*step)

    @invariant()
    def claims_hold(self) -> None:
        """Every "always" holds, here and one move ahead, and the world's code does not fail."""
        seen = self.campaign.seen
        self.visited.add(self.at)
        with self._judged():
            self._refuse(seen.broken(self.at))
            self.witnessed |= seen.witnessed(self.at)
            self.choices = seen.choices(self.at)
            ahead = seen.ahead(self.at)
        if ahead is not None:
            self.way.append((self.at, ahead))
            self._refuse(seen.broken_step(self.at, ahead))
        if not self.choices:
            self._end()

    def _end(self) -> None:
        """Refuse to end where something is owed: a walk that is whole may break a leads-to."""
        seen = self.campaign.seen
        places = [at for at, _ in self.way]
        with self._judged():
            pending = seen.pending([*places, self.at])
        if pending is not None:
            prop, since = pending
            start = [*places, self.at][since]
            raise BrokenError(Verdict(prop, holds=False, path=seen.path(start, self.way[since:])))

    def teardown(self) -> None:
        """Tell Hypothesis what a good walk is: states not seen before, and rare moves."""
        fresh = len(self.visited - self.campaign.visited)
        self.campaign.visited |= self.visited
        self.campaign.witnessed.update(self.witnessed)
        target(float(fresh), label="new states")
        target(self.rarity, label="rare moves")

    def _refuse(self, broken: Property | None) -> None:
        if broken:
            path = self.campaign.seen.path(self.start, self.way)
            raise BrokenError(Verdict(broken, holds=False, path=path))

    @contextmanager
    def _judged(self) -> Generator[None]:
        """Tell of an assertion in the world's code as of a claim that fails."""
        try:
            yield
        except BrokenError:
            raise
        except AssertionError as error:
            path = self.campaign.seen.path(self.start, self.way)
            raise BrokenError(failure(error, path)) from error


def machine(campaign: Campaign[Any]) -> type[Walk]:
    """Return the walks of *campaign* as a state machine with a rule for each kind of move."""
    rules = {_name(kind): _rule(kind) for kind in sorted({*campaign.seen.kinds, REST})}
    return cast("type[Walk]", type("Walk", (Walk,), {"campaign": campaign, **rules}))


def _rule(kind: Sort) -> Any:  # noqa: ANN401  # what Hypothesis makes of a method
    def prefers(walk: Walk, pick: int) -> None:
        walk.prefers(kind, pick)

    prefers.__name__ = _name(kind)
    return rule(pick=PICK)(prefers)


def _name(kind: Sort) -> str:
    """Return *kind* as the name of a method."""
    return "prefers_" + re.sub(r"\W", "_", kind)


@frozen(kw_only=True)
class Fuzzed(Generic[St]):
    """What came of the walks through *world*.

    *states* were visited and *transitions* of them taken, different ones; *witnessed* says in how
    many of the *walks* each "sometimes" was.  *failure*, None if nothing failed, has the shortest
    path to it through all that was seen.
    """

    world: World[St] = field(repr=False)
    walks: int
    states: frozenset[St] = field(repr=False)
    transitions: int
    witnessed: Mapping[str, int]
    failure: Verdict[St] | None


def budget(profile: str = "dev", examples: int = 0, steps: int = 0) -> settings:
    """Return how many walks of how many steps; 0 takes what *profile* and the default say."""
    return settings(
        max_examples=examples or PROFILES[profile],
        stateful_step_count=steps or STEPS,
        derandomize=profile == "ci",
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.target),
        report_multiple_bugs=False,
        suppress_health_check=HEALTHY,
        verbosity=Verbosity.quiet,
    )


def fuzz(
    world: World[St],
    limits: settings,
    seed: int | None = None,
    only: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Fuzzed[St]:
    """Walk through *world* within *limits* until a claim fails; *only* names the one to judge.

    The same *seed* gives the same walks; without one they are Hypothesis's to choose.
    *progress* is called after each round with (walks done, walks).
    """
    campaign = Campaign(Seen(world, only))
    dice = None if seed is None else Prng(seed)
    broken: Verdict[Any] | None = None
    left = limits.max_examples
    while left > 0 and broken is None:
        limited = settings(limits, max_examples=min(left, ROUND))
        campaign.begin()
        broken = _round(campaign, limited, dice.next_u64() if dice else None)
        left -= ROUND
        if progress is not None:
            progress(limits.max_examples - max(left, 0), limits.max_examples)
    return Fuzzed(
        world=world,
        walks=campaign.walks,
        states=frozenset(campaign.seen.states[at] for at in campaign.visited),
        transitions=len(campaign.taken),
        witnessed={each: campaign.witnessed[each] for each in campaign.seen.sought},
        failure=broken and campaign.seen.shortened(broken),
    )


def _round(campaign: Campaign[Any], limits: settings, seed: int | None) -> Verdict[Any] | None:
    """Make the walks of one round; return what broke, if anything did."""
    walk = machine(campaign)
    try:
        run_state_machine_as_test(walk if seed is None else seeded(seed)(walk), settings=limits)
    except BrokenError as error:
        return error.verdict
    return None
