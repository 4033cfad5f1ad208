"""The pages point at what is there, and quote what the commands print."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
)
FOLDERS = "spec|machines|simulator|adapters|tests|docs|configs|requirements"
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
FILE = re.compile(rf"(?:{FOLDERS})/[\w./-]*|Makefile|pyproject\.toml|\.ci/run")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
COMMANDS = {"hedgeproof", "make", "pytest", "python"} | {
    *("cat", "cd", "cmp", "echo", "export", "git", "grep", "head", "mkdir", "mv", "sed"),
}
SERVING = ("hedgeproof exchange", "hedgeproof run")
CUT = "..."  # a line that stands for lines left out


def read(page: str) -> str:
    """Return the text of *page*."""
    return (ROOT / page).read_text(encoding="utf-8")


def prose(page: str) -> str:
    """Return *page* without its fenced blocks."""
    return FENCED.sub("", read(page))


def anchors(page: Path) -> set[str]:
    """Return what a link may point at inside *page*: its headings, as a web page names them."""
    heads = HEADING.findall(FENCED.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def consoles(page: str) -> Iterator[list[str]]:
    """Yield each command of *page* that a reader is shown, followed by its lines of output."""
    for language, block in FENCED.findall(read(page)):
        if language == "console":
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                yield part.rstrip("\n").split("\n")


QUOTING = [page for page in PAGES if any(len(lines) > 1 for lines in consoles(page))]


@pytest.mark.parametrize("page", PAGES)
def test_links_resolve(page: str) -> None:
    """A relative link leads to a file that is there, and to a heading that it has."""
    for link in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        assert target.resolve().is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES)
def test_named_files_exist(page: str) -> None:
    """What is written like a file of the project is one."""
    for word in " ".join(SPAN.findall(prose(page))).split():
        if FILE.fullmatch(word):
            assert (ROOT / word).exists(), word


@pytest.mark.parametrize("page", PAGES)
def test_console_blocks_show_commands(page: str) -> None:
    """A console block begins with a prompt, and every prompt is followed by a known command."""
    for language, block in FENCED.findall(read(page)):
        assert language != "console" or block.startswith("$ ")
    for command, *_ in consoles(page):
        assert command.split()[0].removeprefix(".venv/bin/") in COMMANDS, command


@pytest.mark.slow
@pytest.mark.parametrize("page", QUOTING)
def test_quoted_output_is_real(page: str, tmp_path: Path) -> None:
    """Each quoted line is printed by the command above it, in that order."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    shown = list(consoles(page))
    printed = session([lines[0] for lines in shown], tmp_path)
    for (command, *quoted), output in zip(shown, printed, strict=True):
        rest = iter(output)
        for line in quoted:
            wanted = line.strip()
            assert wanted in {"", CUT} or wanted in rest, f"{command}: {line}"


def session(commands: list[str], folder: Path) -> list[list[str]]:
    """Return the lines that each of *commands* prints in one shell in *folder*.

    `make run` is what it runs once installed; other targets, and what serves until it is
    interrupted, are left to the reader.
    """
    lines: list[str] = []
    for command in commands:
        told = command.replace(".venv/bin/hedgeproof", "hedgeproof")
        target = told.removeprefix("make ") if told.startswith("make ") else ""
        if told.startswith(SERVING):
            target = told
        lines += ["echo @@", {"": told, "run": "hedgeproof simulate"}.get(target, ":")]
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(  # noqa: S603  # what our own pages show
        ["bash", "-c", "\n".join(lines)],  # noqa: S607
        cwd=folder,
        env={**os.environ, "PATH": path, "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    outputs = done.stdout.split("@@\n")[1:]
    return [[line.strip() for line in output.splitlines()] for output in outputs]
