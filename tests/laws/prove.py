"""Prove every law over all integers with CrossHair: `python tests/laws/prove.py [law ...]`.

CrossHair exits with 0 also where it neither confirms nor refutes, so its report is read: every law
must be confirmed over all paths within its budget of processor seconds.
"""

import importlib
import inspect
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]
MODULES = (
    "tests.laws.laws_position",
    "tests.laws.laws_order",
    "tests.laws.laws_hedge_wallet",
    "tests.laws.laws_mirroring",
    "tests.laws.laws_supervisor",
)
BUDGET_S = 600
JOBS = 2
CONFIRMED = "Confirmed over all paths."
REPORTED = re.compile(r": (?:info|warning|error): (.*)")


@frozen
class Proof:
    """What became of *law*: CrossHair's own words, and the wall-clock time that they took."""

    law: str
    seconds: float
    verdict: str

    @property
    def proven(self) -> bool:
        """Whether the law holds for all integers."""
        return self.verdict == CONFIRMED


def laws(module: str) -> Iterator[str]:
    """Yield the laws of *module*: its functions that return nothing, as dotted names."""
    for name, function in inspect.getmembers(importlib.import_module(module), inspect.isfunction):
        if function.__module__ == module and function.__annotations__.get("return", 0) is None:
            yield f"{module}.{name}"


def verdict(report: str) -> str:
    """Return what *report* says of one law: the first complaint, or that it is confirmed.

    >>> verdict("laws.py:3: info: Not confirmed.")
    'Not confirmed.'
    """
    said = REPORTED.findall(report)
    if not said:
        return f"No verdict: {(report.strip() or 'nothing was reported').splitlines()[-1]}"
    return next((words for words in said if words != CONFIRMED), CONFIRMED)


def prove(law: str, budget_s: int = BUDGET_S) -> Proof:
    """Return what CrossHair says of *law*, a dotted name, within *budget_s* processor seconds."""
    command = (sys.executable, "-m", "crosshair", "check", law, "--analysis_kind=asserts")
    budget = (f"--per_condition_timeout={budget_s}", "--report_all")
    start = time.monotonic()
    done = subprocess.run(  # noqa: S603
        (*command, *budget), cwd=ROOT, capture_output=True, text=True, check=False
    )
    return Proof(law, time.monotonic() - start, verdict(done.stdout + done.stderr))


def main(names: Sequence[str]) -> int:
    """Prove the laws whose names contain one of *names*, or all; return 1 if one is not proven."""
    found = [law for module in MODULES for law in laws(module)]
    chosen = [law for law in found if not names or any(name in law for name in names)]
    width = max(map(len, chosen), default=0) - len("tests.laws.")
    proven = 0
    with ThreadPoolExecutor(JOBS) as pool:
        for proof in pool.map(prove, chosen):
            proven += proof.proven
            name = proof.law.removeprefix("tests.laws.")
            print(f"{name:{width}} {proof.seconds:6.1f} s  {proof.verdict}", flush=True)
    print(f"{proven} of {len(chosen)} laws are proven over all integers")
    return 0 if chosen and proven == len(chosen) else 1


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
