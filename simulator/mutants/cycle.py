"""Defects of the hedge wallet's ladder, as they show in what one cycle earns."""

from attrs import evolve

from machines import ladder
from machines.ladder import Wallet
from machines.messages import Wanted
from simulator.judge import Mutant
from simulator.worlds.cycle import UNIT, CycleWorld, named
from spec.hedge_wallet import HEDGE_WALLET, Action, Fragment, OrderKind, State, Symbol
from spec.terms import PositionMode

S, X, A = State, Symbol, Action


def mutants() -> tuple[Mutant, ...]:
    """Return defects of the ladder that show in what a cycle earns."""
    coin_lots, usd_lots = (
        CycleWorld(named(PositionMode.ONE_WAY, size), fragment=size, units=6, rises=1)
        for size in (Fragment.COIN, Fragment.USD)
    )
    hedge = CycleWorld(named(PositionMode.HEDGE, Fragment.USD), PositionMode.HEDGE, units=6)
    table = HEDGE_WALLET.redirected
    stuck = table(S.DECLINE, X.UNIT_DOWN, S.RECOVERY, ())
    twice = table(S.DECLINE, X.UNIT_DOWN, S.DECLINE, (A.SLIDE_DOWN, A.SLIDE_DOWN))
    late = table(S.RETRACEMENT, X.LAST_ENTRY_FILLED, S.RETRACEMENT)
    endless = table(S.RECOVERY, X.LAST_COVER_FILLED, S.RECOVERY, ())
    return (
        Mutant("covers rest one unit too high", "HW-9", evolve(coin_lots, wanted=high_covers)),
        Mutant("entries rest one unit too low", "HW-9", evolve(hedge, wanted=low_entries)),
        Mutant(
            "every short is a third of the lots", "HW-9", evolve(coin_lots, wanted=large_entries)
        ),
        Mutant("covers stay where the fourth short was sold", "HW-9", evolve(usd_lots, spec=stuck)),
        Mutant("each unit of DECLINE slides two slots", "HW-9", evolve(hedge, spec=twice)),
        Mutant("four shorts do not make DECLINE", "HW-9", evolve(hedge, spec=late)),
        Mutant("RECOVERY has no end", "HW-6.9", evolve(usd_lots, spec=endless)),
    )  # fmt: skip


def high_covers(wallet: Wallet) -> tuple[Wanted, ...]:
    """Return the orders that *wallet* wants, its covers one unit higher."""
    return tuple(_moved(order, OrderKind.STOP_LOSS_COVER, 1) for order in ladder.wanted(wallet))


def low_entries(wallet: Wallet) -> tuple[Wanted, ...]:
    """Return the orders that *wallet* wants, its entries one unit lower."""
    return tuple(_moved(order, OrderKind.STOP_ENTRY_SHORT, -1) for order in ladder.wanted(wallet))


def _moved(order: Wanted, kind: OrderKind, units: int) -> Wanted:
    """Return *order* at another level if it is of *kind*; the wallet does not know."""
    if order.kind != kind or not order.trigger_ticks:
        return order
    return evolve(order, trigger_ticks=order.trigger_ticks + units * UNIT)


def large_entries(wallet: Wallet) -> tuple[Wanted, ...]:
    """Return the orders that *wallet* wants, its entries a third of the lots bought."""
    return tuple(
        evolve(order, qty=wallet.cycle_qty // 3)
        if order.kind == OrderKind.STOP_ENTRY_SHORT
        else order
        for order in ladder.wanted(wallet)
    )
