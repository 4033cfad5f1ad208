"""The hedge wallet's bot on a wire that lags and loses, and that our side may crash behind.

The bot starts in one of its phases with its orders in place; from there the market makes a few
moves, at any time.  Commands and reports go in frames that keep their order: one of the commands
may get lost, as may a frame of reports, and each crash may fall before what was decided has left.
Whoever sends more frames than there is room for waits.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from attrs import evolve, field, frozen

from machines import bot as bots
from machines import ladder
from machines.bot import Bot, Strategy
from machines.hedge_wallet import WalletSpec
from machines.ladder import Config
from machines.messages import Alert, Cancel, Command, Place, Query, Restarted, Watch, Woken
from machines.order import OrderSpec, exposure
from machines.order_manager import live, waiting
from machines.position import Leg, Pair
from simulator.actors import Actor, ActorWorld, Channel, Do, Features
from simulator.worlds.order_ours import Budget
from simulator.worlds.product_wallet_rules import rules
from simulator.worlds.product_wallet_venue import (
    BASE,
    UNIT,
    Commands,
    Exchange,
    ExchangeActor,
    Frame,
    show_exchange,
    show_frame,
)
from spec.hedge_wallet import HEDGE_WALLET, Fragment, State
from spec.order import ORDER
from spec.terms import Instrument, PositionMode

QTY = 4
CASH = QTY * BASE
ROOM = 6  # frames
IDS = 40  # more orders than are ever sent
SENT = Place | Cancel | Query | Watch


@frozen
class Size:
    """The market's *path* to where the world begins, and what may happen from there.

    *moves* of up to *jump* units, *losses* of commands, and what our side may suffer.  *sees* are
    the phases that must come about.
    """

    path: tuple[int, ...] = ()
    moves: int = 2
    jump: int = 1
    mode: PositionMode = PositionMode.ONE_WAY
    losses: int = 0
    budget: Budget = field(default=Budget())
    sees: tuple[State, ...] = ()

    @property
    def resets(self) -> bool:
        """Whether a cycle may end: once the exit has filled, the price returns."""
        return State.ADVANCE in self.sees and len(self.path) + self.moves > 1


class Ours(NamedTuple):
    """The bot, which is in the journal, and what has happened to our side.

    *missed* frames are not noticed yet.  *stray*: a report told more of an order than was known
    when it had ended.
    """

    bot: Bot
    budget: Budget
    down: bool = False
    missed: bool = False
    stray: bool = False


@frozen
class BotActor:
    """Our side; *wanted* and *survives*, what a restart knows of a bot, are for mutants."""

    ids: int
    wanted: Strategy = ladder.wanted
    survives: Callable[[Bot], Bot] = lambda bot: bot

    def hears(self, ours: Ours, channel: str, frame: Frame) -> Iterator[Do]:  # noqa: ARG002
        """Yield what becomes of a frame of reports."""
        if ours.down:
            yield Do("reaches nobody", ours)
            return
        if ours.budget.losses:
            less = ours.budget._replace(losses=ours.budget.losses - 1)
            yield Do("is lost", ours._replace(budget=less, missed=True))
        yield from self._does("is told", ours, *frame)

    def acts(self, ours: Ours) -> Iterator[Do]:
        """Yield what our side may do by itself: wake keys, notice a gap, crash and restart."""
        if ours.down:
            yield from self._does("restart", ours._replace(down=False), Restarted())
            return
        if ours.missed:
            what = "notice that reports are missing"
            yield from self._does(what, ours._replace(missed=False), Restarted())
        for key in () if ours.missed else waiting(ours.bot.book):  # a gap is noticed sooner
            yield from self._does(f"wake key {key}", ours, Woken(key))
        if ours.budget.crashes:
            yield Do("crash", self._crashed(ours))

    def _does(self, what: str, ours: Ours, *events: bots.Event) -> Iterator[Do]:
        """Yield that the bot is told *events* and its commands leave, or a crash comes between."""
        bot, commands = ours.bot, list[Command]()
        for event in events:
            bot, more = bots.step(bot, event, self.wanted)
            commands.extend(more)
        stray = any(isinstance(each, Alert) for each in commands)
        after = ours._replace(bot=moneyless(bot), stray=ours.stray or stray)
        sent = tuple(each for each in commands if isinstance(each, SENT))
        yield Do(what, after, (("commands", sent),) if sent else ())
        if sent and after.budget.crashes:
            yield Do(f"{what}, and crash before it is sent", self._crashed(after))

    def _crashed(self, ours: Ours) -> Ours:
        """Return our side after a crash."""
        less = ours.budget._replace(crashes=ours.budget.crashes - 1)
        return Ours(self.survives(ours.bot), less, down=True, stray=ours.stray)

    def features(self, ours: Ours) -> Features:
        """Return what the bot believes of itself and of each order."""
        bot, wallet = ours.bot, ours.bot.wallet
        found = {
            "phase": int(wallet.phase),
            "halted": int(wallet.halted),
            "long": wallet.long_qty,
            "shorts": ladder.shorts(wallet),
            "counted": _net(bot.pair),
            "working": len(live(bot.book)),
            "waiting": len(waiting(bot.book)),
            "unsettled": int(ours.down or ours.missed),
            "stray": int(ours.stray),
            "sequence": bot.book.sequence,
        }
        cum = dict(bot.book.closed)
        bound = dict(cum)
        for working in live(bot.book):
            cum[working.client_order_id] = working.order.cum_qty
            bound[working.client_order_id] = exposure(working.order)
        for number in range(1, self.ids + 1):
            found[f"cum_{number}"] = cum.get(number, 0)
            found[f"exposure_{number}"] = bound.get(number, 0)
        return found


def moneyless(bot: Bot) -> Bot:
    """Return *bot* with the cash that it began with and lots that have cost nothing."""
    pair, cash = bot.pair, 10 * CASH
    legs = evolve(pair, long=Leg(qty=pair.long.qty), short=Leg(qty=pair.short.qty))
    wallet = evolve(bot.wallet, cash=cash, cycle_notional=0)
    return evolve(bot, wallet=wallet, pair=legs)


def _net(pair: Pair) -> int:
    """Return the lots that are counted as held, negative when short."""
    return pair.long.qty - pair.short.qty


def new_bot(
    spec: WalletSpec = HEDGE_WALLET,
    orders: OrderSpec = ORDER,
    mode: PositionMode = PositionMode.ONE_WAY,
) -> Bot:
    """Return a bot with more cash than *QTY* lots cost; other tables are for mutants."""
    instrument = Instrument(symbol="UNIT", max_qty=QTY, taker_ppm=0)
    config = Config(
        instrument=instrument,
        unit_ticks=UNIT,
        mode=mode,
        fragment=Fragment.COIN,
        reserve_ppm=0,
    )
    bot = bots.new(config, 10 * CASH)
    return evolve(bot, spec=spec, book=evolve(bot.book, spec=orders))


def product_world(
    name: str, size: Size, bot: Bot | None = None, side: BotActor | None = None
) -> ActorWorld:
    """Return the world called *name*; another *bot* and another *side* of ours are for mutants."""
    we, there = side or BotActor(IDS), ExchangeActor(IDS, size.jump)
    ours, exchange = begun(we, there, bot or new_bot(mode=size.mode), size.path)
    ours = ours._replace(budget=size.budget)
    exchange = exchange._replace(moves=size.moves, losses=size.losses)
    actors = (
        Actor("we", ours, we.acts, we.hears, we.features, show_ours),
        Actor("venue", exchange, there.acts, there.hears, there.features, show_exchange),
    )
    channels = (
        Channel("commands", "venue", ROOM, show=show_frame),
        Channel("reports", "we", ROOM, show=show_frame),
    )
    return ActorWorld(name, actors, channels, rules(IDS, QTY, size.sees, resets=size.resets))


@cache
def begun(
    we: BotActor, there: ExchangeActor, bot: Bot, path: tuple[int, ...]
) -> tuple[Ours, Exchange]:
    """Return our side and the venue once the market has taken *path* and nothing went wrong."""
    ours, exchange = Ours(bot, Budget(), down=True), Exchange(moves=len(path), losses=0)
    for units in (0, *path):
        to_venue: list[Commands] = []
        to_us: list[Frame] = []
        if units:
            (do,) = (do for do in there.acts(exchange) if do.what == f"moves {units:+d}")
            exchange = _taken(do, to_us)
        else:
            (do,) = we.acts(ours)
            ours = _taken(do, to_venue)
        while to_us or to_venue or waiting(ours.bot.book):
            if to_venue:
                (do,) = there.hears(exchange, "commands", to_venue.pop(0))
                exchange = _taken(do, to_us)
                continue
            does = we.hears(ours, "reports", to_us.pop(0)) if to_us else we.acts(ours)
            ours = _taken(next(iter(does)), to_venue)
    return ours, exchange


def show_ours(ours: Ours) -> str:
    """Return our side in words."""
    wallet = ours.bot.wallet
    slots = " ".join(f"{s.edge:+d}{'s' if s.short else ''}" for s in wallet.slots)
    orders = (f"{w.client_order_id} {w.order.state.name}" for w in live(ours.bot.book))
    flags = {"halted": wallet.halted, "down": ours.down, "reports missed": ours.missed}
    return ", ".join(
        [
            f"{wallet.phase.name} [{slots}]",
            *orders,
            *(name for name, is_so in flags.items() if is_so),
        ]
    )


def _taken(do: Do, frames: list[Any]) -> Any:  # noqa: ANN401  # either side's state
    """Return the state after *do*, whose frames go to *frames*."""
    frames.extend(frame for _, frame in do.sends)
    return do.state


S = State
PATHS: Mapping[str, tuple[tuple[int, ...], tuple[State, State]]] = MappingProxyType(
    {
        "advance": ((), (S.ADVANCE, S.RETRACEMENT)),
        "retracement": ((-1,), (S.RETRACEMENT, S.ADVANCE)),
        "decline": ((-1,) * 4, (S.DECLINE, S.RECOVERY)),
        "recovery": ((-1,) * 4 + (1,), (S.RECOVERY, S.DECLINE)),
    }
)
LEGS = PositionMode.HEDGE
FAULTS: Mapping[str, Size] = MappingProxyType(
    {
        "lossy": Size(losses=1, budget=Budget(losses=1)),
        "crash": Size(losses=1, budget=Budget(crashes=1)),
        "jumps": Size(moves=1, jump=4, losses=1, budget=Budget(losses=1)),
        "legs": Size(losses=1, budget=Budget(crashes=1), mode=LEGS),
    }
)
DEEP: Mapping[str, Size] = MappingProxyType(
    {
        "late": Size(moves=5),
        "crash-late": Size(moves=3, budget=Budget(crashes=1)),
        "jumps-crash": Size(jump=3, budget=Budget(crashes=1)),
        "legs-lossy": Size(losses=1, budget=Budget(losses=1), mode=LEGS),
        "legs-jumps": Size(jump=3, budget=Budget(crashes=1), mode=LEGS),
    }
)
WORST = Size(losses=1, budget=Budget(losses=1, crashes=1))


def named(phase: str, kind: str, size: Size, **changes: Any) -> ActorWorld:  # noqa: ANN401
    """Return the world that begins in *phase*; *changes* are those of `product_world`."""
    path, sees = PATHS[phase]
    return product_world(f"wallet-{phase}-{kind}", evolve(size, path=path, sees=sees), **changes)


def worlds() -> tuple[ActorWorld, ...]:
    """Return the worlds that are checked: each phase, with losses and with a crash."""
    return tuple(named(phase, kind, size) for phase in PATHS for kind, size in FAULTS.items())


def deep_worlds() -> tuple[ActorWorld, ...]:
    """Return larger worlds: a market that moves on and on, and everything at once."""
    late = (named(phase, kind, size) for phase in PATHS for kind, size in DEEP.items())
    worst = (named(phase, "worst", WORST) for phase in PATHS if phase != "advance")
    return (*late, *worst, named("advance", "worst", evolve(WORST, moves=1)))
