"""What is compiled is kept for the sources that it was compiled from, and for no others."""

import os
import sys
from pathlib import Path

import pytest

from adapters.kernels import KEPT, PLACE, SOURCES, digest, keep


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if numba had not been imported, and nobody had chosen a folder."""
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    monkeypatch.setenv(PLACE, "")
    monkeypatch.delenv(PLACE)


def test_an_edited_source_is_another_state(tmp_path: Path) -> None:
    """A change of any file changes the folder; the same files come to the same."""
    (tmp_path / "one.py").write_text("1")
    before = digest((tmp_path,))
    assert digest((tmp_path,)) == before
    (tmp_path / "one.py").write_text("2")
    assert digest((tmp_path,)) != before


@pytest.mark.usefixtures("fresh")
def test_few_states_are_kept(tmp_path: Path) -> None:
    """Older folders go, the latest stay."""
    for number in range(KEPT + 2):
        (tmp_path / str(number)).mkdir()
        os.utime(tmp_path / str(number), (number, number))
    assert keep(tmp_path)
    assert os.environ[PLACE] == str(tmp_path / digest(SOURCES))
    assert len(list(tmp_path.iterdir())) == KEPT


@pytest.mark.usefixtures("fresh")
def test_what_is_kept_is_not_compiled_again(tmp_path: Path) -> None:
    """Only who has nothing kept is told to wait."""
    (tmp_path / digest(SOURCES)).mkdir()
    assert not keep(tmp_path)


@pytest.mark.usefixtures("fresh")
def test_a_chosen_folder_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever has named a folder for numba keeps it."""
    monkeypatch.setenv(PLACE, "elsewhere")
    keep(tmp_path)
    assert os.environ[PLACE] == "elsewhere"


def test_every_source_is_there() -> None:
    """A folder that has moved would no longer be watched."""
    assert all(any(folder.glob("*.py")) for folder in SOURCES)
