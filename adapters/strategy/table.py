"""All keys, and finding one by what a person calls it."""

from collections.abc import Mapping
from types import MappingProxyType

from adapters.strategy import backtest, bot, live
from adapters.strategy.keys import Key, near

OVERRIDES = "coin_overrides"
LISTED = (*bot.KEYS, *live.KEYS, *backtest.KEYS)
KEYS: Mapping[str, Key] = MappingProxyType({key.path: key for key in LISTED})
COIN_SIDE = bot.COIN
COIN_LIVE = ("forced_mode_long", "forced_mode_short", "leverage")


def _sections() -> dict[str, tuple[str, ...]]:
    """Return the names in each object of the file, keys and objects, by its path."""
    found: dict[str, list[str]] = {"": []}
    for path in KEYS:
        parts = path.split(".")
        for depth in range(len(parts)):
            names = found.setdefault(".".join(parts[:depth]), [])
            if parts[depth] not in names:
                names.append(parts[depth])
    found[""].append(OVERRIDES)
    return {path: tuple(names) for path, names in found.items()}


SECTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(_sections())


def joined(section: str, name: str) -> str:
    """Return the path of *name* in *section*."""
    return f"{section}.{name}" if section else name


def suggested(section: str, name: str) -> str:
    """Return the known path that a person who wrote *name* in *section* most likely means.

    >>> suggested("live", "threshold"), suggested("bot.long", "n_position")
    ('live.mirror.threshold', 'bot.long.n_positions')
    """
    places = [path for path in (*KEYS, *SECTIONS) if path.rpartition(".")[2] == name]
    if places:
        same = [path for path in places if path.startswith(f"{section}.")]
        return (same or places)[0]
    within = [path for path in KEYS if section and path.startswith(f"{section}.")]
    names = {path.rpartition(".")[2]: path for path in reversed(within)}
    if not names:
        return near(name, SECTIONS[section])
    return names[near(name, tuple(names))]


def found(words: str) -> tuple[Key, ...]:
    """Return the keys that *words* may mean: a path, its end, or an object that has some.

    >>> [key.path for key in found("mirror.mode")], len(found("bot.SIDE.n_positions"))
    (['live.mirror.mode'], 2)
    """
    if words in KEYS:
        return (KEYS[words],)
    ends = tuple(
        key for key in LISTED if words in (key.name, key.place) or key.path.endswith(f".{words}")
    )
    within = tuple(key for key in LISTED if key.path.startswith(f"{words}."))
    within = within or tuple(key for key in LISTED if key.place.startswith(f"{words}."))
    return ends or within


def paired(keys: tuple[Key, ...]) -> tuple[tuple[Key, ...], ...]:
    """Return *keys*, those of the two sides that are the same together."""
    groups: dict[str, list[Key]] = {}
    for key in keys:
        groups.setdefault(key.place, []).append(key)
    return tuple(map(tuple, groups.values()))
