"""Exported worlds: SPIN and TLC count the same states and say the same of every claim."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.machine_file import load
from simulator.actors import Actor, ActorWorld, Channel, Do, Rule
from simulator.catalogue import catalogue
from simulator.explorer import BoundExceeded
from simulator.export.expression import INT_MAX, ExportError, written
from simulator.export.promela import promela
from simulator.export.table import Table, tabled
from simulator.export.tla import configuration_name, configurations, tla
from simulator.judge import Entry
from spec.properties import Kind, Property
from tests.benchmarks.checkers.checker import CheckerError, first, used
from tests.benchmarks.checkers.rivals import (
    Spin,
    make_pan,
    run_tlc,
    spin_counts,
    tlc_counts,
    tlc_steps,
)

RESEND = Path(__file__).parents[2] / "docs" / "how-to" / "resend.py"
STATES_MAX = 100_000
WORDS = {
    "true": "True", "false": "False", "bit": "int({})",
    "eq": "({} == {})", "ne": "({} != {})", "lt": "({} < {})", "le": "({} <= {})",
    "gt": "({} > {})", "ge": "({} >= {})", "add": "({} + {})", "sub": "({} - {})",
    "mul": "({} * {})", "div": "({} // {})", "abs": "abs({})",
    "and": "({} and {})", "or": "({} or {})", "bit_and": "({} & {})", "bit_or": "({} | {})",
}  # fmt: skip


def every_way() -> ActorWorld:
    """Return a world with every kind of channel, negative features, weights and bits.

    One actor counts to two and tells the other in two ways; what comes back takes it down again.
    """

    def acts(state: int) -> Iterable[Do]:
        if state < 2:
            yield Do("tells", state + 1, (("fifo", state + 2), ("bag", 1 - state)))
        if state > 0:
            yield Do("starts over", 0)

    def hears(state: int, channel: str, message: int) -> Iterable[Do]:
        if channel == "twice":
            yield Do("goes down", max(state - message, 0), (("twice", 0),) if message else ())
        elif state:
            yield Do("goes down", state - 1)

    def answers(state: int, channel: str, message: int) -> Iterable[Do]:
        if channel == "fifo":
            yield Do("remembers", message % 2)
            yield Do("passes it on", state, (("lost", message), ("twice", 1)))
        elif state:
            yield Do('takes it */ (* "', -message)

    one = Actor("int", 0, acts, hears, lambda state: {"of_int": state, "x": state + 3})
    two = Actor("two", 0, lambda _: (), answers, lambda state: {"low": 5 * state})
    return ActorWorld(
        "every-way",
        (one, two),
        (
            Channel("fifo", "two", 2, weights={"len": int}),
            Channel("bag", "two", 2, ordered=False, weights={"zeros": lambda m: -(m == 0)}),
            Channel("lost", "int", 1, lossy=True),
            Channel("twice", "int", 1, ordered=False, doubling=True),
        ),
        (
            Rule(prop(1), lambda f: (f.of_int <= 2) & (f.low > -6)),
            Rule(prop(2), lambda f: (f.x | 4 * (f.of_int == 1)) <= 5),
            Rule(prop(3), lambda f: (abs(f.zeros) <= 2) & ((f.len + 2) // 2 + f.zeros >= -1)),
            Rule(prop(4, Kind.SOMETIMES), lambda f: (f.bag == 2) & (f.zeros == -2) & (f.lost > 0)),
            Rule(prop(5, Kind.SOMETIMES), lambda f: (f.x & 4) - f.low * 2 == 14),
            Rule(prop(6, Kind.SOMETIMES), lambda f: (f.len == 4) & (f.twice == 1)),
        ),
    )


def prop(number: int, kind: Kind = Kind.ALWAYS) -> Property:
    return Property(f"XX-{number}", kind, "It is so.")


@cache
def entries() -> Mapping[str, Entry]:
    """Return the worlds that are compared, by name."""
    found = (Entry(every_way()), *load(RESEND).entries, *catalogue())
    return {entry.name: entry for entry in found}


@cache
def table(name: str, mutant: int = 0) -> Table:
    """Return the tables of a world, or of one of its mutants, as far as it takes to fail."""
    entry = entries()[name]
    chosen = entry.mutants[mutant - 1] if mutant else None
    world = chosen.world if chosen else entry.world
    assert isinstance(world, ActorWorld)
    return tabled(world, states_max=STATES_MAX, until=chosen.property_id if chosen else "")


def depths(of: Table) -> dict[str, int]:
    """Return how near the first state is that settles each claim of single states."""
    return {
        verdict.property.id.replace("-", "_").replace(".", "_"): len(verdict.moves())
        for verdict in of.report.verdicts
        if verdict.path is not None and verdict.property.kind is not Kind.LEADS_TO
    }


@pytest.fixture(scope="module")
def spin() -> None:
    """SPIN and a C compiler; the test is skipped where they are not."""
    try:
        Spin().version()
    except CheckerError as error:
        pytest.skip(str(error))


def pan(folder: Path, model: str, *defines: str) -> Callable[..., str]:
    """Return the checker that SPIN makes of *model*, to be run with options."""
    make_pan(folder, model, *Spin.shortest.split(), defines=defines)
    return lambda *options: used(folder, folder / "pan", *options).said


def failed(said: str) -> dict[str, int]:
    """Return at which depth SPIN has seen each assertion fail first."""
    found: dict[str, int] = {}
    for name, depth in re.findall(r"assertion violated \( (\w+) \) \(at depth (\d+)\)", said):
        found.setdefault(name, int(depth))
    return found


def errors(said: str) -> int:
    return int(first(r"errors: (\d+)$", said, "errors"))


@pytest.mark.usefixtures("spin")
@pytest.mark.parametrize("name", ["every-way", "resend", "mirroring-acks", "supervisor-halt"])
def test_spin_counts_the_same(name: str, tmp_path: Path) -> None:
    """States, transitions, depth, states that nothing leaves; and no claim fails."""
    exported = table(name)
    report = exported.report
    run = pan(tmp_path, promela(exported, name))
    said = run("-E")
    assert errors(said) == 0
    assert spin_counts(said) == (report.states, report.transitions, report.depth)
    assert errors(run("-A", "-c0")) == report.deadlocks


@pytest.mark.usefixtures("spin")
@pytest.mark.parametrize("name", ["every-way", "mirroring-acks"])
def test_spin_witnesses_what_sometimes_happens(name: str, tmp_path: Path) -> None:
    """Each claim comes about as early as in our exploration, and nothing else is said."""
    exported = table(name)
    assert exported.of_kind(Kind.SOMETIMES)
    said = pan(tmp_path, promela(exported, name), "-DWITNESS")("-E", "-c0")
    assert failed(said) == depths(exported)
    counted = spin_counts(said)
    assert counted.transitions - errors(said) == exported.report.transitions


@pytest.mark.usefixtures("spin")
@pytest.mark.parametrize(
    ("name", "mutant"),
    [("resend", 1), ("supervisor-halt", 1), ("supervisor-halt", 2), ("supervisor-halt", 6)],
)
def test_spin_finds_each_defect_as_soon(name: str, mutant: int, tmp_path: Path) -> None:
    """The first failure is that of the property that must fail, on a path as short as ours."""
    exported = table(name, mutant)
    assert failed(pan(tmp_path, promela(exported, name))("-E")) == depths(exported)
    assert exported.report.failures


@pytest.mark.usefixtures("spin")
def test_spin_does_not_see_what_no_longer_happens(tmp_path: Path) -> None:
    """A sometimes claim that a defect breaks is broken for SPIN too."""
    exported = table("supervisor-halt", 4)
    assert [verdict.property.id for verdict in exported.report.failures] == ["SUP-6.2"]
    said = pan(tmp_path, promela(exported, ""), "-DWITNESS")("-E", "-c0")
    assert failed(said) == {}
    assert spin_counts(said).states == exported.report.states


@pytest.mark.usefixtures("spin")
def test_a_step_that_is_missing_is_reached(tmp_path: Path) -> None:
    """Had our exploration overlooked a step, another checker would say so."""
    model = promela(table("resend"), "")
    known = "!(sender >= 1 && sender <= 2)"
    assert known in model
    said = pan(tmp_path, model.replace(known, "!(sender == 1)"))("-E")
    assert set(failed(said)) == {"KNOWN"}


def checked(folder: Path, exported: Table, claim: str = "") -> str:
    """Return what TLC says with the configuration for *claim*; skip without TLC."""
    (folder / "world.tla").write_text(tla(exported, "", "world"))
    for name, text in configurations(exported).items():
        (folder / configuration_name("world", name)).write_text(text)
    words = ("-deadlock", "-config", configuration_name("world", claim), "world")
    try:
        return run_tlc(folder, *words).said
    except CheckerError as error:
        pytest.skip(str(error))


def test_tlc_counts_the_same(tmp_path: Path) -> None:
    """States, transitions, depth; and no claim fails."""
    exported = table("every-way")
    report, said = exported.report, checked(tmp_path, exported)
    assert "No error has been found" in said
    assert tlc_counts(said) == (report.states, report.transitions, report.depth)


@pytest.mark.slow
def test_tlc_counts_a_larger_world_the_same(tmp_path: Path) -> None:
    """So it is of a machine of ours."""
    exported = table("supervisor-halt")
    report, said = exported.report, checked(tmp_path, exported)
    assert "No error has been found" in said
    assert tlc_counts(said) == (report.states, report.transitions, report.depth)


@pytest.mark.parametrize(("name", "mutant"), [("supervisor-halt", 2)])
def test_tlc_finds_a_defect_as_soon(name: str, mutant: int, tmp_path: Path) -> None:
    """The first failure is that of the property that must fail, on a path as short as ours."""
    exported = table(name, mutant)
    ((claim, depth),) = depths(exported).items()
    said = checked(tmp_path, exported)
    assert f"Invariant {claim} is violated" in said
    assert tlc_steps(said) == depth


def test_tlc_witnesses_what_sometimes_happens(tmp_path: Path) -> None:
    """A witness of the claim is a violation of its contrary."""
    exported = table("every-way")
    said = checked(tmp_path, exported, "XX_4")
    assert "Invariant Never_XX_4 is violated" in said
    assert tlc_steps(said) == depths(exported)["XX_4"]


@pytest.mark.parametrize(("mutant", "says"), [(0, "No error"), (2, "Temporal properties were")])
def test_tlc_judges_what_happens_in_the_end(mutant: int, says: str, tmp_path: Path) -> None:
    """Fair moves bring about what leads-to claims, unless the answer is ignored."""
    exported = table("resend", mutant)
    assert bool(exported.report.failures) == bool(mutant)
    assert says in checked(tmp_path, exported, "RS_2")


def test_a_move_that_changes_nothing_is_a_move_for_tlc(tmp_path: Path) -> None:
    """Fairness means the same: to TLC something changes with each move."""
    broken = entries()["resend"].mutants[2].world
    assert isinstance(broken, ActorWorld)
    exported = tabled(broken, states_max=STATES_MAX)
    assert exported.idles
    (verdict,) = (v for v in exported.report.verdicts if v.property.id == "RS-2")
    said = checked(tmp_path, exported, "RS_2")
    assert ("No error has been found" in said) == verdict.holds
    assert tlc_counts(said).states > exported.report.states


@pytest.mark.parametrize(
    "holds",
    [
        lambda f: f.a + 1 == 3 - f.b,
        lambda f: (1 - (f.a == 2)) | (f.b != 1),
        lambda f: ((f.a | f.b) == 3) & (-f.a <= 2 * f.b),
        lambda f: (f.a > f.b) * (f.a & 1),
        lambda f: sum([f.a < 0, f.b >= 1]) == 1,
        lambda f: (f.a + 2) * 7 // 3 > 2 * f.b,
        lambda f: abs(f.a - f.b) < 2,
        lambda f: True & (f.a == f.b),
        lambda _: True,
    ],
    ids=["plus", "implies", "bits", "odd", "sum", "quotient", "abs", "constant left", "constant"],
)
def test_a_rule_written_out_is_the_rule(holds: Callable[[Any], Any]) -> None:
    """Evaluated as an expression it is what the function says, of every pair of numbers."""
    bounds = {"a": (-2, 3), "b": (-2, 3)}
    text = written(holds, bounds).text(WORDS, {"a": "f.a", "b": "f.b"})
    for a in range(-2, 4):
        for b in range(-2, 4):
            f = SimpleNamespace(a=a, b=b)
            assert eval(text, {"f": f}) == bool(holds(f)), text  # noqa: S307  # made just above


@pytest.mark.parametrize(
    ("holds", "why"),
    [
        (lambda f: f.a == 1 and f.b == 2, "asks whether a feature is so"),
        (lambda f: max(f.a, f.b) > 2, "asks whether a feature is so"),
        (lambda f: f.c == 1, "no actor or channel has feature 'c'"),
        (lambda f: f.a % 2 == 1, "unsupported operand"),
        (lambda f: (f.a - 1) // 2 == 1, "only what is not negative is divided"),
        (lambda f: f.a // f.b == 1, "by a constant"),
        (lambda f: f.a == "one", "'one' is no integer"),
        (lambda f: f.a * INT_MAX < 1, "beyond 32 bits"),
    ],
    ids=["and", "max", "unknown", "remainder", "negative", "divisor", "text", "large"],
)
def test_a_rule_that_cannot_be_written_is_refused(holds: Callable[[Any], Any], why: str) -> None:
    """A model that said something else would be worse than none."""
    with pytest.raises(ExportError, match=why):
        written(holds, {"a": (0, 3), "b": (0, 3)})


def test_a_world_that_breaks_down_is_refused() -> None:
    """Where an actor's code fails there is no table."""

    def acts(state: int) -> Iterable[Do]:
        assert state < 2
        yield Do("counts", state + 1)

    world = ActorWorld("counter", (Actor("counter", 0, acts),), ())
    with pytest.raises(ExportError, match="counter: an assertion of its code fails"):
        tabled(world, states_max=STATES_MAX)


def test_a_bound_that_is_exceeded_is_no_model() -> None:
    """Nothing is known of a world that was not explored to its end."""
    world = entries()["every-way"].world
    assert isinstance(world, ActorWorld)
    with pytest.raises(BoundExceeded):
        tabled(world, states_max=100)


def test_a_model_says_what_it_is_and_what_to_expect() -> None:
    """Who gets the file needs nothing else."""
    exported = table("supervisor-halt")
    for text in (promela(exported, "World supervisor-halt"), tla(exported, "World x", "x")):
        assert "4613 states, 14187 transitions, depth 28" in text
        assert re.search(r"SUP_1, always, holds: .*\n", text)
        assert re.search(r"SUP_6_3, sometimes, witnessed at depth 7: .*\n", text)
        assert re.search(r"^ +[01] Bot\(supervisor=", text, re.MULTILINE)


def test_a_model_of_a_defect_says_how_far_it_goes() -> None:
    """It ends where its property fails."""
    text = promela(table("supervisor-halt", 2), "")
    assert "SUP_4, always, FAILS at depth" in text
    assert "no counts" in text
