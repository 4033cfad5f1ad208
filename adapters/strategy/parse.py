"""Read and check a configuration: every problem is found at once, and nothing is guessed."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

from attrs import frozen

from adapters.strategy import coins
from adapters.strategy.keys import SIDES, Json, Key, near
from adapters.strategy.migrate import Change, migrate
from adapters.strategy.rules import clashes, warnings
from adapters.strategy.table import (
    COIN_LIVE,
    COIN_SIDE,
    KEYS,
    LISTED,
    OVERRIDES,
    SECTIONS,
    joined,
    suggested,
)
from adapters.strategy.text import Object, Problem, StrategyError, page, read
from adapters.strategy.values import checked

VERSION = "config_version"
META = "_"  # names that begin so are notes of other programs
UNKNOWN = "there is no such key; the nearest is"
Values = Mapping[str, Json]


@frozen(kw_only=True)
class Strategy:
    """A configuration: *values* of all keys by path, those *given* in the file, the rest defaults.

    *overrides* are what a coin has otherwise, by its name and path.  *changes* are what was done to
    older names; *warnings* what is allowed but seldom meant.
    """

    values: Values
    overrides: Mapping[str, Values]
    given: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()

    def of(self, path: str, coin: str = "") -> Json:
        """Return the value at *path*, that of *coin* if it has its own."""
        return self.overrides.get(coin, {}).get(path, self.values[path])

    def number(self, path: str, coin: str = "") -> Decimal:
        """Return the number at *path*."""
        value = self.of(path, coin)
        assert isinstance(value, Decimal | int), path
        return Decimal(value)

    def text(self, path: str, coin: str = "") -> str:
        """Return the text at *path*."""
        value = self.of(path, coin)
        assert isinstance(value, str), path
        return value


def default() -> Strategy:
    """Return the configuration of an empty file."""
    return parse({})


def load(path: Path) -> Strategy:
    """Read the file at *path*; files with lists of coins are relative to its folder.

    Raises:
        StrategyError: It cannot be read, or has problems.
    """
    return parse(read_file(path), path.parent)


def read_file(path: Path) -> Object:
    """Return the JSON object in the file at *path*.

    Raises:
        StrategyError: It cannot be read, or holds none.
    """
    try:
        return read(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        fix = f"not readable, {error.strerror}; give a JSON file"
    except UnicodeDecodeError:
        fix = "not UTF-8; give a JSON file"
    raise StrategyError([Problem("file", str(path), fix)])


def parse(document: Object, folder: Path | None = None) -> Strategy:
    """Return the configuration that *document* is, in any version's names.

    Raises:
        StrategyError: It has problems; all of them are named.
    """
    migrated = migrate(document)
    _of_version(migrated.document.get(VERSION))
    current = migrated.document if folder is None else coins.opened(migrated.document, folder)
    problems: list[Problem] = []
    given = _section(current, "", problems)
    overrides = _overrides(current.get(OVERRIDES, {}), problems)
    values = {key.path: given.get(key.path, key.default) for key in LISTED}
    problems.extend(clashes(values))
    if problems:
        raise StrategyError(problems)
    return Strategy(
        values=MappingProxyType(values),
        overrides=MappingProxyType(overrides),
        given=tuple(given),
        changes=migrated.changes,
        warnings=tuple(warnings(values, given)),
    )


def _of_version(value: Json) -> None:
    """Refuse a version whose keys are others: naming each of them would help nobody."""
    _, fix = checked(KEYS[VERSION], value)
    if fix and value is not None:
        raise StrategyError([Problem(VERSION, value, fix)])


def document(strategy: Strategy) -> Object:
    """Return *strategy* as an object with every key: `parse` makes the same of it."""
    coins = {coin: _nested(values) for coin, values in strategy.overrides.items()}
    return {**_nested(strategy.values), OVERRIDES: coins}


def dump(strategy: Strategy) -> str:
    """Return *strategy* as a JSON file with every key."""
    return page(document(strategy))


def _nested(values: Values) -> Object:
    """Return *values*, by path, as objects in objects."""
    found: dict[str, Json] = {}
    for path, value in values.items():
        _insert(found, path.split("."), value)
    return found


def _insert(found: dict[str, Json], names: Sequence[str], value: Json) -> None:
    """Put *value* into *found* where *names* lead."""
    name, *rest = names
    if not rest:
        found[name] = value
        return
    inner = found.setdefault(name, {})
    assert isinstance(inner, dict), name
    _insert(inner, rest, value)


def _section(section: Object, path: str, problems: list[Problem]) -> dict[str, Json]:
    """Return the values in *section* by path, and add what cannot be used to *problems*."""
    found: dict[str, Json] = {}
    for name, value in section.items():
        place = joined(path, name)
        if not path and (name == OVERRIDES or name.startswith(META)):
            continue
        if name not in SECTIONS[path]:
            problems.append(Problem(place, value, f"{UNKNOWN} {suggested(path, name)}"))
        elif place not in SECTIONS:
            found |= _kept(KEYS[place], value, place, problems)
        elif (inner := _object(value, place, SECTIONS[place][0], problems)) is not None:
            found |= _section(inner, place, problems)
    return found


def _object(value: Json, path: str, inside: str, problems: list[Problem]) -> Object | None:
    """Return *value* if it is an object, or add that it should be one, with *inside* in it."""
    if isinstance(value, Mapping):
        return value
    problems.append(Problem(path, value, f'write an object such as {{"{inside}": ...}}'))
    return None


def _kept(key: Key, value: Json, path: str, problems: list[Problem]) -> dict[str, Json]:
    """Return *value* as *key* keeps it, or add what is wrong with it to *problems*."""
    kept, fix = checked(key, value)
    if fix:
        problems.append(Problem(path, value, fix))
        return {}
    return {key.path: kept}


def _overrides(value: Json, problems: list[Problem]) -> dict[str, Values]:
    """Return what coins have otherwise, and add what cannot be used to *problems*."""
    found: dict[str, Values] = {}
    coins = _object(value, OVERRIDES, "BTC", problems) or {}
    for coin, each in coins.items():
        path = joined(OVERRIDES, coin)
        inner = _object(each, path, "bot", problems) or {}
        found[coin] = _coin(inner, path, problems)
    return found


def _coin(section: Object, path: str, problems: list[Problem]) -> Values:
    """Return what one coin has otherwise: some keys of `bot` and of `live`."""
    found: dict[str, Json] = {}
    known = ("bot", "live")
    for name, value in _known(section, path, known, problems):
        place = joined(path, name)
        inner = _object(value, place, "long" if name == "bot" else COIN_LIVE[0], problems) or {}
        if name == "live":
            found |= _few(inner, place, "live", COIN_LIVE, problems)
            continue
        for side, values in _known(inner, place, SIDES, problems):
            where = joined(place, side)
            few = _object(values, where, COIN_SIDE[0], problems) or {}
            found |= _few(few, where, joined("bot", side), COIN_SIDE, problems)
    return found


def _few(
    section: Object, path: str, prefix: str, known: Sequence[str], problems: list[Problem]
) -> dict[str, Json]:
    """Return the values of the keys in *section*, called *prefix* and one of *known*."""
    found: dict[str, Json] = {}
    for name, value in _known(section, path, known, problems):
        found |= _kept(KEYS[joined(prefix, name)], value, joined(path, name), problems)
    return found


def _known(
    section: Object, path: str, known: Sequence[str], problems: list[Problem]
) -> list[tuple[str, Json]]:
    """Return what is in *section* under *known* names, and add the others to *problems*."""
    for name, value in section.items():
        if name not in known:
            fix = f"a coin has no such key; the nearest is {near(name, known)}"
            problems.append(Problem(joined(path, name), value, fix))
    return [(name, value) for name, value in section.items() if name in known]
