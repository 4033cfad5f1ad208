"""The bot of the mirror product: the machines of an account with mirrors themselves, and a base.

The base holds a symbol that has no mirror, and may want to enter the first of two that may have
one.  What the machines ask for is done as they say, and a gated entry waits.  The ledger is what
reports have told; flaws are judged by plain numbers of it.
"""

from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import NamedTuple

from attrs import evolve, frozen

from machines import overlay
from machines.mirror import Cancel, Place
from machines.mirror_inputs import Base, Market, Order, Settings
from machines.overlay import Alerted, Close, Command, Mirrors, Moment, Outcome, Scene
from simulator.actors import Do, Features
from simulator.worlds.collision_desk import Desk, base_uses, booked, canceled, mirror_uses, placed
from simulator.worlds.collision_scene import NAMES, Kind, Sends, Told
from spec.mirror import Pending, Reason, State
from spec.terms import Instrument, PositionMode, PositionSide, Side
from spec.units import MILLION

HELD = "Z"  # what the base holds all the time: a lot
TICKS = 4  # the price of every symbol
CAP = TICKS  # of one mirror: what BASE and SETTINGS come to, by hand
BASE = Base(long_n_positions=1, balance=CAP)
SETTINGS = Settings(
    threshold_ppm=MILLION,
    tolerance_ppm=0,
    max_n_positions=1,
    excess_allowance_ppm=0,
    ema_dist_ppm=-MILLION,
    count_pending_base=Pending.NONE,
)


class Mind(IntEnum):
    """Whether the base wants to enter: not yet, for now, until it is in, not any more."""

    NOT_YET = 0
    WANTS = 1
    INSISTS = 2
    STAYS_OUT = 3


CHANGES = {
    Mind.NOT_YET: (Mind.WANTS, Mind.STAYS_OUT),
    Mind.WANTS: (Mind.INSISTS, Mind.STAYS_OUT),
}


class Bot(NamedTuple):
    """The machines, and of each symbol the ledger; *mind* is the base's.

    The rest is what has ever gone wrong.
    """

    mirrors: Mirrors
    desks: tuple[Desk, ...]
    mind: Mind = Mind.NOT_YET
    capped: bool = False  # a mirror was ordered beyond its cap
    crowded: bool = False  # one mirror more was
    needless: bool = False  # an order went on where none helps
    lost: bool = False  # an entry of the base was
    alerted: bool = False
    stopped: bool = False


FLAWS = ("capped", "crowded", "needless", "lost", "alerted", "stopped")
Asked = tuple[Bot, Sends]


def journaled(mirrors: Mirrors) -> Mirrors:
    """Return what a restart knows: the overlay; who may use which symbol is told anew."""
    return evolve(mirrors, collisions=())


@frozen
class Rules:
    """What decides: a cycle of the machines, and what a restart knows; others are for mutants.

    *numbered*: orders are told apart by numbers, as reports may arrive in any order.
    """

    numbered: bool = False
    cycle: Callable[[Mirrors, Moment], tuple[Mirrors, Outcome]] = overlay.cycle
    survives: Callable[[Mirrors], Mirrors] = journaled

    def acts(self, bot: Bot) -> Iterator[Do]:
        """Yield that a cycle begins, and how the base may change its mind."""
        wants = bot.mind in (Mind.WANTS, Mind.INSISTS) and bot.desks[0].base_lots <= 0
        wish = "to enter A" if wants else "nothing"
        yield Do(f"begins a cycle, base wants {wish}", *self._cycled(bot, wants=wants))
        for mind in CHANGES.get(bot.mind, ()):
            yield Do(f"the base's mind: {mind.name}", bot._replace(mind=mind))

    def hears(self, bot: Bot, news: Told) -> Do:
        """Return what *bot* makes of *news*."""
        before = bot.desks[news.symbol]
        desk = booked(before, news, numbered=self.numbered)
        bot = with_desk(bot, news.symbol, desk)
        unknown = desk is not before and not news.refused
        return Do("hears", *(_known(bot, news.symbol) if unknown else (bot, ())))

    def restarts(self, bot: Bot) -> Do:
        """Return *bot* started again from its journal."""
        bot, sends = bot._replace(mirrors=self.survives(bot.mirrors)), Sends()
        for symbol in range(len(bot.desks)):
            bot, sent = _known(bot, symbol)
            sends += sent
        return Do("restarts", bot, sends)

    def _cycled(self, bot: Bot, *, wants: bool) -> Asked:
        """Return *bot* after a cycle in which the base wants to enter, or not."""
        there, waited = mirror_uses(bot.desks[0]), bot.desks[0].waits
        desk = bot.desks[0]
        closes = there and (desk.closes or wants)
        bot = with_desk(bot, 0, desk._replace(waits=there and wants, closes=closes))
        scenes = tuple(evolve(_scene(bot, i), wants=wants and not i) for i in range(len(bot.desks)))
        mirrors, found = self.cycle(bot.mirrors, Moment(base=BASE, scenes=(_held(), *scenes)))
        bot, sends = _commanded(bot._replace(mirrors=mirrors), found.commands)
        bot, sent = _entered(bot, free=NAMES[0] not in found.gated, wants=wants)
        lost = wants and not (there or waited) and bot.desks[0].orders[Kind.ENTRY] is None
        return judged(bot._replace(lost=bot.lost or lost), found.state), sends + sent


