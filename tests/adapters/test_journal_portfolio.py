"""The journal of a portfolio: written, replayed, audited and told, like that of a wallet."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from typer.testing import CliRunner

from adapters.bots import AnyBot, Event, reconfigured
from adapters.cli import app
from adapters.journal.audit import Auditor, audit
from adapters.journal.mirror_properties import CHECKS
from adapters.journal.properties import COMMON, checks_of
from adapters.journal.replay import Moment, rebuilt, replayed, tell
from adapters.journal.steps import Step, changes
from adapters.journal.store import Journal
from adapters.journal.story import story
from machines import portfolio
from machines.collision import Collision
from machines.hedge_wallet import Price
from machines.messages import Command, Place, Restarted
from machines.portfolio import Portfolio
from machines.portfolio_desk import is_mirror
from machines.position import Leg, Pair
from machines.pricing.kinds import Kind
from simulator.portfolio_world import run
from spec.collision import State as Use
from spec.mirror import State
from spec.position import State as Position
from spec.terms import PositionMode
from tests.simulator.portfolios import markets, setup

BARS = 95
START_NS = 7
MODES = pytest.mark.parametrize("mode", PositionMode)
Tape = tuple[Portfolio, list[tuple[int, Event]]]
TAPES: dict[PositionMode, Tape] = {}


def taped(mode: PositionMode) -> Tape:
    """Return the first bot of a run with mirrors and restarts, and what it was told."""
    if mode not in TAPES:
        told: list[tuple[int, Event]] = []

        def tell(at_ns: int, event: Event, _: tuple[Command, ...], __: Portfolio) -> None:
            told.append((at_ns, event))

        start_ns = markets(1, 1)[0].start_ms * 1_000_000
        restarts = (start_ns + 70 * 60_000_000_000, start_ns + 85 * 60_000_000_000)
        chosen = setup(1, mode, mirrored=True, checked=False, restarts=restarts)
        run(chosen, markets(1, BARS), told=tell)
        TAPES[mode] = portfolio.new(chosen.portfolio, chosen.venue.deposit), told
    return TAPES[mode]


def written(path: Path, mode: PositionMode, count: int | None = None) -> AnyBot:
    """Write a journal at *path*, with some snapshots, and return its bot."""
    first, events = taped(mode)
    bot: AnyBot = first
    with Journal.create(path, bot, START_NS, durable=False) as journal:
        for number, (at_ns, event) in enumerate(events[:count]):
            bot, _ = tell(journal, bot, event, at_ns)
            if number % 300 == 299:
                journal.snapshot(at_ns, bot)
    return bot


def moments(mode: PositionMode) -> list[Moment]:
    """Return the steps of a run, as a journal replays them."""
    bot, events = taped(mode)
    found: list[Moment] = []
    for row, (at_ns, event) in enumerate(events, 1):
        assert not isinstance(event, Price)
        after, commands = portfolio.step(bot, event)
        step = Step(event=event, commands=commands, changes=changes(bot, event, after))
        found.append(Moment(row=row, at_ns=at_ns, before=bot, step=step, after=after))
        bot = after
    return found


@MODES
def test_a_portfolio_replays(tmp_path: Path, mode: PositionMode) -> None:
    """Cut anywhere, from the newest snapshot and from the first row: the same bot, bit for bit."""
    _, events = taped(mode)
    for cut in (1, len(events) // 3, len(events)):
        path = tmp_path / f"{cut}.journal"
        bot = written(path, mode, cut)
        with Journal(path) as journal:
            assert rebuilt(journal) == bot
        found = audit(path)
        assert found.passed, found.findings or found.fault
        assert found.bot == bot


def test_every_property_is_looked_at(tmp_path: Path) -> None:
    """The two modes together have cases of each, and none of the wallet's is asked for."""
    cases: set[str] = set()
    for mode in PositionMode:
        written(tmp_path / mode.name, mode)
        tallies = audit(tmp_path / mode.name).tallies
        assert set(tallies) == set(COMMON | CHECKS)
        cases |= {name for name, tally in tallies.items() if tally.cases}
    assert cases == set(COMMON | CHECKS) - {"MIR-7.1"}  # no run of ours has such an error


def test_an_audit_looks_at_what_was_chosen_later(tmp_path: Path) -> None:
    """With an overlay from the second row on, there are cases of its properties too."""
    first, events = taped(PositionMode.ONE_WAY)
    plain = portfolio.new(evolve(first.config, mirrors=None), first.cash)
    chosen = reconfigured(plain, first.config, plain)
    assert isinstance(chosen, Portfolio)
    bot: AnyBot = chosen
    with Journal.create(tmp_path / "j", plain, START_NS, durable=False) as journal:
        journal.snapshot(START_NS, bot)
        for at_ns, event in events[:200]:
            bot, _ = tell(journal, bot, event, at_ns)
    found = audit(tmp_path / "j")
    assert found.passed
    assert found.configurations == 2
    assert set(found.tallies) == set(COMMON | CHECKS)
    assert found.tallies["COL-7.1"].cases > 100


def test_what_a_portfolio_is_never_told_is_found(tmp_path: Path) -> None:
    """A price is a wallet's; a forged row of one ends the replay with its number."""
    bot = written(tmp_path / "journal", PositionMode.ONE_WAY, 10)
    with Journal(tmp_path / "journal") as journal:
        row = journal.append(9, Step(event=Price(7), commands=(), changes=()))
        with pytest.raises(TypeError, match="Portfolio is told Price"):
            tell(journal, bot, Price(7), 9)
    fault = audit(tmp_path / "journal").fault
    assert fault is not None
    assert fault.row == row


