"""The mirror overlay with one thing wrong between it, its inputs and a person."""

from collections.abc import Iterator, Mapping

from attrs import evolve

from simulator.actors import ActorWorld
from simulator.matrix import Assumed, Assumption
from simulator.worlds.mirror import LEFT, ONE, mirror_world
from simulator.worlds.mirror_moment import Scope
from simulator.worlds.wires import wired

SCOPES: Mapping[str, Scope] = {
    "moves": ONE,
    "off": evolve(LEFT, glitches=0, resumes=0, errs=0, refusals=0),
}
WORDS = ("calls", "words")  # with a person; what it sees is never old
NONE: Mapping[Assumption, str] = {
    Assumption.UNORDERED: "it hears no reports: it sees a whole moment at a time",
    Assumption.LATE_ACK: "it awaits no acknowledgement of an order",
    Assumption.CRASH: "not explored: the overlay has no restart of its own",
}


def assumptions() -> Iterator[Assumed]:
    """Yield an overlay whose prices move, and one that may be switched off.

    Lost are what it is to see, or a cancel of its orders.
    """
    for kind, scope in SCOPES.items():
        yield Assumed(Assumption.FIFO, _world(kind, "in order", scope))
        gap = _world(kind, "gap", evolve(scope, glitches=1, resumes=1))
        yield Assumed(Assumption.LOSSY, gap)
        refused = _world(kind, "no answer", evolve(scope, refusals=1))
        yield Assumed(Assumption.UNKNOWN_OUTCOME, refused)
    stopped = _world("off", "doubled", evolve(SCOPES["off"], glitches=1, resumes=1))
    yield Assumed(Assumption.DUPLICATING, wired(stopped, WORDS, doubling=True))
    for assumption, why in NONE.items():
        yield Assumed(assumption, why)


def _world(kind: str, name: str, scope: Scope) -> ActorWorld:
    """Return the world of *scope*."""
    return mirror_world(f"mirror, {kind}, {name}", scope)
