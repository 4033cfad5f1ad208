"""Questions about the account, and its settings: leverage, position mode, margin mode."""

from adapters.exchange.bybit.errors import Code
from adapters.exchange.bybit.fields import category, symbol_of, symbols_of
from adapters.exchange.bybit.private import Private
from adapters.exchange.bybit.public import Public
from adapters.exchange.core import Exchange
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Body, Payload, Refused, said
from spec.terms import MarginMode, PositionMode
from spec.units import MILLI_NS

MODES = {"0": PositionMode.ONE_WAY, "3": PositionMode.HEDGE}
MARGINS = {"REGULAR_MARGIN": MarginMode.CROSS, "ISOLATED_MARGIN": MarginMode.ISOLATED}


class Account:
    """Does what the accounts of *exchange* ask for; *private* and *public* write the answers."""

    def __init__(self, exchange: Exchange, private: Private, public: Public) -> None:
        self.exchange, self.private, self.public = exchange, private, public

    def wallet(self, trader: Trader, _: Body) -> Payload:
        """Answer the wallet."""
        return {"list": [self.private.wallet(trader)]}

    def fee_rate(self, _: Trader, body: Body) -> Payload:
        """Answer the fees."""
        category(body)
        found = [self.public.fee_rate(each) for each in symbols_of(self.exchange, body)]
        return {"category": "linear", "list": found}

    def info(self, trader: Trader, _: Body) -> Payload:
        """Answer what kind of account it is: unified."""
        isolated = trader.account.isolated
        return {
            "unifiedMarginStatus": 6,
            "marginMode": "ISOLATED_MARGIN" if isolated else "REGULAR_MARGIN",
            "isMasterTrader": False,
            "spotHedgingStatus": "OFF",
            "updatedTime": str(self.exchange.now_ns // MILLI_NS),
            "dcpStatus": "OFF",
            "timeWindow": 0,
            "smpGroup": 0,
        }

    def key(self, trader: Trader, _: Body) -> Payload:
        """Answer what the API key may do."""
        number = list(self.exchange.traders).index(trader.name) + 1
        may = {"ContractTrade": ["Order", "Position"]}
        return {
            "id": str(number),
            "note": trader.name,
            "readOnly": 0,
            "permissions": may,
            "unified": 0,
            "uta": 1,
            "userID": number,
        }

    def coins(self, _: Trader, __: Body) -> Payload:
        """Answer that nothing can be deposited or withdrawn."""
        return {"rows": []}

    def set_leverage(self, trader: Trader, body: Body) -> Payload:
        """Change the leverage: it is one for all symbols of the account."""
        symbol = symbol_of(self.exchange, body)
        buy, sell = said(body, "buyLeverage"), said(body, "sellLeverage")
        if buy != sell or not buy.isdecimal():
            raise Refused(Code.BAD_PARAMETER, "leverage must be one whole number")
        if not 1 <= int(buy) <= self.exchange.listings[symbol].instrument.leverage_max:
            raise Refused(Code.BAD_LEVERAGE)
        if int(buy) == trader.account.leverage:
            raise Refused(Code.SAME_LEVERAGE)
        if not trader.set_leverage(int(buy)):
            raise Refused(Code.POSITION_MARGIN)
        return {}

    def switch_mode(self, trader: Trader, body: Body) -> Payload:
        """Change the position mode: it is one for all symbols of the account."""
        category(body)
        if said(body, "symbol"):
            symbol_of(self.exchange, body)
        mode = MODES.get(said(body, "mode"))
        if mode is None:
            raise Refused(Code.BAD_PARAMETER, "mode invalid")
        if mode is trader.account.mode:
            raise Refused(Code.SAME_MODE)
        if not trader.set_mode(mode, self.exchange.now_ns):
            flat = trader.account.flat
            raise Refused(Code.MODE_ORDERS if flat else Code.MODE_POSITION)
        return {}

    def set_margin_mode(self, trader: Trader, body: Body) -> Payload:
        """Change the margin mode of the account."""
        mode = MARGINS.get(said(body, "setMarginMode"))
        if mode is None:
            raise Refused(Code.BAD_PARAMETER, "setMarginMode invalid")
        if not trader.set_isolated(isolated=mode is MarginMode.ISOLATED):
            raise Refused(Code.MARGIN_MODE)
        return {"reasons": []}
