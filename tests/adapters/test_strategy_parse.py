"""The strategy's configuration: what is read, what is refused, and in which words."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.strategy.keys import LONG, PPM, SHORT, Key, Kind
from adapters.strategy.parse import Strategy, default, dump, load, parse
from adapters.strategy.table import KEYS, LISTED, SECTIONS
from adapters.strategy.text import StrategyError, page, read
from adapters.strategy.values import checked

CONSERVATIVE = """{
  "live": {
    "mirror": {
      "mode": "mirror_shorts_for_longs",
      "threshold": 1.0,
      "tolerance_pct": 0.10,
      "max_n_positions": 0,
      "mirror_excess_allowance_pct": 0.1,
      "allocation_min_fraction": 0.2,
      "ema_dist_entry": 0.01
    }
  },
  "bot": {
    "long": {"n_positions": 5, "total_wallet_exposure_limit": 1.0},
    "short": {"n_positions": 0}
  }
}"""
PARTIAL = """{
  "live": {
    "mirror": {
      "mode": "mirror_shorts_for_longs",
      "threshold": 0.5,
      "tolerance_pct": 0.05,
      "max_n_positions": 10,
      "mirror_excess_allowance_pct": 0.3,
      "allocation_min_fraction": 0.1,
      "ema_dist_entry": -1.0
    }
  },
  "bot": {
    "long": {"n_positions": 5, "total_wallet_exposure_limit": 1.5},
    "short": {"n_positions": 0}
  }
}"""
SHORTS = """{
  "live": {
    "mirror": {
      "mode": "mirror_longs_for_shorts",
      "threshold": 0.75,
      "tolerance_pct": 0.08,
      "max_n_positions": 0,
      "mirror_excess_allowance_pct": 0.2,
      "allocation_min_fraction": 0.15,
      "ema_dist_entry": 0.005
    }
  },
  "bot": {
    "long": {"n_positions": 0},
    "short": {"n_positions": 8, "total_wallet_exposure_limit": 1.2}
  }
}"""
EXAMPLES = {"conservative": CONSERVATIVE, "partial": PARTIAL, "shorts": SHORTS}
NUMBERS = [key for key in LISTED if key.kind in (Kind.NUMBER, Kind.WHOLE)]
ZEROES = [key for key in NUMBERS if Decimal(0) in key.range]
NULLABLE = [key for key in LISTED if key.empty]


def of(text: str) -> Strategy:
    """Return the configuration that *text* is."""
    return parse(read(text))


def refused(text: str) -> list[str]:
    """Return the lines that refuse *text*."""
    with pytest.raises(StrategyError) as caught:
        of(text)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(caught.value.problems)
    return lines


def nested(path: str, value: object) -> str:
    """Return the file that has *value* at *path* only."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return json.dumps(value)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_the_original_description_are_read_as_they_are(name: str) -> None:
    """Every value that they write is there, nothing was renamed, and nothing is odd."""
    found = of(EXAMPLES[name])
    assert (found.changes, found.warnings) == ((), ())
    assert len(found.given) == len(set(found.given)) == 10
    written = json.loads(EXAMPLES[name])
    for path in found.given:
        value = written
        for part in path.split("."):
            value = value[part]
        kept = found.values[path]
        assert kept == (Decimal(str(value)) if isinstance(kept, Decimal) else value)


def test_the_example_of_one_section_alone_is_read_as_it_is() -> None:
    """All but the mirror is left out: longs by default, shorts are the mirrors'."""
    found = of(json.dumps({"live": {"mirror": {"threshold": 1.0}}}))
    assert found.number("bot.long.n_positions") == 10
    assert not found.number("bot.short.n_positions")
    assert not found.warnings


def test_shared_examples_are_read_as_they_are(shared: Path) -> None:
    """Each JSON block of the original description that has no placeholder is a configuration."""
    pages = shared / "seeds" / "mirror_mode.md"
    if not pages.is_file():
        pytest.skip(f"no {pages}")
    blocks = pages.read_text(encoding="utf-8").split("```json\n")[1:]
    texts = [block.partition("```")[0] for block in blocks]
    assert len([of(text) for text in texts]) >= 3


def test_recorded_files_are_read_as_they_are(shared: Path) -> None:
    """The sides of recorded runs of the original program keep every number."""
    files = sorted((shared / "oracle" / "passivbot").glob("*/config.json"))
    if not files:
        pytest.skip(f"no recorded runs in {shared}")
    for file in files:
        recorded = json.loads(file.read_text(encoding="utf-8"))
        mode = recorded["backtest"]["hedge_mode"]
        found = of(json.dumps({"bot": recorded["bot"], "live": {"hedge_mode": mode}}))
        assert found.values["live.hedge_mode"] is mode
        for side in (LONG, SHORT):
            for name, value in recorded["bot"][side].items():
                if isinstance(value, float | int) and not isinstance(value, bool):
                    assert found.number(f"bot.{side}.{name}") == Decimal(str(value)), name


