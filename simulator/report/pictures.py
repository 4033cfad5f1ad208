"""The pictures of a run and what is written above them."""

from simulator import results
from simulator.report import drawn, views
from simulator.report.series import series
from simulator.report.texts import duration, moment
from simulator.report.views import View
from simulator.world import Run

PRICE = "price, orders and phases"


def pngs(run: Run) -> dict[str, bytes]:
    """Return the pictures of *run* as PNG files, by name."""
    lines = series(run, results.equity(run), results.summary(run))
    whole, detail = views.whole(run), views.detail(run)
    return {
        "price": drawn.price(whole, price_title(run, whole)),
        "cycle": drawn.cycle(detail, lines.position, cycle_title(run, detail)),
        "equity": drawn.equity(lines, equity_title(run)),
    }


def price_title(run: Run, view: View) -> str:
    """Return the title of the picture of the whole price."""
    shown = "price and phases (too many orders to draw)" if view.left_out else PRICE
    return f"{run.candles.symbol}: {shown}, {_period(view)}"


def cycle_title(run: Run, view: View) -> str:
    """Return the title of the picture of one cycle."""
    return f"{run.candles.symbol}: one cycle in detail, {_period(view)}"


def equity_title(run: Run) -> str:
    """Return the title of the picture of equity, position and drawdown."""
    return f"{run.candles.symbol}: equity, position and drawdown"


def _period(view: View) -> str:
    """Return from when to when, and how long that is."""
    length = duration(view.end_ns - view.start_ns)
    return f"{moment(view.start_ns)} to {moment(view.end_ns)} UTC ({length})"
