"""What holds of a portfolio with mirrors after every event: properties of `spec.mirror` and others.

They are judged by plain numbers of the venue and of the orders: claims do not trust the machines.
"""

from collections.abc import Sequence

from attrs import evolve

from machines import overlay, portfolio
from machines.hedge_wallet import Resumed
from machines.messages import Alert, Bars, Command, Place, Wanted
from machines.portfolio import Event, Portfolio
from machines.portfolio_desk import Desk, is_mirror, is_unstuck
from machines.portfolio_mirrors import MirrorConfig, base_of, scene
from machines.pricing.kinds import Kind
from simulator.quirks import FOREIGN
from simulator.venue import Venue
from spec.collision import State, User
from spec.mirror import Mode, Pending
from spec.mirror import State as OverlayState
from spec.terms import PositionMode
from spec.units import MILLION, div_up


class Claims:
    """The lots that base and mirror have at the venue, symbol by symbol, and what must hold.

    *slots* are those of both sides.  *collided* counts how often a mirror had to make way for the
    base, *mirrored_ms* are the newest bars, symbol by symbol, with which there was a mirror or an
    order of one.
    """

    def __init__(self, venue: Venue, slots: int) -> None:
        count = len(venue.account.instruments)
        self.venue, self.slots = venue, slots
        self.lots = [[0, 0] for _ in range(count)]  # of base and mirror, signed
        self.collided = 0
        self._seen = 0
        self.mirrored_ms = [-1] * count

    def check_venue(self) -> None:
        """Assert FOR-1, UNS-1.1 and COL-1.1 of the venue as it is now."""
        for trade in self.venue.fills[self._seen :]:
            lots = self.lots[trade.symbol]
            whose = lots[0] == 0 if trade.liquidation else trade.kind >= Kind.MIRROR_OPEN
            lots[whose] += trade.side.sign * trade.qty
        self._seen = len(self.venue.fills)
        one_way, entered = self.venue.account.mode is PositionMode.ONE_WAY, 0
        unsticking = 0
        for symbol, (base, mirror) in enumerate(self.lots):
            found = self.venue.open_orders(symbol)
            orders = [each.order for each in found if each.client_order_id < FOREIGN]
            opening = {is_mirror(order) for order in orders if not order.reduce_only}
            unsticking += sum(map(is_unstuck, orders))
            based, mirrored = base != 0 or False in opening, mirror != 0 or True in opening
            entered += based
            collide = one_way and based and mirrored
            assert not collide, f"COL-1.1: symbol {symbol}: base {base}, mirror {mirror}, {opening}"
        assert unsticking <= 1, f"UNS-1.1: {unsticking} unstucking orders"
        assert entered <= self.slots, f"FOR-1: {entered} symbols in {self.slots} slots"

    def check_step(
        self, before: Portfolio, event: Event, after: Portfolio, sent: Sequence[Command]
    ) -> None:
        """Assert what holds of a step of the bot, and of the orders that it has *sent*."""
        config, mirrors = after.config.mirrors, after.mirrors
        if config is None or mirrors is None:
            return
        assert overlay.well_formed(mirrors), "MIR-8, COL-7.1"
        self.collided += len(_closing(after) - _closing(before))
        if not isinstance(event, Resumed):
            _check_alerts(before, after, sent)
        placed = [
            each
            for each in sent
            if isinstance(each, Place)
            and each.client_order_id > before.sequence  # else it was lost, and is sent again
        ]
        _check_mirrors(after, config, [each for each in placed if is_mirror(each.order)])
        if after.config.strategy.mode is PositionMode.ONE_WAY:
            self._check_users(before, after, placed)
        else:
            assert not _closing(after), "COL-6.2: closed in hedge mode"
        if isinstance(event, Bars) and not event.past and after.newest_ms > before.newest_ms:
            _check_cycle(before, event, after)

    def _check_users(self, before: Portfolio, after: Portfolio, placed: Sequence[Place]) -> None:
        """Assert of the symbols that have changed that base and mirror keep apart."""
        assert after.mirrors is not None
        for symbol, (old, desk) in enumerate(zip(before.desks, after.desks, strict=True)):
            if desk is old:
                continue
            there, name = scene(desk, after.mirrors.settings), desk.instrument.symbol
            based = there.market.base_qty or there.base_opening
            mirrored = there.market.mirror_qty or there.orders
            assert not (based and mirrored), f"COL-1.2: base and mirror have {name}"
            state = overlay.collision_of(after.mirrors, name).state
            assert not there.market.base_qty or state is State.BASE, f"COL-6.1: {name} {state.name}"
            if mirrored:
                self.mirrored_ms[symbol] = after.newest_ms
        for place in placed:
            late = after.newest_ms > self.mirrored_ms[place.symbol]
            opens = not (is_mirror(place.order) or place.order.reduce_only)
            assert late or not opens, f"COL-2: the base enters symbol {place.symbol} too soon"


