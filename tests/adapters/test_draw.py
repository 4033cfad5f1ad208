"""Pictures need nothing that is not installed with the project."""

from xml.etree import ElementTree as ET

import pytest

from adapters.draw import picture

DOT = 'digraph { a -> b [label="one\\ltwo\\l"] }'


def test_an_svg_shows_every_word() -> None:
    """What the source says is text in the picture."""
    root = ET.fromstring(picture(DOT, "svg"))  # noqa: S314  # our own
    words = {each.text for each in root.iter("{http://www.w3.org/2000/svg}text")}
    assert words == {"a", "b", "one", "two"}


def test_a_png_is_one() -> None:
    """The bytes are those of a PNG file."""
    assert picture(DOT, "png").startswith(b"\x89PNG\r\n")


def test_no_graphviz_of_the_system_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no `dot` program on a bare machine."""
    monkeypatch.setenv("PATH", "")
    assert picture(DOT, "svg")
