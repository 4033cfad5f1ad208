"""The reference pages are the declarations, printed; `make docs` prints them again."""

import re
from collections import Counter
from pathlib import Path

import pytest

from adapters import docs

WORDS = re.compile(r"<(?:text|title)[^>]*>([^<]*)<")


def words(svg: bytes) -> Counter[str]:
    """Return what is written in a picture; where it stands depends on the fonts installed."""
    return Counter(WORDS.findall(svg.decode()))


@pytest.mark.parametrize("name", docs.pages())
def test_pages_are_current(name: str) -> None:
    """A page says what the declaration says."""
    assert (docs.REFERENCE / name).read_text() == docs.pages()[name]


@pytest.mark.parametrize("path", docs.FOUND, ids=lambda path: path.name)
def test_what_the_checker_found_is_current(path: Path) -> None:
    """Each trace on the page is the one that the checker prints today."""
    page = path.read_text(encoding="utf-8")
    assert len(docs.MARKED.findall(page)) == page.count("<!-- found: ") > 0
    assert docs.found(page) == page


def test_pictures_are_current() -> None:
    """A picture has every state, row and note of the declaration, and no other."""
    for name, svg in docs.pictures().items():
        assert words((docs.REFERENCE / name).read_bytes()) == words(svg), name
