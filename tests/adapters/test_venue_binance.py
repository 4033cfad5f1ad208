"""What only Binance has: listen keys that expire, and money that comes beside trades."""

import pytest

pytest.importorskip("ccxt", reason="ccxt is not installed: there is nothing to adapt")

from adapters.venue.port import CashNews, FillNews, Gap, GapEnded, Unavailable
from spec.terms import Side
from tests.adapters.venue_wire import BINANCE, market, run, world

HOURS = 60


def test_an_expired_listen_key_is_a_gap_until_there_is_another() -> None:
    """The connection stays open and says nothing more: it is left for one with a new key."""

    async def test() -> None:
        async with world(BINANCE) as found:
            old = found.exchange.options["linear"]["listenKey"]
            found.served.rest.listen_keys.close("account-1")
            (gap,) = await found.desk.hear(Gap)
            assert "ends the stream" in gap.text
            await found.desk.hear(GapEnded)
            assert found.exchange.options["linear"]["listenKey"] != old
            await found.venue.place(0, 1, market(Side.BUY, 100))
            (fill,) = await found.desk.hear(FillNews)
            assert fill.client_order_id == 1
            assert len(found.desk.told(Gap)) == 1

    run(test())


def test_funding_is_credited() -> None:
    """What funding has brought or taken is summed up beside the cash."""

    async def test() -> None:
        async with world(BINANCE) as found:
            await found.venue.place(0, 1, market(Side.BUY, 1_000))
            (bought,) = await found.desk.hear(CashNews)
            assert bought.credited == 0
            found.served.step(8 * HOURS + 1)
            (_, paid) = await found.desk.hear(CashNews, 2)
            assert paid.credited is not None
            assert paid.credited < 0
            assert paid.cash == bought.cash + paid.credited

    run(test())


def test_a_fee_in_another_currency_is_not_guessed_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a fee in a coin whose worth is not known the answer is that there is none."""

    async def test() -> None:
        async with world(BINANCE) as found:
            await found.venue.place(0, 1, market(Side.BUY, 100))
            private = found.served.rest.private
            usual = private.trade
            monkeypatch.setattr(
                private, "trade", lambda *about: usual(*about) | {"commissionAsset": "BNB"}
            )
            fills = await found.venue.fills(found.served.exchange.now_ns // 1_000_000)
            assert isinstance(fills, Unavailable)
            assert "fees must be paid in USDT" in fills.text

    run(test())
