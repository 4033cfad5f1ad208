"""`hedgeproof config`: check, migrate and explain the strategy's configuration."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TextIO

import typer

from adapters.cli.terminal import FAILED, CommandError, nearest, orderly

if TYPE_CHECKING:
    from adapters.strategy.text import StrategyError

config = typer.Typer(
    name="config",
    help="Check, migrate and explain the strategy's configuration.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
File = Annotated[Path, typer.Argument(help="A JSON file.")]
Out = Annotated[
    Path | None, typer.Option(help="The file to write to.", show_default="the terminal")
]


@config.command()
@orderly
def check(file: File) -> None:
    """Name everything in a file that cannot be used, was renamed or is seldom meant."""
    from adapters.strategy.parse import load
    from adapters.strategy.text import StrategyError

    try:
        found = load(file)
    except StrategyError as error:
        _told(error, sys.stdout)
    for change in found.changes:
        print(f"older: {change}")
    for warning in found.warnings:
        print(f"warning: {warning}")
    count = len(found.given)
    fine = "1 key is fine" if count == 1 else f"{count} keys are fine"
    print(f"{file}: {fine}, the others have their defaults")


@config.command()
@orderly
def migrate(file: File, *, out: Out = None) -> None:
    """Write a file in today's names; what was changed goes to stderr."""
    from adapters.strategy.migrate import migrate as migrated
    from adapters.strategy.parse import parse, read_file
    from adapters.strategy.text import StrategyError, page

    try:
        found = migrated(read_file(file))
        parse(found.document, file.parent)
    except StrategyError as error:
        _told(error, sys.stderr)
    for change in found.changes:
        print(change, file=sys.stderr)
    _write(page(found.document), out)


@config.command()
@orderly
def explain(
    key: Annotated[str, typer.Argument(help="A key's path, or its end; or an object.")],
) -> None:
    """Tell type, range, default and meaning of a key."""
    from adapters.strategy.page import explained
    from adapters.strategy.table import KEYS, SECTIONS, found, paired

    keys = found(key)
    if not keys:
        names = [each.rpartition(".")[2] for each in (*KEYS, *SECTIONS)] + list(KEYS)
        raise nearest("key", key, dict.fromkeys(names))
    print("\n\n".join(map(explained, paired(keys))))


@config.command()
@orderly
def schema(*, out: Out = None) -> None:
    """Write the JSON schema, with which editors check while one types."""
    from adapters.strategy.schema import dump

    _write(dump(), out)


@config.command()
@orderly
def template(
    name: Annotated[str, typer.Argument(help="The template; all names if left out.")] = "",
    *,
    out: Out = None,
) -> None:
    """Write one of the configurations that come with the program."""
    from adapters.strategy.templates import templates

    known = templates()
    if not name:
        for each, path in known.items():
            print(f"{each}  {path}")
        return
    if name not in known:
        raise nearest("template", name, known)
    _write(known[name].read_text(encoding="utf-8"), out)


def _told(error: "StrategyError", out: TextIO) -> NoReturn:
    """End with the problems on *out*; what is no configuration at all is refused."""
    if error.problems[0].path == "file":
        raise CommandError(str(error))
    print(error, file=out)
    raise typer.Exit(FAILED) from None


def _write(text: str, out: Path | None) -> None:
    """Write *text* to *out*, or print it."""
    if out is None:
        print(text, end="")
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"out {out}: {error.strerror}; give a file to write to") from error
    print(out)
