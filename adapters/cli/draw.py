"""`hedgeproof draw`: diagrams of the declarations."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.machines import find


class Format(StrEnum):
    """What a diagram is written as."""

    SVG = "svg"
    PNG = "png"
    DOT = "dot"
    MERMAID = "mermaid"


def draw(
    machine: Annotated[str, typer.Argument(help="The machine to draw; all if left out.")] = "",
    form: Annotated[Format, typer.Option("--format", help="The kind of file.")] = Format.SVG,
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("runs/machines"),
) -> None:
    """Draw the machines as state diagrams."""
    from spec.catalogue import MACHINES

    suffix = "mmd" if form is Format.MERMAID else form.value
    for name in [machine] if machine else MACHINES:
        drawn = _drawn(name, form)
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"{name}.{suffix}"
        path.write_bytes(drawn)
        print(path)


def _drawn(name: str, form: Format) -> bytes:
    """Return the diagram of machine *name* as the bytes of a file."""
    from machines.lift import draw as dot
    from spec.render import mermaid

    spec, _ = find(name)
    match form:
        case Format.MERMAID:
            return mermaid(spec).encode()
        case Format.DOT:
            return dot(spec).encode()
        case Format.SVG:
            from adapters.draw import picture

            return picture(dot(spec), "svg")
        case Format.PNG:
            from adapters.draw import picture

            return picture(dot(spec), "png")
