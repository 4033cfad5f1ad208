"""An exchange from candles and a few decimal texts."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import cast

from attrs import evolve, field, frozen
from attrs.validators import ge, in_

from adapters.exchange.core import Exchange, Terms
from adapters.exchange.market import Listing
from adapters.exchange.trader import Rules
from simulator.candles import Candles
from simulator.venue_terms import VenueConfig
from spec.terms import Instrument, PositionMode, Reason
from spec.units import MILLI_NS

RULES = {
    "bybit": Rules(acked=frozenset({Reason.POST_ONLY_CROSSED})),
    "binance": Rules(links_again=True),
}
TAKER_PPM = {"bybit": 550, "binance": 500}
QUOTES = ("USDT", "USDC", "USD")
MONEY_DP = 8
LEVERAGE_MAX = 100


class SetupError(ValueError):
    """An exchange cannot be set up so; the message names the value and the fix."""


@frozen(kw_only=True)
class Setup:
    """What is chosen of an exchange; amounts are decimal texts in the quote currency.

    Without *taker_ppm* takers pay what an ordinary account pays at the venue of *dialect*.
    """

    dialect: str = field(default="bybit", validator=in_(RULES))
    accounts: int = field(default=1, validator=ge(1))
    deposit: str = "100000"
    leverage: int = field(default=10, validator=[ge(1)])
    mode: str = field(default="one_way", validator=in_(("one_way", "hedge")))
    slippage_ticks: int = field(default=1, validator=ge(0))
    liquidity_lots: int = field(default=0, validator=ge(0))
    refill_ms: int = field(default=1_000, validator=ge(0))
    funding_ppm: int = 100
    maker_ppm: int = 200
    taker_ppm: int | None = None
    min_notional: str = "5"
    lot: str = ""


def keys(accounts: int) -> dict[str, tuple[str, str]]:
    """Return (account, secret) by API key: key-1 and secret-1 are of account-1, and so on.

    >>> keys(1)
    {'key-1': ('account-1', 'secret-1')}
    """
    return {f"key-{n}": (f"account-{n}", f"secret-{n}") for n in range(1, accounts + 1)}


def listing(candles: Candles, setup: Setup) -> Listing:
    """List the contract of *candles*: BTCUSDT of files such as BTCUSDT or BTCUSDT_2024-05.

    Raises:
        SetupError: The symbol names no quote currency, or a value is no multiple of its unit.
    """
    name = candles.symbol.partition("_")[0].upper()
    quote = next((each for each in QUOTES if name.endswith(each) and name != each), None)
    if quote is None:
        raise SetupError(f"symbol {candles.symbol}: end it with one of {', '.join(QUOTES)}")
    tick = Decimal(1).scaleb(-candles.price_dp)
    lot = Decimal(setup.lot) if setup.lot else Decimal(1).scaleb(-candles.volume_dp)
    worth = (tick * lot).normalize()
    money = Decimal(1).scaleb(-max(MONEY_DP, -cast("int", worth.as_tuple().exponent)))
    instrument = Instrument(
        symbol=name,
        value=int(worth / money),
        min_notional=_whole("min_notional", setup.min_notional, money),
        maker_ppm=setup.maker_ppm,
        taker_ppm=TAKER_PPM[setup.dialect] if setup.taker_ppm is None else setup.taker_ppm,
        leverage_max=LEVERAGE_MAX,
        tick=f"{tick:f}",
        lot=f"{lot:f}",
        money=f"{money:f}",
    )
    base = name.removesuffix(quote)
    return Listing(base=base, quote=quote, instrument=instrument, candles=candles)


def exchange(markets: Sequence[Candles], setup: Setup, start_ns: int) -> Exchange:
    """Set up an exchange on *markets*, from Unix *start_ns* on.

    Raises:
        SetupError: Two markets have one symbol or different quote currencies, or as `listing`.
        ValueError: Some market has no bar at *start_ns*, or the leverage is too high.
    """
    listings = [listing(candles, setup) for candles in markets]
    if len({each.symbol for each in listings}) < len(listings):
        raise SetupError("a symbol is there twice; give each once")
    if len({(each.quote, each.instrument.money) for each in listings}) > 1:
        raise SetupError(
            "the symbols differ in quote currency or in its unit; run one exchange each"
        )
    money = Decimal(listings[0].instrument.money)
    config = VenueConfig(
        deposit=_whole("deposit", setup.deposit, money),
        mode=PositionMode[setup.mode.upper()],
        leverage=setup.leverage,
        slippage_ticks=setup.slippage_ticks,
        liquidity_lots=setup.liquidity_lots,
        refill_ns=setup.refill_ms * MILLI_NS,
    )
    terms = Terms(
        accounts=tuple(account for account, _ in keys(setup.accounts).values()),
        venue=config,
        funding_ppm=setup.funding_ppm,
        rules=RULES[setup.dialect],
    )
    return Exchange(listings, terms, start_ns)


def moved(candles: Candles, bar: int, now_ms: int) -> Candles:
    """Return *candles* at another time: *bar* is the one under way at Unix *now_ms*."""
    start_ms = now_ms // candles.step_ms * candles.step_ms - bar * candles.step_ms
    return evolve(candles, start_ms=start_ms)


def _whole(name: str, text: str, unit: Decimal) -> int:
    """Return decimal *text* as a whole number of *unit*."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise SetupError(f"{name} {text}: write a decimal number such as 100.5") from None
    count = Fraction(number) / Fraction(unit) if number.is_finite() else Fraction(-1)
    if count < 0 or count.denominator != 1:
        raise SetupError(f"{name} {text}: give a multiple of {unit:f}")
    return count.numerator
