"""What was proven before, kept with the sources that it was proven of.

A proof stands as long as nothing it was made of has changed: the module of the law, each module of
this project that it imports, however far, CrossHair and Python.
"""

import ast
import hashlib
import json
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "runs" / "proofs.jsonl"
OURS = ("spec", "machines", "simulator", "adapters", "tests")


@cache
def sources(module: str) -> frozenset[Path]:
    """Return the files of *module* and of all of ours that it imports, however far."""
    found: set[Path] = set()
    todo = [module]
    while todo:
        path = _file(todo.pop())
        if path is not None and path not in found:
            found.add(path)
            todo.extend(_imported(path))
    return frozenset(found)


def _file(module: str) -> Path | None:
    """Return the file of *module* if it is one of ours."""
    path = ROOT.joinpath(*module.split("."))
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((each for each in files if module.startswith(OURS) and each.is_file()), None)


def _imported(path: Path) -> Iterator[str]:
    """Yield the modules that *path* may import; a name of a package may be a module of it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{name.name}" for name in names)
            case _:
                pass


@cache
def fingerprint(module: str) -> str:
    """Return a digest of all that a proof of a law of *module* is made of, in hexadecimals."""
    tools = f"crosshair-tool {version('crosshair-tool')}, Python {sys.version}"
    digest = hashlib.sha256(tools.encode())
    for path in sorted(sources(module)):
        digest.update(f"\n{path.relative_to(ROOT)}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def keep(law: str, seconds: float, verdict: str, file: Path = KEPT) -> None:
    """Keep that *law*, a dotted name, was proven, at the end of *file*."""
    made_of = fingerprint(law.rpartition(".")[0])
    row = {"law": law, "seconds": round(seconds, 1), "verdict": verdict, "sources": made_of}
    file.parent.mkdir(exist_ok=True)
    with file.open("a") as lines:
        lines.write(json.dumps(row) + "\n")


def kept(law: str, file: Path = KEPT) -> tuple[float, str] | None:
    """Return the seconds and the verdict of *law* as it is now, if it was proven before."""
    if not file.is_file():
        return None
    made_of = fingerprint(law.rpartition(".")[0])
    for line in reversed(file.read_text().splitlines()):
        row = json.loads(line)
        if row["law"] == law and row["sources"] == made_of:
            return row["seconds"], row["verdict"]
    return None
