"""`hedgeproof exchange`: a simulated exchange that speaks a venue's wire protocol."""

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.terminal import CommandError

if TYPE_CHECKING:
    from adapters.exchange.core import Exchange
    from adapters.exchange.faults import Plan
    from adapters.exchange.setup import Setup
    from adapters.exchange.wire import Dialect
    from simulator.candles import Candles

PORT = 8765
SYNTHETIC = "synthetic"
HISTORY = 1_500
SPEED_MAX, PORT_MAX = 100_000, 65_535


class Venue(StrEnum):
    """Whose wire protocol it speaks."""

    BYBIT = "bybit"
    BINANCE = "binance"


def exchange(  # noqa: PLR0913  # the options are the command's
    *,
    dialect: Annotated[Venue, typer.Option(help="The venue to imitate.")] = Venue.BYBIT,
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1; 0: any that is free.")] = PORT,
    market: Annotated[
        str, typer.Option(help="The folder of the candle files, or `synthetic`.")
    ] = SYNTHETIC,
    symbol: Annotated[
        list[str] | None, typer.Option(help="A contract, or several as in BTCUSDT,ETHUSDT.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The seed of the synthetic market.")] = 1,
    speed: Annotated[
        float, typer.Option(help="1: the computer's clock; 60: a minute a second; 0: by steps.")
    ] = 1.0,
    history: Annotated[int, typer.Option(help="How many candles are past at first.")] = HISTORY,
    accounts: Annotated[int, typer.Option(help="How many accounts there are.")] = 1,
    deposit: Annotated[str, typer.Option(help="What each has at first.")] = "100000",
    leverage: Annotated[int, typer.Option(help="The leverage of each at first.")] = 10,
    hedge: Annotated[bool, typer.Option(help="Begin in hedge mode.")] = False,
    faults: Annotated[
        str, typer.Option(help="What goes wrong: NAME=0.05,delay=50ms or `swarm`; see the page.")
    ] = "",
) -> None:
    """Run a simulated exchange that an unmodified ccxt client can trade on."""
    if find_spec("aiohttp") is None:
        raise CommandError("not installed: aiohttp; install it to serve an exchange")
    if not 0 <= speed <= SPEED_MAX:
        raise CommandError(f"speed {speed:g}: give 0 to {SPEED_MAX:,}")
    if not 0 <= port <= PORT_MAX:
        raise CommandError(f"port {port}: give 0 to {PORT_MAX}")
    from adapters.exchange import setup as setups
    from adapters.exchange.faults import plan

    names = [name for each in symbol or ["BTCUSDT"] for name in each.split(",")]
    try:
        planned = plan(faults, seed) if faults else None
        setup = setups.Setup(
            dialect=dialect,
            accounts=accounts,
            deposit=deposit,
            leverage=leverage,
            mode="hedge" if hedge else "one_way",
        )
        markets = [_candles(market, name, seed + n) for n, name in enumerate(names)]
        made = _made(markets, setup, history, stepped=not speed)
    except (ValueError, ArithmeticError) as error:
        raise CommandError(str(error)) from error
    _serve(made, setup, port, speed, planned)


def _candles(market: str, symbol: str, seed: int) -> "Candles":
    """Return the candles of *symbol*."""
    if market == SYNTHETIC:
        from adapters.config import SYNTHETIC_BARS
        from simulator.synthetic import market as synthetic

        return synthetic(seed, SYNTHETIC_BARS, symbol=symbol)
    from adapters.candles import load

    return load(Path(market), symbol)


def _made(markets: "list[Candles]", setup: "Setup", history: int, *, stepped: bool) -> "Exchange":
    """Return the exchange after *history* candles: at the data's time if stepped, else now."""
    import time

    from adapters.exchange import setup as setups
    from spec.units import MILLI_NS

    for candles in markets:
        if not 0 <= history < len(candles):
            raise CommandError(
                f"history {history}: {candles.symbol} has {len(candles)} candles; give fewer"
            )
    if stepped:
        first = markets[0]
        return setups.exchange(
            markets, setup, (first.start_ms + history * first.step_ms) * MILLI_NS
        )
    now_ns = time.time_ns()
    shifted = [setups.moved(candles, history, now_ns // MILLI_NS) for candles in markets]
    return setups.exchange(shifted, setup, now_ns)


def _serve(
    made: "Exchange", setup: "Setup", port: int, speed: float, planned: "Plan | None"
) -> None:
    """Serve until interrupted."""
    import asyncio

    from adapters.exchange import setup as setups
    from adapters.exchange.faults import Faulty
    from adapters.exchange.server import Server, serve

    keys = setups.keys(setup.accounts)
    dialect, streams = _dialect(made, setup.dialect, keys)
    faulty = None if planned is None else Faulty(made, planned)

    def started(found: int) -> None:
        at = f"127.0.0.1:{found}"
        print(f"{setup.dialect} at http://{at}, streams at ws://{at}{streams}")
        print(f"symbols: {', '.join(made.symbols)}; clock: {_clock(speed)}")
        for key, (account, secret) in keys.items():
            print(f"{account}: API key {key}, secret {secret}")
        if planned is not None:
            names = ", ".join(planned.faults.rates) or "none"
            print(f"faults: {names}; delay {planned.delay_ms} ms")
        print("Stop it with Ctrl-C", flush=True)

    asyncio.run(serve(Server(dialect, speed=speed, faults=faulty), port, started=started))


def _dialect(
    made: "Exchange", venue: str, keys: dict[str, tuple[str, str]]
) -> "tuple[Dialect, str]":
    """Return the words of *venue* in front of the exchange, and where its streams are."""
    if venue == Venue.BINANCE:
        from adapters.exchange.binance import rest as binance

        return binance.Rest(made, keys), "/ws"
    from adapters.exchange.bybit import rest as bybit

    return bybit.Rest(made, keys), "/v5"


def _clock(speed: float) -> str:
    """Return how the clock runs, in words."""
    if not speed:
        return "stands still; POST /control/step moves it"
    return "the computer's" if speed == 1 else f"{speed:g} times the computer's"
