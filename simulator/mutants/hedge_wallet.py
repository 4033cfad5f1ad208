"""Defects of the hedge wallet: in its phases, in the orders it wants, in what a restart knows."""

from attrs import evolve

from machines import ladder
from machines.hedge_wallet import WalletSpec
from machines.ladder import Wallet
from machines.messages import Wanted
from simulator.judge import Mutant
from simulator.worlds import wallet_alone
from simulator.worlds.hedge_wallet import HedgeWalletWorld, deep_worlds, worlds
from spec.hedge_wallet import HEDGE_WALLET, Action, OrderKind, State, Symbol
from spec.order import ORDER
from spec.order import State as OrderState
from spec.order import Symbol as OrderSymbol

S, X, A = State, Symbol, Action
TABLE = HEDGE_WALLET


def mutants() -> tuple[Mutant, ...]:
    """Return one defect or more for each property that a world of this machine claims."""
    known = {world.name: world for world in worlds()}
    plain, lagging = known["hedge-wallet"], known["hedge-wallet-lagging"]
    (alone,) = wallet_alone.worlds()
    crash = known["hedge-wallet-crash"]
    halt = (A.HALT,)
    believed = ORDER.redirected(OrderState.NEW, OrderSymbol.CANCEL, OrderState.CANCELED)
    return (
        *_literal(),
        _table("an entry that filled before the exit leaves the exit waiting", "HW-1", lagging,
               TABLE.redirected(S.ADVANCE, X.ENTRY_FILLED, S.ADVANCE, (A.ARM_COVER,))),
        Mutant("a cancel is believed when asked for", "HW-2.1", evolve(lagging, orders=believed)),
        Mutant("a restart forgets the orders, and buys again", "HW-2.2",
               evolve(crash, forgetful=True)),
        Mutant("the lowest entry is left out", "HW-3", evolve(plain, wanted=three_entries)),
        _table("a cover leaves the phase as it is", "HW-4", plain,
               TABLE.redirected(S.DECLINE, X.COVER_FILLED, S.DECLINE)),
        _table("a re-entry has no row", "HW-6.1", plain,
               TABLE.redirected(S.RESET, X.BOUGHT, S.RESET, halt)),
        _table("the exit leads to DECLINE", "HW-6.2", plain,
               TABLE.redirected(S.ADVANCE, X.EXIT_FILLED, S.DECLINE)
               .redirected(S.RESET, X.ENTRY_FILLED, S.RECOVERY)),
        _table("the fourth short has no row", "HW-6.3", plain,
               TABLE.redirected(S.RETRACEMENT, X.LAST_ENTRY_FILLED, S.RETRACEMENT, halt)
               .redirected(S.ADVANCE, X.EXIT_FILLED_ALL_SHORT, S.RETRACEMENT, halt)),
        _table("a cover leads back to RETRACEMENT", "HW-6.4", plain,
               TABLE.redirected(S.DECLINE, X.COVER_FILLED, S.RETRACEMENT)),
        _table("what ends a retracement has no row", "HW-6.5", plain,
               TABLE.redirected(S.RETRACEMENT, X.LAST_COVER_FILLED, S.RETRACEMENT, halt)
               .redirected(S.RETRACEMENT, X.UNIT_UP, S.RETRACEMENT, halt)),
        _table("a recovery ends in RETRACEMENT", "HW-6.6", plain,
               TABLE.redirected(S.RECOVERY, X.LAST_COVER_FILLED, S.RETRACEMENT)),
        _table("the fourth short of a recovery has no row", "HW-6.7", plain,
               TABLE.redirected(S.RECOVERY, X.LAST_ENTRY_FILLED, S.RECOVERY, halt)),
        Mutant("only the nearest orders are placed", "HW-6.8", evolve(plain, wanted=nearest)),
        _table("a re-entry does not end RESET", "HW-7", plain,
               TABLE.redirected(S.RESET, X.BOUGHT, S.RESET, (A.QUOTE,))),
        Mutant("a restart forgets the orders", "HW-8", evolve(plain, forgetful=True)),
        _table("a cover in RECOVERY has no row", "HW-10", plain,
               TABLE.redirected(S.RECOVERY, X.COVER_FILLED, S.RECOVERY, halt)),
        Mutant("whoever resumes in DECLINE resumes in RECOVERY", "HW-11",
               evolve(alone, spec=TABLE.redirected(S.DECLINE, X.RESUMED, S.RECOVERY))),
        Mutant("who resumes in ADVANCE is halted again", "HW-12",
               evolve(alone, spec=TABLE.redirected(S.ADVANCE, X.RESUMED, S.ADVANCE, halt))),
    )  # fmt: skip


