"""Commands and questions about the account: trades, positions, balances, income and settings."""

from collections.abc import Iterable
from decimal import Decimal

from attrs import frozen

from adapters.exchange.binance.errors import Code, missing
from adapters.exchange.binance.fields import flag, page, symbol_of, symbols_of, whole
from adapters.exchange.binance.private import Private
from adapters.exchange.core import Exchange
from adapters.exchange.records import ExecType, Execution
from adapters.exchange.text import text, units
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Body, Payload, Refused, said
from simulator.account import Item
from spec.terms import PositionMode, PositionSide
from spec.units import MILLI_NS, MILLION

INCOMES, INCOMES_MAX = 100, 1_000
SHIFTS = {"1": 1, "2": -1}  # of margin: added, taken
SUCCESS: Payload = {"code": 200, "msg": "success"}
_NOT_IN_2 = {  # fields of a position, by the version of the question
    "initialMargin",
    "maintMargin",
    "positionInitialMargin",
    "openOrderInitialMargin",
    "adl",
    "bidNotional",
    "askNotional",
    "marginAsset",
}
_NOT_IN_3 = {"leverage", "maxNotionalValue", "marginType", "isAutoAddMargin", "isolated"}
_TOTALS = {
    "totalInitialMargin": "initialMargin",
    "totalMaintMargin": "maintMargin",
    "totalWalletBalance": "walletBalance",
    "totalUnrealizedProfit": "unrealizedProfit",
    "totalMarginBalance": "marginBalance",
    "totalPositionInitialMargin": "positionInitialMargin",
    "totalOpenOrderInitialMargin": "openOrderInitialMargin",
    "totalCrossWalletBalance": "crossWalletBalance",
    "totalCrossUnPnl": "crossUnPnl",
    "availableBalance": "availableBalance",
    "maxWithdrawAmount": "maxWithdrawAmount",
}


@frozen
class Income:
    """*amount* money units that came in; *trade* is the number of its execution, or 0."""

    time_ns: int
    kind: str
    symbol: int
    amount: int
    trade: int = 0