def _check_alerts(before: Portfolio, after: Portfolio, sent: Sequence[Command]) -> None:
    """Assert that a person is told of what stops and limits the overlay, and of nothing else."""
    assert before.mirrors is not None
    assert after.mirrors is not None
    old, new = before.mirrors.overlay, after.mirrors.overlay
    told = {each.text for each in sent if isinstance(each, Alert)}
    stopped = OverlayState.STOPPED
    assert old.state is not stopped or new.state is stopped, "MIR-7.2: nobody has looked"
    assert new.stops == old.stops or "mirrors stopped" in told, "MIR-7.1: stopped in silence"
    assert new.limits in {(), old.limits} or "mirrors limited" in told, f"MIR-3.4: {new.limits}"
    assert "base and mirror both have it" not in told, "COL-7.2: all who open have asked"


def _check_mirrors(bot: Portfolio, config: MirrorConfig, placed: Sequence[Place]) -> None:
    """Assert what holds of orders of the overlay that have just been *placed*."""
    assert bot.mirrors is not None
    state = bot.mirrors.overlay.state
    for place in placed:
        if place.order.kind == Kind.MIRROR_COLLISION:
            continue
        opens = not place.order.reduce_only
        may = state is OverlayState.ACTIVE or (state is OverlayState.UNWINDING and not opens)
        assert may, f"MIR-2: an order while {state.name}"
        if opens:
            check_opening(bot, config, place)
    hedges = bot.config.strategy.mode is PositionMode.HEDGE
    crossed = any(place.order.kind == Kind.MIRROR_COLLISION for place in placed)
    assert not (hedges and crossed), "COL-6.2: closed in hedge mode"
    if placed:
        open_count = sum(_opened(desk, config) for desk in bot.desks)
        assert open_count <= _most(bot, config), f"MIR-1.2: {open_count} mirrors"


def _check_cycle(before: Portfolio, event: Bars, after: Portfolio) -> None:
    """Assert what holds of a cycle: inside the band no order goes on, and the base wants the same.

    MIR-4 is judged by a twin without mirrors, which looks at the same bars.
    """
    if after.stale:
        return
    if inside(after):
        wanted = [each for desk in after.desks for each in desk.overlaid]
        assert all(each.kind == Kind.MIRROR_COLLISION for each in wanted), "MIR-2: inside the band"
    plain = evolve(before, config=evolve(before.config, mirrors=None), mirrors=None)
    twin, _ = portfolio.step(plain, event)
    same = all(
        one.wanted == other.wanted for one, other in zip(twin.desks, after.desks, strict=True)
    )
    assert same, "MIR-4: the base wants something else"