def _literal() -> tuple[Mutant, ...]:
    """Return what the original description says, or does not forbid, as defects."""
    known = {world.name: world for world in (*worlds(), *deep_worlds())}
    plain, lagging = known["hedge-wallet"], known["hedge-wallet-lagging"]
    legs = known["hedge-wallet-legs-lagging"]
    liquidated = known["hedge-wallet-liquidated-lagging"]
    return (
        Mutant("a cover waits one unit above the price, not above its short", "HW-5",
               evolve(plain, wanted=covers_at_the_price)),
        Mutant("an entry waits one unit below the price, not at its edge", "HW-5",
               evolve(plain, wanted=entries_at_the_price)),
        Mutant("the next cycle's buy does not wait for the entries to go", "HW-1",
               evolve(legs, wanted=buy_beside_entries)),
        _table("an entry that fills in RESET has no row", "HW-10", lagging,
               TABLE.redirected(S.RESET, X.ENTRY_FILLED, S.RESET, (A.HALT,))),
        Mutant("covers do not wait for the exit", "HW-10", evolve(lagging, wanted=early_covers)),
        Mutant("the exit may open a short", "HW-2.1", evolve(liquidated, wanted=exit_opens)),
    )  # fmt: skip


def three_entries(wallet: Wallet) -> tuple[Wanted, ...]:
    """Return the orders wanted without the lowest entry."""
    orders = ladder.wanted(wallet)
    entries = [o for o in orders if o.kind == OrderKind.STOP_ENTRY_SHORT]
    return tuple(order for order in orders if order not in entries[3:])


def nearest(wallet: Wallet) -> tuple[Wanted, ...]:
    """Return of the orders wanted the exit, or else the highest entry and the lowest cover."""
    orders = ladder.wanted(wallet)
    if wallet.phase is State.ADVANCE:
        return orders[:1]
    entries = [o for o in orders if o.kind == OrderKind.STOP_ENTRY_SHORT]
    covers = [o for o in orders if o.kind == OrderKind.STOP_LOSS_COVER]
    others = [o for o in orders if o not in entries and o not in covers]
    return (*others, *entries[:1], *covers[-1:])


def covers_at_the_price(wallet: Wallet) -> tuple[Wanted, ...]:
    """Return the orders wanted with every cover one unit above the lowest short."""
    unit = min((slot.edge for slot in wallet.slots if slot.short), default=0) + 1
    return _all_at(wallet, OrderKind.STOP_LOSS_COVER, unit)


def entries_at_the_price(wallet: Wallet) -> tuple[Wanted, ...]:
    """Return the orders wanted with every entry of a RECOVERY at the highest free edge."""
    if wallet.phase is not State.RECOVERY:
        return ladder.wanted(wallet)
    unit = max(slot.edge for slot in wallet.slots if not slot.short)
    return _all_at(wallet, OrderKind.STOP_ENTRY_SHORT, unit)


def buy_beside_entries(wallet: Wallet) -> tuple[Wanted, ...]:
    """Return the orders wanted, in RESET the re-entry and the entries that are still working."""
    orders = ladder.wanted(wallet)
    if wallet.phase is not State.RESET or not orders:
        return orders
    left = ladder.wanted(evolve(wallet, phase=State.RETRACEMENT))
    return (evolve(orders[0], alone=False), *left)


def early_covers(wallet: Wallet) -> tuple[Wanted, ...]:
    """Return the orders wanted, in ADVANCE the covers of what is short too."""
    orders = ladder.wanted(wallet)
    if wallet.phase is not State.ADVANCE:
        return orders
    short = ladder.wanted(evolve(wallet, phase=State.RETRACEMENT))
    return (*orders, *(order for order in short if order.kind == OrderKind.STOP_LOSS_COVER))


def exit_opens(wallet: Wallet) -> tuple[Wanted, ...]:
    """Return the orders wanted with an exit that sells whatever the position is."""
    return tuple(
        evolve(order, reduce_only=False) if order.kind == OrderKind.STOP_LOSS_FULL else order
        for order in ladder.wanted(wallet)
    )


def _all_at(wallet: Wallet, kind: OrderKind, unit: int) -> tuple[Wanted, ...]:
    """Return the orders wanted with every stop of *kind* at *unit*."""
    level = ladder.level(wallet, unit)
    return tuple(
        evolve(order, unit=unit, trigger_ticks=level)
        if order.kind == kind and order.trigger_ticks
        else order
        for order in ladder.wanted(wallet)
    )


def _table(defect: str, property_id: str, world: HedgeWalletWorld, spec: WalletSpec) -> Mutant:
    """Return the mutant of *world* that follows *spec*."""
    return Mutant(defect, property_id, evolve(world, spec=spec))
