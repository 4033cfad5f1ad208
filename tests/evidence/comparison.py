"""A venue's account of a bot held against the bot's journal: orders, fills, lots and money."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from attrs import frozen

from adapters.bots import AnyBot, holdings
from adapters.exchange.binance import client as binance
from adapters.exchange.bybit import client as bybit
from adapters.journal.audit import Finding, audit
from adapters.journal.chain import Kind
from adapters.journal.codec import decode
from adapters.journal.replay import rebuilt
from adapters.journal.steps import Step
from adapters.journal.store import Journal
from adapters.live.matching import expected_cash
from adapters.live.prepare_strategy import StrategyPlan
from adapters.live.start import begun
from adapters.venue.ccxt_venue import CcxtVenue
from adapters.venue.credentials import Credentials
from adapters.venue.port import FillNews, LegState, OrderState, Snapshot, T, Unavailable
from adapters.venue.venues import VENUES
from machines.messages import Place, Report
from machines.portfolio import Portfolio
from spec.terms import PositionSide

SYMBOL, BOT, BYBIT = "BTCUSDT", "hedge-wallet", "bybit"
CONFIGS = {BYBIT: bybit.ccxt_config, "binance": binance.ccxt_config}
KEYS = Credentials(key="key-1", secret="secret-1")  # noqa: S106
MARGIN_MS = 60_000
TRIES = 5
Totals = tuple[int, int, int]


@frozen(kw_only=True)
class Venue:
    """The account as the venue shows it; *cash* in money units."""

    legs: tuple[LegState, ...]
    orders: tuple[OrderState, ...]
    fills: tuple[FillNews, ...]
    cash: int


@frozen(kw_only=True)
class Story:
    """What the journal says: each order's placed lots, and the totals of its fills."""

    placed: dict[int, int]
    totals: dict[int, Totals]
    rows: int


@frozen(kw_only=True)
class Comparison:
    """How venue and journal compare: what is wrong is counted in *wrong*; *gained* money units."""

    placed: int
    fills: int
    rows: int
    gained: int
    wrong: dict[str, int]
    findings: tuple[Finding, ...]


async def compared(path: Path, port: int, dialect: str = BYBIT) -> Comparison:
    """Compare the journal at *path*, of a bot that has ended, with the venue."""
    with Journal(path) as journal:
        live, since_ms = rebuilt(journal), next(journal.rows()).at_ns // 1_000_000
        story = told(journal)
        first = begun(journal)[1]
    found = await shown(port, since_ms - MARGIN_MS, dialect, live)
    sums = summed(found.fills)
    owners = Counter(
        key for key, _ in {(each.client_order_id, each.venue_id) for each in found.fills}
    )
    theirs = {(leg.symbol, leg.position_side): leg.qty for leg in found.legs}
    ours = _legs(live)
    checked = audit(path)
    wrong = {
        "orders at the venue that the journal does not have": len(set(sums) - set(story.placed)),
        "orders that were there twice": sum(count > 1 for count in owners.values()),
        "orders filled beyond what was placed": sum(
            sums[key][0] > story.placed.get(key, 0) for key in sums
        ),
        "orders whose fills differ in lots, price or fee": sum(
            sums[key] != story.totals.get(key) for key in sums.keys() | story.totals.keys()
        ),
        "orders left open": sum(bool(each.client_order_id) for each in found.orders),
        "lots of the position that differ": sum(
            abs(theirs.get(leg, 0) - ours.get(leg, 0)) for leg in theirs.keys() | ours.keys()
        ),
        "money units that differ": abs(found.cash - expected_cash(live)),
        "findings of the journal's audit": len(checked.findings) + (checked.fault is not None),
    }
    return Comparison(
        placed=len(story.placed),
        fills=len(found.fills),
        rows=story.rows,
        gained=found.cash - first,
        wrong=wrong,
        findings=checked.findings,
    )


def _legs(bot: AnyBot) -> dict[tuple[int, PositionSide], int]:
    """Return the lots of each leg that *bot* holds."""
    return {
        (held.symbol, side): leg.qty
        for held in holdings(bot)
        for side, leg in (
            (PositionSide.LONG, held.legs.long),
            (PositionSide.SHORT, held.legs.short),
        )
        if leg.qty
    }


def told(journal: Journal) -> Story:
    """Return what *journal* says of its orders."""
    placed: dict[int, int] = {}
    totals: dict[int, Totals] = {}
    rows = 0
    with closing(journal.rows()) as found:
        for row in found:
            rows += 1
            if row.kind is not Kind.STEP:
                continue
            step = decode(row.body, Step)
            placed |= {
                each.client_order_id: each.order.qty
                for each in step.commands
                if isinstance(each, Place)
            }
            if isinstance(step.event, Report):
                news = step.event
                filled: int = getattr(news.event, "cum_qty", 0)
                if filled:
                    totals[news.client_order_id] = filled, news.notional, news.fee
    return Story(placed=placed, totals=totals, rows=rows)


def summed(fills: tuple[FillNews, ...]) -> dict[int, Totals]:
    """Return the totals of *fills* by order."""
    qty, notional, fee = Counter[int](), Counter[int](), Counter[int]()
    for fill in fills:
        key = fill.client_order_id
        qty[key] += fill.qty
        notional[key] += fill.qty * fill.price_ticks
        fee[key] += fill.fee
    return {key: (qty[key], notional[key], fee[key]) for key in qty}


async def shown(
    port: int, since_ms: int, dialect: str = BYBIT, live: AnyBot | None = None
) -> Venue:
    """Return the account of *live*, or of a wallet, as the venue shows it to another client."""
    venue = await opened(partial(ported, port, dialect, *_named(live)))
    try:
        return Venue(
            legs=await had(venue.positions),
            orders=await had(venue.open_orders),
            fills=await had(partial(venue.fills, since_ms)),
            cash=(await had(venue.cash)).cash,
        )
    finally:
        await venue.close()


async def opened(made: Callable[[], CcxtVenue]) -> CcxtVenue:
    """Return a client that is connected, at once or later."""
    for _ in range(TRIES):
        venue = made()
        trouble = await venue.open()
        if trouble is None:
            return venue
        await venue.close()
        await asyncio.sleep(1.0)
    raise AssertionError("the exchange cannot be reached")


async def had(ask: Callable[[], Awaitable[Snapshot[T] | Unavailable]]) -> T:
    """Return what is answered, at once or later: a busy computer may be late."""
    for _ in range(TRIES):
        answer = await ask()
        if isinstance(answer, Snapshot):
            return answer.value
        await asyncio.sleep(1.0)
    raise AssertionError("the exchange does not answer")


def ported(
    port: int, dialect: str, symbols: Sequence[str] = (SYMBOL,), bot: str = BOT
) -> CcxtVenue:
    """Return a client of the exchange at *port*, which is not connected yet."""
    made = CONFIGS[dialect](port)
    config = {name: value for name, value in made.items() if name not in ("apiKey", "secret")}
    return CcxtVenue(VENUES[dialect], symbols, bot, KEYS, config)


def _named(live: AnyBot | None) -> tuple[Sequence[str], str]:
    """Return the contracts of *live*, or of a wallet, and by which name its orders are told."""
    if isinstance(live, Portfolio):
        return [held.instrument.symbol for held in holdings(live)], StrategyPlan.bot
    return (SYMBOL,), BOT
