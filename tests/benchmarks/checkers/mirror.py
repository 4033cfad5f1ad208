"""MIRROR, the model that every checker of the benchmark explores, as a world of two actors.

A strategy mirrors the volume that a source wants: it keeps limit orders in *slots* at a destination
and never lets the exposure exceed *cap*, though requests and notices take their time.  What it has
sold beyond the source's volume it asks the source to take back, a recoup, lot by lot.

The strategy holds all but the true open volumes; requests reach the destination over one channel,
notices return over the other.  What was truly sold is no variable here: it follows from what the
strategy has seen, what the channel of notices carries and what the source has taken back unseen.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from attrs import frozen

from simulator.actors import Actor, ActorWorld, Channel, Do, Features, Rule
from spec.properties import Kind, Property, declare

FREE, OPEN, CANCELING = 0, 1, 2  # of a slot; CANCELING: open as far as we know, cancel requested
PLACE, CANCEL = "place", "cancel"
PLACED, FILL, DONE, CANCELED = "placed", "fill", "done", "canceled"
REQUESTS, NOTICES = "requests", "notices"

LAG_BLIND, EARLY_FREE, UNORDERED, OPTIMISTIC = "D1", "D2", "D3", "D4"
DEFECTS: Mapping[str, str] = {
    LAG_BLIND: "the bound on a new order forgets what is open",
    EARLY_FREE: "a slot is free as soon as its cancel is requested",
    UNORDERED: "notices arrive in any order",
    OPTIMISTIC: "a recoup is credited when it is requested",
}

PROPERTIES = declare(
    Property("BEN-1", Kind.ALWAYS, "The true exposure is within the cap."),
    Property("BEN-2", Kind.ALWAYS, "The exposure seen bounds the true one and is within the cap."),
    Property("BEN-3", Kind.ALWAYS, "No more is recouped than was sold."),
    Property("BEN-4", Kind.ALWAYS, "Each slot bounds the open volume of its order."),
    Property("BEN-5", Kind.ALWAYS, "Each notice is one that its slot expects."),
)
EXPOSURE = "BEN-1"


class Size(NamedTuple):
    """How large the model is: slots, lots, lots, and messages that a channel holds."""

    slots: int
    cap: int
    target: int
    requests: int
    notices: int


class Counts(NamedTuple):
    """Distinct states, transitions between them, and the largest distance from the start."""

    states: int
    transitions: int
    depth: int


SMALL = (Size(1, 2, 2, 1, 2), Size(2, 2, 2, 2, 3), Size(2, 3, 3, 2, 3))
NAMED = {"S": Size(3, 3, 3, 2, 4), "M": Size(3, 4, 4, 4, 5), "L": Size(4, 5, 5, 2, 4)}
EXPECTED = {
    SMALL[0]: Counts(345, 1_449, 15),
    SMALL[1]: Counts(2_790, 12_577, 23),
    SMALL[2]: Counts(14_888, 86_980, 23),
    NAMED["S"]: Counts(101_756, 586_372, 37),
    NAMED["M"]: Counts(1_196_995, 8_488_125, 38),
    NAMED["L"]: Counts(10_511_100, 84_264_291, 54),
}
# At size S the shortest path to a state where any claim fails, and where the true exposure does.
DEFECT_DEPTHS = {
    LAG_BLIND: (6, 8),
    EARLY_FREE: (5, 9),
    UNORDERED: (5, 7),
    OPTIMISTIC: (7, 9),
}

Lots = tuple[int, ...]
Message = tuple[str, int, int]  # what, slot, lots
# Target, state and bound on the open volume of each slot, sold as far as seen (less what was taken
# back), recoup requested, recoup executed but not seen, whether the last notice was unexpected.
Strategy = tuple[int, Lots, Lots, int, int, int, int]


def mirror(  # noqa: PLR0913, PLR0917  # the model's parameters, in its order
    slots: int, cap: int, target: int, requests: int, notices: int, defect: str = ""
) -> ActorWorld:
    """Return MIRROR of that size, with one of DEFECTS if one is named.

    Raises:
        ValueError: There is no such defect.
    """
    if defect and defect not in DEFECTS:
        raise ValueError(f"no defect {defect!r}; there are {', '.join(DEFECTS)}")
    sizes = Size(slots, cap, target, requests, notices)
    strategy = _Strategy(slots, cap, target, defect)
    idle: Strategy = (0, (FREE,) * slots, (0,) * slots, 0, 0, 0, 0)
    return ActorWorld(
        f"mirror {' '.join(map(str, sizes))} {defect}".rstrip(),
        (
            Actor("strategy", idle, strategy.acts, strategy.hears, strategy.features),
            Actor("destination", (0,) * slots, _fills, _serves, _open_volumes),
        ),
        (
            Channel(REQUESTS, "destination", requests, show=_words),
            Channel(
                NOTICES,
                "strategy",
                notices,
                ordered=defect != UNORDERED,
                weights={"fills_under_way": lambda message: message[2]},
                show=_words,
            ),
        ),
        _rules(slots, cap, defect),
    )


@frozen
class _Strategy:
    """What the strategy does and hears, and what the source does at its request."""

    slots: int
    cap: int
    target: int
    defect: str

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What the claims are said in."""
        of_slots = [f"{what}{slot}" for what in ("status", "bound") for slot in range(self.slots)]
        return (*of_slots, "bounds", "sold", "in_recoup", "true_sold", "unexpected")

    def acts(self, state: Strategy) -> Iterable[Do]:
        """Return a new target, an order placed or canceled, and the steps of a recoup."""
        wanted, status, bounds, sold, asked, unseen, _ = state
        found = [
            Do(f"target {lots}", (lots, status, bounds, sold, asked, unseen, 0))
            for lots in range(self.target + 1)
            if lots != wanted
        ]
        live = total = 0
        for slot, lots in enumerate(bounds):
            total += lots
            if status[slot] == OPEN:
                live += lots
        room = self.cap - sold if self.defect == LAG_BLIND else self.cap - sold - total
        lots = min(wanted - live, room)
        if lots >= 1 and FREE in status:
            slot = status.index(FREE)
            after = _put(status, slot, OPEN), _put(bounds, slot, lots)
            message = (REQUESTS, (PLACE, slot, lots))
            found.append(
                Do(f"place {lots} in {slot}", (wanted, *after, sold, asked, unseen, 0), (message,))
            )
        if live > wanted:
            found.append(self._cancel(state))
        self._recoup(state, found)
        return found

    def _cancel(self, state: Strategy) -> Do:
        """Return the cancel of the first open order."""
        wanted, status, bounds, sold, asked, unseen, _ = state
        slot = 0
        while status[slot] != OPEN or not bounds[slot]:
            slot += 1
        if self.defect == EARLY_FREE:
            status, bounds = _put(status, slot, FREE), _put(bounds, slot, 0)
        else:
            status = _put(status, slot, CANCELING)
        after = (wanted, status, bounds, sold, asked, unseen, 0)
        return Do(f"cancel {slot}", after, ((REQUESTS, (CANCEL, slot, 0)),))

    def _recoup(self, state: Strategy, found: list[Do]) -> None:
        """Add to *found* that a recoup is requested, executed or seen."""
        wanted, status, bounds, sold, asked, unseen, _ = state
        optimistic = self.defect == OPTIMISTIC
        if optimistic and sold:
            found.append(Do("recoup", (wanted, status, bounds, 0, asked + sold, unseen, 0)))
        if not optimistic and sold > asked + unseen:
            found.append(Do("recoup", (wanted, status, bounds, sold, sold - unseen, unseen, 0)))
        if asked:
            after = (wanted, status, bounds, sold, asked - 1, unseen + 1, 0)
            found.append(Do("source executes 1", after))
        if unseen:
            left = sold if optimistic else sold - 1
            found.append(Do("recoup seen", (wanted, status, bounds, left, asked, unseen - 1, 0)))

    def hears(self, state: Strategy, channel: str, message: Message) -> Iterable[Do]:  # noqa: ARG002
        """Return the one outcome of a notice; with a defect it may be an unexpected one."""
        wanted, status, bounds, sold, asked, unseen, _ = state
        what, slot, lots = message
        bad = 0
        if what == FILL:
            left = bounds[slot] - lots
            bad = int(left < 0 or status[slot] == FREE)
            bounds, sold = _put(bounds, slot, max(left, 0)), sold + lots
        elif what != PLACED:
            bad = int(what == DONE and bounds[slot] != 0)
            status, bounds = _put(status, slot, FREE), _put(bounds, slot, 0)
        return (Do("heard", (wanted, status, bounds, sold, asked, unseen, bad)),)

    def features(self, state: Strategy) -> Features:
        """Return what the claims need; `true_sold` lacks the fills under way."""
        _, status, bounds, sold, asked, unseen, bad = state
        true_sold = sold + asked if self.defect == OPTIMISTIC else sold - unseen
        whole = sum(bounds), sold, asked + unseen, true_sold, bad
        return dict(zip(self.names, (*status, *bounds, *whole), strict=True))