class Account:
    """Does what the accounts of *exchange* ask for; *private* writes the answers."""

    def __init__(self, exchange: Exchange, private: Private) -> None:
        self.exchange, self.private = exchange, private
        self._shifts: dict[str, list[Payload]] = {}  # of margin, by account

    # --- Trades and income -----------------------------------------------------------------

    def trades(self, trader: Trader, body: Body) -> list[Payload]:
        """Answer the trades of a symbol, oldest first."""
        symbol, name = symbol_of(self.exchange, body), said(body, "orderId")
        written = [
            self.private.trade(trader, each)
            for each in trader.executions
            if each.type is not ExecType.FUNDING and each.symbol == symbol
        ]
        found = [each for each in written if name in {"", str(each["orderId"])}]
        return page(body, found, self.exchange.now_ns // MILLI_NS, "id", "time")

    def liquidations(self, trader: Trader, body: Body) -> list[Payload]:
        """Answer the orders with which the venue has closed legs, oldest first."""
        symbols = symbols_of(self.exchange, body)
        written = [
            self.private.liquidation(trader, each)
            for each in trader.executions
            if each.type is ExecType.LIQUIDATION and each.symbol in symbols
        ]
        return page(body, written, self.exchange.now_ns // MILLI_NS, "orderId", "time")

    def income(self, trader: Trader, body: Body) -> list[Payload]:
        """Answer what has changed the wallet, oldest first."""
        now_ms, limit = self.exchange.now_ns // MILLI_NS, whole(body, "limit", INCOMES)
        written = [
            self._income(number, each)
            for number, each in enumerate(incomes(trader), 1)
            if said(body, "symbol") in {"", self._name(each.symbol)}
            and said(body, "incomeType") in {"", each.kind}
        ]
        limited = {**body, "limit": max(1, min(limit, INCOMES_MAX))}
        return page(limited, written, now_ms, "tranId", "time")

    def _income(self, number: int, income: Income) -> Payload:
        """Write *income*, the account's *number*."""
        listing = self.exchange.listings[max(income.symbol, 0)]
        return {
            "symbol": self._name(income.symbol),
            "incomeType": income.kind,
            "income": text(income.amount, listing.instrument.money),
            "asset": listing.quote,
            "info": income.kind,
            "time": income.time_ns // MILLI_NS,
            "tranId": number,
            "tradeId": str(income.trade) if income.trade else "",
        }

    def _name(self, symbol: int) -> str:
        """Return the name of *symbol*, empty where it is none of them."""
        return self.exchange.listings[symbol].symbol if symbol >= 0 else ""

    # --- Positions and balances ------------------------------------------------------------

    def positions(self, trader: Trader, body: Body) -> list[Payload]:
        """Answer the open legs, and those with open orders."""
        rows = self._rows(trader, symbols_of(self.exchange, body))
        used = [
            each
            for each in rows
            if each["positionAmt"] != "0" or each["openOrderInitialMargin"] != "0"
        ]
        return [_without(each, _NOT_IN_3) for each in used]

    def old_positions(self, trader: Trader, body: Body) -> list[Payload]:
        """Answer all legs, open or flat, in the words of version 2."""
        rows = self._rows(trader, symbols_of(self.exchange, body))
        return [_without(each, _NOT_IN_2) for each in rows]

    def account(self, trader: Trader, _: Body) -> Payload:
        """Answer balances, and the legs that are open."""
        asset = self.private.asset(trader)
        rows = [
            each
            for each in self._rows(trader, symbols_of(self.exchange, {}))
            if each["positionAmt"] != "0"
        ]
        return {
            **{total: asset[name] for total, name in _TOTALS.items()},
            "assets": [asset],
            "positions": [_without(each, _NOT_IN_3) for each in rows],
        }

    def old_account(self, trader: Trader, _: Body) -> Payload:
        """Answer balances and all legs in the words of version 2."""
        asset = self.private.asset(trader)
        return {
            **self.config(trader, {}),
            **{total: asset[name] for total, name in _TOTALS.items()},
            "assets": [asset],
            "positions": [
                each | {"unrealizedProfit": each["unRealizedProfit"]}
                for each in self._rows(trader, symbols_of(self.exchange, {}))
            ],
        }

    def balance(self, trader: Trader, _: Body) -> list[Payload]:
        """Answer the balance of each asset."""
        asset = self.private.asset(trader)
        about = {"accountAlias": trader.name, "balance": asset["walletBalance"]}
        names = (
            "asset",
            "crossWalletBalance",
            "crossUnPnl",
            "availableBalance",
            "maxWithdrawAmount",
            "marginAvailable",
            "updateTime",
        )
        return [about | {name: asset[name] for name in names}]

    def _rows(self, trader: Trader, symbols: Iterable[int]) -> list[Payload]:
        """Write the legs of *symbols*."""
        return [row for symbol in symbols for row in self.private.positions(trader, symbol)]

    # --- Settings --------------------------------------------------------------------------

    def config(self, trader: Trader, _: Body) -> Payload:
        """Answer what the account may do, and its modes."""
        return {
            "feeTier": 0,
            "canTrade": True,
            "canDeposit": False,
            "canWithdraw": False,
            "dualSidePosition": trader.account.mode is PositionMode.HEDGE,
            "updateTime": 0,
            "multiAssetsMargin": False,
            "tradeGroupId": -1,
        }

    def symbol_config(self, trader: Trader, body: Body) -> list[Payload]:
        """Answer leverage and margin type."""
        return [
            {
                "symbol": self._name(symbol),
                "marginType": "ISOLATED" if trader.account.isolated else "CROSSED",
                "isAutoAddMargin": False,
                "leverage": trader.account.leverage,
                "maxNotionalValue": self._most(symbol),
            }
            for symbol in symbols_of(self.exchange, body)
        ]

    def mode(self, trader: Trader, _: Body) -> Payload:
        """Answer the position mode."""
        return {"dualSidePosition": trader.account.mode is PositionMode.HEDGE}

    def set_mode(self, trader: Trader, body: Body) -> Payload:
        """Change the position mode."""
        if not said(body, "dualSidePosition"):
            raise missing("dualSidePosition")
        mode = PositionMode.HEDGE if flag(body, "dualSidePosition") else PositionMode.ONE_WAY
        if mode is trader.account.mode:
            raise Refused(Code.SAME_MODE)
        if not trader.set_mode(mode, self.exchange.now_ns):
            raise Refused(Code.MODE_ORDERS if trader.account.flat else Code.MODE_POSITION)
        return SUCCESS

    def assets_mode(self, _: Trader, __: Body) -> Payload:
        """Answer that one asset alone is margin."""
        return {"multiAssetsMargin": False}

    def set_assets_mode(self, _: Trader, body: Body) -> Payload:
        """Refuse to let other assets be margin."""
        raise Refused(Code.UNSUPPORTED if flag(body, "multiAssetsMargin") else Code.SAME_ASSET_MODE)

    def set_margin_type(self, trader: Trader, body: Body) -> Payload:
        """Change the margin mode: it is one for all symbols of the account."""
        symbol_of(self.exchange, body)
        kind = said(body, "marginType").upper()
        if kind not in {"ISOLATED", "CROSSED"}:
            raise missing("marginType")
        isolated = kind == "ISOLATED"
        if isolated == trader.account.isolated:
            raise Refused(Code.SAME_MARGIN_TYPE)
        if not trader.set_isolated(isolated=isolated):
            flat = trader.account.flat
            raise Refused(Code.MARGIN_TYPE_ORDERS if flat else Code.MARGIN_TYPE_POSITION)
        return SUCCESS

    def shift_margin(self, trader: Trader, body: Body) -> Payload:
        """Add margin to an isolated leg, or take it."""
        symbol, kind = symbol_of(self.exchange, body), said(body, "type")
        listing, hedge = self.exchange.listings[symbol], trader.account.mode is PositionMode.HEDGE
        amount = units(said(body, "amount"), listing.instrument.money)
        named = said(body, "positionSide") or "BOTH"
        rows = self.private.positions(trader, symbol)
        if not amount or kind not in SHIFTS:
            raise missing("type" if amount else "amount")
        if hedge == (named == "BOTH"):
            raise Refused(Code.POSITION_SIDE)
        if not trader.account.isolated:
            raise Refused(Code.NOT_ISOLATED)
        sizes = [str(each["positionAmt"]) for each in rows if each["positionSide"] == named]
        if sizes in ([], ["0"]):
            raise Refused(Code.NO_POSITION)
        leg = PositionSide.SHORT if sizes[0].startswith("-") else PositionSide.LONG
        if not trader.shift_margin(symbol, leg, SHIFTS[kind] * amount):
            raise Refused(Code.ADD_MARGIN if SHIFTS[kind] > 0 else Code.TAKE_MARGIN)
        done: Payload = {"amount": said(body, "amount"), "type": int(kind)}
        about: Payload = {
            "symbol": listing.symbol,
            "asset": listing.quote,
            "deltaType": "USER_ADJUST",
            "positionSide": named,
            "time": self.exchange.now_ns // MILLI_NS,
        }
        self._shifts.setdefault(trader.name, []).append(about | done)
        return {"code": 200, "msg": "Successfully modify position margin.", **done}

    def shifts(self, trader: Trader, body: Body) -> list[Payload]:
        """Answer what margin was added and taken, oldest first."""
        symbol, kind = said(body, "symbol"), said(body, "type")
        return [
            each
            for each in self._shifts.get(trader.name, [])
            if each["symbol"] == symbol and kind in {"", str(each["type"])}
        ]

    def set_leverage(self, trader: Trader, body: Body) -> Payload:
        """Change the leverage: it is one for all symbols of the account."""
        symbol, leverage = symbol_of(self.exchange, body), whole(body, "leverage")
        account, instrument = trader.account, self.exchange.listings[symbol].instrument
        if not 1 <= leverage <= instrument.leverage_max:
            raise Refused(Code.BAD_LEVERAGE, f"Leverage {leverage} is not valid")
        if account.isolated and leverage < account.leverage and not account.flat:
            raise Refused(Code.LEVERAGE_POSITION)
        if not trader.set_leverage(leverage):
            raise Refused(Code.LEVERAGE_MARGIN)
        return {
            "leverage": leverage,
            "maxNotionalValue": self._most(symbol),
            "symbol": self._name(symbol),
        }

    def brackets(self, _: Trader, body: Body) -> list[Payload] | Payload:
        """Answer the maintenance margin by notional."""
        found = [self._brackets(symbol) for symbol in symbols_of(self.exchange, body)]
        return found[0] if said(body, "symbol") else found

    def commission(self, _: Trader, body: Body) -> Payload:
        """Answer the fees."""
        instrument = self.exchange.listings[symbol_of(self.exchange, body)].instrument
        return {
            "symbol": instrument.symbol,
            "makerCommissionRate": text(instrument.maker_ppm, "0.000001"),
            "takerCommissionRate": text(instrument.taker_ppm, "0.000001"),
        }

    def _brackets(self, symbol: int) -> Payload:
        """Write the tiers of *symbol*; `cum` makes the rate of one right for the whole notional."""
        instrument = self.exchange.listings[symbol].instrument
        money, rows = Decimal(instrument.money), list[Payload]()
        floor = cum = last_ppm = 0
        for number, tier in enumerate(instrument.tiers, 1):
            cum += floor * (tier.maintenance_ppm - last_ppm)
            row: Payload = {
                "bracket": number,
                "initialLeverage": instrument.leverage_max,
                "notionalCap": int(tier.notional_max * money),
                "notionalFloor": int(floor * money),
                "maintMarginRatio": tier.maintenance_ppm / MILLION,
                "cum": float(cum * money / MILLION),
            }
            rows.append(row)
            floor, last_ppm = tier.notional_max, tier.maintenance_ppm
        return {"symbol": instrument.symbol, "brackets": rows}

    def _most(self, symbol: int) -> str:
        """Write the largest notional that a leg of *symbol* may have."""
        instrument = self.exchange.listings[symbol].instrument
        return text(instrument.tiers[-1].notional_max, instrument.money)


def incomes(trader: Trader) -> list[Income]:
    """Return what has changed the wallet of *trader* since its deposit, oldest first."""
    paid = [
        Income(each.time_ns, "INSURANCE_CLEAR", each.symbol, each.amount)
        for each in trader.account.transfers
        if each.item is Item.INSURANCE
    ]
    moved = [income for each in trader.executions for income in _of_execution(each)]
    return sorted(paid + moved, key=lambda each: each.time_ns)


def _of_execution(execution: Execution) -> list[Income]:
    """Return what *execution* has brought and cost."""
    each = execution
    if each.type is ExecType.FUNDING:
        return [Income(each.time_ns, "FUNDING_FEE", each.symbol, -each.fee)]
    found = [
        Income(each.time_ns, "REALIZED_PNL", each.symbol, each.profit, each.number),
        Income(each.time_ns, "COMMISSION", each.symbol, -each.fee, each.number),
    ]
    return [income for income in found if income.amount]


def _without(row: Payload, names: set[str]) -> Payload:
    """Return *row* without the fields called *names*."""
    return {name: value for name, value in row.items() if name not in names}
