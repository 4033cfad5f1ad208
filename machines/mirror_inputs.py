"""What a cycle of the mirror overlay is told, and the numbers that follow from it.

Prices are ticks, sizes lots, money and exposures money units, fractions parts per million; averages
of prices, volatility and volume are measured elsewhere and come as integers.
"""

from attrs import frozen

from spec.mirror import Fault, Limit, Mode, Pending, Reason, Reduce
from spec.terms import Instrument, PositionMode, PositionSide, Side
from spec.units import MILLION, div_up


@frozen(kw_only=True, cache_hash=True)
class Settings:
    """What is asked of the overlay; 0 is a legal value of every number.

    The target is *threshold_ppm* of the base's exposure, 0 switches the overlay off; the band is
    *tolerance_ppm* of the target.  At most *max_n_positions* mirrors are open, 0 stands for the
    base's number; a cap is *excess_allowance_ppm* above an even share.  *allocation_min_ppm* of
    what is missing is added at a time, *ema_dist_ppm* is how far beyond its average band a price
    must be for a mirror to open; -1 000 000 or less opens at any price.
    """

    enabled: bool = True
    mode: Mode = Mode.SHORTS_FOR_LONGS
    threshold_ppm: int = 0
    tolerance_ppm: int = 50_000
    max_n_positions: int = 0
    excess_allowance_ppm: int = 200_000
    allocation_min_ppm: int = 100_000
    ema_dist_ppm: int = 0
    reduce: Reduce = Reduce.TO_TARGET
    count_pending_base: Pending = Pending.AT_TOUCH


@frozen(kw_only=True, cache_hash=True)
class Base:
    """How the base trades: positions on each side, exposure limit as a fraction of *balance*."""

    long_n_positions: int = 0
    short_n_positions: int = 0
    exposure_limit_ppm: int = MILLION
    balance: int


@frozen
class Entry:
    """An entry order of the base that has not filled."""

    qty: int
    price_ticks: int


@frozen(kw_only=True, cache_hash=True)
class Order:
    """A limit order of the overlay; on a one-way account it names no leg."""

    symbol: str
    side: Side
    qty: int
    price_ticks: int
    position_side: PositionSide
    reduce_only: bool
    reason: Reason


@frozen(kw_only=True, cache_hash=True)
class Market:
    """One symbol: prices, positions and orders at one moment.

    *base_qty* lots are the base's, *mirror_qty* the overlay's own, entered for *mirror_cost*
    tick-lots.  The average band is *lower_ticks* to *upper_ticks*, 0 where it is not known.  A
    mirror may open or grow if the symbol is *approved* and collision admits it (*openable*); one
    that is *closing* is being closed for the base and is left alone.  *working* is what is left of
    the overlay's order, from its hand-over until a report has ended it.
    """

    instrument: Instrument
    bid_ticks: int
    ask_ticks: int
    lower_ticks: int = 0
    upper_ticks: int = 0
    volatility: int = 0
    volume: int = 0
    base_qty: int = 0
    base_entries: tuple[Entry, ...] = ()
    mirror_qty: int = 0
    mirror_cost: int = 0
    approved: bool = False
    openable: bool = True
    closing: bool = False
    working: Order | None = None

    @property
    def symbol(self) -> str:
        """The instrument's name."""
        return self.instrument.symbol


@frozen(kw_only=True, cache_hash=True)
class Cycle:
    """Everything that one cycle is decided from; the order of *markets* makes no difference."""

    settings: Settings
    base: Base
    position_mode: PositionMode = PositionMode.HEDGE
    markets: tuple[Market, ...]


@frozen
class Block:
    """*limit* keeps the mirror of *symbol* as it is."""

    symbol: str
    limit: Limit


def lot_worth(market: Market) -> int:
    """Return what one lot is worth at the middle of the book, in money units, rounded up.

    >>> lot_worth(Market(instrument=Instrument(symbol="X"), bid_ticks=2, ask_ticks=3))
    3
    """
    return div_up((market.bid_ticks + market.ask_ticks) * market.instrument.value, 2)


def price(market: Market, side: Side) -> int:
    """Return the touch at which an order of *side* rests, in ticks."""
    return market.bid_ticks if side is Side.BUY else market.ask_ticks


def enters(mode: Mode) -> Side:
    """Return the side of orders that open a mirror."""
    return Side.SELL if mode is Mode.SHORTS_FOR_LONGS else Side.BUY


def leaves(mode: Mode) -> Side:
    """Return the side of orders that close a mirror."""
    return Side.BUY if mode is Mode.SHORTS_FOR_LONGS else Side.SELL


def leg(mode: Mode, position_mode: PositionMode) -> PositionSide:
    """Return the leg that orders of mirrors name; none on a one-way account."""
    if position_mode is PositionMode.ONE_WAY:
        return PositionSide.NONE
    return PositionSide.SHORT if mode is Mode.SHORTS_FOR_LONGS else PositionSide.LONG


def wanted(settings: Settings) -> bool:
    """Return whether the overlay is to hedge; otherwise it unwinds what is left."""
    return settings.enabled and settings.threshold_ppm != 0


def left(cycle: Cycle) -> bool:
    """Return whether a mirror or an order of the overlay is left."""
    return any(m.mirror_qty != 0 or m.working is not None for m in cycle.markets)


def base_exposure(cycle: Cycle) -> int:
    """Return the exposure of the base, mark-to-market, with the entries that count."""
    held = sum(market.base_qty * lot_worth(market) for market in cycle.markets)
    return held + sum(pending_exposure(cycle, market) for market in cycle.markets)


