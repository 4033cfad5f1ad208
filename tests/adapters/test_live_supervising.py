"""The supervisor in charge of the live loop: halts, stops, limits, and what is not ours."""

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters import bots
from adapters.cli import app
from adapters.journal.chain import Kind
from adapters.journal.codec import decode
from adapters.journal.replay import rebuilt
from adapters.journal.steps import Intervention, Step
from adapters.journal.store import Journal
from adapters.live import start
from adapters.live.account import AccountError, folder, named
from adapters.live.metrics import metrics
from adapters.live.prepare import prepared
from adapters.live.status import status
from adapters.live.terms import Terms
from adapters.venue.credentials import Credentials
from adapters.venue.port import Outcome, Rejected, Snapshot, Unavailable
from machines.bot import new
from machines.messages import Cancel, Command, Place, Wanted
from machines.reconciliation import cancels_of_opening
from spec.hedge_wallet import State as Phase
from spec.supervisor import State, StopPolicy
from spec.terms import OrderType, PositionMode, Reason, Side
from tests.adapters.live_world import DEPOSIT, PRICE, UNIT, World, clock_ns, config, simulated

ADVANCE = tuple(range(PRICE, PRICE - 4 * UNIT, -UNIT))


def said(world: World, what: str) -> list[dict[str, object]]:
    """Return what was said of *what*."""
    return [words for name, words in world.said if name == what]


# --- Stops ------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", StopPolicy)
@pytest.mark.parametrize("mode", PositionMode)
def test_a_stop_removes_what_its_policy_says(
    tmp_path: Path, policy: StopPolicy, mode: PositionMode
) -> None:
    """Nothing, own orders, or positions too; foreign orders stay in any case."""

    async def story() -> None:
        world = World(tmp_path / "j", mode=mode)
        foreign(world, 7)
        process = world.begin()
        await world.running()
        held, orders = world.venue.position(0).long.qty, len(world.venue.open_orders(0))
        assert held
        assert orders > 2
        world.loop.stop(policy)
        assert await world.end(process) is State.STOPPED
        left = [order.client_order_id for order in world.venue.open_orders(0)]
        assert 7 in left
        assert len(left) == (orders if policy is StopPolicy.LEAVE else 1)
        kept = world.venue.position(0).long.qty
        assert kept == (0 if policy is StopPolicy.FLATTEN else held)

    simulated(story())


def test_a_newer_release_goes_on_from_the_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole bot is the last thing that is written: no step has to be taken again."""

    async def story() -> None:
        world = World(tmp_path / "j")
        process = world.begin()
        await world.running()
        world.loop.stop(StopPolicy.LEAVE)
        await world.end(process)
        monkeypatch.setattr(bots, "step", None)
        with closing(Journal(world.path)) as journal:
            assert rebuilt(journal) == world.bot

    simulated(story())


def test_a_flattened_wallet_waits_for_a_person_and_knows_its_money(tmp_path: Path) -> None:
    """After a stop that closed the position, a start changes nothing until it is resumed."""

    async def story() -> None:
        world = World(tmp_path / "j")
        process = world.begin()
        await world.running()
        world.loop.stop(StopPolicy.FLATTEN)
        await world.end(process)
        process = world.begin()
        await world.running()
        world.check()
        assert world.bot.wallet.halted
        assert world.bot.wallet.cash == world.venue.account.cash
        assert not world.venue.open_orders(0)
        world.loop.stop(StopPolicy.LEAVE)
        await world.end(process)
        world.begin(resume=world.loop.supervisor.halts)
        await world.running()
        assert world.bot.wallet.phase is Phase.ADVANCE
        world.check()
        await world.kill()

    simulated(story())


@pytest.mark.parametrize("after_s", [0.1, 0.3, 0.6, 0.9, 1.5, 2.5])
def test_a_stop_that_was_killed_goes_on(tmp_path: Path, after_s: float) -> None:
    """The next process finishes what the stop was to remove, and closes nothing twice."""

    async def story() -> None:
        world = World(tmp_path / "j")
        world.begin()
        await world.running()
        world.loop.stop(StopPolicy.FLATTEN)
        await asyncio.sleep(after_s)
        if not world.process.done():
            await world.kill()
            await world.end(world.begin())
        assert world.venue.account.flat
        assert not world.venue.open_orders(0)

    simulated(story())


def test_a_stop_ends_although_the_venue_is_silent(tmp_path: Path) -> None:
    """Once the deadline has passed the process ends, and a person is told."""

    async def story() -> None:
        world = World(tmp_path / "j", terms=Terms(deadline_s=30.0))
        process = world.begin()
        await world.running()
        world.port.down = True
        before_ns = clock_ns()
        world.loop.stop(StopPolicy.CANCEL)
        assert await world.end(process) is State.STOPPED
        assert clock_ns() - before_ns >= 29e9
        assert said(world, "alert")

    simulated(story())


@pytest.mark.parametrize("policy", StopPolicy)
def test_what_the_supervisor_sends_is_on_disk_before_it_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: StopPolicy
) -> None:
    """Its cancels and closes are rows like the bot's; without a connection it sends none."""
    left: list[Command] = []

    async def story() -> None:
        world = World(tmp_path / "j")
        place, cancel = world.port.place, world.port.cancel

        async def placed(symbol: int, key: int, order: Wanted) -> Outcome:
            left.append(Place(key, order, symbol))
            assert left[-1] in written(world)
            return await place(symbol, key, order)

        async def canceled(symbol: int, key: int) -> Outcome:
            left.append(Cancel(key, symbol))
            assert left[-1] in written(world)
            return await cancel(symbol, key)

        monkeypatch.setattr(world.port, "place", placed)
        monkeypatch.setattr(world.port, "cancel", canceled)
        process = world.begin()
        await world.running()
        left.clear()
        world.loop.stop(policy)
        await world.end(process)
        assert any(isinstance(each, Cancel) for each in left) is (policy is not StopPolicy.LEAVE)
        assert any(isinstance(each, Place) for each in left) is (policy is StopPolicy.FLATTEN)
        left.clear()
        world.loop.cancel_opening()
        await asyncio.sleep(1.0)
        assert not left

    simulated(story())


