"""The verdicts of a compiled exploration: claims are judged on arrays of features."""

import gc
from collections.abc import Generator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np

from simulator.actors import ActorWorld, Holds, Locals, Rule
from simulator.compiled.claims import BLOCK, Claim
from simulator.compiled.edges import Edges
from simulator.compiled.features import Features
from simulator.compiled.hot import COMPARE_EVERY
from simulator.compiled.search import Search
from simulator.exploration import check_ids, origin
from simulator.explorer import (
    NO_EXCEPTION,
    Progress,
    Report,
    Verdict,
    selector,
)
from simulator.fairness import Bools, escape
from spec.properties import Kind

LAG = 2  # states found for each one judged, before the new ones are judged


def explore(  # noqa: PLR0913  # what may be asked of an exploration
    world: ActorWorld,
    *,
    states_max: int,
    progress: Progress | None = None,
    every: int = 1_000_000,
    stop_at_first_failure: frozenset[str] = frozenset(),
    workers: int = 1,
    memory_max: int | None = None,
    symmetry: bool = False,
    compare_every: int = COMPARE_EVERY,
) -> Report[Locals]:
    """Visit every reachable state of *world*, nearest first, and judge its rules.

    The same as `simulator.explorer.explore`: same states, transitions, depth and verdicts, and
    paths of the same length.  Two *workers* find what one finds, in less time.  *memory_max* bytes
    are what states and tables may hold, besides what the actors make.

    With *symmetry*, and where the world declares one, only one state of each orbit is explored: the
    counts are of orbits, verdicts and paths are those of the world.  A leads-to claim needs the
    whole graph, so a world that has one is explored whole.

    Where actors have hot steps, these are asked; the first *compare_every* answers, and then one of
    so many, are compared with the actor's own.

    Raises:
        AsymmetryError: The world is not as symmetric as it declares.
        BoundExceeded: There are more than *states_max* states, or they need more memory than they
            may have; nothing was proven.
        HotStepError: A hot step that was compared is not what its actor does.
        ValueError: Two rules share a property, a property to stop at is not claimed, or there are
            more than two workers or none.
    """
    check_ids(world.name, [rule.property.id for rule in world.rules], stop_at_first_failure)
    with _uncollected():
        # Nothing names the search in here: it is gone before the collector goes on.
        return _Judge(
            Search(
                world,
                workers=workers,
                memory_max=memory_max,
                symmetry=world.reduction() if symmetry else None,
                compare_every=compare_every,
            ),
            stop_at_first_failure,
        ).run(states_max, progress, every)


@contextmanager
def _uncollected() -> Generator[None]:
    """Pause the collector of cycles: it would look at all that is kept, and find none."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Judge:
    """One exploration, and what it has decided so far."""

    def __init__(self, search: Search, stop_at: frozenset[str]) -> None:
        self.search, self.stop_at = search, stop_at
        world = self.world = search.world
        self.features = Features(self.search.memory)
        self.verdicts: dict[str, Verdict[Locals]] = {}
        self.open = {
            rule.property.id: (rule, Claim(rule.holds, self.features))
            for rule in world.rules
            if rule.property.kind is not Kind.LEADS_TO
        }
        self.ended = False
        self.judged = 0  # states

    def run(self, states_max: int, progress: Progress | None, every: int) -> Report[Locals]:
        """Visit every state, level by level, then judge what only the whole graph decides."""
        search = self.search
        try:
            goes_on = True
            while goes_on and not self.ended:
                goes_on = search.level(states_max, progress, every)
                if not goes_on or search.n > LAG * self.judged:
                    self._judge_states()
        except AssertionError as error:
            self._judge_states()
            self._settle(self._broken(error))
            self.ended = True
        if not self.ended:
            self._conclude()
        return self._report()

    def _judge_states(self) -> None:
        """Settle the claims that the states found since the last call decide."""
        search, begin = self.search, self.judged
        self.judged = search.n
        self.features.extend()
        found: dict[str, tuple[int, int]] = {}
        for first, permutation, states in search.members(begin):
            for settled, (rule, claim) in self.open.items():
                seeks = rule.property.kind is Kind.SOMETIMES
                at = claim.first(states, search.layout, value=seeks)
                if at is not None:
                    here = first + at, permutation
                    found[settled] = min(found.get(settled, here), here)
        for settled, where in found.items():
            prop = self.open[settled][0].property
            seeks = prop.kind is Kind.SOMETIMES
            self._settle(Verdict(prop, holds=seeks, path=search.path(*where)))

    def _where(self, holds: Holds) -> Bools:
        """Return in which states *holds* is so."""
        search, parts = self.search, list[Bools]()
        for begin in range(0, search.n, BLOCK):
            states = search.states[begin : min(begin + BLOCK, search.n)]
            parts.append(Claim(holds, self.features).where(states, search.layout))
        return np.concatenate(parts)

    def _settle(self, verdict: Verdict[Locals]) -> None:
        settled = verdict.property.id
        self.verdicts[settled] = verdict
        self.open.pop(settled, None)
        self.ended |= not verdict.holds and settled in self.stop_at

    def _broken(self, error: AssertionError) -> Verdict[Locals]:
        """Return the verdict on a world whose code has failed: in the first state where it does."""
        for index in self.search.asking.tolist():
            try:
                list(self.world.moves(self.search.state(index)))
            except AssertionError as again:
                path, note = self.search.path(index), origin(again)
                return Verdict(NO_EXCEPTION, holds=False, path=path, note=note)
        raise error

    def _conclude(self) -> None:
        """Judge what is still open now that every state was seen."""
        for rule, _ in tuple(self.open.values()):
            holds = rule.property.kind is Kind.ALWAYS
            self._settle(Verdict(rule.property, holds=holds))
        later = [rule for rule in self.world.rules if rule.property.kind is Kind.LEADS_TO]
        if later:
            edges = Edges(self.search)
            for rule in later:
                self._settle(self._leads_to(rule, edges))

    def _leads_to(self, rule: Rule, edges: Edges) -> Verdict[Locals]:
        search = self.search
        when = self._where(rule.when or _anywhere)
        if not when.any():
            return Verdict(rule.property, holds=True, note="no state ever starts it")
        fair = selector(rule.fair)
        labels = np.array([fair(move) for move in edges.moves], np.bool_)
        found = escape(edges.graph, when, self._where(rule.holds), labels)
        if found is None:
            return Verdict(rule.property, holds=True)
        prefix = search.path(found.start)
        rest = (edges.step(edge) for edge in found.edges)
        cycle = None if found.cycle is None else len(prefix) - 1 + found.cycle
        return Verdict(rule.property, holds=False, path=(*prefix, *rest), cycle=cycle)

    def _report(self) -> Report[Locals]:
        """Return what was seen so far."""
        order = [rule.property.id for rule in self.world.rules] + [NO_EXCEPTION.id]
        search = self.search
        return Report(
            world=self.world.name,
            states=search.n,
            transitions=search.transitions,
            depth=len(search.levels) - 1,
            by_depth=tuple(
                after - before for before, after in pairwise([*search.levels, search.n])
            ),
            deadlocks=search.deadlocks,
            complete=not self.ended,
            verdicts=tuple(self.verdicts[each] for each in order if each in self.verdicts),
        )


def _anywhere(view: Any) -> bool:  # noqa: ANN401, ARG001
    return True
