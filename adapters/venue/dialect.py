"""What makes one venue different from another: its calls, its words, its tables; no I/O."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from attrs import evolve, field, frozen

from adapters.venue.contracts import Contract, Roster
from adapters.venue.gate import Limits
from adapters.venue.outcomes import Codes
from adapters.venue.port import Bar, CashNews, FillNews, LegState, OrderState, Rejected
from machines.messages import Wanted
from spec.terms import PositionMode

Body = Any  # an answer, or a row of one: JSON, as the venue wrote it


def listed(body: Body) -> list[Any]:
    """Return the rows of an answer that is a list of them, or one."""
    match body:
        case [*rows]:
            return rows
        case _:
            return [body]


@frozen
class Call:
    """A request: ccxt's name of the endpoint, which knows where and how to sign, and its body."""

    endpoint: str
    params: Mapping[str, object] = field(factory=dict[str, object])

    def plus(self, **more: object) -> "Call":
        """Return the same request with *more*."""
        return evolve(self, params={**self.params, **more})


@frozen
class Stream:
    """A subscription: the name of ccxt's method, and what it is called with."""

    method: str
    args: tuple[object, ...] = ()


@frozen
class Prices:
    """Those prices of *symbol* that have changed, in ticks, by name: last, mark, bid, ask."""

    symbol: int
    changed: Mapping[str, int]


@frozen
class Candle:
    """A bar as far as it has come; *complete* if the venue says so, None if it never does."""

    bar: Bar
    complete: bool | None


Item = OrderState | FillNews | LegState | CashNews | Prices | Candle


@frozen(kw_only=True)
class Terms:
    """The facts of a venue.

    *exchange* is ccxt's class, *config* what it is made with; *prefix* begins a client order id.
    *newest_first* is the order of fills in answers.  *cancel_after_s* are the least and the most
    seconds after which the venue can be told to cancel everything.
    """

    exchange: str
    config: Mapping[str, object]
    hedges: bool
    codes: Codes
    commands: Limits
    questions: Limits
    cancel_after_s: tuple[int, int]
    prefix: str = ""
    newest_first: bool = False


