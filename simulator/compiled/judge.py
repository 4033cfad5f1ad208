"""The verdicts of a compiled exploration: claims are judged on arrays of features."""

from typing import Any

import numpy as np

from simulator.actors import ActorWorld, Holds, Locals, Rule
from simulator.compiled.edges import Edges
from simulator.compiled.features import Features
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

BLOCK = 1 << 18  # states judged at once


def explore(
    world: ActorWorld,
    *,
    states_max: int,
    progress: Progress | None = None,
    every: int = 1_000_000,
    stop_at_first_failure: frozenset[str] = frozenset(),
) -> Report[Locals]:
    """Visit every reachable state of *world*, nearest first, and judge its rules.

    The same as `simulator.explorer.explore`: same states, transitions, depth and verdicts, and
    paths of the same length.  An array of states is judged at once.

    Raises:
        BoundExceeded: There are more than *states_max* states; nothing was proven.
        ValueError: Two rules share a property, or a property to stop at is not claimed.
    """
    check_ids(world.name, [rule.property.id for rule in world.rules], stop_at_first_failure)
    judge = _Judge(world, stop_at_first_failure)
    judge.run(states_max, progress, every)
    return judge.report()


class _Judge:
    """One exploration, and what it has decided so far."""

    def __init__(self, world: ActorWorld, stop_at: frozenset[str]) -> None:
        self.world, self.stop_at = world, stop_at
        self.search = Search(world)
        self.features = Features(self.search.memory)
        self.verdicts: dict[str, Verdict[Locals]] = {}
        self.open = [r for r in world.rules if r.property.kind is not Kind.LEADS_TO]
        self.ended = False

    def run(self, states_max: int, progress: Progress | None, every: int) -> None:
        """Visit every state, level by level, then judge what only the whole graph decides."""
        begin = 0
        try:
            while True:
                self._judge_states(begin, self.search.n)
                begin = self.search.n
                if self.ended or not self.search.level(states_max, progress, every):
                    break
        except AssertionError as error:
            self._settle(self._broken(error))
            self.ended = True
        if not self.ended:
            self._conclude()

    def _judge_states(self, begin: int, end: int) -> None:
        """Settle the claims that states *begin* to *end*, the last excluded, decide."""
        for first in range(begin, end, BLOCK):
            last = min(first + BLOCK, end)
            for rule in tuple(self.open):
                seeks = rule.property.kind is Kind.SOMETIMES
                found = self._where(rule.holds, first, last) == seeks
                if found.any():
                    path = self.search.path(first + int(found.argmax()))
                    self._settle(Verdict(rule.property, holds=seeks, path=path))

    def _where(self, holds: Holds, begin: int, end: int) -> Bools:
        """Return in which of these states *holds* is so."""
        view = self.features.of(self.search.states[begin:end], self.search.layout)
        return np.broadcast_to(np.asarray(holds(view), np.bool_), (end - begin,))

    def _settle(self, verdict: Verdict[Locals]) -> None:
        settled = verdict.property.id
        self.verdicts[settled] = verdict
        self.open = [rule for rule in self.open if rule.property.id != settled]
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
        for rule in self.open:
            holds = rule.property.kind is Kind.ALWAYS
            self._settle(Verdict(rule.property, holds=holds))
        later = [rule for rule in self.world.rules if rule.property.kind is Kind.LEADS_TO]
        if later:
            edges = Edges(self.search)
            for rule in later:
                self._settle(self._leads_to(rule, edges))

    def _leads_to(self, rule: Rule, edges: Edges) -> Verdict[Locals]:
        n, search = self.search.n, self.search
        when = self._where(rule.when or _anywhere, 0, n)
        if not when.any():
            return Verdict(rule.property, holds=True, note="no state ever starts it")
        fair = selector(rule.fair)
        labels = np.array([fair(move) for move in edges.moves], np.bool_)
        found = escape(edges.graph, when, self._where(rule.holds, 0, n), labels)
        if found is None:
            return Verdict(rule.property, holds=True)
        prefix = search.path(found.start)
        rest = (edges.step(edge) for edge in found.edges)
        cycle = None if found.cycle is None else len(prefix) - 1 + found.cycle
        return Verdict(rule.property, holds=False, path=(*prefix, *rest), cycle=cycle)

    def report(self) -> Report[Locals]:
        """Return what was seen so far."""
        order = [rule.property.id for rule in self.world.rules] + [NO_EXCEPTION.id]
        search = self.search
        return Report(
            world=self.world.name,
            states=search.n,
            transitions=search.transitions,
            depth=len(search.levels) - 1,
            deadlocks=search.deadlocks,
            complete=not self.ended,
            verdicts=tuple(self.verdicts[each] for each in order if each in self.verdicts),
        )


def _anywhere(view: Any) -> bool:  # noqa: ANN401, ARG001
    return True
