"""What is chosen of a simulated venue, and what it is asked and tells beyond the bot's messages."""

from typing import Literal

from attrs import field, frozen
from attrs.validators import ge, in_

from machines.messages import AccountReport, Report
from spec.terms import MarginMode, PositionMode


@frozen(kw_only=True)
class VenueConfig:
    """What a person chooses of the venue and the account.

    *deposit* is in money units.  What takes fills *slippage_ticks* worse than the last price,
    *liquidity_lots* at most at a time (0: all), and goes on *refill_ns* later.  A client order id
    is a duplicate if it was "ever" used, or only while an order of it is "open".  Where *all_make*,
    a limit order never takes: it rests, across the market even, and fills at its own price once the
    last price is beyond it, as candle engines have it.
    """

    deposit: int = field(validator=ge(0))
    mode: PositionMode = PositionMode.ONE_WAY
    margin_mode: MarginMode = MarginMode.CROSS
    leverage: int = field(default=1, validator=ge(1))
    slippage_ticks: int = field(default=0, validator=ge(0))
    liquidity_lots: int = field(default=0, validator=ge(0))
    refill_ns: int = field(default=0, validator=ge(0))
    all_make: bool = False
    unique_ids: Literal["ever", "open"] = field(default="ever", validator=in_(("ever", "open")))


@frozen
class Replace:
    """Change the quantity of *client_order_id* to *qty* lots; *revision* numbers the request."""

    client_order_id: int
    revision: int
    qty: int


@frozen
class ModeSet:
    """The account is in *mode*."""

    mode: PositionMode


@frozen
class ModeRefused:
    """The account stays in *mode*: a position or an order is open."""

    mode: PositionMode


Message = Report | AccountReport | ModeSet | ModeRefused
