"""The money and the positions of one account, to the last unit.

cash = deposit + realized - fees + funding + insurance; equity = cash + unrealized profit at mark.
Every item is a whole number of money units.  `Audit` computes equity anew from nothing but the
list of fills, so the position machine and the items above check each other.  `report` sums up what
no order of the bot has done.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from machines.messages import AccountReport
from machines.position import Fill, Leg, Pair, net_qty, step, unrealized, with_mode
from spec.position import Action, State
from spec.terms import Instrument, MarginMode, PositionMode, PositionSide, Side
from spec.units import div_up, ppm_of

BY_VENUE = -1
ALL_SYMBOLS = -1
LEGS = (PositionSide.LONG, PositionSide.SHORT)


class Trade(NamedTuple):
    """One fill of *qty* lots; *fee* in money units, negative for a rebate.

    *kind* is the strategy's word for the order.  A liquidation has client order id 0 and kind
    `BY_VENUE`; *trigger_ticks* is 0 for an order without a trigger.
    """

    time_ns: int
    client_order_id: int
    symbol: int
    side: Side
    position_side: PositionSide
    qty: int
    price_ticks: int
    fee: int
    maker: bool = False
    reduce_only: bool = False
    kind: int = BY_VENUE
    trigger_ticks: int = 0
    liquidation: bool = False


class Item(IntEnum):
    """Money that moves without a trade."""

    FUNDING = 0
    INSURANCE = 1  # the venue's fund pays what a liquidated account cannot


class Transfer(NamedTuple):
    """*amount* money units came in, or went out where negative; *symbol* may be `ALL_SYMBOLS`."""

    time_ns: int
    item: Item
    symbol: int
    amount: int


class Account:
    """A deposit in money units, one position pair for each instrument, and what became of both.

    *marks* are the mark prices in ticks, 0 while unknown; *margins* the isolated margin of each
    symbol's long and short leg in money units, all 0 in cross mode.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        *,
        deposit: int,
        mode: PositionMode = PositionMode.ONE_WAY,
        margin_mode: MarginMode = MarginMode.CROSS,
        leverage: int = 1,
    ) -> None:
        self.instruments = tuple(instruments)
        self.isolated = margin_mode is MarginMode.ISOLATED
        self.mode, self.leverage = mode, leverage
        self.deposit = self.cash = deposit
        self.realized = self.fees = self.funding = self.insurance = 0
        self.pairs = [Pair(mode=mode) for _ in self.instruments]
        self.marks = [0 for _ in self.instruments]
        self.margins = [[0, 0] for _ in self.instruments]
        self.trades: list[Trade] = []
        self.transfers: list[Transfer] = []
        self.sequence = self.credited = 0
        self._liquidated = [[0, 0, 0] for _ in self.instruments]  # times, long lots, short lots

    def restore(self, cash: int, pairs: Sequence[Pair]) -> None:
        """Go on with the *cash* in money units and the *pairs* of an earlier account."""
        self.deposit = self.cash = cash
        self.pairs = list(pairs)
        if self.isolated:
            for margins, pair, each in zip(self.margins, pairs, self.instruments, strict=True):
                for index, leg in enumerate((pair.long, pair.short)):
                    margins[index] = div_up(leg.cost * each.value, self.leverage)

    @property
    def flat(self) -> bool:
        """Whether no leg is open."""
        return all(pair.state is State.FLAT for pair in self.pairs)

    def equity(self) -> int:
        """Return cash plus unrealized profit at mark, in money units."""
        profit = 0
        for instrument, pair, mark in zip(self.instruments, self.pairs, self.marks, strict=True):
            profit += unrealized(pair, mark) * instrument.value
        return self.cash + profit

    def free(self) -> int:
        """Return the cash that is no leg's isolated margin, in money units."""
        return self.cash - sum(long + short for long, short in self.margins)

    def report(self, symbol: int) -> AccountReport:
        """Return what has happened beside the bot's orders; the legs are those of *symbol*."""
        liquidations, long_closed, short_closed = self._liquidated[symbol]
        return AccountReport(
            symbol=symbol,
            sequence=self.sequence,
            credited=self.credited,
            liquidations=liquidations,
            long_closed=long_closed,
            short_closed=short_closed,
        )

    def leg(self, symbol: int, side: PositionSide) -> Leg:
        """Return the long or the short leg of *symbol*."""
        pair = self.pairs[symbol]
        return pair.long if side is PositionSide.LONG else pair.short

    def book(self, trade: Trade) -> None:
        """Add *trade*: the position machine must take it."""
        symbol = trade.symbol
        before = self.pairs[symbol]
        fill = Fill(
            side=trade.side,
            qty=trade.qty,
            notional=trade.qty * trade.price_ticks,
            position_side=trade.position_side,
            reduce_only=trade.reduce_only,
        )
        after, emits = step(before, fill)
        assert Action.REFUSE not in emits, trade
        self.pairs[symbol] = after
        self.trades.append(trade)
        profit = after.long.realized + after.short.realized
        profit -= before.long.realized + before.short.realized
        profit *= self.instruments[symbol].value
        self.realized += profit
        self.fees += trade.fee
        self.cash += profit - trade.fee
        if trade.liquidation:
            self._liquidated[symbol][1 if trade.side is Side.SELL else 2] += trade.qty
            notional = trade.qty * trade.price_ticks * self.instruments[symbol].value
            self._credit(-trade.side.sign * notional - trade.fee)
        if self.isolated:
            self._assign(trade, before, after)

    def liquidated(self, symbol: int) -> None:
        """Count a liquidation of *symbol*."""
        self._liquidated[symbol][0] += 1

    def _credit(self, amount: int) -> None:
        """Note *amount* money units that no order of the bot has brought."""
        self.sequence += 1
        self.credited += amount

    def _assign(self, trade: Trade, before: Pair, after: Pair) -> None:
        """Give a leg that grew its initial margin, free the share of a leg that shrank.

        What a liquidated leg's margin does not cover is the insurance fund's, not the account's.
        """
        margins, value = self.margins[trade.symbol], self.instruments[trade.symbol].value
        legs = ((before.long, after.long), (before.short, after.short))
        released = 0
        for index, (old, new) in enumerate(legs):
            if new.qty > old.qty:
                margins[index] += div_up((new.cost - old.cost) * value, self.leverage)
            elif new.qty < old.qty:
                kept = margins[index] * new.qty // old.qty
                released += margins[index] - kept
                margins[index] = kept
                profit = (new.realized - old.realized) * value
                if trade.liquidation:
                    self._insure(trade.time_ns, trade.symbol, trade.fee - profit - released)
        changed = [index for index, (old, new) in enumerate(legs) if new is not old]
        self._back(trade.time_ns, trade.symbol, changed)

    def _back(self, now_ns: int, symbol: int, indexes: Sequence[int]) -> None:
        """Pay what free cash could not out of the margin of the legs, then out of the fund."""
        owed = max(-self.free(), 0)
        for index in indexes:
            paid = min(owed, self.margins[symbol][index])
            self.margins[symbol][index] -= paid
            owed -= paid
        self._insure(now_ns, symbol, owed)

    def fund(self, symbol: int, rate_ppm: int, now_ns: int) -> int:
        """Pay funding on the mark notional of both legs; return the money units received."""
        price = self.marks[symbol] * self.instruments[symbol].value
        total = 0
        for index, side in enumerate(LEGS):
            qty = self.leg(symbol, side).qty
            amount = -ppm_of(qty * price * (1 - 2 * index), rate_ppm)
            if amount:
                self._transfer(Transfer(now_ns, Item.FUNDING, symbol, amount))
                total += amount
                if self.isolated:
                    self._back(now_ns, symbol, (index,))
        return total

    def insure(self, now_ns: int) -> None:
        """Let the insurance fund pay the debt of a flat account."""
        self._insure(now_ns, ALL_SYMBOLS, -self.cash)

    def _insure(self, now_ns: int, symbol: int, amount: int) -> None:
        """Receive *amount* money units from the insurance fund, if that is anything."""
        if amount > 0:
            self._transfer(Transfer(now_ns, Item.INSURANCE, symbol, amount))

    def _transfer(self, transfer: Transfer) -> None:
        """Book money that moves without a trade."""
        self.transfers.append(transfer)
        self.cash += transfer.amount
        self._credit(transfer.amount)
        if transfer.item is Item.FUNDING:
            self.funding += transfer.amount
        else:
            self.insurance += transfer.amount

    def set_mode(self, mode: PositionMode) -> None:
        """Change the position mode of a flat account."""
        self.mode = mode
        self.pairs = [with_mode(pair, mode) for pair in self.pairs]

    def check(self) -> None:
        """Assert that the items add up to the cash."""
        items = self.deposit + self.realized - self.fees + self.funding + self.insurance
        assert self.cash == items, (self.cash, items)

    def reconcile(self) -> None:
        """Assert that cash, items, positions and equity follow from the fills alone."""
        Audit(self).check()


