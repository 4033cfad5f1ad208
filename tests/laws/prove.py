"""Prove every law over all integers with CrossHair: `python -m tests.laws.prove [law ...]`.

CrossHair exits with 0 also where it neither confirms nor refutes, so its report is read: every law
must be confirmed over all paths within its budget of processor seconds.  So must every pair of
functions that say the same: what one of them says the other must, on all paths.

What is proven is kept (`tests.laws.kept`), so a run that was stopped goes on where it was;
`--again` proves all anew.
"""

import importlib
import inspect
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attrs import frozen

from tests.laws.kept import keep, kept

ROOT = Path(__file__).parents[2]
MODULES = (
    "tests.laws.laws_position",
    "tests.laws.laws_order",
    "tests.laws.laws_hedge_wallet",
    "tests.laws.laws_collision",
    "tests.laws.laws_mirror",
    "tests.laws.laws_mirroring",
    "tests.laws.laws_trailing",
    "tests.laws.laws_unstuck",
    "tests.laws.laws_slots",
    "tests.laws.laws_supervisor",
    "tests.laws.laws_port",
)
PAIRS = ("tests.laws.diff_tables", "tests.laws.diff_steps", "tests.laws.diff_events")
ROWS, STEP = "_rows", "_step"  # what the names of the two functions of a pair end in
BUDGET_S = 600
JOBS = 2
CONFIRMED = "Confirmed over all paths."
SAME = "All paths exhausted, functions are likely the same!"
REPORTED = re.compile(r": (?:info|warning|error): (.*)")


@frozen
class Proof:
    """What became of *law*, or of a pair: CrossHair's own words, and the time that they took."""

    law: str
    seconds: float
    verdict: str

    @property
    def proven(self) -> bool:
        """Whether the law holds for all integers."""
        return self.verdict in {CONFIRMED, SAME}


def laws(module: str) -> Iterator[str]:
    """Yield the laws of *module*: its functions that return nothing, as dotted names."""
    for name, function in inspect.getmembers(importlib.import_module(module), inspect.isfunction):
        if function.__module__ == module and function.__annotations__.get("return", 0) is None:
            yield f"{module}.{name}"


def pairs(module: str) -> Iterator[str]:
    """Yield the pairs of *module*: two functions, one by the rows and one by the step."""
    for name, function in inspect.getmembers(importlib.import_module(module), inspect.isfunction):
        if function.__module__ == module and name.endswith(ROWS):
            yield f"{module}.{name.removesuffix(ROWS)}"


def verdict(report: str) -> str:
    """Return what *report* says of one law: the first complaint, or that it is confirmed.

    >>> verdict("laws.py:3: info: Not confirmed.")
    'Not confirmed.'
    """
    said = REPORTED.findall(report)
    if not said:
        return f"No verdict: {(report.strip() or 'nothing was reported').splitlines()[-1]}"
    return next((words for words in said if words != CONFIRMED), CONFIRMED)


def difference(report: str) -> str:
    """Return what *report* says of one pair: that nothing differs, or where.

    >>> difference("Given: (x=7),\\n  one : returns 1\\n  two : returns 2\\n")
    'Given: (x=7), one : returns 1 two : returns 2'
    """
    lines = [line.strip() for line in report.splitlines() if line.strip()]
    if SAME in lines and not any(line.startswith("Given: ") for line in lines):
        return SAME
    return " ".join(lines) or "No verdict: nothing was reported"


def prove(law: str, budget_s: int = BUDGET_S) -> Proof:
    """Return what CrossHair says of *law*, a dotted name, within *budget_s* processor seconds."""
    report, seconds = _asked("check", (law, "--analysis_kind=asserts", "--report_all"), budget_s)
    return Proof(law, seconds, verdict(report))


def compare(pair: str, budget_s: int = BUDGET_S) -> Proof:
    """Return whether the two functions of *pair* differ, as `prove` does."""
    report, seconds = _asked("diffbehavior", (pair + ROWS, pair + STEP), budget_s)
    return Proof(pair, seconds, difference(report))


def _asked(what: str, arguments: Sequence[str], budget_s: int) -> tuple[str, float]:
    """Return what CrossHair prints, and the seconds that it took."""
    command = (sys.executable, "-m", "crosshair", what, *arguments)
    start = time.monotonic()
    done = subprocess.run(  # noqa: S603
        (*command, f"--per_condition_timeout={budget_s}"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr, time.monotonic() - start


def settle(law: str, ask: Callable[[str], Proof], *, again: bool) -> Proof:
    """Return the proof of *law* that is kept, unless *again*; else what *ask* says, kept if so."""
    before = None if again else kept(law)
    if before is not None:
        return Proof(law, *before)
    proof = ask(law)
    if proof.proven:
        keep(law, proof.seconds, proof.verdict)
    return proof


def main(arguments: Sequence[str]) -> int:
    """Prove the laws whose names contain one of *arguments*, or all; return 1 if one is not."""
    again = "--again" in arguments
    names = [name for name in arguments if name != "--again"]
    found: dict[str, Callable[[str], Proof]] = {}
    found |= {law: prove for module in MODULES for law in laws(module)}
    found |= {pair: compare for module in PAIRS for pair in pairs(module)}
    chosen = [law for law in found if not names or any(name in law for name in names)]
    width = max(map(len, chosen), default=0) - len("tests.laws.")
    proven = 0

    def settled(law: str) -> Proof:
        return settle(law, found[law], again=again)

    with ThreadPoolExecutor(JOBS) as pool:
        for proof in pool.map(settled, chosen):
            proven += proof.proven
            name = proof.law.removeprefix("tests.laws.")
            print(f"{name:{width}} {proof.seconds:6.1f} s  {proof.verdict}", flush=True)
    print(f"{proven} of {len(chosen)} laws are proven over all integers")
    return 0 if chosen and proven == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