def written(world: World) -> set[Command]:
    """Return the commands that are in the journal."""
    found: set[Command] = set()
    for row in world.loop.journal.rows():
        if row.kind is Kind.STEP:
            found.update(decode(row.body, Step).commands)
        elif row.kind is Kind.INTERVENTION:
            found.update(decode(row.body, Intervention).commands)
    return found


# --- Halts ------------------------------------------------------------------------------------


def test_the_kill_switch_halts_until_a_person_resumes(tmp_path: Path) -> None:
    """Opening orders go, exits stay; neither a restart nor another number ends a halt."""

    async def story() -> None:
        file = tmp_path / "KILL"
        world = World(tmp_path / "j", terms=Terms(kill_file=file))
        world.begin()
        await world.running()
        file.touch()
        await world.until(lambda: world.loop.supervising.state is State.HALTED)
        await asyncio.sleep(2.0)
        assert not opening(world)
        assert [order.order.reduce_only for order in world.venue.open_orders(0)] == [True]
        await world.kill()
        file.unlink()
        world.begin()
        await asyncio.sleep(5.0)
        assert world.loop.supervising.state is State.HALTED
        await world.kill()
        world.begin(resume=world.loop.supervisor.halts - 1)
        await asyncio.sleep(5.0)
        assert world.loop.supervising.state is State.HALTED
        await world.kill()
        world.begin(resume=world.loop.supervisor.halts)
        await world.running()
        assert opening(world)
        world.check()
        await world.kill()

    simulated(story())


def test_an_exit_that_fills_while_halted_is_booked(tmp_path: Path) -> None:
    """What closes goes on closing while a person looks, and the bot knows of it."""

    async def story() -> None:
        file = tmp_path / "KILL"
        world = World(tmp_path / "j", terms=Terms(kill_file=file))
        world.begin()
        await world.running()
        file.touch()
        await asyncio.sleep(3.0)
        await world.walk(PRICE - UNIT, PRICE - 2 * UNIT)
        assert world.loop.supervising.state is State.HALTED
        assert world.bot.wallet.phase is Phase.RETRACEMENT
        assert world.venue.account.flat
        world.check()
        await world.kill()

    simulated(story())


