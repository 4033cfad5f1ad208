"""OKX by canned answers, written after its pages: what is asked, and what is made of it."""
# ruff: noqa: ANN401  # canned answers are JSON, and the secrets are none

from typing import Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("ccxt", reason="ccxt is not installed: there is nothing to adapt")

from adapters.venue.dialect import Candle, Prices
from adapters.venue.port import (
    Acked,
    Bar,
    CashNews,
    Done,
    Duplicate,
    FillNews,
    LegState,
    OrderState,
    Quote,
    Rejected,
    Unknown,
)
from machines.order import Found
from spec.terms import PositionMode, PositionSide, Reason, Side
from tests.adapters.venue_canned import NOW_MS, items, opened, run, value
from tests.adapters.venue_wire import limit

BUY, SELL = Side.BUY, Side.SELL
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
SWAP = "BTC-USDT-SWAP"


def okx(*data: Any, code: str = "0") -> dict[str, Any]:
    """Return an answer of OKX."""
    return {"code": code, "msg": "", "data": list(data)}


INSTRUMENT = {
    "instType": "SWAP",
    "instId": SWAP,
    "uly": "BTC-USDT",
    "settleCcy": "USDT",
    "ctVal": "0.01",
    "ctValCcy": "BTC",
    "ctType": "linear",
    "lotSz": "0.01",
    "minSz": "0.01",
    "tickSz": "0.1",
    "lever": "100",
    "state": "live",
    "maxLmtSz": "100000000",
    "listTime": "1611916828000",
    "expTime": "",
}
OKX_ORDER = {
    "instId": SWAP,
    "ordId": "77",
    "clOrdId": "",
    "algoClOrdId": "",
    "state": "live",
    "sz": "2.5",
    "accFillSz": "0",
    "avgPx": "",
    "fee": "",
    "cancelSource": "",
    "tradeId": "",
    "side": "buy",
    "posSide": "long",
}
OKX = {
    "asset/currencies": okx(),
    "public/instruments": okx(INSTRUMENT),
    "public/time": okx({"ts": str(NOW_MS)}),
    "account/config": okx({"posMode": "long_short_mode", "acctLv": "2"}),
    "account/trade-fee": okx({"makerU": "-0.0002", "takerU": "-0.0005", "maker": "", "taker": ""}),
    "account/set-position-mode": okx({"posMode": "net_mode"}),
    "account/set-leverage": okx({"lever": "5"}),
    "account/balance": okx({"details": [{"ccy": "BTC"}, {"ccy": "USDT", "cashBal": "1000.5"}]}),
    "account/positions": okx(
        {"instId": SWAP, "posSide": "short", "pos": "2.5", "avgPx": "50000.04"},
        {"instId": SWAP, "posSide": "long", "pos": "0", "avgPx": ""},
    ),
    "market/ticker": okx({"last": "50000", "bidPx": "49999.9", "askPx": "50000.1"}),
    "public/mark-price": okx({"markPx": "50000.26"}),
    "market/history-candles": okx(
        ["1700000040000", "1", "1", "1", "1", "1", "0", "0", "0"],
        ["1699999980000", "50000", "50001", "49999", "50000.5", "120", "1.2", "60000", "1"],
    ),
    "trade/orders-history": okx(),
    "trade/orders-algo-pending": okx(),
}


