"""Configuration of the hedge wallet's simulation; docs/reference/configuration.md has the fields.

Decimals live here only: texts become ticks, lots and money units, exactly or not at all.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from attrs import Attribute, asdict, field, fields_dict, frozen

from machines.ladder import Config
from simulator.candles import Candles, utc
from simulator.venue_terms import VenueConfig
from simulator.world import Setup
from spec.hedge_wallet import Fragment
from spec.terms import Instrument, MarginMode, PositionMode, Tier
from spec.units import MILLI_NS, MILLION, SECOND_NS

MONEY_DP = 8  # decimals of the quote currency that an account knows, or more where a lot needs it
DP_MAX = 18
UNBOUNDED = 10**30
HOUR_NS = 3_600 * SECOND_NS
SYNTHETIC_BARS = 43_200
LEVERAGE_MAX = 125
NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")
TEXT_FIX = 'write a decimal number as text, such as "0.5"'
FINEST = "0." + "0" * (DP_MAX - 1) + "1"

Validator = Callable[[Any, "Attribute[Any]", Any], None]


class ConfigError(ValueError):
    """A configuration cannot be used; the message names the field, its value and the fix."""

    def __init__(self, name: str, value: object, fix: str) -> None:
        super().__init__(f"{name} {json.dumps(value, default=str)}: {fix}")


def _whole(low: int, high: int) -> Validator:
    """Return a check for a whole number from *low* to *high*."""

    def check(_: object, attribute: "Attribute[Any]", value: object) -> None:
        if type(value) is not int or not low <= value <= high:
            raise ConfigError(attribute.name, value, f"give a whole number, {low:,} to {high:,}")

    return check


def _one_of(*choices: str) -> Validator:
    """Return a check for one of *choices*."""

    def check(_: object, attribute: "Attribute[Any]", value: object) -> None:
        if value not in choices:
            raise ConfigError(attribute.name, value, f"choose {' or '.join(choices)}")

    return check


def _amount(*, positive: bool = False, empty: bool = False) -> Validator:
    """Return a check for a decimal text, >= 0 or above; *empty* may stand for the default."""

    def check(_: object, attribute: "Attribute[Any]", value: object) -> None:
        if not (empty and value == ""):
            _decimal(attribute.name, value, positive=positive)

    return check


def _text(_: object, attribute: "Attribute[Any]", value: object) -> None:
    """Check for any text."""
    if not isinstance(value, str):
        raise ConfigError(attribute.name, value, "give a text")


def _name(_: object, attribute: "Attribute[Any]", value: object) -> None:
    """Check for a text that can be printed."""
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ConfigError(attribute.name, value, "give a name, such as BTCUSDT")


def _unit(_: object, attribute: "Attribute[Any]", value: object) -> None:
    """Check for a distance: decimal text, or percent below 100."""
    text = value.removesuffix("%") if isinstance(value, str) else value
    number = _decimal(attribute.name, text, positive=True, shown=value)
    if text != value and number >= 100:  # noqa: PLR2004
        raise ConfigError(attribute.name, value, "give less than 100%")


def _times(_: object, attribute: "Attribute[Any]", value: object) -> None:
    """Check for a list of UTC times."""
    if not isinstance(value, list | tuple):
        raise ConfigError(attribute.name, value, 'give a list such as ["2025-05-07T10:31:00Z"]')
    for each in _items(value):
        _time_ns(attribute.name, each)


def _tiers(_: object, attribute: "Attribute[Any]", value: object) -> None:
    """Check for a list of maintenance tiers."""
    _tiers_of(attribute.name, value, FINEST)


@frozen(kw_only=True)
class Simulation:
    """One run as a person writes it down: texts and whole numbers, checked one by one.

    *data* is the folder of the candle files, empty for the synthetic market.

    Raises:
        ConfigError: A value is of the wrong kind or out of its range.
    """

    data: str = field(default="", validator=_text)
    symbol: str = field(default="SYNTH", validator=_name)
    bars: int = field(default=0, validator=_whole(0, 100_000_000))
    seed: int = field(default=1, validator=_whole(0, 2**64 - 1))
    unit: str = field(default="0.5%", validator=_unit)
    fragment: str = field(default="usd", validator=_one_of("usd", "coin"))
    mode: str = field(default="one_way", validator=_one_of("one_way", "hedge"))
    margin: str = field(default="cross", validator=_one_of("cross", "isolated"))
    leverage: int = field(default=2, validator=_whole(1, LEVERAGE_MAX))
    deposit: str = field(default="100000", validator=_amount(positive=True))
    reserve_ppm: int = field(default=5_000, validator=_whole(0, 500_000))
    maker_ppm: int = field(default=200, validator=_whole(-10_000, 100_000))
    taker_ppm: int = field(default=550, validator=_whole(0, 100_000))
    min_notional: str = field(default="5", validator=_amount())
    tick: str = field(default="", validator=_amount(positive=True, empty=True))
    lot: str = field(default="", validator=_amount(positive=True, empty=True))
    slippage_ticks: int = field(default=1, validator=_whole(0, MILLION))
    liquidity_lots: int = field(default=0, validator=_whole(0, 10**12))
    refill_ms: int = field(default=1_000, validator=_whole(0, 3_600_000))
    to_venue_ms: int = field(default=50, validator=_whole(0, 600_000))
    to_bot_ms: int = field(default=50, validator=_whole(0, 600_000))
    jitter_ms: int = field(default=0, validator=_whole(0, 600_000))
    funding_ppm: int = field(default=100, validator=_whole(-100_000, 100_000))
    funding_hours: int = field(default=8, validator=_whole(1, 168))
    restarts: list[str] = field(factory=list, validator=_times)
    tiers: list[Any] = field(factory=lambda: [[None, 5_000]], validator=_tiers)


def default() -> Simulation:
    """Return the embedded default: a hedge wallet on the synthetic market."""
    return Simulation()


def load(path: Path) -> Simulation:
    """Read the JSON file at *path*; a field that it leaves out has its default.

    Raises:
        ConfigError: Not readable, not JSON, a key that is no field, or a value that is refused.
    """
    try:
        found: object = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
    except OSError as error:
        raise ConfigError("file", str(path), f"not readable, {error.strerror}") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("file", str(path), f"not JSON, {error}") from error
    if not isinstance(found, dict):
        raise ConfigError("file", str(path), 'write an object such as {"leverage": 2}')
    return replaced(default(), cast("dict[str, object]", found))


def replaced(config: Simulation, values: Mapping[str, object]) -> Simulation:
    """Return *config* with *values* by field name.

    Raises:
        ConfigError: A name is no field, or a value is refused.
    """
    known = fields_dict(Simulation)
    for name in values:
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.0)[0]
            raise ConfigError("field", name, f"there is none of that name; the nearest is {near}")
    merged: dict[str, Any] = asdict(config, recurse=False) | dict(values)
    return Simulation(**merged)


def dump(config: Simulation) -> str:
    """Return *config* as JSON, every field: `load` reads it back."""
    return json.dumps(asdict(config), indent=2) + "\n"


def warnings(config: Simulation) -> tuple[str, ...]:
    """Return what is allowed but seldom meant."""
    if config.leverage == 1:
        why = "leverage 1: beside the long position there is little margin for the shorts"
        return (f"{why}, so the venue may refuse some; 2 leaves room",)
    return ()


def setup(config: Simulation, candles: Candles) -> Setup:
    """Return *config* in the integer units of *candles*.

    Raises:
        ConfigError: A value is no whole number of its unit, or is outside of *candles*.
    """
    instrument = _instrument(config, candles)
    mode = PositionMode[config.mode.upper()]
    venue = VenueConfig(
        deposit=_units("deposit", config.deposit, instrument.money),
        mode=mode,
        margin_mode=MarginMode[config.margin.upper()],
        leverage=config.leverage,
        slippage_ticks=config.slippage_ticks,
        liquidity_lots=config.liquidity_lots,
        refill_ns=config.refill_ms * MILLI_NS,
    )
    return Setup(
        wallet=wallet(config, instrument, int(candles.open[0])),
        venue=venue,
        seed=config.seed,
        to_venue_ns=config.to_venue_ms * MILLI_NS,
        to_bot_ns=config.to_bot_ms * MILLI_NS,
        jitter_ns=config.jitter_ms * MILLI_NS,
        funding_ppm=config.funding_ppm,
        funding_ns=config.funding_hours * HOUR_NS,
        restarts=tuple(_restart_ns(each, candles) for each in config.restarts),
    )


def wallet(config: Simulation, instrument: Instrument, price_ticks: int) -> Config:
    """Return what *config* says of the wallet; a unit in percent is that of *price_ticks*.

    Raises:
        ConfigError: The unit is no whole number of ticks.
    """
    return Config(
        instrument=instrument,
        unit_ticks=_unit_ticks(config.unit, instrument.tick, price_ticks),
        mode=PositionMode[config.mode.upper()],
        fragment=Fragment[config.fragment.upper()],
        reserve_ppm=config.reserve_ppm,
    )


def units(name: str, text: str, unit: str) -> int:
    """Return the amount *text* of field *name* as a whole number of *unit*.

    Raises:
        ConfigError: It is none.
    """
    _decimal(name, text)
    return _units(name, text, unit)


def amount(name: str, text: str) -> str:
    """Return the amount *text* of field *name*, which is above 0.

    Raises:
        ConfigError: It is none.
    """
    _decimal(name, text, positive=True)
    return text


def _instrument(config: Simulation, candles: Candles) -> Instrument:
    """Return the contract: the money unit is 1e-8, or finer where a tick of a lot is worth less."""
    tick = Decimal(1).scaleb(-candles.price_dp)
    if config.tick and Decimal(config.tick) != tick:
        fix = f"the prices of {candles.symbol} are in {tick:f}; leave tick empty"
        raise ConfigError("tick", config.tick, fix)
    lot = Decimal(config.lot) if config.lot else Decimal(1).scaleb(-candles.volume_dp)
    worth = (tick * lot).normalize()
    money_dp = max(MONEY_DP, -cast("int", worth.as_tuple().exponent))
    if money_dp > DP_MAX:
        fix = f"with ticks of {tick:f} money would need {money_dp} decimals; give a larger lot"
        raise ConfigError("lot", f"{lot:f}", fix)
    money = f"{Decimal(1).scaleb(-money_dp):f}"
    return Instrument(
        symbol=candles.symbol,
        value=int(worth.scaleb(money_dp)),
        min_notional=_units("min_notional", config.min_notional, money),
        maker_ppm=config.maker_ppm,
        taker_ppm=config.taker_ppm,
        leverage_max=LEVERAGE_MAX,
        tiers=_tiers_of("tiers", config.tiers, money),
        tick=f"{tick:f}",
        lot=f"{lot:f}",
        money=money,
    )


def _unit_ticks(text: str, tick: str, first_ticks: int) -> int:
    """Return the ladder's unit: percents of the first price round down, amounts must be exact."""
    if text.endswith("%"):
        ticks = int(Fraction(text[:-1]) * first_ticks / 100)
        if not ticks:
            raise ConfigError("unit", text, f"that is below one tick of {tick}; give more")
        return ticks
    return _units("unit", text, tick)


