"""Documented error codes, and which of them a refusal of the venue is."""

from enum import Enum

from adapters.exchange.wire import Refused
from spec.terms import Reason


class Code(Enum):
    """A return code and its usual message."""

    BAD_PARAMETER = (10001, "params error")
    BAD_SYMBOL = (10001, "params error: symbol invalid")
    BAD_CATEGORY = (10001, "params error: category must be linear")
    BAD_POSITION_INDEX = (10001, "position idx not match position mode")
    NOT_AMENDED = (10001, "order not modified")
    BAD_TIME = (10002, "invalid request, please check your server timestamp or recv_window param")
    BAD_KEY = (10003, "API key is invalid.")
    BAD_SIGN = (10004, "error sign! please check your signature generation algorithm.")
    NOT_AUTHORIZED = (10005, "Permission denied, please authenticate first.")
    TOO_MANY = (10006, "Too many visits. Exceeded the API Rate Limit.")
    NO_PATH = (10017, "request path not found or request method is invalid")
    NOT_FOUND = (110001, "order not exists or too late to cancel")
    BAD_PRICE = (110003, "Order price is out of permissible range")
    POSITION_MARGIN = (110006, "The assets are estimated to be unable to cover the position margin")
    MARGIN = (110007, "ab not enough for new order")
    BAD_LEVERAGE = (110013, "cannot set leverage due to risk limit")
    REDUCE_ONLY = (110017, "current position is zero, cannot fix reduce-only order qty")
    MODE_POSITION = (110024, "You have an existing position, so position mode cannot be switched")
    SAME_MODE = (110025, "Position mode is not modified")
    MODE_ORDERS = (110028, "You have existing open orders, so position mode cannot be switched")
    SAME_LEVERAGE = (110043, "leverage not modified")
    BELOW_FILLED = (110064, "The number of contracts modified cannot be less than the filled")
    DUPLICATE_LINK = (110072, "OrderLinkedID is duplicate")
    EXPECT_RISING = (110092, "expect Rising, but trigger_price <= current")
    EXPECT_FALLING = (110093, "expect Falling, but trigger_price >= current")
    NOT_MODIFIED = (34040, "not modified")
    MARGIN_MODE = (3400045, "Set margin mode failed")
    MIN_NOTIONAL = (110094, "Order does not meet minimum order value")


_OF_REASON = {
    Reason.POST_ONLY_CROSSED: Code.BAD_PRICE,
    Reason.MARGIN: Code.MARGIN,
    Reason.MIN_NOTIONAL: Code.MIN_NOTIONAL,
    Reason.BAD_PRICE: Code.BAD_PRICE,
    Reason.REDUCE_ONLY: Code.REDUCE_ONLY,
    Reason.POSITION_SIDE: Code.BAD_POSITION_INDEX,
    Reason.DUPLICATE_ID: Code.DUPLICATE_LINK,
    Reason.UNKNOWN_ORDER: Code.NOT_FOUND,
}


def refused(reason: Reason, *, rising: bool = False) -> Refused:
    """Return the answer to an order that is refused for *reason*; *rising* is of its trigger."""
    if reason is Reason.TRIGGER_CROSSED:
        return Refused(Code.EXPECT_RISING if rising else Code.EXPECT_FALLING)
    if reason is Reason.BAD_QTY:
        return Refused(Code.BAD_PARAMETER, "Qty invalid")
    return Refused(_OF_REASON[reason])
