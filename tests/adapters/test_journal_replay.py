"""Restart, compaction and audit: what is rebuilt is what ran, and what is wrong is found."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from adapters.bots import POSITION, WALLET, sequence_of
from adapters.journal import replay
from adapters.journal.audit import FINDINGS_MAX, Auditor, audit
from adapters.journal.chain import Kind
from adapters.journal.codec import encode
from adapters.journal.compact import compact
from adapters.journal.errors import JournalError
from adapters.journal.properties import COMMON
from adapters.journal.replay import Moment, rebuilt, replayed, tell
from adapters.journal.steps import ORDER, Change, Snapshot, Step, changes
from adapters.journal.store import Journal, Reader
from adapters.journal.story import Way, mermaid, story, text
from adapters.journal.wallet_properties import CHECKS
from machines import bot as bots
from machines.bot import Bot
from machines.hedge_wallet import Price
from machines.messages import AccountReport, Alert, Place, Report, Restarted
from machines.order import Acked, Filled, Found, Order, Reconciled
from machines.order_manager import Working
from machines.position import Leg, Pair
from spec.hedge_wallet import State as Phase
from spec.order import State
from spec.position import State as Position
from spec.terms import PositionMode
from tests.adapters.journal_tapes import Tape, tape, write

TAPES: dict[PositionMode, Tape] = {}


def taped(mode: PositionMode) -> Tape:
    """Return one run of each mode, made once."""
    if mode not in TAPES:
        TAPES[mode] = tape(1 + mode, mode)
    return TAPES[mode]


def after(recording: Tape, count: int) -> Bot:
    """Return the bot after *count* steps, from the machines alone."""
    bot = recording.start
    for told in recording.told[:count]:
        bot, commands = bots.step(bot, told.event)
        assert commands == told.commands
    return bot


@given(mode=st.sampled_from(PositionMode), share=st.floats(0, 1), every=st.integers(0, 60))
def test_a_resumed_bot_is_the_one_that_never_stopped(
    tmp_path_factory: pytest.TempPathFactory, mode: PositionMode, share: float, every: int
) -> None:
    """Cut a run anywhere, snapshots or not: the same bot, and from there the same commands."""
    recording = taped(mode)
    cut = int(len(recording.told) * share)
    path = tmp_path_factory.mktemp("cut") / "journal.db"
    ran = write(path, recording, cut, every)
    with Journal(path) as journal:
        bot = rebuilt(journal)
    assert bot == ran == after(recording, cut)
    assert encode(Snapshot(bot)) == encode(Snapshot(ran))
    for told in recording.told[cut : cut + 40]:
        bot, commands = bots.step(bot, told.event)
        assert commands == told.commands


def moments_of(path: Path) -> list[Moment]:
    """Return what the journal at *path* makes the machines do."""
    with Reader(path) as reader:
        return list(replayed(reader.rows()))


@pytest.mark.parametrize("mode", PositionMode)
def test_a_run_passes_its_audit(tmp_path: Path, mode: PositionMode) -> None:
    """Every step is repeated; each property is looked at, but for what no run of ours does."""
    recording, path = taped(mode), tmp_path / "journal.db"
    ran = write(path, recording, every=100)
    found = audit(path)
    assert found.passed
    assert found.bot == ran
    assert found.steps == len(recording.told)
    assert found.snapshots == 1 + len(recording.told) // 100
    assert found.head is not None
    assert found.last == found.head.row == found.steps + found.snapshots - 1
    never = {name for name, tally in found.tallies.items() if not tally.cases}
    assert never <= {"HW-10", "POS-4"}


def test_what_is_left_after_compaction_verifies(tmp_path: Path) -> None:
    """The first row is a snapshot, the last hash is the one before, the bot is the same."""
    recording, path = taped(PositionMode.ONE_WAY), tmp_path / "journal.db"
    ran = write(path, recording, 300, every=50)
    before = audit(path)
    size, archive = path.stat().st_size, tmp_path / "archive.db"
    moment = recording.told[219].at_ns
    with Journal(path) as journal:
        assert compact(journal, recording.told[0].at_ns - 1) == 0
        dropped = compact(journal, moment, archive)
        assert dropped == 204  # four snapshots, and the steps up to the last one of these
        assert compact(journal, moment) == 0
        assert rebuilt(journal) == ran
        tell(journal, ran, Restarted(), 9)
    found, kept = audit(path), audit(archive)
    assert found.passed
    assert found.first == dropped
    assert kept.head == before.head
    assert path.stat().st_size < size
    with Reader(path) as reader:
        rows = list(reader.rows())
    assert rows[0].kind is Kind.SNAPSHOT
    assert rows[-2][0::4] == before.head
    with Reader(archive) as reader:
        assert list(reader.rows())[dropped:] == rows[:-1]


def test_compaction_keeps_what_was_chosen_and_the_money_of_the_beginning(tmp_path: Path) -> None:
    """Both are in each snapshot, so that a loss counts from where it began."""
    recording, path, words = taped(PositionMode.ONE_WAY), tmp_path / "journal.db", (("unit", "7"),)
    ran = write(path, recording, 300)
    with Journal(path) as journal:
        journal.snapshot(7, ran, words)
        compact(journal, 2**62)
    with Journal(path) as journal:
        assert journal.base.row > 0
        journal.snapshot(8, ran)
        assert journal.newest() == Snapshot(ran, words, recording.start.wallet.cash)
        assert ran.wallet.cash != recording.start.wallet.cash


def test_other_terms_are_a_row_of_their_own(tmp_path: Path) -> None:
    """What they make of the bot is in it, and the replay goes on from there."""
    recording, path = taped(PositionMode.ONE_WAY), tmp_path / "journal.db"
    ran = write(path, recording, 200)
    other = bots.reconfigured(ran, evolve(ran.wallet.config, unit_ticks=7))
    assert isinstance(other, Bot)
    with Journal(path) as journal:
        journal.snapshot(7, other, (("unit", "7"),))
        tell(journal, other, Restarted(), 8)
    with Journal(path) as journal:
        assert rebuilt(journal) == bots.step(other, Restarted())[0]
    found = audit(path)
    assert found.passed
    assert found.configurations == 2
    with Journal(path) as journal:
        row = journal.snapshot(9, evolve(other, wallet=evolve(other.wallet, cash=1)))
    fault = audit(path).fault
    assert fault is not None
    assert fault.row == row


def test_a_forged_snapshot_is_found(tmp_path: Path) -> None:
    """It stands in the chain where it was written: another bot there is another hash."""
    recording, path = taped(PositionMode.ONE_WAY), tmp_path / "journal.db"
    write(path, recording, 100, every=50)
    with Journal(path) as journal:
        compact(journal, recording.told[-1].at_ns)
        with journal.transaction() as connection:
            connection.execute("UPDATE journal SET body = replace(body, '\"cash\":', '\"cash\":9')")
    found = audit(path)
    assert found.fault is not None
    assert found.fault.row == journal.base.row + 1 > 0
    assert found.head is None


def test_a_snapshot_of_another_bot_is_found(tmp_path: Path) -> None:
    """Well chained, but not what the steps before it make."""
    recording, path = taped(PositionMode.ONE_WAY), tmp_path / "journal.db"
    ran = write(path, recording, 10)
    with Journal(path) as journal:
        row = journal.snapshot(7, evolve(ran, wallet=evolve(ran.wallet, cash=1)))
    fault = audit(path).fault
    assert fault is not None
    assert (fault.row, fault.why) == (row, "its bot is not what the rows before make")


NO_NEWS = AccountReport()
WRONG = [
    (Step(event=NO_NEWS, commands=(Alert("x", 1),), changes=()), "other commands"),
    (Step(event=NO_NEWS, commands=(), changes=(Change(ORDER, 1, 0, 1),)), "change otherwise"),
]


@pytest.mark.parametrize(("step", "why"), WRONG)
def test_a_step_that_the_machines_do_not_take_is_found(
    tmp_path: Path, step: Step, why: str
) -> None:
    """Well chained, but other commands or other changes than the machines make."""
    recording, path = taped(PositionMode.ONE_WAY), tmp_path / "journal.db"
    write(path, recording, 10)
    with Journal(path) as journal:
        row = journal.append(7, step)
    found = audit(path)
    assert found.fault is not None
    assert (found.fault.row, found.last) == (row, row - 1)
    assert why in str(found.fault)
    assert found.bot == after(recording, 10)


def test_a_machine_that_has_changed_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code that no longer does what was recorded must not go on from it."""
    recording, path = taped(PositionMode.ONE_WAY), tmp_path / "journal.db"
    write(path, recording, 100)

    def step(bot: Bot, event: bots.Event) -> tuple[Bot, tuple[Any, ...]]:
        now, commands = bots.step(bot, event)
        return now, tuple(each for each in commands if not isinstance(each, Place))

    monkeypatch.setattr(replay, "bots", type("Changed", (), {"step": staticmethod(step)}))
    with Journal(path) as journal, pytest.raises(JournalError, match="other commands"):
        rebuilt(journal)


