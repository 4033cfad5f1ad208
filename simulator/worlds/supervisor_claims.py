"""What is claimed of the supervisor, and what its bot notes of each step to be judged by."""

from collections.abc import Mapping
from typing import NamedTuple

from machines.supervisor import (
    Answered,
    DeadlinePassed,
    Event,
    Resumed,
    StartRequested,
    StopRequested,
    Supervisor,
    Tripped,
    suspended,
)
from simulator.actors import Holds
from simulator.worlds.supervisor_scene import Answer
from spec.supervisor import Match, State, StopPolicy, Trip

S = State
UNANSWERED = (None, None, None)


class Bot(NamedTuple):
    """The supervisor with its journal and the answers to its latest question.

    *wanted* is what the latest stop was to remove; *runs* and *tripped* are what the words of a
    property count on, and what stands before them has gone wrong at some time.
    """

    supervisor: Supervisor
    journal: int
    orders: int
    reduces: int
    crashes: int
    answers: tuple[Answer | None, ...] = UNANSWERED
    deadline: bool = False
    wanted: StopPolicy = StopPolicy.LEAVE
    late: bool = False  # a stop took too long
    leaked: bool = False  # something left that had to stay
    unproven: bool = False  # RUNNING was entered without agreement
    blamed: bool = False  # a position was found that is not ours
    freed: bool = False  # HALTED was left without a person
    misled: bool = False  # the state is not what was heard calls for
    runs: bool = False  # a person wants it to run
    tripped: bool = False  # and has to look first


def compare(journal: int, answers: tuple[Answer | None, ...]) -> Match:
    """Return how *answers*, by part, compare with *journal*, as it is now."""
    positions, orders, fills = (0 if each is None else each.events for each in answers)
    if (orders | fills) & ~journal:
        return Match.BEHIND
    return Match.UNEXPLAINED if positions & ~journal else Match.AGREES


def of_one_moment(bot: Bot) -> bool:
    """Return whether *bot* holds three answers of one moment."""
    moments = {None if each is None else each.moment for each in bot.answers}
    return len(moments) == 1 and None not in moments


def noted(bot: Bot, was: Supervisor, event: Event, *, person: bool) -> Bot:
    """Return *bot*, which *event* has led here from *was*, with what is wrong with that.

    *bot* still has the answers that *event* was judged by; *person* says that a person has spoken.
    """
    now, whole = bot.supervisor, of_one_moment(bot)
    agrees = whole and compare(bot.journal, bot.answers) is Match.AGREES
    odd = isinstance(event, Answered) and event.match is Match.UNEXPLAINED and whole
    found = isinstance(event, Answered) and was.state is not S.HALTED is now.state
    aware = person and (not isinstance(event, Resumed) or event.halt == was.halts)
    runs, tripped = intended(bot, was, event, odd=odd)
    calls = called_for(now, was, event, runs=runs, tripped=tripped)
    return bot._replace(
        unproven=bot.unproven or (was.state is not S.RUNNING is now.state and not agrees),
        blamed=bot.blamed or found,
        freed=bot.freed or (was.state is S.HALTED is not now.state and not aware),
        late=bot.late or (isinstance(event, DeadlinePassed) and was.state is not now.state),
        misled=bot.misled or now.state not in calls,
        runs=runs,
        tripped=tripped,
    )


def intended(bot: Bot, was: Supervisor, event: Event, *, odd: bool) -> tuple[bool, bool]:
    """Return whether *bot* is wanted to run after *event*, and whether a person has to look first.

    *odd* says that answers of one moment have just shown a position that is not ours.
    """
    match event:
        case StopRequested():
            return False, False
        case StartRequested():
            return True, bot.tripped
        case Tripped():  # a stopped supervisor hears only the kill switch, and halts
            killed = event.trip is Trip.KILL_SWITCH and was.state is S.STOPPED
            return bot.runs or killed, bot.runs or killed
        case _:
            resumed = isinstance(event, Resumed) and event.halt == was.halts
            found = odd and was.state is S.RECONCILING
            return bot.runs, (bot.tripped and not resumed) or found


def called_for(
    now: Supervisor, was: Supervisor, event: Event, *, runs: bool, tripped: bool
) -> frozenset[State]:
    """Return the states that *event* calls for, by the words of the property."""
    if isinstance(event, StopRequested):
        return frozenset({S.STOPPED if event.policy is StopPolicy.LEAVE else S.STOPPING})
    if not runs:
        ends = isinstance(event, DeadlinePassed | Answered) or was.state is S.STOPPED
        return frozenset({S.STOPPING, S.STOPPED} if ends else {S.STOPPING})
    if tripped:
        return frozenset({S.HALTED})
    if not now.connected:
        return frozenset({S.CONNECTING})
    return frozenset({S.DEGRADED} if suspended(now) else {S.RECONCILING, S.RUNNING})


RULES: Mapping[str, Holds] = {
    "SUP-1": lambda f: f.leaked == 0,
    "SUP-2.1": lambda f: f.unproven == 0,
    "SUP-2.2": lambda f: (
        (f.state != S.RUNNING) | (f.warned > 0) | ((f.known | f.carried) == f.happened)
    ),
    "SUP-2.3": lambda f: (f.blamed == 0) | (f.foreign > 0),
    "SUP-3": lambda f: (f.state == S.RECONCILING) | (f.state >= S.HALTED) | (f.state == S.STOPPED),
    "SUP-4": lambda f: f.freed == 0,
    "SUP-5.1": lambda f: f.state == S.STOPPED,
    "SUP-5.2": lambda f: (
        (f.state != S.STOPPED)
        | (f.wanted == StopPolicy.LEAVE)
        | (f.late == 1)
        | ((f.working == 0) & ((f.wanted == StopPolicy.CANCEL) | (f.lots == 0)))
    ),
    "SUP-7": lambda f: f.misled == 0,
    "SUP-6.1": lambda f: (f.state == S.RUNNING) & (f.questions > f.connections),
    "SUP-6.2": lambda f: (f.state == S.RUNNING) & (f.halts > 0),
    "SUP-6.3": lambda f: (f.state == S.HALTED) & (f.reducing > 0),
    "SUP-6.4": lambda f: (f.state == S.STOPPED) & (f.late == 0) & (f.closed == 1),
    "SUP-6.5": lambda f: f.late == 1,
    "SUP-6.6": lambda f: f.blamed == 1,
}
WHEN: Mapping[str, Holds] = {
    "SUP-3": lambda f: (f.state == S.DEGRADED) & (f.gap == 1),
    "SUP-5.1": lambda f: f.state == S.STOPPING,
}
EVERYWHERE = ("SUP-1", "SUP-2.1", "SUP-2.2", "SUP-2.3", "SUP-4", "SUP-7")
