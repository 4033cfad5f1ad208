"""Older files: each row of the table of steps, and what is reported."""

import json
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import pytest

from adapters.strategy.migrate import (
    BEFORE,
    BOUNDS_STEPS,
    MISSING,
    SIDE_NAMES,
    STEPS,
    Migrated,
    Step,
    migrate,
)
from adapters.strategy.parse import Strategy, parse
from adapters.strategy.table import KEYS
from adapters.strategy.text import page, read

RENAMED = [step for step in STEPS if len(step.olds) == 1 and not step.why]
DROPPED = [step for step in STEPS if step.why and step.make(*[{}] * len(step.olds)) == {}]
SAMPLES: dict[str, object] = {
    "enforce_exposure_limit": True,
    "use_btc_collateral": True,
    "approved_symbols": ["BTC"],
    "ignored_symbols": ["BTC"],
    "exchange": "binance",
}
# A file of the middle versions: names of filters, all else as today.
FILTERS = {
    "filter_volatility_drop_pct": 0.0,
    "filter_volatility_ema_span": 225.0,
    "filter_volume_drop_pct": 0.57,
    "filter_volume_ema_span": 520.0,
    "n_positions": 10.0,
    "total_wallet_exposure_limit": 1.25,
}
# A file of the first versions.
FIRST = {
    "close_grid_markup_range": 0.0255,
    "close_grid_min_markup": 0.0089,
    "close_grid_qty_pct": 0.125,
    "close_trailing_grid_ratio": 0.5,
    "ema_span_0": 1318.0,
    "ema_span_1": 1435.0,
    "enforce_exposure_limit": True,
    "entry_grid_double_down_factor": 0.894,
    "entry_grid_spacing_pct": 0.04,
    "entry_grid_spacing_weight": 0.697,
    "filter_relative_volume_clip_pct": 0.57973,
    "filter_rolling_window": 320.18,
    "n_positions": 9.6662,
    "total_wallet_exposure_limit": 1.7,
    "unstuck_loss_allowance_pct": 0.03,
}


def migrated(values: object) -> Migrated:
    """Return *values* in today's names."""
    return migrate(read(json.dumps(values)))


def side(**values: object) -> dict[str, Any]:
    """Return what becomes of *values* of the long side, and of those alone."""
    found = json.loads(page(migrated({"bot": {"long": values}}).document))["bot"]["long"]
    return {name: value for name, value in found.items() if name not in BEFORE}


def whole(values: object) -> Strategy:
    """Return the configuration that *values* are."""
    return parse(read(json.dumps(values)))


def place(step: Step, value: object) -> dict[str, object]:
    """Return the file that has *value* under each old name of *step*, on the long side."""
    found: dict[str, object] = dict.fromkeys(step.olds, value)
    for name in reversed(step.scope.replace("SIDE", "long").split(".") if step.scope else ()):
        found = {name: found}
    return found


@pytest.mark.parametrize("step", RENAMED, ids=lambda step: f"{step.scope} {step.olds[0]}")
def test_old_names_become_names_of_today(step: Step) -> None:
    """A value is kept, or computed, under names that the checks or a later step know."""
    found = migrated(place(step, SAMPLES.get(step.olds[0], 0.5)))
    change, *_ = found.changes
    assert change.olds == step.olds
    assert change.news
    if step in BOUNDS_STEPS:
        names = {name.partition("_")[2] for name in change.news}
        assert all(f"bot.long.{name}" in KEYS for name in names)
        return
    paths = [f"{step.scope.replace('SIDE', 'long')}.{name}" for name in change.news]
    if all(path in KEYS for path in paths):
        assert set(paths) <= set(parse(found.document).given)
    else:
        assert set(change.news) <= {old for each in STEPS for old in each.olds}


