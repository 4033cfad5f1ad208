"""A world of actors in TLA+, the language of TLC.

The local steps are constant tables, and the actions say what an actor and a channel do with them.
A channel without order is a sorted sequence, from which any message may be taken.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from simulator.explorer import Move
from simulator.export.expression import Expr
from simulator.export.table import ActorTable, ChannelTable, Claim, Outcome, Table
from simulator.export.words import counts, named, paragraphs, plain, rows, verdicts
from spec.properties import Kind

RESERVED = """
ASSUME ASSUMPTION AXIOM BOOLEAN BY CASE CHOOSE CONSTANT CONSTANTS CONSTRAINT COROLLARY DEF
DEFINE DEFS DOMAIN ELSE ENABLED EXCEPT EXTENDS FALSE HAVE HIDE IF IN INSTANCE LAMBDA LEMMA LET
LOCAL MODULE NEW OBVIOUS OMITTED ONLY OTHER PICK PROOF PROPERTY PROPOSITION PROVE QED RECURSIVE
STATE STRING SUBSET SUFFICES TAKE TEMPORAL THEN THEOREM TRUE UNCHANGED UNION USE VARIABLE
VARIABLES WITH WITNESS Int Nat Seq Len Head Tail Append SubSeq SelectSeq Integers Sequences
local queue vars Channels Actors To Capacity Ordered Lossy Doubling Acts Hears Moves Lost
Insert Put Sent Fits Without Places Do Act Arrive Lose Double Next Init Spec Steps Known Heard
Bit BitAnd BitOr Sum rest after step entry sent place moves
a b c i k m q s x y weights sends Unknown Idles Turn turn
"""  # in the language, and in the model
WORDS: Mapping[str, str] = {
    "true": "TRUE", "false": "FALSE", "bit": "Bit({})",
    "eq": "({} = {})", "ne": "({} # {})",
    "lt": "({} < {})", "le": "({} <= {})", "gt": "({} > {})", "ge": "({} >= {})",
    "add": "({} + {})", "sub": "({} - {})", "mul": "({} * {})", "div": "({} \\div {})",
    "abs": "(IF {0} < 0 THEN 0 - {0} ELSE {0})",
    "and": "({} /\\ {})", "or": "({} \\/ {})",
    "bit_and": "BitAnd({}, {})", "bit_or": "BitOr({}, {})",
}  # fmt: skip
_RUN = """\
Run TLC with one of the configurations; with one worker its paths are shortest ones:
  java -cp tla2tools.jar tlc2.TLC -deadlock -workers 1 -config CONFIGURATION MODULE
TLC counts the start as a state generated, and the states of a path, not its steps.
Known is violated where a step comes up that is not written here: none may."""
_ACTIONS = r"""
Bit(b) == IF b THEN 1 ELSE 0
RECURSIVE BitAnd(_, _)
BitAnd(x, y) ==
  CASE x = 0 \/ y = 0 -> 0
    [] x = -1 -> y
    [] y = -1 -> x
    [] OTHER -> 2 * BitAnd(x \div 2, y \div 2) + (x % 2) * (y % 2)
BitOr(x, y) == x + y - BitAnd(x, y)
RECURSIVE Sum(_, _)
Sum(weights, s) == IF s = <<>> THEN 0 ELSE weights[Head(s)] + Sum(weights, Tail(s))

RECURSIVE Insert(_, _)
Insert(s, m) ==
  IF s = <<>> \/ m <= Head(s) THEN <<m>> \o s ELSE <<Head(s)>> \o Insert(Tail(s), m)
Put(s, c, m) == IF c \in Ordered THEN Append(s, m) ELSE Insert(s, m)
RECURSIVE Sent(_, _)
Sent(q, sends) ==
  IF sends = <<>> THEN q
  ELSE LET c == Head(sends)[1]
       IN  Sent([q EXCEPT ![c] = Put(@, c, Head(sends)[2])], Tail(sends))
Fits(q) == \A c \in Channels : Len(q[c]) <= Capacity[c]
Without(s, i) == SubSeq(s, 1, i - 1) \o SubSeq(s, i + 1, Len(s))

