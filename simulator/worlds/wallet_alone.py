"""The hedge wallet without a bot: in each phase funding, a fill that cannot be, a person.

With a bot no such fill is ever met (HW-10), so what a person does about it is checked here.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from attrs import field, frozen

from machines.hedge_wallet import Closed, Event, Funded, Price, Resumed, WalletSpec, step
from machines.ladder import Config, Wallet, well_formed
from simulator.explorer import Claim, Move, always, leads_to
from spec.hedge_wallet import HEDGE_WALLET, PROPERTIES, OrderKind
from spec.terms import Instrument

QTY, ANCHOR, UNIT = 4, 1_000, 10
CONFIG = Config(instrument=Instrument(symbol="ALONE", taker_ppm=0), unit_ticks=UNIT, reserve_ppm=0)


class Scene(NamedTuple):
    """A *wallet*, and whether it is still to be told what cannot be."""

    wallet: Wallet
    told: bool = False


@frozen
class AloneWorld:
    """A wallet that starts in any phase; *spec* is for mutants."""

    name: str
    spec: WalletSpec = field(default=HEDGE_WALLET, repr=False)

    def initial(self) -> Iterable[Scene]:
        """Yield a wallet in each phase."""
        wallet = Wallet(config=CONFIG, cash=QTY * ANCHOR)
        for event in _course():
            wallet = self._after(wallet, event)
            yield Scene(wallet)

    def moves(self, scene: Scene) -> Iterator[tuple[Move, Scene]]:
        """Yield funding, the fill of an order that the wallet cannot have had, a person's word."""
        if scene.wallet.halted:
            yield Move("person", "resumes"), Scene(self._after(scene.wallet, Resumed()), told=True)
        if not scene.told:
            funded = Scene(self._after(scene.wallet, Funded(1)), told=True)
            yield Move("venue", "pays funding"), funded
            for slot in range(len(scene.wallet.slots)):
                fill = _impossible(scene.wallet, slot)
                after = Scene(self._after(scene.wallet, fill), told=True)
                yield Move("venue", f"fills {slot}"), after

    def _after(self, wallet: Wallet, event: Event) -> Wallet:
        """Return *wallet* after *event*."""
        return step(wallet, event, self.spec)[0]

    def claims(self) -> Iterable[Claim[Scene]]:
        """Yield what is claimed of the wallet alone."""
        yield always(PROPERTIES["HW-11"], lambda scene: well_formed(scene.wallet))
        yield leads_to(
            PROPERTIES["HW-12"],
            lambda scene: scene.wallet.halted,
            lambda scene: not scene.wallet.halted,
            lambda move: move.who == "person",
        )

    def show(self, scene: Scene) -> Mapping[str, str]:
        """Return the phase and the slots."""
        wallet = scene.wallet
        slots = " ".join(f"{s.edge:+d}{'s' if s.short else ''}" for s in wallet.slots)
        return {"wallet": f"{wallet.phase.name} [{slots}]{' halted' if wallet.halted else ''}"}


def _course() -> Iterator[Event]:
    """Yield what leads through every phase: up to RESET, to ADVANCE, down to DECLINE and back."""
    yield Price(ANCHOR)
    yield _closed(OrderKind.MARKET_BUY_FULL, 0, 0, QTY)
    yield _closed(OrderKind.STOP_LOSS_FULL, 0, -1, QTY)
    for slot in reversed(range(QTY)):
        yield _closed(OrderKind.STOP_ENTRY_SHORT, slot, slot - QTY, 1)
    yield _closed(OrderKind.STOP_LOSS_COVER, 0, 1 - QTY, 1)


def _closed(kind: OrderKind, slot: int, unit: int, qty: int) -> Closed:
    """Return the fill of *qty* lots at their level."""
    notional = qty * (ANCHOR + unit * UNIT)
    return Closed(kind=kind, slot=slot, unit=unit, ordered=qty, qty=qty, notional=notional)


def _impossible(wallet: Wallet, index: int) -> Closed:
    """Return what no order of the slot can have done: sold once more, or bought back nothing."""
    slot = wallet.slots[index]
    if slot.short:
        return _closed(OrderKind.STOP_ENTRY_SHORT, index, slot.edge, 1)
    return _closed(OrderKind.STOP_LOSS_COVER, index, slot.edge + 1, 1)


def worlds() -> tuple[AloneWorld, ...]:
    """Return the world that is checked."""
    return (AloneWorld("hedge-wallet-alone"),)


def deep_worlds() -> tuple[AloneWorld, ...]:
    """Return no larger world: this one has every phase."""
    return ()
