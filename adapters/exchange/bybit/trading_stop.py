"""Exits of positions: set on a leg, or with the order that opens it, and gone with the leg."""

from collections.abc import Sequence
from typing import NamedTuple

from adapters.exchange.bybit.errors import Code
from adapters.exchange.bybit.exits import PARTIAL, Exit, Kind, exits_of, trailing_of
from adapters.exchange.bybit.fields import symbol_of
from adapters.exchange.bybit.orders import leg_of
from adapters.exchange.core import Exchange
from adapters.exchange.records import Notice, Order, Status
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Body, Payload, Refused
from machines.messages import Wanted
from machines.position import opens
from spec.terms import PositionSide, Reason, Side


class Leg(NamedTuple):
    """A leg of *symbol* in the words of orders: NONE is the one there is in one-way mode."""

    account: str
    symbol: int
    named: PositionSide


class TradingStop:
    """Sets and keeps the exits of the legs of *exchange*."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._kinds: dict[tuple[str, int], Kind] = {}  # by account and number of order
        self._attached: dict[tuple[str, int], list[Exit]] = {}  # ... that opens a leg
        self._twins: dict[tuple[str, int], int] = {}  # ... to the other exit of the same part
        self._exits: dict[Leg, dict[Kind, int]] = {}  # whole ones, to number of order
        for trader in exchange.traders.values():
            trader.listeners.append(self._heard)

    # --- What is asked for -----------------------------------------------------------------

    def set(self, trader: Trader, body: Body) -> Payload:
        """Set the exits of a leg, change them or take them away."""
        symbol = symbol_of(self.exchange, body)
        instrument = self.exchange.listings[symbol].instrument
        leg = Leg(trader.name, symbol, leg_of(trader, body))
        held = _held(trader, leg)
        if held is PositionSide.NONE:
            raise Refused(Code.BAD_PARAMETER, "can not set tp/sl/ts for zero position")
        exits = exits_of(body, instrument, sized=True) + trailing_of(body, instrument)
        changed = [each for each in exits if self._differs(trader, leg, held, each)]
        if not changed:
            raise Refused(Code.NOT_MODIFIED)
        _check(changed, held, self.exchange.market.price(symbol))
        self._set(trader, leg, held, changed)
        return {}

    def place(
        self, trader: Trader, symbol: int, wanted: Wanted, link: str, exits: list[Exit]
    ) -> Order | Reason:
        """Place an order whose fills bring *exits* with them, or return why it is refused.

        Raises:
            Refused: One of *exits* would leave the leg at once.
        """
        price = wanted.trigger_ticks or wanted.price_ticks or self.exchange.market.price(symbol)
        if exits and wanted.reduce_only:
            raise Refused(Code.BAD_PARAMETER, "a reduce-only order has no takeProfit or stopLoss")
        opened = PositionSide.LONG if wanted.side is Side.BUY else PositionSide.SHORT
        _check(exits, opened, price)
        key = trader.name, len(trader.orders) + 1
        self._attached[key] = exits
        placed = trader.place(symbol, wanted, link, self.exchange.now_ns)
        if isinstance(placed, Reason):
            del self._attached[key]
        return placed

    def amended(self, trader: Trader, order: Order, given: Sequence[Exit]) -> list[Exit]:
        """Return the exits that *order* is to bring with it when *given* ones replace its own."""
        kinds = {each.kind for each in given}
        kept = [each for each in self.attached(trader, order) if each.kind not in kinds]
        return kept + [each for each in given if each.ticks]

    def attach(self, trader: Trader, order: Order, exits: list[Exit]) -> None:
        """Let *order* bring *exits* with it, and no others."""
        self._attached[trader.name, order.number] = exits

    # --- What it knows ---------------------------------------------------------------------

    def kind(self, trader: Trader, order: Order) -> Kind | None:
        """Return which exit *order* is, or None."""
        return self._kinds.get((trader.name, order.number))

    def attached(self, trader: Trader, order: Order) -> list[Exit]:
        """Return the exits that *order* brings with it."""
        return self._attached.get((trader.name, order.number), [])

    def exits(self, trader: Trader, symbol: int, named: PositionSide) -> dict[Kind, Order]:
        """Return the orders that wait to leave all of a leg, as orders call it."""
        found = self._exits.get(Leg(trader.name, symbol, named), {})
        orders = {kind: trader.orders[number] for kind, number in found.items()}
        return {kind: each for kind, each in orders.items() if each.status is Status.UNTRIGGERED}

    # --- Orders ----------------------------------------------------------------------------

    def _differs(self, trader: Trader, leg: Leg, held: PositionSide, wanted: Exit) -> bool:
        """Return whether *wanted* would change something."""
        order = self.exits(trader, leg.symbol, leg.named).get(wanted.kind)
        if order is None or not wanted.ticks:
            return order is not None or wanted.ticks > 0
        instrument = self.exchange.listings[leg.symbol].instrument
        now = order.wanted, order.instructions
        return now != (wanted.order(held, leg.named, instrument), wanted.instructions())

    def _set(self, trader: Trader, leg: Leg, held: PositionSide, exits: Sequence[Exit]) -> None:
        """Place the orders of *exits*, in place of those that were there."""
        placed = list[int]()
        for each in exits:
            before = self.exits(trader, leg.symbol, leg.named).get(each.kind)
            if before is not None:
                trader.cancel(before.number, self.exchange.now_ns)
            if each.ticks:
                placed += self._place(trader, leg, held, each)
        if len(placed) > 1 and exits[0].kind in PARTIAL:
            first, second = placed
            self._twins |= {(leg.account, first): second, (leg.account, second): first}

    def _place(self, trader: Trader, leg: Leg, held: PositionSide, wanted: Exit) -> list[int]:
        """Place the order of an exit, and return its number; none where the venue refuses it."""
        instrument = self.exchange.listings[leg.symbol].instrument
        order = wanted.order(held, leg.named, instrument)
        number = len(trader.orders) + 1
        self._kinds[leg.account, number] = wanted.kind
        if not wanted.qty:
            self._exits.setdefault(leg, {})[wanted.kind] = number
        now_ns = self.exchange.now_ns
        placed = trader.place(leg.symbol, order, "", now_ns, wanted.instructions())
        if isinstance(placed, Order):
            return [number]
        del self._kinds[leg.account, number]
        self._exits.get(leg, {}).pop(wanted.kind, None)
        return []

    # --- What happens ----------------------------------------------------------------------

    def _heard(self, trader: Trader, notices: tuple[Notice, ...]) -> None:
        """Set what fills bring with them, and cancel the other exit of a part that is left."""
        for notice in notices:
            if not isinstance(notice, Order):
                continue
            if notice.cum_qty:
                self._filled(trader, notice)
            twin = self._twins.get((trader.name, notice.number))
            if twin is not None and notice.triggered:
                trader.cancel(twin, self.exchange.now_ns)

    def _filled(self, trader: Trader, order: Order) -> None:
        """Set the exits that *order* brings: those of a part once no more of it fills."""
        leg = Leg(trader.name, order.symbol, order.wanted.position_side)
        held, due = _held(trader, leg), list[Exit]()
        for each in self.attached(trader, order):
            if each.kind not in PARTIAL:
                due.append(each)
            elif not order.working:
                due.append(each._replace(qty=order.cum_qty))
        if held is not PositionSide.NONE and opens(held, order.wanted.side):
            changed = [each for each in due if self._differs(trader, leg, held, each)]
            self._set(trader, leg, held, changed)


def _check(exits: Sequence[Exit], held: PositionSide, price: int) -> None:
    """Refuse *exits* that would leave the leg *held* at once, at *price* ticks."""
    for each in exits:
        if each.crossed(held, price):
            raise Refused(Code.BAD_PARAMETER, f"{each.kind.value} is beyond the base_price")


def _held(trader: Trader, leg: Leg) -> PositionSide:
    """Return which leg *leg* is, NONE where nothing is held."""
    pair = trader.account.pairs[leg.symbol]
    held = {PositionSide.LONG: pair.long.qty, PositionSide.SHORT: pair.short.qty}
    sides = held if leg.named is PositionSide.NONE else (leg.named,)
    return next((side for side in sides if held[side]), PositionSide.NONE)
