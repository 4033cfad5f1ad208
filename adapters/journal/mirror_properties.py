"""What must hold of the steps of a portfolio with mirrors."""

from collections.abc import Callable, Iterator

from adapters.bots import sequence_of
from adapters.journal.replay import Check, Checks, Moment
from machines import overlay
from machines.messages import Alert, Place
from machines.overlay import Mirrors, Scene
from machines.portfolio import Portfolio
from machines.portfolio_desk import is_mirror
from machines.portfolio_mirrors import scene
from machines.pricing.kinds import Kind
from spec.collision import State as Use
from spec.mirror import State
from spec.terms import PositionMode

REDUCING = frozenset({State.ACTIVE, State.UNWINDING})


def sound(_: Moment, mirrors: Mirrors, __: Portfolio) -> Iterator[str]:
    """MIR-8 and COL-7.1: the states of the overlay and of each symbol follow from what is known."""
    yield "" if overlay.well_formed(mirrors) else f"{mirrors.overlay}, {mirrors.collisions}"


def kept_apart(_: Moment, mirrors: Mirrors, after: Portfolio) -> Iterator[str]:
    """COL-1.2: one way, base and mirror never both have something of a symbol."""
    for name, there in _scenes(mirrors, after):
        based = there.market.base_qty or there.base_opening
        mirrored = there.market.mirror_qty or there.orders
        yield f"base and mirror both have {name}" if based and mirrored else ""


def never_gated(_: Moment, mirrors: Mirrors, after: Portfolio) -> Iterator[str]:
    """COL-6.1: a base that holds the symbol is never gated."""
    for name, there in _scenes(mirrors, after):
        if there.market.base_qty:
            state = overlay.collision_of(mirrors, name).state
            yield "" if state is Use.BASE else f"the base holds {name}, which is {state.name}"


def hedged_apart(moment: Moment, mirrors: Mirrors, _: Portfolio) -> Iterator[str]:
    """COL-6.2: in hedge mode no mirror is closed for the base."""
    if mirrors.position_mode is PositionMode.HEDGE:
        closed = [each for each in _placed(moment) if each.order.kind == Kind.MIRROR_COLLISION]
        yield f"{len(closed)} mirrors closed for the base" if closed else ""


def works(moment: Moment, mirrors: Mirrors, _: Portfolio) -> Iterator[str]:
    """MIR-2: the overlay opens only while it works, and reduces only then or as it unwinds."""
    state = mirrors.overlay.state
    for each in _placed(moment):
        if each.order.kind != Kind.MIRROR_COLLISION:
            may = state in REDUCING if each.order.reduce_only else state is State.ACTIVE
            yield "" if may else f"order {each.client_order_id} while {state.name}"


def stops_are_told(moment: Moment, mirrors: Mirrors, _: Portfolio) -> Iterator[str]:
    """MIR-7.1: an error stops the overlay, and a person is told."""
    before = moment.before
    assert isinstance(before, Portfolio)
    assert before.mirrors is not None
    if moment.step is not None and mirrors.overlay.stops > before.mirrors.overlay.stops:
        told = [each.text for each in moment.step.commands if isinstance(each, Alert)]
        yield "" if "mirrors stopped" in told else "it stopped in silence"


def _scenes(mirrors: Mirrors, bot: Portfolio) -> Iterator[tuple[str, Scene]]:
    """Yield what base and mirror have of each symbol where they share it, by its name."""
    if mirrors.position_mode is PositionMode.ONE_WAY:
        for desk in bot.desks:
            yield desk.instrument.symbol, scene(desk, mirrors.settings)


def _placed(moment: Moment) -> Iterator[Place]:
    """Yield the orders of the overlay that are new; one that was lost is sent again."""
    newest = sequence_of(moment.before)
    for each in () if moment.step is None else moment.step.commands:
        if isinstance(each, Place) and is_mirror(each.order) and each.client_order_id > newest:
            yield each


def _of(check: Callable[[Moment, Mirrors, Portfolio], Iterator[str]]) -> Check:
    """Return *check* of the portfolio after a moment, and of its mirrors."""

    def checked(moment: Moment) -> Iterator[str]:
        after = moment.after
        if isinstance(after, Portfolio) and after.mirrors is not None:
            yield from check(moment, after.mirrors, after)

    return checked


CHECKS: Checks = {
    "COL-1.2": ("Base and mirror never both have a symbol, on one way.", _of(kept_apart)),
    "COL-6.1": ("A base that holds the symbol is never gated.", _of(never_gated)),
    "COL-6.2": ("In hedge mode no mirror is closed for the base.", _of(hedged_apart)),
    "COL-7.1": ("Who may use a symbol follows from who has it.", _of(sound)),
    "MIR-2": ("Mirrors are ordered only while the overlay works.", _of(works)),
    "MIR-7.1": ("An error stops the overlay, and a person is told.", _of(stops_are_told)),
}
