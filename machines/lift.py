"""Lift a declaration: to a `transitions` machine that watches, and to a DOT diagram."""

from enum import IntEnum
from importlib import import_module
from typing import Any, TypeVar

from transitions import Machine

from spec.fsm import Spec
from spec.render import arrows, names

S = TypeVar("S", bound=IntEnum)
X = TypeVar("X", bound=IntEnum)
A = TypeVar("A", bound=IntEnum)

# One ink for each state: an arrow and its words have that of the state they leave.
INKS = ("#1b5e9e", "#b3541e", "#2e7d32", "#8e24aa", "#a31545", "#00796b", "#5d4037")
END = "#37474f"
FONT = "Helvetica,Arial,sans-serif"
PAPER, FINAL, NOTE = "#f4f7fb", "#eceff1", "#fffde7"


class Watched:
    """What `transitions` drives: it holds a state and nothing else."""

    state: IntEnum


def lift(spec: Spec[S, X, A]) -> Machine:
    """Return a `transitions` machine that moves as *spec* does; a trigger is a symbol's name."""
    rows: list[dict[str, Any]] = [
        {"trigger": row.symbol.name, "source": row.source, "dest": row.target} for row in spec.rows
    ]
    target = spec.otherwise[0]
    rest: list[dict[str, Any]] = [  # after the rows, so `transitions` tries it last
        {"trigger": symbol.name, "source": "*", "dest": "=" if target is None else target}
        for symbol in spec.symbols
    ]
    return Machine(
        Watched(),
        states=spec.states,
        initial=spec.initial,
        transitions=rows + rest,
        auto_transitions=False,
    )


def draw(spec: Spec[S, X, A]) -> str:
    """Return *spec* as DOT source: every row is in it, and *otherwise* on a dashed note.

    Rows between the same two states share an arrow, one line each, actions after the slash.  Rows
    that stay are listed in the state's box, as UML has internal transitions.
    """
    dot = _canvas(spec)
    inks = {state: END if state in spec.final else INKS[state % len(INKS)] for state in spec.states}
    dot.node("start", label="", shape="circle", style="filled", width="0.16", fillcolor="black")
    for state in sorted(spec.states, key=lambda each: each is not spec.initial):  # that one first
        final = state in spec.final
        fill = {"peripheries": "2", "fillcolor": FINAL} if final else {"fillcolor": PAPER}
        dot.node(state.name, label=_box(spec, state, inks[state]), color=inks[state], **fill)
    dot.edge("start", spec.initial.name)
    for (source, target), labels in arrows(spec).items():
        if source is target:
            continue  # in the box, see `_box`
        ink = inks[source]
        words = "".join(f"{line}\\l" for line in labels)
        dot.edge(source.name, target.name, label=words, color=ink, fontcolor=ink)
    _note(spec, dot)
    return str(dot.source)


def _box(spec: Spec[S, X, A], state: S, ink: str) -> str:
    """Return the label of *state*: its name and, below a line, the rows that stay in it."""
    name = f"<b>{state.name}</b>"
    stays = arrows(spec).get((state, state))
    if stays is None:
        return f"<{name}>"
    lines = "".join(f'{each}<br align="left"/>' for each in stays)
    small = f'<font point-size="12" color="{ink}">{lines}</font>'
    cells = f"<tr><td>{name}</td></tr><hr/><tr><td>{small}</td></tr>"
    return f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="4">{cells}</table>>'


def _canvas(spec: Spec[S, X, A]) -> Any:  # noqa: ANN401  # graphviz ships no types
    """Return an empty diagram in the house's looks."""
    return import_module("graphviz").Digraph(
        spec.name,
        graph_attr={
            "label": f"{spec.title}\\n ",
            "labelloc": "t",
            "fontname": FONT,
            "fontsize": "24",
            "rankdir": "LR",
            "nodesep": "0.35",
            "ranksep": "0.5",
            "pad": "0.3",
            "bgcolor": "white",
        },
        node_attr={
            "fontname": FONT,
            "fontsize": "15",
            "shape": "box",
            "style": "rounded,filled",
            "penwidth": "1.6",
            "margin": "0.2,0.12",
        },
        edge_attr={"fontname": FONT, "fontsize": "13", "arrowsize": "0.8", "penwidth": "1.2"},
    )


def _note(spec: Spec[S, X, A], dot: Any) -> None:  # noqa: ANN401
    """Add where a symbol without a row leads."""
    target, emits = spec.otherwise
    actions = f" / {names(emits)}" if emits else ""
    stays = "\\nthe state stays" if target is None else ""
    words = f"in any state, any other symbol{actions}{stays}"
    dot.node("otherwise", label=words, shape="note", style="dashed,filled", fillcolor=NOTE)
    if target is not None:
        dot.edge("otherwise", target.name, style="dashed")
