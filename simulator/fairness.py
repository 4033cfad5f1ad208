"""Leads-to under weak fairness, decided on an explored graph.

P leads to Q fails exactly when some reachable state with P and without Q starts a path,
through states without Q only, to

- a state that nothing leaves, or
- a strongly connected component of the states without Q that has an edge of its own and is
  *fair*: each fair move is disabled in one of its states or taken on one of its edges.

Maximal components suffice for weak fairness.  The states and edges that an infinite path
repeats lie in one maximal component, and "disabled somewhere in it or taken somewhere in it"
stays true of more states and more edges: if the path is fair, so is the component.
Conversely a walk round all of a fair component for ever is a fair path.  (Strong fairness
has no such rule: more states may enable a move that is never taken.)

A fair move is a label: each one is a condition of its own.  Something happens wherever
something can; an edge back to its own state counts as taken.
"""

from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np
import numpy.typing as npt
from attrs import frozen

Ints = npt.NDArray[np.integer]
Bools = npt.NDArray[np.bool_]


@frozen(eq=False)
class Graph:
    """Explored transitions in compressed rows; states and edges in breadth-first order.

    The edges of state s are `offsets[s]` to `offsets[s + 1]`, the last excluded; edge e goes
    to state `targets[e]` by move `labels[e]`.  `levels[d]` is the first state at depth d.
    """

    offsets: Ints  # (states + 1,)
    targets: Ints  # (edges,)
    labels: Ints  # (edges,)
    levels: Ints  # (depth + 1,)

    def states(self) -> int:
        """Return the number of states."""
        return len(self.offsets) - 1

    def sources(self) -> Ints:
        """Return the state that each edge leaves, shape (edges,)."""
        return np.repeat(np.arange(self.states()), np.diff(self.offsets))

    def source(self, edges: Ints) -> Ints:
        """Return the states that *edges* leave."""
        return np.searchsorted(self.offsets[1:], edges, side="right")

    def leaving(self, states: Ints) -> Ints:
        """Return the edges that leave *states*, state by state."""
        first = self.offsets[states]
        counts = self.offsets[states + 1] - first
        begins: Ints = first - np.cumsum(counts) + counts
        return np.repeat(begins, counts) + np.arange(int(counts.sum()))

    def enabled(self, label: int | np.integer) -> Bools:
        """Return where the move *label* can be taken, shape (states,)."""
        where = np.zeros(self.states(), np.bool_)
        where[self.source(np.flatnonzero(self.labels == label))] = True
        return where


@frozen
class Escape:
    """How Q is avoided: from state *start* along *edges*, then those from *cycle* on, forever.

    *cycle* is an index of *edges*; None means that nothing leaves the last state.
    """

    start: int
    edges: tuple[int, ...]
    cycle: int | None


def escape(graph: Graph, when: Bools, then: Bools, fair: Bools) -> Escape | None:
    """Return how *when* fails to lead to *then*, or None if it never fails.

    The way from the first state explored to the stuck state or into the cycle is a shortest
    one.  *when* and *then* have shape (states,), *fair* has shape (labels,).
    """
    waiting = ~then
    sources = graph.sources()
    inner = waiting[sources] & waiting[graph.targets]
    stuck = waiting & (np.diff(graph.offsets) == 0)
    component = _components(graph, inner)
    inner_cycles = inner & (component[sources] == component[graph.targets])
    staying = _fair(graph, component, inner_cycles, fair)
    found = _approach(graph, when & waiting, inner, stuck | staying)
    if found is None:
        return None
    start, edges, end = found
    if stuck[end]:
        return Escape(start, tuple(edges), None)
    round_trip = _cycle(graph, inner_cycles & (component[sources] == component[end]), end, fair)
    return Escape(start, tuple(edges + round_trip), len(edges))


