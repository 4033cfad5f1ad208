"""The contracts traded, by the venue's names for them, and whose orders are ours."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from attrs import frozen

from adapters.venue import text
from adapters.venue.client_id import ClientIds
from spec.terms import Instrument, PositionMode
from spec.units import MILLION

Market = Mapping[str, Any]  # what ccxt tells of a contract
MONEY_DP = 8
OWNERS_MAX = 100_000
_UNLIMITED = 10**12
_LEVERAGE_MAX = 100


@frozen(kw_only=True)
class Contract:
    """A contract as the venue counts: prices in *tick*, quantities in *step*, money in *money*.

    *id* is the venue's name for it, *number* its number if it has one, *name* ccxt's; it settles
    in *settle*.  *step* is in the venue's own unit of quantity: contracts, where those are not of
    one coin.
    """

    index: int
    id: str
    number: int
    name: str
    instrument: Instrument
    settle: str
    tick: Decimal
    step: Decimal
    money: Decimal

    def price(self, ticks: int) -> str:
        """Write a price."""
        return text.written(ticks, self.tick)

    def qty(self, lots: int) -> str:
        """Write a quantity."""
        return text.written(lots, self.step)

    def ticks(self, said: object) -> int:
        """Read a price that an order or a fill can have."""
        return text.exactly(said, self.tick)

    def near(self, said: object) -> int:
        """Read a price that may lie between ticks: an average, or the mark price."""
        return text.nearest(said, self.tick)

    def lots(self, said: object) -> int:
        """Read a quantity, signed as it is written."""
        return text.exactly(said, self.step)

    def near_lots(self, said: object) -> int:
        """Read a volume, to which other people's finer or coarser lots may have added."""
        return text.nearest(said, self.step)

    def fee(self, said: object) -> int:
        """Read what was paid, in money units, rounded up."""
        return text.upward(said, self.money)

    def cash(self, said: object) -> int:
        """Read an amount of money, in money units."""
        return text.nearest(said, self.money)

    def notional(self, said: object) -> int:
        """Read a value in the quote currency, in tick-lots."""
        return text.nearest(said, text.product(self.money, Decimal(self.instrument.value)))


class Roster:
    """*contracts* by the venue's ids, the ids of our orders, and the mode of the account.

    News that lack something are completed from those before: *conditional* are the numbers of
    orders with a trigger, *liquidations* the venue's ids of its own orders, *credited* the money
    that came and went beside trades, *marks* the mark prices in ticks.
    """

    def __init__(self, contracts: Sequence[Contract], ids: ClientIds) -> None:
        self.contracts, self.ids = tuple(contracts), ids
        self.mode = PositionMode.ONE_WAY
        self._owners: dict[str, int] = {}
        self.conditional: set[int] = set()
        self.marks: dict[int, int] = {}
        self.liquidations: set[str] = set()
        self.credited = 0
        self._by_id = {contract.id: contract for contract in self.contracts}

    def contract(self, venue_symbol: object) -> Contract | None:
        """Return the contract that the venue calls *venue_symbol*; None if we do not trade it."""
        return self._by_id.get(str(venue_symbol))

    def owner(self, contract: Contract, client_text: object, venue_id: object = "") -> int:
        """Return our number of an order by either of its ids, 0 if it is not ours."""
        found = self.ids.read(str(client_text or ""))
        number = found[1] if found is not None and found[0] == contract.index else 0
        if number:
            self.learn(str(venue_id), number)
        return number or self._owners.get(str(venue_id), 0)

    def learn(self, venue_id: str, number: int) -> None:
        """Remember by the venue's id whose an order is; the oldest are forgotten."""
        if venue_id:
            self._owners[venue_id] = number
        if len(self._owners) > OWNERS_MAX:
            del self._owners[next(iter(self._owners))]


def contracts(markets: Iterable[Market]) -> tuple[Contract, ...]:
    """Return the contracts of *markets*, numbered as they come; money is in one unit for all."""
    found = tuple(markets)
    worths = [_worth(market) for market in found]
    money = Decimal(1).scaleb(-max([MONEY_DP, *map(text.decimals, worths)]))
    return tuple(
        _contract(index, market, worth, money)
        for index, (market, worth) in enumerate(zip(found, worths, strict=True))
    )


def _contract(index: int, market: Market, worth: Decimal, money: Decimal) -> Contract:
    """Return the contract of *market*, of which a tick of a lot is worth *worth*."""
    tick, step = _number(market["precision"]["price"]), _number(market["precision"]["amount"])
    limits = market["limits"]
    instrument = Instrument(
        symbol=market["id"],
        value=int(worth / money),
        min_qty=max(text.nearest(limits["amount"]["min"], step), 1),
        max_qty=text.nearest(limits["amount"]["max"], step) or _UNLIMITED,
        min_notional=text.upward(limits["cost"]["min"], money),
        maker_ppm=text.nearest(_number(market["maker"]), Decimal(1) / MILLION),
        taker_ppm=text.nearest(_number(market["taker"]), Decimal(1) / MILLION),
        leverage_max=int(limits["leverage"]["max"] or _LEVERAGE_MAX),
        tick=text.written(1, tick),
        lot=text.written(1, text.product(step, _number(market["contractSize"]))),
        money=text.written(1, money),
    )
    return Contract(
        index=index,
        id=market["id"],
        number=int(market.get("number", 0)),
        name=market["symbol"],
        settle=market["settle"],
        instrument=instrument,
        tick=tick,
        step=step,
        money=money,
    )


def _worth(market: Market) -> Decimal:
    """Return what one tick of one lot of *market* is worth."""
    tick, step = market["precision"]["price"], market["precision"]["amount"]
    return text.product(*map(_number, (tick, step, market["contractSize"])))


def _number(value: object) -> Decimal:
    """Return *value* of ccxt exactly: the shortest text of its float is what the venue wrote."""
    return text.number(value)