def _entered(bot: Bot, *, free: bool, wants: bool) -> Asked:
    """Return *bot* once the base has handed over its entry, if it may, or taken it back."""
    desk = bot.desks[0]
    if not wants and not desk.base_lots:
        desk, sends = canceled(desk, 0, Kind.ENTRY)
        return with_desk(bot, 0, desk), sends
    if not (wants and free) or desk.orders[Kind.ENTRY] is not None:
        return bot, ()
    desk, sends = placed(desk, 0, Kind.ENTRY, 1)
    bot, sent = _known(with_desk(bot, 0, desk), 0)
    return bot, sends + sent


def _known(bot: Bot, symbol: int) -> Asked:
    """Return *bot* once the machines know what the ledger of *symbol* says."""
    mirrors, commands = overlay.known(bot.mirrors, _scene(bot, symbol))
    return _commanded(bot._replace(mirrors=mirrors), commands)


def _commanded(bot: Bot, commands: tuple[Command, ...]) -> Asked:
    """Return *bot* once it has done what *commands* ask for."""
    sends = Sends()
    for command in commands:
        sent: Sends = ()
        match command:
            case Place():
                bot, sent = _placed(bot, command.order, cross=False)
            case Close():
                bot, sent = _placed(bot, command.order, cross=command.crosses)
            case Cancel():
                symbol, kind = _named(command.order)
                desk, sent = canceled(bot.desks[symbol], symbol, kind)
                bot = with_desk(bot, symbol, desk)
            case Alerted():
                bot = bot._replace(alerted=True)
            case _:
                pass  # limits are reported to a person
        sends += sent
    return bot, sends


def _placed(bot: Bot, order: Order, *, cross: bool) -> Asked:
    """Return *bot* once it has handed over *order*, unless one of its kind is still out."""
    symbol, kind = _named(order)
    desk = bot.desks[symbol]
    if desk.orders[kind] is not None:
        return bot, ()
    desk, sends = placed(desk, symbol, kind, order.qty, cross=cross)
    bot = with_desk(bot, symbol, desk)
    if kind is Kind.OPEN:
        capped = (desk.mirror_lots + order.qty) * TICKS > CAP
        crowded = sum(map(mirror_uses, bot.desks)) > SETTINGS.max_n_positions
        bot = bot._replace(capped=bot.capped or capped, crowded=bot.crowded or crowded)
    return bot, sends


def _named(order: Order) -> tuple[int, Kind]:
    """Return the symbol of *order*, and what it is for."""
    return NAMES.index(order.symbol), Kind.CLOSE if order.reduce_only else Kind.OPEN


def with_desk(bot: Bot, symbol: int, desk: Desk) -> Bot:
    """Return *bot* with another ledger of *symbol*; a mirror that has gone is not being closed."""
    desk = desk._replace(closes=desk.closes and mirror_uses(desk))
    return bot._replace(desks=(*bot.desks[:symbol], desk, *bot.desks[symbol + 1 :]))