class Dialect(ABC):
    """A venue's language: requests are written, answers are read, nothing is sent.

    Where it depends on an order which endpoint knows it, there are several calls: the next is made
    if the one before finds nothing.  Reading raises `ValueError`, `KeyError` and their kin where an
    answer is not what it should be.
    """

    terms: ClassVar[Terms]

    # --- Answers in general ----------------------------------------------------------------

    def market(self, market: dict[str, Any]) -> dict[str, Any]:
        """Return what ccxt tells of a contract, with the names and units that the venue uses."""
        return market

    @abstractmethod
    def refusal(self, body: Body) -> tuple[str, str] | None:
        """Return the code and the words of an answer that refuses, None of one that does not."""

    def request(self, exchange: Any, call: Call, nonce: int) -> dict[str, object]:  # noqa: ANN401
        """Return the body of *call*; *nonce* is larger for each.

        *exchange*, ccxt's own, signs where the signature is a part of the body.
        """
        del exchange, nonce
        return dict(call.params)

    @abstractmethod
    def rows(self, body: Body) -> Sequence[Any]:
        """Return the rows of an answer."""

    def after(self, call: Call, body: Body) -> Call | None:
        """Return the call for the page after *body*, None if it was the last."""
        del call, body
        return None

    @abstractmethod
    def wait_ms(self, headers: Mapping[str, str], now_ms: int) -> int:
        """Return for how long no more requests are taken, in ms, by the headers of an answer.

        Their names are in small letters.
        """

    # --- Commands --------------------------------------------------------------------------

    @abstractmethod
    def place(
        self, roster: Roster, contract: Contract, client_text: str, order: Wanted
    ) -> Call | Rejected:
        """Submit *order*; or refuse it, if the venue has no such order."""

    @abstractmethod
    def placed(self, body: Body) -> str:
        """Return the venue's id of an order that it has just taken; empty if it has none."""

    @abstractmethod
    def cancel(self, contract: Contract, client_text: str) -> tuple[Call, ...]:
        """Cancel an order."""

    @abstractmethod
    def set_mode(self, roster: Roster, mode: PositionMode) -> tuple[Call, ...]:
        """Set the position mode: every call is made."""

    @abstractmethod
    def set_leverage(self, contract: Contract, leverage: int) -> Call:
        """Set the leverage."""

    @abstractmethod
    def cancel_after(self, roster: Roster, seconds: int, now_ms: int) -> tuple[Call, ...]:
        """Have all orders canceled *seconds* after *now_ms* unless told again; 0: never.

        Every call is made.
        """

    # --- Questions -------------------------------------------------------------------------

    @abstractmethod
    def find(self, contract: Contract, client_text: str) -> tuple[Call, ...]:
        """Ask for one order."""

    @abstractmethod
    def open_orders(self, roster: Roster) -> tuple[Call, ...]:
        """Ask for every open order: every call is made."""

    def owners(self, roster: Roster, since_ms: int, now_ms: int) -> tuple[Call, ...]:
        """Ask for the orders since *since_ms*, where fills do not name theirs: every call is made.

        Fills may be of older orders: those that are not known by then are not taken for ours.
        """
        del roster, since_ms, now_ms
        return ()

    @abstractmethod
    def fills(self, roster: Roster, since_ms: int, now_ms: int) -> tuple[Call, ...]:
        """Ask for every fill since *since_ms*: every call is made."""

    @abstractmethod
    def positions(self, roster: Roster) -> tuple[Call, ...]:
        """Ask for every leg: every call is made."""

    @abstractmethod
    def cash(self) -> Call:
        """Ask for the wallet."""

    @abstractmethod
    def quote(self, contract: Contract) -> tuple[Call, ...]:
        """Ask for the prices: every call is made."""

    @abstractmethod
    def fees(self, venue_symbol: str) -> Call:
        """Ask for the fees that the account pays on a contract."""

    @abstractmethod
    def bars(self, contract: Contract, since_ms: int) -> Call:
        """Ask for bars of a minute from *since_ms* on, as many as there are on one page."""

    @abstractmethod
    def mode(self, roster: Roster) -> Call:
        """Ask for the position mode."""

    @abstractmethod
    def time(self) -> Call:
        """Ask for the venue's clock."""

    def follow(self, contract: Contract, row: Body) -> Call | None:
        """Ask for the order that works in place of the one in *row*, if there is one."""
        del contract, row
        return None

    # --- Rows ------------------------------------------------------------------------------

    @abstractmethod
    def read_order(self, roster: Roster, row: Body) -> OrderState | None:
        """Read an order; None if it is of a contract that is not traded."""

    @abstractmethod
    def read_fill(self, roster: Roster, row: Body) -> FillNews | None:
        """Read a fill; None if it is none, or of a contract that is not traded."""

    @abstractmethod
    def read_leg(self, roster: Roster, row: Body) -> LegState | None:
        """Read a leg, flat or not; None if it is of a contract that is not traded."""

    @abstractmethod
    def read_cash(self, roster: Roster, body: Body) -> CashNews | None:
        """Read the wallet; None if it has nothing in the currency of the contracts."""

    @abstractmethod
    def read_prices(self, contract: Contract, body: Body) -> Mapping[str, int]:
        """Read those prices that an answer to `quote` tells: last, mark, bid, ask, in ticks."""

    @abstractmethod
    def read_fees(self, body: Body) -> tuple[str, str]:
        """Read the fees of makers and of takers, as fractions of the notional."""

    @abstractmethod
    def read_bar(self, contract: Contract, row: Body) -> Bar:
        """Read a bar of an answer to `bars`."""

    @abstractmethod
    def read_mode(self, body: Body) -> PositionMode:
        """Read the position mode."""

    @abstractmethod
    def read_time_ms(self, body: Body) -> int:
        """Read the venue's clock, Unix ms."""

    # --- Streams ---------------------------------------------------------------------------

    @abstractmethod
    def streams(self, roster: Roster) -> tuple[Stream, ...]:
        """Return what to subscribe to."""

    @abstractmethod
    def acknowledges(self, message: Body) -> bool:
        """Return whether *message* says that a subscription is in force."""

    def connects(self, url: str) -> bool:
        """Return whether to be connected to *url* is to be subscribed."""
        del url
        return False

    def guard(self, url: str) -> Stream | None:
        """Return what to subscribe to on *url* if it is the end of it that cancels all orders."""
        del url
        return None

    def unguard(self, url: str) -> Body | None:
        """Return what to send to *url* so that orders outlive it."""
        del url
        return None

    def ends(self, message: Body) -> Mapping[str, object] | None:
        """Return what ccxt must forget if *message* is the last of its connection, else None."""
        del message
        return None

    @abstractmethod
    def news(self, roster: Roster, message: Body) -> Iterable[Item]:
        """Read a message of a stream."""
