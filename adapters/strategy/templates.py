"""The configurations that come with the program."""

from pathlib import Path

SCHEMA = "schema.json"
PACKAGE = Path(__file__).parents[1]
FOLDERS = (PACKAGE / "configs" / "strategy", PACKAGE.parent / "configs" / "strategy")


def folder() -> Path:
    """Return where they are: in the installed package, or in the source tree."""
    return next((each for each in FOLDERS if each.is_dir()), FOLDERS[-1])


def templates() -> dict[str, Path]:
    """Return the file of each template by its name."""
    found = sorted(folder().glob("*.json"))
    return {path.stem: path for path in found if path.name != SCHEMA}
