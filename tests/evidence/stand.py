"""The exchange of a trial, and the wire that leads to it: faults strike at both, or at neither."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Self

from attrs import field, frozen

from adapters.exchange import setup as setups
from adapters.exchange.binance.rest import Rest as Binance
from adapters.exchange.bybit.rest import Rest as Bybit
from adapters.exchange.faults import Faulty, Plan
from adapters.exchange.records import Order
from adapters.exchange.server import Server, serve
from adapters.venue.client_id import ClientIds
from machines.gate import opens_exposure
from simulator.faults import Faults
from simulator.prng import Prng
from simulator.synthetic import market
from spec.units import MILLI_NS
from tests.evidence.chaos_wire import ChaosWire, Kind
from tests.evidence.traded import MODES, contracts, plan

BARS, HISTORY = 20_000, 100  # of a minute
SPEEDS = {"wallet": 120.0, "portfolio": 60.0}  # of the market, in times the computer's clock
DIALECTS = {"bybit": Bybit, "binance": Binance}


@frozen(kw_only=True)
class Trial:
    """What goes wrong in a run, for *seconds*; *seed* draws the market and the account too.

    *rates*, in ppm of the chances, are of faults of the exchange, *kinds* are of the wire, and
    *bot* is one of `traded.BOTS`.
    """

    name: str
    dialect: str
    seed: int
    rates: Mapping[str, int] = field(factory=dict[str, int], hash=False)
    kinds: tuple[Kind, ...] = ()
    seconds: float = 20.0
    bot: str = "wallet"

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells it from others."""
        return self.name, self.dialect, self.seed

    @property
    def may_double(self) -> bool:
        """Whether the venue may come to take an order twice, which a bot can only notice."""
        again = self.dialect == "binance" and "retry_duplicate" in self.rates
        return again or Kind.TWICE in self.kinds


class Stand:
    """Serves the exchange of *trial* on the *port* of a wire."""

    def __init__(self, trial: Trial) -> None:
        dice = Prng(trial.seed).split("account")
        mode = MODES[dice.below(len(MODES))]
        self.plan = plan(trial.bot, dice, mode)
        self.contracts, self.pace = contracts(self.plan), SPEEDS[trial.bot]
        thin = "partial_then_cancel" in trial.rates or dice.below(2) == 1
        setup = setups.Setup(
            dialect=trial.dialect,
            mode=mode,
            liquidity_lots=dice.between(50, 300) if thin else 0,
            slippage_ticks=dice.below(100),
        )
        now_ns = time.time_ns()
        markets = [
            setups.moved(market(seed, BARS, symbol=name), HISTORY, now_ns // MILLI_NS)
            for seed, name in enumerate(self.contracts, trial.seed)
        ]
        exchange = setups.exchange(markets, setup, now_ns)
        self.faulty = Faulty(exchange, Plan(faults=Faults(rates=trial.rates), seed=trial.seed))
        self.server = Server(
            DIALECTS[trial.dialect](exchange, setups.keys(1)), speed=self.pace, faults=self.faulty
        )
        (self.trader,) = exchange.traders.values()
        self.wire = ChaosWire(0, trial.kinds, trial.seed)
        self.spoil(on=False)

    @asynccontextmanager
    async def served(self) -> AsyncGenerator[Self]:
        """Serve until left."""
        started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(serve(self.server, 0, started=started.set_result))
        try:
            self.wire.target = await started
            async with self.wire:
                yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return self.wire.port

    def spoil(self, *, on: bool) -> None:
        """Let the faults strike, or stop."""
        self.faulty.on = self.wire.on = on

    def freeze(self) -> None:
        """Let the market stand still: nothing fills, and no funding is paid."""
        self.server.speed = 0.0

    @property
    def calm(self) -> bool:
        """Whether nothing is left of the faults."""
        return self.faulty.calm and self.wire.calm

    @property
    def faults(self) -> dict[str, int]:
        """How often each fault that there can be has struck."""
        return {**self.faulty.counts} | {kind: self.wire.faults[kind] for kind in self.wire.kinds}

    @property
    def orders(self) -> list[tuple[int, Order]]:
        """The bot's orders in the books of the exchange, by client order id, the oldest first."""
        read = ClientIds(self.plan.bot, self.contracts).read
        found = ((read(order.link), order) for order in self.trader.orders.values())
        return [(name[1], order) for name, order in found if name is not None]

    @property
    def doubled(self) -> set[int]:
        """The orders that are there twice."""
        counts = Counter(name for name, _ in self.orders)
        return {name for name, count in counts.items() if count > 1}

    @property
    def opening(self) -> int:
        """How many orders of the bot are open that can open exposure."""
        return sum(each.working and opens_exposure(each.wanted) for _, each in self.orders)
