"""Hot steps change nothing but the time: what they say is what the actors do, or it is noticed."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings

from simulator import compiled
from simulator.actors import Actor, ActorWorld, Do, Hot, HotStepError, Outcomes, Sends, Symmetry
from simulator.explorer import BoundExceeded
from tests.benchmarks.checkers.hot import hot_mirror
from tests.benchmarks.checkers.mirror import DEFECTS, EXPOSURE, NAMED, SMALL, Size, mirror
from tests.simulator.test_compiled import MESSAGES, STATES_MAX, counter, spread, worlds

CHANNELS = ("q0", "q1", "q2", "numbers")
Asked = Iterable[Iterable[Do]]


def heated(actor: Actor) -> Actor:
    """Return *actor*, whose states and messages are whole numbers, with hot steps: its own."""

    def write(answers: Asked, outcomes: Outcomes) -> int:
        rows = [(k, do) for k, dos in enumerate(answers) for do in dos]
        for row, (k, do) in enumerate(rows):
            outcomes.question[row], outcomes.after[row] = k, do.state
            sent = [(1 + CHANNELS.index(name), message) for name, message in do.sends]
            outcomes.sends[row] = np.ravel([*sent, (0, 0), (0, 0)])[:4]
        return len(rows)

    def acts(states: Any, outcomes: Outcomes) -> int:  # noqa: ANN401
        return write((actor.acts(state) for (state,) in states.tolist()), outcomes)

    def hears(states: Any, messages: Any, outcomes: Outcomes) -> int:  # noqa: ANN401
        asked = zip(states.tolist(), messages.tolist(), strict=True)
        answers = (actor.hears(s, CHANNELS[channel], m) for (s,), (channel, m) in asked)
        return write(answers, outcomes)

    def features(states: Any) -> Any:  # noqa: ANN401
        return np.array([list(actor.features(state).values()) for (state,) in states.tolist()])

    def sends(row: Any) -> Sends:  # noqa: ANN401
        pairs = zip(row[::2], row[1::2], strict=True)
        return tuple((CHANNELS[number - 1], message) for number, message in pairs if number)

    def row(state: int) -> tuple[int]:
        return (state,)

    def state(row: list[int]) -> int:
        return row[0]

    def heard(channel: str, message: int) -> tuple[int, int]:
        return CHANNELS.index(channel), message

    hot = Hot(
        row=row,
        state=state,
        heard=heard,
        sends=sends,
        columns=4,
        most=MESSAGES,
        acts=acts,
        hears=hears,
        features=features,
    )
    return evolve(actor, hot=hot)


def with_hot_steps(world: ActorWorld) -> ActorWorld:
    """Return *world* with hot steps of each actor."""
    return evolve(world, actors=tuple(map(heated, world.actors)))


@settings(max_examples=30)
@given(worlds())
def test_hot_steps_change_nothing(world: ActorWorld) -> None:
    """The report is the same, paths included, and of two workers too."""
    hot = with_hot_steps(world)
    try:
        expected = compiled.explore(world, states_max=STATES_MAX)
    except BoundExceeded:
        with pytest.raises(BoundExceeded):
            compiled.explore(hot, states_max=STATES_MAX, compare_every=1)
        return
    assert compiled.explore(hot, states_max=STATES_MAX, compare_every=1) == expected
    assert compiled.explore(hot, states_max=STATES_MAX, workers=2) == expected


@pytest.mark.parametrize("defect", ["", *DEFECTS])
@pytest.mark.parametrize("size", [*SMALL, NAMED["S"]])
def test_the_hot_steps_of_the_benchmark_are_those_of_its_strategy(size: Size, defect: str) -> None:
    """Every question is compared; counts, verdicts and paths are those of the plain strategy."""
    stop_at = frozenset({EXPOSURE})
    found, expected = (
        compiled.explore(
            world(*size, defect), states_max=200_000, stop_at_first_failure=stop_at, compare_every=1
        )
        for world in (hot_mirror, mirror)
    )
    assert found == expected


def test_a_symmetry_may_be_reduced_with_hot_steps() -> None:
    """Names are given to states that only rows are kept of."""
    alike = Symmetry(3, {}, (("actor0", "actor1", "actor2"),))
    world = evolve(spread(3, 9), symmetry=alike)
    expected = compiled.explore(world, states_max=1_000, symmetry=True)
    assert expected.states < 9**3 / 4
    found = compiled.explore(with_hot_steps(world), states_max=1_000, symmetry=True)
    assert found == expected


def miscounts(hot: Hot) -> Hot:
    """Return *hot* with one state after that is too large."""

    def acts(states: Any, outcomes: Outcomes) -> int:  # noqa: ANN401
        rows = hot.acts(states, outcomes)
        outcomes.after[:rows] += outcomes.after[:rows] == 3
        return rows

    return evolve(hot, acts=acts)


def missends(hot: Hot) -> Hot:
    """Return *hot* with a message that is not sent."""
    return evolve(hot, sends=lambda row: hot.sends(row)[1:])


def mishears(hot: Hot) -> Hot:
    """Return *hot* that hears another message."""

    def hears(states: Any, messages: Any, outcomes: Outcomes) -> int:  # noqa: ANN401
        return hot.hears(states, np.minimum(messages, 3), outcomes)

    return evolve(hot, hears=hears)


def misnumbers(hot: Hot) -> Hot:
    """Return *hot* that answers a question which nobody asked."""

    def acts(states: Any, outcomes: Outcomes) -> int:  # noqa: ANN401
        rows = hot.acts(states, outcomes)
        outcomes.question[:rows] += 1
        return rows

    return evolve(hot, acts=acts)


def repeats(hot: Hot) -> Hot:
    """Return *hot* that says everything more often than it may."""

    def acts(states: Any, outcomes: Outcomes) -> int:  # noqa: ANN401
        rows = hot.acts(states, outcomes)
        for each in outcomes:
            each[: rows * (MESSAGES + 1)] = np.repeat(each[:rows], MESSAGES + 1, axis=0)
        return rows * (MESSAGES + 1)

    return evolve(hot, acts=acts)


def renames(hot: Hot) -> Hot:
    """Return *hot* with a row that two states share."""

    def row(state: int) -> tuple[int]:
        return (state % 3,)

    return evolve(hot, row=row)


def miscounts_features(hot: Hot) -> Hot:
    """Return *hot* with a feature that is too large."""

    def features(states: Any) -> Any:  # noqa: ANN401
        return states + (states > 4)

    return evolve(hot, features=features)


WRONG: dict[str, tuple[Callable[[Hot], Hot], str, str]] = {
    "state": (miscounts, "counter", r"counter in 2: hot steps say \[\(4, .*, not \[\(3, "),
    "sends": (missends, "counter", r"counter in 0: hot steps say \[\(1, \(\)\)\], not "),
    "message": (mishears, "adder", r"adder in 6 on numbers: 4: hot steps say \[\(9, "),
    "question": (misnumbers, "counter", "counter: hot steps do not write at most 3 rows for each"),
    "most": (repeats, "counter", "counter: hot steps do not write at most 3 rows for each"),
    "row": (renames, "counter", r"counter in 2: hot steps say \[\(3, "),
    "features": (miscounts_features, "counter", r"counter in 5: hot steps say \[6\], not \[5\]"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_hot_step_is_noticed(wrong: str) -> None:
    """The error says whose it is, in which state, on which message."""
    spoil, name, words = WRONG[wrong]
    world = with_hot_steps(counter(9))
    actors = tuple(
        evolve(actor, hot=spoil(actor.hot)) if actor.name == name and actor.hot else actor
        for actor in world.actors
    )
    assert compiled.explore(world, states_max=1_000).complete
    with pytest.raises(HotStepError, match=words):
        compiled.explore(evolve(world, actors=actors), states_max=1_000)


def test_answers_come_in_the_order_of_the_questions() -> None:
    """They would else be taken for those of others."""

    def acts(state: int) -> tuple[Do, ...]:
        return tuple(Do("falls", lower) for lower in range(state))

    actor = heated(Actor("stone", 3, acts, features=lambda state: {"height": state}))
    assert actor.hot is not None
    hot: Hot = actor.hot

    def reversed_acts(states: Any, outcomes: Outcomes) -> int:  # noqa: ANN401
        rows = hot.acts(states[::-1], outcomes)
        outcomes.question[:rows] = len(states) - 1 - outcomes.question[:rows]
        return rows

    world = ActorWorld("fall", (actor,), ())
    assert compiled.explore(world, states_max=9, compare_every=1).states == 4
    wrong = evolve(world, actors=(evolve(actor, hot=evolve(hot, acts=reversed_acts)),))
    with pytest.raises(HotStepError, match="stone: hot steps do not write at most 3 rows"):
        compiled.explore(wrong, states_max=9)


def test_as_many_answers_are_compared_as_are_asked_for() -> None:
    """The first hundred and some, and then one of so many; all of them, if it is one of one."""
    asked: list[int] = []

    def acts(state: int) -> Iterable[Do]:
        asked.append(state)
        return one.acts(state)

    one, other = counter(299).actors
    hot = evolve(one, acts=acts, hot=heated(one).hot)
    world = evolve(counter(299), actors=(hot, other))
    for every, many in ((1, 300), (100, 102)):
        asked.clear()
        compiled.explore(world, states_max=10_000, compare_every=every)
        assert len(asked) == many
