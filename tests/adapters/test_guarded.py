"""A user's world may do only what explorers believe of it; anything else is named, never judged."""

import re
from pathlib import Path

import pytest

from adapters.guarded import WorldError
from adapters.machine_file import load
from simulator.checked import checked
from simulator.explorer import explore as reference
from tests.adapters.test_machine_file import written

HEAD = """
from itertools import count
from simulator.actors import Actor, ActorWorld, Channel, Do, Rule
from spec.properties import Kind, Property, declare

SMALL = declare(Property("XX-1", Kind.ALWAYS, "It is small."))["XX-1"]
DRAWN = count()

class Box:
    pass

def world(acts, features=lambda n: {"n": n}, holds=lambda f: f.n <= 9, weight=len, **actor):
    one = Actor("one", 0, acts, features=features, **actor)
    wire = Channel("wire", "one", 1, weights={"size": weight})
    return ActorWorld("world", (one,), (wire,), (Rule(SMALL, holds),))

def counts(n):
    return [Do("count", n + 1)] if n < 3 else []

def sends(n):
    return [Do("send", n + 1, (("wire", "hi"),))] if n < 3 else []
"""
WRONG = (
    ("lambda n: None", "one.acts(0): TypeError: 'NoneType' object is not iterable"),
    ("lambda n: ['go']", "one.acts(0): 'go' is no outcome; give Do(what, state, sends)"),
    ("lambda n: [Do('go', [1])]", "one.acts(0): [1] cannot be hashed; use tuples"),
    ("lambda n: [Do('go', 1, [('wire', 1)])]", "cannot be hashed; use tuples"),
    ("lambda n: [Do('go', 1, (('wire', [1]),))]", "one.acts(0): [1] cannot be hashed"),
    ("lambda n: [Do('go', 1, ('wire',))]", "give pairs of a channel and a message"),
    ("lambda n: [Do('go', 1, (('air', 1),))]", "sends to 'air'; the channels are wire"),
    ("lambda n: [Do('go', next(DRAWN))]", "asked again"),
    ("lambda n: [Do('go', Box())]", "with states that are equal by value"),
    ("lambda n: [Do('go', 1 // n)]", "ZeroDivisionError: integer division or modulo by zero, line"),
    ("sends", "one.hears(1, 'wire', 'hi'): KeyError: 'hi', line", "hears=lambda n, c, m: {}[m]"),
    ("counts", "one.features(0): n is 0.5; give an integer", "features=lambda n: {'n': n + 0.5}"),
    ("counts", "n is 2147483649; give an integer", "features=lambda n: {'n': 1 + (1 << 31)}"),
    (
        "counts",
        "one.features(1): has ['m'], but ['n']",
        "features=lambda n: {'m' if n else 'n': n}",
    ),
    ("counts", "rule XX-1: AttributeError: world: no actor", "holds=lambda f: f.m <= 1"),
    ("counts", "join comparisons with & and |", "holds=lambda f: f.n >= 0 and f.n < 2"),
    ("counts", "rule XX-1: says None; compare features", "holds=lambda f: None"),
    ("counts", "rule XX-1: says (", "holds=lambda f: (f.n < 2,)"),
    ("sends", "wire, weight size('hi'): size is 0.5", "weight=lambda m: 0.5"),
)


@pytest.mark.parametrize(("acts", "told", "more"), [(*each, "")[:3] for each in WRONG])
def test_what_explorers_rely_on_is_looked_at(
    tmp_path: Path, acts: str, told: str, more: str
) -> None:
    """The error names the file, the world, the function, what it was given, and a way out."""
    text = f"{HEAD}\ndef worlds():\n    return [world({acts}, {more})]\n"
    with pytest.raises(WorldError, match=r"mine\.py: world: .*" + re.escape(told)):
        checked(load(written(tmp_path, text)).entries[0])


def test_a_failing_assertion_is_a_verdict(tmp_path: Path) -> None:
    """The explorers judge it, and show the way to it."""
    text = f"""{HEAD}
def asserts(n):
    assert n < 2
    return counts(n)

def worlds():
    return [world(asserts)]
"""
    (failure,) = checked(load(written(tmp_path, text)).entries[0]).judgement.report.failures
    assert failure.path is not None
    assert len(failure.path) == len(("start", "count", "count"))


def test_a_sound_world_is_judged_as_it_was(tmp_path: Path) -> None:
    """Looking changes neither counts nor verdicts, in either explorer."""
    text = (
        f"{HEAD}\ndef worlds():\n    return [world(sends, hears=lambda n, c, m: [Do('hear', n)])]\n"
    )
    (entry,) = load(written(tmp_path, text)).entries
    plain = reference(entry.world, states_max=100)
    found = checked(entry).judgement.report
    assert (found.states, found.transitions, found.failures) == (7, 6, ())
    assert (plain.states, plain.transitions) == (found.states, found.transitions)