def pending_exposure(cycle: Cycle, market: Market) -> int:
    """Return the exposure of the base's entries on *market* that count before they fill."""
    return sum(
        market.instrument.notional(entry.price_ticks, entry.qty)
        for entry in market.base_entries
        if _counts(cycle.settings, market, entry)
    )


def _counts(settings: Settings, market: Market, entry: Entry) -> bool:
    """Return whether *entry* counts as exposure."""
    if settings.count_pending_base is not Pending.AT_TOUCH:
        return settings.count_pending_base is Pending.ALL
    if enters(settings.mode) is Side.SELL:  # the base buys
        return entry.price_ticks >= market.bid_ticks
    return entry.price_ticks <= market.ask_ticks


def hedge_exposure(cycle: Cycle) -> int:
    """Return the exposure of the mirrors, mark-to-market, without those closed for the base."""
    return sum(m.mirror_qty * lot_worth(m) for m in cycle.markets if not m.closing)


def target_of(settings: Settings, base: int) -> int:
    """Return the exposure that the mirrors are to have: none once they are not wanted.

    >>> target_of(Settings(threshold_ppm=500_000), 800)
    400
    """
    return base * settings.threshold_ppm // MILLION if wanted(settings) else 0


def band_of(settings: Settings, target: int) -> int:
    """Return by how much the hedge may miss *target*.

    >>> band_of(Settings(tolerance_ppm=50_000), 800)
    40
    """
    return target * settings.tolerance_ppm // MILLION


def max_positions(cycle: Cycle) -> int:
    """Return how many mirrors may be open: as many as the base has, at least one, by default."""
    base, short = cycle.base, cycle.settings.mode is Mode.LONGS_FOR_SHORTS
    of_base = base.short_n_positions if short else base.long_n_positions
    return cycle.settings.max_n_positions or max(of_base, 1)


def cap_of(cycle: Cycle) -> int:
    """Return the most exposure of one mirror: it follows from settings, not from positions."""
    settings, base = cycle.settings, cycle.base
    share = base.balance * base.exposure_limit_ppm * settings.threshold_ppm
    most = share * (MILLION + settings.excess_allowance_ppm)
    return most // (MILLION**3 * max_positions(cycle))


def min_lots(instrument: Instrument, price_ticks: int) -> int:
    """Return the fewest lots that may be opened at *price_ticks*.

    >>> min_lots(Instrument(symbol="X", min_qty=2, min_notional=100), 30)
    4
    """
    return max(instrument.min_qty, div_up(instrument.min_notional, price_ticks * instrument.value))


def fault_of(cycle: Cycle) -> tuple[Fault, str]:
    """Return what is wrong with *cycle* and the field or symbol where; NONE if nothing is.

    An overlay that is not wanted and holds nothing asks nothing of its inputs.
    """
    if not wanted(cycle.settings) and not left(cycle):
        return Fault.NONE, ""
    found = (*_settings_faults(cycle), *_market_faults(cycle))
    return next((each for each in found if each[0] is not Fault.NONE), (Fault.NONE, ""))


def _settings_faults(cycle: Cycle) -> tuple[tuple[Fault, str], ...]:
    """Return, field by field, what is wrong with the settings."""
    settings, base = cycle.settings, cycle.base
    shorts = settings.mode is Mode.SHORTS_FOR_LONGS
    opposite = base.short_n_positions if shorts else base.long_n_positions
    side = "short" if shorts else "long"
    fields = {
        "live.mirror.threshold": settings.threshold_ppm >= 0,
        "live.mirror.tolerance_pct": settings.tolerance_ppm >= 0,
        "live.mirror.max_n_positions": settings.max_n_positions >= 0,
        "live.mirror.mirror_excess_allowance_pct": settings.excess_allowance_ppm >= 0,
        "live.mirror.allocation_min_fraction": 0 <= settings.allocation_min_ppm <= MILLION,
        "bot.total_wallet_exposure_limit": base.exposure_limit_ppm >= 0,
    }
    return (
        *((Fault.SETTING, field) for field, fine in fields.items() if not fine),
        (Fault.BOTH_SIDES if opposite else Fault.NONE, f"bot.{side}.n_positions"),
        (Fault.NONE if base.balance > 0 else Fault.BALANCE, "balance"),
    )


def _market_faults(cycle: Cycle) -> tuple[tuple[Fault, str], ...]:
    """Return, symbol by symbol, what is wrong with the markets."""
    names = [market.symbol for market in cycle.markets]
    twice = tuple((Fault.TWICE, name) for name in sorted(names) if names.count(name) > 1)
    one_way = cycle.position_mode is PositionMode.ONE_WAY
    ordered = sorted(cycle.markets, key=lambda market: market.symbol)
    return (
        *twice,
        *((_market_fault(market, one_way=one_way), market.symbol) for market in ordered),
    )


def _market_fault(market: Market, *, one_way: bool) -> Fault:
    """Return what is wrong with *market*."""
    instrument = market.instrument
    if instrument.value < 1 or not 1 <= instrument.min_qty <= instrument.max_qty:
        return Fault.INSTRUMENT
    if not 0 < market.bid_ticks <= market.ask_ticks:
        return Fault.PRICE
    if min(market.base_qty, market.mirror_qty, market.mirror_cost) < 0:
        return Fault.POSITION
    if one_way and market.base_qty > 0 and market.mirror_qty > 0:
        return Fault.LONG_AND_SHORT
    return Fault.NONE