@pytest.mark.parametrize("step", DROPPED, ids=lambda step: f"{step.scope} {step.olds[0]}")
def test_what_means_nothing_any_more_is_dropped_and_told(step: Step) -> None:
    """The report says why."""
    found = migrated(place(step, {}))
    assert str(found.changes[0]).endswith(f": dropped ({step.why})")
    parse(found.document)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"min_markup": 0.001, "markup_range": 0.002}, (0.003, 0.001)),
        ({"close_grid_min_markup": 0.0089, "close_grid_markup_range": 0.0255}, (0.0344, 0.0089)),
        ({"close_grid_min_markup": 0.0, "close_grid_markup_range": 0.0}, (0, 0)),
        ({"close_grid_min_markup": 0.004}, (0.004, 0.004)),
    ],
)
def test_markups_become_a_start_and_an_end(
    given: dict[str, float], wanted: tuple[float, float]
) -> None:
    """The grid began at its far end: the start is the least markup and the range."""
    start, end = wanted
    assert side(**given) == {"close_grid_markup_start": start, "close_grid_markup_end": end}


def test_sums_are_exact() -> None:
    """0.1 + 0.2 is 0.3."""
    found = migrated({"bot": {"long": {"min_markup": 0.1, "markup_range": 0.2}}})
    assert '"close_grid_markup_start": 0.3,' in page(found.document)


@pytest.mark.parametrize(("given", "threshold"), [(True, 1), (False, -1)])
def test_a_switch_becomes_two_thresholds(*, given: bool, threshold: int) -> None:
    """On is at the limit, off is never."""
    found = whole({"bot": {"long": {"enforce_exposure_limit": given}}})
    assert found.number("bot.long.risk_wel_enforcer_threshold") == threshold
    assert found.number("bot.long.risk_twel_enforcer_threshold") == threshold


@pytest.mark.parametrize(("given", "count"), [(9.6662, 10), (10.0, 10), (0.4, 0), (3, 3)])
def test_positions_are_whole(given: float, count: int) -> None:
    """Optimizers have written fractions."""
    assert whole({"bot": {"long": {"n_positions": given}}}).values["bot.long.n_positions"] == count


@pytest.mark.parametrize(
    ("given", "approved"),
    [
        ({"empty_means_all_approved": True, "approved_coins": []}, "all"),
        ({"empty_means_all_approved": False, "approved_coins": []}, ()),
        ({"empty_means_all_approved": True, "approved_coins": ["BTC"]}, ("BTC",)),
        ({"empty_means_all_approved": True}, "all"),
        ({"approved_symbols": ["BTC"]}, ("BTC",)),
    ],
)
def test_an_empty_list_of_coins_means_what_it_says(
    given: dict[str, object], approved: object
) -> None:
    """All, only where the old switch said so."""
    assert whole({"live": given}).values["live.approved_coins"] == approved


def test_what_only_a_person_can_translate_is_left_for_the_checks() -> None:
    """Flags of coins are reported, unless there are none."""
    assert whole({"live": {"coin_flags": {}}}).changes
    with pytest.raises(ValueError, match=r"live\.coin_flags .*there is no such key"):
        whole({"live": {"coin_flags": {"BTC": "-lm n"}}})


def test_a_name_of_today_keeps_its_value() -> None:
    """The old one is dropped, and told."""
    found = side(entry_grid_spacing_weight=1, entry_grid_spacing_we_weight=0.0)
    assert found == {}
    both = {"filter_volume_ema_span": 1, "forager_volume_ema_span": 0}
    assert side(**both) == {"forager_volume_ema_span": 0}
    assert str(migrated({"bot": {"long": both}}).changes[0]) == (
        "bot.long.filter_volume_ema_span: dropped"
    )


def test_names_keep_their_place() -> None:
    """A migrated file reads like the one it was."""
    found = migrated({"bot": {"short": {"ema_span_0": 1, "filter_volume_ema_span": 2, "x": 3}}})
    text = page(found.document)
    assert text.index("ema_span_0") < text.index("forager_volume_ema_span") < text.index('"x"')


