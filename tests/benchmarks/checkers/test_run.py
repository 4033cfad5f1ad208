"""The benchmark of checkers: what it makes of figures, and what it refuses."""

from pathlib import Path

import pytest
from attrs import evolve

from tests.benchmarks.checkers.checker import CheckerError, Figures, numbers, used
from tests.benchmarks.checkers.mirror import DEFECT_DEPTHS, EXPECTED, NAMED, SMALL
from tests.benchmarks.checkers.promela import promela
from tests.benchmarks.checkers.rivals import JAR, Spin, Tlc
from tests.benchmarks.checkers.run import LABELS, Found, Row, again, cells, once, problems

COUNTS = EXPECTED[NAMED["S"]]
RUN = Figures(
    **COUNTS._asdict(), prepare_s=1.0, cpu_s=0.5, wall_s=0.6, peak_bytes=20_000_000
)  # fmt: skip
SPIN = Row("S", "SPIN", (("-O2", evolve(RUN, depth=None)), ("-DBFS", evolve(RUN, cpu_s=0.9))))


class Stub:
    """A checker whose runs are given."""

    name = "stub"
    modes = ("slow", "fast")

    def __init__(self, **cpu_s: float) -> None:
        self.cpu_s = cpu_s
        self.asked: list[str] = []

    def version(self) -> str:
        return "1"

    def check(self, size: object, mode: str) -> Figures:
        del size
        self.asked.append(mode)
        if mode not in self.cpu_s:
            raise CheckerError("not installed")
        return evolve(RUN, cpu_s=self.cpu_s[mode])

    def depths(self, size: object, defect: str) -> tuple[int, int]:
        del size
        return DEFECT_DEPTHS[defect]


def test_only_the_fastest_mode_is_repeated() -> None:
    """Each mode runs once, and the best of all runs counts."""
    checker = Stub(slow=2.0, fast=1.0)
    found = again(once(checker, "S", checker.modes), checker)
    assert checker.asked == ["slow", "fast", "fast"]
    assert found.best[0] == "fast"


def test_a_checker_that_is_not_installed_is_a_row_with_the_reason() -> None:
    """The others are measured all the same."""
    checker = Stub(slow=2.0)
    found = again(once(checker, "S", checker.modes), checker)
    texts = cells(found, SPIN)
    assert (texts[0], texts[1], texts[-1]) == ("S", "stub", "not installed")
    assert len(texts) == len(LABELS)
    assert problems([found], [Found("D1", "stub", problem="not installed")]) == []


def test_speed_is_relative_to_the_fastest_mode_of_spin() -> None:
    """Half the processor time is twice the speed; the depth is that of a mode that tells it."""
    twice = Row("S", "x", (("", evolve(RUN, cpu_s=0.25)),))
    texts = dict(zip(LABELS, cells(twice, SPIN), strict=True))
    assert texts["x SPIN"] == "2.00"
    spin = dict(zip(LABELS, cells(SPIN, SPIN), strict=True))
    assert (spin["x SPIN"], spin["mode"], spin["depth"]) == ("1.00", "-O2", "37")


@pytest.mark.parametrize("what", ["states", "transitions", "depth"])
def test_a_count_that_differs_is_told(what: str) -> None:
    """One state more is another model."""
    other = evolve(RUN, **{what: getattr(RUN, what) + 1})
    (line,) = problems([Row("S", "x", (("", other),)), SPIN], [])
    assert line.startswith("x  at S: (")


def test_a_longer_path_to_a_defect_is_told() -> None:
    """A counterexample must be a shortest one."""
    any_claim, exposure = DEFECT_DEPTHS["D1"]
    found = Found("D1", "SPIN", (any_claim, exposure + 1))
    assert problems([SPIN], [found]) == [f"SPIN: D1: (6, 9), not {DEFECT_DEPTHS['D1']}"]


@pytest.mark.parametrize("said", ["", "1.05e+07 states", "1,000 states"])
def test_a_count_is_read_whole_or_not_at_all(said: str) -> None:
    """A rounded count proves nothing."""
    assert numbers("345 states", [(r"^(\S+) states", "states")]) == [345]
    with pytest.raises(CheckerError, match="of states"):
        numbers(said, [(r"^(\S+) states", "states")])


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The row says what to install."""
    with pytest.raises(CheckerError, match="no-such-checker is not installed"):
        used(tmp_path, "no-such-checker")


def test_tlc_is_left_out_without_its_jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable names a file; a wrong name is not passed on to Java."""
    monkeypatch.setenv(JAR, str(tmp_path / "absent.jar"))
    with pytest.raises(CheckerError, match=f"{JAR} names no"):
        Tlc().version()


def test_the_modes_of_spin_keep_every_state_whole() -> None:
    """Hash compaction and bit-state hashing would be no proof."""
    flags = {flag for mode in Spin.modes for flag in mode.split()}
    assert not flags & {"-DBITSTATE", "-DHC", "-DHC4", "-DREDUCE"}


def test_each_defect_is_another_model() -> None:
    """A defect that changed nothing would be looked for in vain."""
    texts = {promela(SMALL[2], defect) for defect in ("", *DEFECT_DEPTHS)}
    assert len(texts) == 1 + len(DEFECT_DEPTHS)