def _units(name: str, text: str, unit: str) -> int:
    """Return decimal *text* as a whole number of *unit*."""
    number = Fraction(text) / Fraction(unit)  # a Decimal's quotient would have 28 digits
    if number.denominator != 1:
        raise ConfigError(name, text, f"give a multiple of {unit}")
    return int(number)


def _decimal(name: str, value: object, *, positive: bool = False, shown: object = None) -> Decimal:
    """Return *value*, a decimal text, as a number >= 0, or above if *positive*."""
    low = "above 0" if positive else "at least 0"
    refusal = ConfigError(name, value if shown is None else shown, f"{TEXT_FIX}, {low}")
    if not isinstance(value, str) or not NUMBER.fullmatch(value):
        raise refusal
    number = Decimal(value)
    if positive and not number:
        raise refusal
    return number


def _time_ns(name: str, value: object) -> int:
    """Return an ISO time as Unix ns; without an offset it is UTC."""
    try:
        time = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ConfigError(name, value, "give a UTC time such as 2025-05-07T10:31:00Z") from None
    since = (time if time.tzinfo else time.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1) * 1_000


def _restart_ns(text: str, candles: Candles) -> int:
    """Return a restart as Unix ns, inside of *candles*."""
    at_ns = _time_ns("restarts", text)
    if not candles.start_ms * MILLI_NS <= at_ns < candles.end_ms * MILLI_NS:
        bounds = f"{utc(candles.start_ms)} to {utc(candles.end_ms)}"
        raise ConfigError("restarts", text, f"give a time inside the data, {bounds}")
    return at_ns


