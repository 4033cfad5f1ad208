"""The figures of a run: every fill in one cycle, every money unit accounted for."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from adapters.candles import load
from machines.ladder import Config
from machines.messages import Wanted
from simulator import cycles as counting
from simulator.account import Item, Trade
from simulator.candles import Candles
from simulator.closed_form import Form
from simulator.cycles import Part, cycles, spans
from simulator.results import equity, summary, verify
from simulator.synthetic import market
from simulator.venue_terms import VenueConfig
from simulator.world import Run, Setup, run
from spec.hedge_wallet import Fragment, OrderKind, State
from spec.terms import Instrument, PositionMode, Side
from spec.units import MILLI_NS, MILLION, SECOND_NS

MODES = [*product(PositionMode, Fragment)]
MONEY = 10**8
BUY, EXIT, ENTRY, COVER = OrderKind


def world(  # noqa: PLR0913
    candles: Candles,
    mode: PositionMode,
    fragment: Fragment = Fragment.USD,
    *,
    unit_ppm: int = 5_000,
    leverage: int = 2,
    late_ns: int = 50 * MILLI_NS,
    jitter_ns: int = 0,
    restarts: tuple[int, ...] = (),
    liquidity_lots: int = 0,
) -> Run:
    value = 10 ** (8 - candles.price_dp - candles.volume_dp)
    instrument = Instrument(symbol=candles.symbol, value=value, min_notional=5 * MONEY)
    unit_ticks = int(candles.open[0]) * unit_ppm // MILLION
    return run(
        Setup(
            wallet=Config(
                instrument=instrument, unit_ticks=unit_ticks, mode=mode, fragment=fragment
            ),
            venue=VenueConfig(
                deposit=100_000 * MONEY,
                mode=mode,
                leverage=leverage,
                slippage_ticks=1,
                liquidity_lots=liquidity_lots,
                refill_ns=SECOND_NS,
            ),
            to_venue_ns=late_ns,
            to_bot_ns=late_ns,
            jitter_ns=jitter_ns,
            restarts=restarts,
        ),
        candles,
    )


@pytest.fixture(scope="module")
def done() -> Run:
    """A day and a half of the synthetic market on a one-way account."""
    return world(market(7, 2_000), PositionMode.ONE_WAY)


@pytest.mark.parametrize(("mode", "fragment"), MODES)
@pytest.mark.parametrize("late_ns", [0, 50 * MILLI_NS, 2 * SECOND_NS])
def test_a_run_adds_up(mode: PositionMode, fragment: Fragment, late_ns: int) -> None:
    """Simple cycles are the closed form less slippage, and the bot's cash is the venue's."""
    found = verify(world(market(7, 3_000), mode, fragment, late_ns=late_ns, jitter_ns=late_ns))
    assert sum(cycle.simple for cycle in found) > 1
    assert any(cycle.end_ns and not cycle.simple for cycle in found)


@pytest.mark.parametrize(("mode", "fragment"), MODES)
def test_orders_that_fill_in_parts_and_restarts_add_up(
    mode: PositionMode, fragment: Fragment
) -> None:
    """What the bot missed it has asked for, and parts of one order are one order."""
    candles = market(7, 3_000)
    start_ns = candles.start_ms * MILLI_NS
    restarts = tuple(start_ns + 777 * minute * SECOND_NS for minute in range(1, 200))
    found = verify(world(candles, mode, fragment, restarts=restarts, liquidity_lots=1_500))
    assert max(cycle.orders for cycle in found) > 10
    assert any(cycle.simple for cycle in found)


def test_every_fill_belongs_to_one_cycle(done: Run) -> None:
    """The re-entry's fills open a cycle; the cycles follow each other."""
    found, parted = cycles(done), spans(done.venue.fills)
    together = [fill for span in parted for fill in (*span.buys, *span.rest)]
    assert together == done.venue.fills
    assert [cycle.number for cycle in found] == list(range(len(parted)))
    for cycle, span in zip(found, parted, strict=True):
        assert {fill.kind for fill in span.buys} == {BUY}
        assert BUY not in {fill.kind for fill in span.rest}
        assert cycle.start_ns == span.buys[0].time_ns
        assert span.latest or cycle.end_ns == span.rest[-1].time_ns


def test_a_cycle_is_judged_at_its_reset_level(done: Run) -> None:
    """Cash at the end is that of holding to the RESET level plus pnl, whatever the path."""
    unit_ticks, value = done.setup.wallet.unit_ticks, done.setup.wallet.instrument.value
    for cycle, span in zip(cycles(done), spans(done.venue.fills), strict=True):
        if cycle.reset_unit is None:
            continue
        reset_ticks = cycle.anchor_ticks + cycle.reset_unit * unit_ticks
        cash = sum(-fill.side.sign * fill.qty * fill.price_ticks for fill in span.rest) * value
        assert cash == cycle.qty * reset_ticks * value + cycle.pnl
        assert cycle.path[-1] == cycle.reset_unit > cycle.low_unit


