"""What the supervisor was told, in the journal of its bot."""

from pathlib import Path

import pytest

from adapters.journal.audit import audit
from adapters.journal.compact import compact
from adapters.journal.errors import JournalError
from adapters.journal.replay import rebuilt, replayed, supervisor, tell
from adapters.journal.steps import Supervision
from adapters.journal.store import Journal
from machines.messages import Restarted
from machines.supervisor import Event as SupervisorEvent
from machines.supervisor import StartRequested, Supervisor, Tripped, step
from spec.supervisor import State, Trip
from tests.adapters.journal_tapes import tape, write


def test_the_supervisor_goes_on_where_its_last_row_says(tmp_path: Path) -> None:
    """A halt outlives its process, and its rows do not disturb those of the bot."""
    recording = tape(1, bars=300)
    write(tmp_path / "j", recording, 20)
    with Journal(tmp_path / "j", durable=False) as journal:
        assert supervisor(journal) == Supervisor()
        halted = supervised(journal, StartRequested(), Tripped(Trip.KILL_SWITCH))
    with Journal(tmp_path / "j", durable=False) as journal:
        assert supervisor(journal) == halted
        assert halted.state is State.HALTED
        tell(journal, rebuilt(journal), recording.told[20].event, recording.told[20].at_ns)
        rebuilt(journal)
    assert audit(tmp_path / "j").passed


def test_a_supervisor_that_would_do_otherwise_is_told(tmp_path: Path) -> None:
    """A halt that is no longer in the rows is a journal of another program, or a forgery."""
    write(tmp_path / "j", tape(1, bars=300), 5)
    with Journal(tmp_path / "j", durable=False) as journal:
        supervised(journal, StartRequested(), Tripped(Trip.KILL_SWITCH))
        journal.supervise(1, Supervision(Restarted(), Supervisor()))
        with pytest.raises(JournalError, match="the supervisor does otherwise"):
            list(replayed(journal.rows()))


def test_compaction_keeps_the_supervisor(tmp_path: Path) -> None:
    """Rows before a snapshot are dropped only if the supervisor was told something after it."""
    recording = tape(1, bars=300)
    bot = write(tmp_path / "j", recording, 20)
    with Journal(tmp_path / "j", durable=False) as journal:
        halted = supervised(journal, StartRequested(), Tripped(Trip.KILL_SWITCH))
        journal.snapshot(1, bot)
        assert compact(journal, 2**62) == 0
        assert supervisor(journal) == halted
        journal.supervise(1, Supervision(Restarted(), step(halted, Restarted())[0]))
        assert compact(journal, 2**62) == 23
        assert supervisor(journal).state is State.HALTED


def supervised(journal: Journal, *events: SupervisorEvent) -> Supervisor:
    """Tell a new supervisor *events*, and write them."""
    told = Supervisor()
    for event in events:
        told, _ = step(told, event)
        journal.supervise(1, Supervision(event, told))
    return told
