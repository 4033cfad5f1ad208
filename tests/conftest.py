"""Hypothesis profiles, and the folder of shared market data."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent

# Neither a deadline nor slow generation may fail a test: machines differ, rules do not.
# Only the ci profile repeats itself, whatever Hypothesis makes of the environment.
BASE = settings(
    deadline=None,
    derandomize=False,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.register_profile("dev", BASE, max_examples=50)
settings.register_profile("ci", BASE, max_examples=300, derandomize=True)
settings.register_profile("nightly", BASE, max_examples=10_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared market data; the test is skipped where there is none."""
    folder = Path(os.environ.get("HEDGEPROOF_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no shared data folder at {folder}; HEDGEPROOF_SHARED names it")
    return folder
