"""Rules between keys: what contradicts itself, and what is seldom meant."""

from collections.abc import Container, Iterator, Mapping
from decimal import Decimal

from adapters.strategy.keys import LONG, PPM, SHORT, SIDES, Json
from adapters.strategy.live import MIRROR, SHORTS_FOR_LONGS
from adapters.strategy.text import Problem

Values = Mapping[str, Json]
COINS = "live.approved_coins"
MODE, THRESHOLD = "live.mirror.mode", "live.mirror.threshold"
UNHEEDED = (
    "bot.long.hsl_enabled",
    "bot.short.hsl_enabled",
    "live.market_orders_allowed",
)  # people rely on them, and they have no effect here


def mirrors(values: Values) -> tuple[str, str] | None:
    """Return the base's side and the mirrors', None if there is to be no mirror."""
    if not values["live.mirror.enabled"] or not values[THRESHOLD]:
        return None
    shorts = values[MODE] == SHORTS_FOR_LONGS
    return (LONG, SHORT) if shorts else (SHORT, LONG)


def trades(values: Values, side: str) -> bool:
    """Return whether the base trades *side*."""
    names = "n_positions", "total_wallet_exposure_limit"
    return all(values[f"bot.{side}.{name}"] for name in names)


def clashes(values: Values) -> Iterator[Problem]:
    """Yield what contradicts itself."""
    sides = mirrors(values)
    if sides is None:
        return
    base, mirror = sides
    path = f"bot.{mirror}.n_positions"
    if values[path]:
        fix = (
            f"live.mirror keeps {mirror}s against {base}s, so the base may trade {base}s only; "
            "set it to 0, or live.mirror.threshold to 0"
        )
        yield Problem(path, values[path], fix)
    path = f"bot.{base}.total_wallet_exposure_limit"
    limit = values[path]
    if isinstance(limit, Decimal) and limit % PPM:
        yield Problem(path, limit, f"with live.mirror give a multiple of {PPM:f}")


def warnings(values: Values, given: Container[str]) -> Iterator[str]:
    """Yield what is allowed but seldom meant; *given* are the paths in the file."""
    for path in UNHEEDED:
        if values[path]:
            yield f"{path} true: it has no effect here"
    for side in SIDES:
        limit = f"bot.{side}.total_wallet_exposure_limit"
        if limit in given and values[limit] and not values[f"bot.{side}.n_positions"]:
            yield f"bot.{side}.n_positions 0: no {side}s in spite of a limit"
        if trades(values, side) and not _some(values[COINS], side):
            yield f"{COINS}: none for {side}s, so none will open"
    yield from _mirrorless(values, given)


def _mirrorless(values: Values, given: Container[str]) -> Iterator[str]:
    """Yield why no mirror will open, where the file speaks of mirrors."""
    sides = mirrors(values)
    if sides is None:
        if values["live.mirror.enabled"] and _mirrors_meant(values, given):
            yield f"{THRESHOLD} 0: no mirror will open; 1 hedges all that the base holds"
        return
    base, mirror = sides
    if not trades(values, base):
        yield f"{THRESHOLD}: no {base}s are traded, so there is nothing to mirror"
    if not _some(values[COINS], mirror):
        yield f"{COINS}: none for {mirror}s, so no mirror will open"
    if values["live.mirror.tolerance_pct"] == 1:
        yield "live.mirror.tolerance_pct 1: the band begins at 0, so no mirror will open"


def _mirrors_meant(values: Values, given: Container[str]) -> bool:
    """Return whether the file says how mirrors are to be, though not that there are none."""
    said = [key for key in MIRROR if key.path in given]
    unusual = any(values[key.path] != key.default for key in said if key.path != MODE)
    return unusual or (bool(said) and THRESHOLD not in given)


def _some(listed: Json, side: str) -> bool:
    """Return whether the list of coins *listed* has any for *side*."""
    return bool(listed.get(side) if isinstance(listed, Mapping) else listed)
