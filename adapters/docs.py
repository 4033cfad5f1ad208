"""The printed pages: `python -m adapters.docs`.

The reference pages of the machines are their declarations.  In the pages that tell of defects, the
block below each mark is the shortest way in which the checker finds that defect.  The page of
assumptions, that of the strategy's keys and their schema are printed whole.
"""

import re
from pathlib import Path

from adapters.draw import picture
from adapters.machine_file import load
from adapters.strategy import page as strategy
from adapters.strategy.schema import dump
from machines.lift import draw
from simulator.catalogue import WORLDS, catalogue
from simulator.counterexample import mermaid, text
from simulator.faults import markdown as faults
from simulator.judge import kill
from simulator.matrix import hooks, matrix
from simulator.metrics import markdown as metrics
from simulator.view.assumptions import markdown as assumed
from spec.catalogue import MACHINES
from spec.render import markdown

DOCS = Path(__file__).parent.parent / "docs"
REFERENCE = DOCS / "reference"
ASSUMPTIONS = DOCS / "explanation" / "assumptions.md"
SCHEMA = DOCS.parent / "configs" / "strategy" / "schema.json"
EXAMPLE = DOCS / "how-to" / "resend.py"
FOUND = (DOCS / "explanation" / "what-the-checker-found.md", DOCS / "how-to" / "own-machine.md")
MARKED = re.compile(r"(<!-- found: (.+?) -->\n```)(\w+)\n.*?(?=^```$)", re.DOTALL | re.MULTILINE)


def pages() -> dict[str, str]:
    """Return the text of each page by the name of its file."""
    return {f"{name}.md": markdown(*machine) for name, machine in MACHINES.items()}


def pictures() -> dict[str, bytes]:
    """Return each picture by the name of its file; widths depend on the fonts installed."""
    return {f"{name}.svg": picture(draw(spec), "svg") for name, (spec, _) in MACHINES.items()}


def assumptions() -> str:
    """Return the page of assumptions: what each guarantee needs of the network."""
    return assumed(matrix(hooks(WORLDS), MACHINES), MACHINES)


def found(page: str) -> str:
    """Return *page* with each marked block as the checker prints it today, as text or Mermaid."""
    entries = (*catalogue(deep=True), *load(EXAMPLE).entries)
    every = [mutant for entry in entries for mutant in entry.mutants]
    defects = {mutant.defect: mutant for mutant in reversed(every)}  # the first of a name

    def block(mark: re.Match[str]) -> str:
        mutant = defects[mark[2]]
        verdict = kill(mutant).verdict
        assert verdict is not None
        shown = mermaid if mark[3] == "mermaid" else text
        return f"{mark[1]}{mark[3]}\n{shown(verdict, mutant.world)}"

    return MARKED.sub(block, page)


def main() -> None:
    """Write the pages and the pictures."""
    texts = {REFERENCE / name: page.encode() for name, page in pages().items()}
    drawn = {REFERENCE / name: picture for name, picture in pictures().items()}
    told = {path: found(path.read_text(encoding="utf-8")).encode() for path in FOUND}
    told[REFERENCE / "metrics.md"] = metrics().encode()
    told[REFERENCE / "faults.md"] = faults().encode()
    told[ASSUMPTIONS] = assumptions().encode()
    told[REFERENCE / "configuration-strategy.md"] = strategy.markdown().encode()
    told[SCHEMA] = dump().encode()
    for path, content in (texts | drawn | told).items():
        path.write_bytes(content)
        print(path)


if __name__ == "__main__":
    main()
