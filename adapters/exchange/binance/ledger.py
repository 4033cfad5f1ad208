"""The venue's numbers: an order has one while it waits for its trigger, and another once it works.

Both rise with time within an account, and no two accounts share one.
"""

from hashlib import blake2b

from adapters.exchange.records import Change, ExecType, Execution, Notice, Order, Status
from adapters.exchange.trader import Trader
from simulator.venue_order import conditional

ORDERS_OF_ACCOUNT = 10**9
ALGOS_FROM = 2 * 10**15


class Ledger:
    """The numbers of *trader*, who is account *index* of the exchange."""

    def __init__(self, trader: Trader, index: int) -> None:
        self._first = (index + 1) * ORDERS_OF_ACCOUNT
        self.triggered_ns: dict[int, int] = {}  # by the core's number, like all of them
        self._orders: dict[int, int] = {}
        self._algos: dict[int, int] = {}
        self._liquidations: dict[int, int] = {}  # by number of execution
        self._by_order: dict[str, int] = {}  # ... and the other way round
        self._by_algo: dict[str, int] = {}
        trader.listeners.append(self._heard)

    def order_id(self, order: Order) -> int:
        """Return the number under which *order* works, 0 where it never did."""
        return self._orders.get(order.number, 0)

    def algo_id(self, order: Order) -> int:
        """Return the number under which *order* waits for its trigger, 0 where it never did."""
        return self._algos.get(order.number, 0)

    def execution_id(self, execution: Execution) -> int:
        """Return the number of the order that *execution* is of."""
        if execution.order is not None:
            return self.order_id(execution.order)
        return self._liquidations.get(execution.number, 0)

    def order_number(self, name: str) -> int | None:
        """Return the core's number of the order that works as *name*, or None."""
        return self._by_order.get(name)

    def algo_number(self, name: str) -> int | None:
        """Return the core's number of the order that waits or has waited as *name*, or None."""
        return self._by_algo.get(name)

    def _heard(self, _: Trader, notices: tuple[Notice, ...]) -> None:
        """Number what is new."""
        stillborn = dead_at_trigger(notices)
        for notice in notices:
            match notice:
                case Order(change=Change.NEW) if conditional(notice.wanted):
                    algo = ALGOS_FROM + self._first + len(self._algos) + 1
                    self._algos[notice.number] = algo
                    self._by_algo[str(algo)] = notice.number
                case Order(change=Change.NEW):
                    self._enter(notice)
                case Order(change=Change.TRIGGERED):
                    self.triggered_ns[notice.number] = notice.updated_ns
                    if notice.number not in stillborn:
                        self._enter(notice)
                case Execution(type=ExecType.LIQUIDATION):
                    self._liquidations[notice.number] = self._next()
                case _:
                    pass

    def _enter(self, order: Order) -> None:
        """Number *order*, which works now."""
        self._orders[order.number] = name = self._next()
        self._by_order[str(name)] = order.number

    def _next(self) -> int:
        """Return the next number of an order."""
        return self._first + len(self._orders) + len(self._liquidations) + 1


def dead_at_trigger(notices: tuple[Notice, ...]) -> set[int]:
    """Return the orders that were refused when they were triggered."""
    orders = [each for each in notices if isinstance(each, Order)]
    fired = {each.number for each in orders if each.change is Change.TRIGGERED}
    return fired & {each.number for each in orders if _refused(each)}


def _refused(order: Order) -> bool:
    """Return whether the venue has ended *order* before it filled anything, and has a reason."""
    return (
        order.status in {Status.REJECTED, Status.EXPIRED}
        and not order.cum_qty
        and bool(order.reason)
    )


def link_of(account: str, number: int) -> str:
    """Return the client's id of an order for which the client has given none."""
    return blake2b(f"{account}/{number}".encode(), digest_size=11).hexdigest()
