"""The live loop on the simulated venue, behind a wire that loses, delays and doubles."""

import asyncio
from pathlib import Path

import pytest

from adapters.live import monitor
from adapters.live.terms import Terms
from adapters.venue.port import (
    FillNews,
    Gap,
    GapEnded,
    LegState,
    OrderState,
    Outcome,
    Quote,
    Snapshot,
    Unavailable,
)
from machines import order_manager
from machines.inquiry import ABSENT_TIMES
from machines.messages import Wake, Wanted, Woken
from spec.hedge_wallet import State as Phase
from spec.order import State as Order
from spec.supervisor import State
from spec.terms import PositionMode
from spec.units import SECOND_NS
from tests.adapters.live_world import (
    PRICE,
    UNIT,
    CrashError,
    Faults,
    World,
    clock_ns,
    crashing_at,
    simulated,
)

BAD = Faults(lost=0.05, unanswered=0.05, twice=0.1, gaps=0.002, unavailable=0.05)
FEW, MANY = range(8), range(8, 208)


@pytest.mark.parametrize("mode", PositionMode)
def test_a_cycle_of_the_wallet(tmp_path: Path, mode: PositionMode) -> None:
    """Long, cash, short, cash, long: every order of it goes through the port and the journal."""

    async def cycle() -> None:
        world = World(tmp_path / "j", mode=mode)
        world.begin()
        await world.running()
        assert phase(world) is Phase.ADVANCE
        await world.walk(*(PRICE - UNIT * n for n in range(1, 5)), PRICE - 4 * UNIT - 1)
        assert phase(world) is Phase.DECLINE
        await world.walk(*(PRICE - UNIT * n for n in range(3, -4, -1)))
        await world.running()
        assert phase(world) is Phase.ADVANCE
        world.check()
        await world.kill()
        told = [words["order"] for what, words in world.said if what == "fill"]
        assert {*told} == {fill.client_order_id for fill in world.venue.fills}

    simulated(cycle())


def lives(path: Path, seed: int) -> None:
    """Let processes run and die at any moment of a bad network, then heal it and compare."""

    async def story() -> None:
        mode, liquidity = list(PositionMode)[seed % 2], (0, 0, 300)[seed % 3]
        world = World(path / "j", seed=seed, faults=BAD, mode=mode, liquidity=liquidity)
        for _ in range(world.dice.randrange(1, 4)):
            process = world.begin()
            market = asyncio.ensure_future(world.wander(world.dice.random() * 40))
            await asyncio.wait((process, market), return_when=asyncio.FIRST_COMPLETED)
            assert not process.done()
            await world.kill()
            await world.wander(world.dice.random() * 5)
        world.port.faults = Faults()
        world.begin()
        await world.running()
        world.check()
        await world.kill()

    simulated(story())


