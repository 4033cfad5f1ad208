"""The phase diagram of a run: how often each arrow was taken."""

from simulator.report import style
from simulator.report.untyped import svg
from simulator.world import Run
from spec.hedge_wallet import HEDGE_WALLET, State, Symbol

Arrow = tuple[State, State]

HEAD = f"""bgcolor="transparent"; rankdir=LR; nodesep=0.7; ranksep=1.1;
node [shape=box, style="rounded,filled", color="{style.MUTED}", penwidth=1.2, margin="0.25,0.16"];
node [fontname="Helvetica", fontsize=14, fontcolor="{style.INK}"];
edge [fontname="Helvetica", fontsize=13, fontcolor="{style.INK}"];"""


def arrows(run: Run) -> dict[Arrow, int]:
    """Return how often *run* took each declared arrow, and each one that it took beside them."""
    counts = {(row.source, row.target): 0 for row in HEDGE_WALLET.rows}
    for (state, symbol), count in run.record.phases.counts.items():
        target, _ = HEDGE_WALLET.take(state, symbol)
        counts[state, target] = counts.get((state, target), 0) + count
    return counts


def rows_taken(run: Run) -> list[tuple[State, Symbol, State, int]]:
    """Return (state, symbol, target, count) for each pair that *run* took, as declared."""
    counts = run.record.phases.counts
    return [
        (state, symbol, HEDGE_WALLET.take(state, symbol)[0], counts[state, symbol])
        for state, symbol in sorted(counts)
    ]


def dot(run: Run) -> str:
    """Return the diagram in Graphviz's language: the more often taken, the wider the arrow."""
    counts = arrows(run)
    most = max((count for (a, b), count in counts.items() if a is not b), default=0)
    nodes = [f'{state.name} [fillcolor="{style.PHASES[state]}"{_start(state)}];' for state in State]
    edges = [_edge(arrow, count, most) for arrow, count in counts.items()]
    return "\n".join(["digraph phases {", HEAD, *nodes, *edges, "}"])


def picture(run: Run) -> str:
    """Return the diagram as an SVG element."""
    return svg(dot(run))


def _start(state: State) -> str:
    """Return the mark of the initial state."""
    return ", peripheries=2" if state is HEDGE_WALLET.initial else ""


def _edge(arrow: Arrow, count: int, most: int) -> str:
    """Return one arrow; one that was never taken is faint."""
    source, target = arrow
    names = f"{source.name} -> {target.name}"
    if not count:
        return f'{names} [style=dashed, color="{style.FAINT}", arrowsize=0.6];'
    loop = source is target
    width = 1.2 if loop or not most else 1 + 5 * count / most
    color = style.MUTED if loop else style.INK
    return f'{names} [label=" {count:,} ", penwidth={width:.2f}, color="{color}", arrowsize=0.8];'