def test_changes_name_every_machine() -> None:
    """Orders by their id, a final one too, then the position and the wallet."""
    recording = taped(PositionMode.ONE_WAY)
    bot, seen = recording.start, dict[str, int]()
    finals = 0
    for told in recording.told:
        now, _ = bots.step(bot, told.event)
        for each in changes(bot, told.event, now):
            assert each.before != each.after
            seen[each.machine] = seen.get(each.machine, 0) + 1
            finals += each.machine == ORDER and each.after == State.FILLED
        bot = now
    assert set(seen) == {ORDER, POSITION, WALLET}
    assert finals


BEFORE = after(taped(PositionMode.ONE_WAY), 60)
(FIRST, *_) = [each for each in BEFORE.book.working if each is not None]


def with_order(bot: Bot, number: int, order: Order) -> Bot:
    """Return *bot* with another state of the order *number*."""
    working = tuple(
        evolve(each, order=order) if each and each.client_order_id == number else each
        for each in bot.book.working
    )
    return evolve(bot, book=evolve(bot.book, working=working))


def report(event: Any, number: int = FIRST.client_order_id) -> Step:  # noqa: ANN401
    return Step(event=Report(client_order_id=number, event=event), commands=(), changes=())


QTY, ID = FIRST.order.qty, FIRST.client_order_id
HALF = evolve(FIRST.order, cum_qty=1, state=State.PARTIALLY_FILLED)
FILL = Report(client_order_id=ID, event=Filled(1), notional=10)
SHORT = Pair(state=Position.SHORT, short=Leg(qty=10**9, cost=10**9))
TWIN: Working = evolve(FIRST, client_order_id=10**9)
LOST = Change(ORDER, ID, State.NEW, State.UNKNOWN)
HALTED = evolve(BEFORE, wallet=evolve(BEFORE.wallet, halted=True))
A, B, C, D = (evolve(slot, short=1) for slot in BEFORE.wallet.slots)
BOTH = evolve(
    BEFORE, wallet=evolve(BEFORE.wallet, phase=Phase.DECLINE, long_qty=9, slots=(A, B, C, D))
)


