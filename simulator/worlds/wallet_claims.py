"""What is claimed of the hedge wallet's scenes, as predicates."""

from collections.abc import Callable

from machines import ladder
from machines.ladder import Wallet
from machines.messages import Report, Wanted
from machines.order import Filled
from machines.order_manager import live, waiting
from machines.position import Pair
from simulator.explorer import Move
from simulator.worlds.wallet_scene import Scene
from spec.hedge_wallet import OrderKind, State

PASSAGES = (
    (State.RETRACEMENT, State.RESET),
    (State.RECOVERY, State.RESET),
    (State.RECOVERY, State.DECLINE),
)


def passes(was: State, now: State) -> Callable[[Scene], bool]:
    """Return the predicate that the latest event led from *was* to *now*."""
    return lambda scene: scene.was is was and scene.bot.wallet.phase is now


def quiescent(scene: Scene) -> bool:
    """Return whether nothing is on the way, half filled or held back."""
    half = any(r.triggered for r in scene.resting)
    return not scene.inbox and not half and not waiting(scene.bot.book)


def long_lots(scene: Scene) -> int:
    """Return the lots long at the venue."""
    return max(scene.long, 0)


def short_lots(scene: Scene) -> int:
    """Return the lots short at the venue."""
    return scene.short + max(-scene.long, 0)


def never_both(scene: Scene) -> bool:
    """HW-1: both legs are open, or counted as open, only in ADVANCE while news is under way."""
    wallet = scene.bot.wallet
    counted = wallet.long_qty > 0 and ladder.shorts(wallet) > 0
    held = scene.long > 0 and scene.short > 0
    if not (counted or held):
        return True
    return wallet.phase is State.ADVANCE and not quiescent(scene)


def working_orders(scene: Scene) -> bool:
    """HW-3: the number of working orders, when quiescent."""
    wallet = scene.bot.wallet
    if not quiescent(scene) or wallet.halted:
        return True
    count = {State.ADVANCE: 5, State.RESET: 0}.get(wallet.phase, 4)
    return len(scene.resting) == count == len(live(scene.bot.book))


def phase_follows(scene: Scene) -> bool:
    """HW-4: the phase that position and working orders tell, when quiescent."""
    wallet = scene.bot.wallet
    if not quiescent(scene) or wallet.halted:
        return True
    kinds = [OrderKind(r.order.kind) for r in scene.resting]
    covers = kinds.count(OrderKind.STOP_LOSS_COVER)
    if wallet.phase is State.ADVANCE:
        return long_lots(scene) > 0 and kinds.count(OrderKind.STOP_LOSS_FULL) == 1 and not covers
    if wallet.phase is State.RESET or long_lots(scene):
        return False
    if wallet.phase is State.DECLINE:
        return covers == ladder.SLOTS
    return covers < ladder.SLOTS and (covers > 0) == (short_lots(scene) > 0)


def phase_counts(scene: Scene) -> bool:
    """HW-11: the phase says how many slots are short; a halted wallet without one starts anew."""
    wallet = scene.bot.wallet
    anew = wallet.phase is State.RESET or not wallet.halted or ladder.shorts(wallet) > 0
    return ladder.well_formed(wallet) and anew


def no_twins(scene: Scene) -> bool:
    """HW-5: no two working orders have the same level and kind."""
    seen = [(r.order.kind, r.order.trigger_ticks) for r in scene.resting if not r.triggered]
    return len(set(seen)) == len(seen)


def in_reset(scene: Scene) -> bool:
    """Return whether the wallet is in RESET and may go on."""
    return scene.bot.wallet.phase is State.RESET and not scene.bot.wallet.halted


def out_of_reset(scene: Scene) -> bool:
    """Return whether the wallet has bought, or a late entry has filled."""
    return scene.bot.wallet.phase is not State.RESET or scene.bot.wallet.halted


def is_in(phase: State) -> Callable[[Scene], bool]:
    """Return the predicate that the wallet is in *phase*."""
    return lambda scene: scene.bot.wallet.phase is phase


def gap_fills(scene: Scene) -> bool:
    """HW-6.8: a jump over three units has filled three orders at once."""
    fills = (m for _, m in scene.inbox if isinstance(m, Report) and isinstance(m.event, Filled))
    return scene.jumped and sum(1 for _ in fills) >= ladder.SLOTS - 1


def arrives(move: Move) -> bool:
    """Return whether *move* is one that happens in the end."""
    return move.who in {"wire", "clock"} or move.what == "fills the rest"


def essence(scene: Scene) -> tuple[Wallet, Pair, tuple[Wanted, ...]]:
    """Return what a settled scene amounts to: the wallet, the position, the orders at the venue."""
    orders = sorted((r.order for r in scene.resting), key=lambda order: order.key)
    return scene.bot.wallet, scene.bot.pair, tuple(orders)


def halted_and_agreed(scene: Scene) -> bool:
    """Return whether the bot of a settled scene is halted and holds what the venue holds."""
    pair = scene.bot.pair
    agreed = (pair.long.qty, pair.short.qty) == (long_lots(scene), short_lots(scene))
    return scene.bot.wallet.halted and agreed