def test_a_position_that_nobody_ordered_halts(tmp_path: Path) -> None:
    """A person has traded on the account: the bot stops opening, and says what differs."""

    async def story() -> None:
        world = World(tmp_path / "j", terms=Terms(audit_s=10.0))
        world.begin()
        await world.running()
        ours = world.venue.position(0).long.qty
        foreign(world, 7, OrderType.MARKET)
        await world.until(lambda: world.loop.supervising.state is State.HALTED)
        theirs = world.venue.position(0).long.qty
        differs = f"S long {theirs} at the venue and {ours} by our fills"
        assert said(world, "unexplained position")[-1] == {"differs": differs}
        assert said(world, "alert")[-1]["then"] == "--resume 1"
        await world.kill()

    simulated(story())


def test_a_mode_that_somebody_changed_halts(tmp_path: Path) -> None:
    """Legs that differ from those of the journal cannot be traded."""

    async def story() -> None:
        world = World(tmp_path / "j")
        await world.port.set_mode(PositionMode.HEDGE)
        world.begin()
        await asyncio.sleep(5.0)
        assert world.loop.supervising.state is State.HALTED
        assert not world.venue.fills
        await world.kill()

    simulated(story())


def test_a_loss_beyond_the_limit_halts(tmp_path: Path) -> None:
    """The equity at the mark price counts, not only what was realized."""

    async def story() -> None:
        world = World(tmp_path / "j", terms=Terms(equity_min=DEPOSIT * 9 // 10))
        world.begin()
        await world.running()
        world.port.price(0, PRICE - UNIT // 2, PRICE * 8 // 10)
        await asyncio.sleep(3.0)
        assert world.loop.supervising.state is State.HALTED
        await world.kill()

    simulated(story())


def test_no_opening_order_leaves_beyond_the_exposure_limit(tmp_path: Path) -> None:
    """Positions and opening orders together stay below the limit."""

    async def story() -> None:
        limit = DEPOSIT * 3 // 2
        world = World(tmp_path / "j", terms=Terms(exposure_max=limit))
        world.begin()
        await world.running()
        assert 0 < world.loop.exposure() <= limit
        assert len(opening(world)) == 2
        assert said(world, "exposure limit")
        await world.kill()

    simulated(story())


# --- Degraded ---------------------------------------------------------------------------------


def test_silence_suspends_trading_until_there_are_prices(tmp_path: Path) -> None:
    """Old prices are no prices."""

    async def story() -> None:
        world = World(tmp_path / "j", terms=Terms(stale_s=10.0))
        world.begin()
        await world.running()
        await asyncio.sleep(15.0)
        assert world.loop.supervising.state is State.DEGRADED
        await world.running()
        assert not world.loop.supervisor.stale
        await world.kill()

    simulated(story())


@pytest.mark.parametrize(
    ("trouble", "drift_ms"), [("drift", 1_000), ("drift", None), ("limited", None)]
)
def test_what_the_venue_complains_of_suspends_trading(
    tmp_path: Path, trouble: str, drift_ms: int | None
) -> None:
    """A rate limit passes with time, a clock is looked at again: a late request looks like one."""

    async def story() -> None:
        world = World(tmp_path / "j", terms=Terms(audit_s=600.0, drift_ms=drift_ms))
        world.begin()
        await world.running()
        world.loop.trouble(Unavailable("no", **{trouble: True}))
        assert world.loop.supervising.state is State.DEGRADED
        await world.running()
        await world.kill()

    simulated(story())


@pytest.mark.parametrize("trouble", ["drift", "limited"])
def test_what_the_venue_complains_of_when_it_refuses_suspends_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """An order that came too soon or bears the wrong time: the next would be refused as well."""

    async def story() -> None:
        world = World(tmp_path / "j", terms=Terms(audit_s=600.0))
        place = world.port.place

        async def refusing(symbol: int, client_order_id: int, order: Wanted) -> Outcome:
            del symbol, client_order_id, order
            return Rejected(Reason.NONE, "", "no", **{trouble: True})

        monkeypatch.setattr(world.port, "place", refusing)
        world.begin()
        await world.until(lambda: world.loop.supervising.state is State.DEGRADED)
        monkeypatch.setattr(world.port, "place", place)
        await world.running()
        assert world.bot.pair.long.qty
        await world.kill()

    simulated(story())


def test_a_clock_that_is_off_suspends_trading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The venue's clock is compared with ours, and what the network takes is allowed for."""

    async def story() -> None:
        world = World(tmp_path / "j", terms=Terms(audit_s=5.0, stale_s=100.0))
        world.begin()
        await world.running()

        async def server_ms() -> Snapshot[int]:
            return Snapshot(clock_ns(), clock_ns(), clock_ns() // 1_000_000 - 1_500)

        with monkeypatch.context() as patch:
            patch.setattr(world.port, "server_ms", server_ms)
            await asyncio.sleep(12.0)
            assert drifts(world)
        await world.running()
        assert not drifts(world)
        await world.kill()

    simulated(story())


def test_a_venue_that_cannot_be_reached_is_tried_again(tmp_path: Path) -> None:
    """A start without a venue waits for it."""

    async def story() -> None:
        world = World(tmp_path / "j")
        world.port.down = True
        world.begin()
        await asyncio.sleep(30.0)
        assert world.loop.supervising.state is State.CONNECTING
        world.port.down = False
        await world.running()
        await world.kill()

    simulated(story())


# --- The account ------------------------------------------------------------------------------


def test_funding_reaches_the_wallet(tmp_path: Path) -> None:
    """The balance says what the venue has taken beside our fills, to the last unit."""

    async def story() -> None:
        world = World(tmp_path / "j", terms=Terms(audit_s=10.0))
        world.begin()
        await world.running()
        cash = world.bot.wallet.cash
        world.venue.fund(0, 300, clock_ns())
        world.port.flush()
        await asyncio.sleep(15.0)
        assert world.bot.wallet.cash == cash + world.venue.account.funding < cash
        world.check()
        await world.kill()

    simulated(story())


def test_a_liquidation_halts_the_wallet_with_the_money_that_is_left(tmp_path: Path) -> None:
    """The venue has closed the shorts: the bot knows it, and opens nothing."""

    async def story() -> None:
        world = World(tmp_path / "j")
        world.begin()
        await world.running()
        await world.walk(*(PRICE - UNIT * n for n in range(1, 6)))
        assert world.bot.wallet.phase is Phase.DECLINE
        world.port.price(0, 3 * PRICE)
        await world.running()
        assert world.venue.account.flat
        assert world.bot.wallet.halted
        assert world.bot.wallet.cash == world.venue.account.cash
        assert not world.venue.open_orders(0)
        world.check()
        await world.kill()

    simulated(story())


def test_an_order_of_ours_that_the_journal_does_not_know_is_canceled(tmp_path: Path) -> None:
    """It carries our name, and nobody else will ever remove it; a foreign one is left alone."""

    async def story() -> None:
        world = World(tmp_path / "j")
        foreign(world, 7)
        world.venue.submit(Place(8, resting()), 0, clock_ns())
        world.begin()
        await world.running()
        shown = {order.client_order_id for order in world.venue.open_orders(0)}
        assert 7 in shown
        assert 8 not in shown
        world.check()
        await world.kill()

    simulated(story())


def test_a_refused_order_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person hears which order was refused, and in the venue's words why."""

    async def story() -> None:
        world = World(tmp_path / "j")
        refusal = Rejected(Reason.MARGIN, "110007", "not enough")

        async def place(*_: object) -> Rejected:
            return refusal

        monkeypatch.setattr(world.port, "place", place)
        world.begin()
        await asyncio.sleep(3.0)
        assert said(world, "refused")[0]["code"] == "110007"
        await world.kill()

    simulated(story())


def test_the_status_says_how_it_is_doing(tmp_path: Path) -> None:
    """State, position, orders and money are there, as words and as numbers for Prometheus."""

    async def story() -> None:
        world = World(tmp_path / "j")
        world.begin()
        await world.running()
        found = status(world.loop, "venue")
        assert found["state"] == "RUNNING"
        assert found["phase"] == "ADVANCE"
        symbol: Any = found["symbols"]
        assert symbol["S"]["legs"]["long"]["lots"] == world.venue.position(0).long.qty
        assert found["open_orders"] == len(world.venue.open_orders(0))
        assert found["equity"] == world.venue.equity()
        assert found["balance"] == world.venue.account.cash
        assert f"hedgeproof_equity {world.venue.equity()}" in metrics(found).splitlines()
        await world.kill()

    simulated(story())


def test_one_process_an_account(tmp_path: Path) -> None:
    """A second process is refused while the first one has the account; its key is not shown."""
    account = named("bybit", "testnet", Credentials(key="very-secret"))
    assert "secret" not in account
    with folder(tmp_path, account):
        with pytest.raises(AccountError, match="another process trades"), folder(tmp_path, account):
            pass
        with folder(tmp_path, "another"):
            pass
    with folder(tmp_path, account):
        pass


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"mode": "hedge"}, 'mode "hedge": the account is in the other'),
        ({"leverage": 3}, "leverage 3: S: 2 is set"),
        ({}, "S: the account holds a position"),
    ],
)
def test_an_account_that_is_not_as_configured_is_refused(
    tmp_path: Path, values: dict[str, Any], why: str
) -> None:
    """What cannot be set is told with its value and what to do."""
    from adapters import config as configs

    async def story() -> None:
        world = World(tmp_path / "j")
        foreign(world, 7, OrderType.MARKET)
        chosen = configs.replaced(configs.default(), {"symbol": "S", "unit": "100"} | values)
        with pytest.raises(AccountError, match=why):
            await prepared(world.port, chosen, tmp_path / "new", clock_ns())

    simulated(story())


