"""Hypothesis profiles, and the folder of shared market data."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from adapters.kernels import keep
from simulator.fuzz import PROFILES

keep()  # before anything imports numba
# Where the tests run in the background interrupts are ignored, and their children would inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parent.parent

# Neither a deadline nor slow generation may fail a test: machines differ, rules do not.
# Only the ci profile repeats itself, whatever Hypothesis makes of the environment.
BASE = settings(
    deadline=None,
    derandomize=False,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
for name, examples in PROFILES.items():
    settings.register_profile(name, BASE, max_examples=examples, derandomize=name == "ci")
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared market data; the test is skipped where there is none."""
    folder = Path(os.environ.get("HEDGEPROOF_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no shared data folder at {folder}; HEDGEPROOF_SHARED names it")
    return folder
