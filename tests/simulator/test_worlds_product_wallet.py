"""The hedge wallet on a wire that fails: where each world begins, gaps, crashes, large worlds."""

from functools import cache
from typing import Any

import pytest

from machines.messages import Cancel, Place, Query, Report
from machines.order import Lost
from machines.order_manager import live
from simulator import compiled
from simulator.actors import ActorWorld, Do
from simulator.explorer import Move
from simulator.worlds.order_ours import Budget
from simulator.worlds.product_wallet import (
    IDS,
    PATHS,
    BotActor,
    Ours,
    begun,
    deep_worlds,
    new_bot,
)
from simulator.worlds.product_wallet_rules import delivers
from simulator.worlds.product_wallet_venue import Exchange, ExchangeActor

DEEP_COUNTS = {
    "wallet-advance-late": (18_752, 28_187, 51),
    "wallet-advance-crash-late": (11_400, 18_967, 40),
    "wallet-advance-jumps-crash": (37_564, 60_805, 40),
    "wallet-advance-legs-lossy": (10_241, 14_880, 27),
    "wallet-advance-legs-jumps": (34_625, 56_244, 35),
    "wallet-retracement-late": (21_753, 32_991, 54),
    "wallet-retracement-crash-late": (12_956, 21_451, 43),
    "wallet-retracement-jumps-crash": (22_267, 35_929, 37),
    "wallet-retracement-legs-lossy": (15_167, 23_422, 28),
    "wallet-retracement-legs-jumps": (22_150, 35_773, 31),
    "wallet-decline-late": (8_000, 12_474, 30),
    "wallet-decline-crash-late": (5_644, 9_759, 23),
    "wallet-decline-jumps-crash": (19_226, 31_075, 27),
    "wallet-decline-legs-lossy": (3_660, 5_404, 20),
    "wallet-decline-legs-jumps": (19_226, 31_075, 27),
    "wallet-recovery-late": (7_797, 11_858, 39),
    "wallet-recovery-crash-late": (4_719, 7_754, 27),
    "wallet-recovery-jumps-crash": (20_673, 33_597, 40),
    "wallet-recovery-legs-lossy": (2_502, 3_596, 19),
    "wallet-recovery-legs-jumps": (20_634, 33_545, 36),
    "wallet-retracement-worst": (252_784, 474_572, 44),
    "wallet-decline-worst": (66_007, 125_871, 27),
    "wallet-recovery-worst": (40_284, 76_257, 22),
    "wallet-advance-worst": (13_187, 22_530, 24),
}
WE, VENUE = BotActor(IDS), ExchangeActor(IDS)


@cache
def _worlds() -> dict[str, ActorWorld]:
    """Return the deep worlds by name."""
    return {world.name: world for world in deep_worlds()}


def _begun(*path: int) -> tuple[Ours, Exchange]:
    """Return both sides after *path*."""
    return begun(WE, VENUE, new_bot(), path)


def _sent(do: Do) -> tuple[Any, ...]:
    """Return the first frame that *do* sends."""
    frame: Any = do.sends[0][1]
    return tuple(frame)


def _ours(do: Do) -> Ours:
    """Return our side after *do*."""
    assert isinstance(do.state, Ours)
    return do.state


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP_COUNTS)
def test_each_deep_world_has_its_size_and_its_claims_hold(name: str) -> None:
    """A market that moves on, or jumps, and several misfortunes make no difference."""
    found = compiled.explore(_worlds()[name], states_max=1_000_000)
    assert (found.states, found.transitions, found.depth) == DEEP_COUNTS[name]
    assert not found.failures


@pytest.mark.parametrize("phase", PATHS)
def test_each_world_begins_in_its_phase_with_its_orders_in_place(phase: str) -> None:
    """What goes wrong from there on goes wrong in that phase."""
    path, (first, _) = PATHS[phase]
    ours, exchange = _begun(*path)
    assert ours.bot.wallet.phase is first
    assert exchange.unit == sum(path)
    working = [w.client_order_id for w in live(ours.bot.book)]
    assert working == sorted(resting.number for resting in exchange.resting)


def test_a_restart_asks_for_every_open_order() -> None:
    """The bot is in the journal; what the venue has told meanwhile is not."""
    ours, _ = _begun()
    (restart,) = WE.acts(ours._replace(down=True))
    asked = [each.client_order_id for each in _sent(restart) if isinstance(each, Query)]
    assert asked == [w.client_order_id for w in live(ours.bot.book)]


def test_a_missing_report_is_noticed_like_a_restart() -> None:
    """Nobody knows which order it was about, so every open one is asked for."""
    ours, exchange = _begun()
    (down,) = (do for do in VENUE.acts(exchange._replace(moves=1)) if do.what == "moves -1")
    lossy = ours._replace(budget=Budget(losses=1))
    lost = next(do for do in WE.hears(lossy, "reports", _sent(down)) if do.what == "is lost")
    notice = next(iter(WE.acts(_ours(lost))))
    assert sum(isinstance(each, Query) for each in _sent(notice)) == len(live(ours.bot.book))


def test_one_command_of_a_frame_may_get_lost() -> None:
    """The others are read, and of the lost one it is told that nothing is known."""
    _, exchange = _begun()
    first, *_ = exchange.resting
    cancels = (Cancel(first.number), Cancel(first.number + 1))
    lossy = exchange._replace(losses=1)
    does = {do.what: do for do in VENUE.hears(lossy, "commands", cancels)}
    after = does["are read, 0 is lost"]
    assert isinstance(after.state, Exchange)
    assert first in after.state.resting
    assert len(after.state.resting) == len(exchange.resting) - 1
    assert _sent(after)[0] == Report(client_order_id=first.number, event=Lost())


def test_an_id_is_taken_once() -> None:
    """A venue that has forgotten a closed order's id takes the order again: ORD-3."""
    _, exchange = _begun()
    first, *_ = exchange.resting
    again = Place(first.number, first.order)
    (do,) = VENUE.hears(exchange, "commands", (again,))
    assert do.state == exchange
    (gone,) = VENUE.hears(exchange, "commands", (Cancel(first.number), again))
    assert isinstance(gone.state, Exchange)
    assert gone.state.doubled


def test_what_happens_in_the_end_is_what_works() -> None:
    """Losses and crashes need not happen; what arrives does, restarts, and what was held back."""
    assert delivers(Move("reports", "Filled 2: is told", "we"))
    assert delivers(Move("we", "wake key 1", "commands"))
    assert not delivers(Move("we", "wake key 1, and crash before it is sent"))
    assert not delivers(Move("commands", "Place 2: are read, 0 is lost", "venue"))
    assert not delivers(Move("venue", "moves +1", "reports"))
