"""A payment that is sent again until it is answered: a machine, its world, its defects."""

from collections.abc import Iterable
from enum import IntEnum

from simulator.actors import Actor, ActorWorld, Channel, Do, Rule
from simulator.judge import Mutant
from spec.fsm import Row, Spec, at, on
from spec.properties import Kind, Property, declare


class State(IntEnum):
    """What the sender knows."""

    IDLE = 0
    WAITING = 1
    DONE = 2


class Symbol(IntEnum):
    """What happens to it."""

    SEND = 0
    TIMEOUT = 1
    ANSWERED = 2


class Action(IntEnum):
    """What it does."""

    TRANSMIT = 0


S, X, A = State, Symbol, Action

ROWS: tuple[Row[State, Symbol, Action], ...] = (
    *at(S.IDLE, on(X.SEND, S.WAITING, A.TRANSMIT)),
    *at(
        S.WAITING,
        on(X.TIMEOUT, S.WAITING, A.TRANSMIT, why="it may be lost: the receiver books it once"),
        on(X.ANSWERED, S.DONE),
    ),
    *at(S.DONE, on(X.ANSWERED, S.DONE, why="the answer to an earlier transmission")),
)

SENDER = Spec(
    name="sender",
    title="Sender",
    states=State,
    symbols=Symbol,
    actions=Action,
    initial=S.IDLE,
    final=frozenset({S.DONE}),
    otherwise=(None, ()),
    rows=ROWS,
)

PROPERTIES = declare(
    Property("RS-1", Kind.ALWAYS, "The receiver books the payment once at most."),
    Property("RS-2", Kind.LEADS_TO, "A payment that was sent is booked and answered."),
    Property("RS-3", Kind.SOMETIMES, "Two transmissions are under way."),
)
Table = Spec[State, Symbol, Action]


def resend(name: str, table: Table = SENDER, *, careful: bool = True) -> ActorWorld:
    """Return the world in which *table* sends; a receiver that is not *careful* books again."""

    def moved(state: State, symbol: Symbol) -> Iterable[Do]:
        after, emits = table.take(state, symbol)
        yield Do(symbol.name, after, (("payments", "pay"),) if A.TRANSMIT in emits else ())

    def acts(state: State) -> Iterable[Do]:
        if state is S.IDLE:
            yield from moved(state, X.SEND)
        if state is S.WAITING:
            yield from moved(state, X.TIMEOUT)

    def hears(state: State, _channel: str, _message: str) -> Iterable[Do]:
        return moved(state, X.ANSWERED)

    def books(booked: int, _channel: str, _message: str) -> Iterable[Do]:
        again = booked if careful and booked else min(booked + 1, 2)
        yield Do("books", again, (("answers", "booked"),))

    sender = Actor("sender", S.IDLE, acts, hears, lambda state: {"phase": state}, lambda s: s.name)
    receiver = Actor("receiver", 0, lambda _: (), books, lambda booked: {"booked": booked})
    p = PROPERTIES
    return ActorWorld(
        name,
        (sender, receiver),
        (
            Channel("payments", "receiver", capacity=2, ordered=False, doubling=True),
            Channel("answers", "sender", capacity=2, ordered=False),
        ),
        (
            Rule(p["RS-1"], lambda f: f.booked <= 1),
            Rule(
                p["RS-2"],
                lambda f: (f.phase == S.DONE) & (f.booked == 1),
                when=lambda f: f.phase == S.WAITING,
                fair=frozenset({("payments", "pay"), ("answers", "")}),
            ),
            Rule(p["RS-3"], lambda f: f.payments == 2),
        ),
    )


def worlds() -> tuple[ActorWorld, ...]:
    """Return what is checked."""
    return (resend("resend"),)


def mutants() -> tuple[Mutant, ...]:
    """Return the defects that must be found."""
    deaf = SENDER.redirected(S.WAITING, X.ANSWERED, S.WAITING)
    once = SENDER.redirected(S.WAITING, X.TIMEOUT, S.WAITING, ())
    return (
        Mutant("every transmission is booked", "RS-1", resend("resend", careful=False)),
        Mutant("the answer is ignored", "RS-2", resend("resend", deaf)),
        Mutant("it is sent once only", "RS-3", resend("resend", once)),
    )
