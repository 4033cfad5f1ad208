"""Traces: paths through a world as short texts that can be kept, read and replayed.

A line that begins with # says what the trace is of, each other line is a move.
"""

import re
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, TypeVar

from attrs import frozen

from simulator.explorer import (
    NO_EXCEPTION,
    START,
    Claim,
    LeadsToClaim,
    Move,
    Path,
    StateClaim,
    StepClaim,
    Verdict,
    World,
)
from simulator.fuzz_graph import BrokenError, failure, owed

St = TypeVar("St", bound=Hashable)
HEADS = ("world", "defect", "property", "start")
HEAD = re.compile(rf"# ({'|'.join(HEADS)}): (.*)")
NUMBERED = re.compile(r"(.*?)(?: ?#(\d+))?", re.DOTALL)
PLACES = re.compile(r"\d+(?:/\d+)*")


class TraceError(ValueError):
    """A trace is none, or cannot be followed in the world as it is now."""


@frozen(kw_only=True)
class Trace:
    """Moves from the initial state number *start*, as `replay` reads them.

    A move is written as its words; with " #2" after them it is the third of those that read the
    same, and "#2" alone is the third of all that are possible.  *property* names what fails at
    the end, and *defect* the mutant of the *world* in which it does, "" if none.
    """

    world: str = ""
    defect: str = ""
    property: str = ""
    start: int = 0
    moves: tuple[str, ...] = ()

    def __str__(self) -> str:
        heads = ((name, str(getattr(self, name) or "")) for name in HEADS)
        lines = [f"# {name}: {value}" for name, value in heads if value]
        return "\n".join([*lines, *self.moves]) + "\n"


def trace(verdict: Verdict[St], world: World[St], defect: str = "") -> Trace:
    """Return the path of *verdict* in *world*.

    Raises:
        ValueError: It has none.
    """
    if not verdict.path:
        raise ValueError(f"{verdict.property.id}: no path to write")
    (_, first), *steps = verdict.path
    lines: list[str] = []
    before = first
    for move, after in steps:
        same = [child for other, child in world.moves(before) if _words(other) == _words(move)]
        place = same.index(after)
        lines.append(_words(move) + (f" #{place}" if place else ""))
        before = after
    starts = list(dict.fromkeys(world.initial()))
    return Trace(
        world=world.name,
        defect=defect,
        property=verdict.property.id,
        start=starts.index(first),
        moves=tuple(lines),
    )


def read(text: str) -> Trace:
    """Return the trace that *text* says, or, of numbers such as 0/2/1, a start and places of moves.

    >>> read("0/2/1").moves
    ('#2', '#1')

    Raises:
        TraceError: It says none.
    """
    if PLACES.fullmatch(text.strip()):
        start, *places = text.strip().split("/")
        return Trace(start=int(start), moves=tuple(f"#{place}" for place in places))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    matches = [match for line in lines if (match := HEAD.fullmatch(line))]
    heads: dict[str, str] = {match[1]: match[2] for match in matches}
    moves = tuple(line for line in lines if not line.startswith("# "))
    if not heads or not heads.get("start", "0").isdigit():
        raise TraceError("no trace: it has neither heads such as '# world: NAME' nor numbers 0/2/1")
    return Trace(
        world=heads.get("world", ""),
        defect=heads.get("defect", ""),
        property=heads.get("property", ""),
        start=int(heads.get("start", "0")),
        moves=moves,
    )


def numbers(verdict: Verdict[St], world: World[St]) -> str:
    """Return the path of *verdict* as numbers, which `read` takes too."""
    assert verdict.path
    (_, first), *steps = verdict.path
    found = [list(dict.fromkeys(world.initial())).index(first)]
    before = first
    for move, after in steps:
        found.append(list(world.moves(before)).index((move, after)))
        before = after
    return "/".join(map(str, found))


def follow(world: World[St], moves: Trace) -> Path[St]:
    """Return the path that *moves* says in *world*.

    Raises:
        TraceError: A move is not possible where it is to be made; the message says what is.
    """
    starts = list(dict.fromkeys(world.initial()))
    if moves.start >= len(starts):
        raise TraceError(f"{world.name}: no start {moves.start}; there are {len(starts)}")
    path: list[tuple[Move, St]] = [(START, starts[moves.start])]
    for number, line in enumerate(moves.moves, start=1):
        path.append(_chosen(tuple(world.moves(path[-1][1])), line, f"{world.name}: move {number}"))
    return tuple(path)


def judge(world: World[St], path: Path[St], only: str = "") -> Verdict[St] | None:
    """Return the first failure along *path*, of the property *only* if one is named.

    A leads-to fails where it is owed and nothing can happen any more.
    """
    claims = [claim for claim in world.claims() if only in {"", claim.property.id}]
    end = 0
    try:
        for end in range(len(path)):
            for failing in _failing(claims, path[: end + 1]):
                return failing
        if not tuple(world.moves(path[-1][1])):
            states = [state for _, state in path]
            of_ends = (claim for claim in claims if isinstance(claim, LeadsToClaim))
            unpaid = (claim.property for claim in of_ends if owed(claim, states) is not None)
            return next((Verdict(prop, holds=False, path=path) for prop in unpaid), None)
    except AssertionError as error:
        if only in {"", NO_EXCEPTION.id}:
            return failure(error, path[: end + 1])
    return None


def replay(world: World[Any], text: str) -> None:
    """Make the moves of the trace *text* in *world*.

    Raises:
        AssertionError: What failed when the trace was written still fails.
        TraceError: The trace cannot be followed any more.
    """
    moves = read(text)
    found = judge(world, follow(world, moves), moves.property)
    if found is not None:
        raise BrokenError(found)


def _failing(claims: Sequence[Claim[St]], path: Path[St]) -> Iterator[Verdict[St]]:
    """Yield the claims that the last state or step of *path* breaks."""
    move, state = path[-1]
    for claim in claims:
        match claim:
            case StateClaim(seeks=False):
                holds = claim.holds(state)
            case StepClaim() if len(path) > 1:
                holds = claim.holds(path[-2][1], move, state)
            case _:
                continue
        if not holds:
            yield Verdict(claim.property, holds=False, path=path)


def _chosen(steps: Sequence[tuple[Move, St]], line: str, where: str) -> tuple[Move, St]:
    """Return the one of *steps* that *line* names."""
    same = [step for step in steps if _words(step[0]) == line]
    match = NUMBERED.fullmatch(line)
    assert match
    words, place = match[1], int(match[2] or 0)
    if not same:
        same = [step for step in steps if words in {"", _words(step[0])}]
    else:
        place = 0
    if place < len(same):
        return same[place]
    possible = "; ".join(dict.fromkeys(_words(move) for move, _ in steps)) or "nothing"
    raise TraceError(f"{where}, {line!r}, is not possible; possible is: {possible}")


def _words(move: Move) -> str:
    """Return *move* on one line."""
    return " ".join(str(move).split())
