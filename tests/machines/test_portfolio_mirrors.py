"""A portfolio with mirrors: its orders share the books, and the base comes first."""

from attrs import evolve

from machines.hedge_wallet import Resumed
from machines.messages import Alert, Bar, Cancel, Command, Place, Report
from machines.mirror import Overlay
from machines.mirror_inputs import Settings
from machines.order import Canceled
from machines.portfolio import Config, Portfolio, new
from machines.portfolio_mirrors import MirrorConfig
from machines.position import Leg
from machines.pricing.kinds import Kind
from spec.mirror import State
from spec.terms import PositionMode, Side
from spec.units import MILLION
from tests.machines.test_planner import CASH, LONGS, SIDE, chosen
from tests.machines.test_portfolio import FLAT, acked, bars, filled, told

OVERLAY = Settings(threshold_ppm=MILLION, ema_dist_ppm=-MILLION)
WILD = Bar(1_060, 940, 1_000, 500)
ONE_WAY = evolve(LONGS, mode=PositionMode.ONE_WAY, long=chosen(SIDE, positions=1.0))


def placed(commands: list[Command], kind: Kind | None = None) -> list[Place]:
    """Return the orders among *commands*, those of *kind* or all."""
    found = [each for each in commands if isinstance(each, Place)]
    return [each for each in found if kind is None or each.order.kind == kind]


def mirrored() -> tuple[Portfolio, Place, Place]:
    """Return a bot that holds A, one way, the entry of A, and the order that mirrors it on B."""
    mirrors = MirrorConfig(settings=OVERLAY, approved=frozenset("ABC"))
    bot = new(Config(strategy=ONE_WAY, mirrors=mirrors), CASH)
    bot, commands = told(bot, bars(0), bars(1), bars(2))
    (entry,) = placed(commands, Kind.ENTRY_INITIAL_NORMAL)
    bot, commands = told(bot, filled(entry), bars(3))
    (opening,) = placed(commands, Kind.MIRROR_OPEN)
    return bot, entry, opening


def test_a_mirror_is_opened_where_the_base_is_not() -> None:
    """The opposite side, on another symbol, for what the base holds."""
    bot, entry, opening = mirrored()
    assert entry.symbol == 0
    assert opening.symbol != 0
    assert (opening.order.side, opening.order.reduce_only) == (Side.SELL, False)
    bot, _ = told(bot, filled(opening))
    desk, qty = bot.desks[opening.symbol], opening.order.qty
    assert desk.mirror.short == Leg(qty=qty, cost=qty * opening.order.price_ticks)
    assert not desk.pair.short.qty
    assert desk.short.qty == 0


def test_a_mirror_order_whose_price_has_moved_is_canceled() -> None:
    """What is missing is placed by a later cycle, at what is then the touch."""
    bot, _, opening = mirrored()
    risen = Bar(1_003, 1_002, 1_003, 500)
    bot, commands = told(bot, acked(opening), bars(4, risen, risen, risen))
    assert Cancel(opening.client_order_id, opening.symbol) in commands
    assert not placed(commands, Kind.MIRROR_OPEN)
    canceled = Report(
        client_order_id=opening.client_order_id, event=Canceled(0), symbol=opening.symbol
    )
    bot, commands = told(bot, canceled)
    assert not placed(commands)
    _, commands = told(bot, bars(5, risen, risen, risen))
    assert [each.order.price_ticks for each in placed(commands, Kind.MIRROR_OPEN)] == [1_003]


def test_a_mirror_makes_way_and_the_base_waits_for_a_cycle() -> None:
    """First the mirror is closed; the base's entry leaves with the bars after that."""
    bot, entry, opening = mirrored()
    bot, commands = told(bot, filled(opening), bars(4))
    closing = [each for each in placed(commands) if each.symbol == 0 and each.order.reduce_only]
    closing = closing or [
        Place(w.client_order_id, w.wanted)
        for w in bot.desks[0].book.working
        if w is not None and w.wanted.reduce_only
    ]
    bot, _ = told(bot, *map(filled, closing))
    assert bot.desks[0].pair.long.qty == 0
    wild = [WILD if symbol == opening.symbol else FLAT for symbol in range(3)]
    bot, commands = told(bot, bars(5, *wild))
    (close,) = placed(commands, Kind.MIRROR_COLLISION)
    assert (close.symbol, close.order.side, close.order.reduce_only) == (
        opening.symbol,
        Side.BUY,
        True,
    )
    assert close.order.qty == opening.order.qty
    assert not [each for each in placed(commands) if each.symbol == opening.symbol][1:]
    gone = [
        Report(client_order_id=each.client_order_id, event=Canceled(0), symbol=each.symbol)
        for each in commands
        if isinstance(each, Cancel)
    ]
    assert gone  # the first symbol's entries, which have its slot
    bot, commands = told(bot, *gone, filled(close))
    assert not placed(commands)
    _, commands = told(bot, bars(6, *wild))
    (first,) = placed(commands, Kind.ENTRY_INITIAL_NORMAL)
    assert first.symbol == opening.symbol
    assert entry.symbol != opening.symbol


def test_nobody_opens_a_symbol_that_both_have() -> None:
    """Where a mirror turns up beside the base a person is told, and no more is opened."""
    bot, entry, _ = mirrored()
    odd = evolve(bot.desks[0], mirror=evolve(bot.desks[0].mirror, short=Leg(qty=5, cost=5_000)))
    bot = evolve(bot, desks=(odd, *bot.desks[1:]))
    working = [w for w in odd.book.working if w is not None and not w.wanted.reduce_only]
    assert working
    told_of = False
    for each in working:
        gone = Report(client_order_id=each.client_order_id, event=Canceled(0), symbol=0)
        bot, commands = told(bot, gone)
        told_of |= Alert("base and mirror both have it", 0) in commands
        assert not [p for p in placed(commands) if not p.order.reduce_only], entry
    assert told_of


def test_a_person_who_has_looked_lets_mirrors_go_on() -> None:
    """MIR-7.2: an overlay that an error has stopped works again with the next bars."""
    bot, _, opening = mirrored()
    assert bot.mirrors is not None
    stopped = evolve(bot.mirrors, overlay=Overlay(state=State.STOPPED, stops=1))
    bot, commands = told(evolve(bot, mirrors=stopped), acked(opening), bars(4))
    assert bot.mirrors is not None
    assert bot.mirrors.overlay.state is State.STOPPED
    bot, commands = told(bot, Resumed(), bars(5), bars(6))
    assert bot.mirrors is not None
    assert bot.mirrors.overlay.state is State.ACTIVE
    assert not [each for each in commands if isinstance(each, Alert)]
