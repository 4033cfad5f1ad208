"""What the unmodified client library meets in the words of Bybit alone."""
# ruff: noqa: ANN401  # the library has no types

from typing import Any

import pytest

ccxt: Any = pytest.importorskip("ccxt", reason="ccxt is not installed: nothing to point at it")
pytest.importorskip("aiohttp", reason="aiohttp is not installed: the exchange cannot be served")

from adapters.exchange.limits import Limits  # noqa: E402
from tests.adapters.exchange_stand import Served  # noqa: E402
from tests.adapters.test_exchange import FALL, RISE  # noqa: E402

BTC = "BTC/USDT:USDT"
pytestmark = pytest.mark.parametrize("served", ["bybit"], indirect=True)


def test_a_post_only_order_that_would_take_is_seen_as_canceled(client: Any) -> None:
    """The client gets an id, and then finds the order canceled."""
    placed = client.create_order(BTC, "limit", "buy", 0.01, 50000, {"postOnly": True})
    (order,) = client.fetch_canceled_orders(BTC)
    assert (order["id"], order["status"], order["filled"]) == (placed["id"], "canceled", 0)


def test_a_stop_goes_off(served: Served, client: Any) -> None:
    """A stop-loss waits among the open orders and closes the position when it is touched."""
    client.create_order(BTC, "market", "buy", 0.01)
    stop = client.create_order(BTC, "market", "sell", 0.01, None, {"stopLossPrice": 49000})
    (waiting,) = client.fetch_open_orders(BTC, params={"trigger": True})
    assert (waiting["id"], waiting["stopLossPrice"], waiting["reduceOnly"]) == (
        stop["id"],
        49000,
        True,
    )
    served.step(to_bar=FALL + 1)
    assert client.fetch_positions() == []
    done = {each["id"]: each["average"] for each in client.fetch_closed_orders(BTC)}
    assert done[stop["id"]] == 49000


def test_too_many_requests_are_refused(served: Served, client: Any) -> None:
    """The client raises its rate limit error, and finds the headers."""
    client.load_markets()
    served.rest.limits = Limits({"/v5/account/fee-rate": 1})
    client.fetch_trading_fee(BTC)
    assert client.last_response_headers["X-Bapi-Limit-Status"] == "0"
    with pytest.raises(ccxt.RateLimitExceeded):
        client.fetch_trading_fee(BTC)


def test_the_same_leverage_again_is_refused(client: Any) -> None:
    """The venue has a code for what changes nothing."""
    with pytest.raises(ccxt.BadRequest, match="110043"):
        client.set_leverage(10, BTC)


def test_trades_are_seen(served: Served, client: Any) -> None:
    """The tape has the candle's volume."""
    served.step(to_bar=RISE + 1)
    trades = client.fetch_trades(BTC, limit=5)[:4]
    assert sum(each["amount"] for each in trades) == 60
    assert {each["price"] for each in trades} == {50000, 51000}
