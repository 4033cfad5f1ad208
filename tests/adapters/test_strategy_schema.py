"""What is printed from the table of keys: schema, explanations, page; and the templates."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.strategy import schema
from adapters.strategy.keys import Key, Kind
from adapters.strategy.page import explained, markdown
from adapters.strategy.parse import default, dump, load, parse
from adapters.strategy.table import KEYS, LISTED, OVERRIDES, found, paired
from adapters.strategy.templates import SCHEMA, folder, templates
from adapters.strategy.terms import n_positions, position_mode, settings
from adapters.strategy.text import StrategyError, read
from spec.mirror import Mode
from spec.terms import PositionMode

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "configuration-strategy.md"
SCHEME: dict[str, Any] = json.loads(schema.dump())
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
KNOWN = {
    *("additionalProperties", "anyOf", "default", "description", "enum", "exclusiveMaximum"),
    *("exclusiveMinimum", "items", "maximum", "minimum", "patternProperties", "properties"),
    *("title", "type", "$schema"),
}
SIDES = st.fixed_dictionaries(
    {},
    optional={
        key.name: st.one_of(
            st.floats(-2, 2), st.integers(-2, 2), st.booleans(), st.text(max_size=2)
        )
        for key in LISTED
        if key.section == "bot.long" and key.name != "n_positions"
    },
)


def fits(scheme: Mapping[str, Any], value: object) -> bool:
    """Return whether *value* is what *scheme* describes, for the words that the schema uses."""
    assert set(scheme) <= KNOWN
    if "anyOf" in scheme and not any(fits(each, value) for each in scheme["anyOf"]):
        return False
    if "type" in scheme and not _typed(scheme["type"], value):
        return False
    if "enum" in scheme and value not in scheme["enum"]:
        return False
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and not _inside(scheme, value)
    ):
        return False
    if isinstance(value, Sequence) and not isinstance(value, str):
        return all(fits(scheme.get("items", {}), each) for each in value)
    if isinstance(value, Mapping):
        return all(_named(scheme, name, each) for name, each in value.items())
    return True


def _typed(name: str, value: object) -> bool:
    """Return whether *value* is of the type *name*; true is no number, 3.0 is whole."""
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, TYPES[name])


def _inside(scheme: Mapping[str, Any], value: float) -> bool:
    """Return whether a number is within its bounds."""
    return all((
        value >= scheme.get("minimum", value),
        value <= scheme.get("maximum", value),
        "exclusiveMinimum" not in scheme or value > scheme["exclusiveMinimum"],
        "exclusiveMaximum" not in scheme or value < scheme["exclusiveMaximum"],
    ))  # fmt: skip


def _named(scheme: Mapping[str, Any], name: str, value: object) -> bool:
    """Return whether *value* may stand under *name*."""
    if name in scheme.get("properties", {}):
        return fits(scheme["properties"][name], value)
    for pattern, each in scheme.get("patternProperties", {}).items():
        if re.search(pattern, name):
            return fits(each, value)
    more = scheme.get("additionalProperties", True)
    return more if isinstance(more, bool) else fits(more, value)


def test_the_schema_has_every_key() -> None:
    """With its meaning and its default."""
    for key in LISTED:
        node = SCHEME
        for name in key.path.split("."):
            assert node["additionalProperties"] is False
            node = node["properties"][name]
        assert node["description"].startswith(key.meaning)
        assert fits(node, node["default"])


def test_the_schema_knows_the_default() -> None:
    """A file with every key is what the schema describes."""
    assert fits(SCHEME, json.loads(dump(default())))
    override = {"BTC": {"bot": {"long": {"ema_span_0": 1}}, "live": {"leverage": 2}}}
    assert fits(SCHEME, {OVERRIDES: override, "_note": [1]})
    assert not fits(SCHEME, {OVERRIDES: {"BTC": {"bot": {"long": {"n_positions": 1}}}}})
    assert not fits(SCHEME, {"bott": {}})


@given(SIDES)
def test_schema_and_checks_agree(side: dict[str, object]) -> None:
    """What an editor accepts is accepted, and what it marks is refused."""
    document = {"bot": {"long": side}}
    try:
        parse(read(json.dumps(document)))
    except StrategyError:
        assert not fits(SCHEME, document)
    else:
        assert fits(SCHEME, document)


@pytest.mark.parametrize("name", templates())
def test_templates_are_configurations_of_today(name: str) -> None:
    """They are read as they are, give no warning, and fit the schema that they name."""
    path = templates()[name]
    strategy = load(path)
    assert (strategy.changes, strategy.warnings) == ((), ())
    text = json.loads(path.read_text(encoding="utf-8"))
    assert fits(SCHEME, text)
    assert text["$schema"] == SCHEMA


def test_templates_are_what_their_names_say() -> None:
    """A long side, a mirror of each kind, and both sides on one account."""
    read_ = {name: load(path) for name, path in templates().items()}
    sides = {
        name: tuple(n_positions(each, side) > 0 for side in ("long", "short"))
        for name, each in read_.items()
    }
    assert sides == {
        "both_hedge": (True, True),
        "long_default": (True, False),
        "mirror_longs_for_shorts": (False, True),
        "mirror_shorts_for_longs": (True, False),
    }
    asked = {name: settings(each) for name, each in read_.items()}
    assert [name for name, each in asked.items() if each.threshold_ppm] == [
        "mirror_longs_for_shorts",
        "mirror_shorts_for_longs",
    ]
    assert asked["mirror_longs_for_shorts"].mode is Mode.LONGS_FOR_SHORTS
    assert asked["mirror_shorts_for_longs"].mode is Mode.SHORTS_FOR_LONGS
    assert position_mode(read_["both_hedge"]) is PositionMode.HEDGE


def test_the_long_template_is_the_default() -> None:
    """It shows every key of a side, with the value it has anyway."""
    strategy = load(templates()["long_default"])
    for path, value in default().values.items():
        if path.startswith("bot.long."):
            assert strategy.values[path] == value


def test_the_schema_beside_the_templates_is_current() -> None:
    """`hedgeproof config schema` prints it."""
    assert (folder() / SCHEMA).read_text(encoding="utf-8") == schema.dump()


def test_the_page_is_current() -> None:
    """It is printed from the table."""
    assert PAGE.read_text(encoding="utf-8") == markdown()


def test_the_page_has_every_key_once() -> None:
    """Those of both sides together."""
    heads = re.findall(r"^\| `(\S+)` \| (?!`)", markdown(), re.MULTILINE)
    wanted = Counter(keys[0].name for keys in paired(LISTED))
    assert Counter(head.rpartition(".")[2] for head in heads) == wanted


@pytest.mark.parametrize("key", LISTED, ids=lambda key: key.path)
def test_every_key_is_explained(key: Key) -> None:
    """What it means is a sentence; numbers have a range, and a unit or a plain count."""
    text = explained((key,))
    head, meaning, *facts = text.splitlines()
    assert head == key.path
    assert meaning == f"  {key.meaning}"
    assert key.meaning[0].isupper()
    assert key.meaning.endswith(".")
    assert any(fact.startswith("  default: ") for fact in facts)
    idle = facts[-1] == "  effect: none here; it is kept for other programs"
    assert idle is not (key.used or key.venue)
    assert not (key.used and key.venue)
    if key.kind in (Kind.NUMBER, Kind.WHOLE):
        assert str(key.range) in facts[0]
        assert key.unit or key.name in {"ema_readiness", "volatility", "volume"}
    if key.usual:
        assert key.usual[0] in key.range
        assert key.usual[1] in key.range


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        ("live.mirror.threshold", ["live.mirror.threshold"]),
        ("threshold", ["live.mirror.threshold"]),
        ("mirror.mode", ["live.mirror.mode"]),
        ("n_positions", ["bot.long.n_positions", "bot.short.n_positions"]),
        ("bot.SIDE.n_positions", ["bot.long.n_positions", "bot.short.n_positions"]),
        ("nothing", []),
    ],
)
def test_keys_are_found_by_what_people_call_them(words: str, paths: list[str]) -> None:
    """By path, by its end, or for both sides."""
    assert [key.path for key in found(words)] == paths


def test_objects_stand_for_their_keys() -> None:
    """All that is in them."""
    assert {key.path for key in found("live.mirror")} == {
        path for path in KEYS if path.startswith("live.mirror.")
    }
    assert found("bot.SIDE") == found("bot")


def test_a_key_of_both_sides_is_told_once() -> None:
    """With both defaults."""
    text = explained(found("entry_grid_spacing_pct"))
    assert text.startswith("bot.SIDE.entry_grid_spacing_pct\n")
    assert "default: long 0.033, short 0.025" in text
    assert "earlier names: rentry_pprice_dist" in text
    assert "for one coin: coin_overrides.COIN.bot.SIDE.entry_grid_spacing_pct" in text
