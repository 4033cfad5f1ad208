"""How a run is doing, on a port of this computer: JSON at /status, Prometheus text at /metrics."""

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from adapters.bots import Holding, holdings, sequence_of
from adapters.live.loop import Loop
from adapters.live.matching import expected_cash
from adapters.live.metrics import CONTENT_TYPE, metrics
from adapters.venue.port import Quote
from machines.bot import Bot
from machines.order_manager import live
from machines.portfolio import Portfolio
from machines.position import Leg
from spec.supervisor import State

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aiohttp import web

HOST = "127.0.0.1"


class StatusError(ValueError):
    """The status cannot be served; the message names the port and what to do."""


def status(loop: Loop, venue: str) -> dict[str, object]:
    """Return how *loop* is doing, in whole units; what a unit of each is stands beside it.

    Money is in units of *money*, all of it of the account; prices are in ticks and sizes in lots of
    their symbol.
    """
    bot, supervisor, terms = loop.session.bot, loop.supervisor, loop.terms
    found, equity = holdings(bot), loop.monitor.equity()  # None while a price is not known
    return {
        "venue": venue,
        "state": supervisor.state.name,
        "state_number": int(supervisor.state),
        "connected": supervisor.connected,
        "halts": supervisor.halts,
        "stale": supervisor.stale,
        "drift": supervisor.drift,
        "limited": supervisor.limited,
        "gap": supervisor.gap,
        "money": found[0].instrument.money,
        "balance": expected_cash(bot),
        "equity": equity,
        "equity_min": terms.equity_min,
        "exposure": None if equity is None else loop.exposure(),
        "exposure_max": terms.exposure_max,
        "open_orders": len(loop.session.orders()),
        "last_order": sequence_of(bot),
        "heard_ns": loop.heard_ns,
        "journal_rows": loop.journal.head.row + 1,
        **(_wallet(bot) if isinstance(bot, Bot) else _portfolio(bot)),
        "symbols": {held.instrument.symbol: _symbol(held, loop) for held in found},
    }


def _wallet(bot: Bot) -> dict[str, object]:
    """Return how a hedge wallet is doing."""
    return {
        "phase": bot.wallet.phase.name,
        "wallet_halted": bot.wallet.halted,
        "terms_waiting": bot.next_config is not None,
    }


def _portfolio(bot: Portfolio) -> dict[str, object]:
    """Return how a portfolio is doing."""
    return {
        "portfolio_halted": bot.halted,
        "warm_bars": max(bot.averages.bars),
        "warmup_bars": bot.config.warmup_bars,
        "newest_ms": bot.newest_ms,
        "overlay": "NONE" if bot.mirrors is None else bot.mirrors.overlay.state.name,
        "profit": bot.profits.now,
    }


def _symbol(held: Holding, loop: Loop) -> dict[str, object]:
    """Return the prices of a symbol, and what base and mirrors have of it."""
    quote = loop.session.quotes.get(held.symbol)
    pairs = {"": held.pair} | ({"mirror_": held.mirror} if held.mirror is not None else {})
    return {
        "tick": held.instrument.tick,
        "lot": held.instrument.lot,
        "last": None if quote is None else quote.last,
        "mark": None if quote is None else quote.mark,
        "open_orders": len(live(held.book)),
        "legs": {
            f"{name}{side}": _leg(held, leg, sign, quote)
            for name, pair in pairs.items()
            for side, leg, sign in (("long", pair.long, 1), ("short", pair.short, -1))
            if leg.qty
        },
    }


def _leg(held: Holding, leg: Leg, sign: int, quote: Quote | None) -> dict[str, int | None]:
    """Return what is open in a leg, a short one of *sign* -1: its worth at the mark price too."""
    cost = leg.cost * held.instrument.value
    worth = None if quote is None else held.instrument.notional(quote.mark, leg.qty)
    profit = None if worth is None else sign * (worth - cost)
    return {"lots": leg.qty, "cost": cost, "worth": worth, "profit": profit}


def exit_code(state: str) -> int:
    """Return 0 while the bot runs or is about to, 1 where a person is needed or nothing goes on.

    >>> exit_code("RUNNING"), exit_code("HALTED")
    (0, 1)
    """
    return int(state in (State.HALTED.name, State.STOPPED.name))


@asynccontextmanager
async def served(loop: Loop, venue: str, port: int) -> "AsyncGenerator[int]":
    """Serve the status on *port*, 0 for any that is free, and yield the port.

    Raises:
        StatusError: The port cannot be had.
    """
    from aiohttp import web

    async def shown(_: "web.Request") -> "web.Response":
        return web.json_response(status(loop, venue))

    async def counted(_: "web.Request") -> "web.Response":
        told = metrics(status(loop, venue))
        return web.Response(text=told, headers={"Content-Type": CONTENT_TYPE})

    app = web.Application()
    app.router.add_get("/status", shown)
    app.router.add_get("/metrics", counted)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, HOST, port).start()
        except OSError as error:
            raise StatusError(
                f"status-port {port}: {error.strerror}; give another, or 0"
            ) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