def test_a_file_of_the_middle_versions_is_read() -> None:
    """Nothing is added: it had all keys that matter."""
    values = FILTERS | dict.fromkeys(BEFORE, 0)
    found = migrated({"config_version": "v7.4.1", "bot": {"long": values}})
    assert all(change.why != MISSING for change in found.changes)
    kept = parse(found.document).values
    assert kept["config_version"] == "v7.9.0"
    assert kept["bot.long.n_positions"] == 10
    assert kept["bot.long.forager_volatility_ema_span"] == 225


def test_a_file_of_the_first_versions_trades_as_it_did() -> None:
    """What its version did not have is off, instead of today's default."""
    found = whole({"bot": {"long": FIRST}})
    values = {name: found.number(f"bot.long.{name}") for name in BEFORE}
    assert values.pop("close_trailing_grid_ratio") == Decimal("0.5")
    assert values.pop("entry_grid_spacing_we_weight") == Decimal("0.697")
    assert values.pop("unstuck_loss_allowance_pct") == Decimal("0.03")
    assert values.pop("risk_wel_enforcer_threshold") == 1
    assert values.pop("risk_twel_enforcer_threshold") == 1
    assert values.pop("close_trailing_qty_pct") == 1
    assert set(values.values()) == {Decimal(0)}
    assert found.number("bot.long.entry_trailing_double_down_factor") == Decimal("0.894")
    assert found.number("bot.long.forager_volume_ema_span") == Decimal("320.18")
    told = [str(change) for change in found.changes]
    assert f"bot.long: entry_trailing_threshold_we_weight 0 added ({MISSING})" in told


def test_sides_of_today_are_not_completed() -> None:
    """What a file of today leaves out is the default; a fraction is no sign of age."""
    found = whole({"bot": {"long": {"entry_grid_spacing_pct": 0.02, "n_positions": 2.5}}})
    assert [str(change) for change in found.changes] == [
        "bot.long.n_positions: now n_positions 2 (rounded)"
    ]
    assert found.number("bot.long.entry_trailing_threshold_volatility_weight") == 76


def test_coins_and_bounds_are_renamed_too() -> None:
    """An override is like a side, a bound has its side's name before its own."""
    old = {"filter_volume_ema_span": 1}
    values = {
        "coin_overrides": {"B.T": {"bot": {"long": {"entry_grid_spacing_weight": 2}}}},
        "optimize": {"bounds": {f"short_{name}": [value, 2] for name, value in old.items()}},
    }
    found = whole(values)
    assert found.overrides["B.T"]["bot.long.entry_grid_spacing_we_weight"] == 2
    assert found.values["optimize"] == {"bounds": {"short_forager_volume_ema_span": (1, 2)}}


def test_a_result_has_its_configuration_inside() -> None:
    """Other programs wrap it."""
    found = whole({"config": {"bot": {"long": {"n_positions": 3}}}, "analysis": {"adg": 1}})
    assert found.values["bot.long.n_positions"] == 3


def test_what_is_of_today_stays_as_it_is() -> None:
    """Migration changes nothing twice."""
    first = migrated({"bot": {"long": FIRST}, "live": {"coin_flags": {}}})
    again = migrate(first.document)
    assert again == Migrated(first.document, ())


def test_each_old_name_leads_to_a_key() -> None:
    """No row leads to a name that the checks do not know."""
    assert all(f"bot.long.{new}" in KEYS for new in SIDE_NAMES.values())
    assert not [old for old in SIDE_NAMES if f"bot.long.{old}" in KEYS]
    assert all(f"bot.long.{name}" in KEYS for name in BEFORE)


def test_a_changed_decimal_context_changes_nothing() -> None:
    """Libraries change the rounding of their whole thread; ccxt does."""
    with localcontext(rounding=ROUND_HALF_UP):
        found = whole({"bot": {"long": {"n_positions": 2.5}}})
    assert str(found.changes[0]) == "bot.long.n_positions: now n_positions 2 (rounded)"
