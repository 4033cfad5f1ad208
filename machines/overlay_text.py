"""What a cycle of the overlay came to, in one line of plain text.

Exposures are shares of the balance; prices and quantities are in the instruments' own units.
"""

from collections.abc import Iterable, Mapping
from typing import assert_never

from machines.mirror import Cancel, Limited, Place, Stopped, Withdraw
from machines.mirror_inputs import Block, Order
from machines.overlay import Alerted, Close, Command, Outcome
from spec.terms import Instrument

Instruments = Mapping[str, Instrument]


def line(outcome: Outcome, instruments: Instruments) -> str:
    """Return *outcome* in words: exposures, then what was asked for and why, then who waits."""
    decision, balance = outcome.decision, outcome.balance
    base, hedge, target, band = (
        share(amount, balance)
        for amount in (decision.base, decision.hedge, decision.target, decision.band)
    )
    parts = [f"{outcome.state.name} base {base}, hedge {hedge}, target {target} +- {band}"]
    parts += [words(command, instruments) for command in outcome.commands]
    if outcome.gated:
        parts.append(f"base waits for {', '.join(outcome.gated)}")
    if outcome.ema_blocked and not decision.blocks:
        parts.append(f"EMA gate closed for {', '.join(outcome.ema_blocked)}")
    return "; ".join(parts)


def words(command: Command, instruments: Instruments) -> str:
    """Return *command* in words."""
    match command:
        case Place(order):
            return f"{order.reason.name.lower()} {told(order, instruments)}"
        case Close(order, crosses):
            how = " at the market" if crosses else ""
            return f"collision: {told(order, instruments)}{how}"
        case Cancel(order):
            return f"cancel {told(order, instruments)}"
        case Withdraw():
            return "cancel every order"
        case Limited(_, blocks):
            return f"limited by {_by_limit(blocks)}"
        case Stopped(stop, fault, where):
            return f"stop {stop}: {fault.name} {where}"
        case Alerted(symbol):
            return f"alert: base and mirror are both in {symbol}"
    assert_never(command)


def told(order: Order, instruments: Instruments) -> str:
    """Return *order* in words."""
    instrument = instruments[order.symbol]
    qty, price = steps(order.qty, instrument.lot), steps(order.price_ticks, instrument.tick)
    return f"{order.side.name.lower()} {qty} {order.symbol} at {price}"


def _by_limit(blocks: Iterable[Block]) -> str:
    """Return each limit with the symbols that it blocks."""
    found: dict[str, list[str]] = {}
    for block in blocks:
        found.setdefault(block.limit.name, []).append(block.symbol)
    return ", ".join(f"{limit} ({' '.join(symbols)})" for limit, symbols in found.items())


def share(amount: int, balance: int) -> str:
    """Return *amount* in hundredths of *balance*.

    >>> share(12_345, 100_000)
    '12.35%'
    """
    if balance <= 0:
        return "?"
    parts = (amount * 10_000 + balance // 2) // balance
    return f"{parts // 100}.{parts % 100:02}%"


def steps(count: int, step: str) -> str:
    """Return *count* times *step*, a decimal text.

    >>> steps(12, "0.05"), steps(12, "10")
    ('0.60', '120')
    """
    whole, _, part = step.partition(".")
    number = count * int(whole + part)
    if not part:
        return str(number)
    unit = 10 ** len(part)
    return f"{number // unit}.{number % unit:0{len(part)}}"
