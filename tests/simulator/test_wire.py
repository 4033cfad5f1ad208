"""The faulty wire and the port behind it: what the bot is told, and when, of what goes wrong."""

from collections.abc import Callable
from heapq import heappop, heappush

import pytest
from attrs import evolve

from machines.ladder import Config
from machines.messages import Cancel, Place, Query, QueryAccount, Report, Restarted, Wanted, Woken
from machines.order import (
    Acked,
    Event,
    Filled,
    Found,
    Lost,
    Order,
    Reconciled,
    Rejected,
)
from machines.order_manager import Book, Working, empty
from machines.position import Leg, Pair
from simulator.faults import FOREVER_NS, Faults
from simulator.swarm import perform
from simulator.swarm_draws import Trial, candles_of, setup_of
from simulator.synthetic import market
from simulator.venue import Venue
from simulator.venue_terms import VenueConfig
from simulator.wire import RECONNECT_NS, Wire
from simulator.wire_port import AGAIN_NS, SETTLE_NS, TIMEOUT_NS, Defences
from simulator.wire_terms import VALIDITY_NS, Ends, Known, Latency, Refused, Request
from simulator.world import Setup, run
from spec.order import State as OrderState
from spec.supervisor import State
from spec.terms import Instrument, OrderType, Side
from spec.units import MILLI_NS, SECOND_NS

WAY_NS = 10 * MILLI_NS
SURE = 1_000_000
BUY = Wanted(key=0, kind=0, side=Side.BUY, qty=5, type=OrderType.LIMIT, price_ticks=90)
CLOSE = Wanted(key=0, kind=0, side=Side.SELL, qty=5, reduce_only=True)
HOLDING_BACK = evolve(empty(1), refused=(BUY,), failures=(1,))
BEGIN_NS, FAR_NS = 10 * SECOND_NS, 60 * SECOND_NS


class Desk:
    """A wire between a venue and a list of what the bot is told; time passes when asked for.

    *book* and *pair* are the orders and the position that the bot says it has.
    Faults *names* strike from `BEGIN_NS` on.
    """

    def __init__(
        self, *names: str, defences: Defences | None = None, end_ns: int = FOREVER_NS
    ) -> None:
        self.now_ns, self.told = 0, list[tuple[int, object]]()
        self.book, self.pair = empty(1), Pair()
        self.venue = Venue(VenueConfig(deposit=10**9), (Instrument(symbol="S"),))
        self.venue.price(0, 100, 100, 0)
        self._queue: list[tuple[int, int, bool, Callable[[], None]]] = []
        self._count = 0
        rates = dict.fromkeys(names, SURE)
        faults = Faults(rates=rates, begin_ns=BEGIN_NS, end_ns=end_ns)
        self.wire = Wire(
            faults, 1, Latency(WAY_NS, WAY_NS, 0), self._ends(), defences or Defences()
        )
        self.wire.start()
        self.until(RECONNECT_NS + 4 * AGAIN_NS)
        assert self.state() is State.RUNNING
        self.until(BEGIN_NS)
        self.told.clear()

    def _ends(self) -> Ends:
        def queue(*, lost: bool) -> Callable[[int, Callable[[], None]], None]:
            def put(at_ns: int, act: Callable[[], None]) -> None:
                self._count += 1
                heappush(self._queue, (at_ns, self._count, lost, act))

            return put

        return Ends(
            now=lambda: self.now_ns,
            venue=self.venue,
            known=lambda: Known((self.book,), (self.pair,)),
            tell=self._tell,
            hand=self._hand,
            flush=self.flush,
            crash=self.crash,
            to_venue=queue(lost=False),
            to_bot=queue(lost=True),
            timer=queue(lost=True),
        )

    def state(self) -> State:
        """What the supervisor says."""
        return self.wire.port.supervisor.state

    def _tell(self, event: object) -> None:
        self.told.append((self.now_ns, event))
        if isinstance(event, Restarted):
            self.wire.post(QueryAccount())

    def _hand(self, command: Place | Cancel | Query | QueryAccount) -> None:
        match command:
            case Place():
                self.venue.submit(command, 0, self.now_ns)
            case Cancel():
                self.venue.cancel(command, self.now_ns)
            case Query():
                self.venue.query(command, self.now_ns)
            case QueryAccount():
                self.venue.query_account(0, self.now_ns)
        self.flush()

    def flush(self) -> None:
        """Let the wire hear the venue."""
        for _, message in self.venue.outbox:
            self.wire.hear(message)
        self.venue.outbox.clear()

    def crash(self) -> None:
        """Lose what a crash loses."""
        self._queue = sorted(item for item in self._queue if not item[2])
        self.wire.crashed()

    def until(self, at_ns: int) -> None:
        """Let time pass."""
        while self._queue and self._queue[0][0] <= at_ns:
            self.now_ns, _, _, act = heappop(self._queue)
            act()
        self.now_ns = at_ns

    def after(self, ns: int) -> list[Event]:
        """Let *ns* pass, and return what the bot was told meanwhile of its orders."""
        before = len(self.told)
        self.until(self.now_ns + ns)
        return [event.event for _, event in self.told[before:] if isinstance(event, Report)]

    def price(self, ticks: int) -> None:
        """Move the price."""
        self.venue.price(0, ticks, ticks, self.now_ns)
        self.flush()


