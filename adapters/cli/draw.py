"""`hedgeproof draw`: diagrams of the declarations."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.machines import find
from adapters.cli.terminal import made_folder

if TYPE_CHECKING:
    from spec.fsm import Spec


class Format(StrEnum):
    """What a diagram is written as."""

    SVG = "svg"
    PNG = "png"
    DOT = "dot"
    MERMAID = "mermaid"


def draw(
    machine: Annotated[
        str, typer.Argument(help="The machine to draw, or a Python file that declares some.")
    ] = "",
    form: Annotated[Format, typer.Option("--format", help="The kind of file.")] = Format.SVG,
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("runs/machines"),
) -> None:
    """Draw the machines as state diagrams."""
    suffix = "mmd" if form is Format.MERMAID else form.value
    found = find(machine)
    made_folder(out)
    for name, (spec, _) in found.items():
        path = out / f"{name}.{suffix}"
        path.write_bytes(_drawn(spec, form))
        print(path)


def _drawn(spec: "Spec[Any, Any, Any]", form: Format) -> bytes:
    """Return the diagram of *spec* as the bytes of a file."""
    from machines.lift import draw as dot
    from spec.render import mermaid

    match form:
        case Format.MERMAID:
            return mermaid(spec).encode()
        case Format.DOT:
            return dot(spec).encode()
        case Format.SVG | Format.PNG:
            from adapters.draw import picture

            return picture(dot(spec), "svg" if form is Format.SVG else "png")