def test_without_a_short_the_peak_is_the_reset_level() -> None:
    """One-way, late: the price is back before the slot, whose short was the exit, is sold again."""
    unit, start = 1_000, 100_000
    high = start + 2 * unit + unit // 2
    holds = ((start, 20), (high - unit, 20), (high, 20), (start + unit, 1), (high, 20))
    closes = np.array([price for price, seconds in holds for _ in range(seconds)])
    opens = np.concatenate((closes[:1], closes[:-1]))
    candles = evolve(
        market(7, len(closes)),
        step_ms=1_000,
        open=opens,
        high=np.maximum(opens, closes),
        low=np.minimum(opens, closes),
        close=closes,
    )
    late = world(candles, PositionMode.ONE_WAY, unit_ppm=10_000, late_ns=2 * SECOND_NS)
    cycle, _ = verify(late)
    lost = cycle.qty * unit * late.setup.wallet.instrument.value
    assert [fill.kind for fill in late.venue.fills] == [BUY, ENTRY, EXIT, BUY]
    assert (cycle.path, cycle.reset_unit, cycle.simple) == ((0, 2, 1, 2), 2, False)
    assert cycle.pnl + cycle.slippage == -lost


def test_funding_belongs_to_the_cycle_in_which_it_was_paid(done: Run) -> None:
    """From one re-entry to the next, and nothing is left over."""
    found, account = cycles(done), done.venue.account
    paid = [(each.time_ns, each.amount) for each in account.transfers if each.item is Item.FUNDING]
    starts = [*(cycle.start_ns for cycle in found), done.end_ns]
    for cycle, until_ns in zip(found, starts[1:], strict=True):
        in_time = [amount for at_ns, amount in paid if cycle.start_ns <= at_ns < until_ns]
        assert cycle.funding == sum(in_time)
    assert sum(cycle.funding != 0 for cycle in found) > 1


def test_a_long_way_home_is_not_simple(done: Run) -> None:
    """An entry after a cover makes more turns, and no closed form is claimed."""
    kinds = [[fill.kind for fill in span.rest] for span in spans(done.venue.fills)]
    for cycle, order in zip(cycles(done), kinds, strict=True):
        again = COVER in order and ENTRY in order[order.index(COVER) :]
        assert not (again and cycle.simple)
        if again and cycle.end_ns:
            assert len(cycle.path) > 4
            assert cycle.expected is None


def test_the_open_cycle_is_judged_at_the_last_close() -> None:
    """Long all the time, it is holding: nothing earned, nothing lost."""
    candles = market(7, 20)
    (cycle,) = verify(world(candles, PositionMode.HEDGE, unit_ppm=100_000))
    assert (cycle.end_ns, cycle.reset_unit, cycle.expected) == (None, None, None)
    assert (cycle.pnl, cycle.net, cycle.path) == (0, -cycle.fees, (0,))


def test_a_liquidated_cycle_ends_there() -> None:
    """A jump far above the covers leaves no RESET level; the liquidation's price stands for it."""
    candles = market(7, 60)
    for column in (candles.open, candles.high, candles.low, candles.close):
        column[20:40] //= 2
        column[40:] *= 4
    done = world(candles, PositionMode.HEDGE, unit_ppm=100_000, late_ns=0)
    (cycle,) = verify(done)
    *_, last = done.venue.fills
    paid = sum(-f.side.sign * f.qty * f.price_ticks for f in done.venue.fills[1:])
    assert last.liquidation
    assert (cycle.end_ns, cycle.reset_unit, cycle.simple) == (last.time_ns, None, False)
    assert cycle.pnl == (paid - cycle.qty * last.price_ticks) * done.setup.wallet.instrument.value


def test_an_entry_that_closes_the_long_counts_as_the_exit() -> None:
    """One-way: the lots that entries sold before the exit stand at the exit's level, not theirs."""
    orders = {1: (EXIT, -1), 2: (ENTRY, -1), 3: (ENTRY, -2)}
    wanted = {
        key: Wanted(key=key, kind=kind, side=Side.SELL, qty=8, unit=unit)
        for key, (kind, unit) in orders.items()
    }
    lots = ((2, 2, 99), (3, 2, 97), (1, 4, 96), (2, 2, 95))
    fills = [
        Trade(0, key, 0, Side.SELL, 0, qty, price, 0, kind=orders[key][0])  # type: ignore[arg-type]
        for key, qty, price in lots
    ]
    netted = [*counting._parts(fills, wanted, 8, netting=True)]
    assert netted == [
        *(Part(EXIT, -1, qty, price) for qty, price in ((2, 99), (2, 97), (4, 96))),
        Part(ENTRY, -1, 2, 95),
    ]
    apart = [*counting._parts(fills, wanted, 8, netting=False)]
    assert [(part.kind, part.unit) for part in apart] == [orders[key] for key, _, _ in lots]