def having(state: OrderState) -> Book:
    """Return the bot's orders while order 1 is open."""
    order = Order(qty=5, state=state)
    return evolve(empty(1), working=(Working(client_order_id=1, wanted=BUY, order=order),))


def found(desk: Desk) -> list[Found]:
    """Return what the bot was told that queries found."""
    events = [event.event for _, event in desk.told if isinstance(event, Report)]
    return [event.found for event in events if isinstance(event, Reconciled)]


def test_without_faults_orders_and_events_go_through() -> None:
    """The answer first, then what follows."""
    desk = Desk()
    desk.wire.post(Place(1, BUY))
    assert desk.after(2 * WAY_NS) == [Acked()]
    desk.price(89)
    assert desk.after(WAY_NS) == [Filled(5)]


def test_a_cancel_of_what_is_not_there_tells_nothing() -> None:
    """The venue may have closed the order: it is asked for, as after no answer at all."""
    desk = Desk()
    desk.wire.post(Cancel(1))
    assert desk.after(2 * WAY_NS) == [Lost()]


@pytest.mark.parametrize("name", ["lost_request", "lost_answer_executed", "garbage_200"])
def test_an_unknown_outcome_is_told_as_lost(name: str) -> None:
    """After the time-out at the latest, and never as refused; nothing is sent again."""
    desk = Desk(name)
    desk.wire.post(Place(1, BUY))
    assert desk.after(TIMEOUT_NS) == [Lost()]
    assert len(desk.venue.open_orders(0)) == (name != "lost_request")
    assert desk.after(FAR_NS) == []


def test_an_order_is_asked_for_once_no_request_can_be_valid() -> None:
    """After an unknown outcome the question leaves when the request would be refused."""
    desk = Desk("garbage_200", end_ns=BEGIN_NS + SECOND_NS)
    desk.wire.post(Place(1, BUY))
    assert desk.after(SECOND_NS) == [Lost()]
    desk.wire.post(Query(1, 1))
    assert desk.after(VALIDITY_NS - SECOND_NS) == []
    assert desk.after(2 * WAY_NS) == [Reconciled(1, Found.OPEN, 5, 0)]


def test_what_was_answered_is_over() -> None:
    """An order of which no request is under way is asked for at once."""
    desk = Desk()
    desk.wire.post(Place(1, BUY))
    desk.after(2 * WAY_NS)
    desk.wire.post(Query(1, 1))
    assert desk.after(2 * WAY_NS) == [Reconciled(1, Found.OPEN, 5, 0)]


def test_a_lie_of_a_moment_is_not_believed() -> None:
    """The order is not found at first; three equal answers are needed."""
    hasty, careful = Desk("not_found_after_ack", defences=Defences(hasty=True)), Desk()
    once = Defences(hasty=True, repeats=1)
    credulous = Desk("not_found_after_ack", defences=once)
    for desk in (hasty, careful, credulous):
        desk.wire.post(Place(1, BUY))
        desk.after(3 * WAY_NS)
        desk.wire.post(Query(1, 1))
        desk.after(FAR_NS)
    assert [found(desk) for desk in (hasty, careful)] == [[Found.OPEN], [Found.OPEN]]
    assert found(credulous) == [Found.ABSENT]


@pytest.mark.parametrize("shown", [False, True])
def test_an_order_that_was_shown_is_denied_for_long(
    monkeypatch: pytest.MonkeyPatch,
    shown: bool,  # noqa: FBT001
) -> None:
    """It has arrived, so the venue is asked for half a minute instead of some seconds."""
    desk, sent = Desk(), list[Request]()
    monkeypatch.setattr(desk.wire, "ask", sent.append)
    desk.wire.post(Query(1, 1, shown=shown))
    denied = 0
    while not found(desk):
        answer = Reconciled(1, Found.ABSENT, 0, 0)
        desk.wire.port.answered(sent[denied], Report(client_order_id=1, event=answer))
        denied += 1
        desk.after(AGAIN_NS)
    assert denied == (30 if shown else 3)


