"""The catalogue of faults: what networks and venues do to a bot, by name, with a rate each.

Those with a number have been met at real exchanges.  A fault acts on the wire, in front of the
venue, or in the process itself; the event world and the wire server share the names.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from types import MappingProxyType

from attrs import field, frozen

from simulator.prng import Prng

FOREVER_NS = 2**62
PERCENT = 10_000  # ppm
RATES = (1, 2, 5)  # a drawn rate is half the default one, that, or two and a half times


class Where(IntEnum):
    """Where a fault acts."""

    WIRE = 0
    VENUE = 1
    PROCESS = 2


@frozen
class Fault:
    """One fault: it strikes *ppm* of the *chances* it has, unless another rate is asked for.

    *text* says what happens, *defence* what withstands it, *needs* which faults give it occasion.
    """

    name: str
    number: int
    where: Where
    chances: str
    ppm: int
    text: str
    defence: str
    needs: tuple[str, ...] = ()


WIRE, VENUE, PROCESS = Where.WIRE, Where.VENUE, Where.PROCESS
UNKNOWN = "an unknown outcome: the venue is asked once the request can no longer be valid"
REPEATED = "ABSENT is believed after three answers in a row, a second apart"
SHOWN = "; what is shown stays exposed until its report or a look"
TOTALS = "reports carry totals: what comes twice or out of turn is no news"
REFUSED = "a definite refusal: the order is wanted again after a growing delay"
SUSPENDED = "a refusal, and DEGRADED until it is over: nothing that opens exposure leaves"
GAP = "CONNECTING, RECONCILING: every open order is asked for before RUNNING"

CATALOGUE = (
    Fault("not_found_after_ack", 1, VENUE, "queries and cancels", 30 * PERCENT,
           "an order taken less than 1.5 s ago is not found", REPEATED,
           ("late_request",)),
    Fault("stale_open_orders", 2, VENUE, "queries", 30 * PERCENT,
           "the answer is up to 1.5 s old: it misses an order, or shows one that has closed",
           REPEATED + SHOWN,
           ("garbage_200", "ws_gap")),
    Fault("event_before_ack", 3, WIRE, "answers", 20 * PERCENT,
           "the answer to a command comes up to 2 s after the events that follow it",
           "events count before the answer"),
    Fault("lost_answer_executed", 4, WIRE, "answers", 5 * PERCENT,
           "the command was carried out, its answer never comes, or the connection drops", UNKNOWN),
    Fault("retry_duplicate", 5, WIRE, "orders", 10 * PERCENT,
           "the request arrives a second time up to 2 s later",
           "one client order id for one intent: the venue refuses the second"),
    Fault("duplicate_ws_event", 6, WIRE, "events", 20 * PERCENT,
           "the event comes again up to 2 s later, after newer ones", TOTALS),
    Fault("merged_ws_states", 7, WIRE, "events", 30 * PERCENT,
           "of two events of an order close together only the later one comes", TOTALS),
    Fault("ws_gap", 8, WIRE, "events", PERCENT,
           "the stream ends; it is noticed at once, or after up to 20 s of silence", GAP),
    Fault("partial_then_cancel", 9, VENUE, "partial fills", 20 * PERCENT,
           "the venue cancels what is left of the order", "the closing report carries the total"),
    Fault("fill_during_cancel", 10, WIRE, "cancels", 30 * PERCENT,
           "the cancel arrives up to 3 s late: often the order has filled, and is not found",
           "an order that is not there to be canceled is asked for"),
    Fault("position_lag", 11, VENUE, "positions asked for", 50 * PERCENT,
           "the rows are from before their latest change, for up to 1.5 s",
           "a position that nothing explains counts after three looks in a row",
           ("ws_gap",)),
    Fault("leg_mismatch", 12, VENUE, "orders", 5 * PERCENT,
           "refused as if the position mode had been changed", REFUSED),
    Fault("reduce_only_reject", 13, VENUE, "closing orders", 10 * PERCENT,
           "refused although there is a position to reduce", REFUSED),
    Fault("stop_changes_id", 14, VENUE, "queries for triggered orders", 50 * PERCENT,
           "the venue no longer knows the order under the name that was asked for", REPEATED,
           ("garbage_200", "ws_gap")),
    Fault("clock_drift", 15, VENUE, "requests", PERCENT,
           "the timestamp is refused for the next 2 s", SUSPENDED),
    Fault("expired", 16, VENUE, "orders taken", 5 * PERCENT,
           "the venue expires the order, as self-trade prevention does", REFUSED),
    Fault("phantom_leg_row", 17, VENUE, "positions asked for", 50 * PERCENT,
           "an empty row for a leg comes first", "rows are told apart by leg, not by place",
           ("ws_gap",)),
    Fault("rate_limit", 18, VENUE, "requests", PERCENT,
           "refused for the next 5 s", SUSPENDED),
    Fault("min_notional_dust", 19, VENUE, "orders that leave dust", 100 * PERCENT,
           "the venue has a minimum notional: what is left of a partial fill is below it",
           "dust is not asked for again, and only closed by orders that may be small",
           ("partial_then_cancel",)),
    Fault("foreign_order", 20, VENUE, "events", 3 * PERCENT,
           "somebody else rests an order in the account, and takes it away",
           "only known client order ids count"),
    Fault("garbage_200", 21, WIRE, "answers", 5 * PERCENT,
           "the command was carried out, its answer cannot be read", UNKNOWN),
    Fault("lost_request", 0, WIRE, "requests", 5 * PERCENT,
           "the request never arrives, and no answer comes", UNKNOWN),
    Fault("late_request", 0, WIRE, "requests", 5 * PERCENT,
           "the request arrives up to 8 s late, and its connection may drop at once",
           "requests are refused after 5 s, and nothing is asked before"),
    Fault("maintenance", 0, VENUE, "requests", PERCENT // 4,
           "for up to 30 s requests fail and streams end; orders stay", GAP),
    Fault("crash", 0, PROCESS, "events", PERCENT // 4,
           "the process starts again: what it was waiting for is forgotten",
           "the journal, and the path of every start"),
)  # fmt: skip
FAULTS: Mapping[str, Fault] = MappingProxyType({each.name: each for each in CATALOGUE})


@frozen(kw_only=True)
class Faults:
    """Which faults are on, in ppm of their chances, and from when until when in ns of the run."""

    rates: Mapping[str, int] = field(factory=dict[str, int], hash=False)
    begin_ns: int = 0
    end_ns: int = FOREVER_NS

    def ppm(self, name: str) -> int:
        """Return the rate of the fault *name*, 0 where it is off."""
        return self.rates.get(name, 0)


def chosen(names: Iterable[str], **window: int) -> Faults:
    """Return the faults *names*, and those that give them occasion, at their default rates.

    Raises:
        KeyError: There is no fault of that name.
    """
    wanted = [each for name in names for each in (name, *FAULTS[name].needs)]
    return Faults(rates={name: FAULTS[name].ppm for name in wanted}, **window)


def drawn(seed: int, **window: int) -> Faults:
    """Return the faults of a swarm run: each is on or off, and its rate is drawn too.

    Runs differ in what is off: a fault that is always on can hide another.
    """
    dice, rates = Prng(seed).split("faults"), dict[str, int]()
    share = dice.between(1, 9)
    for fault in CATALOGUE:
        if dice.below(10) < share:
            rates[fault.name] = _rate(fault, dice)
    return Faults(rates=rates, **window)


def _rate(fault: Fault, dice: Prng) -> int:
    """Return a drawn rate of *fault*: hardly ever is everything struck."""
    if fault.ppm == 100 * PERCENT:
        return fault.ppm
    return min(fault.ppm * RATES[dice.below(len(RATES))] // 2, 90 * PERCENT)


class Strikes:
    """Draws when a fault strikes, and counts; each fault, and each strike, has dice of its own.

    So neither a fault that is switched off nor a shorter window changes when the others strike.
    """

    def __init__(self, faults: Faults, seed: int, start_ns: int) -> None:
        self.counts = dict.fromkeys(faults.rates, 0)
        self._faults = faults
        self._begin_ns, self._end_ns = start_ns + faults.begin_ns, start_ns + faults.end_ns
        self._dice = {name: Prng(seed).split(name) for name in faults.rates}
        self._strike = dict(self._dice)  # the dice of the latest one

    def on(self, name: str, now_ns: int) -> bool:
        """Return whether the fault *name* strikes now, if it has a chance."""
        dice = self._dice.get(name)
        if dice is None or not dice.chance(self._faults.ppm(name)):
            return False
        self._strike[name] = Prng(dice.next_u64())
        if not self._begin_ns <= now_ns < self._end_ns:
            return False
        self.counts[name] += 1
        return True

    def happened(self, name: str) -> None:
        """Count the fault *name*, which happens by itself once it is arranged for."""
        if name in self.counts:
            self.counts[name] += 1

    def within(self, name: str, most: int) -> int:
        """Return 1 to *most*: for how long the fault *name* strikes, or in which of its ways."""
        return self._strike[name].below(most) + 1


PAGE = """\
# Faults

Printed by `make docs` from `simulator/faults.py`: change that, not this page.

Each fault is drawn from dice of its own, by seed and name, every time it has a chance. The names
are the same in [`hedgeproof swarm`](command-line.md#swarm) and `hedgeproof exchange --faults`,
which has all but `crash`, `min_notional_dust` and `stop_changes_id`;
[why, and what withstands them](../explanation/faults.md). Those with a number have been met at
real exchanges.

| fault | no. | where | strikes | of | what happens | what withstands it |
| --- | --- | --- | --- | --- | --- | --- |
"""


def markdown() -> str:
    """Return the catalogue as a page."""
    rows = (
        f"| `{fault.name}` | {fault.number or ''} | {fault.where.name.lower()} "
        f"| {fault.ppm / PERCENT:g} % | {fault.chances} | {fault.text} | {fault.defence} |\n"
        for fault in CATALOGUE
    )
    return PAGE + "".join(rows)
