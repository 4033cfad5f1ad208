"""What it means that a request came to nothing: refused, done before, or not known."""

from collections.abc import Mapping

from attrs import frozen

from adapters.venue.port import (
    Done,
    Duplicate,
    Outcome,
    Rejected,
    Setting,
    Unavailable,
    Unknown,
)
from spec.terms import Reason


@frozen
class Failure:
    """A request came to nothing; *code* and *text* are the venue's, or ours where it is silent.

    *limited* says that it was not looked at, for there were too many.
    """

    code: str
    text: str
    limited: bool = False

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()


@frozen(kw_only=True)
class Codes:
    """What a venue's error codes mean.

    A request with a code in *definite* (first to last), and in none of *ambiguous*, was not carried
    out; every other failure leaves that open.  *texts* tell refusals apart that share a code.
    """

    reasons: Mapping[str, Reason]
    texts: tuple[tuple[str, Reason], ...] = ()
    definite: tuple[tuple[int, int], ...] = ()
    ambiguous: frozenset[str] = frozenset()
    duplicate: frozenset[str] = frozenset()
    unchanged: frozenset[str] = frozenset()
    drift: frozenset[str] = frozenset()
    limited: frozenset[str] = frozenset()

    def reason(self, failure: Failure) -> Reason:
        """Return why the venue has refused."""
        words = failure.text.lower()
        told = (reason for part, reason in self.texts if part in words)
        return next(told, self.reasons.get(failure.code, Reason.NONE))

    def outcome(self, failure: Failure) -> Outcome:
        """Return what *failure* means for an order."""
        if failure.code in self.duplicate:
            return Duplicate()
        return self._refused(failure) or Unknown(str(failure))

    def setting(self, failure: Failure) -> Setting:
        """Return what *failure* means for a setting of the account."""
        if failure.code in self.unchanged:
            return Done(changed=False)
        return self._refused(failure) or Unknown(str(failure))

    def unavailable(self, failure: Failure) -> Unavailable:
        """Return what *failure* means for a question."""
        drift, limited = failure.code in self.drift, self._limited(failure)
        return Unavailable(str(failure), drift=drift, limited=limited)

    def nothing(self, failure: Failure) -> bool:
        """Return whether *failure* says only that there is no such order."""
        return self.reason(failure) is Reason.UNKNOWN_ORDER

    def _refused(self, failure: Failure) -> Rejected | None:
        """Return the refusal; None if *failure* leaves open whether it is one."""
        drift, limited = failure.code in self.drift, self._limited(failure)
        refused = drift or limited or self._definite(failure)
        if failure.code in self.ambiguous or not refused:
            return None
        reason = self.reason(failure)
        return Rejected(reason, failure.code, failure.text, drift=drift, limited=limited)

    def _limited(self, failure: Failure) -> bool:
        """Return whether there were too many requests; ccxt takes some other refusals for that."""
        crowded = failure.limited and self.reason(failure) is Reason.NONE
        return crowded or failure.code in self.limited

    def _definite(self, failure: Failure) -> bool:
        """Return whether the venue says for certain that it has done nothing."""
        code = failure.code
        if not code:
            return False
        if code in self.reasons:
            return True
        if not code.removeprefix("-").isdecimal():
            return self.reason(failure) is not Reason.NONE
        return any(low <= int(code) <= high for low, high in self.definite)
