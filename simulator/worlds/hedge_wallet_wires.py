"""The hedge wallet's bot with one thing wrong on the wire that brings it the venue's reports."""

from collections.abc import Iterator
from typing import Any

from attrs import evolve, field, frozen

from machines.ladder import SHORTS
from machines.order import Acked
from simulator.actors import ActorWorld, Rule
from simulator.explorer import Move
from simulator.matrix import Assumption
from simulator.worlds.cycle import CycleWorld
from simulator.worlds.hedge_wallet import HedgeWalletWorld
from simulator.worlds.order_ours import Budget
from simulator.worlds.product_wallet import PATHS, Size, named
from simulator.worlds.product_wallet_overtaking import mixed, overtaking
from simulator.worlds.product_wallet_rules import delivers
from simulator.worlds.product_wallet_venue import Frame
from simulator.worlds.wallet_scene import Message, Scene, words
from simulator.worlds.wires import late
from spec.hedge_wallet import PROPERTIES, State

UNITS = 6  # of the fall of the cycle
JUMP = 2


@frozen
class Wired(HedgeWalletWorld):
    """A world in which the wire does *how* with reports; of a loss nobody tells.

    It loses one, and then the market moves once less than there are *crashes*: none happens here.
    """

    how: Assumption = field(default=Assumption.FIFO)

    def moves(self, scene: Scene) -> Iterator[tuple[Move, Scene]]:
        """Yield what may happen, and what the wire does beside that."""
        for move, after in super().moves(scene):
            if move.who != "market" or scene.crashes == self.crashes:
                yield from () if move.what.startswith("crash") else ((move, after),)
            elif scene.crashes:
                yield move, after._replace(crashes=scene.crashes - 1)
        if self.how is Assumption.UNORDERED:
            for at in range(1, len(scene.inbox)):
                rest = scene.inbox[:at] + scene.inbox[at + 1 :]
                yield self._heard(scene, at, "delivers early", rest)
        elif self.how is Assumption.DUPLICATING and scene.inbox:
            yield self._heard(scene, 0, "doubles", scene.inbox)
        elif scene.inbox and scene.crashes and scene.crashes == self.crashes:
            lost, less = words(scene.inbox[0][1], scene.bot), scene.crashes - 1
            yield Move("wire", f"loses {lost}"), scene._replace(inbox=scene.inbox[1:], crashes=less)

    def _heard(
        self, scene: Scene, at: int, how: str, inbox: tuple[tuple[int, Message], ...]
    ) -> tuple[Move, Scene]:
        """Return the arrival of the report at *at*, which leaves *inbox*."""
        message = scene.inbox[at][1]
        after = self._told(scene._replace(inbox=inbox, jumped=False), message)
        return Move("wire", f"{how} {words(message, scene.bot)}", "bot"), after


def assumptions() -> Iterator[tuple[Assumption, HedgeWalletWorld | CycleWorld | ActorWorld]]:
    """Yield the one-way wallet in a market that moves by one unit, and one cycle of it.

    Where commands take their time it starts in each of its phases, over order machines.
    """
    for how in (
        Assumption.FIFO,
        Assumption.UNORDERED,
        Assumption.DUPLICATING,
        Assumption.LOSSY,
    ):
        lossy = how is Assumption.LOSSY
        jump, crashes = (1, 3) if lossy else (JUMP, 0)  # a loss leads to many more states
        yield how, Wired(f"hedge wallet, {how.value}", jump=jump, crashes=crashes, how=how)
    yield Assumption.FIFO, CycleWorld("hedge wallet, one cycle", units=UNITS, rises=1)
    for phase in PATHS:
        yield Assumption.LATE_ACK, _late(phase)
        unknown = Size(moves=1, losses=1, budget=Budget(losses=1))
        yield Assumption.UNKNOWN_OUTCOME, _claiming(named(phase, "no answer", unknown))
        yield Assumption.OVERTAKING, _claiming(overtaking(mixed(phase)))
    yield Assumption.CRASH, HedgeWalletWorld("hedge wallet, crash", jump=1, crashes=1)


def _late(phase: str) -> ActorWorld:
    """Return the world that begins in *phase*, where acknowledgements arrive late, but arrive."""
    world = late(named(phase, "late acks", Size()), "venue", "reports", _acknowledges)

    def fair(move: Move) -> bool:
        return delivers(move._replace(who=move.who.removeprefix("late_")))

    rules = (evolve(rule, fair=fair) if rule.fair else rule for rule in world.rules)
    return _claiming(evolve(world, rules=tuple(rules)))


def _acknowledges(frame: Frame) -> bool:
    """Return whether *frame* says only that orders were placed."""
    return all(isinstance(getattr(each, "event", None), Acked) for each in frame)


def _claiming(world: ActorWorld) -> ActorWorld:
    """Return *world* with what is claimed of the wallet in it, not of its orders."""
    rules = (rule for rule in world.rules if rule.property.id in PROPERTIES)
    return evolve(world, rules=(*rules, Rule(PROPERTIES["HW-11"], _counted)))


def _counted(s: Any) -> Any:  # noqa: ANN401  # a number or an array
    """HW-11: the phase says how many slots are short; a halted wallet without one starts anew."""
    fits = sum(
        (s.phase == phase) & (s.shorts >= fewest) & (s.shorts <= most)
        for phase, (fewest, most) in SHORTS.items()
    )
    return (fits > 0) & ((s.phase == State.RESET) | (s.halted == 0) | (s.shorts > 0))
