"""A configuration is exact or refused, and a refusal names the field, the value and the fix."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, fields_dict

from adapters.config import ConfigError, Simulation, default, dump, load, replaced, setup, warnings
from simulator.synthetic import market
from spec.hedge_wallet import Fragment
from spec.terms import MarginMode, PositionMode, Tier
from spec.units import MILLI_NS, SECOND_NS

CONFIGS = Path(__file__).parents[2] / "configs"
CANDLES = market(1, 600)  # prices in cents near 30,000.00, lots of 0.001
START = "2025-01-01T00:00:00Z"
FINE = f"{10**17 - 1}.{10**16 - 1}"  # a quotient of 28 digits would be whole


def refused(**values: object) -> str:
    with pytest.raises(ConfigError) as caught:
        setup(replaced(default(), values), CANDLES)
    message = str(caught.value)
    assert "\n" not in message
    return message


def written(folder: Path, text: str) -> Path:
    path = folder / "config.json"
    path.write_text(text)
    return path


def test_the_default_is_a_wallet_on_the_synthetic_market() -> None:
    """Without a file: half a percent a unit, one-way, cross, twice the deposit at most."""
    made = setup(default(), CANDLES)
    first = int(CANDLES.open[0])
    assert made.wallet.unit_ticks == first * 5 // 1_000
    assert (made.wallet.mode, made.wallet.fragment) == (PositionMode.ONE_WAY, Fragment.USD)
    assert (made.venue.margin_mode, made.venue.leverage) == (MarginMode.CROSS, 2)
    assert made.venue.deposit == 100_000 * 10**8


def test_every_field_reaches_the_setup() -> None:
    """Texts become integer units of the market, names become the field's own words."""
    config = Simulation(
        unit="150.25",
        fragment="coin",
        mode="hedge",
        margin="isolated",
        leverage=7,
        deposit="1234.5",
        reserve_ppm=1,
        maker_ppm=-20,
        taker_ppm=3,
        min_notional="0.5",
        tick="0.01",
        lot="0.01",
        slippage_ticks=4,
        liquidity_lots=5,
        refill_ms=6,
        to_venue_ms=7,
        to_bot_ms=8,
        jitter_ms=9,
        funding_ppm=-10,
        funding_hours=4,
        restarts=[START, "2025-01-01T02:30:00.5+01:00"],
        seed=11,
        tiers=[["1000", 4_000], [None, 9_000]],
    )
    made = setup(config, CANDLES)
    wallet, venue, instrument = made.wallet, made.venue, made.wallet.instrument
    assert (wallet.unit_ticks, wallet.fragment, wallet.reserve_ppm) == (15_025, Fragment.COIN, 1)
    assert wallet.mode is venue.mode is PositionMode.HEDGE
    assert (venue.margin_mode, venue.leverage) == (MarginMode.ISOLATED, 7)
    assert venue.deposit == 123_450_000_000
    assert (venue.slippage_ticks, venue.liquidity_lots) == (4, 5)
    assert venue.refill_ns == 6 * MILLI_NS
    assert (instrument.maker_ppm, instrument.taker_ppm) == (-20, 3)
    assert instrument.min_notional == 50_000_000
    assert (instrument.tick, instrument.lot, instrument.money) == ("0.01", "0.01", "0.00000001")
    assert instrument.value == 10_000
    assert instrument.tiers == (Tier(1_000 * 10**8, 4_000), Tier(10**30, 9_000))
    assert (made.to_venue_ns, made.to_bot_ns) == (7 * MILLI_NS, 8 * MILLI_NS)
    assert (made.jitter_ns, made.seed) == (9 * MILLI_NS, 11)
    assert (made.funding_ppm, made.funding_ns) == (-10, 4 * 3_600 * SECOND_NS)
    start_ns = CANDLES.start_ms * MILLI_NS
    assert made.restarts == (start_ns, start_ns + 5_400 * SECOND_NS + 500 * MILLI_NS)


@pytest.mark.parametrize(
    ("price_dp", "volume_dp", "money", "value"),
    [
        (1, 3, "0.00000001", 10_000),
        (4, 4, "0.00000001", 1),
        (5, 4, "0.000000001", 1),
        (0, 0, "0.00000001", 10**8),
    ],
)
def test_money_is_as_fine_as_a_tick_of_a_lot(
    price_dp: int, volume_dp: int, money: str, value: int
) -> None:
    """The money unit is 1e-8, or smaller so that one tick of one lot is whole."""
    candles = evolve(CANDLES, price_dp=price_dp, volume_dp=volume_dp)
    instrument = setup(default(), candles).wallet.instrument
    assert (instrument.money, instrument.value) == (money, value)


