"""A venue that hears nothing of the bot cancels its orders, if it was told to."""

import asyncio
import time

import pytest

pytest.importorskip("ccxt", reason="ccxt is not installed: there is nothing to adapt")

from adapters.exchange.bybit import ws
from adapters.exchange.bybit.protection import TOPIC
from adapters.venue.port import Acked, Done, Gap, GapEnded, OrderState, Rejected, Snapshot, Unknown
from machines.order import Found
from spec.terms import OrderType, Side
from tests.adapters import test_venue_hyperliquid as hyperliquid
from tests.adapters import test_venue_okx as okx
from tests.adapters.venue_canned import NOW_MS
from tests.adapters.venue_wire import BINANCE, BOT, BYBIT, Kind, World, limit, market, run, world

SECONDS = 10
ORDERS = (
    limit(Side.BUY, 100, 400_000),
    market(Side.BUY, 100, type=OrderType.STOP_MARKET, trigger_ticks=550_000),
)


@pytest.fixture(params=[BYBIT, BINANCE], ids=["bybit", "binance"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Return a venue."""
    found: Kind = request.param
    return found


async def armed(found: World) -> None:
    """Place orders, and have them canceled when the bot is silent."""
    for number, order in enumerate(ORDERS, start=1):
        assert isinstance(await found.venue.place(0, number, order), Acked)
    assert await found.venue.cancel_after(SECONDS) == Done(changed=True)
    await subscribed(found)


async def subscribed(found: World) -> None:
    """Wait until the venue watches the stream, where that is what it does."""
    async with asyncio.timeout(5):
        while found.served.kind is BYBIT and not any(  # noqa: ASYNC110  # a test may poll
            TOPIC in session.topics for session in found.served.sessions
        ):
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)  # the venue looks ten times a second


def later(found: World, seconds: float) -> tuple[int, ...]:
    """Return the numbers of the orders that the venue has open once *seconds* have gone."""
    found.served.rest.due(time.time_ns() // 1_000_000 + int(seconds * 1_000))
    return tuple(each.number for each in found.served.trader.orders.values() if each.working)


def test_orders_of_a_bot_that_is_silent_are_gone(kind: Kind) -> None:
    """They are open until the time has passed; afterwards they are found canceled, and a fill not.

    Orders that wait for a trigger go too, and so do those of others: the switch is the contract's.
    """

    async def test() -> None:
        async with world(kind) as found:
            await armed(found)
            found.served.place("by-hand", ORDERS[0])
            await found.venue.close()
            assert later(found, SECONDS - 1) == (1, 2, 3)
            assert later(found, SECONDS + 1) == ()
            async with found.again(BOT) as venue:
                for number in (1, 2):
                    answer = await venue.order(0, number)
                    assert isinstance(answer, Snapshot)
                    assert answer.value.found is Found.CANCELED

    run(test())


def test_a_bot_that_is_heard_keeps_its_orders(kind: Kind) -> None:
    """Each time the countdown begins anew: by a request, or by a stream that is there."""

    async def test() -> None:
        async with world(kind) as found:
            await armed(found)
            await asyncio.sleep(1.0)
            await found.venue.cancel_after(SECONDS)
            assert later(found, SECONDS - 0.5) == (1, 2)
            if kind is BINANCE:  # the other is heard as long as it is connected
                assert later(found, SECONDS + 0.5) == ()
                assert len(await found.desk.hear(OrderState, 2, found=Found.CANCELED)) >= 2

    run(test())


def test_a_bot_that_says_goodbye_leaves_its_orders(kind: Kind) -> None:
    """Taken back, silence means nothing."""

    async def test() -> None:
        async with world(kind) as found:
            await armed(found)
            assert await found.venue.cancel_after(0) == Done(changed=True)
            await asyncio.sleep(0.1)
            await found.venue.close()
            assert later(found, 10 * SECONDS) == (1, 2)

    run(test())


def test_a_new_stream_is_watched_again(kind: Kind) -> None:
    """After a broken connection the venue misses the next one too."""

    async def test() -> None:
        async with world(kind) as found:
            await armed(found)
            await found.wire.cut()
            await asyncio.sleep(0.2)
            await subscribed(found)
            assert later(found, SECONDS - 1) == (1, 2)
            assert await found.venue.cancel_after(SECONDS) == Done(changed=True)
            await found.venue.close()
            assert later(found, SECONDS + 1) == ()

    run(test())


def test_a_stream_that_is_not_watched_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the venue refuses the topic, the bot is without what it asked for, and hears of it."""
    monkeypatch.setattr(ws, "TOPICS", ("order", "execution", "position", "wallet"))

    async def test() -> None:
        async with world(BYBIT) as found:
            assert await found.venue.cancel_after(SECONDS) == Done(changed=True)
            (gap,) = await found.desk.hear(Gap)
            assert TOPIC in gap.text
            await asyncio.sleep(0.5)
            assert not found.desk.told(GapEnded)

    run(test())


def test_a_time_that_the_venue_does_not_have_is_refused(kind: Kind) -> None:
    """Nothing is sent, and nothing is canceled."""

    async def test() -> None:
        async with world(kind) as found:
            for seconds in (1, 100_000):
                assert isinstance(await found.venue.cancel_after(seconds), Rejected)
            await found.venue.place(0, 1, ORDERS[0])
            assert later(found, 100_000) == (1,)

    run(test())


def test_a_heartbeat_that_gets_no_answer_is_unknown(kind: Kind) -> None:
    """It is no refusal: the next one tells."""
    path = b"countdownCancelAll" if kind is BINANCE else b"disconnected-cancel-all"

    async def test() -> None:
        async with world(kind) as found:
            found.wire.lose = path
            assert isinstance(await found.venue.cancel_after(SECONDS), Unknown)
            assert await found.venue.cancel_after(SECONDS) == Done(changed=True)

    run(test())


def test_okx_counts_down_for_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """One request in seconds, 0 to stop it."""

    async def test() -> None:
        answers = {"trade/cancel-all-after": okx.okx({"triggerTime": "1", "ts": "0"})}
        async with okx.on_okx(monkeypatch) as (venue, canned):
            canned.answers |= answers
            for seconds in (60, 0):
                assert await venue.cancel_after(seconds) == Done(changed=True)
                assert canned.asked[-1] == ("trade/cancel-all-after", {"timeOut": str(seconds)})

    run(test())


def test_hyperliquid_is_told_when(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signed action with a time, or without one to take it back; the venue may refuse it."""

    async def test() -> None:
        async with hyperliquid.on_hyperliquid(monkeypatch) as (venue, canned):
            canned.answers["scheduleCancel"] = {"status": "ok", "response": {"type": "default"}}
            monkeypatch.setattr(time, "time_ns", lambda: NOW_MS * 1_000_000)
            assert await venue.cancel_after(60) == Done(changed=True)
            told = {"type": "scheduleCancel", "time": NOW_MS + 60_000}
            assert canned.asked[-1] == ("scheduleCancel", told)
            assert await venue.cancel_after(0) == Done(changed=True)
            assert canned.asked[-1] == ("scheduleCancel", {"type": "scheduleCancel"})
            refusal = "Cannot set scheduled cancel time until enough volume traded"
            canned.answers["scheduleCancel"] = {"status": "err", "response": refusal}
            assert isinstance(await venue.cancel_after(60), Rejected)

    run(test())