@pytest.mark.parametrize("seed", FEW)
def test_killed_at_any_moment_nothing_is_doubled_or_orphaned(tmp_path: Path, seed: int) -> None:
    """Venue, journal and position agree after kills, lost requests, late answers and gaps."""
    lives(tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", MANY)
def test_killed_at_any_moment_many_times(tmp_path: Path, seed: int) -> None:
    """The same with two hundred more seeds."""
    lives(tmp_path, seed)


@pytest.mark.parametrize("number", range(1, 14))
def test_a_crash_between_the_journal_and_the_request(tmp_path: Path, number: int) -> None:
    """What is on disk and has not left is asked for, found absent, and sent: once."""

    async def story() -> None:
        world = World(tmp_path / "j")
        with crashing_at(number):
            process = world.begin()
            while not process.done():
                await world.wander(0.5)
        with pytest.raises(CrashError):
            process.result()
        await world.kill()
        world.begin()
        await world.running()
        world.check()
        await world.kill()

    simulated(story())


def test_a_lost_order_is_sent_again_only_once_it_cannot_arrive_any_more(tmp_path: Path) -> None:
    """An unknown outcome is asked about after its validity, several times, under the same id."""

    async def story() -> None:
        world = World(tmp_path / "j")
        world.port.faults = Faults(lost=1.0)
        world.begin()
        await world.until(lambda: Order.UNKNOWN in states(world))
        first_ns, (key,) = clock_ns(), world.loop.session.orders()
        world.port.faults = Faults()
        await world.until(lambda: Order.UNKNOWN not in states(world))
        terms = world.terms
        waited_s = terms.validity_s + (ABSENT_TIMES - 1) * terms.retry_s
        assert clock_ns() - first_ns >= (waited_s - 0.2) * 1e9
        await world.running()
        assert world.venue.fills[0].client_order_id == key
        world.check()
        await world.kill()

    simulated(story())


def test_an_unanswered_order_that_arrives_late_is_not_sent_again(tmp_path: Path) -> None:
    """The first purchase reaches the venue seconds after its caller gave up: it is bought once."""

    async def story() -> None:
        world = World(tmp_path / "j")
        world.port.faults = Faults(unanswered=1.0, late_s=5.0)
        world.begin()
        await world.until(lambda: Order.UNKNOWN in states(world))
        world.port.faults = Faults()
        await world.running()
        assert world.port.placed[min(world.port.placed)] == 1
        world.check()
        await world.kill()

    simulated(story())


def test_a_restart_waits_for_the_requests_of_the_dead_process(tmp_path: Path) -> None:
    """A request that the killed process has sent may still arrive: it is not doubled."""

    async def story() -> None:
        world = World(tmp_path / "j")
        world.port.faults = Faults(unanswered=1.0, late_s=5.0)
        world.begin()
        await world.until(lambda: bool(world.loop.session.orders()))
        await asyncio.sleep(0.01)
        await world.kill()
        world.port.faults = Faults()
        world.begin()
        await world.running()
        assert set(world.port.placed.values()) == {1}
        world.check()
        await world.kill()

    simulated(story())


def test_a_restart_waits_for_a_request_that_had_to_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was journaled long before it left, at the end of the process, and arrives late."""

    async def story() -> None:
        world = World(tmp_path / "j")
        place, carried = world.port.place, list[asyncio.Task[Outcome]]()

        async def waiting(symbol: int, client_order_id: int, order: Wanted) -> Outcome:
            async def arrives() -> Outcome:
                await asyncio.sleep(2 * world.terms.validity_s)
                return await place(symbol, client_order_id, order)

            carried.append(asyncio.create_task(arrives()))
            return await asyncio.shield(carried[-1])

        monkeypatch.setattr(world.port, "place", waiting)
        world.begin()
        await world.until(lambda: bool(carried))
        await asyncio.sleep(1.5 * world.terms.validity_s)
        await world.kill()
        monkeypatch.setattr(world.port, "place", place)
        world.begin()
        await world.running()
        assert set(world.port.placed.values()) == {1}
        world.check()
        await world.kill()

    simulated(story())


def test_what_comes_twice_counts_once(tmp_path: Path) -> None:
    """Each news of the stream comes twice, also in parts of an order."""

    async def story() -> None:
        world = World(tmp_path / "j", faults=Faults(twice=1.0), liquidity=300)
        world.begin()
        await world.running()
        await world.walk(*(PRICE - UNIT * n for n in range(1, 4)))
        await world.running()
        world.check()
        await world.kill()

    simulated(story())


def test_a_part_that_was_filled_before_a_kill_counts_after_it(tmp_path: Path) -> None:
    """The fills of an open order are asked for from its beginning, however long ago that was."""

    async def story() -> None:
        world = World(tmp_path / "j", liquidity=300, terms=Terms(audit_s=10.0))
        world.begin()
        await world.walk(*(PRICE,) * 300)  # the rest of the order does not come meanwhile
        assert world.bot.pair.long.qty == 300
        assert world.bot.account.sequence == 0
        assert world.journal is not None
        world.journal.flush()
        await world.kill()
        world.begin()
        await world.running()
        assert world.bot.pair.long.qty == world.bot.wallet.long_qty > 900
        world.check()
        await world.kill()

    simulated(story())


def test_a_gap_is_told_and_what_it_hid_is_found(tmp_path: Path) -> None:
    """While the stream is not whole nothing opens; afterwards the fills that it hid are booked."""

    async def story() -> None:
        world = World(tmp_path / "j")
        world.begin()
        await world.running()
        held = world.bot.pair.long.qty
        world.port.publish(Gap("test"))
        await asyncio.sleep(0.2)
        world.port.gap = True
        assert world.loop.supervising.state is State.DEGRADED
        before = set(world.port.placed)
        await world.walk(PRICE - UNIT, PRICE - 2 * UNIT)
        assert world.bot.pair.long.qty == held
        assert set(world.port.placed) == before
        world.port.gap = False
        world.port.publish(GapEnded())
        await world.running()
        assert world.bot.pair.long.qty == 0
        world.check()
        await world.kill()

    simulated(story())


def test_a_question_that_counts_no_more_is_not_asked_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gap after gap, what is left of the earlier questions would keep the last one waiting."""

    async def story() -> None:
        world, asked = World(tmp_path / "j"), list[None]()
        world.begin()
        await world.running()
        fills, positions = world.port.fills, world.port.positions

        async def late(since_ms: int) -> Snapshot[tuple[FillNews, ...]] | Unavailable:
            await asyncio.sleep(1.0)
            return await fills(since_ms)

        async def counted() -> Snapshot[tuple[LegState, ...]] | Unavailable:
            asked.append(None)
            return await positions()

        monkeypatch.setattr(world.port, "fills", late)
        monkeypatch.setattr(world.port, "positions", counted)
        for _ in range(4):
            world.loop.disturbed()
            await asyncio.sleep(0.2)
        await world.running()
        assert len(asked) == 1
        world.check()
        await world.kill()

    simulated(story())


def test_positions_that_lag_are_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows from before the last fill are explained by nothing; once is no reason to halt."""

    async def story() -> None:
        world = World(tmp_path / "j")
        world.begin()
        await world.running()
        await asyncio.sleep(world.terms.validity_s)
        held = world.bot.pair.long.qty
        positions, old = world.port.positions, await world.port.positions()
        await world.walk(PRICE - UNIT)
        assert world.bot.pair.long.qty < held
        fresh_ns = clock_ns() + 2_000_000_000

        async def lagging() -> Snapshot[tuple[LegState, ...]] | Unavailable:
            return old if clock_ns() < fresh_ns else await positions()

        monkeypatch.setattr(world.port, "positions", lagging)
        world.loop.disturbed()
        await world.running()
        assert not [words for what, words in world.said if what == "unexplained position"]
        world.check()
        await world.kill()

    simulated(story())


def test_a_difference_that_no_question_explains_is_for_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The venue lists no open order, and says of each that it is open."""

    async def story() -> None:
        world = World(tmp_path / "j")
        world.begin()
        await world.running()

        async def none() -> Snapshot[tuple[OrderState, ...]] | Unavailable:
            return Snapshot(clock_ns(), clock_ns(), ())

        monkeypatch.setattr(world.port, "open_orders", none)
        world.loop.disturbed()
        await world.until(lambda: world.loop.supervising.state is State.HALTED)
        (differs,) = [words["differs"] for _, words in world.said if "differs" in words]
        keys = world.loop.session.orders()
        assert differs == "; ".join(f"order {key} is open for one side only" for key in keys)
        await world.kill()

    simulated(story())


def test_fills_that_the_stream_forgot_are_found_by_the_audit(tmp_path: Path) -> None:
    """A stream that loses news without saying so is noticed: the three questions are asked anew."""

    async def story() -> None:
        world = World(tmp_path / "j", terms=Terms(audit_s=30.0))
        world.begin()
        await world.running()
        world.port.gap = True
        await world.walk(PRICE - UNIT, pause_s=0.2)
        world.port.gap = False
        await asyncio.sleep(0.5)
        assert world.bot.pair.long.qty > 0
        await world.until(lambda: world.bot.pair.long.qty == 0, limit_s=60.0)
        await world.running()
        world.check()
        await world.kill()

    simulated(story())


def test_an_order_of_which_nothing_is_heard_is_asked_for(tmp_path: Path) -> None:
    """A cancel was taken, and the stream has lost that the order has gone."""

    async def story() -> None:
        world = World(tmp_path / "j")
        world.begin()
        await world.running()
        world.port.quotes[0] = Quote(0, PRICE, PRICE, PRICE, PRICE)
        world.loop.session.quote(Quote(0, PRICE + UNIT, PRICE + UNIT, PRICE, PRICE))
        world.port.gap = True
        await asyncio.sleep(0.5)
        world.port.gap = False
        assert Order.PENDING_CANCEL in states(world)
        await world.running()
        world.check()
        await world.kill()

    simulated(story())


def test_orders_of_two_journals_have_different_numbers(tmp_path: Path) -> None:
    """A new journal begins behind all numbers of an older one."""

    async def story() -> None:
        first = World(tmp_path / "a")
        first.begin()
        await first.running()
        await asyncio.sleep(1.0)
        second = World(tmp_path / "b")
        second.begin()
        await second.running()
        assert max(first.port.placed) < min(second.port.placed)
        await first.kill()
        await second.kill()

    simulated(story())


def test_the_whole_bot_is_written_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart replays what came after the newest snapshot, however long the journal is."""
    monkeypatch.setattr(monitor, "SNAPSHOT_ROWS", 20)

    async def story() -> None:
        world = World(tmp_path / "j")
        world.begin()
        await world.running()
        await world.walk(*(PRICE - UNIT * n for n in range(1, 4)))
        await world.running()
        assert world.journal is not None
        assert world.journal.head.row - world.journal.last_snapshot() < 20
        world.check()
        await world.kill()

    simulated(story())


def states(world: World) -> set[Order]:
    """Return the states of the bot's open orders."""
    return {each.order.state for each in order_manager.live(world.bot.book)}


def phase(world: World) -> Phase:
    """Return the phase of the wallet."""
    return world.bot.wallet.phase


def test_only_the_newest_refusal_says_when_to_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older one would have the order tried beside it, ever more often."""

    async def story() -> None:
        world = World(tmp_path / "j")
        world.begin()
        await world.running()
        told: list[tuple[object, float]] = []
        now_s = asyncio.get_running_loop().time

        def tell(event: object) -> None:
            told.append((event, now_s()))

        monkeypatch.setattr(world.loop.session, "tell", tell)
        began_s = now_s()
        for wake in (Wake(0, SECOND_NS), Wake(1, SECOND_NS), Wake(0, 3 * SECOND_NS)):
            world.loop._out(wake)
        await asyncio.sleep(5.0)
        woken = [(each, round(at_s - began_s)) for each, at_s in told if isinstance(each, Woken)]
        assert woken == [(Woken(1), 1), (Woken(0), 3)]
        await world.kill()

    simulated(story())