\* Where in channel c the messages are that may arrive next, each different one once.
Places(c) ==
  {i \in 1..Len(queue[c]) :
     i = 1 \/ (c \notin Ordered /\ queue[c][i] # queue[c][i - 1])}

\* What the message there brings: <<message, steps, steps that keep it, move that loses it>>.
Heard(c, i) ==
  {entry \in {Hears[c][local[To[c]]][k] : k \in DOMAIN Hears[c][local[To[c]]]} :
     entry[1] = queue[c][i]}

\* Actor a takes step = <<state after, <<channel, message>> sent, move>>, with rest in the channels.
Do(a, step, rest, moves) ==
  /\ step[3] \in moves
  /\ LET after == Sent(rest, step[2])
     IN  Fits(after) /\ queue' = after
  /\ local' = [local EXCEPT ![a] = step[1]]

Act(moves) ==
  \E a \in Actors :
    \E k \in DOMAIN Acts[a][local[a]] : Do(a, Acts[a][local[a]][k], queue, moves)
Arrive(moves) ==
  \E c \in Channels : \E i \in Places(c) : \E entry \in Heard(c, i) :
    LET rest == [queue EXCEPT ![c] = Without(@, i)]
    IN  \/ \E k \in DOMAIN entry[2] : Do(To[c], entry[2][k], rest, moves)
        \/ \E k \in DOMAIN entry[3] : Do(To[c], entry[3][k], queue, moves)
        \/ c \in Lossy /\ entry[4] \in moves /\ queue' = rest /\ UNCHANGED local
Steps(moves) == Arrive(moves) \/ Act(moves)
Next == Steps(DOMAIN Moves) /\ UNCHANGED turn
Spec == Init /\ [][Next]_vars

\* For fairness a step that changes nothing is one too.
Turn(moves) == Steps(moves) /\ turn' = IF Idles THEN 1 - turn ELSE turn

\* The tables know all that comes up.
Known ==
  /\ \A c \in Channels : \A i \in Places(c) : Heard(c, i) # {}
  /\ \A a \in Actors : local[a] \notin Unknown[a]
"""


def tla(table: Table, about: str, module: str) -> str:
    """Return *table* for TLC, as *module*; the first lines say what it is *about*."""
    return "\n".join(_Tla(table).lines(about, module)) + "\n"


def module_name(name: str) -> str:
    """Return *name* as a module may be called; its file must be called the same.

    >>> module_name("mirroring-slots")
    'mirroring_slots'
    """
    found = re.sub(r"\W", "_", name, flags=re.ASCII)
    return found if found[:1].isalpha() else f"x{found}"


def configurations(table: Table) -> Mapping[str, str]:
    """Return what TLC must know beside the module, by what a file is called after: "" or a claim.

    The first one has every always claim; a sometimes claim has its contrary as an invariant.
    """
    names = named(table, RESERVED).claims
    invariants = [names[claim.property.id] for claim in table.of_kind(Kind.ALWAYS)]
    found = {"": _configuration("Spec", f"INVARIANT {' '.join(('Known', *invariants))}")}
    for claim in table.of_kind(Kind.SOMETIMES):
        name = names[claim.property.id]
        found[name] = _configuration("Spec", f"INVARIANT Never_{name}")
    for claim in table.of_kind(Kind.LEADS_TO):
        name = names[claim.property.id]
        found[name] = _configuration(f"Fair_{name}", f"PROPERTY {name}")
    return found


def _configuration(spec: str, claims: str) -> str:
    return f"SPECIFICATION {spec}\n{claims}\n"


class _Tla:
    """One module under way."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.names = named(table, RESERVED)
        lengths = {
            each.channel.name: f"Len(queue.{name})"
            for each, name in zip(table.channels, self.names.channels, strict=True)
        }
        self.features = {**lengths, **self.names.features}
        self.moves: dict[Move, int] = {}

    def lines(self, about: str, module: str) -> Iterator[str]:
        """Yield the whole module."""
        steps = tuple(self._steps())  # they number the moves
        yield f"{'-' * 30} MODULE {module} {'-' * 30}"
        yield from self._head(about, module)
        yield from self._declarations()
        yield from steps
        yield "\nMoves == <<"
        yield ",\n".join(f'  "{_quoted(move)}"' for move in self.moves)
        yield ">>"
        yield _ACTIONS
        yield from self._claims()
        yield "=" * 80

    def _head(self, about: str, module: str) -> Iterator[str]:
        """Yield what this is, how to run it, what to expect, and what the numbers mean."""
        yield f"(* {plain(about)}, for TLC.\n"
        yield from _RUN.splitlines()
        yield f"\nExpect: {counts(self.table)}."
        for line in verdicts(self.table, self.names):
            yield from paragraphs(line, indent="  ")
        for name, text in configurations(self.table).items():
            yield f"\n{configuration_name(module, name)}:"
            yield from (f"  {line}" for line in text.splitlines())
        yield "*)"
        for actor, name in zip(self.table.actors, self.names.actors, strict=True):
            yield from _listed(name, actor.states)
        for table, name in zip(self.table.channels, self.names.channels, strict=True):
            yield from _listed(f"{name}, to {self.names.actors[table.to]}", table.messages)
        yield "EXTENDS Integers, Sequences"

    def _declarations(self) -> Iterator[str]:
        """Yield the variables, and how the channels are."""
        actors, channels = self.names.actors, self.names.channels
        tables = dict(zip(channels, self.table.channels, strict=True))
        yield "\nVARIABLES local, queue, turn"
        yield "vars == <<local, queue, turn>>"
        yield f"Idles == {'TRUE' if self.table.idles else 'FALSE'}\n"
        yield f"Actors == {_set(actors)}"
        yield f"Channels == {_set(channels)}"
        yield f"To == {_record({c: _text(actors[t.to]) for c, t in tables.items()})}"
        yield f"Capacity == {_record({c: str(t.channel.capacity) for c, t in tables.items()})}"
        yield f"Ordered == {_set(c for c, t in tables.items() if t.channel.ordered)}"
        yield f"Lossy == {_set(c for c, t in tables.items() if t.channel.lossy)}"
        yield f"Init == local = {_record(dict.fromkeys(actors, '1'))}"
        yield f"  /\\ queue = {_record(dict.fromkeys(channels, '<<>>'))} /\\ turn = 0"

    def _steps(self) -> Iterator[str]:
        """Yield the tables of the local steps, one line for each local state."""
        pairs = tuple(zip(self.names.actors, self.table.actors, strict=True))
        for name, actor in pairs:
            yield f"\nActs_{name} == <<"
            states = range(len(actor.states))
            yield ",\n".join(f"  {self._acts(actor, state)}" for state in states)
            yield ">>"
        yield f"Acts == {_record({name: f'Acts_{name}' for name, _ in pairs})}"
        unknown = {name: _set_of_states(actor) for name, actor in pairs}
        yield f"Unknown == {_record(unknown)}"
        channels = tuple(zip(self.names.channels, self.table.channels, strict=True))
        for name, table in channels:
            yield f"\nHears_{name} == <<"
            states = range(len(self.table.actors[table.to].states))
            yield ",\n".join(f"  {self._hears(table, state)}" for state in states)
            yield ">>"
        yield f"Hears == {_record({name: f'Hears_{name}' for name, _ in channels})}"

    def _acts(self, actor: ActorTable, state: int) -> str:
        outcomes = actor.acts.get(state, ())
        return _tuple(self._outcome(each, each.move) for each in outcomes)

    def _hears(self, table: ChannelTable, state: int) -> str:
        """Return what each message brings that comes up in *state*."""
        entries: list[str] = []
        for message in range(1, len(table.messages) + 1):
            outcomes = table.hears.get((state, message))
            if outcomes is not None:
                taken = _tuple(self._outcome(each, each.move) for each in outcomes)
                kept = _tuple(self._outcome(o, o.doubled) for o in outcomes if o.doubled)
                lost = self._number(table.losses[message]) if table.channel.lossy else 0
                entries.append(_tuple((str(message), taken, kept, str(lost))))
        return _tuple(entries)

    def _outcome(self, outcome: Outcome, move: Move | None) -> str:
        assert move is not None
        sends = ((self.names.channels[c], message) for c, message in outcome.sends)
        sent = _tuple(f"<<{_text(name)}, {message}>>" for name, message in sends)
        return _tuple((str(outcome.after + 1), sent, str(self._number(move))))

    def _number(self, move: Move) -> int:
        return self.moves.setdefault(move, len(self.moves) + 1)

    def _claims(self) -> Iterator[str]:
        """Yield the features that are claimed of, and the claims."""
        for variable, actor in zip(self.names.actors, self.table.actors, strict=True):
            for name, values in self._claimed(actor.features):
                yield f"of_{name} == <<\n{rows(map(str, values))}>>"
                yield f"{name} == of_{name}[local.{variable}]"
        for channel, table in zip(self.names.channels, self.table.channels, strict=True):
            for name, values in self._claimed(table.weights):
                yield f"of_{name} == <<\n{rows(map(str, values))}>>"
                yield f"{name} == Sum(of_{name}, queue.{channel})"
        for claim in (*self.table.of_kind(Kind.ALWAYS), *self.table.of_kind(Kind.SOMETIMES)):
            name = self.names.claims[claim.property.id]
            yield from self._said(claim)
            yield f"{name} == {self._text(claim.holds)}"
            if claim.property.kind is Kind.SOMETIMES:
                yield f"Never_{name} == ~{name}"
        for claim in self.table.of_kind(Kind.LEADS_TO):
            name = self.names.claims[claim.property.id]
            when = "TRUE" if claim.when is None else self._text(claim.when)
            fair = [str(number) for move, number in self.moves.items() if claim.fair(move)]
            yield from self._said(claim)
            yield f"{name} == {when} ~> {self._text(claim.holds)}"
            yield f"Moves_{name} == {{\n{rows(fair)}\n}}"
            yield f"Fair_{name} =="
            yield "  /\\ Init /\\ [][Turn(DOMAIN Moves)]_vars /\\ WF_vars(Turn(DOMAIN Moves))"
            yield f"  /\\ \\A move \\in Moves_{name} : WF_vars(Turn({{move}}))"

    def _claimed(self, of: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Yield the name and the values of each feature *of* something that is claimed of."""
        for feature, values in of.items():
            if feature in self.names.features:
                yield self.names.features[feature], values

    @staticmethod
    def _said(claim: Claim) -> Iterator[str]:
        yield ""
        yield from (f"\\* {line}" for line in paragraphs(claim.property.text))

    def _text(self, tree: Expr) -> str:
        return tree.text(WORDS, self.features)


def configuration_name(module: str, claim: str) -> str:
    """Return the name of the file of a configuration.

    >>> configuration_name("w", ""), configuration_name("w", "SUP_1")
    ('w.cfg', 'w-SUP_1.cfg')
    """
    return f"{module}-{claim}.cfg" if claim else f"{module}.cfg"


def _listed(title: str, words: Iterable[str]) -> Iterator[str]:
    """Yield a comment that says what the numbers from 1 mean."""
    yield f"\n(* {title}:"
    yield from (f"   {n:4} {plain(each)}" for n, each in enumerate(words, start=1))
    yield "*)"


def _set_of_states(actor: ActorTable) -> str:
    """Return the states of *actor* that do not come up."""
    unknown = (str(state + 1) for state in range(len(actor.states)) if state not in actor.acts)
    return f"{{{', '.join(unknown)}}}"


def _quoted(move: Move) -> str:
    return plain(str(move)).replace("\\", "\\\\").replace('"', "'")


def _text(name: str) -> str:
    return f'"{name}"'


def _set(names: Iterable[str]) -> str:
    return f"{{{', '.join(map(_text, names))}}}"


def _tuple(parts: Iterable[str]) -> str:
    return f"<<{', '.join(parts)}>>"


def _record(fields: Mapping[str, str]) -> str:
    return f"[{', '.join(f'{name} |-> {value}' for name, value in fields.items())}]"
