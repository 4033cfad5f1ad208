"""Defects of the hedge wallet, of its orders and of what a restart knows, on a wire that fails."""

from typing import Any

from attrs import evolve

from machines import bot as bots
from machines import ladder, order_manager
from machines.bot import Bot
from machines.hedge_wallet import WalletSpec
from machines.ladder import KEYS, Wallet
from machines.messages import Wanted
from machines.order import OrderSpec
from simulator.judge import Mutant
from simulator.mutants.hedge_wallet import (
    buy_beside_entries,
    covers_at_the_price,
    three_entries,
)
from simulator.worlds.product_wallet import FAULTS, IDS, BotActor, named, new_bot
from simulator.worlds.product_wallet_overtaking import mixed, overtaking
from spec.hedge_wallet import HEDGE_WALLET, Action, OrderKind, State, Symbol
from spec.order import ORDER
from spec.order import Action as OrderAction
from spec.order import State as OrderState
from spec.order import Symbol as OrderSymbol

S, X, A = State, Symbol, Action
O, Y, B = OrderState, OrderSymbol, OrderAction  # noqa: E741  # as short as the others


def mutants() -> tuple[Mutant, ...]:
    """Return defects that need no fault, and defects that only a fault shows."""
    return (*_orders(), *_phases(), *_restarts(), *_overtaken())


def _orders() -> tuple[Mutant, ...]:
    """Return defects of the order machine."""
    believed = ORDER.redirected(O.NEW, Y.CANCEL, O.CANCELED)
    refused = ORDER.redirected(O.PENDING_NEW, Y.LOST, O.REJECTED, (B.RELEASE,))
    resent = ORDER.redirected(O.PENDING_NEW, Y.LOST, O.PENDING_NEW, (B.SEND_NEW,))
    return (
        _order("a cancel is believed when asked for", "ORD-2", "advance", "lossy", believed),
        _order("a lost submit counts as refused", "ORD-2", "recovery", "lossy", refused),
        _order("a lost submit is sent again", "ORD-3", "retracement", "crash", resent),
        _order("an order that was found is taken for absent", "ORD-2", "decline", "crash",
               ORDER.redirected(O.UNKNOWN, Y.RESTS_NEW, O.REJECTED, (B.RELEASE,))),
    )  # fmt: skip


def _phases() -> tuple[Mutant, ...]:
    """Return defects of the phases and of the orders wanted."""
    table = HEDGE_WALLET.redirected
    return (
        _phase("a cover leaves the phase as it is", "HW-4", "decline",
               table(S.DECLINE, X.COVER_FILLED, S.DECLINE)),
        _phase("an entry that fills in RESET has no row", "HW-10", "advance",
               table(S.RESET, X.ENTRY_FILLED, S.RESET, (A.HALT,))),
        _phase("a re-entry does not end RESET", "HW-7", "retracement",
               table(S.RESET, X.BOUGHT, S.RESET, (A.QUOTE,))),
        _phase("the fourth short of a recovery has no row", "HW-6.3", "recovery",
               table(S.RECOVERY, X.LAST_ENTRY_FILLED, S.RECOVERY, (A.HALT,))),
        _ours("the lowest entry is left out", "HW-3", "advance", "lossy", wanted=three_entries),
        _ours("the exit is left out", "HW-1", "advance", "lossy", wanted=no_exit),
        _ours("the next cycle's buy does not wait for the entries to go", "HW-1", "advance", "legs",
              wanted=buy_beside_entries),
        _ours("a cover waits one unit above the price", "HW-5", "advance", "jumps",
              wanted=covers_at_the_price),
    )  # fmt: skip


def _restarts() -> tuple[Mutant, ...]:
    """Return defects of what a restart knows."""
    return (
        _ours("a restart forgets the orders", "ORD-2", "advance", "crash", survives=orderless),
        _ours("a restart forgets the orders", "ORD-4", "advance", "crash", survives=orderless),
        _ours("a restart forgets the orders", "HW-2.2", "retracement", "crash", survives=orderless),
        _ours("a restart forgets the orders", "HW-2.1", "decline", "crash", survives=orderless),
        _ours("a restart forgets the orders", "HW-5", "recovery", "crash", survives=orderless),
        _ours("a restart begins anew", "HW-4", "decline", "crash", survives=afresh),
    )


def _overtaken() -> tuple[Mutant, ...]:
    """Return defects that show where commands overtake each other."""
    trusting = ORDER.redirected(O.PENDING_CANCEL, Y.RESTS_NEW, O.CANCELED, (B.RELEASE,))
    valid = overtaking(mixed("recovery"), patient=True)
    return (
        Mutant("a command is valid for ever", "ORD-3", valid),
        Mutant("a refused cancel counts as done", "ORD-2",
               overtaking(mixed("advance", bot=new_bot(orders=trusting)))),
    )  # fmt: skip


def no_exit(wallet: Wallet) -> tuple[Wanted, ...]:
    """Return the orders wanted without the exit."""
    orders = ladder.wanted(wallet)
    return tuple(order for order in orders if order.kind != OrderKind.STOP_LOSS_FULL)


def orderless(bot: Bot) -> Bot:
    """Return what a restart knows that has forgotten its orders, but no order id."""
    blank = order_manager.empty(KEYS)
    return evolve(bot, book=evolve(blank, sequence=bot.book.sequence))


def afresh(bot: Bot) -> Bot:
    """Return what a restart knows that has kept the orders only."""
    fresh = bots.new(bot.wallet.config, bot.wallet.cash)
    return evolve(fresh, book=bot.book)


def _ours(
    defect: str,
    property_id: str,
    phase: str,
    kind: str,
    **changes: Any,  # noqa: ANN401
) -> Mutant:
    """Return the mutant with another side of ours."""
    side = evolve(BotActor(IDS), **changes)
    return Mutant(defect, property_id, named(phase, kind, FAULTS[kind], side=side))


def _order(defect: str, property_id: str, phase: str, kind: str, spec: OrderSpec) -> Mutant:
    """Return the mutant whose orders follow *spec*."""
    world = named(phase, kind, FAULTS[kind], bot=new_bot(orders=spec))
    return Mutant(defect, property_id, world)


def _phase(defect: str, property_id: str, phase: str, spec: WalletSpec) -> Mutant:
    """Return the mutant whose wallet follows *spec*."""
    world = named(phase, "lossy", FAULTS["lossy"], bot=new_bot(spec))
    return Mutant(defect, property_id, world)