def test_a_question_waits_for_the_outcome_of_what_is_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A late refusal would else be taken for that of the attempt which follows the answer."""
    desk, sent = Desk(), list[Request]()
    monkeypatch.setattr(desk.wire, "ask", sent.append)
    place, query = Place(1, BUY), Query(1, 1)
    desk.wire.post(place)
    desk.wire.post(query)
    desk.after(VALIDITY_NS + SECOND_NS)
    assert [each.command for each in sent] == [place]
    desk.wire.port.answered(sent[0], Refused())
    assert desk.after(AGAIN_NS) == [Rejected()]
    assert [each.command for each in sent] == [place, query]


def test_only_the_newest_question_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the older one still hears, and what it would ask again, is dropped."""
    desk, sent = Desk(), list[Request]()
    monkeypatch.setattr(desk.wire, "ask", sent.append)
    for number in (1, 2):
        desk.wire.post(Query(1, number))
    for request, number in zip(sent, (1, 2), strict=True):
        assert not found(desk)
        answer = Reconciled(number, Found.OPEN, 5, 0)
        desk.wire.port.answered(request, Report(client_order_id=1, event=answer))
    assert found(desk) == [Found.OPEN]
    desk.after(FAR_NS)
    assert len(sent) == 2


def test_a_request_that_is_too_old_is_refused() -> None:
    """Late by up to eight seconds, valid for five: it is taken, refused, or unknown."""
    told = set[str]()
    for key in range(1, 30):
        desk = Desk("late_request")
        for number in range(key):
            desk.wire.post(Place(number + 1, BUY))
        told |= {type(event).__name__ for event in desk.after(FAR_NS)}
        if told == {"Acked", "Rejected", "Lost"}:
            break
    assert told == {"Acked", "Rejected", "Lost"}


def test_a_gap_is_noticed_and_nothing_opens_until_all_agree() -> None:
    """The fill in the gap is lost, the process reconnects, asks, and only then trades on."""
    desk = Desk()
    desk.wire.post(Place(1, BUY))
    desk.after(2 * WAY_NS)
    desk.book = having(OrderState.NEW)
    desk.wire.break_stream(SECOND_NS)
    desk.price(89)
    assert desk.after(SECOND_NS + RECONNECT_NS) == []
    assert isinstance(desk.told[-1][1], Restarted)
    assert desk.state() is State.RECONCILING
    desk.wire.post(Place(2, BUY))
    assert desk.after(WAY_NS) == [Rejected()]
    desk.book, desk.pair = HOLDING_BACK, desk.venue.position(0)
    desk.after(2 * AGAIN_NS)
    assert desk.state() is State.RUNNING
    assert Woken(0) in [event for _, event in desk.told]
    assert desk.venue.position(0).long.qty == 5


def test_what_reduces_leaves_while_nothing_may_open() -> None:
    """The venue answers it, as it does a cancel; without a connection neither leaves."""
    desk = Desk()
    desk.wire.break_stream(0)
    desk.after(WAY_NS)
    desk.wire.post(Place(1, CLOSE))
    desk.wire.post(Cancel(1))
    assert desk.after(SECOND_NS) == [Rejected()]  # by the gate
    assert desk.state() is State.RECONCILING
    desk.wire.post(Place(2, CLOSE))
    desk.wire.post(Cancel(1))
    assert desk.after(3 * WAY_NS) == [Rejected(), Lost()]  # by the venue: it is flat


def test_what_never_comes_right_is_for_a_person() -> None:
    """The bot counts lots that are not there: after some looks the process halts."""
    desk = Desk()
    desk.pair = Pair(long=Leg(qty=3, cost=300))
    desk.wire.break_stream(0)
    desk.after(FAR_NS)
    assert desk.state() is State.HALTED


@pytest.mark.parametrize(("repeats", "state"), [(1, State.HALTED), (3, State.RUNNING)])
def test_positions_that_lag_are_asked_for_again(repeats: int, state: State) -> None:
    """Rows from before the last fill are explained by nothing; once is no reason to halt."""
    desk = Desk("position_lag", defences=Defences(repeats=repeats))
    desk.wire.post(Place(1, BUY))
    desk.after(SECOND_NS)
    desk.wire.break_stream(0)
    desk.after(RECONNECT_NS + AGAIN_NS - 2 * WAY_NS)
    desk.price(89)
    desk.pair = desk.venue.position(0)
    assert desk.pair.long.qty == 5
    desk.after(FAR_NS)
    assert desk.state() is state


