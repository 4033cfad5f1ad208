"""How a run is doing, on a port of this computer: JSON at /status, Prometheus text at /metrics."""

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from adapters.bots import Holding, cash_of, holdings, sequence_of
from adapters.live.loop import Loop
from machines.bot import Bot
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
    """Return how *loop* is doing; money in its units, prices in ticks."""
    bot, supervisor = loop.session.bot, loop.supervisor
    return {
        "venue": venue,
        "symbol": ",".join(held.instrument.symbol for held in holdings(bot)),
        "state": supervisor.state.name,
        "state_number": int(supervisor.state),
        "connected": supervisor.connected,
        "halts": supervisor.halts,
        "stale": supervisor.stale,
        "drift": supervisor.drift,
        "limited": supervisor.limited,
        "gap": supervisor.gap,
        "open_orders": len(loop.session.orders()),
        "last_order": sequence_of(bot),
        "cash": cash_of(bot),
        "equity": loop.monitor.equity(),
        "exposure": loop.exposure(),
        "heard_ns": loop.heard_ns,
        "journal_rows": loop.journal.head.row + 1,
        **(_wallet(bot, loop) if isinstance(bot, Bot) else _portfolio(bot, loop)),
    }


def _wallet(bot: Bot, loop: Loop) -> dict[str, object]:
    """Return how a hedge wallet is doing."""
    quote = loop.session.quotes.get(0)
    return {
        "phase": bot.wallet.phase.name,
        "wallet_halted": bot.wallet.halted,
        "long_lots": bot.pair.long.qty,
        "short_lots": bot.pair.short.qty,
        "last_ticks": None if quote is None else quote.last,
    }


def _portfolio(bot: Portfolio, loop: Loop) -> dict[str, object]:
    """Return how a portfolio is doing: the account's numbers, then the legs of each symbol.

    A leg is its lots, what they are worth, and the profit that they would have at the mark price.
    """
    mirrors = bot.mirrors
    legs: dict[str, object] = {}
    for held in holdings(bot):
        pairs = {"": held.pair} | ({"mirror_": held.mirror} if held.mirror is not None else {})
        for name, pair in pairs.items():
            for side, leg, sign in (("long", pair.long, 1), ("short", pair.short, -1)):
                if leg.qty:
                    legs[f"{held.instrument.symbol}_{name}{side}"] = _leg(held, leg, sign, loop)
    return {
        "portfolio_halted": bot.halted,
        "warm_bars": max(bot.averages.bars),
        "warmup_bars": bot.config.warmup_bars,
        "newest_ms": bot.newest_ms,
        "overlay": "NONE" if mirrors is None else mirrors.overlay.state.name,
        "profit": bot.profits.now,
        "legs": legs,
    }


def _leg(held: Holding, leg: Leg, sign: int, loop: Loop) -> dict[str, int]:
    """Return what is open in a leg, a short one of *sign* -1."""
    quote = loop.session.quotes.get(held.symbol)
    worth = held.instrument.notional(quote.mark, leg.qty) if quote else 0
    cost = leg.cost * held.instrument.value
    profit = sign * (worth - cost) if quote else 0
    return {"lots": leg.qty, "cost": cost, "worth": worth, "profit": profit}


def metrics(found: dict[str, object]) -> str:
    """Return the numbers of *found* as Prometheus text.

    >>> print(metrics({"symbol": "S", "state": "RUNNING", "halts": 1, "stale": False}), end="")
    # TYPE hedgeproof_halts gauge
    hedgeproof_halts{symbol="S",state="RUNNING"} 1
    # TYPE hedgeproof_stale gauge
    hedgeproof_stale{symbol="S",state="RUNNING"} 0
    """
    labels = ",".join(f'{name}="{found[name]}"' for name in ("symbol", "state"))
    lines: list[str] = []
    for name, value in found.items():
        if isinstance(value, int):
            lines.append(f"# TYPE hedgeproof_{name} gauge")
            lines.append(f"hedgeproof_{name}{{{labels}}} {int(value)}")
    return "\n".join(lines) + "\n"


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

    async def told(_: "web.Request") -> "web.Response":
        return web.json_response(status(loop, venue))

    async def counted(_: "web.Request") -> "web.Response":
        return web.Response(text=metrics(status(loop, venue)))

    app = web.Application()
    app.router.add_get("/status", told)
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
