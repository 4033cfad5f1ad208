"""A world of actors in Promela, the language of SPIN.

Every local step is an option of one process, so that a step of the world is one step of SPIN.
Messages travel in SPIN's own channels; a channel without order is a sorted one, from which any
message may be taken.  Features of local states are constant arrays of C, which are no state.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from simulator.export.expression import Expr
from simulator.export.table import ActorTable, ChannelTable, Outcome, Table
from simulator.export.words import counts, named, paragraphs, plain, rows, verdicts
from spec.properties import Kind

BYTE_MAX, SHORT_MAX = 255, 32_767
KNOWN = "KNOWN"
RESERVED = """
active always assert atomic auto bit bool break byte c_code c_decl c_expr c_state c_track case
chan char const continue d_step D_proctype default do double else empty enabled enum equivalent
eval eventually extern false fi float for full goto hidden if implies in init inline int len
local long ltl mtype nempty never next nfull now od of pc_value pid print printf printm priority
proctype provided register release return run select set_priority get_priority short show signed
sizeof skip static STDIN strong_until stronguntil struct switch timeout trace notrace true
typedef union unless unsigned until V void volatile weakuntil while world X U W xr xs KNOWN
WITNESS
"""  # in the language, and in the model
WORDS: Mapping[str, str] = {
    "true": "true", "false": "false", "bit": "{}",
    "eq": "({} == {})", "ne": "({} != {})",
    "lt": "({} < {})", "le": "({} <= {})", "gt": "({} > {})", "ge": "({} >= {})",
    "add": "({} + {})", "sub": "({} - {})", "mul": "({} * {})", "div": "({} / {})",
    "abs": "({0} < 0 -> 0 - {0} : {0})",
    "and": "({} && {})", "or": "({} || {})", "bit_and": "({} & {})", "bit_or": "({} | {})",
}  # fmt: skip
_RUN = """
   Verify every always claim, and count:
     spin -a FILE
     gcc -O2 -DSAFETY -DBFS -DNOREDUCE -w -o pan pan.c
     ./pan -E
   Count the states that nothing leaves, one error each:
     ./pan -A -c0
   See every sometimes claim come about, as the assertion that it never does; the first line
   that names it tells how soon:
     spin -DWITNESS -a FILE
     gcc -O2 -DSAFETY -DBFS -DNOREDUCE -w -o pan pan.c
     ./pan -E -c0
   SPIN counts the start as a transition, and each failed assertion as one more.
   assert(KNOWN) fails where a step comes up that is not written here: none may.
