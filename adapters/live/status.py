"""How a run is doing, on a port of this computer: JSON at /status, Prometheus text at /metrics."""

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from adapters.live.loop import Loop
from machines.order_manager import live
from spec.supervisor import State

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aiohttp import web

HOST = "127.0.0.1"
PORT = 8766
SKIPPED = frozenset({"symbol", "state", "phase", "venue"})


class StatusError(ValueError):
    """The status cannot be served; the message names the port and what to do."""


def status(loop: Loop, venue: str) -> dict[str, object]:
    """Return how *loop* is doing; money in its units, prices in ticks."""
    bot, supervisor = loop.session.bot, loop.supervisor
    instrument = bot.wallet.config.instrument
    quote = loop.session.quotes.get(0)
    return {
        "venue": venue,
        "symbol": instrument.symbol,
        "state": supervisor.state.name,
        "state_number": int(supervisor.state),
        "connected": supervisor.connected,
        "halts": supervisor.halts,
        "stale": supervisor.stale,
        "drift": supervisor.drift,
        "limited": supervisor.limited,
        "gap": supervisor.gap,
        "phase": bot.wallet.phase.name,
        "wallet_halted": bot.wallet.halted,
        "long_lots": bot.pair.long.qty,
        "short_lots": bot.pair.short.qty,
        "open_orders": len(live(bot.book)),
        "last_order": bot.book.sequence,
        "cash": bot.wallet.cash,
        "equity": loop.monitor.equity(),
        "last_ticks": None if quote is None else quote.last,
        "heard_ns": loop.heard_ns,
        "journal_rows": loop.journal.head.row + 1,
    }


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
        if name not in SKIPPED and isinstance(value, int):
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
