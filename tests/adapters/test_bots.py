"""Both bots as one: what a step has moved, and what each symbol has."""

import pytest
from attrs import evolve

from adapters.bots import books, holding, holdings, moved, states
from machines.portfolio import Portfolio
from machines.position import Leg, Pair
from spec.position import State
from spec.terms import PositionMode
from tests.adapters.test_journal_portfolio import moments


@pytest.mark.parametrize("mode", PositionMode)
def test_only_what_has_moved_changes_its_state(mode: PositionMode) -> None:
    """Of symbols that are left out no order and no machine is in another state."""
    left_out = 0
    for moment in moments(mode):
        before, after = moment.before, moment.after
        rest = set(range(len(books(before)))).difference(moved(before, after))
        left_out += len(rest)
        assert [*states(before, rest)][:-2] == [*states(after, rest)][:-2]  # but those of all
        assert all(books(before)[symbol] == books(after)[symbol] for symbol in rest)
    assert left_out


@pytest.mark.parametrize("leg", ["pair", "mirror"])
def test_a_liquidation_moves_a_symbol(leg: str) -> None:
    """It changes what is held, and leaves the orders as they are."""
    before = moments(PositionMode.ONE_WAY)[-1].after
    assert isinstance(before, Portfolio)
    first, *others = before.desks
    other = Pair(mode=PositionMode.ONE_WAY, state=State.LONG, long=Leg(qty=1, cost=1))
    desk = evolve(first, pair=other) if leg == "pair" else evolve(first, mirror=other)
    after = evolve(before, desks=(desk, *others))
    assert moved(before, after) == (0,)


@pytest.mark.parametrize("mode", PositionMode)
def test_a_holding_is_one_of_all(mode: PositionMode) -> None:
    """Asking for one symbol, or for its orders, is asking for all and picking."""
    bot = moments(mode)[-1].after
    found = holdings(bot)
    assert tuple(each.book for each in found) == books(bot)
    assert found == tuple(holding(bot, symbol) for symbol in range(len(found)))
