"""The reference pages of the machines, printed from the declarations: `python -m adapters.docs`."""

from pathlib import Path

from adapters.draw import picture
from machines.lift import draw
from spec.catalogue import MACHINES
from spec.render import markdown

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"


def pages() -> dict[str, str]:
    """Return the text of each page by the name of its file."""
    return {f"{name}.md": markdown(*machine) for name, machine in MACHINES.items()}


def pictures() -> dict[str, bytes]:
    """Return each picture by the name of its file; widths depend on the fonts installed."""
    return {f"{name}.svg": picture(draw(spec), "svg") for name, (spec, _) in MACHINES.items()}


def main() -> None:
    """Write the pages and the pictures."""
    texts = {name: page.encode() for name, page in pages().items()}
    for name, content in (texts | pictures()).items():
        (REFERENCE / name).write_bytes(content)
        print(REFERENCE / name)


if __name__ == "__main__":
    main()
