"""Documented error codes, and which of them a refusal of the venue is."""

from enum import Enum
from http import HTTPStatus

from adapters.exchange.wire import Refused
from spec.terms import Reason


class Code(Enum):
    """An error code and its usual message."""

    TOO_MANY = (-1003, "Too many requests; please use the websocket for live updates.")
    BANNED = (-1003, "Way too many requests; IP banned. Please use the websocket.")
    TOO_MANY_ORDERS = (-1015, "Too many new orders.")
    UNSUPPORTED = (-1020, "This operation is not supported.")
    BAD_TIME = (-1021, "Timestamp for this request is outside of the recvWindow.")
    BAD_SIGN = (-1022, "Signature for this request is not valid.")
    MISSING = (-1102, "A mandatory parameter was not sent, was empty/null, or malformed.")
    NOT_REQUIRED = (-1106, "A parameter was sent when not required.")
    PRECISION = (-1111, "Precision is over the maximum defined for this asset.")
    BAD_TIME_IN_FORCE = (-1115, "Invalid timeInForce.")
    BAD_TYPE = (-1116, "Invalid orderType.")
    BAD_SIDE = (-1117, "Invalid side.")
    BAD_INTERVAL = (-1120, "Invalid interval.")
    BAD_SYMBOL = (-1121, "Invalid symbol.")
    BAD_LISTEN_KEY = (-1125, "This listenKey does not exist.")
    BAD_PARAMETER = (-1130, "Invalid data sent for a parameter.")
    BAD_WINDOW = (-1131, "recvWindow must be less than 60000")
    REJECTED = (-2010, "NEW_ORDER_REJECTED")
    UNKNOWN_ORDER = (-2011, "Unknown order sent.")
    NO_ORDER = (-2013, "Order does not exist.")
    NO_KEY = (-2014, "API-key format invalid.")
    BAD_KEY = (-2015, "Invalid API-key, IP, or permissions for action.")
    MARGIN = (-2019, "Margin is insufficient.")
    TRIGGERS_AT_ONCE = (-2021, "Order would immediately trigger.")
    REDUCE_ONLY = (-2022, "ReduceOnly Order is rejected.")
    LEVERAGE_MARGIN = (-2028, "Leverage is smaller than permitted: insufficient margin balance.")
    BAD_PRICE = (-4001, "Price less than or equal to zero.")
    BAD_QTY = (-4003, "Quantity less than or equal to zero.")
    MIN_QTY = (-4004, "Quantity less than min quantity.")
    MAX_QTY = (-4005, "Quantity greater than max quantity.")
    BAD_LINK = (-4015, "Client order id is not valid.")
    BAD_LEVERAGE = (-4028, "Leverage is not valid")
    SAME_MARGIN_TYPE = (-4046, "No need to change margin type.")
    MARGIN_TYPE_ORDERS = (-4047, "Margin type cannot be changed if there exists open orders.")
    MARGIN_TYPE_POSITION = (-4048, "Margin type cannot be changed if there exists position.")
    NOT_ISOLATED = (-4049, "Add margin only support for isolated position.")
    ADD_MARGIN = (-4050, "Cross balance insufficient.")
    TAKE_MARGIN = (-4051, "Isolated balance insufficient.")
    NO_POSITION = (-4054, "Cannot add position margin: position is 0.")
    SAME_MODE = (-4059, "No need to change position side.")
    BAD_POSITION_SIDE = (-4060, "Invalid position side.")
    POSITION_SIDE = (-4061, "Order's position side does not match user's setting.")
    MODE_ORDERS = (-4067, "Position side cannot be changed if there exists open orders.")
    MODE_POSITION = (-4068, "Position side cannot be changed if there exists position.")
    BATCH_SIZE = (-4082, "Invalid number of batch place orders.")
    DUPLICATE_LINK = (-4116, "ClientOrderId is duplicated.")
    USE_ALGO = (
        -4120,
        "Order type not supported for this endpoint. Please use the Algo Order API endpoints.",
    )
    BAD_STRATEGY = (-4136, "Target strategy invalid for this type of order.")
    WHOLE_QTY = (-4137, "Quantity must be zero with closePosition equals true.")
    LEVERAGE_POSITION = (
        -4161,
        "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
    )
    MIN_NOTIONAL = (
        -4164,
        "Order's notional must be no smaller than {} (unless you choose reduce only).",
    )
    TIME_SPAN = (-4165, "Invalid time interval: the maximum time interval is 7 days.")
    SAME_ASSET_MODE = (
        -4171,
        "Adjusted asset mode is currently set and does not need to be adjusted repeatedly.",
    )
    NO_PATH = (-5000, "Path is invalid")
    FILL_OR_KILL = (
        -5021,
        "Due to the order could not be filled immediately, the FOK order has been rejected.",
    )
    POST_ONLY = (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected.",
    )
    ONLY_LIMIT = (-5025, "Only limit order is supported.")
    NOT_AMENDED = (-5027, "No need to modify the order.")


STATUS: dict[Enum, int] = {  # of HTTP where it is not 400
    Code.TOO_MANY: HTTPStatus.TOO_MANY_REQUESTS,
    Code.TOO_MANY_ORDERS: HTTPStatus.TOO_MANY_REQUESTS,
    Code.BANNED: HTTPStatus.IM_A_TEAPOT,
    Code.NO_KEY: HTTPStatus.UNAUTHORIZED,
    Code.BAD_KEY: HTTPStatus.UNAUTHORIZED,
    Code.NO_PATH: HTTPStatus.NOT_FOUND,
}
_OF_REASON = {
    Reason.TRIGGER_CROSSED: Code.TRIGGERS_AT_ONCE,
    Reason.POST_ONLY_CROSSED: Code.POST_ONLY,
    Reason.MARGIN: Code.MARGIN,
    Reason.BAD_QTY: Code.MAX_QTY,
    Reason.BAD_PRICE: Code.BAD_PRICE,
    Reason.REDUCE_ONLY: Code.REDUCE_ONLY,
    Reason.POSITION_SIDE: Code.POSITION_SIDE,
    Reason.DUPLICATE_ID: Code.DUPLICATE_LINK,
    Reason.UNKNOWN_ORDER: Code.NO_ORDER,
}


def refused(reason: Reason, min_notional: str) -> Refused:
    """Return the answer to an order that is refused for *reason*."""
    if reason is Reason.MIN_NOTIONAL:
        _, message = Code.MIN_NOTIONAL.value
        return Refused(Code.MIN_NOTIONAL, message.format(min_notional))
    return Refused(_OF_REASON.get(reason, Code.REJECTED))


def missing(name: str) -> Refused:
    """Return the answer to a request that lacks parameter *name*, or writes it wrongly."""
    return Refused(
        Code.MISSING, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )
