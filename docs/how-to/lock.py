"""Clients that ask for one lock: which of them is which makes no difference."""

from collections.abc import Iterable
from enum import IntEnum

from simulator.actors import Actor, ActorWorld, Channel, Do, Permutation, Rule, Symmetry
from simulator.judge import Mutant
from spec.properties import Kind, Property, declare


class Client(IntEnum):
    """What a client is at."""

    IDLE = 0
    WAITS = 1
    HOLDS = 2


CLIENTS = 3
PROPERTIES = declare(
    Property("LK-1", Kind.ALWAYS, "One client at most holds the lock."),
    Property("LK-2", Kind.SOMETIMES, "All clients wait but one, which holds the lock."),
)
Lock = tuple[int, ...]  # the clients that have asked, in order; the first has the lock


def grant(to: int) -> tuple[str, str]:
    """Return the message that gives client *to* the lock."""
    return f"answers{to}", "yours"


def client(number: int) -> Actor:
    """Return a client that asks for the lock, and gives it back."""

    def acts(state: Client) -> Iterable[Do]:
        if state is Client.IDLE:
            yield Do("asks", Client.WAITS, (("requests", number),))
        if state is Client.HOLDS:
            yield Do("gives back", Client.IDLE, (("requests", number),))

    def hears(_state: Client, _channel: str, _message: str) -> Iterable[Do]:
        yield Do("has it", Client.HOLDS)

    def features(state: Client) -> dict[str, int]:
        return {f"waits{number}": state is Client.WAITS, f"holds{number}": state is Client.HOLDS}

    return Actor(f"client{number}", Client.IDLE, acts, hears, features, lambda s: s.name)


def lock(*, hasty: bool = False) -> ActorWorld:
    """Return the world; a *hasty* lock does not wait until it is given back."""

    def hears(queue: Lock, _channel: str, number: int) -> Iterable[Do]:
        if number in queue:
            rest = tuple(each for each in queue if each != number)
            next_one = rest[:1] if queue[0] == number and not hasty else ()
            yield Do("is given back", rest, tuple(map(grant, next_one)))
        else:
            yield Do("is asked", (*queue, number), () if queue and not hasty else (grant(number),))

    numbers = range(CLIENTS)
    clients = tuple(map(client, numbers))
    answers = tuple(Channel(f"answers{n}", f"client{n}", capacity=1) for n in numbers)
    return ActorWorld(
        "lock",
        (*clients, Actor("lock", (), lambda _: (), hears)),
        (*answers, Channel("requests", "lock", capacity=CLIENTS)),
        (
            Rule(PROPERTIES["LK-1"], lambda f: f.holds0 + f.holds1 + f.holds2 <= 1),
            Rule(
                PROPERTIES["LK-2"],
                lambda f: (f.waits0 + f.waits1 + f.waits2 == 2) & (f.holds0 == 1),
            ),
        ),
        symmetry=Symmetry(
            things=CLIENTS,
            renamed={"lock": as_queue, "requests": as_number},
            groups=(tuple(each.name for each in clients), tuple(each.name for each in answers)),
        ),
    )


def as_number(number: int, called: Permutation) -> int:
    """Return what client *number* is called."""
    return called[number]


def as_queue(queue: Lock, called: Permutation) -> Lock:
    """Return *queue* where client i is called `called[i]`."""
    return tuple(called[number] for number in queue)


def worlds() -> tuple[ActorWorld, ...]:
    """Return what is checked."""
    return (lock(),)


def mutants() -> tuple[Mutant, ...]:
    """Return the defects that must be found."""
    return (Mutant("the lock is given to all that ask", "LK-1", lock(hasty=True)),)
