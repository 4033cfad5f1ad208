"""The session: what a venue answers and tells becomes events of the bot, in order.

It owns the bot.  Each event is stepped and journaled before any request that follows leaves; what
the gate holds back is answered here, as it never left.  Nothing in it waits, asks or has a clock.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from attrs import evolve

from adapters.bots import AnyBot, Event, books, holding
from adapters.live.ledger import Ledger
from adapters.venue.port import Acked, Duplicate, FillNews, OrderState, Outcome, Quote, Rejected
from machines.hedge_wallet import Price
from machines.messages import (
    Bar,
    Bars,
    Cancel,
    Command,
    Place,
    Query,
    Report,
    Restarted,
    Watch,
)
from machines.order import Acked as OrderAcked
from machines.order import (
    Canceled,
    CancelRejected,
    Expired,
    Filled,
    Found,
    Lost,
    Reconciled,
    Triggered,
)
from machines.order import Event as OrderEvent
from machines.order import Rejected as OrderRejected
from machines.order_manager import Book, Working, live
from machines.reconciliation import held_back, orders, pending
from spec.terms import Reason

Journaled = Callable[[AnyBot, Event], tuple[AnyBot, tuple[Command, ...]]]
Gate = Callable[[Place | Cancel | Query], bool]
Out = Callable[[Command], None]

CLOSED = frozenset({Found.FILLED, Found.CANCELED, Found.EXPIRED, Found.REJECTED})


class Session:
    """The bot and what is known of its orders.

    *journaled* steps the bot and writes the step, *gate* says whether a command may leave, *out*
    takes what does, *filled* is told of fills that are news.  *changes* counts what has happened to
    the account, as far as we know.  Prices reach the bot only while *priced*.  *whole* says that
    all fills of its open orders are counted; until then those of the stream wait, so that the bot
    hears of fills in the venue's order.
    """

    def __init__(self, bot: AnyBot, journaled: Journaled, gate: Gate, out: Out) -> None:
        self.bot = bot
        self.ledger = Ledger()
        self.quotes: dict[int, Quote] = {}
        self.priced = self.whole = False
        self.changes = 0
        self.filled: Callable[[FillNews], None] = _unheard
        self._journaled, self._gate, self._out = journaled, gate, out
        self._events: deque[Event] = deque()
        self._busy = False
        self._bands: dict[int, tuple[int, int]] = {}
        self._held: dict[int, tuple[OrderState, int]] = {}
        self._early: list[FillNews] = []

    # --- The bot ---------------------------------------------------------------------------

    def orders(self) -> dict[int, tuple[int, Working]]:
        """Return (symbol, order) of every order that is not final, by client order id."""
        return orders(self.books)

    def pending(self) -> tuple[int, ...]:
        """Return the orders of which an answer is awaited."""
        return pending(self.books)

    @property
    def books(self) -> tuple[Book, ...]:
        """The bot's orders, one book a symbol."""
        return books(self.bot)

    @property
    def waits(self) -> bool:
        """Whether the venue has told of fills that have not come."""
        return bool(self._held) or not self.whole

    def tell(self, event: Event) -> None:
        """Tell the bot of *event*, and of what follows from its commands, in turn."""
        self._events.append(event)
        if self._busy:
            return
        self._busy = True
        while self._events:
            event = self._events.popleft()
            self.changes += isinstance(event, Report)
            self.bot, commands = self._journaled(self.bot, event)
            for command in commands:
                self._command(command)
        self._busy = False

    def restarted(self) -> None:
        """Tell the bot that answers and reports may be lost: it asks for every open order."""
        self._held.clear()
        self._bands.clear()
        self.tell(Restarted())

    def lost(self, symbol: int, client_order_id: int, reason: Reason = Reason.NONE) -> None:
        """Tell the bot that what has become of a request or an order is not known."""
        self._report(symbol, client_order_id, Lost(), reason)

    def trade(self, *, priced: bool) -> None:
        """Begin or end to give the bot prices; at the beginning, let it try again what it holds."""
        begins = priced and not self.priced
        self.priced = priced
        if begins:
            for woken in tuple(held_back(self.books)):
                self.tell(woken)
            for quote in tuple(self.quotes.values()):
                self._price(quote)

    def _command(self, command: Command) -> None:
        """Let *command* out, or answer it."""
        match command:
            case Place() | Cancel() | Query():
                if self._gate(command):
                    self.changes += not isinstance(command, Query)
                    self._out(command)
                elif isinstance(command, Place):
                    key, symbol = command.client_order_id, command.symbol
                    refused = Report(client_order_id=key, event=OrderRejected(), symbol=symbol)
                    self._events.append(refused)
            case Watch():
                self._bands[command.symbol] = (command.low, command.high)
                if command.symbol in self.quotes:
                    self._price(self.quotes[command.symbol])
            case _:
                self._out(command)

    def _report(
        self, symbol: int, client_order_id: int, event: OrderEvent, reason: Reason = Reason.NONE
    ) -> None:
        """Tell the bot of *event* of its order, with the totals of its fills."""
        totals = self.ledger.totals(client_order_id)
        self.tell(
            Report(
                client_order_id=client_order_id,
                event=event,
                notional=totals.notional,
                fee=totals.fee,
                reason=reason,
                symbol=symbol,
            )
        )

    # --- What the venue tells --------------------------------------------------------------

    def bars(self, bars: Bars) -> None:
        """Tell the bot of *bars*, at the bid and the ask of now if it is to act on them."""
        self.tell(bars if bars.past else evolve(bars, bars=tuple(self._touched(bars))))

    def _touched(self, bars: Bars) -> Iterator[Bar | None]:
        for symbol, bar in enumerate(bars.bars):
            quote = self.quotes.get(symbol)
            yield bar and (evolve(bar, bid=quote.bid, ask=quote.ask) if quote else bar)

    def quote(self, quote: Quote) -> None:
        """Take new prices; the bot hears of those that it watches for."""
        self.quotes[quote.symbol] = quote
        self._price(quote)

    def blind(self) -> None:
        """Forget the prices: they may be old."""
        self.quotes.clear()

    def torn(self) -> None:
        """Count no fill of the stream until `fills` has told of those that may be missing."""
        self.whole = False
        self._early.clear()

    def _price(self, quote: Quote) -> None:
        low, high = self._bands.get(quote.symbol, (0, 0))
        if self.priced and (quote.last <= low or 0 < high <= quote.last):
            del self._bands[quote.symbol]
            self.tell(Price(quote.last))

    def fill(self, fill: FillNews) -> None:
        """Take a fill of the stream."""
        if self.whole:
            self._count(fill)
        else:
            self._early.append(fill)

    def fills(self, fills: Iterable[FillNews]) -> None:
        """Take *fills*, the oldest first, which are all that may be missing."""
        for fill in (*fills, *self._early):
            self._count(fill)
        self._early.clear()
        self.whole = True
        for held in tuple(self._held.values()):
            self._stands(*held)

    def _count(self, fill: FillNews) -> None:
        """Count *fill*, if it is of an order of ours; tell the bot a total that is news."""
        key = fill.client_order_id
        if not key or not self.ledger.add(fill):
            return
        self.changes += 1
        held = holding(self.bot, fill.symbol)
        known = dict(held.book.closed) | {
            each.client_order_id: each.order.cum_qty for each in live(held.book)
        }
        qty = self.ledger.totals(key).qty
        if qty > known.get(key, qty):
            self.filled(fill)
            self._report(fill.symbol, key, Filled(qty))
        if self.whole and key in self._held:
            self._stands(*self._held[key])

    def order(self, state: OrderState) -> None:
        """Take what the venue's stream says of an order."""
        self._stands(state, 0)

    def answered(self, query: Query, state: OrderState) -> None:
        """Take the answer to *query*."""
        self._stands(state, query.query)

    def _stands(self, state: OrderState, query: int) -> None:
        """Tell the bot how an order stands, once its fills are there; *query* 0 is the stream."""
        key = state.client_order_id
        own = self.orders().get(key)
        if own is None:
            self._held.pop(key, None)
            return
        qty = self.ledger.totals(key).qty
        if qty < state.cum_qty or not self.whole:
            held = self._held.get(key)
            if held is None or held[0].found not in CLOSED:
                self._held[key] = state, query
            return
        self._held.pop(key, None)
        symbol, working = own
        event = _answer(state, query, qty) if query else _news(working, state, qty)
        if event is not None:
            self._report(symbol, key, event, state.reason)

    # --- What became of requests -----------------------------------------------------------

    def ended(self, command: Place | Cancel, outcome: Outcome) -> None:
        """Take what became of *command*; the stream tells when a canceled order has gone.

        A venue that has nothing to cancel may have closed the order: it is asked.
        """
        symbol, key = command.symbol, command.client_order_id
        match outcome:
            case Acked():
                own = self.orders().get(key)
                if own is not None and not own[1].shown:
                    self._report(symbol, key, OrderAcked())
            case Rejected(reason=reason) if reason is not Reason.UNKNOWN_ORDER:
                places = isinstance(command, Place)
                event = OrderRejected() if places else CancelRejected()
                self._report(symbol, key, event, reason)
            case Duplicate():
                self.lost(symbol, key, Reason.DUPLICATE_ID)
            case _:
                self.lost(symbol, key)


def _answer(state: OrderState, query: int, qty: int) -> OrderEvent:
    """Return *state* as the answer to *query*, with *qty* lots filled."""
    if state.found is Found.ABSENT:
        return Reconciled(query, Found.ABSENT, 0, 0)
    return Reconciled(query, state.found, state.qty, qty, state.triggered)


def _news(working: Working, state: OrderState, qty: int) -> OrderEvent | None:
    """Return what *state* of the stream says beyond the *qty* lots that are filled, if anything."""
    match state.found:
        case Found.OPEN if state.triggered and not working.order.triggered:
            return Triggered()
        case Found.OPEN if not working.shown:
            return OrderAcked()
        case Found.CANCELED:
            return Canceled(qty)
        case Found.EXPIRED:
            return Expired(qty)
        case Found.REJECTED:
            return OrderRejected()
        case _:
            return None


def _unheard(_: FillNews) -> None:
    """Tell nobody."""
