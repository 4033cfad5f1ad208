"""Pictures of DOT sources, by the Graphviz that pygraphviz brings along."""

from importlib import import_module
from typing import Any, Literal

Format = Literal["svg", "png"]


def picture(dot: str, form: Format) -> bytes:
    """Return *dot* laid out and drawn; an SVG is the same on every machine with these versions."""
    graph: Any = import_module("pygraphviz").AGraph(string=dot)
    if form == "png":
        graph.graph_attr["dpi"] = "120"
    drawn: bytes = graph.draw(format=form, prog="dot")
    return drawn