def test_an_empty_file_is_the_default() -> None:
    """Every key may be left out, and every default is a value that may be written."""
    assert of("{}") == default()
    for key in LISTED:
        assert checked(key, key.default) == (key.default, ""), key.path


def test_what_is_written_is_what_is_read() -> None:
    """A dumped configuration has every key, and makes the same configuration."""
    for text in EXAMPLES.values():
        found = of(text)
        again = of(dump(found))
        assert (again.values, again.overrides) == (found.values, found.overrides)
        assert set(again.given) == set(KEYS)


def test_overrides_are_read_and_written() -> None:
    """A coin has its own values where it says so, the file's everywhere else."""
    text = json.dumps({
        "coin_overrides": {
            "A.B": {"bot": {"short": {"ema_span_0": 5}}},
            "BTC": {"bot": {"long": {"entry_grid_spacing_pct": 0.0}}, "live": {"leverage": 3}},
        }
    })  # fmt: skip
    found = of(text)
    path = "bot.long.entry_grid_spacing_pct"
    assert found.overrides == {
        "A.B": {"bot.short.ema_span_0": 5},
        "BTC": {path: 0, "live.leverage": 3},
    }
    assert found.number(path) == Decimal("0.033")
    assert of(dump(found)).overrides == found.overrides


def test_overrides_have_few_keys() -> None:
    """What holds for a whole side is no coin's."""
    bad = {"bot": {"long": {"n_positions": 3}, "up": {}}, "live": {"user": "x"}, "note": 1}
    lines = refused(json.dumps({"coin_overrides": {"BTC": bad, "ETH": 5}}))
    heads = [line.partition(": ")[0].partition(" ")[0] for line in lines]
    assert heads == [
        "coin_overrides.BTC.note",
        "coin_overrides.BTC.bot.up",
        "coin_overrides.BTC.bot.long.n_positions",
        "coin_overrides.BTC.live.user",
        "coin_overrides.ETH",
    ]
    assert all("a coin has no such key; the nearest is" in line for line in lines[:-1])


def ends(key: Key) -> tuple[Decimal, Decimal]:
    """Return the least and the greatest value of *key*, an open end's neighbour."""
    bit = key.step or Decimal("0.000001") if key.kind is Kind.NUMBER else Decimal(1)
    low, high = key.range.low, key.range.high
    return low + bit * key.range.low_open, high - bit * key.range.high_open


@pytest.mark.parametrize("key", NUMBERS, ids=lambda key: key.path)
def test_ranges_end_where_they_say(key: Key) -> None:
    """The least and the greatest value are fine, what is beyond names range and value."""
    low, high = ends(key)
    for value in (low, high):
        assert checked(key, value)[1] == ""
    below = key.range.low if key.range.low_open else low - PPM
    above = key.range.high if key.range.high_open else high + PPM
    for value in (below, above, low - 1, high + 1):
        (line,) = refused(nested(key.path, 1).replace(" 1}", f" {value:f}}}"))
        assert line.startswith(f"{key.path} {value}: give a")
        assert str(key.range) in line


@pytest.mark.parametrize("key", ZEROES, ids=lambda key: key.path)
def test_zero_is_a_value_wherever_the_range_has_it(key: Key) -> None:
    """0.0 is kept, and never taken for a value that is left out."""
    found = of(nested(key.path, 0.0))
    assert found.number(key.path) == 0
    assert key.path in found.given


@pytest.mark.parametrize("key", LISTED, ids=lambda key: key.path)
def test_values_of_another_kind_are_refused(key: Key) -> None:
    """No value is guessed: a text is no number, 1 is not true, and null is something else."""
    wrong: dict[Kind, tuple[object, ...]] = {
        Kind.NUMBER: ("1", True, [], {}),
        Kind.WHOLE: ("1", True, 1.5, []),
        Kind.SWITCH: (1, 0, "true", []),
        Kind.CHOICE: ("x", 1, True, []),
        Kind.TEXT: (1, True, [], "a\nb"),
        Kind.DATE: ("tomorrow", 2025, "2025-13", []),
        Kind.NAMES: ("binance", [1], {}),
        Kind.COINS: (5, [5], {"up": []}, {"long": 5}, [""], True),
        Kind.OBJECT: ([], 1, "x"),
        Kind.LIST: ({}, 1, "x"),
    }
    values = wrong[key.kind] if key.empty else (*wrong[key.kind], None)
    for value in values:
        if (key.name, value) == ("n_positions", 1.5):
            continue  # optimizers have written such
        (line,) = refused(nested(key.path, value))
        assert line.startswith(f"{key.path} {json.dumps(value)}: ")