def test_an_account_is_prepared_once(tmp_path: Path) -> None:
    """The mode is set, the journal begins with the balance, and a unit in percent stays as it was.

    A later start finds another price and the same journal.
    """
    from adapters import config as configs

    async def story() -> None:
        world = World(tmp_path / "j")
        values = {"symbol": "S", "unit": "1%", "mode": "hedge"}
        chosen = configs.replaced(configs.default(), values)
        first = await prepared(world.port, chosen, tmp_path / "new", clock_ns())
        assert world.venue.account.mode is PositionMode.HEDGE
        assert first.unit_ticks == PRICE // 100
        world.port.price(0, PRICE * 2)
        assert await prepared(world.port, chosen, tmp_path / "new", clock_ns()) == first

    simulated(story())


def drifts(world: World) -> bool:
    """Return whether the supervisor takes the clocks for different."""
    return world.loop.supervisor.drift


def opening(world: World) -> tuple[int, ...]:
    """Return the bot's orders that can open exposure."""
    return tuple(each.client_order_id for each in cancels_of_opening(world.loop.session.books))


def foreign(world: World, number: int, kind: OrderType = OrderType.STOP_MARKET) -> None:
    """Have somebody else place an order on the account."""
    world.port.foreign.add(number)
    world.venue.submit(Place(number, resting(kind)), 0, clock_ns())
    world.port.flush()