def test_nobody_looks_while_an_answer_is_awaited() -> None:
    """An order on its way would be missing here or there, and mean nothing."""
    desk = Desk()
    desk.wire.post(Place(1, BUY))
    desk.after(SECOND_NS)
    desk.book = having(OrderState.PENDING_CANCEL)
    desk.wire.break_stream(0)
    desk.after(FAR_NS)
    assert desk.state() is State.RECONCILING
    desk.book = having(OrderState.NEW)
    desk.after(3 * AGAIN_NS)
    assert desk.state() is State.RUNNING


def test_what_happens_during_a_look_tears_it() -> None:
    """The answers are of no one moment then, and are asked for anew."""
    desk = Desk()
    desk.wire.break_stream(0)
    desk.after(RECONNECT_NS + AGAIN_NS + 2 * WAY_NS)
    desk.wire.port.heard(Report(client_order_id=1, event=Filled(5)))
    desk.after(SETTLE_NS)
    assert desk.state() is State.RECONCILING
    desk.after(2 * AGAIN_NS)
    assert desk.state() is State.RUNNING


def test_an_order_that_nobody_knows_is_removed() -> None:
    """It carries the bot's name, and stays for ever otherwise."""
    desk = Desk()
    desk.wire.post(Place(1, BUY))
    desk.after(SECOND_NS)
    desk.wire.break_stream(0)
    desk.after(FAR_NS)
    assert not desk.venue.open_orders(0)
    assert desk.state() is State.RUNNING


def test_halted_a_process_still_hears_what_a_gap_hid() -> None:
    """Whoever looks finds the bot knowing its orders and positions."""
    desk = Desk()
    desk.pair = Pair(long=Leg(qty=3, cost=300))
    for _ in range(2):
        desk.wire.break_stream(0)
        desk.told.clear()
        desk.after(FAR_NS)
        assert desk.state() is State.HALTED
        assert Restarted() in [event for _, event in desk.told]


def test_an_order_of_the_bot_is_known_by_its_id() -> None:
    """What somebody else rests changes nothing; what he fills is not explained."""
    desk = Desk("foreign_order")
    desk.wire.post(Place(1, BUY))
    desk.after(SECOND_NS)
    assert len(desk.venue.open_orders(0)) == 2
    desk.book = having(OrderState.NEW)
    desk.wire.break_stream(0)
    desk.after(10 * SECOND_NS)
    assert desk.state() is State.RUNNING
    desk.venue.submit(Place(10**12 + 9, evolve(BUY, type=OrderType.MARKET)), 0, desk.now_ns)
    desk.wire.break_stream(0)
    desk.after(10 * SECOND_NS)
    assert desk.state() is State.HALTED


def test_a_suspended_process_goes_on_by_itself() -> None:
    """A rate limit makes it DEGRADED, then RECONCILING, then RUNNING."""
    desk = Desk("rate_limit", end_ns=BEGIN_NS + SECOND_NS)
    desk.wire.post(Place(1, BUY))
    assert desk.after(2 * WAY_NS) == [Rejected()]
    assert desk.state() is State.DEGRADED
    desk.after(20 * SECOND_NS)
    assert desk.state() is State.RUNNING
    assert Restarted() not in [event for _, event in desk.told]  # nothing was missed


def test_after_a_crash_the_venue_is_asked_when_old_requests_are_over() -> None:
    """What was on its way is forgotten, so all of it has to become invalid first."""
    desk = Desk()
    desk.crash()
    desk.after(RECONNECT_NS + WAY_NS)
    desk.book = having(OrderState.UNKNOWN)
    desk.wire.post(Query(1, 1))
    assert desk.after(VALIDITY_NS - RECONNECT_NS - 2 * WAY_NS) == []
    assert found(desk) == []
    desk.after(FAR_NS)
    assert found(desk) == [Found.ABSENT]


def test_runs_without_faults_are_as_before() -> None:
    """Without a faulty wire the world has none; the bot is told at once."""
    candles = market(1, 60)
    wallet = Config(instrument=Instrument(symbol="S"), unit_ticks=10_000)
    done = run(Setup(wallet=wallet, venue=VenueConfig(deposit=10**10)), candles)
    assert done.wire is None
    calm = Trial(seed=1, faults=Faults())
    assert not perform(calm).failed
    assert run(setup_of(calm), candles_of(1)).wire is not None
