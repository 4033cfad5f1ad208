"""The cycles of a mirror overlay as files: one line a cycle for people, the same as JSON lines."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from machines.mirror import Limited
from machines.overlay import Outcome
from machines.overlay_text import line, words
from simulator.engine.mirrors import MirrorCycle, MirrorResult
from spec.terms import Instrument

LOG, LINES = "mirror.log", "mirror.jsonl"


def write(result: MirrorResult, out: Path) -> None:
    """Write `mirror.log` and `mirror.jsonl` to the folder *out*."""
    instruments = {each.symbol: each for each in result.instruments}
    for name, lines in (
        (LOG, (f"{_time(each)} {line(each.outcome, instruments)}" for each in result.cycles)),
        (LINES, (json.dumps(_data(each, instruments, result)) for each in result.cycles)),
    ):
        text = "".join(f"{each}\n" for each in lines)
        (out / name).write_text(text, encoding="utf-8")


def _time(cycle: MirrorCycle) -> str:
    """Return when the bar of *cycle* closed."""
    moment = datetime.fromtimestamp(cycle.close_ms / 1_000, UTC)
    return moment.isoformat(timespec="minutes").replace("+00:00", "Z")


def _data(
    cycle: MirrorCycle, instruments: dict[str, Instrument], result: MirrorResult
) -> dict[str, object]:
    """Return *cycle* as JSON: exposures in quote, orders in words."""
    outcome = cycle.outcome
    return {
        "time": _time(cycle),
        "state": outcome.state.name,
        **{name: _quote(amount, result.money_dp) for name, amount in _amounts(outcome)},
        "commands": [words(each, instruments) for each in outcome.commands],
        "blocks": {
            block.symbol: block.limit.name
            for command in outcome.commands
            if isinstance(command, Limited)
            for block in command.blocks
        },
        "gated": list(outcome.gated),
        "ema_blocked": list(outcome.ema_blocked),
    }


def _amounts(outcome: Outcome) -> Iterator[tuple[str, int]]:
    """Yield the balance and the exposures of *outcome*, in money units."""
    decision = outcome.decision
    yield "balance", outcome.balance
    yield "base", decision.base
    yield "hedge", decision.hedge
    yield "target", decision.target
    yield "band", decision.band


def _quote(amount: int, money_dp: int) -> str:
    """Return *amount* of money units in quote.

    >>> _quote(1_234_500, 4)
    '123.4500'
    """
    return str(Decimal(amount).scaleb(-money_dp))
