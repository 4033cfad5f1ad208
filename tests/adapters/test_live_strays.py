"""A refused order that is there all the same: something on the way had sent its request twice."""

import asyncio
from pathlib import Path

from attrs import evolve

from adapters.venue.port import Outcome, Rejected
from machines.messages import Wanted
from spec.supervisor import State
from spec.terms import OrderType, Reason, Side
from tests.adapters.live_world import PRICE, UNIT, World, simulated

Refusals = list[tuple[int, Wanted]]
SOON_S = 2.0  # an audit would come later


async def refused(world: World) -> Refusals:
    """Let the bot run, and refuse what it wants when the price moves."""
    refusals = Refusals()

    async def refusing(symbol: int, client_order_id: int, order: Wanted) -> Outcome:
        del symbol
        refusals.append((client_order_id, order))
        return Rejected(Reason.TRIGGER_CROSSED, "", "")

    world.begin()
    await world.running()
    place = world.port.place
    world.port.place = refusing  # type: ignore[method-assign]
    await world.walk(PRICE - UNIT)
    world.port.place = place  # type: ignore[method-assign]
    assert refusals
    return refusals


def test_an_order_that_nobody_knows_of_is_canceled_once_the_stream_shows_it(tmp_path: Path) -> None:
    """It does not stay until the next audit."""

    async def story() -> None:
        world = World(tmp_path / "j")
        (key, order), *_ = await refused(world)
        far = evolve(
            order,
            trigger_ticks=0,
            reduce_only=False,
            type=OrderType.LIMIT,
            price_ticks=2 * PRICE,
            side=Side.SELL,
        )
        await world.port.place(0, key, far)
        assert key in {each.client_order_id for each in world.venue.open_orders(0)}
        await asyncio.sleep(SOON_S)
        assert key not in {each.client_order_id for each in world.venue.open_orders(0)}
        await world.running()
        world.check()
        await world.kill()

    simulated(story())


def test_a_fill_that_the_bot_cannot_explain_is_asked_about_at_once(tmp_path: Path) -> None:
    """Nothing is opened any more, and as no answer explains it, a person has to look."""

    async def story() -> None:
        world = World(tmp_path / "j")
        (key, order), *_ = await refused(world)
        market = evolve(order, type=OrderType.MARKET, trigger_ticks=0, reduce_only=False)
        await world.port.place(0, key, market)
        await world.until(lambda: world.loop.supervising.state is not State.RUNNING, SOON_S)
        await world.until(lambda: world.loop.supervising.state is State.HALTED)
        assert ("bot", {"text": "late report", "number": key}) in world.said
        await world.kill()

    simulated(story())
