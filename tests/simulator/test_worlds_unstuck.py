"""The closed worlds of unstucking: how they end, and what a budget is worth that is not dated."""

import pytest

from simulator.judge import explore, kill
from simulator.mutants import unstuck as mutants
from simulator.worlds.unstuck import Bot, deep_worlds, named
from simulator.worlds.unstuck_scene import Account
from spec.unstuck import State

DEEP_COUNTS = {
    "unstuck-scenes": (251_679, 928_357, 51),
    "unstuck-shocks": (128_572, 509_035, 45),
}


@pytest.mark.parametrize("name", ["unstuck-budget", "unstuck-crash"])
def test_what_the_bot_counts_is_what_the_account_has_lost(name: str) -> None:
    """Wherever nothing is under way: losses, sizes, and which order is open."""
    world = named(name)
    todo = list(world.initial())
    seen, calm = set(todo), 0
    for state in todo:
        nexts = {after for _, after in world.moves(state)} - seen
        todo.extend(nexts)
        seen |= nexts
        bot, account = state.actors
        assert isinstance(bot, Bot)
        assert isinstance(account, Account)
        if any(state.queues) or bot.unstuck.state is State.RESTORING:
            continue
        calm += 1
        assert (bot.unstuck.lost, bot.sizes) == (account.lost, account.sizes)
        assert bot.balance.budgets == account.left
        open_orders = [order.order for order in account.orders]
        working = bot.unstuck.state is State.WORKING
        assert open_orders == ([bot.unstuck.order] if working else [])
    assert calm > 10


@pytest.mark.parametrize(
    ("defect", "property_id", "moves"),
    [
        ("an open order leaves no budget", "UNS-7", 2),
        ("an order does not wait for the one before", "UNS-1.1", 4),
        ("a budget is taken for that of now", "UNS-2.1", 7),
        ("a budget is taken for that of now", "UNS-2.2", 11),
    ],
)
def test_how_soon_a_defect_shows(defect: str, property_id: str, moves: int) -> None:
    """The shortest way to what others do wrong."""
    found = (m for m in mutants.mutants() if (m.defect, m.property_id) == (defect, property_id))
    verdict = kill(next(found)).verdict
    assert verdict is not None
    assert len(verdict.moves()) == moves


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP_COUNTS)
def test_each_deep_world_has_its_size_and_its_claims_hold(name: str) -> None:
    """More of everything at once makes no difference to what holds."""
    found = explore({world.name: world for world in deep_worlds()}[name])
    assert (found.states, found.transitions, found.depth) == DEEP_COUNTS[name]
    assert not found.failures
