"""The JSON schema of the configuration, for editors that check while one types."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from adapters.strategy.keys import SIDES, Json, Key, Kind
from adapters.strategy.table import COIN_LIVE, COIN_SIDE, KEYS, OVERRIDES, SECTIONS, joined
from adapters.strategy.text import Object, page

DRAFT = "https://json-schema.org/draft/2020-12/schema"
NAMES: Object = {"type": "array", "items": {"type": "string"}}
LIST_OR_TEXT: Object = {"anyOf": [NAMES, {"type": "string"}]}
TYPES: Mapping[Kind, Object] = {
    Kind.NUMBER: {"type": "number"},
    Kind.WHOLE: {"type": "integer"},
    Kind.SWITCH: {"type": "boolean"},
    Kind.CHOICE: {"type": "string"},
    Kind.TEXT: {"type": "string"},
    Kind.DATE: {"type": "string"},
    Kind.NAMES: NAMES,
    Kind.COINS: {
        "anyOf": [
            *(NAMES, {"type": "string"}),
            {
                "type": "object",
                "properties": dict.fromkeys(SIDES, LIST_OR_TEXT),
                "additionalProperties": False,
            },
        ]
    },
    Kind.OBJECT: {"type": "object"},
    Kind.LIST: {"type": "array"},
}


def schema() -> Object:
    """Return the schema of a file in today's names."""
    coin = _object({
        "bot": _object({side: _object(_few(joined("bot", side), COIN_SIDE)) for side in SIDES}),
        "live": _object(_few("live", COIN_LIVE)),
    })  # fmt: skip
    overrides: Json = {
        "description": "What a coin has otherwise, by its name.",
        "type": "object",
        "additionalProperties": coin,
    }
    return {
        "$schema": DRAFT,
        "title": "The strategy's configuration",
        **_object({**_properties(""), OVERRIDES: overrides}),
        "patternProperties": {"^_": {}},
    }


def dump() -> str:
    """Return the schema as a file."""
    return page(schema())


def _object(properties: Object) -> Object:
    """Return the schema of an object that has *properties* and no others."""
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _properties(section: str) -> dict[str, Json]:
    """Return the schemas of what is in *section*, by name."""
    found: dict[str, Json] = {}
    for name in SECTIONS[section]:
        path = joined(section, name)
        if path in SECTIONS:
            found[name] = _object(_properties(path))
        elif path in KEYS:
            found[name] = of(KEYS[path])
    return found


def _few(section: str, names: Iterable[str]) -> dict[str, Json]:
    """Return the schemas of *names* in *section*."""
    return {name: of(KEYS[joined(section, name)]) for name in names}


def of(key: Key) -> Object:
    """Return the schema of the value of *key*."""
    told: dict[str, Json] = {
        "description": key.meaning + (f" Unit: {key.unit}." if key.unit else "")
    }
    kind: dict[str, Json] = dict(TYPES[key.kind])
    if key.kind in (Kind.NUMBER, Kind.WHOLE):
        kind["exclusiveMinimum" if key.range.low_open else "minimum"] = _short(key.range.low)
        kind["exclusiveMaximum" if key.range.high_open else "maximum"] = _short(key.range.high)
    if key.choices:
        kind["enum"] = list(key.choices)
    told |= {"anyOf": [kind, {"type": "null"}]} if key.empty else kind
    return {**told, "default": key.default}


def _short(number: Decimal) -> Json:
    """Return *number* without a fraction if it has none."""
    return int(number) if number == int(number) else number
