"""All coins of a venue: which of them a strategy trades that approves of all, chosen once.

A portfolio's contracts are those of its journal, so the choice is made where there is none yet.
"""

from collections.abc import Callable, Sequence

from attrs import evolve

from adapters.live.account import AccountError
from adapters.live.loop import Said
from adapters.live.prepare import Plan
from adapters.live.prepare_strategy import StrategyPlan
from adapters.strategy import portfolio as portfolios
from adapters.strategy import settings as strategies
from adapters.strategy.parse import Strategy
from adapters.strategy.text import Problem
from adapters.venue.client import Client
from adapters.venue.listing import Listed, listing
from adapters.venue.outcomes import Failure
from spec.units import MILLI_NS

COINS_MAX = 50


async def listed(plan: Plan, made: Callable[[], Client], now_ns: int, said: Said) -> Plan:
    """Return *plan* with the coins that the venue lists, if it has none; *said* is told which.

    Raises:
        AccountError: The venue does not answer, or lists none that may be traded.
    """
    if not isinstance(plan, StrategyPlan) or plan.coins:
        return plan
    client = made()
    try:
        found = await listing(client, plan.quote)
    finally:
        await client.close()
    if isinstance(found, Failure):
        raise AccountError(f"venue: {found.text}; see whether the address is right, and try again")
    coins = chosen(plan.strategy, found, now_ns // MILLI_NS)
    said("coins", traded=len(coins), listed=len(found), names=" ".join(coins))
    return evolve(plan, coins=coins)


def chosen(strategy: Strategy, found: Sequence[Listed], now_ms: int) -> tuple[str, ...]:
    """Return the coins of *found* that are traded: those that are named, then the busiest.

    Raises:
        AccountError: There are none.
    """
    days = strategy.number(portfolios.AGE)
    born_ms = now_ms - int(days * strategies.DAY_MS)
    old = [each for each in found if each.since_ms is None or each.since_ms <= born_ms]
    busiest = sorted(old, key=lambda each: (-each.turnover, each.coin))
    names = dict.fromkeys((*portfolios.named(strategy), *(each.coin for each in busiest)))
    coins = strategies.traded(strategy, tuple(names))[:COINS_MAX]
    if not coins:
        fix = f"of {len(found)} coins none is traded that is so old; lower it, or name coins"
        raise AccountError(str(Problem(portfolios.AGE, days, fix)))
    return coins