def on_okx(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> Any:
    """Open the adapter of OKX on the usual answers, and on *answers* (a_b is trade/a-b)."""
    more = {f"trade/{name.replace('_', '-')}": answer for name, answer in answers.items()}
    return opened(monkeypatch, "okx", SWAP, OKX | more)


def test_okx_is_opened_and_answers_in_contracts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quantities are lots of a contract, fees that are paid are positive, both legs are one row."""

    async def test() -> None:
        async with on_okx(monkeypatch) as (venue, _):
            (instrument,) = venue.instruments
            assert (instrument.tick, instrument.lot, instrument.taker_ppm) == ("0.1", "0.0001", 500)
            assert value(await venue.mode()) is PositionMode.HEDGE
            assert value(await venue.quote(0)) == Quote(0, 500_000, 500_003, 499_999, 500_001)
            short = LegState(symbol=0, position_side=SHORT, qty=250, entry_ticks=500_000)
            assert value(await venue.positions()) == (short,)
            assert value(await venue.cash()) == CashNews(100_050_000_000)
            (bar,) = value(await venue.bars(0, 1_699_999_980_000))
            assert bar == Bar(0, 1_699_999_980_000, 500_000, 500_010, 499_990, 500_005, 12_000)
            assert await venue.set_mode(PositionMode.ONE_WAY) == Done(changed=True)
            assert await venue.set_leverage(0, 5) == Done(changed=True)

    run(test())


def test_okx_takes_orders_and_refuses_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code of the row counts, not that of the envelope; no broker's tag is sent."""

    async def test() -> None:
        taken = okx({"ordId": "77", "clOrdId": "", "sCode": "0", "sMsg": ""})
        async with on_okx(monkeypatch, order=taken) as (venue, canned):
            order = limit(BUY, 250, 400_000, position_side=LONG)
            assert await venue.place(0, 1, order) == Acked("77")
            assert canned.asked[-1][1] == {
                "instId": SWAP,
                "tdMode": "cross",
                "side": "buy",
                "sz": "2.5",
                "posSide": "long",
                "ordType": "limit",
                "clOrdId": venue._roster.ids.text(0, 1),
                "px": "40000",
            }
            refused = {"ordId": "", "sCode": "51008", "sMsg": "Insufficient USDT margin"}
            canned.answers["trade/order"] = okx(refused, code="1")
            outcome = await venue.place(0, 2, order)
            assert outcome == Rejected(Reason.MARGIN, "51008", "Insufficient USDT margin")
            twice = {"ordId": "", "sCode": "51016", "sMsg": "Duplicated client order ID"}
            canned.answers["trade/order"] = okx(twice, code="1")
            assert await venue.place(0, 1, order) == Duplicate()
            canned.answers["trade/order"] = okx(code="50004")
            assert isinstance(await venue.place(0, 3, order), Unknown)

    run(test())


def test_okx_cancels_what_works_or_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the one endpoint does not know is asked of the other."""

    async def test() -> None:
        none = okx({"sCode": "51400", "sMsg": "Cancellation failed"}, code="1")
        done = okx({"algoId": "9", "sCode": "0", "sMsg": ""})
        async with on_okx(monkeypatch, cancel_order=none, cancel_algos=done) as (venue, canned):
            assert await venue.cancel(0, 1) == Acked()
            waiting = {"instId": SWAP, "algoClOrdId": venue._roster.ids.text(0, 1)}
            assert canned.asked[-1] == ("trade/cancel-algos", [waiting])
            canned.answers["trade/cancel-algos"] = none
            outcome = await venue.cancel(0, 1)
            assert isinstance(outcome, Rejected)
            assert outcome.reason is Reason.UNKNOWN_ORDER

    run(test())


def test_okx_follows_a_stop_to_the_order_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """A triggered algo order has become another order, under another id: that one is shown."""

    async def test() -> None:
        absent = okx(code="51603")
        async with on_okx(monkeypatch, order=absent, order_algo=absent) as (venue, canned):
            assert value(await venue.order(0, 1)).found is Found.ABSENT
            text = venue._roster.ids.text(0, 1)
            algo = {"instId": SWAP, "algoId": "9", "algoClOrdId": text, "sz": "2.5"}
            canned.answers["trade/order-algo"] = okx(algo | {"ordId": "", "state": "live"})
            waits = value(await venue.order(0, 1))
            assert (waits.found, waits.triggered, waits.venue_id) == (Found.OPEN, False, "9")
            fired = algo | {"ordId": "77", "state": "effective"}
            canned.answers["trade/order-algo"] = okx(fired)
            child = OKX_ORDER | {"algoClOrdId": text, "state": "filled", "accFillSz": "2.5"}
            answers = iter([absent, okx(child)])
            usual = canned.fetch

            async def fetch(url: str, *rest: Any, **more: Any) -> Any:
                if urlsplit(url).path.endswith("trade/order"):
                    return next(answers)
                return await usual(url, *rest, **more)

            venue._client.exchange.fetch = fetch
            works = value(await venue.order(0, 1))
            assert (works.found, works.triggered, works.venue_id) == (Found.FILLED, True, "77")
            assert (works.client_order_id, works.cum_qty) == (1, 250)

    run(test())


def test_okx_tells_orders_fills_and_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """One message tells an order and its fill; a fee is positive where it is paid."""

    async def test() -> None:
        async with on_okx(monkeypatch) as (venue, _):
            text = venue._roster.ids.text(0, 1)
            filled = OKX_ORDER | {
                "clOrdId": text,
                "state": "partially_filled",
                "accFillSz": "1",
                "fee": "-0.25",
                "tradeId": "t1",
                "fillSz": "1",
                "fillPx": "50000.1",
                "fillFee": "-0.25",
                "fillFeeCcy": "USDT",
                "fillTime": str(NOW_MS),
            }
            told = items(venue, {"arg": {"channel": "orders"}, "data": [filled]})
            assert told == [
                OrderState(
                    symbol=0,
                    client_order_id=1,
                    venue_id="77",
                    found=Found.OPEN,
                    qty=250,
                    cum_qty=100,
                    fee=25_000_000,
                ),
                FillNews(
                    symbol=0,
                    fill_id="t1",
                    client_order_id=1,
                    venue_id="77",
                    side=BUY,
                    position_side=LONG,
                    qty=100,
                    price_ticks=500_001,
                    fee=25_000_000,
                    time_ms=NOW_MS,
                ),
            ]
            gone = OKX_ORDER | {"clOrdId": text, "state": "canceled", "cancelSource": "31"}
            (state,) = items(venue, {"arg": {"channel": "orders"}, "data": [gone]})
            assert isinstance(state, OrderState)
            assert (state.found, state.reason) == (Found.EXPIRED, Reason.POST_ONLY_CROSSED)
            wallet = {"details": [{"ccy": "USDT", "cashBal": "7"}]}
            assert items(venue, {"arg": {"channel": "account"}, "data": [wallet]}) == [
                CashNews(700_000_000)
            ]
            tick = {"arg": {"channel": "mark-price", "instId": SWAP}, "data": [{"markPx": "1"}]}
            assert items(venue, tick) == [Prices(0, {"mark": 10})]
            row = ["60000", "1", "1", "1", "1", "2", "0", "0", "1"]
            bar = {"arg": {"channel": "candle1m", "instId": SWAP}, "data": [row]}
            assert items(venue, bar) == [Candle(Bar(0, 60_000, 10, 10, 10, 10, 200), complete=True)]
            other = OKX_ORDER | {"instId": "ETH-USDT-SWAP"}
            assert items(venue, {"arg": {"channel": "orders"}, "data": [other]}) == []

    run(test())


def test_okx_s_fills_are_asked_for_with_their_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fill of a triggered order is ours because its order's history says so."""

    async def test() -> None:
        rows = [
            {
                "instId": SWAP,
                "tradeId": f"t{n}",
                "ordId": "77",
                "clOrdId": "",
                "side": "buy",
                "posSide": "long",
                "fillSz": "1",
                "fillPx": "50000",
                "fee": "0.001",
                "feeCcy": "USDT",
                "ts": str(NOW_MS),
            }
            for n in (2, 1)
        ]
        async with on_okx(monkeypatch, fills=okx(*rows)) as (venue, canned):
            text = venue._roster.ids.text(0, 5)
            history = OKX_ORDER | {"algoClOrdId": text, "state": "filled", "accFillSz": "2.5"}
            canned.answers["trade/orders-history"] = okx(history)
            fills = value(await venue.fills(NOW_MS - 1_000))
            assert [fill.fill_id for fill in fills] == ["t1", "t2"]
            assert [fill.client_order_id for fill in fills] == [5, 5]
            assert fills[0].fee == -100_000  # a rebate

    run(test())