"""


def promela(table: Table, about: str) -> str:
    """Return *table* for SPIN; the first line says what it is *about*."""
    return "\n".join(_Promela(table).lines(about)) + "\n"


class _Promela:
    """One model under way."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.names = named(table, RESERVED)
        lengths = {
            each.channel.name: f"len({name})"
            for each, name in zip(table.channels, self.names.channels, strict=True)
        }
        self.feature_texts = {**lengths, **self.names.features}
        # The weights of each channel's messages that are claimed of, by the variable of their sum.
        self.sums = [
            {self.names.features[f]: v for f, v in each.weights.items() if f in self.names.features}
            for each in table.channels
        ]

    def lines(self, about: str) -> Iterator[str]:
        """Yield the whole model."""
        yield from self._head(about)
        yield from self._declarations()
        yield from self._claims()
        yield from ("active proctype world() {", "  do")
        yield from self._asserted()
        for number, actor in enumerate(self.table.actors):
            yield from self._acts(number, actor)
        for number, channel in enumerate(self.table.channels):
            yield from self._hears(number, channel)
        yield from ("  od", "}")

    def _head(self, about: str) -> Iterator[str]:
        """Yield what this is, how to run it, what to expect, and what the numbers mean."""
        yield f"/* {plain(about)}, for SPIN 6."
        yield _RUN
        yield from paragraphs(f"Expect: {counts(self.table)}.", indent="   ")
        for line in verdicts(self.table, self.names):
            yield from paragraphs(line, indent="     ")
        if any(claim.property.kind is Kind.LEADS_TO for claim in self.table.claims):
            yield "   No leads-to claim is written: SPIN is fair to processes, not to single moves."
        yield "*/"
        for actor, name in zip(self.table.actors, self.names.actors, strict=True):
            yield f"\n/* {name}:"
            yield from (f"   {n:4} {plain(state)}" for n, state in enumerate(actor.states))
            yield "*/"
        for table, name in zip(self.table.channels, self.names.channels, strict=True):
            yield f"\n/* {name}, to {self.names.actors[table.to]}:"
            yield from (f"   {n:4} {plain(m)}" for n, m in enumerate(table.messages, start=1))
            yield "*/"

    def _declarations(self) -> Iterator[str]:
        """Yield the variables and the features."""
        yield ""
        for actor, name in zip(self.table.actors, self.names.actors, strict=True):
            yield f"{_type(len(actor.states))} {name};"
        for table, name in zip(self.table.channels, self.names.channels, strict=True):
            kind = _type(len(table.messages))
            yield f"chan {name} = [{table.channel.capacity}] of {{ {kind} }};"
        for sums in self.sums:
            yield from (f"int {name};" for name in sums)
        yield ""
        for actor, variable in zip(self.table.actors, self.names.actors, strict=True):
            for feature, values in actor.features.items():
                if feature in self.names.features:
                    name = self.names.features[feature]
                    yield f"c_decl {{ static const int of_{name}[] = {{"
                    yield f"{rows(map(str, values))} }}; }}"
                    yield f"#define {name} (c_expr {{ of_{name}[now.{variable}] }})"

    def _claims(self) -> Iterator[str]:
        """Yield the claims that SPIN can judge; their names are false, for `assert` to show."""
        claims = (*self.table.of_kind(Kind.ALWAYS), *self.table.of_kind(Kind.SOMETIMES))
        falses = [f"{self.names.claims[claim.property.id]} = 0" for claim in claims]
        yield ""
        yield f"c_decl {{ enum {{\n{rows((f'{KNOWN} = 0', *falses))} }}; }}"
        for claim in claims:
            name = self.names.claims[claim.property.id]
            yield ""
            yield from (f"/* {line} */" for line in paragraphs(claim.property.text))
            yield f"#define IS_{name} {self._text(claim.holds)}"
        yield ""

    def _text(self, tree: Expr) -> str:
        return tree.text(WORDS, self.feature_texts)

    def _asserted(self) -> Iterator[str]:
        """Yield what is asserted of each state."""
        for claim in self.table.of_kind(Kind.ALWAYS):
            name = self.names.claims[claim.property.id]
            yield f"  :: d_step {{ !IS_{name} -> assert(c_expr {{ {name} }}) }}"
        yield "#ifdef WITNESS"
        for claim in self.table.of_kind(Kind.SOMETIMES):
            name = self.names.claims[claim.property.id]
            yield f"  :: d_step {{ IS_{name} -> assert(c_expr {{ {name} }}) }}"
        yield "#endif"

    def _acts(self, number: int, actor: ActorTable) -> Iterator[str]:
        """Yield what *actor* may do by itself."""
        name = self.names.actors[number]
        yield f"\n  /* {name} */"
        unknown = [state for state in range(len(actor.states)) if state not in actor.acts]
        for state in unknown:
            yield _unknown(f"{name} == {state}")
        for state, outcomes in sorted(actor.acts.items()):
            for outcome in outcomes:
                yield self._row(f"{name} == {state}", number, outcome)

    def _hears(self, number: int, table: ChannelTable) -> Iterator[str]:
        """Yield what becomes of the messages of a channel."""
        channel, actor = self.names.channels[number], self.names.actors[table.to]
        takes = "?" if table.channel.ordered else "??"
        yield f"\n  /* {channel}, to {actor} */"
        states = range(len(self.table.actors[table.to].states))
        for message in range(1, len(table.messages) + 1):
            here = f"{channel}{takes}[{message}]"
            known = [state for state in states if (state, message) in table.hears]
            if len(known) < len(states):
                outside = " && ".join(f"!({each})" for each in _ranges(actor, known))
                yield _unknown(f"{here} && {outside or 'true'}")
            if table.channel.lossy:
                taken, said = (
                    "; ".join(self._taken(number, message)),
                    plain(str(table.losses[message])),
                )
                yield f"  :: d_step {{ {here} -> {taken} }} /* {said} */"
        for (state, message), outcomes in sorted(table.hears.items()):
            when = f"{actor} == {state} && {channel}{takes}[{message}]"
            for outcome in outcomes:
                yield self._row(when, table.to, outcome, (number, message))
                if outcome.doubled is not None:
                    yield self._row(when, table.to, outcome)

    def _row(
        self, when: str, actor: int, outcome: Outcome, taken: tuple[int, int] | None = None
    ) -> str:
        """Return *outcome* of *actor* as an option, possible *when* what it sends fits."""
        sent = Counter(channel for channel, _ in outcome.sends)
        for channel, many in sent.items():
            room = self.table.channels[channel].channel.capacity - many
            room += taken is not None and taken[0] == channel
            when += f" && len({self.names.channels[channel]}) <= {room}"
        does = [f"{self.names.actors[actor]} = {outcome.after}"]
        if taken is not None:
            does = [*self._taken(*taken), *does]
        for channel, message in outcome.sends:
            put = "!" if self.table.channels[channel].channel.ordered else "!!"
            does.append(f"{self.names.channels[channel]}{put}{message}")
            does += self._summed(channel, message, "+")
        move = outcome.move if taken is not None or outcome.doubled is None else outcome.doubled
        return f"  :: d_step {{ {when} -> {'; '.join(does)} }} /* {plain(move.what)} */"

    def _taken(self, channel: int, message: int) -> list[str]:
        """Return the statements that take *message* out of *channel*."""
        takes = "?" if self.table.channels[channel].channel.ordered else "??"
        taken = f"{self.names.channels[channel]}{takes}{message}"
        return [taken, *self._summed(channel, message, "-")]

    def _summed(self, channel: int, message: int, sign: str) -> list[str]:
        """Return the statements that keep the sums of a channel's weights."""
        sums = self.sums[channel].items()
        return [
            f"{name} = {name} {sign} {_signed(values[message - 1])}"
            for name, values in sums
            if values[message - 1]
        ]


def _type(values: int) -> str:
    """Return the smallest type of numbers up to *values*."""
    return "byte" if values <= BYTE_MAX else "short" if values <= SHORT_MAX else "int"


def _signed(value: int) -> str:
    return str(value) if value >= 0 else f"({value})"


def _unknown(when: str) -> str:
    return f"  :: d_step {{ {when} -> assert(c_expr {{ {KNOWN} }}) }}"


def _ranges(name: str, numbers: list[int]) -> Iterator[str]:
    """Yield that *name* is one of *numbers*, sorted, a range each.

    >>> list(_ranges("x", [1, 2, 3, 7]))
    ['x >= 1 && x <= 3', 'x == 7']
    """
    begin = 0
    for at in range(1, len(numbers) + 1):
        if at == len(numbers) or numbers[at] != numbers[at - 1] + 1:
            first, last = numbers[begin], numbers[at - 1]
            yield (
                f"{name} == {first}" if first == last else f"{name} >= {first} && {name} <= {last}"
            )
            begin = at
