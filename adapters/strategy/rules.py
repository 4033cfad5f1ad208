"""Rules between keys: what contradicts itself, and what is seldom meant."""

from collections.abc import Container, Iterator, Mapping
from decimal import Decimal

from adapters.strategy.keys import LONG, PPM, SHORT, SIDES, Json
from adapters.strategy.live import SHORTS_FOR_LONGS
from adapters.strategy.text import Problem

Values = Mapping[str, Json]
COINS = "live.approved_coins"
UNHEEDED = (
    "bot.long.hsl_enabled",
    "bot.short.hsl_enabled",
    "live.market_orders_allowed",
)  # people rely on them, and they have no effect here


def mirrors(values: Values) -> tuple[str, str] | None:
    """Return the base's side and the mirrors', None if there is to be no mirror."""
    if not values["live.mirror.enabled"] or not values["live.mirror.threshold"]:
        return None
    shorts = values["live.mirror.mode"] == SHORTS_FOR_LONGS
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
    sides = mirrors(values)
    if sides is not None and not trades(values, sides[0]):
        yield f"live.mirror.threshold: no {sides[0]}s are traded, so there is nothing to mirror"
    if sides is not None and not _some(values[COINS], sides[1]):
        yield f"{COINS}: none for {sides[1]}s, so no mirror will open"


def _some(listed: Json, side: str) -> bool:
    """Return whether the list of coins *listed* has any for *side*."""
    return bool(listed.get(side) if isinstance(listed, Mapping) else listed)
