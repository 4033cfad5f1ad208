"""Defects of the collision machine: how base and mirror come to meet on a one-way account."""

from functools import partial

from attrs import evolve

from machines import collision as machine
from machines.collision import ENTERS, BaseHolds, Collision, Cycled, Event, MirrorHolds
from simulator.judge import Mutant
from simulator.worlds.collision import SCOPES, collision_world, named
from simulator.worlds.collision_desk import Admits, Gate, Step
from spec.collision import COLLISION, Action, State, Symbol, User

S, X, A = State, Symbol, Action
Stepped = tuple[Collision, tuple[Action, ...]]
Change = tuple[State | Symbol | Action, ...]


def mutants() -> tuple[Mutant, ...]:
    """Return one defect or more for each property."""
    return (
        *_meetings(),
        *_waits(),
        _admits("the mirror may never come", "COL-5.5", "lots", mirrorless),
        _admits("the mirror may never come", "COL-5.6", "two", mirrorless),
        _row("a close that does not fill is left alone", "COL-5.1", "",
             (S.CLOSING, X.OUT, S.CLOSING)),
        _row("every close crosses", "COL-5.2", "lots",
             (S.MIRROR, X.UNCLOSED, S.CLOSING, A.CANCEL, A.CROSS),
             (S.CLOSING, X.UNCLOSED, S.CLOSING, A.CANCEL, A.CROSS)),
        _row("a base that gave up keeps the symbol", "COL-5.3", "",
             (S.CLOSING, X.UNWANTED, S.RESERVED), (S.RESERVED, X.UNWANTED, S.RESERVED)),
        _row("nobody crosses", "COL-5.4", "",
             (S.CLOSING, X.UNCLOSED_LATE, S.CLOSING, A.CANCEL, A.CLOSE)),
        _admits("re-entries are gated", "COL-6.1", "restart", gated),
        _step("hedge mode is forgotten", "COL-6.2", "hedge", forgetful),
        Mutant("hedge mode is forgotten, and by the gate", "COL-6.3",
               named("collision-hedge", Gate(forgetful, strict))),
        _row("a base that has left keeps the symbol", "COL-7.1", "",
             (S.BASE, X.UNWANTED, S.BASE)),
        _row("an entry that ended unfilled is taken for a collision", "COL-7.2", "",
             (S.BASE, X.WANTED, S.CLOSING, A.CANCEL, A.ALERT)),
        _row("what did not ask is tolerated", "COL-7.3", "odd", (S.BASE, X.ODD, S.BASE)),
        _row("a base is not let go on", "COL-7.4", "odd", (S.CLOSING, X.HELD, S.CLOSING)),
    )  # fmt: skip


def _meetings() -> tuple[Mutant, ...]:
    """Return the defects that bring both sides together."""
    scope, claims = SCOPES["collision-untold"]
    untold = collision_world("collision-untold", scope._replace(mixed=True, openings=1), claims)
    scope, claims = SCOPES["collision-ousted"]
    loose = collision_world("collision-ousted", scope._replace(strict=False), claims)
    one_cycle = tuple(
        (S.CLOSING, symbol, S.RESERVED)
        for symbol in (X.OUT, X.UNCLOSED, X.UNCLOSED_LATE, X.UNFILLED)
    )
    return (
        _row("the gate lasts one cycle, even if the close has not filled", "COL-1.1", "",
             (S.CLOSING, X.OUT, S.RESERVED)),
        _row("the gate lasts one cycle, whatever is out", "COL-1.2", "", *one_cycle),
        _step("a close that was sent counts as filled", "COL-1.1", "lots", credulous),
        _step("the mirror's open orders do not count", "COL-1.1", "", held_only),
        _step("the base's open orders do not count", "COL-1.1", "", entered_only),
        _step("an entry counts once it has filled", "COL-1.2", "", entered_only),
        Mutant("closing reports tell no totals, and overtake fills", "COL-1.1", untold),
        Mutant("a close may open", "COL-1.1", loose),
    )  # fmt: skip


