"""Hyperliquid by canned answers, written after its pages: what is asked, and what is made of it."""
# ruff: noqa: ANN401  # canned answers are JSON, and the secrets are none

from typing import Any

import pytest

pytest.importorskip("ccxt", reason="ccxt is not installed: there is nothing to adapt")

from adapters.venue.dialect import Candle, Prices
from adapters.venue.hyperliquid import price
from adapters.venue.port import (
    Acked,
    Bar,
    CashNews,
    Done,
    FillNews,
    LegState,
    OrderState,
    Quote,
    Rejected,
)
from machines.order import Found
from spec.terms import OrderType, PositionMode, PositionSide, Reason, Side, TimeInForce
from tests.adapters.venue_canned import NOW_MS, items, opened, run, value
from tests.adapters.venue_wire import limit, market

BUY, SELL = Side.BUY, Side.SELL
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
COIN = "BTC"


UNIVERSE = {"universe": [{"name": COIN, "szDecimals": 5, "maxLeverage": 50}]}
CONTEXT = {
    "markPx": "50000.5",
    "midPx": "50000.0",
    "oraclePx": "50000",
    "funding": "0",
    "openInterest": "1",
    "premium": "0",
    "prevDayPx": "50000",
    "dayNtlVlm": "1",
    "impactPxs": ["49999", "50001"],
}
STATE = {
    "marginSummary": {"accountValue": "1010.5"},
    "assetPositions": [
        {"position": {"coin": COIN, "szi": "-0.01", "entryPx": "50000", "unrealizedPnl": "10"}}
    ],
}
HL_ORDER = {"coin": COIN, "side": "B", "oid": 77, "sz": "0.01", "origSz": "0.01", "cloid": None}
HL = {
    "meta": UNIVERSE,
    "metaAndAssetCtxs": [UNIVERSE, [CONTEXT]],
    "spotMeta": {"tokens": [], "universe": []},
    "perpDexs": [None],
    "exchangeStatus": {"time": NOW_MS},
    "userFees": {"userAddRate": "0.00015", "userCrossRate": "0.00045"},
    "clearinghouseState": STATE,
    "l2Book": {"coin": COIN, "levels": [[{"px": "49999"}], [{"px": "50001"}]]},
    "frontendOpenOrders": [HL_ORDER],
    "updateLeverage": {"status": "ok", "response": {"type": "default"}},
    "historicalOrders": [],
}


def statuses(kind: str, *told: Any) -> dict[str, Any]:
    """Return an answer of Hyperliquid to an action."""
    return {"status": "ok", "response": {"type": kind, "data": {"statuses": list(told)}}}


def on_hyperliquid(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> Any:
    """Open the adapter of Hyperliquid on the usual answers, and on *answers*."""
    return opened(monkeypatch, "hyperliquid", "BTC/USDC:USDC", HL | answers)


def test_hyperliquid_is_opened_and_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Positions are one-way, cash is what the account is worth without what positions gained."""

    async def test() -> None:
        async with on_hyperliquid(monkeypatch) as (venue, _):
            (instrument,) = venue.instruments
            assert (instrument.tick, instrument.lot) == ("0.1", "0.00001")
            assert (instrument.maker_ppm, instrument.taker_ppm) == (150, 450)
            assert not venue.hedges
            assert isinstance(await venue.set_mode(PositionMode.HEDGE), Rejected)
            assert await venue.set_mode(PositionMode.ONE_WAY) == Done(changed=False)
            assert value(await venue.quote(0)) == Quote(0, 500_000, 500_005, 499_990, 500_010)
            short = LegState(symbol=0, position_side=SHORT, qty=1_000, entry_ticks=500_000)
            assert value(await venue.positions()) == (short,)
            assert value(await venue.cash()) == CashNews(100_050_000_000)
            (foreign,) = value(await venue.open_orders())
            assert (foreign.client_order_id, foreign.found) == (0, Found.OPEN)
            assert await venue.set_leverage(0, 5) == Done(changed=True)

    run(test())


def test_hyperliquid_is_sent_signed_actions_without_a_builder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An order is one action: nobody is approved, nobody refers, nobody but the venue earns."""

    async def test() -> None:
        taken = statuses("order", {"resting": {"oid": 77}})
        async with on_hyperliquid(monkeypatch, order=taken) as (venue, canned):
            before = len(canned.asked)
            assert await venue.place(0, 1, limit(BUY, 1_000, 400_000)) == Acked("77")
            ((kind, action),) = canned.asked[before:]
            row = {
                "a": 0,
                "b": True,
                "p": "40000",
                "s": "0.01",
                "r": False,
                "t": {"limit": {"tif": "Gtc"}},
                "c": venue._roster.ids.text(0, 1),
            }
            assert (kind, action) == ("order", {"type": "order", "orders": [row], "grouping": "na"})
            await venue.place(0, 2, market(SELL, 1_000, reduce_only=True))
            sold = canned.asked[-1][1]["orders"][0]
            assert (sold["p"], sold["r"], sold["t"]) == ("47501", True, {"limit": {"tif": "Ioc"}})
            unfit = limit(BUY, 1_000, 400_000, time_in_force=TimeInForce.FOK)
            assert isinstance(await venue.place(0, 3, unfit), Rejected)
            legged = limit(BUY, 1_000, 400_000, position_side=LONG)
            assert isinstance(await venue.place(0, 3, legged), Rejected)

    run(test())


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Insufficient margin to place order. asset=0", Reason.MARGIN),
        ("Order must have minimum value of $10. asset=0", Reason.MIN_NOTIONAL),
        ("Post only order would have immediately matched, bbo was 1@2", Reason.POST_ONLY_CROSSED),
        ("Reduce only order would increase position. asset=0", Reason.REDUCE_ONLY),
        ("Something else", Reason.NONE),
    ],
)
def test_hyperliquid_refuses_in_words(
    monkeypatch: pytest.MonkeyPatch, words: str, reason: Reason
) -> None:
    """An error in the place of a status is a refusal; its words are all there is."""

    async def test() -> None:
        async with on_hyperliquid(monkeypatch, order=statuses("order", {"error": words})) as (
            venue,
            _,
        ):
            outcome = await venue.place(0, 1, limit(BUY, 1_000, 400_000))
            assert outcome == Rejected(reason, "refused", words)

    run(test())


