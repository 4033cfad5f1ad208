"""The port: what stands between the bot and the wire in a live process.

It upholds what the machines assume of an adapter.  A request whose outcome is unknown is never sent
again but told as lost.  Nothing is asked of an order while a request for it may be valid, and an
answer that may be of the past is asked for again until it repeats.  Once an order is asked for,
answers to earlier requests for it no longer count.  A gap is noticed, and nothing that opens
exposure leaves before positions, orders and fills agree: see `machines.supervisor`.
"""

from typing import Protocol

from attrs import define, frozen

from machines import supervisor as supervisors
from machines.messages import (
    AccountReport,
    Cancel,
    Place,
    Query,
    QueryAccount,
    Report,
    Restarted,
)
from machines.order import CancelRejected, Event, Found, Lost, Reconciled, Rejected
from machines.supervisor import (
    Answered,
    Connected,
    Degraded,
    Disconnected,
    Recovered,
    StartRequested,
    Supervisor,
)
from simulator.agreement import matched
from simulator.venue_order import closes
from simulator.wire_terms import (
    VALIDITY_NS,
    Answer,
    Command,
    Ends,
    Look,
    Refused,
    Request,
    Shown,
    Unreadable,
)
from spec.order import State as OrderState
from spec.supervisor import Action, Cause, Match, Outgoing, Part, State
from spec.terms import Reason
from spec.units import SECOND_NS

TIMEOUT_NS = 10 * SECOND_NS
AGAIN_NS = SECOND_NS
BEHIND_MAX = 10
RECOVERY_NS = {Cause.CLOCK_DRIFT: 2 * SECOND_NS, Cause.RATE_LIMIT: 5 * SECOND_NS}
LOST, REJECTED, CANCEL_REJECTED = Lost(), Rejected(), CancelRejected()
OPEN_OR_ABSENT = (Found.OPEN, Found.ABSENT)


@frozen(kw_only=True)
class Defences:
    """What the port does against faults; anything but the default is for mutants.

    An answer that an order is open or absent is told once it has come *repeats* times in a row.
    *resends*: what got no answer is sent again; *hasty*: an order is asked for at once; *deaf*: the
    end of a stream is not noticed.
    """

    repeats: int = 3
    resends: bool = False
    hasty: bool = False
    deaf: bool = False


@define
class Asking:
    """A question about an order: its number, what the latest answer found, and how often."""

    query: int
    found: Found | None = None
    times: int = 0


class Line(Protocol):
    """The wire, as the port sees it."""

    def ask(self, request: Request) -> None:
        """Carry *request* to the venue."""

    def connect(self, epoch: int) -> None:
        """Begin a new stream for connection *epoch*."""


