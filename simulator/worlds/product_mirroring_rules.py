"""What is claimed of mirroring over order machines: of the strategy as of each order."""

from typing import Any

from attrs import evolve

from simulator.actors import Holds, Rule
from simulator.explorer import Move
from simulator.worlds import mirroring_claims, product_places
from simulator.worlds.mirroring_scene import Size
from simulator.worlds.product_places import untold

EARLY = "MMS-6.4"  # a closing report overtakes a fill
CHANNELS = frozenset({"book", "reports", "recoup_reports", "orders", "recoups"})


def delivers(move: Move) -> bool:
    """Return whether *move* is one that working wires and venues, and we, do in the end."""
    return product_places.delivers(move, CHANNELS)


def delivers_and_fills(move: Move) -> bool:
    """Return whether *move* is such a one, or a fill of our recoup."""
    return delivers(move) or move.what.endswith("of the recoup")


class View:
    """The features of a state as the claims of market mirroring ask for them.

    What has filled and was not told is the difference of the venue's total and ours.
    """

    def __init__(self, s: Any, slots: int) -> None:  # noqa: ANN401  # numbers or arrays, by name
        self._s, self._slots = s, slots

    @property
    def fills(self) -> Any:  # noqa: ANN401
        """The lots filled at the destination that we do not know of."""
        return sum(untold(self._s, i) for i in range(self._slots))

    @property
    def recoups_filled(self) -> Any:  # noqa: ANN401
        """The lots recouped that we do not know of."""
        return untold(self._s, self._slots)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name.startswith("done_"):
            return getattr(self._s, name.replace("done", "filled"))
        return getattr(self._s, name)


def rules(size: Size) -> tuple[Rule, ...]:
    """Return the claims on a world of this *size*; totals tell the strategy nothing too early."""
    mirrored = (
        _seen(rule, size.slots)
        for rule in mirroring_claims.rules(size)
        if rule.property.id != EARLY
    )
    return (*mirrored, *product_places.rules(size.slots + 1))


def _seen(rule: Rule, slots: int) -> Rule:
    """Return *rule* of market mirroring as it is claimed of the product."""
    fills = rule.property.id == "MMS-5.1"
    when = None if rule.when is None else _viewed(rule.when, slots)
    fair = delivers_and_fills if fills else delivers
    return evolve(rule, holds=_viewed(rule.holds, slots), when=when, fair=fair)


def _viewed(holds: Holds, slots: int) -> Holds:
    return lambda s: holds(View(s, slots))
