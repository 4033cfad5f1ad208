"""The wire between the bot's process and the venue, and what goes wrong on it.

Requests are answered one by one and overtake each other; events come on one stream, in order.
What is lost with a stream is lost for good: a new one begins with the present.
"""

from machines.messages import AccountReport, Cancel, Place, Query, QueryAccount, Report
from machines.order import Acked, CancelRejected, Lost, Reconciled, Rejected
from simulator.faults import Faults, Strikes
from simulator.prng import Prng
from simulator.quirks import Quirks
from simulator.wire_port import Defences, Port
from simulator.wire_terms import Answer, Ends, Latency, Look, Request, Taken, Unreadable
from spec.units import SECOND_NS

TAKEN, UNREADABLE = Taken(), Unreadable()
ANSWERS = (Acked, Rejected, Lost, CancelRejected, Reconciled)
RECONNECT_NS = SECOND_NS
LATE_ANSWER_NS, LATE_EVENT_NS, LATE_TWIN_NS = 2 * SECOND_NS, 2 * SECOND_NS, 2 * SECOND_NS
LATE_CANCEL_NS, LATE_REQUEST_NS = 3 * SECOND_NS, 8 * SECOND_NS
SILENCE_NS = 20 * SECOND_NS


class Wire:
    """The wire of one run, with the process' port at one end and the venue's quirks at the other.

    *port* stands for the adapter of a live process.
    """

    def __init__(
        self, faults: Faults, seed: int, latency: Latency, ends: Ends, defences: Defences
    ) -> None:
        self.strikes = Strikes(faults, seed, ends.now())
        self.quirks = Quirks(ends, self.strikes)
        self.port = Port(self, ends, defences)
        self._ends, self._latency = ends, latency
        self._jitter = Prng(seed).split("wire")
        self._request: Request | None = None  # that the venue is answering
        self._answer: Answer = TAKEN
        self._whole = False
        self._stream = 0  # how many streams there were
        self._arrival_ns = 0  # the latest on the stream
        self._latest: dict[int, Report] = {}  # by client order id, on the stream

    # --- The process -----------------------------------------------------------------------

    def start(self) -> None:
        """Start the process."""
        self.port.start()

    def crashed(self) -> None:
        """Start the process again: what it was waiting for is forgotten."""
        self._end_stream()
        self.port.crashed()

    def post(self, command: Place | Cancel | Query | QueryAccount) -> None:
        """Take what the bot asks of the venue."""
        self.port.post(command)

    # --- Requests --------------------------------------------------------------------------

    def ask(self, request: Request) -> None:
        """Carry *request* to the venue."""
        strikes, now_ns = self.strikes, self._ends.now()
        if strikes.on("lost_request", now_ns):
            return
        late_ns = 0
        if strikes.on("late_request", now_ns):
            late_ns = strikes.within("late_request", LATE_REQUEST_NS)
            if strikes.within("late_request", 2) == 1:  # ... and its connection drops at once
                self._ends.to_bot(now_ns, lambda: self.port.answered(request, UNREADABLE))
        if isinstance(request.command, Cancel) and strikes.on("fill_during_cancel", now_ns):
            late_ns += strikes.within("fill_during_cancel", LATE_CANCEL_NS)
        at_ns = self._drawn_ns(self._latency.to_venue_ns) + late_ns
        self._ends.to_venue(at_ns, lambda: self._arrived(request))

    def _arrived(self, request: Request) -> None:
        """Answer *request*, after the venue has carried it out unless it will not."""
        answer = self.quirks.answer(request)
        if self.quirks.away() and self._whole:
            self.break_stream(0)
        if answer is None:
            answer = self._executed(request)
        strikes, now_ns = self.strikes, self._ends.now()
        if _acked(answer) and strikes.on("retry_duplicate", now_ns):
            again_ns = now_ns + strikes.within("retry_duplicate", LATE_TWIN_NS)
            self._ends.to_venue(again_ns, lambda: self._reply(request, self._executed(request)))
        self._reply(request, answer)

    def _reply(self, request: Request, answer: Answer) -> None:
        """Carry *answer* to the process."""
        strikes, now_ns = self.strikes, self._ends.now()
        if strikes.on("lost_answer_executed", now_ns):
            if strikes.within("lost_answer_executed", 2) == 1:
                return
            answer = UNREADABLE
        elif strikes.on("garbage_200", now_ns):
            answer = UNREADABLE
        late_ns = 0
        if strikes.on("event_before_ack", now_ns):
            late_ns = strikes.within("event_before_ack", LATE_ANSWER_NS)
        at_ns = self._drawn_ns(self._latency.to_bot_ns) + late_ns
        self._ends.to_bot(at_ns, lambda: self.port.answered(request, answer))

    def _executed(self, request: Request) -> Answer:
        """Let the venue carry out *request*, and return its answer; the rest is events."""
        command = request.command
        if isinstance(command, Look):
            return self.quirks.look()
        self._request, self._answer = request, TAKEN
        self._ends.hand(command)
        self._request = None
        return self._answer

    # --- Events ----------------------------------------------------------------------------

    def hear(self, message: object) -> None:
        """Take what the venue or the market says: the answer to the request, or an event."""
        self.quirks.note(message)
        if self._request is not None and self._answer is TAKEN and _answers(self._request, message):
            assert isinstance(message, Report | AccountReport)
            self._answer = message
            return
        strikes, now_ns = self.strikes, self._ends.now()
        if strikes.on("crash", now_ns):
            self._ends.to_venue(now_ns, self._ends.crash)
        if self._whole and strikes.on("ws_gap", now_ns):
            self.break_stream(max(0, strikes.within("ws_gap", 2 * SILENCE_NS) - SILENCE_NS))
        if self._whole:
            self._emit(message)

    def _emit(self, message: object) -> None:
        """Put *message* on the stream."""
        stream = self._stream
        at_ns = self._arrival_ns = max(self._arrival_ns, self._drawn_ns(self._latency.to_bot_ns))
        self._ends.to_bot(at_ns, lambda: self._deliver(stream, message))
        if isinstance(message, Report):
            self._latest[message.client_order_id] = message
        strikes, now_ns = self.strikes, self._ends.now()
        told = isinstance(message, Report | AccountReport)
        if told and strikes.on("duplicate_ws_event", now_ns):
            again_ns = at_ns + strikes.within("duplicate_ws_event", LATE_EVENT_NS)
            self._ends.to_bot(again_ns, lambda: self._deliver(stream, message))

    def _deliver(self, stream: int, message: object) -> None:
        """Hand *message* to the process, unless its stream has ended."""
        if stream != self._stream:
            return
        older = isinstance(message, Report) and self._latest[message.client_order_id] is not message
        if older and self.strikes.on("merged_ws_states", self._ends.now()):
            return
        self.port.heard(message)

    def break_stream(self, silence_ns: int) -> None:
        """End the stream; the process notices after *silence_ns*."""
        self._end_stream()
        stream = self._stream
        self._ends.timer(self._ends.now() + silence_ns, lambda: self._noticed(stream))

    def _end_stream(self) -> None:
        """Lose what is on the stream and what would come on it."""
        self._whole = False
        self._stream += 1
        self._latest.clear()

    def _noticed(self, stream: int) -> None:
        """Tell the process that its stream has ended, unless it has another one."""
        if stream == self._stream:
            self.port.disconnected()

    def connect(self, epoch: int) -> None:
        """Begin a new stream for connection *epoch* of the process."""
        self._end_stream()
        stream = self._stream
        at_ns = self._ends.now() + RECONNECT_NS
        self._ends.timer(at_ns, lambda: self._connected(stream, epoch))

    def _connected(self, stream: int, epoch: int) -> None:
        """Tell the process that the stream is there, or that it did not come about."""
        if stream != self._stream:
            return
        if self.quirks.away():
            self.port.disconnected()
            return
        self._whole = True
        self.port.connected(epoch)

    def _drawn_ns(self, latency_ns: int) -> int:
        """Return when something sent now arrives."""
        jitter_ns = self._latency.jitter_ns
        drawn = self._jitter.below(jitter_ns + 1) if jitter_ns else 0
        return self._ends.now() + latency_ns + drawn


def _answers(request: Request, message: object) -> bool:
    """Return whether *message* answers *request*; else it is an event."""
    command = request.command
    match message:
        case AccountReport():
            return isinstance(command, QueryAccount)
        case Report(client_order_id=key, event=event):
            asked = isinstance(command, Place | Cancel | Query) and command.client_order_id == key
            return asked and isinstance(event, ANSWERS)
        case _:
            return False


def _acked(answer: Answer) -> bool:
    """Return whether *answer* says that an order was taken."""
    return isinstance(answer, Report) and isinstance(answer.event, Acked)