def _waits() -> tuple[Mutant, ...]:
    """Return the defects that let somebody in too early, or keep them out."""
    return (
        _row("the gate lasts zero cycles", "COL-2", "", (S.CLOSING, X.WANTED, S.RESERVED)),
        _admits("the base enters through a shut gate", "COL-2", "", hasty),
        _step("a refused close is never tried again", "COL-3", "refused", discouraged),
        _row("nobody crosses", "COL-3", "",
             (S.CLOSING, X.UNCLOSED_LATE, S.CLOSING, A.CANCEL, A.CLOSE)),
        _row("a close that does not fill is left alone", "COL-3", "",
             (S.CLOSING, X.OUT, S.CLOSING)),
        _row("a mirror that is not there yet is not canceled", "COL-3", "",
             (S.MIRROR, X.UNFILLED, S.CLOSING), (S.CLOSING, X.UNFILLED, S.CLOSING)),
        _row("the gate does not open again", "COL-3", "", (S.GATED, X.WANTED, S.GATED)),
        _admits("the mirror comes back while the base still wants", "COL-4.1", "", returning),
        _row("the mirror that has gone frees the symbol", "COL-4.1", "",
             (S.CLOSING, X.WANTED, S.FREE)),
        _admits("the mirror need not wait at a start", "COL-4.1", "restart", starting),
        _step("the mirror stays if the base gives up", "COL-4.2", "lots", relenting),
    )  # fmt: skip


def credulous(collision: Collision, event: Event) -> Stepped:
    """Step *collision* as if what is to be closed were closed."""
    if isinstance(event, MirrorHolds):
        event = MirrorHolds(event.lots - event.closing, event.opening, 0)
    return machine.step(collision, event)


def held_only(collision: Collision, event: Event) -> Stepped:
    """Step *collision* as if the mirror were only what has filled."""
    if isinstance(event, MirrorHolds):
        event = evolve(event, opening=0)
    return machine.step(collision, event)


def entered_only(collision: Collision, event: Event) -> Stepped:
    """Step *collision* as if the base were only what has filled."""
    if isinstance(event, BaseHolds):
        event = evolve(event, opening=0)
    return machine.step(collision, event)


def discouraged(collision: Collision, event: Event) -> Stepped:
    """Step *collision*, but begin no second close with a cycle."""
    after, emits = machine.step(collision, event)
    again = collision.state is S.CLOSING and isinstance(event, Cycled)
    if again and (A.CLOSE in emits or A.CROSS in emits):
        return machine.told(collision, event), ()
    return after, emits


def relenting(collision: Collision, event: Event) -> Stepped:
    """Step *collision*, but leave what is being closed to the mirror once the base gives up."""
    gives_up = isinstance(event, Cycled) and not event.wants
    if collision.state is S.CLOSING and gives_up:
        return evolve(collision, state=S.MIRROR, wants=False, tries=0, recalled=False), ()
    return machine.step(collision, event)


def forgetful(collision: Collision, event: Event) -> Stepped:
    """Step *collision* as if it were of a one-way account."""
    after, emits = machine.step(evolve(collision, hedge_mode=False), event)
    return evolve(after, hedge_mode=collision.hedge_mode), emits


def strict(collision: Collision, user: User) -> bool:
    """Return whether *user* may open, as if it were a one-way account."""
    return machine.admits(evolve(collision, hedge_mode=False), user)


def mirrorless(collision: Collision, user: User) -> bool:
    """Return whether *user* may open, never the mirror."""
    return user is User.BASE and machine.admits(collision, user)


def gated(collision: Collision, user: User) -> bool:
    """Return whether *user* may open, the base only where it holds nothing."""
    if user is User.BASE:
        return collision.state is S.RESERVED
    return machine.admits(collision, user)


def hasty(collision: Collision, user: User) -> bool:
    """Return whether *user* may open, the base as soon as the mirror has gone."""
    if user is User.BASE:
        return collision.state in ENTERS | {S.GATED}
    return machine.admits(collision, user)


def returning(collision: Collision, user: User) -> bool:
    """Return whether *user* may open, the mirror until the base has entered."""
    return collision.state is S.RESERVED or machine.admits(collision, user)


def starting(collision: Collision, user: User) -> bool:
    """Return whether *user* may open, the mirror before the first cycle too."""
    return collision.state is S.GATED or machine.admits(collision, user)


def _step(defect: str, property_id: str, name: str, step: Step) -> Mutant:
    """Return the mutant of the world called *name* that follows *step*."""
    return Mutant(defect, property_id, named(_world(name), Gate(step=step)))


def _admits(defect: str, property_id: str, name: str, admits: Admits) -> Mutant:
    """Return the mutant of the world called *name* whose gate is *admits*."""
    return Mutant(defect, property_id, named(_world(name), Gate(admits=admits)))


def _row(defect: str, property_id: str, name: str, *rows: Change) -> Mutant:
    """Return the mutant of the world *name* with *rows*: state, symbol, target and actions."""
    spec = COLLISION
    for state, symbol, target, *emits in rows:
        spec = spec.redirected(
            State(state), Symbol(symbol), State(target), tuple(map(Action, emits))
        )
    return _step(defect, property_id, name, partial(machine.step, spec=spec))


def _world(name: str) -> str:
    """Return the name of the world that is called *name* for short."""
    return f"collision-{name}" if name else "collision"