def _tiers_of(name: str, value: object, money: str) -> tuple[Tier, ...]:
    """Return maintenance tiers: sizes and rates rise, and the last one has no end."""
    found: list[Tier] = []
    for each in _items(value):
        pair = _items(each)
        size, rate = pair if len(pair) == 2 else (None, None)  # noqa: PLR2004
        if type(rate) is not int or not 0 <= rate <= MILLION:
            raise ConfigError(name, each, 'give pairs such as ["50000", 4000] and [null, 5000]')
        if size is not None:
            _decimal(name, size, positive=True, shown=each)
        size_max = UNBOUNDED if size is None else _units(name, cast("str", size), money)
        found.append(Tier(size_max, rate))
    return _rising(name, value, tuple(found))


def _items(value: Any) -> list[object]:  # noqa: ANN401
    """Return what is in *value* if that is a list, else nothing."""
    return list(cast("list[object]", value)) if isinstance(value, list | tuple) else []


def _rising(name: str, value: object, tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
    """Return *tiers* if they rise in size and in rate to one without an end."""
    falls = any(
        high.notional_max <= low.notional_max or high.maintenance_ppm < low.maintenance_ppm
        for low, high in pairwise(tiers)
    )
    if not tiers or falls:
        fix = "give a list in which sizes and rates rise from tier to tier"
        raise ConfigError(name, value, fix)
    if tiers[-1].notional_max != UNBOUNDED:
        raise ConfigError(name, value, "the last tier has no end; write null for its size")
    return tiers


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return *pairs* as a dictionary if no key is there twice."""
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise ConfigError("field", name, "it is there twice; write it once")
        found[name] = value
    return found
