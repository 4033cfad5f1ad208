"""The adapter trades on the simulated exchange, in the words of each venue that it speaks."""
# ruff: noqa: ANN401  # what a test asserts on is of many types

from typing import Any

import pytest
from attrs import evolve

pytest.importorskip("ccxt", reason="ccxt is not installed: there is nothing to adapt")

from adapters.venue import feed
from adapters.venue.port import (
    Acked,
    Bar,
    CashNews,
    Done,
    Duplicate,
    FillNews,
    Gap,
    GapEnded,
    LegState,
    OrderState,
    Quote,
    Rate,
    Rejected,
    Snapshot,
    Unavailable,
    Unknown,
)
from machines.order import Found
from spec.terms import OrderType, PositionMode, PositionSide, Reason, Side
from tests.adapters.test_exchange import FALL, RISE, START_MS
from tests.adapters.venue_wire import (
    BINANCE,
    BOT,
    BYBIT,
    Kind,
    every_type,
    limit,
    market,
    rests,
    run,
    world,
)

BUY, SELL = Side.BUY, Side.SELL
NONE, LONG, SHORT = PositionSide.NONE, PositionSide.LONG, PositionSide.SHORT


@pytest.fixture(params=[BYBIT, BINANCE], ids=["bybit", "binance"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Return a venue."""
    found: Kind = request.param
    return found


def value(found: Snapshot[Any] | Unavailable) -> Any:
    """Return what was answered."""
    assert isinstance(found, Snapshot), found
    assert found.asked_ns <= found.came_ns
    return found.value


def test_the_contract_has_the_venue_s_units_and_the_account_s_fees(kind: Kind) -> None:
    """Tick, lot, least notional and leverage come from the market, fees from the account."""

    async def test() -> None:
        async with world(kind) as found:
            (made_of,) = found.venue.instruments
            listed = found.served.exchange.listings[0].instrument
            wanted = evolve(listed, min_qty=1, tick="0.1", lot="0.001", money="0.00000001")
            assert made_of == evolve(wanted, max_qty=made_of.max_qty)
            assert found.venue.hedges

    run(test())


@pytest.mark.parametrize("leg", [NONE, LONG])
def test_an_order_of_every_type_reaches_the_venue_as_it_is_wanted(
    kind: Kind, leg: PositionSide
) -> None:
    """What the exchange has understood is what was asked, field by field, in both modes."""

    async def test() -> None:
        async with world(kind, mode="hedge" if leg else "one_way") as found:
            sent = [order for order in every_type(leg) if kind.takes(order)]
            for number, order in enumerate(sent, start=1):
                outcome = await found.venue.place(0, number, order)
                assert isinstance(outcome, Acked), (order, outcome)
                state = value(await found.venue.order(0, number))
                assert (state.venue_id, state.qty) == (outcome.venue_id, 100)
            understood = [each.wanted for each in found.served.trader.orders.values()]
            if kind is BINANCE and leg:  # there the leg says that it reduces
                understood = [evolve(order, reduce_only=order.side is SELL) for order in understood]
            assert understood == sent
            states = value(await found.venue.open_orders())
            numbers = {number for number, order in enumerate(sent, start=1) if rests(order)}
            assert {state.client_order_id for state in states} == numbers

    run(test())


def test_an_order_is_told_from_its_beginning_to_its_end(kind: Kind) -> None:
    """Acknowledgement, fill, position and cash come in order, in ticks, lots and money."""

    async def test() -> None:
        async with world(kind) as found:
            await found.venue.place(0, 7, market(BUY, 200))
            (fill,) = await found.desk.hear(FillNews)
            assert (fill.client_order_id, fill.side, fill.qty) == (7, BUY, 200)
            assert (fill.price_ticks, fill.position_side) == (500_000, NONE)
            taker_ppm = found.served.exchange.listings[0].instrument.taker_ppm
            assert fill.fee == 10**6 * taker_ppm  # of 10,000 USDT, in units of 10**-8
            (leg,) = await found.desk.hear(LegState)
            assert leg == LegState(symbol=0, position_side=LONG, qty=200, entry_ticks=500_000)
            (cash,) = await found.desk.hear(CashNews)
            assert cash.cash == 10**13 - fill.fee
            states = [(each.found, each.cum_qty) for each in found.desk.told(OrderState)]
            assert states == [(Found.OPEN, 0), (Found.FILLED, 200)]
            last = value(await found.venue.order(0, 7))
            assert (last.notional, last.fee or fill.fee) == (200 * 500_000, fill.fee)
            assert found.desk.news[0] == Quote(0, 500_000, 500_000, 499_999, 500_001)

    run(test())


def test_questions_are_answered_as_the_stream_tells(kind: Kind) -> None:
    """Fills, positions, cash and quotes that are asked for are those that were told."""

    async def test() -> None:
        async with world(kind) as found:
            venue = found.venue
            for number in range(1, 4):
                await venue.place(0, number, market(SELL, 100))
            told = await found.desk.hear(FillNews, 3)
            now_ms = value(await venue.server_ms())
            assert now_ms == found.served.exchange.now_ns // 1_000_000
            assert value(await venue.fills(now_ms - 1_000)) == tuple(told)
            assert value(await venue.fills(now_ms + 1)) == ()
            (leg,) = value(await venue.positions())
            assert (leg.position_side, leg.qty, leg.entry_ticks) == (SHORT, 300, 500_000)
            await found.desk.hear(CashNews, 3)
            assert value(await venue.cash()).cash == found.desk.told(CashNews)[-1].cash
            assert value(await venue.quote(0)) == found.desk.told(Quote)[-1]
            assert value(await venue.mode()) is PositionMode.ONE_WAY

    run(test())


def test_each_leg_of_a_hedge_is_told_apart(kind: Kind) -> None:
    """A fill names its leg, though the venue does not: what closes and what opens tell it."""

    async def test() -> None:
        async with world(kind, mode="hedge") as found:
            orders = [(BUY, LONG), (SELL, SHORT), (SELL, LONG), (BUY, SHORT)]
            for number, (side, leg) in enumerate(orders, start=1):
                await found.venue.place(
                    0, number, market(side, 300 - 50 * number, position_side=leg)
                )
            fills = await found.desk.hear(FillNews, 4)
            assert [(fill.side, fill.position_side) for fill in fills] == orders
            legs = value(await found.venue.positions())
            held = {leg.position_side: leg.qty for leg in legs}
            assert held == {LONG: 100, SHORT: 100}
            assert value(await found.venue.fills(0 + START_MS)) == tuple(fills)

    run(test())


def test_a_cancel_is_acknowledged_once(kind: Kind) -> None:
    """An order that is not open, or never was, is an unknown order; ours is told canceled."""

    async def test() -> None:
        async with world(kind) as found:
            await found.venue.place(0, 1, limit(BUY, 100, 400_000))
            assert isinstance(await found.venue.cancel(0, 1), Acked)
            await found.desk.hear(OrderState, found=Found.CANCELED)
            for number in (1, 2):
                again = await found.venue.cancel(0, number)
                assert isinstance(again, Rejected)
                assert again.reason is Reason.UNKNOWN_ORDER
            assert value(await found.venue.order(0, 1)).found is Found.CANCELED
            assert value(await found.venue.order(0, 2)).found is Found.ABSENT

    run(test())


def test_a_refusal_has_its_reason(kind: Kind) -> None:
    """What the venue refuses was not done, and the venue's own words say why."""
    stop = OrderType.STOP_MARKET
    refused = {
        market(BUY, 10**7): Reason.MARGIN,
        limit(BUY, 1, 10_000): Reason.MIN_NOTIONAL,
        market(SELL, 100, reduce_only=True): Reason.REDUCE_ONLY,
        market(BUY, 100, position_side=LONG): Reason.POSITION_SIDE,
        market(BUY, 100, type=stop, trigger_ticks=450_000): Reason.TRIGGER_CROSSED,
        market(SELL, 100, type=stop, trigger_ticks=550_000): Reason.TRIGGER_CROSSED,
    }

    async def test() -> None:
        async with world(kind) as found:
            for number, (order, reason) in enumerate(refused.items(), start=1):
                outcome = await found.venue.place(0, number, order)
                assert isinstance(outcome, Rejected), (order, outcome)
                assert outcome.reason is reason, (order, outcome)
                assert outcome.code
                assert value(await found.venue.order(0, number)).found is Found.ABSENT

    run(test())


def test_a_post_only_order_that_would_take_does_nothing(kind: Kind) -> None:
    """A venue refuses it, or accepts it and tells a moment later that it is gone, and why."""

    async def test() -> None:
        async with world(kind) as found:
            crossing = limit(BUY, 100, 510_000, post_only=True)
            outcome = await found.venue.place(0, 1, crossing)
            if isinstance(outcome, Rejected):
                assert outcome.reason is Reason.POST_ONLY_CROSSED
                return
            assert isinstance(outcome, Acked)
            (state,) = await found.desk.hear(OrderState, found=Found.EXPIRED)
            assert (state.reason, state.cum_qty) == (Reason.POST_ONLY_CROSSED, 0)

    run(test())


def test_the_position_mode_is_set_read_and_kept(kind: Kind) -> None:
    """A mode that already is counts as done; one that cannot be changed now is refused."""

    async def test() -> None:
        async with world(kind) as found:
            venue = found.venue
            assert await venue.set_mode(PositionMode.ONE_WAY) == Done(changed=False)
            assert await venue.set_mode(PositionMode.HEDGE) == Done(changed=True)
            assert value(await venue.mode()) is PositionMode.HEDGE
            await venue.place(0, 1, market(BUY, 100, position_side=LONG))
            refused = await venue.set_mode(PositionMode.ONE_WAY)
            assert isinstance(refused, Rejected)
            assert "position" in refused.text.lower()
            assert isinstance(await venue.set_leverage(0, 10), Done)  # not all tell if it was so
            assert await venue.set_leverage(0, 20) == Done(changed=True)
            assert found.served.trader.account.leverage == 20

    run(test())


def test_an_order_whose_answer_is_lost_is_unknown_and_then_found(kind: Kind) -> None:
    """The connection breaks after the venue has acted: nothing is claimed, and a query tells."""

    async def test() -> None:
        async with world(kind) as found:
            found.wire.lose = kind.create
            resting = limit(BUY, 100, 400_000)
            outcome = await found.venue.place(0, 1, resting)
            assert isinstance(outcome, Unknown), outcome
            assert len(found.served.trader.orders) == 1  # it was not sent twice
            assert value(await found.venue.order(0, 1)).found is Found.OPEN
            assert await found.venue.place(0, 1, resting) == Duplicate()
            assert isinstance(await found.venue.place(0, 2, resting), Acked)

    run(test())


def test_too_many_requests_are_refused_and_said_to_be(kind: Kind) -> None:
    """A request beyond the venue's limit was not carried out."""

    async def test() -> None:
        async with world(kind) as found:
            found.served.rest.limits = kind.one_order
            outcomes = [await found.venue.place(0, each, market(BUY, 100)) for each in (1, 2)]
            assert isinstance(outcomes[0], Acked)
            assert isinstance(outcomes[1], Rejected), outcomes[1]
            assert outcomes[1].limited
            assert len(found.served.trader.orders) == 1

    run(test())


def test_a_wrong_clock_is_told(kind: Kind) -> None:
    """A request from another time is refused for that reason, which no repetition mends."""

    async def test() -> None:
        async with world(kind) as found:
            found.exchange.milliseconds = lambda: 1_000_000
            found.exchange.options["timeDifference"] = 0
            outcome = await found.venue.place(0, 1, market(BUY, 100))
            assert isinstance(outcome, Rejected), outcome
            assert outcome.drift
            question = await found.venue.open_orders()
            assert isinstance(question, Unavailable)
            assert question.drift

    run(test())


def test_nothing_is_lost_in_a_burst(kind: Kind) -> None:
    """Of a hundred orders at once every state and every fill is told, in order."""

    async def test() -> None:
        async with world(kind) as found:
            for number in range(1, 101):
                found.served.place(found.text(number), market(BUY, 1))
            fills = await found.desk.hear(FillNews, 100)
            assert [fill.client_order_id for fill in fills] == list(range(1, 101))
            states = await found.desk.hear(OrderState, 200)
            told = [(state.client_order_id, state.found) for state in states]
            assert told == [
                (number, each) for number in range(1, 101) for each in (Found.OPEN, Found.FILLED)
            ]
            await found.desk.hear(LegState, 100)
            assert not found.desk.told(Gap)

    run(test())


def test_a_broken_connection_is_a_gap_until_all_is_subscribed_again(kind: Kind) -> None:
    """What happens meanwhile is not told, and the end of the gap says that it must be asked for."""

    async def test() -> None:
        async with world(kind) as found:
            await found.wire.cut()
            await found.desk.hear(Gap)
            found.served.place(found.text(1), market(BUY, 100))
            await found.desk.hear(GapEnded)
            assert not found.desk.told(FillNews)
            assert len(value(await found.venue.fills(START_MS))) == 1
            await found.venue.place(0, 2, market(BUY, 100))
            (fill,) = await found.desk.hear(FillNews)
            assert fill.client_order_id == 2
            assert len(found.desk.told(Gap)) == len(found.desk.told(GapEnded)) == 1

    run(test())


def test_a_silent_connection_is_a_gap(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is open but says nothing is given up, and made anew."""
    monkeypatch.setattr(feed, "SILENCE_S", 0.4)

    async def test() -> None:
        async with world(kind) as found:
            found.wire.still = True
            (gap,) = await found.desk.hear(Gap)
            assert "nothing heard" in gap.text
            found.wire.still = False
            await found.wire.cut()
            await found.desk.hear(GapEnded)

    run(test())


def test_a_message_that_cannot_be_read_is_a_gap(kind: Kind) -> None:
    """A fill that is no multiple of a lot is not guessed at: everything is asked for again."""

    async def test() -> None:
        async with world(kind) as found:
            clients = found.exchange.clients.items()
            client = next(each for url, each in clients if "private" in url)
            found.exchange.handle_message(client, kind.unreadable)
            await found.desk.hear(Gap)
            await found.desk.hear(GapEnded)

    run(test())


def test_a_message_that_is_no_json_is_a_gap(kind: Kind) -> None:
    """The connection that carried it is given up at once, for ccxt would listen no longer."""

    async def test() -> None:
        async with world(kind) as found:
            for socket in found.served.sockets:
                await socket.send_str('{"torn": ')
            await found.desk.hear(Gap)
            await found.desk.hear(GapEnded)

    run(test())


def test_bars_are_told_when_they_are_complete(kind: Kind) -> None:
    """Each bar comes once; a bar that was never seen is a gap, and can be asked for."""

    async def test() -> None:
        async with world(kind) as found:
            found.served.step(11)
            found.served.step(12)
            first, second = await found.desk.hear(Bar, 2)
            assert (first.open_ms, second.open_ms) == (START_MS + 600_000, START_MS + 660_000)
            assert (first.close, first.volume) == (500_000, 60_000)
            assert not found.desk.told(Gap)
            found.served.step(RISE + 1)
            (third,) = (await found.desk.hear(Bar, 3))[2:]
            assert third == evolve(
                first, open_ms=START_MS + RISE * 60_000, high=510_000, close=510_000
            )
            assert len(found.desk.told(Gap)) == len(found.desk.told(GapEnded)) == 1
            bars = value(await found.venue.bars(0, START_MS + 600_000))
            assert [bar.open_ms for bar in bars] == [
                START_MS + each * 60_000 for each in range(10, RISE + 1)
            ]
            assert (bars[0], bars[1], bars[-1]) == (first, second, third)
            await found.desk.hear(Quote, last=510_000)

    run(test())


def test_a_liquidation_is_a_fill_of_nobody(kind: Kind) -> None:
    """The venue's own trade is told as such, and so it is when it is asked for."""

    async def test() -> None:
        async with world(kind, leverage=50) as found:
            await found.venue.place(0, 1, market(BUY, 90_000))
            await found.desk.hear(FillNews)
            found.served.step(FALL + 1)
            (fill,) = await found.desk.hear(FillNews, liquidation=True)
            assert (fill.client_order_id, fill.side, fill.qty) == (0, SELL, 90_000)
            assert value(await found.venue.fills(START_MS)) == tuple(found.desk.told(FillNews))

    run(test())


def test_orders_of_others_are_shown_as_theirs(kind: Kind) -> None:
    """A person's order, or another bot's, has no number of ours."""

    async def test() -> None:
        async with world(kind) as found:
            for text in ("by-hand", "0" * 32):
                found.served.place(text, limit(BUY, 100, 400_000))
            await found.desk.hear(OrderState, 2, client_order_id=0)
            states = value(await found.venue.open_orders())
            assert [state.client_order_id for state in states] == [0, 0]

    run(test())


def test_a_stop_fills_as_the_order_that_it_was(kind: Kind) -> None:
    """Once touched it may be another order at the venue: to us it is the same, and fills once."""
    stop = market(BUY, 100, type=OrderType.STOP_MARKET, trigger_ticks=510_000)

    async def test() -> None:
        async with world(kind) as found:
            await found.venue.place(0, 1, stop)
            waits = value(await found.venue.order(0, 1))
            assert (waits.found, waits.triggered) == (Found.OPEN, False)
            found.served.step(RISE + 1)
            (fill,) = await found.desk.hear(FillNews)
            assert (fill.client_order_id, fill.qty) == (1, 100)
            await found.desk.hear(OrderState, found=Found.FILLED, client_order_id=1)
            state = value(await found.venue.order(0, 1))
            assert (state.found, state.cum_qty, state.triggered) == (Found.FILLED, 100, True)
            filled = found.desk.told(OrderState, cum_qty=100)
            assert {each.client_order_id for each in filled} == {1}
            assert value(await found.venue.fills(START_MS)) == (fill,)

    run(test())


def test_a_restarted_bot_knows_its_orders_and_fills(kind: Kind) -> None:
    """Nothing is remembered: the ids that come back from the venue are enough."""

    async def test() -> None:
        async with world(kind) as found:
            await found.venue.place(0, 1, market(BUY, 100))
            await found.venue.place(0, 2, limit(BUY, 100, 400_000))
            found.served.place("by-hand", market(BUY, 100))
            for bot, owners, opens in ((BOT, [1, 0], [2]), ("bot-2", [0, 0], [0])):
                async with found.again(bot) as venue:
                    fills = value(await venue.fills(START_MS))
                    assert [fill.client_order_id for fill in fills] == owners
                    states = value(await venue.open_orders())
                    assert [state.client_order_id for state in states] == opens

    run(test())


def test_cancels_and_what_only_reduces_go_first(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are urgent at the gate, other orders are not."""
    urgencies = list[bool]()

    async def test() -> None:
        async with world(kind) as found:
            gate = found.venue._client._commands

            async def enter(*, urgent: bool) -> None:
                urgencies.append(urgent)

            monkeypatch.setattr(gate, "enter", enter)
            await found.venue.place(0, 1, limit(BUY, 100, 400_000))
            await found.venue.cancel(0, 1)
            await found.venue.place(0, 2, market(SELL, 100, reduce_only=True))

    run(test())
    assert urgencies == [False, True, True]


def test_funding_can_be_asked_for(kind: Kind) -> None:
    """In parts per million, the oldest first, and none from before."""

    async def test() -> None:
        async with world(kind) as found:
            exchange = found.served.exchange
            paid_ms = exchange.funding_at_ns // 1_000_000
            exchange.advance(exchange.funding_at_ns + 1)
            exchange.advance(exchange.funding_at_ns + 1)
            (first, second) = value(await found.venue.rates(0, paid_ms))
            assert (first, second) == (Rate(paid_ms, 100), Rate(paid_ms + 8 * 3_600_000, 100))
            assert value(await found.venue.rates(0, paid_ms + 1)) == (second,)

    run(test())
