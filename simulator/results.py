"""What came of a run: its equity, its summary, and the assertion that all of it adds up."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from attrs import frozen

from simulator.agreement import disagreements
from simulator.candles import Ints
from simulator.cycles import Cycle, cycles, paid, spans, traded
from simulator.world import Run
from spec.hedge_wallet import State
from spec.units import MILLI_NS, MILLION

__all__ = ["Cycle", "Equity", "Summary", "cycles", "equity", "summary", "verify"]

Summary = dict[str, int | str]
DIGITS_PPM = 6


@frozen(kw_only=True, eq=False)
class Equity:
    """One value a bar, at its close: int64 (bars,) each.

    *ts_ms* is Unix ms, *close* in ticks, *position* in signed net lots, *equity* and *holding* in
    money units, *drawdown_ppm* relative to the highest equity so far.  *holding* buys what the
    first re-entry bought, for the same fees, and pays no funding.
    """

    ts_ms: Ints
    close: Ints
    position: Ints
    equity: Ints
    holding: Ints
    drawdown_ppm: Ints


def equity(run: Run) -> Equity:
    """Return the equity of *run* at the close of each bar."""
    candles, account, fills = run.candles, run.venue.account, run.venue.fills
    value = run.setup.wallet.instrument.value
    ts_ms = candles.start_ms + candles.step_ms * np.arange(1, len(candles) + 1, dtype=np.int64)
    close = candles.close
    # Sums may wrap on their way, int64 brings them back: they are exact where the result fits.
    lots = [(fill.time_ns, traded((fill,))) for fill in fills]
    money = [(fill.time_ns, paid((fill,)) * value - fill.fee) for fill in fills]
    transfers = [(transfer.time_ns, transfer.amount) for transfer in account.transfers]
    position = _by(ts_ms, lots)
    cash = account.deposit + _by(ts_ms, money) + _by(ts_ms, transfers)
    first = len(spans(fills)[0].buys) if fills else 0
    spent, held = _by(ts_ms, money[:first]), _by(ts_ms, lots[:first])
    total = cash + position * close * value
    return Equity(
        ts_ms=ts_ms,
        close=close,
        position=position,
        equity=total,
        holding=account.deposit + spent + held * close * value,
        drawdown_ppm=_drawdown_ppm(total, account.deposit),
    )


def summary(run: Run) -> Summary:
    """Return the figures of *run* by name, in the order in which a person reads them.

    Names end in ppm or ns where that is the unit; money is in money units.
    """
    found, curve, account = cycles(run), equity(run), run.venue.account
    start, end = account.deposit, int(curve.equity[-1])
    return {
        "bars": len(run.candles),
        "orders": len(run.record.lives),
        "fills": len(run.venue.fills),
        "cycles": len(found),
        "simple_cycles": sum(cycle.simple for cycle in found),
        "equity_start": start,
        "equity_end": end,
        "return_ppm": _change_ppm(start, end),
        "holding_return_ppm": _change_ppm(start, int(curve.holding[-1])),
        "drawdown_ppm": int(curve.drawdown_ppm.max()),
        "fees": account.fees,
        "funding": account.funding,
        "slippage": sum(cycle.slippage for cycle in found),
        **{f"{state.name.lower()}_ns": time_ns for state, time_ns in _phases(run).items()},
        "journal_hash": run.journal_hash,
    }


def verify(run: Run) -> tuple[Cycle, ...]:
    """Assert that *run* adds up to the last money unit, and return its cycles.

    Raises:
        AssertionError: A simple cycle is not the closed form less its costs; cash, fees or
            funding do not follow from the fills; or the bot and the venue disagree about cash,
            position or orders although nothing is under way.
    """
    found, account = cycles(run), run.venue.account
    for cycle in found:
        _verify_cycle(cycle)
    assert sum(cycle.orders for cycle in found) == len(run.venue.fills), "fills outside the cycles"
    assert sum(cycle.fees for cycle in found) == account.fees, "fees outside the cycles"
    assert sum(cycle.funding for cycle in found) == account.funding, "funding outside the cycles"
    run.venue.reconcile()
    _verify_wallets(run, found)
    _verify_equity(run)
    if not run.under_way:
        wrong = disagreements(run.bot, run.venue)
        assert not wrong, wrong
    return found


def _verify_cycle(cycle: Cycle) -> None:
    """Assert that a simple cycle earned its closed form, less what is itemized."""
    name = f"cycle {cycle.number}"
    assert cycle.net == cycle.pnl - cycle.fees + cycle.funding, f"{name}: net"
    if cycle.simple:
        earned = cycle.pnl + cycle.slippage
        assert earned == cycle.expected, f"{name}: {earned}, closed form {cycle.expected}"


def _verify_wallets(run: Run, found: Sequence[Cycle]) -> None:
    """Assert that the bot counts its cash, its lots and its anchor as the fills do.

    It is asked whenever it learns that a re-entry is complete: nothing else is open then.  It may
    or may not know of funding since the fill.
    """
    account, value = run.venue.account, run.setup.wallet.instrument.value
    known = [(ns, bot) for ns, bot in run.record.wallets if bot.wallet.phase is State.ADVANCE]
    assert 0 <= len(found) - len(known) <= 1, "a re-entry that the bot does not know of"
    cash, times = account.deposit, [transfer.time_ns for transfer in account.transfers]
    for cycle, span, (now_ns, bot) in zip(found, spans(run.venue.fills), known, strict=False):
        wallet, name = bot.wallet, f"cycle {cycle.number}"
        cash += paid(span.buys) * value - sum(fill.fee for fill in span.buys)
        # After a restart the answer about the account comes last: it may know less for a while.
        since_ns = 0 if run.setup.restarts else span.buys[-1].time_ns
        counts = range(bisect_left(times, since_ns), bisect_right(times, now_ns) + 1)
        credited = {sum(each.amount for each in account.transfers[:count]) for count in counts}
        known_cash = cash + bot.account.credited
        assert bot.account.credited in credited, f"{name}: the bot knows of {bot.account}"
        assert wallet.cash == known_cash, f"{name}: the bot's cash is {wallet.cash}, {known_cash}"
        assert wallet.cycle_qty == cycle.qty, f"{name}: the bot holds {wallet.cycle_qty} lots"
        assert wallet.anchor_ticks == cycle.anchor_ticks, f"{name}: anchor {wallet.anchor_ticks}"
        cash += paid(span.rest) * value - sum(fill.fee for fill in span.rest)


def _verify_equity(run: Run) -> None:
    """Assert that the last bar's equity is the venue's, moved from its mark to the close."""
    curve, account = equity(run), run.venue.account
    net = traded(run.venue.fills)
    moved = net * (int(curve.close[-1]) - account.marks[0]) * run.setup.wallet.instrument.value
    assert int(curve.position[-1]) == net, (int(curve.position[-1]), net)
    assert int(curve.equity[-1]) == account.equity() + moved, (int(curve.equity[-1]), moved)


def _by(ts_ms: Ints, moves: Sequence[tuple[int, int]]) -> Ints:
    """Return the sum of the *moves* (ns, amount) before each bar ended, int64 (bars,)."""
    times, amounts = np.array(moves, dtype=np.int64).reshape(-1, 2).T
    sums = np.concatenate((np.zeros(1, np.int64), np.cumsum(amounts)))
    return sums[np.searchsorted(times, ts_ms * MILLI_NS, side="left")]


def _drawdown_ppm(curve: Ints, deposit: int) -> Ints:
    """Return how far *curve* is below its highest value so far, int64 (bars,), rounded down.

    Long division, digit by digit: a product with a million may not fit.
    """
    peaks = np.maximum(np.maximum.accumulate(curve), max(deposit, 1))
    quotient, rest = np.divmod(peaks - curve, peaks)
    for _ in range(DIGITS_PPM):
        digit, rest = np.divmod(10 * rest, peaks)
        quotient = 10 * quotient + digit
    return quotient


def _change_ppm(start: int, end: int) -> int:
    """Return the change from *start* to *end* in ppm of *start*, rounded down; 0 of nothing."""
    return (end - start) * MILLION // start if start else 0


def _phases(run: Run) -> dict[State, int]:
    """Return the time spent in each phase, in ns."""
    times, log = dict.fromkeys(State, 0), run.record.phase_log
    for phase, then in pairwise(log):
        times[phase.state] += then.at_ns - phase.at_ns
    times[log[-1].state] += run.end_ns - log[-1].at_ns
    return times
