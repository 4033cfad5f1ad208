"""`hedgeproof status`: how a live run is doing, in the venue's units and the quote currency."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from adapters.cli.run import STATUS_PORT
from adapters.cli.terminal import CommandError, console

if TYPE_CHECKING:
    from rich.table import Table

TIMEOUT_S = 5.0
FIX = "give the port that `hedgeproof run` has printed"
MONEY = frozenset({"balance", "equity", "equity_min", "exposure", "exposure_max", "profit"})
TIMES = {"heard_ns": 1, "newest_ms": 1_000_000}  # in ns
APART = frozenset({"state_number", "money", "symbols"})
Found = Mapping[str, Any]


def status(
    *,
    port: Annotated[int, typer.Option(help="The status port of the run.")] = STATUS_PORT,
    metrics: Annotated[bool, typer.Option("--metrics", help="As Prometheus text.")] = False,
    raw: Annotated[bool, typer.Option("--json", help="As JSON, in whole units.")] = False,
) -> None:
    """Print how a live run is doing; the code is 1 where a person is needed."""
    from adapters.live.status import exit_code

    text = _asked(port, "metrics" if metrics else "status")
    if metrics:
        print(text, end="")
        return
    found = _read(text, port)
    if raw:
        print(json.dumps(found, indent=2))
    else:
        for name, value in _lines(found):
            print(f"{name:>16}  {value}")
        _print_symbols(found)
    raise typer.Exit(exit_code(found["state"]))


def _asked(port: int, path: str) -> str:
    """Return what the run on *port* answers."""
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=TIMEOUT_S) as answer:
            text: str = answer.read().decode()
    except (OSError, ValueError, HTTPException) as error:
        raise CommandError(f"port {port}: nothing answers there; {FIX}") from error
    return text


def _read(text: str, port: int) -> Found:
    """Return the status that *text* is."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise CommandError(f"port {port}: no run answers there; {FIX}") from error
    return cast("Found", found)


def _lines(found: Found) -> Iterator[tuple[str, object]]:
    """Yield what is told of the whole run, by name; limits that there are not are left out."""
    from adapters.cli.results import utc

    for name, value in found.items():
        if name in APART or value is None:
            continue
        if name in MONEY:
            yield name, _money(value, found)
        elif name in TIMES:
            yield name.partition("_")[0], utc(value * TIMES[name]) if value > 0 else "never"
        else:
            yield name, value


def _print_symbols(found: Found) -> None:
    """Print a table of the symbols of which anything is held or ordered, and how many are idle."""
    from rich.table import Table

    busy = {name: each for name, each in found["symbols"].items() if _busy(each)}
    table = Table("symbol", "position", box=None, header_style="bold")
    for head in ("size", "entry", "mark", "worth", "unrealized", "orders"):
        table.add_column(head, justify="right")
    for name, each in busy.items():
        _add(table, name, each, found)
    if busy:
        console().print(table)
    idle = len(found["symbols"]) - len(busy)
    if idle:
        print(f"{idle} {'symbol has' if idle == 1 else 'symbols have'} no position and no order")


def _busy(symbol: Found) -> bool:
    return bool(symbol["legs"] or symbol["open_orders"])


def _add(table: "Table", name: str, symbol: Found, found: Found) -> None:
    """Add the positions of *symbol* to *table*, one a row."""
    tick, lot, money = Decimal(symbol["tick"]), Decimal(symbol["lot"]), Decimal(found["money"])
    mark = "" if symbol["mark"] is None else _price(symbol["mark"] * tick, tick)
    first = name, str(symbol["open_orders"])
    for side, leg in symbol["legs"].items():
        size = leg["lots"] * lot
        table.add_row(
            first[0],
            side.replace("_", " "),
            f"{size:,f}",
            _price(leg["cost"] * money / size, tick),
            mark,
            _money(leg["worth"], found),
            _money(leg["profit"], found),
            first[1],
        )
        first = "", ""
    if not symbol["legs"]:
        table.add_row(name, "", "", "", mark, "", "", first[1])


def _price(price: Decimal, tick: Decimal) -> str:
    """Return *price* with as many places as *tick* has."""
    exponent = tick.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return f"{price:,.{max(-exponent, 0)}f}"


def _money(units: int | None, found: Found) -> str:
    """Return money *units* in the quote currency, to the cent; a dash where it is not known."""
    return "-" if units is None else f"{units * Decimal(found['money']):,.2f}"
