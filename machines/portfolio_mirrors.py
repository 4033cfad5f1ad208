"""The mirror overlay of a portfolio: what `machines.overlay` is told, and what becomes of its asks.

Orders of the overlay go through the order book of their symbol, beside those of the base: one key
for what opens and reduces mirrors, and one for what closes a mirror because the base wants in.
"""

from attrs import evolve, frozen

from machines import mirror, order_manager, overlay
from machines.messages import Alert, Wanted
from machines.mirror_inputs import Base, Entry, Market, Order, Settings
from machines.order_manager import Working
from machines.overlay import KINDS, Alerted, Close, Mirrors, Scene
from machines.planner import Ladders
from machines.planner_inputs import Strategy, enabled
from machines.portfolio_desk import Desk, is_mirror
from machines.pricing.averages import Averages
from machines.pricing.kinds import Kind
from machines.pricing.numbers import in_billionths, ticks_above, ticks_below
from machines.pricing.sides import market_from
from spec.mirror import Mode, Reason
from spec.terms import OrderType
from spec.units import MILLION

REASONS = {kind: reason for reason, kind in KINDS.items()} | {Kind.MIRROR_COLLISION: Reason.CLOSE}


@frozen(kw_only=True)
class MirrorConfig:
    """What a person chooses: *settings* of the overlay, and where mirrors may open.

    *patience*: closes for the base that are tried at the touch before one goes a tick through it.
    """

    settings: Settings
    approved: frozenset[str]
    patience: int = overlay.PATIENCE


def begin(config: MirrorConfig, strategy: Strategy) -> Mirrors:
    """Return the machines before the first cycle."""
    return Mirrors(settings=config.settings, position_mode=strategy.mode, patience=config.patience)


def base_of(settings: Settings, strategy: Strategy, balance: int) -> Base:
    """Return how the base trades with *balance* money units."""
    shorts = settings.mode is Mode.SHORTS_FOR_LONGS
    hedged = strategy.long if shorts else strategy.short
    return Base(
        long_n_positions=int(strategy.long.terms.positions) if enabled(strategy.long) else 0,
        short_n_positions=int(strategy.short.terms.positions) if enabled(strategy.short) else 0,
        exposure_limit_ppm=round(hedged.terms.total_limit * MILLION),
        balance=balance,
    )


def scene(desk: Desk, settings: Settings) -> Scene:
    """Return what base and mirror have in a symbol, by what is known now."""
    shorts = settings.mode is Mode.SHORTS_FOR_LONGS
    base = desk.pair.long if shorts else desk.pair.short
    held = desk.mirror.short if shorts else desk.mirror.long
    opening = 0
    orders: list[Order] = []
    for working in order_manager.live(desk.book):
        if is_mirror(working.wanted):
            orders.append(_order(desk, working))
        elif not working.wanted.reduce_only:
            opening += working.order.qty - working.order.cum_qty
    market = Market(
        instrument=desk.instrument,
        bid_ticks=desk.bid,
        ask_ticks=desk.ask,
        base_qty=base.qty,
        mirror_qty=held.qty,
        mirror_cost=held.cost,
    )
    return Scene(market=market, base_opening=opening, orders=tuple(orders))


def cycle_scene(
    desk: Desk,
    symbol: int,
    config: MirrorConfig,
    known: Averages,
    ladders: tuple[Ladders, Ladders],
) -> Scene:
    """Return what a cycle is told of a symbol, with averages and what the base wants."""
    shorts = config.settings.mode is Mode.SHORTS_FOR_LONGS
    side, lines = known.sides[not shorts], ladders[not shorts].entries
    plain, terms = scene(desk, config.settings), market_from(desk.instrument)
    lower, upper = side.bands[symbol]
    market = evolve(
        plain.market,
        lower_ticks=ticks_below(lower, terms),
        upper_ticks=ticks_above(upper, terms),
        volatility=in_billionths(side.hourly[symbol]),
        volume=int(side.activity[symbol][0]),
        base_entries=tuple(Entry(line.qty, line.price_ticks) for line in lines),
        approved=desk.instrument.symbol in config.approved,
    )
    return evolve(plain, market=market, wants=bool(lines) and not market.base_qty)


def asked(desk: Desk, commands: overlay.Commands) -> Desk:
    """Return *desk* wanting what *commands* ask for in its symbol."""
    name = desk.instrument.symbol
    wants = {order.key: order for order in desk.overlaid}
    for command in commands:
        match command:
            case mirror.Place(order=order) if order.symbol == name:
                wants[desk.mirror_key] = _wanted(desk.mirror_key, order, KINDS[order.reason])
            case Close(order=order, crosses=crosses) if order.symbol == name:
                through = evolve(order, price_ticks=order.price_ticks + crosses * order.side.sign)
                key = desk.mirror_key + 1
                wants[key] = _wanted(key, through, Kind.MIRROR_COLLISION)
            case mirror.Cancel(order=order) if order.symbol == name:
                wants = {k: w for k, w in wants.items() if k not in _keys_of(desk, order)}
            case mirror.Withdraw():
                wants.clear()
            case _:
                pass
    overlaid = tuple(wants[key] for key in sorted(wants))
    return desk if overlaid == desk.overlaid else evolve(desk, overlaid=overlaid)


def _keys_of(desk: Desk, order: Order) -> tuple[int, ...]:
    """Return the keys under which *order* works."""
    same = mirror.same_order(order)
    working = (w for w in order_manager.live(desk.book) if is_mirror(w.wanted))
    return tuple(w.wanted.key for w in working if mirror.same_order(_order(desk, w)) == same)


def _order(desk: Desk, working: Working) -> Order:
    """Return what is left of a *working* order, as the overlay knows it."""
    wanted = working.wanted
    return Order(
        symbol=desk.instrument.symbol,
        side=wanted.side,
        qty=working.order.qty - working.order.cum_qty,
        price_ticks=wanted.price_ticks,
        position_side=wanted.position_side,
        reduce_only=wanted.reduce_only,
        reason=REASONS[Kind(wanted.kind)],
    )


def _wanted(key: int, order: Order, kind: Kind) -> Wanted:
    """Return *order* as the order manager takes it."""
    return Wanted(
        key=key,
        kind=kind,
        side=order.side,
        qty=order.qty,
        type=OrderType.LIMIT,
        price_ticks=order.price_ticks,
        position_side=order.position_side,
        reduce_only=order.reduce_only,
    )


def alerts(commands: overlay.Commands, desks: tuple[Desk, ...]) -> tuple[Alert, ...]:
    """Return what of *commands* a person should know."""
    found: list[Alert] = []
    numbers = {desk.instrument.symbol: symbol for symbol, desk in enumerate(desks)}
    for command in commands:
        match command:
            case mirror.Limited():
                found.append(Alert("mirrors limited", len(command.limits)))
            case mirror.Stopped():
                found.append(Alert("mirrors stopped", command.stop))
            case Alerted():
                found.append(Alert("base and mirror both have it", numbers[command.symbol]))
            case _:
                pass
    return tuple(found)