def inside(bot: Portfolio) -> bool:
    """Return whether the hedge is inside the band; not where it is not known what counts."""
    assert bot.mirrors is not None
    settings, closing = bot.mirrors.settings, _closing(bot)
    base = hedge = 0
    for desk in bot.desks:
        there, value = scene(desk, settings).market, desk.instrument.value
        worth = div_up((desk.bid + desk.ask) * value, 2)
        entries = _entries(bot, desk)
        if len(entries) >= bot.config.levels or _may_differ(bot, desk):
            return False  # the furthest, or what was planned exactly, is not known here
        base += there.base_qty * worth
        base += sum(each.qty * each.price_ticks * value for each in entries)
        hedge += there.mirror_qty * worth * (there.symbol not in closing)
    target = base * settings.threshold_ppm // MILLION
    return abs(hedge - target) <= target * settings.tolerance_ppm // MILLION


def _may_differ(bot: Portfolio, desk: Desk) -> bool:
    """Return whether an entry that may count stays although another price is planned."""
    assert bot.mirrors is not None
    counts = bot.mirrors.settings.count_pending_base is not Pending.NONE
    entries = any(not each.reduce_only for each in desk.wanted)
    return counts and entries and bot.config.handling.tolerance_ppm > 0


def _entries(bot: Portfolio, desk: Desk) -> list[Wanted]:
    """Return the entries of the base in a symbol that count as its exposure."""
    assert bot.mirrors is not None
    settings = bot.mirrors.settings
    shorts = settings.mode is Mode.SHORTS_FOR_LONGS
    waits = not overlay.admits(bot.mirrors, desk.instrument.symbol, User.BASE)
    if settings.count_pending_base is Pending.NONE or waits:
        return []
    entries = [each for each in desk.wanted if not each.reduce_only]
    if settings.count_pending_base is Pending.ALL:
        return entries
    touch = desk.bid if shorts else desk.ask
    return [each for each in entries if (each.price_ticks - touch) * each.side.sign >= 0]


def _closing(bot: Portfolio) -> set[str]:
    """Return the symbols whose mirrors are being closed for the base."""
    known = bot.mirrors.collisions if bot.mirrors is not None else ()
    return {name for name, machine in known if machine.state is State.CLOSING}


def check_opening(bot: Portfolio, config: MirrorConfig, place: Place) -> None:
    """Assert what holds of an order that opens a mirror or adds to it."""
    desk = bot.desks[place.symbol]
    name, there = desk.instrument.symbol, scene(desk, config.settings)
    one_way = bot.config.strategy.mode is PositionMode.ONE_WAY
    assert name in config.approved, f"MIR-1.3: {name} is not approved"
    assert name not in _closing(bot), f"COL-4.2: {name} is being closed"
    used = there.market.base_qty or there.base_opening
    assert not (one_way and used), f"MIR-1.3, COL-4.1: the base uses {name}"
    qty = there.market.mirror_qty + sum(o.qty for o in there.orders if not o.reduce_only)
    worth = div_up((desk.bid + desk.ask) * desk.instrument.value * qty, 2)
    assert worth <= _cap(bot, config), f"MIR-1.1: {name} of {worth}"


def _opened(desk: Desk, config: MirrorConfig) -> bool:
    """Return whether a mirror is open or may open."""
    there = scene(desk, config.settings)
    return there.market.mirror_qty > 0 or any(not each.reduce_only for each in there.orders)


def _most(bot: Portfolio, config: MirrorConfig) -> int:
    """Return how many mirrors may be open."""
    strategy, shorts = bot.config.strategy, config.settings.mode is Mode.SHORTS_FOR_LONGS
    side = strategy.long if shorts else strategy.short
    return config.settings.max_n_positions or max(1, int(side.terms.positions))


def _cap(bot: Portfolio, config: MirrorConfig) -> int:
    """Return the most that a mirror may be worth, in money units."""
    settings = config.settings
    share = bot.cash * base_of(settings, bot.config.strategy, bot.cash).exposure_limit_ppm
    most = share * settings.threshold_ppm * (MILLION + settings.excess_allowance_ppm)
    return most // (MILLION**3 * _most(bot, config))
