"""What a run writes down: the journal, the phases, the rows taken, the life of every order."""

from enum import IntEnum
from hashlib import blake2b
from typing import Generic, NamedTuple, TypeVar

from attrs import field, frozen

from machines import bot as bots
from machines.bot import Bot
from machines.hedge_wallet import Price
from machines.messages import (
    AccountReport,
    Bars,
    Cancel,
    Command,
    Place,
    Query,
    QueryAccount,
    Report,
    Wake,
    Wanted,
    Watch,
    Woken,
)
from machines.order import Canceled, Expired, Filled, Rejected
from simulator.venue_terms import Message
from spec.fsm import Spec
from spec.hedge_wallet import HEDGE_WALLET, State
from spec.order import ORDER

S = TypeVar("S", bound=IntEnum)
X = TypeVar("X", bound=IntEnum)
A = TypeVar("A", bound=IntEnum)
Told = bots.Event | Bars


@frozen
class Tally(Spec[S, X, A], Generic[S, X, A]):
    """A machine that counts the rows it takes."""

    counts: dict[tuple[S, X], int] = field(factory=dict[tuple[S, X], int], repr=False, eq=False)

    def take(self, state: S, symbol: X) -> tuple[S, tuple[A, ...]]:
        """Return what the machine does, and count it."""
        key = (state, symbol)
        self.counts[key] = self.counts.get(key, 0) + 1
        return self._table[state][symbol]


def tally(spec: Spec[S, X, A]) -> Tally[S, X, A]:
    """Return *spec*, counting."""
    return Tally(
        name=spec.name,
        title=spec.title,
        states=spec.states,
        symbols=spec.symbols,
        actions=spec.actions,
        initial=spec.initial,
        final=spec.final,
        otherwise=spec.otherwise,
        rows=spec.rows,
    )


class Life(NamedTuple):
    """An order at the venue from *start_ns* to *end_ns*; *how* it ended: filled, canceled, ..."""

    client_order_id: int
    wanted: Wanted
    start_ns: int
    end_ns: int
    how: str


class Phase(NamedTuple):
    """The wallet entered *state* at *at_ns* with the ladder anchored at *anchor_ticks*."""

    at_ns: int
    state: State
    anchor_ticks: int


class Notes:
    """Append-only notes of one run: what was told, the rows taken by orders, and their lives."""

    def __init__(self) -> None:
        self.journal: list[str] = []
        self.lives: list[Life] = []
        self.orders = tally(ORDER)
        self._open: dict[int, tuple[int, Wanted]] = {}

    def write(self, now_ns: int, event: Told, commands: tuple[Command, ...]) -> None:
        """Write down what a bot was told and what it asked for."""
        self.journal.append(f"{now_ns} < {_event(event)}{_of(event)}")
        for command in commands:
            self.journal.append(f"{now_ns} > {_command(command)}{_of(command)}")

    def placed(self, now_ns: int, place: Place) -> None:
        """Write down that an order has reached the venue."""
        self._open[place.client_order_id] = (now_ns, place.order)

    def reported(self, now_ns: int, message: Message) -> None:
        """Write down what the venue says of how orders end."""
        if not isinstance(message, Report):
            return
        key, event = message.client_order_id, message.event
        if key not in self._open:
            return
        start_ns, wanted = self._open[key]
        filled = isinstance(event, Filled) and event.cum_qty == wanted.qty
        if filled or isinstance(event, Canceled | Expired | Rejected):
            how = "filled" if filled else type(event).__name__.lower()
            self.lives.append(Life(key, wanted, start_ns, now_ns, how))
            del self._open[key]

    def finish(self, end_ns: int) -> None:
        """Write down the orders that are still open when the run ends."""
        for key, (start_ns, wanted) in self._open.items():
            self.lives.append(Life(key, wanted, start_ns, end_ns, "open"))

    def journal_hash(self) -> str:
        """Return the hash over all that was told and asked for, in order."""
        return blake2b("\n".join(self.journal).encode(), digest_size=16).hexdigest()


class Record(Notes):
    """Append-only notes of one run of a hedge wallet."""

    def __init__(self, start_ns: int) -> None:
        super().__init__()
        self.phase_log: list[Phase] = [Phase(start_ns, HEDGE_WALLET.initial, 0)]
        self.wallets: list[tuple[int, Bot]] = []  # after each change of phase
        self.phases = tally(HEDGE_WALLET)

    def told(self, now_ns: int, event: bots.Event, commands: tuple[Command, ...], bot: Bot) -> None:
        """Write down what the bot was told and what it asked for."""
        self.write(now_ns, event, commands)
        wallet = bot.wallet
        if wallet.phase is not self.phase_log[-1].state:
            self.phase_log.append(Phase(now_ns, wallet.phase, wallet.anchor_ticks))
            self.wallets.append((now_ns, bot))


def _of(message: object) -> str:
    """Return the symbol that *message* is about, but for the first."""
    symbol = getattr(message, "symbol", 0)
    return f" @{symbol}" if symbol else ""


def _event(event: Told) -> str:
    """Return *event* as a short text that says everything about it."""
    match event:
        case Report():
            order = event.event
            total = getattr(order, "cum_qty", "")
            name = type(order).__name__
            paid = f"{event.notional} {event.fee} {event.reason:d}"
            return f"{name} {event.client_order_id} {total} {paid}"
        case Price():
            return f"Price {event.ticks}"
        case AccountReport():
            closed = f"{event.liquidations} {event.long_closed} {event.short_closed}"
            return f"Account {event.sequence} {event.credited} {closed}"
        case Bars():
            known = (f"{b.high} {b.low} {b.close} {b.volume}" if b else "-" for b in event.bars)
            return f"Bars {event.open_ms} {event.past:d} {' '.join(known)}"
        case Woken():
            return f"Woken(key={event.key})"
        case _:
            return repr(event)


def _command(command: Command) -> str:
    """Return *command* as a short text that says everything about it."""
    match command:
        case Place():
            w = command.order
            return (
                f"Place {command.client_order_id} {w.kind:d} {w.side:d} {w.qty} {w.type:d} "
                f"{w.trigger_ticks} {w.price_ticks} {w.position_side:d} {w.reduce_only:d} "
                f"{w.slot} {w.unit}"
            )
        case Cancel():
            return f"Cancel {command.client_order_id}"
        case Watch():
            return f"Watch {command.low} {command.high}"
        case Wake():
            return f"Wake {command.key} {command.delay_ns}"
        case Query():
            return f"Query {command.client_order_id} {command.query}"
        case QueryAccount():
            return "QueryAccount()"
        case _:
            return repr(command)