def moment(step: Step, now: Bot, before: Bot = BEFORE) -> Moment:
    return Moment(row=1, at_ns=1, before=before, step=step, after=now)


WRONGS = {
    "order": moment(report(Acked()), with_order(BEFORE, ID, evolve(FIRST.order, qty=0))),
    "ORD-1": moment(report(Acked()), with_order(BEFORE, ID, HALF)),
    "ORD-2": moment(report(Filled(QTY + 1)), BEFORE),
    "ORD-3": moment(Step(event=Price(1), commands=(Place(ID, FIRST.wanted),), changes=()), BEFORE),
    "ORD-4": moment(report(Acked()), BEFORE, with_order(BEFORE, ID, HALF)),
    "ORD-5": moment(Step(event=FILL, commands=(), changes=(LOST,)), BEFORE),
    "position": moment(report(Acked()), evolve(BEFORE, pair=evolve(BEFORE.pair, long=Leg(qty=-1)))),
    "POS-1": moment(Step(event=FILL, commands=(), changes=()), with_order(BEFORE, ID, HALF)),
    "POS-2": moment(report(Acked()), evolve(BEFORE, pair=Pair())),
    "POS-4": moment(
        Step(event=FILL, commands=(), changes=()),
        evolve(with_order(BEFORE, ID, HALF), pair=SHORT),
        with_order(BEFORE, ID, FIRST.order),
    ),
    "HW-2.1": moment(report(Acked()), evolve(BEFORE, pair=SHORT)),
    "HW-2.2": moment(
        report(Acked()), evolve(BEFORE, pair=Pair(state=Position.LONG, long=Leg(qty=10**9, cost=1)))
    ),
    "HW-5": moment(
        report(Acked()),
        evolve(BEFORE, book=evolve(BEFORE.book, working=(*BEFORE.book.working, TWIN))),
    ),
    "HW-1": moment(report(Acked()), BOTH),
    "HW-10": moment(report(Acked()), HALTED),
    "HW-11": moment(report(Acked()), BOTH),
}


