"""The executions of an account: what it has filled, liquidations and funding, in order."""

from collections.abc import Sequence

from adapters.exchange.records import ExecType, Execution, Moved, Notice, Order
from machines.position import Fill, step
from simulator.account import LEGS, Account, Item, Trade
from spec.terms import PositionSide, Side


class Executions:
    """Makes executions of the trades and of the funding of *account*, and adds them to *notices*.

    *made* are all so far.
    """

    def __init__(self, account: Account, notices: list[Notice]) -> None:
        self.account = account
        self.made: list[Execution] = []
        self._notices = notices
        self._counted = self._paid = 0  # trades and transfers that were looked at
        self.restart()

    def restart(self) -> None:
        """Take the legs as they are now."""
        self._pairs = list(self.account.pairs)  # as of the last trade that is an execution

    def held(self, symbol: int) -> list[tuple[PositionSide, int]]:
        """Return the legs of *symbol* that are open, and their lots."""
        legs = [(leg, self.account.leg(symbol, leg).qty) for leg in LEGS]
        return [(leg, qty) for leg, qty in legs if qty]

    def fund(self, symbol: int, held: Sequence[tuple[PositionSide, int]], now_ns: int) -> None:
        """Make an execution of what each of the legs that were *held* has paid."""
        transfers = self.account.transfers[self._paid :]
        paid = [each for each in transfers if each.item is Item.FUNDING]
        for transfer, (leg, qty) in zip(paid, held, strict=False):
            self._add(
                Execution(
                    number=len(self.made) + 1,
                    type=ExecType.FUNDING,
                    time_ns=now_ns,
                    symbol=symbol,
                    side=Side.BUY if leg is PositionSide.LONG else Side.SELL,
                    qty=qty,
                    price_ticks=self.account.marks[symbol],
                    fee=-transfer.amount,
                )
            )

    def finish(self) -> None:
        """Make executions of what is left, and note what the insurance fund has paid."""
        self.count(None)
        transfers = self.account.transfers[self._paid :]
        insured = [each.symbol for each in transfers if each.item is Item.INSURANCE]
        self._notices += [Moved(symbol) for symbol in insured if symbol >= 0]
        self._paid = len(self.account.transfers)

    def count(self, order: Order | None) -> None:
        """Make executions of the trades up to the next fill of *order*, or of all that are left."""
        trades = self.account.trades
        while self._counted < len(trades):
            trade = trades[self._counted]
            self._counted += 1
            self._trade(trade, None if trade.liquidation else order)
            if order is not None and not trade.liquidation:
                break

    def _trade(self, trade: Trade, order: Order | None) -> None:
        """Make an execution of *trade*."""
        before = self._pairs[trade.symbol]
        notional = trade.qty * trade.price_ticks
        fill = Fill(
            side=trade.side,
            qty=trade.qty,
            notional=notional,
            position_side=trade.position_side,
            reduce_only=trade.reduce_only,
        )
        after, _ = step(before, fill)
        self._pairs[trade.symbol] = after
        legs = ((before.long, after.long), (before.short, after.short))
        realized = sum(new.realized - old.realized for old, new in legs)
        self._add(
            Execution(
                number=len(self.made) + 1,
                type=ExecType.LIQUIDATION if trade.liquidation else ExecType.TRADE,
                time_ns=trade.time_ns,
                symbol=trade.symbol,
                side=trade.side,
                qty=trade.qty,
                price_ticks=trade.price_ticks,
                fee=trade.fee,
                order=order,
                maker=trade.maker,
                closed_qty=sum(max(old.qty - new.qty, 0) for old, new in legs),
                profit=realized * self.account.instruments[trade.symbol].value,
            )
        )

    def _add(self, execution: Execution) -> None:
        """Add *execution*, and note it for the listeners."""
        self.made.append(execution)
        self._notices.append(execution)