def test_equity_is_cash_and_position_at_every_close(done: Run) -> None:
    """Counted anew with plain integers, bar by bar; a fill at the next open is not yet in it."""
    curve, candles, account = equity(done), done.candles, done.venue.account
    value, peak = done.setup.wallet.instrument.value, account.deposit
    first = spans(done.venue.fills)[0].buys
    for bar in range(0, len(candles), 7):
        end_ns = (candles.start_ms + (bar + 1) * candles.step_ms) * MILLI_NS
        close = int(candles.close[bar])

        def worth(fills: list[Trade], close: int = close, end_ns: int = end_ns) -> int:
            known = [fill for fill in fills if fill.time_ns < end_ns]
            gained = sum(f.side.sign * f.qty * (close - f.price_ticks) * value for f in known)
            return account.deposit + gained - sum(fill.fee for fill in known)

        funding = sum(each.amount for each in account.transfers if each.time_ns < end_ns)
        assert int(curve.ts_ms[bar]) * MILLI_NS == end_ns
        assert int(curve.equity[bar]) == worth(done.venue.fills) + funding
        assert int(curve.holding[bar]) == worth([*first])
        peak = max(peak, *(int(each) for each in curve.equity[: bar + 1]))
        lost = (peak - int(curve.equity[bar])) * MILLION // peak
        assert int(curve.drawdown_ppm[bar]) == lost
    assert {column.dtype for column in (curve.equity, curve.position)} == {np.dtype(np.int64)}


def test_the_summary_has_the_totals(done: Run) -> None:
    """Costs add up to what cycles say, and the phases to the whole time."""
    found, names = cycles(done), summary(done)
    assert names["cycles"] == len(found)
    assert names["fees"] == sum(cycle.fees for cycle in found)
    assert names["slippage"] == sum(cycle.slippage for cycle in found) != 0
    times = sum(int(names[f"{state.name.lower()}_ns"]) for state in State)
    assert times == len(done.candles) * done.candles.step_ms * MILLI_NS
    assert names["journal_hash"] == done.journal_hash


def test_nothing_traded_is_no_cycle() -> None:
    """A deposit too small for one order stays what it is."""
    poor = evolve(VenueConfig(deposit=1), leverage=2)
    rich = world(market(7, 20), PositionMode.HEDGE)
    still = run(evolve(rich.setup, venue=poor), rich.candles)
    assert verify(still) == ()
    assert summary(still)["return_ppm"] == 0


@pytest.mark.parametrize(("name", "fragment"), [("coin", Fragment.COIN), ("usd", Fragment.USD)])
def test_verify_rejects_another_closed_form(
    monkeypatch: pytest.MonkeyPatch, name: str, fragment: Fragment
) -> None:
    """One tick-lot more than the formula, and the simple cycles are not it."""
    right = getattr(counting, name)
    run_ = world(market(7, 2_000), PositionMode.ONE_WAY, fragment)
    verify(run_)

    def wrong(*args: Any) -> Form:  # noqa: ANN401
        form: Form = right(*args)
        return evolve(form, pnl=form.pnl + 1)

    monkeypatch.setattr(counting, name, wrong)
    with pytest.raises(AssertionError, match="closed form"):
        verify(run_)


def test_verify_rejects_cash_that_the_fills_do_not_explain() -> None:
    """One money unit too many in the bot's wallet, then in a cycle's funding."""
    run_ = world(market(7, 2_000), PositionMode.ONE_WAY)
    for index, (_, bot) in enumerate(run_.record.wallets):
        if bot.wallet.phase is State.ADVANCE and index:
            break
    at_ns, bot = run_.record.wallets[index]
    richer = evolve(bot, wallet=evolve(bot.wallet, cash=bot.wallet.cash + 1))
    run_.record.wallets[index] = (at_ns, richer)
    with pytest.raises(AssertionError, match="the bot's cash"):
        verify(run_)
    run_.record.wallets[index] = (at_ns, bot)
    verify(run_)
    transfers = run_.venue.account.transfers
    transfers[0] = transfers[0]._replace(amount=transfers[0].amount + 1)
    with pytest.raises(AssertionError, match="funding"):
        verify(run_)


@pytest.mark.slow
@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT", "SOLUSDT", "LAYERUSDT"])
@pytest.mark.parametrize(("mode", "fragment"), MODES)
def test_a_month_of_real_candles_adds_up(
    shared: Path, symbol: str, mode: PositionMode, fragment: Fragment
) -> None:
    """To the last money unit, and the same run again has the same journal."""
    folder = shared / "data" / "binance_usdm_1m_2025-05"
    if not (folder / f"{symbol}.parquet").is_file():
        pytest.skip(f"no {symbol} of May 2025 under {shared}")
    candles = load(folder, symbol)
    done = world(candles, mode, fragment)
    assert sum(cycle.simple for cycle in verify(done)) > 20
    assert world(candles, mode, fragment).journal_hash == done.journal_hash