def _fills(volumes: Lots) -> Iterable[Do]:
    """Return what may fill of each order: with the last lot it is done, in the same moment."""
    found: list[Do] = []
    for slot, volume in enumerate(volumes):
        for lots in range(1, volume):
            after = _put(volumes, slot, volume - lots)
            found.append(Do(f"fill {lots} of {slot}", after, ((NOTICES, (FILL, slot, lots)),)))
        if volume:
            sends = (NOTICES, (FILL, slot, volume)), (NOTICES, (DONE, slot, 0))
            found.append(Do(f"fill all of {slot}", _put(volumes, slot, 0), sends))
    return found


def _serves(volumes: Lots, channel: str, message: Message) -> Iterable[Do]:  # noqa: ARG001
    """Return what may become of a request; a late cancel is ignored."""
    what, slot, lots = message
    canceled = ((NOTICES, (CANCELED, slot, 0)),)
    if what == PLACE:
        accepted = ((NOTICES, (PLACED, slot, 0)),)
        return (
            Do("accept", _put(volumes, slot, lots), accepted),
            Do("reject", volumes, canceled),
        )
    if volumes[slot]:
        return (Do("cancel", _put(volumes, slot, 0), canceled),)
    return (Do("too late", volumes),)


def _open_volumes(volumes: Lots) -> Features:
    """Return the true open volume, of each slot and in total."""
    each = {f"volume{slot}": lots for slot, lots in enumerate(volumes)}
    return {**each, "volumes": sum(volumes)}


