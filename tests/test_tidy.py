"""The house rules that no linter knows: sizes, purity, words, names and locks."""

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("spec", "machines", "simulator", "adapters")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b")
OTHER_FOLDERS = re.compile(r"(?<!\w)/work\b|\.\./shared\b")


def paths(*patterns: str) -> list[str]:
    """Return every file that matches, relative to the root, in order."""
    found = {path for pattern in patterns for path in ROOT.glob(pattern)}
    return sorted(str(path.relative_to(ROOT)) for path in found)


SOURCES = paths(*(f"{name}/**/*.py" for name in PACKAGES))
CORE = [path for path in SOURCES if re.match(r"(spec|machines)/", path) and "/pricing/" not in path]
CLOSED = [path for path in SOURCES if not path.startswith("adapters/")]
TESTS = paths("tests/**/*.py")
PAGES = paths("*.md", "docs/**/*.md")
PROGRAMS = ["Makefile", "pyproject.toml", ".ci/run"]


@cache
def nodes(path: str) -> tuple[ast.AST, ...]:
    """Return the nodes of the syntax tree of *path*."""
    return tuple(ast.walk(ast.parse((ROOT / path).read_text())))


def public(body: list[ast.stmt], outer: str = "") -> Iterator[tuple[str, str | None]]:
    """Yield the name and the docstring of each public class, function and method in *body*."""
    for node in body:
        if not isinstance(node, ast.ClassDef | FUNCTION) or node.name.startswith("_"):
            continue
        if any(ast.unparse(mark).split(".")[-1] == "override" for mark in node.decorator_list):
            continue
        name = f"{outer}{node.name}"
        yield name, ast.get_docstring(node)
        if isinstance(node, ast.ClassDef):
            yield from public(node.body, f"{name}.")


@pytest.mark.parametrize("path", SOURCES)
def test_sizes(path: str) -> None:
    """A file is read in one sitting; a function fits on one screen."""
    assert len((ROOT / path).read_text().splitlines()) <= FILE_LINES_MAX
    for node in nodes(path):
        if isinstance(node, FUNCTION):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < FUNCTION_LINES_MAX, node.name


@pytest.mark.parametrize("path", CORE)
def test_the_core_counts_and_never_fails(path: str) -> None:
    """Prices are ticks, sizes are lots: no float, no true division, and nothing to catch."""
    for node in nodes(path):
        inexact = isinstance(node, ast.Constant) and isinstance(node.value, float | complex)
        divides = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
        catches = isinstance(node, ast.Try | ast.TryStar)
        assert not any((inexact, divides, catches)), ast.unparse(node)


@pytest.mark.parametrize("path", CLOSED)
def test_only_adapters_print(path: str) -> None:
    """A closed world returns what it has to say."""
    for node in nodes(path):
        assert not (isinstance(node, ast.Name) and node.id == "print"), f"line {node.lineno}"


@pytest.mark.parametrize("path", SOURCES)
def test_public_names_are_documented(path: str) -> None:
    """Each module, public class, function and method says what it is."""
    module = nodes(path)[0]
    assert isinstance(module, ast.Module)
    assert ast.get_docstring(module), "the module"
    for name, docstring in public(module.body):
        assert docstring, name


@pytest.mark.parametrize("path", TESTS)
def test_each_test_states_its_rule(path: str) -> None:
    """A failing test tells the rule that was broken."""
    for node in nodes(path):
        if isinstance(node, FUNCTION) and node.name.startswith("test_"):
            assert ast.get_docstring(node), node.name


@pytest.mark.parametrize("path", [*SOURCES, *TESTS, *PAGES, *PROGRAMS])
def test_nothing_is_left_unfinished(path: str) -> None:
    """What is not done is not in the tree."""
    assert not UNFINISHED.findall((ROOT / path).read_text())


@pytest.mark.parametrize("path", PAGES)
def test_pages_name_no_folder_outside_the_project(path: str) -> None:
    """What a page says holds on every machine."""
    assert not OTHER_FOLDERS.findall((ROOT / path).read_text())


@pytest.mark.parametrize("name", PACKAGES)
def test_no_other_distribution_shadows_ours(name: str) -> None:
    """All four names are taken on public indexes, and site-packages precedes an editable path."""
    file = importlib.import_module(name).__file__
    assert file is not None
    assert Path(file).parent == ROOT / name
    ours = distribution("hedgeproof").metadata["Name"]
    assert set(packages_distributions().get(name, ())) <= {ours}


def pins(lock: str) -> dict[str, str]:
    """Return the text of each requirement in *lock*, hashes included, by its pin."""
    text = (ROOT / "requirements" / lock).read_text().replace("\\\n", " ")
    return {line.split(" ")[0]: line for line in text.splitlines()}


@pytest.mark.parametrize("lock", ["run.txt", "dev.txt"])
def test_locks_are_hashed_and_name_no_index(lock: str) -> None:
    """The index is the reader's choice; what it serves is not."""
    for pin, line in pins(lock).items():
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+", pin), line
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", line), pin
        assert "/" not in line, pin


def test_what_runs_is_what_was_tested() -> None:
    """Each package of the run lock is in the development lock, hashes included."""
    assert pins("run.txt").items() <= pins("dev.txt").items()