@pytest.mark.parametrize("name", WRONGS)
def test_each_property_finds_what_breaks_it(name: str) -> None:
    """One wrong step for each property."""
    assert set(WRONGS) == set(COMMON | CHECKS)
    auditor = Auditor()
    auditor.see(WRONGS[name])
    done = auditor.result(None, None)
    assert not done.passed
    assert done.tallies[name].failed
    assert any(finding.check == name and finding.row == 1 for finding in done.findings)


def test_findings_are_few_and_counted() -> None:
    """The first of each property are told, all are counted."""
    auditor = Auditor()
    for _ in range(FINDINGS_MAX + 5):
        auditor.see(WRONGS["HW-10"])
    done = auditor.result(None, None)
    assert done.tallies["HW-10"].failed == FINDINGS_MAX + 5
    assert sum(finding.check == "HW-10" for finding in done.findings) == FINDINGS_MAX
    assert set(done.tallies) == set(COMMON | CHECKS)


def test_the_story_of_an_order(tmp_path: Path) -> None:
    """From its placing to its end, each state once, as text and as a diagram."""
    recording, path = taped(PositionMode.ONE_WAY), tmp_path / "journal.db"
    write(path, recording)
    moments = moments_of(path)
    for number in range(1, sequence_of(moments[-1].after) + 1):
        lines = list(story(moments, number))
        assert lines[0].way is Way.ASKED
        assert lines[0].words.startswith("Place ")
        assert " because of " in lines[0].words
        assert lines[1].words == "PENDING_NEW"
        states = [line.words.split(" to ") for line in lines[2:] if line.way is Way.STATE]
        assert all(one[-1] == two[0] for one, two in pairwise(states))
        drawn = list(mermaid(lines))
        assert drawn[0] == "sequenceDiagram"
        assert len(drawn) == 3 + len(lines)
        assert not any(mark in line for line in drawn for mark in ";#")
        assert len(list(text(lines, str))) == len(lines)
    assert not list(story(moments, 10**6))


def test_a_story_tells_a_loss() -> None:
    """A query and its answer, and why the order was asked about."""
    restarted, commands = bots.step(BEFORE, Restarted())
    step = Step(
        event=Restarted(), commands=commands, changes=changes(BEFORE, Restarted(), restarted)
    )
    answer = Reconciled(1, Found.CANCELED, QTY, 0)
    answered = Report(client_order_id=ID, event=answer)
    ended, more = bots.step(restarted, answered)
    second = Step(event=answered, commands=more, changes=changes(restarted, answered, ended))
    lines = story([moment(step, restarted), moment(second, ended, restarted)], ID)
    words = [line.words for line in lines]
    assert words[0] == "Query 1, because of Restarted"
    assert words[1].endswith(" to UNKNOWN")
    assert words[2].startswith(f"Reconciled of order {ID}, query 1, found CANCELED")
    assert words[3] == "UNKNOWN to CANCELED"
