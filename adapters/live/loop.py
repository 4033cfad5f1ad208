"""The live loop: the supervisor is in charge, the journal comes first, the port does the rest.

Start, reconnect, crash and upgrade are one path: connect, let the bot ask for every open order,
ask the three questions until the answers agree with the journal, run.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from adapters.bots import AnyBot, Event, holding, holdings, mode_of, waits_for_a_person
from adapters.journal.replay import tell as journaled
from adapters.journal.store import Journal
from adapters.live.bars import Closing
from adapters.live.connection import Connection
from adapters.live.holdings import exposure
from adapters.live.matching import OWN_CLOSES
from adapters.live.monitor import Monitor
from adapters.live.reconciling import Reconciling
from adapters.live.requests import Requests
from adapters.live.session import Session
from adapters.live.supervising import Supervising
from adapters.live.tasks import Tasks
from adapters.live.terms import Terms
from adapters.venue.port import Bar, FillNews, News, OrderState, Port, Quote, Rejected, Unavailable
from machines.gate import hears, opens_exposure, passes, present
from machines.hedge_wallet import Resumed as BotResumed
from machines.messages import Alert, Cancel, Command, Place, Query, Restarted, Wake, Wanted, Woken
from machines.order import Found
from machines.reconciliation import cancels_of_opening
from machines.supervisor import (
    DeadlinePassed,
    Degraded,
    Gap,
    GapEnded,
    Recovered,
    Resumed,
    StartRequested,
    StopRequested,
    Supervisor,
)
from machines.supervisor import Event as Told
from spec.supervisor import Action, Cause, State, StopPolicy
from spec.terms import PositionMode, PositionSide, Side
from spec.units import MILLI_NS, SECOND_NS

NOTICES = frozenset({"mirrors limited", "mirrors stopped"})  # nothing is amiss at the venue
Said = Callable[..., None]


class Loop:
    """One bot on one account of the ports *made*; *said* is told what a person may want to know.

    Its tasks end with the running event loop, so it is made inside of one.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # the one place where everything meets
        self,
        made: Callable[[], Port],
        journal: Journal,
        bot: AnyBot,
        supervisor: Supervisor,
        terms: Terms,
        clock_ns: Callable[[], int],
        said: Said,
    ) -> None:
        self.journal, self.terms, self.clock_ns = journal, terms, clock_ns
        self.said = said
        self.tasks = Tasks()
        self.supervising = Supervising(supervisor, journal, self._act, self._send, clock_ns)
        self.session = Session(bot, self._journaled, self._allowed, self._out)
        self.session.filled = self._filled
        self._wakes: dict[tuple[int, int], Wake] = {}  # the newest, by symbol and key
        self.connection = Connection(
            made,
            self.tasks,
            self.tell,
            self._heard,
            mode=mode_of(bot),
            retry_s=terms.retry_s,
        )
        self.requests = Requests(self.connection, terms, self.tasks, clock_ns)
        self.requests.trouble, self.requests.refused = self.trouble, self._refused
        self.reconciling = Reconciling(self)
        self.heard_ns = clock_ns()
        self.monitor = Monitor(self)
        self.closing = Closing(self)
        self._actions: dict[Action, Callable[[], None]] = {
            Action.CONNECT: self._connect,
            Action.DISCONNECT: self._disconnect,
            Action.QUERY: self.reconciling.ask,
            Action.CATCH_UP: self.reconciling.catch_up,
            Action.CANCEL_OPENING: self.cancel_opening,
            Action.CANCEL_ALL: self._cancel_all,
            Action.FLATTEN: self._flatten,
            Action.SET_DEADLINE: self._set_deadline,
            Action.ALERT: self._alert,
        }

    @property
    def supervisor(self) -> Supervisor:
        """The supervisor as it is."""
        return self.supervising.supervisor

    async def run(self, resume: int | None = None) -> State:
        """Run until the supervisor has stopped, and return its state.

        *resume* is the number of the halt that a person has looked at.
        """
        try:
            self._begin(resume)
            self.tasks.begin(self.monitor.run())
            await self.tasks.ended()
            await self.monitor.end()
        finally:
            await self.tasks.close()
            await self.connection.port.close()
        return self.supervising.state

    def stop(self, policy: StopPolicy) -> None:
        """Stop as *policy* says."""
        self.tell(StopRequested(policy))

    def _begin(self, resume: int | None) -> None:
        """Tell the supervisor of the process that has begun."""
        self.tell(Restarted())
        for cause in Cause:
            if present(self.supervisor, cause):
                self.tell(Recovered(cause))
        if resume is not None:
            self.tell(Resumed(resume))
            if waits_for_a_person(self.session.bot):
                self.session.tell(BotResumed())
        self.tell(StartRequested())

    # --- The supervisor --------------------------------------------------------------------

    def tell(self, event: Told) -> None:
        """Tell the supervisor of *event*, then the bot what it means for its orders."""
        before = self.supervisor
        self.supervising.tell(event)
        after = self.supervisor
        if after.state is not before.state:
            self.said("state", state=after.state.name, event=repr(event), halts=after.halts)
        if not hears(after):
            self.session.blind()
            self.session.torn()
        elif not hears(before):
            self.heard_ns = self.clock_ns()
            self.reconciling.begin()
            self.tasks.begin(self.requests.fetch(self.session))
            self.session.restarted()
            self.closing.begin()
        self.session.trade(priced=after.state is State.RUNNING)

    def _act(self, action: Action) -> None:
        self._actions[action]()

    def _connect(self) -> None:
        self.connection.connect(self.supervisor.epoch)

    def _disconnect(self) -> None:
        self.connection.stop()
        if self.supervising.state is State.STOPPED:
            self.tasks.end()

    def disturbed(self) -> None:
        """Have everything asked anew: the stream has not told all, or something from outside."""
        epoch = self.supervisor.epoch
        self.tell(Gap(epoch))
        self.tell(GapEnded(epoch))

    def cancel_opening(self) -> None:
        """Cancel the orders that can open exposure."""
        self.supervising.send(cancels_of_opening(self.session.books))

    def _cancel_all(self) -> None:
        own = [Cancel(key, symbol) for key, (symbol, _) in self.session.orders().items()]
        self.supervising.send((*own, *self.reconciling.orphans))

    def _flatten(self) -> None:
        """Close the positions by market orders of the supervisor's own numbers."""
        held = holdings(self.session.bot)
        first = OWN_CLOSES + self.clock_ns() // MILLI_NS
        hedged = self.connection.mode is PositionMode.HEDGE
        closes: list[Place] = []
        for number, leg in enumerate(self.reconciling.positions, first):
            order = Wanted(
                key=0,
                kind=0,
                side=Side.SELL if leg.position_side is PositionSide.LONG else Side.BUY,
                qty=min(leg.qty, held[leg.symbol].instrument.max_qty),
                position_side=leg.position_side if hedged else PositionSide.NONE,
                reduce_only=not hedged,
            )
            closes.append(Place(number, order, leg.symbol))
        self.supervising.send(closes)

    def _set_deadline(self) -> None:
        self.tasks.later(self.terms.deadline_s, partial(self.tell, DeadlinePassed()))

    def _alert(self) -> None:
        state, halts = self.supervising.state, self.supervisor.halts
        look = {"look": "at log and venue", "then": f"--resume {halts}"}
        self.said("alert", state=state.name, halts=halts, **look if state is State.HALTED else {})

    # --- The bot ---------------------------------------------------------------------------

    def _journaled(self, bot: AnyBot, event: Event) -> tuple[AnyBot, tuple[Command, ...]]:
        return journaled(self.journal, bot, event, self.clock_ns())

    def _allowed(self, command: Place | Cancel | Query) -> bool:
        """Return whether *command* of the bot may leave."""
        if not passes(self.supervisor, command):
            return False
        limit = self.terms.exposure_max
        if limit is None or not isinstance(command, Place) or not opens_exposure(command.order):
            return True
        if self.exposure() <= limit:
            return True
        self.said("exposure limit", order=command.client_order_id)
        return False

    def exposure(self) -> int:
        """Return what positions and opening orders are worth at the last prices, in money units."""
        quotes, found = self.session.quotes, holdings(self.session.bot)
        return sum(
            exposure(held, quotes[held.symbol].last) for held in found if held.symbol in quotes
        )

    def _out(self, command: Command) -> None:
        """Do what the bot asks for."""
        match command:
            case Place() | Cancel() | Query():
                self._send(command)
            case Wake():
                self._wakes[command.symbol, command.key] = command
                self.tasks.later(command.delay_ns / SECOND_NS, partial(self._wake, command))
            case Alert():
                self.said("bot", text=command.text, number=command.number)
                if command.text not in NOTICES:
                    self.tasks.later(0.0, self.disturbed)  # once the bot has been told all
            case _:
                pass  # the money is asked about with the positions

    def _wake(self, wake: Wake) -> None:
        """Wake the bot, unless it has asked anew since."""
        if self._wakes[wake.symbol, wake.key] is wake:
            self.session.tell(Woken(wake.key, wake.symbol))

    def _send(self, command: Place | Cancel | Query) -> None:
        self.requests.send(command, self.session)

    def _filled(self, fill: FillNews) -> None:
        instrument = holding(self.session.bot, fill.symbol).instrument
        self.said(
            "fill",
            symbol=instrument.symbol,
            side=fill.side.name,
            qty=f"{fill.qty * Decimal(instrument.lot):f}",
            price=f"{fill.price_ticks * Decimal(instrument.tick):f}",
            order=fill.client_order_id,
        )

    def _refused(self, client_order_id: int, outcome: Rejected) -> None:
        self.said(
            "refused",
            order=client_order_id,
            reason=outcome.reason.name,
            code=outcome.code,
            text=outcome.text,
        )
        self._suspended(outcome)

    # --- The venue -------------------------------------------------------------------------

    def _heard(self, news: News) -> None:
        """Take *news* of the stream."""
        match news:
            case Quote():
                self.heard_ns = self.clock_ns()
                if self.supervisor.stale:
                    self.tell(Recovered(Cause.STALE_DATA))
                self.session.quote(news)
            case OrderState():
                if news.found is Found.OPEN:
                    self.reconciling.open_order(news.symbol, news.client_order_id)
                self.session.order(news)
            case Bar():
                self.closing.heard(news)
            case FillNews():
                self.session.fill(news)
                if news.liquidation:
                    self.session.changes += 1
                    self.disturbed()
            case _:
                pass

    def trouble(self, answer: Unavailable) -> None:
        """Take note that something could not be asked."""
        self.said("unavailable", text=answer.text)
        self._suspended(answer)

    def _suspended(self, answer: Unavailable | Rejected) -> None:
        """Suspend trading if *answer* says that more will be refused."""
        if answer.drift:
            self.tell(Degraded(Cause.CLOCK_DRIFT))
        if answer.limited and not self.supervisor.limited:
            self.tell(Degraded(Cause.RATE_LIMIT))
            recovered = partial(self.tell, Recovered(Cause.RATE_LIMIT))
            self.tasks.later(self.terms.limited_s, recovered)
