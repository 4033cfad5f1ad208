"""A choice that a bot does not take while it has something that was begun otherwise."""

from attrs import frozen

from spec.terms import Instrument

UNITS = ("symbol", "value", "tick", "lot", "money")  # what lots, ticks and money units stand for


@frozen
class Refused:
    """*name* cannot go from *before* to *after*; *fix* says what to do.

    >>> str(Refused("mode", "HEDGE", "ONE_WAY", "close what is open first"))
    'mode HEDGE -> ONE_WAY: close what is open first'
    """

    name: str
    before: object
    after: object
    fix: str

    def __str__(self) -> str:
        """Return it on one line."""
        return f"{self.name} {self.before} -> {self.after}: {self.fix}"


def other_units(before: Instrument, after: Instrument) -> Refused | None:
    """Return why *after* is not the contract that *before* was, None if it is.

    Fees, margins and the least and the largest order may change.
    """
    for name in UNITS:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            fix = "the contract is another one; close what is open and begin a new journal"
            return Refused(f"{before.symbol} {name}", old, new, fix)
    return None
