"""Bars from any exchange that ccxt knows.  The only module of this package that imports ccxt."""

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from adapters.candles import DataError
from adapters.market_data import exact
from adapters.market_data.download import Unreachable

if TYPE_CHECKING:
    from collections.abc import Generator

    from adapters.market_data.partial import Row

_NEAR = 3


class CcxtSource:
    """The bars of one market of one exchange; nothing is asked of it before the first use.

    *rewrite* is applied to each of its addresses.

    Raises:
        DataError: ccxt is not installed, or knows no such exchange, or it has no bars.
    """

    def __init__(
        self, exchange: str, symbol: str, step: str, rewrite: Callable[[str], str] | None = None
    ) -> None:
        if find_spec("ccxt") is None:
            raise DataError("not installed: ccxt; `make run` installs what is locked")
        self._ccxt: Any = import_module("ccxt")
        if exchange not in self._ccxt.exchanges:
            raise _unknown("exchange", exchange, self._ccxt.exchanges)
        self._exchange: Any = getattr(self._ccxt, exchange)({"enableRateLimit": True})
        if not self._exchange.has["fetchOHLCV"]:
            raise DataError(f"{exchange}: has no candles; give another exchange")
        if step not in self._exchange.timeframes:
            raise DataError(
                f"{exchange}: no bars of {step}; it has {', '.join(self._exchange.timeframes)}"
            )
        if rewrite is not None:
            self._exchange.urls = _rewritten(self._exchange.urls, rewrite)
        self._symbol, self._step = symbol, step
        self._market: Any = None

    @property
    def venue(self) -> str:
        """The name that ccxt has for the exchange."""
        name: str = self._exchange.id
        return name

    def now_ms(self) -> int:
        """Return the time of this machine, Unix ms."""
        return int(self._exchange.milliseconds())

    def name(self) -> str:
        """Return a name for the file: base and quote, as in BTCUSDT.

        Raises:
            DataError: There is no such market, or the exchange refuses.
            Unreachable: It does not answer.
        """
        market = self._found()
        return f"{market['base']}{market['quote']}"

    def decimals(self) -> tuple[int, int]:
        """Return the decimals of the tick and of the lot; raise as `name` does."""
        precision = self._found()["precision"]
        price, amount = precision["price"], precision["amount"]
        return self._decimals(price), self._decimals(amount)

    def page(self, from_ms: int, bars: int) -> "Sequence[Row]":
        """Return up to *bars* bars at and after *from_ms*, as they were sent; raise as `name`."""
        symbol = self._found()["symbol"]
        with self._speaking():
            rows = self._exchange.fetch_ohlcv(symbol, self._step, from_ms, bars)
        return [(int(row[0]), row[1], row[2], row[3], row[4], row[5]) for row in rows]

    def _found(self) -> Any:  # noqa: ANN401  # ccxt describes a market by a dictionary
        """Return the market, looked up once."""
        if self._market is None:
            with self._speaking():
                markets = self._exchange.load_markets()
            known = markets.get(self._symbol)
            same = self._exchange.markets_by_id.get(self._symbol, [])
            if known is None and len(same) != 1:
                raise _unknown("symbol", self._symbol, [*markets])
            self._market = known or same[0]
            self._exchange.number = str  # numbers of bars stay as they were sent
        return self._market

    def _decimals(self, precision: Any) -> int:  # noqa: ANN401
        """Return the decimals of what ccxt calls a precision: a step, or their number."""
        if precision is None or self._exchange.precisionMode == self._ccxt.SIGNIFICANT_DIGITS:
            return 0
        if self._exchange.precisionMode == self._ccxt.DECIMAL_PLACES:
            return max(0, int(precision))
        return int(exact.from_texts([str(precision)]).places[0])

    @contextmanager
    def _speaking(self) -> "Generator[None]":
        """Turn what ccxt raises into patience or refusal."""
        try:
            yield
        except self._ccxt.NetworkError as error:
            headers: dict[str, str] = self._exchange.last_response_headers or {}
            after = {name.lower(): value for name, value in headers.items()}.get("retry-after", "")
            raise Unreachable(_short(error), int(after) if after.isdecimal() else 0) from error
        except self._ccxt.BaseError as error:
            raise DataError(f"{self.venue}: refused, {_short(error)}") from error


def _rewritten(urls: Any, rewrite: Callable[[str], str]) -> Any:  # noqa: ANN401
    """Return *urls*, which nest, with each address rewritten."""
    if isinstance(urls, dict):
        nested = cast("dict[str, Any]", urls)
        return {name: _rewritten(each, rewrite) for name, each in nested.items()}
    return rewrite(urls) if isinstance(urls, str) else urls


def _short(error: Exception) -> str:
    """Return the kind and the first words of what ccxt raised."""
    return f"{type(error).__name__}: {str(error)[:160]}"


def _unknown(what: str, name: str, known: "Sequence[str]") -> DataError:
    """Return the refusal of *name*, with what resembles it."""
    near = get_close_matches(name, known, _NEAR, 0.3) or known[:_NEAR]
    return DataError(f"no {what} {name!r}; the nearest of {len(known)}: {', '.join(near)}")