def test_a_lot_that_money_cannot_count_is_refused() -> None:
    """More than 18 decimals are nobody's money."""
    with pytest.raises(ConfigError, match=r"lot .*larger lot"):
        setup(default(), evolve(CANDLES, price_dp=10, volume_dp=9))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"leverag": 2}, 'field "leverag": there is none of that name; the nearest is leverage'),
        ({"leverage": 0}, "leverage 0: give a whole number, 1 to 125"),
        ({"leverage": True}, "leverage true: give a whole number, 1 to 125"),
        ({"leverage": "2"}, 'leverage "2": give a whole number, 1 to 125'),
        ({"taker_ppm": -1}, "taker_ppm -1: give a whole number, 0 to 100,000"),
        ({"fragment": "half"}, 'fragment "half": choose usd or coin'),
        ({"mode": 1}, "mode 1: choose one_way or hedge"),
        ({"margin": "crossed"}, 'margin "crossed": choose cross or isolated'),
        ({"symbol": 5}, "symbol 5: give a name"),
        ({"deposit": 0.5}, 'deposit 0.5: write a decimal number as text, such as "0.5", above 0'),
        ({"deposit": "0"}, 'deposit "0": write a decimal number as text, such as "0.5", above 0'),
        ({"deposit": "1e5"}, 'deposit "1e5": write a decimal'),
        ({"deposit": "0.123456789"}, 'deposit "0.123456789": give a multiple of 0.00000001'),
        ({"deposit": FINE}, f'deposit "{FINE}": give a multiple of 0.00000001'),
        ({"min_notional": "-1"}, 'min_notional "-1": write a decimal'),
        ({"unit": "0%"}, 'unit "0%": write a decimal'),
        ({"unit": "100%"}, 'unit "100%": give less than 100%'),
        ({"unit": "0.00001%"}, 'unit "0.00001%": that is below one tick of 0.01; give more'),
        ({"unit": "0.001"}, 'unit "0.001": give a multiple of 0.01'),
        ({"tick": "0.1"}, 'tick "0.1": the prices of SYNTH are in 0.01; leave tick empty'),
        ({"lot": "0"}, 'lot "0": write a decimal'),
        ({"restarts": START}, f'restarts "{START}": give a list such as'),
        ({"restarts": ["noon"]}, 'restarts "noon": give a UTC time such as'),
        ({"restarts": ["2026-01-01"]}, "give a time inside the data, 2025-01-01 00:00 UTC to"),
        ({"tiers": []}, "tiers []: give a list in which sizes and rates rise"),
        ({"tiers": [5_000]}, "tiers 5000: give pairs such as"),
        ({"tiers": [[None, "1"]]}, 'tiers [null, "1"]: give pairs such as'),
        ({"tiers": [["10", 5_000]]}, "the last tier has no end; write null for its size"),
        ({"tiers": [["10", 5_000], [None, 4_000]]}, "sizes and rates rise from tier to tier"),
    ],
)
def test_a_refusal_names_the_field_the_value_and_the_fix(
    values: dict[str, Any], message: str
) -> None:
    """One line each, and no value is guessed."""
    assert message in refused(**values)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    """The configuration that a run leaves behind runs it again."""
    config = replaced(default(), {"restarts": [START], "tiers": [["5", 1], [None, 2]], "bars": 3})
    assert load(written(tmp_path, dump(config))) == config
    assert set(json.loads(dump(config))) == set(fields_dict(Simulation))


def test_what_a_file_leaves_out_is_the_default(tmp_path: Path) -> None:
    """An empty object is the embedded default."""
    assert load(written(tmp_path, "{}")) == default()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", 'write an object such as {"leverage": 2}'),
        ('{"seed": 1, "seed": 2}', 'field "seed": it is there twice'),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    """The message says what it is instead."""
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, text))
    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The message has the path."""
    with pytest.raises(ConfigError, match=r"nothing\.json.*not readable"):
        load(tmp_path / "nothing.json")


def test_the_example_is_a_configuration() -> None:
    """What the project shows works."""
    for path in CONFIGS.glob("*.json"):
        assert setup(load(path), market(1, 10_080)).venue.leverage
        assert not warnings(load(path))


def test_the_page_has_every_field() -> None:
    """The reference names each field once, with the default it has."""
    page = (CONFIGS.parent / "docs" / "reference" / "configuration.md").read_text()
    found = dict(re.findall(r"^\| `(\w+)` \| `?(.*?)`? \|", page, re.MULTILINE))
    values = json.loads(dump(default()))
    assert {name: text.replace(",", "") for name, text in found.items()} == {
        name: json.dumps(value).replace(",", "") for name, value in values.items()
    }


def test_leverage_of_one_is_warned_about() -> None:
    """The shorts need margin beside the long position."""
    (warning,) = warnings(replaced(default(), {"leverage": 1}))
    assert "leverage 1" in warning
    assert not warnings(default())