@pytest.mark.parametrize("key", NULLABLE, ids=lambda key: key.path)
def test_null_is_kept_where_it_means_something(key: Key) -> None:
    """It is no default that was left out."""
    assert of(nested(key.path, None)).values[key.path] is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            '{"bot": {"long": {"n_position": 3}}}',
            "bot.long.n_position 3: there is no such key; the nearest is bot.long.n_positions",
        ),
        (
            '{"live": {"treshold": 1}}',
            "live.treshold 1: there is no such key; the nearest is live.mirror.threshold",
        ),
        (
            '{"live": {"tolerance_pct": 1}}',
            "live.tolerance_pct 1: there is no such key; the nearest is live.mirror.tolerance_pct",
        ),
        (
            '{"bot": {"short": {"yellow": 1}}}',
            "bot.short.yellow 1: there is no such key; the nearest is bot.short.hsl_tier_ratios.y",
        ),
        ('{"bott": {}}', "bott {}: there is no such key; the nearest is bot"),
        (
            '{"bot.long": {}}',
            "bot.long {}: there is no such key; the nearest is bot",
        ),
        ('{"live": []}', 'live []: write an object such as {"approved_coins": ...}'),
        (
            '{"live": {"mirror": {"threshold": 0.0000001}}}',
            "live.mirror.threshold 1E-7: give a multiple of 0.000001",
        ),
        (
            '{"live": {"mirror": {"mode": "both"}}}',
            'live.mirror.mode "both": choose mirror_shorts_for_longs or mirror_longs_for_shorts',
        ),
        (
            '{"config_version": "v8.4.0", "bot": {"long": {"strategy": {}}}}',
            'config_version "v8.4.0": give a file of version v7.x; later ones have other keys',
        ),
        ('{"bot": {}, "bot": {}}', "bot null: it is there twice; write it once"),
        ("[]", 'file null: write an object such as {"bot": {"long": {"n_positions": 3}}}'),
        (
            '{"bot": {"long": {"ema_span_0": NaN}}}',
            'bot.long.ema_span_0 "NaN": give a number, 0 to 5,256,000',
        ),
        (
            '{"\\u0007\\ud800": "\\n"}',
            '\\u0007\\ud800 "\\n": there is no such key; the nearest is',
        ),
    ],
)
def test_a_refusal_names_key_value_and_fix(text: str, line: str) -> None:
    """One line each, and it can be printed anywhere."""
    (found,) = refused(text)
    assert found.startswith(line)
    assert found.isascii()


def test_all_problems_are_named_at_once() -> None:
    """Nobody mends a file one line at a time."""
    text = '{"bot": {"long": {"ema_span_0": -1, "x": 1}, "short": 3}, "live": {"user": 1}}'
    heads = [line.partition(" ")[0] for line in refused(text)]
    assert heads == ["bot.long.ema_span_0", "bot.long.x", "bot.short", "live.user"]


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Missing files, other encodings, other formats."""
    (tmp_path / "latin.json").write_bytes(b'{"a": "\xe4"}')
    (tmp_path / "broken.json").write_text("{")
    for name, words in (("no", "not readable"), ("latin", "not UTF-8"), ("broken", "not JSON")):
        with pytest.raises(StrategyError, match=words):
            load(tmp_path / f"{name}.json")


@pytest.mark.parametrize("depth", [33, 500, 100_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    """However deep, it ends with a line."""
    (line,) = refused('{"optimize": ' + '{"a": [' * depth + "]}" * depth + "}")
    assert "nested more than 32 deep" in line


@pytest.mark.parametrize("number", ["1" * 33, "1" * 5_000, "0." + "1" * 40, "1e" + "9" * 28])
def test_numbers_without_end_are_refused(number: str) -> None:
    """A number is at most as long as anyone writes; elsewhere it is kept as a text."""
    (line,) = refused('{"bot": {"long": {"ema_span_0": ' + number + "}}}")
    assert line.startswith(f'bot.long.ema_span_0 "{number[:9]}')
    assert line.endswith(": give a number, 0 to 5,256,000")
    assert of('{"optimize": {"x": ' + number + "}}").values["optimize"] == {"x": number}


@pytest.mark.parametrize(
    ("mode", "base", "mirrors"),
    [("mirror_shorts_for_longs", "long", "short"), ("mirror_longs_for_shorts", "short", "long")],
)
def test_both_sides_with_a_mirror_are_refused(mode: str, base: str, mirrors: str) -> None:
    """The mirrors' side is theirs alone; without a mirror both sides are fine."""
    side = {"n_positions": 3, "total_wallet_exposure_limit": 1}
    mirror = {"mode": mode, "threshold": 1}
    both = {"bot": {"long": side, "short": side}, "live": {"mirror": mirror}}
    (line,) = refused(json.dumps(both))
    assert line == (
        f"bot.{mirrors}.n_positions 3: live.mirror keeps {mirrors}s against {base}s, so the base "
        f"may trade {base}s only; set it to 0, or live.mirror.threshold to 0"
    )
    for off in ({"threshold": 0}, {"enabled": False}):
        assert not of(json.dumps(both | {"live": {"mirror": mirror | off}})).warnings