Fits = Callable[[Moment], bool]


def first(mode: PositionMode, fits: Fits) -> Moment:
    """Return the first step that *fits*, in which nothing is wrong."""
    found = next(each for each in moments(mode) if fits(each))
    assert not failures(found)
    return found


def failures(moment: Moment) -> set[str]:
    """Return which properties *moment* breaks."""
    auditor = Auditor()
    auditor.see(moment)
    return {finding.check for finding in auditor.findings}


def mirrors_of(moment: Moment) -> list[Place]:
    """Return the orders of the overlay that are placed."""
    assert moment.step is not None
    placed = [each for each in moment.step.commands if isinstance(each, Place)]
    return [each for each in placed if is_mirror(each.order)]


def bot_of(moment: Moment) -> Portfolio:
    assert isinstance(moment.after, Portfolio)
    return moment.after


def mirrored(moment: Moment) -> bool:
    """Return whether a mirror is open."""
    return any(desk.mirror.short.qty for desk in bot_of(moment).desks)


def with_overlay(moment: Moment, **fields: Any) -> Moment:  # noqa: ANN401
    """Return *moment* with an overlay that remembers something else."""
    bot = bot_of(moment)
    assert bot.mirrors is not None
    overlay = evolve(bot.mirrors.overlay, **fields)
    mirrors = evolve(bot.mirrors, overlay=overlay)
    return evolve(moment, after=evolve(bot, mirrors=mirrors))


def test_base_and_mirror_in_one_symbol_are_found() -> None:
    """COL-1.2 and COL-6.1, on one way."""
    moment = first(PositionMode.ONE_WAY, mirrored)
    held = Pair(state=Position.LONG, long=Leg(qty=3, cost=9))
    desks = tuple(
        evolve(desk, pair=held) if desk.mirror.short.qty else desk for desk in bot_of(moment).desks
    )
    wrong = evolve(moment, after=evolve(bot_of(moment), desks=desks))
    assert failures(wrong) >= {"COL-1.2", "COL-6.1"}


def test_states_that_do_not_follow_are_found() -> None:
    """COL-7.1: who has a symbol uses it."""
    moment = first(PositionMode.ONE_WAY, mirrored)
    bot = bot_of(moment)
    assert bot.mirrors is not None
    free = tuple((name, evolve(each, state=Use.FREE)) for name, each in bot.mirrors.collisions)
    assert all(isinstance(each, Collision) for _, each in free)
    wrong = evolve(moment, after=evolve(bot, mirrors=evolve(bot.mirrors, collisions=free)))
    assert "COL-7.1" in failures(wrong)


def test_a_mirror_closed_for_the_base_in_hedge_mode_is_found() -> None:
    """COL-6.2: there they do not meet."""
    moment = first(PositionMode.HEDGE, lambda each: bool(mirrors_of(each)))
    assert moment.step is not None
    (place, *_) = mirrors_of(moment)
    closing = evolve(place, order=evolve(place.order, kind=Kind.MIRROR_COLLISION))
    wrong = evolve(moment, step=evolve(moment.step, commands=(closing,)))
    assert "COL-6.2" in failures(wrong)


def test_an_order_of_an_overlay_that_is_off_is_found() -> None:
    """MIR-2: and one that opens while it unwinds."""
    moment = first(PositionMode.HEDGE, lambda each: bool(mirrors_of(each)))
    for state in (State.OFF, State.UNWINDING, State.STOPPED):
        assert "MIR-2" in failures(with_overlay(moment, state=state))


def test_a_stop_in_silence_is_found() -> None:
    """MIR-7.1: a person is told."""
    moment = first(PositionMode.HEDGE, mirrored)
    assert "MIR-7.1" in failures(with_overlay(moment, stops=1))


def test_a_wallet_and_a_portfolio_have_checks_of_their_own() -> None:
    """Without mirrors there are only those that all bots have."""
    bot, _ = taped(PositionMode.HEDGE)
    plain = evolve(bot, config=evolve(bot.config, mirrors=None), mirrors=None)
    assert checks_of(plain) == COMMON


def test_the_story_of_an_order_names_its_symbol() -> None:
    """What it is for is told in the strategy's words."""
    found = moments(PositionMode.HEDGE)
    moment = next(each for each in found if mirrors_of(each))
    (place, *_) = mirrors_of(moment)
    name = bot_of(moment).desks[place.symbol].instrument.symbol
    (asked, *_) = story(found, place.client_order_id)
    assert asked.words.startswith(f"Place MIRROR_OPEN of {name}, SELL ")
    assert ", because of Bars " in asked.words


def test_audit_and_replay_take_it(tmp_path: Path) -> None:
    """Both commands read such a journal; what was told after a restart is in it."""
    path = tmp_path / "journal"
    written(path, PositionMode.ONE_WAY)
    result = CliRunner().invoke(app, ["audit", str(path)])
    assert result.exit_code == 0, result.output
    assert "COL-1.2" in result.stdout
    assert "HW-1" not in result.stdout
    shown = CliRunner().invoke(app, ["replay", str(path), "--until", "40"])
    assert shown.exit_code == 0
    assert " < Bars " in shown.stdout
    with Journal(path) as journal:
        events = [each.step.event for each in replayed(journal.rows()) if each.step is not None]
    assert sum(isinstance(event, Restarted) for event in events) == 3  # the start too
