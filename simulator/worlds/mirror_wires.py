"""The mirror overlay with one thing wrong between it, its inputs and a person."""

from collections.abc import Iterator, Mapping

from attrs import evolve

from simulator.actors import ActorWorld
from simulator.matrix import Assumed, Assumption
from simulator.worlds.mirror import LEFT, ONE, mirror_world
from simulator.worlds.mirror_moment import Scope
from simulator.worlds.product_mirror import OVERTAKING, product_world
from simulator.worlds.wires import wired
from spec.mirror import PROPERTIES

SCOPES: Mapping[str, Scope] = {
    "moves": ONE,
    "off": evolve(LEFT, glitches=0, resumes=0, errs=0, refusals=0),
}
WORDS = ("calls", "words")  # with a person; what it sees is never old
NONE: Mapping[Assumption, str] = {
    Assumption.UNORDERED: "it hears no reports: it sees a whole moment at a time",
    Assumption.LATE_ACK: "it awaits no acknowledgement of an order",
}
FORGETS = "what it remembers is not in the journal"


def assumptions() -> Iterator[Assumed]:
    """Yield an overlay whose prices move, and one that may be switched off.

    Lost are what it is to see, a cancel of its orders, or its answer, by a crash on its way out.
    Requests take their time only over order machines.
    """
    for kind, scope in SCOPES.items():
        yield Assumed(Assumption.FIFO, _world(kind, "in order", scope))
        gap = _world(kind, "gap", evolve(scope, glitches=1, resumes=1))
        yield Assumed(Assumption.LOSSY, gap)
        refused = _world(kind, "no answer", evolve(scope, refusals=1))
        yield Assumed(Assumption.UNKNOWN_OUTCOME, refused)
        yield Assumed(Assumption.CRASH, _world(kind, "crash", evolve(scope, crashes=1)))
    stops = evolve(SCOPES["off"], glitches=1, resumes=1)
    twice = wired(_world("off", "doubled", stops), WORDS, doubling=True)
    yield Assumed(Assumption.DUPLICATING, twice)
    crash = evolve(stops, crashes=1)
    yield Assumed(Assumption.CRASH, _world("off", "stop and crash", crash))
    forgetful = _world("off", "forgetful", evolve(crash, forgets=True))
    yield Assumed(Assumption.CRASH, forgetful, FORGETS)
    over_orders = product_world("mirror, requests out of order", OVERTAKING)
    mine = tuple(rule for rule in over_orders.rules if rule.property.id in PROPERTIES)
    yield Assumed(Assumption.OVERTAKING, evolve(over_orders, rules=mine))
    for assumption, why in NONE.items():
        yield Assumed(assumption, why)


def _world(kind: str, name: str, scope: Scope) -> ActorWorld:
    """Return the world of *scope*."""
    return mirror_world(f"mirror, {kind}, {name}", scope)