class Audit:
    """The books of *account* kept a second time, from its lists of fills and transfers alone."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._trades = self._transfers = 0  # how many are counted
        self._nets = [0 for _ in account.instruments]
        self._paid = self._fees = self._moved = self._closed = 0

    def check(self) -> None:
        """Count what is new, and assert that everything in the account follows."""
        account = self._account
        account.check()
        self._count()
        held = 0
        for symbol, (net, instrument) in enumerate(
            zip(self._nets, account.instruments, strict=True)
        ):
            assert net == net_qty(account.pairs[symbol]), symbol
            held += net * account.marks[symbol] * instrument.value
        assert account.fees == self._fees
        assert account.funding + account.insurance == self._moved
        assert account.credited == self._moved + self._closed, account.credited
        equity = account.deposit - self._paid + held - self._fees + self._moved
        assert account.equity() == equity, (account.equity(), equity)

    def _count(self) -> None:
        """Add the fills and the transfers that are new."""
        account = self._account
        for trade in account.trades[self._trades :]:
            lots = trade.side.sign * trade.qty
            paid = lots * trade.price_ticks * account.instruments[trade.symbol].value
            self._nets[trade.symbol] += lots
            self._paid += paid
            self._fees += trade.fee
            if trade.liquidation:
                self._closed -= paid + trade.fee
        new = account.transfers[self._transfers :]
        self._moved += sum(transfer.amount for transfer in new)
        self._trades, self._transfers = len(account.trades), len(account.transfers)