class Port:
    """The port of one process; *supervisor* says what may leave.

    *outages* are the times in ns at which RUNNING was left and entered again.
    """

    def __init__(self, line: Line, ends: Ends, defences: Defences) -> None:
        self.supervisor = Supervisor()
        self.outages: list[tuple[int, int]] = []
        self._line, self._ends, self._defences = line, ends, defences
        self._number = 0
        self._left_ns = ends.now()
        self._forget()

    def _forget(self) -> None:
        """Know of nothing under way."""
        self._waiting: dict[int, Request] = {}
        self._asking: dict[int, Asking] = {}
        self._valid_ns: dict[int, int] = {}  # by client order id: until when a request is
        self._any_valid_ns = 0  # the same for what a process before this one has sent
        self._accounts: set[int] = set()  # symbols whose account report is awaited
        self._causes: dict[Cause, int] = {}
        self._behind = 0  # looks in a row

    def start(self) -> None:
        """Start the process."""
        self._supervise(StartRequested())

    def crashed(self) -> None:
        """Start the process again: only the journal is left."""
        self._forget()
        self._any_valid_ns = self._ends.now() + VALIDITY_NS
        self._supervise(Restarted())
        for cause in Cause:  # until the venue says otherwise
            self._supervise(Recovered(cause))

    # --- From the bot ----------------------------------------------------------------------

    def post(self, command: Place | Cancel | Query | QueryAccount) -> None:
        """Send what the bot asks for, or refuse it at the gate.

        A cancel that may not leave is forgotten: every order is asked for on a new connection.
        """
        match command:
            case Place():
                if not self._allowed(Outgoing.ORDER, opens=self._opens(command)):
                    self._tell(command, REJECTED)
                    return
            case Cancel():
                if not self._allowed(Outgoing.CANCEL):
                    return
            case Query(client_order_id=key):
                self._abandon(key)
                self._asking[key] = Asking(command.query)
                self._ask(command)
                return
            case QueryAccount():
                self._accounts.add(command.symbol)
        self._send(command)

    def _abandon(self, key: int) -> None:
        """Wait for no request for an order any longer: a question decides what came of them.

        A late refusal of one attempt would be taken for that of the next, under the same id.
        """
        for number, request in tuple(self._waiting.items()):
            command = request.command
            if isinstance(command, Place | Cancel) and command.client_order_id == key:
                del self._waiting[number]

    def _allowed(self, kind: Outgoing, *, opens: bool = False) -> bool:
        """Return whether a command may leave now."""
        return supervisors.allows(self.supervisor, kind, opens_exposure=opens)

    def _opens(self, place: Place) -> bool:
        """Return whether *place* can open exposure."""
        return not closes(self._ends.known().pairs[place.symbol], place.order)

    def _ask(self, query: Query) -> None:
        """Ask for an order once no request for it can be valid."""
        valid_ns = max(self._valid_ns.get(query.client_order_id, 0), self._any_valid_ns)
        at_ns = self._ends.now() if self._defences.hasty else max(valid_ns, self._ends.now())
        self._ends.timer(at_ns, lambda: self._ask_now(query))

    def _ask_now(self, query: Query) -> None:
        """Ask for an order, unless a newer question about it waits."""
        asking = self._asking.get(query.client_order_id)
        if asking is not None and asking.query == query.query:
            self._send(query)

    def _send(self, command: Command) -> None:
        """Send *command*; what is not answered in time has an unknown outcome.

        Questions that may not leave are forgotten: they are all asked again on a new connection.
        """
        asks = not isinstance(command, Place | Cancel)
        if asks and not self._allowed(Outgoing.QUERY):
            return
        now_ns = self._ends.now()
        self._number += 1
        request = Request(self._number, command, now_ns)
        self._waiting[request.number] = request
        if isinstance(command, Place | Cancel):
            self._valid_ns[command.client_order_id] = now_ns + VALIDITY_NS
        self._ends.timer(now_ns + TIMEOUT_NS, lambda: self.answered(request, Unreadable()))
        self._line.ask(request)

    # --- From the wire ---------------------------------------------------------------------

    def answered(self, request: Request, answer: Answer) -> None:
        """Take the first answer to *request*, or that there is none."""
        if self._waiting.pop(request.number, None) is None:
            return
        match answer:
            case Unreadable():
                self._unknown(request.command)
            case Refused():
                self._refused(request.command, answer)
            case Report(event=Reconciled() as found):
                assert isinstance(request.command, Query)
                self._found(request.command, found, answer)
            case Report():
                self._ends.tell(answer)
            case AccountReport():
                self._accounts.discard(answer.symbol)
                self._ends.tell(answer)
            case Shown():
                self._shown(request, answer)
            case _:
                pass

    def heard(self, message: object) -> None:
        """Take an event."""
        self._ends.tell(message)

    def _unknown(self, command: Command) -> None:
        """Tell that the outcome of *command* is unknown; ask again what was asked."""
        match command:
            case Place() | Cancel():
                if self._defences.resends:
                    self._send(command)
                else:
                    self._tell(command, LOST)
            case _:
                self._again(command)

    def _refused(self, command: Command, refused: Refused) -> None:
        """Tell that *command* was refused, and suspend trading if more will be."""
        match command:
            case Place():
                self._tell(command, REJECTED, refused.reason)
            case Cancel():
                self._tell(command, CANCEL_REJECTED, refused.reason)
            case _:
                self._again(command)
        if refused.cause is not None:
            self._suspend(refused.cause)

    def _again(self, command: Command) -> None:
        """Ask *command* again in a while."""
        at_ns = self._ends.now() + AGAIN_NS
        match command:
            case Query():
                self._ends.timer(at_ns, lambda: self._ask_now(command))
            case Look():
                self._ends.timer(at_ns, lambda: self._look(command))
            case _:
                self._ends.timer(at_ns, lambda: self._send(command))

    def _found(self, query: Query, found: Reconciled, news: Report) -> None:
        """Tell what became of an order, once it can be believed."""
        asking = self._asking.get(query.client_order_id)
        if asking is None or asking.query != query.query:
            return
        asking.times = asking.times + 1 if asking.found is found.found else 1
        asking.found = found.found
        if found.found in OPEN_OR_ABSENT and asking.times < self._defences.repeats:
            self._again(query)
            return
        del self._asking[query.client_order_id]
        self._ends.tell(news)

    def _tell(self, of: Place | Cancel, event: Event, reason: Reason = Reason.NONE) -> None:
        """Tell the bot *event* of the order of a command, after all that is told already."""
        report = Report(
            client_order_id=of.client_order_id, event=event, reason=reason, symbol=of.symbol
        )
        self._ends.to_bot(self._ends.now(), lambda: self._ends.tell(report))

    # --- The supervisor --------------------------------------------------------------------

    def connected(self, epoch: int) -> None:
        """Take note that connection *epoch* is there."""
        self._supervise(Connected(epoch))

    def disconnected(self) -> None:
        """Take note that the connection has ended, or did not come about."""
        if not self._defences.deaf:
            self._supervise(Disconnected(self.supervisor.epoch))

    def _suspend(self, cause: Cause) -> None:
        """Let *cause* be present for as long as it lasts."""
        until_ns = self._causes[cause] = self._ends.now() + RECOVERY_NS[cause]
        self._supervise(Degraded(cause))

        def recovered() -> None:
            if self._causes.get(cause) == until_ns:
                self._supervise(Recovered(cause))

        self._ends.timer(until_ns, recovered)

    def _supervise(self, event: supervisors.Event) -> None:
        """Let the supervisor step, and do what it asks for."""
        before = self.supervisor
        self.supervisor, actions = supervisors.step(before, event)
        now_ns, state = self._ends.now(), self.supervisor.state
        if before.state is State.RUNNING is not state:
            self._left_ns = now_ns
        if before.state is not State.RUNNING is state:
            self.outages.append((self._left_ns, now_ns))
            for woken in self._ends.known().waiting:
                self._ends.tell(woken)
        begins = before.state is not State.RECONCILING is state
        for action in actions:
            match action:
                case Action.CONNECT:
                    self._line.connect(self.supervisor.epoch)
                case Action.QUERY:
                    if begins:
                        self._ends.tell(Restarted())
                    self._again(Look(self.supervisor.query))
                case Action.CATCH_UP:
                    self._ends.tell(Restarted())
                case Action.CANCEL_OPENING:
                    self._cancel_opening()
                case _:
                    pass

    def _cancel_opening(self) -> None:
        """Cancel the orders that can open exposure."""
        for working in self._ends.known().live:
            key = working.client_order_id
            if self._opens(Place(key, working.wanted)):
                self.post(Cancel(key))

    def _settled(self) -> bool:
        """Return whether nothing of ours is under way or unknown."""
        commands = (request.command for request in self._waiting.values())
        if self._accounts or any(isinstance(each, Place | Cancel) for each in commands):
            return False
        return all(w.order.state is not OrderState.UNKNOWN for w in self._ends.known().live)

    def _look(self, look: Look) -> None:
        """Ask for positions, orders and fills once all is settled, unless nobody asks any more."""
        asked = self.supervisor
        if look.query != asked.query or asked.state is not State.RECONCILING:
            return
        if self._settled():
            self._send(look)
        else:
            self._again(look)

    def _shown(self, request: Request, shown: Shown) -> None:
        """Compare what was shown with what the bot knows, unless something was under way."""
        assert isinstance(request.command, Look)
        query = request.command.query
        if not self._settled():
            self._again(request.command)
            return
        match = matched(shown, self._ends.known())
        self._behind = self._behind + 1 if match is Match.BEHIND else 0
        if self._behind > BEHIND_MAX:
            match = Match.UNEXPLAINED  # what would explain it does not come
        held = sum(row.qty for row in shown.rows)
        answers = (
            (Part.POSITIONS, shown.rows_moment, held),
            (Part.ORDERS, shown.moment, len(shown.working)),
            (Part.FILLS, shown.moment, 0),
        )
        for part, moment, count in answers:
            self._supervise(Answered(query, part, moment, match, count))