def judged(bot: Bot, state: State) -> Bot:
    """Return *bot* with what is wrong after a cycle that has led to *state*."""
    base = TICKS * (1 + bot.desks[0].base_lots)
    hedge = sum(desk.mirror_lots * TICKS for desk in bot.desks if not desk.closes)
    inside = hedge == base
    opens = (desk.orders[Kind.OPEN] for desk in bot.desks)
    goes_on = any(order is not None and not order.asked for order in opens)
    helpless = inside or state in (State.LIMITED, State.STOPPED)
    return bot._replace(
        needless=bot.needless or (helpless and goes_on),
        stopped=bot.stopped or state is State.STOPPED,
    )


def _held() -> Scene:
    """Return what the machines see of the symbol that the base holds all the time."""
    instrument = Instrument(symbol=HELD)
    return Scene(market=Market(instrument=instrument, bid_ticks=TICKS, ask_ticks=TICKS, base_qty=1))


def _scene(bot: Bot, symbol: int) -> Scene:
    """Return what the machines see of *symbol*."""
    desk = bot.desks[symbol]
    entry = desk.orders[Kind.ENTRY]
    orders = (_order(desk, symbol, kind) for kind in (Kind.OPEN, Kind.CLOSE))
    return Scene(
        market=Market(
            instrument=Instrument(symbol=NAMES[symbol]),
            bid_ticks=TICKS,
            ask_ticks=TICKS,
            volatility=symbol,
            base_qty=max(desk.base_lots, 0),
            mirror_qty=max(desk.mirror_lots, 0),
            mirror_cost=max(desk.mirror_lots, 0) * TICKS,
            approved=True,
        ),
        base_opening=entry.qty - entry.cum_qty if entry else 0,
        orders=tuple(order for order in orders if order is not None),
    )


def _order(desk: Desk, symbol: int, kind: Kind) -> Order | None:
    """Return what is left of the mirror's order of *kind*, as the machines know it."""
    order = desk.orders[kind]
    if order is None:
        return None
    closes = kind is Kind.CLOSE
    return Order(
        symbol=NAMES[symbol],
        side=Side.BUY if closes else Side.SELL,
        qty=order.qty - order.cum_qty,
        price_ticks=TICKS,
        position_side=PositionSide.NONE,
        reduce_only=closes,
        reason=Reason.CLOSE if closes else Reason.OPEN,
    )


def opening() -> Bot:
    """Return a bot that has not begun: a one-way account, two symbols, one try at the touch."""
    mirrors = Mirrors(settings=SETTINGS, position_mode=PositionMode.ONE_WAY, patience=1)
    return Bot(mirrors, (Desk(overlay.collision_of(mirrors, NAMES[0])),) * len(NAMES))


def features(bot: Bot) -> Features:
    """Return what is claimed of, of *bot*."""
    found = {
        **{flaw: int(getattr(bot, flaw)) for flaw in FLAWS},
        "mind": bot.mind,
        "keeps": int(bot.mind is Mind.INSISTS),
        "base_in": int(base_uses(bot.desks[0])),
        "working": sum(order is not None for desk in bot.desks for order in desk.orders),
        "overlay": bot.mirrors.overlay.state,
    }
    for symbol, desk in enumerate(bot.desks):
        close = desk.orders[Kind.CLOSE]
        found[f"recalls_{symbol}"] = int(close is not None and close.asked)
        found[f"crosses_{symbol}"] = int(close is not None and close.cross)
    return found


def show(bot: Bot) -> str:
    """Return *bot* in words."""
    said = [f"overlay {bot.mirrors.overlay.state.name}"]
    for name, desk in zip(NAMES, bot.desks, strict=True):
        state = overlay.collision_of(bot.mirrors, name).state.name
        out = [kind.name for kind, order in zip(Kind, desk.orders, strict=False) if order]
        held = f"base {desk.base_lots} mirror {desk.mirror_lots}"
        said.append(" ".join((name, state, held, *(f"{each} out" for each in out))))
    return ", ".join((*said, *(flaw for flaw in FLAWS if getattr(bot, flaw))))