def resting(kind: OrderType = OrderType.STOP_MARKET) -> Wanted:
    """Return a purchase far above the market."""
    trigger = 0 if kind is OrderType.MARKET else 2 * PRICE
    return Wanted(key=0, kind=0, side=Side.BUY, qty=1, type=kind, trigger_ticks=trigger)


def test_what_another_journal_has_open_is_told(tmp_path: Path) -> None:
    """A wallet that now trades another symbol leaves the first one's position to nobody."""

    async def story() -> None:
        world = World(tmp_path / "ONE.journal")
        process = world.begin()
        await world.running()
        world.loop.stop(StopPolicy.LEAVE)
        await world.end(process)
        start.found(tmp_path / "FLAT.journal", new(config(), DEPOSIT), clock_ns())
        (tmp_path / "BROKEN.journal").write_text("no journal")
        broken, left = start.left_open(tmp_path, tmp_path / "TWO.journal")
        assert broken.startswith(f"{tmp_path / 'BROKEN.journal'}: ")
        symbol = world.bot.wallet.config.instrument.symbol
        one = tmp_path / "ONE.journal"
        assert left == f"{one}: still open, and not looked after: {symbol}"
        assert not any("ONE" in each for each in start.left_open(tmp_path, one))

    simulated(story())


@pytest.mark.parametrize(
    ("option", "text"), [("loss-limit", "5%"), ("exposure-limit", "0"), ("loss-limit", "-1")]
)
def test_a_limit_that_is_no_amount_is_refused_at_once(
    tmp_path: Path, option: str, text: str
) -> None:
    """Before anything is connected, in one line."""
    result = CliRunner().invoke(
        app, ["run", "--testnet", f"--{option}={text}", "--state", str(tmp_path / "state")]
    )
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f'hedgeproof: {option} "{text}": write a decimal number')
    assert not (tmp_path / "state").exists()