def test_a_limit_that_is_no_ppm_is_refused_with_a_mirror_only() -> None:
    """Caps of mirrors are exact; without one the limit is a float."""
    side = {"long": {"total_wallet_exposure_limit": 1.0000001}}
    (line,) = refused(json.dumps({"bot": side, "live": {"mirror": {"threshold": 1}}}))
    assert line.endswith("with live.mirror give a multiple of 0.000001")
    assert not of(json.dumps({"bot": side})).warnings


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"bot": {"short": {"hsl_enabled": True}}}, "bot.short.hsl_enabled true"),
        ({"live": {"market_orders_allowed": True}}, "live.market_orders_allowed true"),
        ({"bot": {"short": {"total_wallet_exposure_limit": 2}}}, "bot.short.n_positions 0"),
        (
            {"bot": {"long": {"n_positions": 0}}, "live": {"mirror": {"threshold": 1}}},
            "nothing to mirror",
        ),
        ({"live": {"approved_coins": {"short": ["BTC"]}}}, "none for longs, so none will open"),
        (
            {"live": {"approved_coins": {"long": ["BTC"]}, "mirror": {"threshold": 1}}},
            "none for shorts, so no mirror will open",
        ),
    ],
)
def test_what_is_seldom_meant_is_warned_about(values: object, words: str) -> None:
    """It is allowed, and told."""
    (warning,) = of(json.dumps(values)).warnings
    assert words in warning


def test_notes_of_other_programs_are_left_alone() -> None:
    """Names that begin with an underscore are theirs."""
    assert of('{"_raw": {"x": 1}, "$schema": "schema.json"}').given == ("$schema",)


def test_coins_come_from_files(tmp_path: Path) -> None:
    """A path is relative to the configuration; both kinds of file are read."""
    (tmp_path / "coins.json").write_text('["BTC", "ETH"]')
    (tmp_path / "coins.txt").write_text("SOL,\nXRP\n")
    lists = {"long": "coins.json", "short": ["coins.txt"]}
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"live": {"approved_coins": lists, "ignored_coins": "coins.txt"}}))
    values = load(path).values
    assert values["live.approved_coins"] == {"long": ("BTC", "ETH"), "short": ("SOL", "XRP")}
    assert values["live.ignored_coins"] == ("SOL", "XRP")


@pytest.mark.parametrize("text", ["[[", "[5]", "{}5", '{"up": 1}'])
def test_files_without_coins_are_refused(tmp_path: Path, text: str) -> None:
    """The line names the key and the file."""
    (tmp_path / "coins.json").write_text(text)
    path = tmp_path / "config.json"
    path.write_text('{"live": {"approved_coins": "coins.json"}}')
    with pytest.raises(StrategyError, match=r'^live.approved_coins "coins.json": '):
        load(path)


TEXTS = st.text(max_size=8)
NAMES = st.one_of(TEXTS, st.sampled_from(sorted({*KEYS, *SECTIONS, "coin_overrides", "BTC"})))
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.sampled_from(["all", "now"])
)
PARTS = st.one_of(NAMES.map(lambda path: path.rpartition(".")[2]), TEXTS)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PARTS, inner, max_size=4),
    max_leaves=12,
)


def ended(text: str) -> None:
    """Read *text*: it is a configuration that can be written again, or has printable problems."""
    try:
        found = of(text)
    except StrategyError as error:
        problems, lines = error.problems, str(error).splitlines()
    else:
        assert of(dump(found)).values == found.values
        assert read(page(read(text))) == read(text)
        return
    assert len(lines) == len(problems) > 0
    assert all(line.isprintable() for line in lines)


@given(st.text(max_size=60))
def test_any_text_ends_with_a_configuration_or_with_words(text: str) -> None:
    """Nothing that a file may have makes a traceback."""
    ended(text)


@given(VALUES)
def test_any_value_ends_with_a_configuration_or_with_words(value: object) -> None:
    """Nor does any JSON, known names in any place included."""
    ended(json.dumps(value))


@given(st.sampled_from(LISTED), VALUES)
def test_any_value_of_a_key_ends_with_a_configuration_or_with_words(
    key: Key, value: object
) -> None:
    """Nor does any value of any key."""
    ended(nested(key.path, value))