def _components(graph: Graph, kept: Bools) -> Ints:
    """Return the strongly connected component of each state over the edges *kept*."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    before = np.concatenate(([0], np.cumsum(kept)))
    rows = (np.ones(before[-1], np.int8), graph.targets[kept], before[graph.offsets])
    shape = (graph.states(), graph.states())
    _, component = connected_components(csr_array(rows, shape=shape), connection="strong")
    return np.asarray(component)


def _fair(graph: Graph, component: Ints, inner: Bools, fair: Bools) -> Bools:
    """Return which states lie in a component that a fair path can stay in."""
    sizes = np.bincount(component)
    good = np.zeros(len(sizes), np.bool_)
    good[component[graph.source(np.flatnonzero(inner))]] = True
    for label in np.flatnonzero(fair):
        enabled_in = np.bincount(component[graph.enabled(label)], minlength=len(sizes))
        taken_in = np.zeros(len(sizes), np.bool_)
        taken = np.flatnonzero(inner & (graph.labels == label))
        taken_in[component[graph.source(taken)]] = True
        good &= taken_in | (enabled_in < sizes)
    return good[component]


def _spread(graph: Graph, kept: Bools, starts: Sequence[Ints], via: Ints) -> Iterator[Ints]:
    """Yield waves of states, `starts[d]` joining wave d; note in *via* the edge to each."""
    seen = np.zeros(graph.states(), np.bool_)
    wave = starts[0][:0]
    for distance in count():
        seen[wave] = True
        if distance < len(starts):
            fresh = starts[distance]
            wave = np.concatenate((wave, fresh[~seen[fresh]]))
            seen[fresh] = True
        elif not wave.size:
            return
        yield wave
        edges = graph.leaving(wave)
        edges = edges[kept[edges] & ~seen[graph.targets[edges]]]
        wave, first = np.unique(graph.targets[edges], return_index=True)
        via[wave] = edges[first]


def _back(graph: Graph, via: Ints, end: int) -> tuple[int, list[int]]:
    """Return where the way to *end* starts, and its edges."""
    edges: list[int] = []
    while via[end] >= 0:
        edges.append(int(via[end]))
        end = int(graph.source(via[end]))
    return end, edges[::-1]


def _approach(
    graph: Graph, starts: Bools, kept: Bools, goal: Bools
) -> tuple[int, list[int], int] | None:
    """Return the start, the edges and the end of a shortest way from *starts* to *goal*.

    A start counts from its own depth, so the way from the first state explored is shortest.
    """
    if not goal.any():
        return None
    where = np.flatnonzero(starts)
    via = np.full(graph.states(), -1)
    levels = np.split(where, np.searchsorted(where, graph.levels[1:]))
    for wave in _spread(graph, kept, levels, via):
        if (hits := wave[goal[wave]]).size:
            end = int(hits[0])
            return *_back(graph, via, end), end
    return None


def _cycle(graph: Graph, inner: Bools, begin: int, fair: Bools) -> list[int]:
    """Return the edges of a fair cycle through *begin*, along *inner* edges.

    It goes to whatever settles the nearest open condition until none is open, then home.
    """
    walk: list[int] = []
    missing = {int(x) for x in np.flatnonzero(fair) if graph.enabled(x)[begin]}
    at = begin
    while missing or at != begin or not walk:
        wanted = np.zeros(len(inner), np.bool_)
        settles = {x: (graph.labels == x) | ~graph.enabled(x)[graph.targets] for x in missing}
        for edges in settles.values():
            wanted |= edges
        steps = _walk(graph, inner, at, wanted if missing else graph.targets == begin)
        missing -= {x for x, edges in settles.items() if edges[steps].any()}
        walk += steps
        at = int(graph.targets[steps[-1]])
    return walk


def _walk(graph: Graph, inner: Bools, begin: int, wanted: Bools) -> list[int]:
    """Return the edges of a shortest walk from *begin* that ends with a *wanted* edge."""
    via = np.full(graph.states(), -1)
    for wave in _spread(graph, inner, [np.array([begin])], via):
        edges = graph.leaving(wave)
        if (hits := edges[inner[edges] & wanted[edges]]).size:
            last = int(hits[0])
            return [*_back(graph, via, int(graph.source(hits[0])))[1], last]
    raise AssertionError("a strongly connected component has a way to each of its edges")
