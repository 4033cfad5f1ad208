"""The audit: replay every step, check every property that the bot's side can show, sum it up."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from attrs import field, frozen

from adapters.bots import AnyBot, config_of
from adapters.journal.chain import End, Row
from adapters.journal.errors import JournalError
from adapters.journal.properties import checks_of
from adapters.journal.replay import Checks, Moment, replayed
from adapters.journal.steps import intents
from adapters.journal.store import Reader

FINDINGS_MAX = 20  # of each property: the first ones tell the most
COUNTS = ("steps", "snapshots", "configurations", "intents", "commands", "changes")


@frozen
class Finding:
    """Property *check* does not hold of row *row*: *text* says how."""

    check: str
    row: int
    text: str


@frozen
class Tally:
    """How many cases of a property, in *words*, were looked at, and how many of them failed."""

    cases: int = 0
    failed: int = 0
    words: str = ""


@frozen(kw_only=True)
class Audit:
    """What an audit found; *fault* is why it ended before the last row, if it did.

    The machines repeat rows *first* to *last*, of the times from *from_ns* to *until_ns* (Unix
    ns).  *head* is the last row whose hash follows from those before it, None where none does.
    The bot had so many *configurations*, one after another.
    """

    first: int = 0
    last: int = -1
    head: End | None = None
    from_ns: int = 0
    until_ns: int = 0
    steps: int = 0
    snapshots: int = 0
    configurations: int = 0
    intents: int = 0
    commands: int = 0
    changes: int = 0
    bot: AnyBot | None = field(default=None, repr=False)
    tallies: dict[str, Tally] = field(factory=dict[str, Tally])
    findings: tuple[Finding, ...] = ()
    fault: JournalError | None = None

    @property
    def passed(self) -> bool:
        """Return whether the whole journal is sound."""
        return self.fault is None and not self.findings


class Auditor:
    """Looks at the moments of a journal, one after another."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(COUNTS, 0)
        self.checks: Checks = {}  # of the bot as it is chosen now
        self.known: Checks = {}  # of all that it was
        self.cases = Counter[str]()
        self.failed = Counter[str]()
        self.findings: list[Finding] = []
        self.first: Moment | None = None
        self.last: Moment | None = None

    def see(self, moment: Moment) -> None:
        """Count *moment*, and check each property of it."""
        if self.first is None:
            self.first = moment
        if self.last is None or (moment.step is None and _chosen_anew(self.last, moment)):
            self.counts["configurations"] += 1
            self.checks = checks_of(moment.after)
            self.known |= self.checks
        self.last = moment
        self._count(moment)
        for name, (_, check) in self.checks.items():
            for text in check(moment):
                self.cases[name] += 1
                if text:
                    self._found(Finding(name, moment.row, text))

    def result(self, head: End | None, fault: JournalError | None) -> Audit:
        """Return what was found."""
        first, last = self.first, self.last
        return Audit(
            first=first.row if first else 0,
            last=last.row if last else -1,
            head=head,
            from_ns=first.at_ns if first else 0,
            until_ns=last.at_ns if last else 0,
            **self.counts,
            bot=last.after if last else None,
            tallies={
                name: Tally(self.cases[name], self.failed[name], words)
                for name, (words, _) in self.known.items()
            },
            findings=tuple(self.findings),
            fault=fault,
        )

    def _count(self, moment: Moment) -> None:
        step, counts = moment.step, self.counts
        if step is None:
            counts["snapshots"] += 1
            return
        counts["steps"] += 1
        counts["intents"] += len(intents(step))
        counts["commands"] += len(step.commands)
        counts["changes"] += len(step.changes)

    def _found(self, finding: Finding) -> None:
        self.failed[finding.check] += 1
        if self.failed[finding.check] <= FINDINGS_MAX:
            self.findings.append(finding)


def _chosen_anew(before: Moment, after: Moment) -> bool:
    """Return whether a person has chosen other terms between two moments."""
    return config_of(before.after) != config_of(after.after)


def audit(path: Path, seen: Callable[[Moment, int], None] | None = None) -> Audit:
    """Return what an audit of the journal at *path* finds; what is broken ends it, and is told.

    *seen* is called with each moment that replays, and with the number of the last row.

    Raises:
        JournalError: The file cannot be opened as a journal at all.
    """
    auditor = Auditor()
    heads: list[End] = []
    fault: JournalError | None = None
    with Reader(path) as reader:
        try:
            for moment in replayed(_followed(reader, heads)):
                auditor.see(moment)
                if seen is not None:
                    seen(moment, reader.head.row)
        except JournalError as error:
            fault = error
    return auditor.result(heads[0] if heads else None, fault)


def _followed(reader: Reader, heads: list[End]) -> Iterator[Row]:
    """Yield the rows of *reader*; *heads* holds the newest that has been verified."""
    for row in reader.rows():
        heads[:] = [End(row.row, row.hash)]
        yield row
