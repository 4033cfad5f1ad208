"""What `hedgeproof status` prints, and the Prometheus text, of a run of few and of many symbols."""

import json
import re
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.cli import app
from adapters.live.metrics import metrics

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?[0-9.]+)')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"')


def leg(lots: int, cost: int, worth: int | None, profit: int | None) -> dict[str, int | None]:
    """Return a position."""
    return {"lots": lots, "cost": cost, "worth": worth, "profit": profit}


def symbol(mark: int | None = 30_000_0, orders: int = 0, **legs: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a symbol of which a tick of a lot is worth a cent of a cent."""
    return {
        "tick": "0.10",
        "lot": "0.001",
        "last": mark,
        "mark": mark,
        "open_orders": orders,
        "legs": legs,
    }


def found(**symbols: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the status of a run."""
    return {
        "venue": "v",
        "state": "RUNNING",
        "state_number": 3,
        "connected": True,
        "money": "0.0001",
        "balance": 1_000_000_000,
        "equity": 999_876_543,
        "equity_min": None,
        "exposure": 0,
        "heard_ns": 1_700_000_000_000_000_000,
        "newest_ms": -1,
        "symbols": symbols,
    }


def printed(monkeypatch: pytest.MonkeyPatch, status: dict[str, Any], *words: str) -> str:
    """Return what the command prints of *status*."""
    text = metrics(status) if "--metrics" in words else json.dumps(status)
    monkeypatch.setattr(import_module("adapters.cli.status"), "_asked", lambda *_: text)
    result = CliRunner().invoke(app, ["status", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_money_is_in_the_quote_currency_and_sizes_in_the_venue_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody has to know what a unit, a tick or a lot is; what there is no limit of is left out."""
    long = leg(250, 74_975_000, 75_000_000, 25_000)
    short = leg(1, 310_000, 300_000, 10_000)
    busy = symbol(orders=3, long=long, mirror_short=short)
    lines = printed(monkeypatch, found(BTCUSDT=busy)).splitlines()
    told = dict(line.split(maxsplit=1) for line in lines[:-3])
    assert told["balance"] == "100,000.00"
    assert told["equity"] == "99,987.65"
    assert told["heard"].startswith("2023-11-14T22:13:20")
    assert told["newest"] == "never"
    assert not told.keys() & {"equity_min", "money", "state_number"}
    assert [" ".join(line.split()) for line in lines[-2:]] == [
        "BTCUSDT long 0.250 29,990.0 30,000.0 7,500.00 2.50 3",
        "mirror short 0.001 31,000.0 30,000.0 30.00 1.00",
    ]


def test_only_what_is_held_or_ordered_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of fifty symbols those at rest are one line; a symbol without a price has dashes."""
    idle = {f"C{number}": symbol() for number in range(48)}
    unseen = symbol(None, long=leg(1, 300_000, None, None))
    text = printed(monkeypatch, found(**idle, ORDERED=symbol(orders=2), HELD=unseen))
    lines = [line.split() for line in text.splitlines()]
    assert ["ORDERED", "30,000.0", "2"] in lines
    assert ["HELD", "long", "0.001", "30,000.0", "-", "-", "0"] in lines
    assert text.endswith("48 symbols have no position and no order\n")


def test_another_server_is_not_taken_for_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, with the port and where to find the right one."""
    monkeypatch.setattr(import_module("adapters.cli.status"), "_asked", lambda *_: "<html>")
    result = CliRunner().invoke(app, ["status", "--port", "80"])
    assert result.exit_code == 2
    assert result.stderr.startswith("hedgeproof: port 80: no run answers there; give the port")


def test_whole_units_are_kept_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs get what was served."""
    status = found(S=symbol())
    assert json.loads(printed(monkeypatch, status, "--json")) == status


def test_the_text_of_prometheus_follows_its_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """HELP and TYPE once before the numbers of a family, labels escaped, money in the currency."""
    odd = 'A"B\\C\nD'
    status = found(**{odd: symbol(long=leg(5, 10_000, 20_000, 10_000)), "S": symbol()})
    text = printed(monkeypatch, status, "--metrics")
    assert text.endswith("\n")
    families: list[str] = []
    numbers: dict[tuple[str, str], Decimal] = {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            families.append(line.split()[2])
        elif line.startswith("# TYPE "):
            assert line == f"# TYPE {families[-1]} gauge"
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            name, labels, number = match.groups()
            assert name == families[-1]
            of = dict(LABEL.findall(labels or "")).get("symbol", "")
            numbers[name, of.encode().decode("unicode_escape")] = Decimal(number)
    assert len(families) == len(set(families))
    assert numbers["hedgeproof_connected", ""] == 1
    assert numbers["hedgeproof_balance", ""] == 100_000
    assert numbers["hedgeproof_price_mark", "S"] == 30_000
    assert numbers["hedgeproof_position_size", odd] == Decimal("0.005")
    assert numbers["hedgeproof_position_profit", odd] == 1