def test_hyperliquid_finds_and_cancels_by_our_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that the venue does not know is absent; one that is gone cannot be canceled."""

    async def test() -> None:
        gone = "Order was never placed, already canceled, or filled. asset=0"
        answers = {
            "orderStatus": {"status": "unknownOid"},
            "cancelByCloid": statuses("cancel", {"error": gone}),
        }
        async with on_hyperliquid(monkeypatch, **answers) as (venue, canned):
            assert value(await venue.order(0, 1)).found is Found.ABSENT
            outcome = await venue.cancel(0, 1)
            assert isinstance(outcome, Rejected)
            assert outcome.reason is Reason.UNKNOWN_ORDER
            text = venue._roster.ids.text(0, 1)
            assert text.startswith("0x")
            canned.answers["cancelByCloid"] = statuses("cancel", "success")
            assert await venue.cancel(0, 1) == Acked()
            assert canned.asked[-1][1]["cancels"] == [{"asset": 0, "cloid": text}]
            about = {"order": HL_ORDER | {"cloid": text}, "status": "marginCanceled"}
            canned.answers["orderStatus"] = {"status": "order", "order": about}
            state = value(await venue.order(0, 1))
            assert (state.found, state.reason) == (Found.EXPIRED, Reason.MARGIN)

    run(test())


def test_hyperliquid_tells_orders_fills_and_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fill is known by its order, what is not listed is flat, past fills are not told."""

    async def test() -> None:
        async with on_hyperliquid(monkeypatch) as (venue, _):
            text = venue._roster.ids.text(0, 1)
            about = HL_ORDER | {"cloid": text, "sz": "0.004"}
            update = {"channel": "orderUpdates", "data": [{"order": about, "status": "open"}]}
            (state,) = items(venue, update)
            assert isinstance(state, OrderState)
            assert (state.client_order_id, state.cum_qty, state.found) == (1, 600, Found.OPEN)
            row = {
                "coin": COIN,
                "px": "50000.5",
                "sz": "0.006",
                "side": "B",
                "time": NOW_MS,
                "oid": 77,
                "tid": 5,
                "fee": "0.135",
            }
            fills = {"channel": "userFills", "data": {"fills": [row]}}
            (fill,) = items(venue, fills)
            assert isinstance(fill, FillNews)
            assert (fill.client_order_id, fill.qty, fill.price_ticks) == (1, 600, 500_005)
            assert fill.fee == 13_500_000
            past = {"channel": "userFills", "data": {"isSnapshot": True, "fills": [row]}}
            assert items(venue, past) == []
            flat = {"marginSummary": {"accountValue": "5"}, "assetPositions": []}
            state_of = {"channel": "clearinghouseState", "data": {"clearinghouseState": flat}}
            assert items(venue, state_of) == [
                LegState(symbol=0, position_side=LONG, qty=0, entry_ticks=0),
                CashNews(500_000_000),
            ]
            candle = {"t": 60_000, "s": COIN, "o": "1", "h": "1", "l": "1", "c": "1", "v": "2"}
            bar = Candle(Bar(0, 60_000, 10, 10, 10, 10, 200_000), complete=None)
            assert items(venue, {"channel": "candle", "data": candle}) == [bar]
            trades = {"channel": "trades", "data": [{"coin": COIN, "px": "2"}]}
            assert items(venue, trades) == [Prices(0, {"last": 20})]

    run(test())


@pytest.mark.parametrize(
    ("ticks", "side", "written"),
    [
        (500_000, BUY, "50000"),
        (1_234_560, BUY, "123456"),
        (1_234_567, BUY, "123456"),
        (1_234_567, SELL, "123457"),
        (123_456, BUY, "12345"),
        (123_456, SELL, "12346"),
        (12_345, BUY, "1234.5"),
    ],
)
def test_hyperliquid_s_prices_have_five_digits(
    monkeypatch: pytest.MonkeyPatch, ticks: int, side: Side, written: str
) -> None:
    """A price that is not whole has five digits at most, and is never worse than it was."""

    async def test() -> None:
        async with on_hyperliquid(monkeypatch) as (venue, _):
            assert price(venue._roster.contracts[0], ticks, side) == written

    run(test())


def test_every_venue_s_stops_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop has its trigger and, at the market, a price that it surely fills at."""

    async def test() -> None:
        waits = statuses("order", "waitingForTrigger")
        async with on_hyperliquid(monkeypatch, order=waits) as (venue, canned):
            stop = market(SELL, 1_000, type=OrderType.STOP_MARKET, trigger_ticks=450_000)
            assert await venue.place(0, 1, stop) == Acked("")
            row = canned.asked[-1][1]["orders"][0]
            trigger = {"isMarket": True, "triggerPx": "45000", "tpsl": "sl"}
            assert (row["p"], row["t"]) == ("42750", {"trigger": trigger})

    run(test())
