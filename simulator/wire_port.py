"""The port: what stands between the bot and the wire in a live process.

It upholds what the machines assume of an adapter, by the rules of the live loop.  A request whose
outcome is unknown is never sent again but told as lost.  A gap is noticed, and nothing that opens
exposure leaves before positions, orders and fills agree: see `machines.supervisor`.

What may leave is said by `machines.gate`, when an order is asked for and which answer counts by
`machines.inquiry`, how what is shown compares with what the bot knows by `machines.reconciliation`.
"""

from typing import Protocol

from attrs import frozen

from machines import inquiry as inquiries
from machines import supervisor as supervisors
from machines.gate import hears, passes, present
from machines.inquiry import ABSENT_TIMES, Inquiry
from machines.messages import (
    AccountReport,
    Cancel,
    Place,
    Query,
    QueryAccount,
    Report,
    Restarted,
)
from machines.order import CancelRejected, Event, Lost, Reconciled, Rejected
from machines.reconciliation import (
    Looks,
    OrderId,
    answers,
    cancels_of_opening,
    compared,
    held_back,
    judged,
    pending,
)
from machines.supervisor import (
    Connected,
    Degraded,
    Disconnected,
    Recovered,
    StartRequested,
    Supervisor,
)
from simulator.agreement import legs, seen
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
from spec.supervisor import Action, Cause, Part, State
from spec.terms import Reason
from spec.units import MILLI_NS, SECOND_NS

TIMEOUT_NS = 10 * SECOND_NS
AGAIN_NS = SECOND_NS
SETTLE_NS = 500 * MILLI_NS
RECOVERY_NS = {Cause.CLOCK_DRIFT: 2 * SECOND_NS, Cause.RATE_LIMIT: 5 * SECOND_NS}
LOST, REJECTED, CANCEL_REJECTED = Lost(), Rejected(), CancelRejected()