def _rules(slots: int, cap: int, defect: str) -> tuple[Rule, ...]:
    """Return the claims; a recoup credited early may exceed what is left of the sold lots."""

    def exposure(f: Any) -> Any:  # noqa: ANN401
        return f.volumes + f.true_sold + f.fills_under_way

    def exposed(f: Any) -> Any:  # noqa: ANN401
        seen = f.bounds + f.sold
        return (exposure(f) <= seen) & (seen <= cap)

    def recouped(f: Any) -> Any:  # noqa: ANN401
        covered = defect == OPTIMISTIC or f.in_recoup <= f.sold
        return covered & (f.true_sold + f.fills_under_way >= 0)

    def bounded(f: Any) -> Any:  # noqa: ANN401
        holds: Any = True
        for slot in range(slots):
            volume, bound = getattr(f, f"volume{slot}"), getattr(f, f"bound{slot}")
            holds &= (volume <= bound) & ((getattr(f, f"status{slot}") != FREE) | (bound == 0))
        return holds

    claims: Mapping[str, Callable[[Any], Any]] = {
        "BEN-1": lambda f: exposure(f) <= cap,
        "BEN-2": exposed,
        "BEN-3": recouped,
        "BEN-4": bounded,
        "BEN-5": lambda f: f.unexpected == 0,
    }
    return tuple(Rule(PROPERTIES[name], holds) for name, holds in claims.items())


def _put(values: Lots, at: int, value: int) -> Lots:
    """Return *values* with *value* at *at*."""
    return (*values[:at], value, *values[at + 1 :])


def _words(message: Message) -> str:
    """Return *message* in words.

    >>> _words((FILL, 0, 2)), _words((DONE, 0, 0))
    ('fill 0: 2', 'done 0')
    """
    what, slot, lots = message
    return f"{what} {slot}: {lots}" if lots else f"{what} {slot}"
