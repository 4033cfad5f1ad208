"""The report of a run: one HTML page that needs no network, and the same pictures as PNG."""

from simulator.report import pictures
from simulator.world import Run


def html(run: Run) -> str:
    """Return the report of *run* as one self-contained HTML page."""
    from simulator.report import page

    return page.page(run)


def pngs(run: Run) -> dict[str, bytes]:
    """Return the pictures of *run* as PNG files: "price", "cycle" and "equity"."""
    return pictures.pngs(run)
