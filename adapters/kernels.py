"""Where compiled functions are kept: one folder for each state of all their sources.

numba looks at the file of a function that it kept, but not at those of the functions which that
calls.  So an edited formula would go unnoticed where it is called from another file.
"""

import os
import sys
from hashlib import blake2b
from pathlib import Path
from shutil import rmtree

import machines
import simulator

PLACE = "NUMBA_CACHE_DIR"
SOURCES = (
    Path(machines.__path__[0]) / "pricing",
    Path(simulator.__path__[0]) / "compiled",
    Path(simulator.__path__[0]) / "engine",
)
KEPT = 3  # states of the sources


def keep(cache: Path | None = None) -> bool:
    """Let numba keep what it compiles below *cache*, the user's own if left out.

    Return whether nothing is kept there yet.  Once numba is imported, or where a person has chosen
    a folder, this changes nothing.
    """
    if PLACE in os.environ or "numba" in sys.modules:
        return False
    root = cache or _own()
    place = root / digest(SOURCES)
    os.environ[PLACE] = str(place)
    for old in sorted(root.glob("*"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
        rmtree(old, ignore_errors=True)
    return not place.exists()


def digest(folders: tuple[Path, ...]) -> str:
    """Return what the Python files in *folders* come to."""
    found = blake2b(digest_size=16)
    for path in sorted(path for folder in folders for path in folder.glob("*.py")):
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()


def _own() -> Path:
    """Return the folder of the user's caches that is ours."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "hedgeproof" / "numba"