@frozen(kw_only=True)
class Defences:
    """What the port does against faults; anything but the default is for mutants.

    What may be of the past counts once it has come *repeats* times in a row: that an order is
    absent, that nothing explains a position.  *resends*: what got no answer is sent again; *hasty*:
    an order is asked for at once; *deaf*: the end of a stream is not noticed.
    """

    repeats: int = ABSENT_TIMES
    resends: bool = False
    hasty: bool = False
    deaf: bool = False


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
        self._forget(0)

    def _forget(self, until_ns: int) -> None:
        """Know of nothing under way; what an earlier process has sent is valid *until_ns*."""
        self._waiting: dict[int, Request] = {}
        self._inquiries: dict[int, Inquiry] = {}  # by client order id
        self._unknown = Inquiry(until_ns=until_ns)
        self._accounts: set[int] = set()  # symbols whose account report is awaited
        self._changes = 0  # of the account, as far as is heard of
        self._looks = Looks()
        self._orphans: tuple[OrderId, ...] = ()

    def start(self) -> None:
        """Start the process."""
        self._supervise(StartRequested())

    def crashed(self) -> None:
        """Start the process again: only the journal is left."""
        self._forget(self._ends.now() + VALIDITY_NS)
        self._supervise(Restarted())
        for cause in Cause:  # until the venue says otherwise
            self._supervise(Recovered(cause))

    # --- From the bot ----------------------------------------------------------------------

    def post(self, command: Place | Cancel | Query | QueryAccount) -> None:
        """Send what the bot asks for, or refuse it at the gate.

        All but an order that may not leave is forgotten: all is asked for on a new connection.
        """
        if not passes(self.supervisor, command):
            if isinstance(command, Place):
                self._tell(command, REJECTED)
            return
        match command:
            case Query(client_order_id=key):
                inquiry = inquiries.asked(self._inquiry(key), command.query, shown=command.shown)
                self._note(key, inquiry)
                self._ask(command)
            case QueryAccount():
                self._accounts.add(command.symbol)
                self._send(command)
            case _:
                self._send(command)

    def _inquiry(self, key: int) -> Inquiry:
        """Return what is under way of the order *key*."""
        return self._inquiries.get(key, self._unknown)

    def _note(self, key: int, inquiry: Inquiry) -> None:
        """Remember what is under way of the order *key*."""
        if inquiries.is_idle(inquiry, self._ends.now()):
            self._inquiries.pop(key, None)
        else:
            self._inquiries[key] = inquiry

    def _ask(self, query: Query) -> None:
        """Ask for an order as soon as it may be, unless a newer question about it waits."""
        inquiry, now_ns = self._inquiry(query.client_order_id), self._ends.now()
        if inquiry.query != query.query:
            return
        if self._defences.hasty or inquiries.may_ask(inquiry, now_ns):
            self._send(query)
        else:
            at_ns = max(inquiry.until_ns, now_ns + AGAIN_NS if inquiry.flying else 0)
            self._ends.timer(at_ns, lambda: self._ask(query))

    def _send(self, command: Command) -> None:
        """Send *command*; what is not answered in time has an unknown outcome.

        Questions that may not leave are forgotten: they are all asked again on a new connection.
        """
        now_ns = self._ends.now()
        match command:
            case Place(client_order_id=key) | Cancel(client_order_id=key):
                self._note(key, inquiries.sent(self._inquiry(key)))
                self._changes += 1
            case _ if not self.supervisor.connected:
                return
            case _:
                pass
        self._number += 1
        request = Request(self._number, command, now_ns)
        self._waiting[request.number] = request
        self._ends.timer(now_ns + TIMEOUT_NS, lambda: self.answered(request, Unreadable()))
        self._line.ask(request)

    # --- From the wire ---------------------------------------------------------------------

    def answered(self, request: Request, answer: Answer) -> None:
        """Take the first answer to *request*, or that there is none."""
        command = request.command
        if self._waiting.pop(request.number, None) is None:
            return
        if isinstance(command, Place | Cancel):
            until_ns = request.sent_ns + VALIDITY_NS if isinstance(answer, Unreadable) else 0
            key = command.client_order_id
            self._note(key, inquiries.ended(self._inquiry(key), until_ns))
        match answer:
            case Unreadable():
                self._lost(command)
            case Refused():
                self._refused(command, answer)
            case Report(event=Reconciled() as found):
                assert isinstance(command, Query)
                self._found(command, found, answer)
            case Report(event=CancelRejected(), reason=Reason.UNKNOWN_ORDER):
                self._lost(command)  # it may have closed
            case Report():
                self.heard(answer)
            case AccountReport():
                self._accounts.discard(answer.symbol)
                self.heard(answer)
            case Shown():
                assert isinstance(command, Look)
                at_ns = self._ends.now() + SETTLE_NS
                self._ends.timer(at_ns, lambda: self._shown(command, answer))
            case _:
                pass

    def heard(self, message: object) -> None:
        """Take an event."""
        self._changes += isinstance(message, Report | AccountReport)
        self._ends.tell(message)

    def _lost(self, command: Command) -> None:
        """Tell that what became of *command* is unknown; ask again what was asked."""
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
                self._ends.timer(at_ns, lambda: self._ask(command))
            case Look():
                self._ends.timer(at_ns, lambda: self._look(command.query))
            case _:
                self._ends.timer(at_ns, lambda: self._send(command))

    def _found(self, query: Query, found: Reconciled, news: Report) -> None:
        """Tell what became of an order, once it can be believed."""
        key, times = query.client_order_id, self._defences.repeats
        inquiry = self._inquiry(key)
        self._note(key, inquiries.answered(inquiry, query.query, found.found, times))
        if inquiries.counts(inquiry, query.query, found.found, times):
            self.heard(news)
        else:
            self._again(query)

    def _tell(self, of: Place | Cancel, event: Event, reason: Reason = Reason.NONE) -> None:
        """Tell the bot *event* of the order of a command, after all that is told already."""
        report = Report(
            client_order_id=of.client_order_id, event=event, reason=reason, symbol=of.symbol
        )
        self._ends.to_bot(self._ends.now(), lambda: self.heard(report))

    # --- The supervisor --------------------------------------------------------------------

    def connected(self, epoch: int) -> None:
        """Take note that connection *epoch* is there."""
        self._supervise(Connected(epoch))

    def disconnected(self) -> None:
        """Take note that the connection has ended, or did not come about."""
        if not self._defences.deaf:
            self._supervise(Disconnected(self.supervisor.epoch))

    def _suspend(self, cause: Cause) -> None:
        """Let *cause* be present for a while."""
        if not present(self.supervisor, cause):
            self._supervise(Degraded(cause))
            at_ns = self._ends.now() + RECOVERY_NS[cause]
            self._ends.timer(at_ns, lambda: self._supervise(Recovered(cause)))

    def _supervise(self, event: supervisors.Event) -> None:
        """Let the supervisor step, and do what it asks for."""
        before = self.supervisor
        after, actions = supervisors.step(before, event)
        self.supervisor, now_ns = after, self._ends.now()
        if before.state is State.RUNNING is not after.state:
            self._left_ns = now_ns
        if before.state is not State.RUNNING is after.state:
            self.outages.append((self._left_ns, now_ns))
            for woken in held_back(self._ends.known().books):
                self._ends.tell(woken)
        if hears(after) and not hears(before):
            self._looks = Looks()
            self._ends.tell(Restarted())
        for action in actions:
            self._act(action)

    def _act(self, action: Action) -> None:
        """Do *action*."""
        match action:
            case Action.CONNECT:
                self._line.connect(self.supervisor.epoch)
            case Action.QUERY:
                self._again(Look(self.supervisor.query))
            case Action.CATCH_UP:
                self._ends.tell(Restarted())
                for symbol, key in self._orphans:
                    self.post(Cancel(key, symbol))
            case Action.CANCEL_OPENING:
                for cancel in cancels_of_opening(self._ends.known().books):
                    self.post(cancel)
            case _:
                pass

    def _settled(self) -> bool:
        """Return whether nothing of ours is under way or unknown."""
        flying = any(each.flying for each in self._inquiries.values())
        return not (flying or self._accounts or pending(self._ends.known().books))

    def _look(self, query: int) -> None:
        """Ask for positions, orders and fills once all is settled, unless nobody asks any more."""
        if query != self.supervisor.query or self.supervisor.state not in supervisors.ASKING:
            return
        look = Look(query, self._changes)
        if self._settled():
            self._send(look)
        else:
            self._again(look)

    def _shown(self, look: Look, shown: Shown) -> None:
        """Compare what was shown with what the bot knows."""
        known, torn = self._ends.known(), look.changes != self._changes
        difference = compared(known.books, tuple(map(legs, known.pairs)), seen(shown, known))
        match, self._orphans = difference.match, difference.orphans
        if not torn:
            self._looks, match = judged(self._looks, difference, self._defences.repeats)
        lots = sum(row.qty for row in shown.rows)
        held = {Part.POSITIONS: lots, Part.ORDERS: len(shown.working)}
        for answer in answers(look.query, look.changes + 1, match, held, torn=torn):
            self._supervise(answer)
