"""The venue of the hedge wallet's world: it reads commands, moves with the market, and reports.

A stop that is touched is a market order; every lot trades where the market stands.
"""

from attrs import evolve

from machines.hedge_wallet import Price
from machines.messages import Cancel, Place, Query, Report, Wanted
from machines.order import (
    Acked,
    Canceled,
    CancelRejected,
    Expired,
    Filled,
    Found,
    Reconciled,
    Rejected,
)
from machines.order_manager import live
from simulator.worlds.wallet_scene import (
    GAP,
    MARKET,
    UNIT,
    Answers,
    Message,
    Resting,
    Scene,
    normal,
)
from spec.hedge_wallet import OrderKind
from spec.terms import OrderType, PositionMode, Reason, Side


def placed(scene: Scene, place: Place) -> Scene:
    """Return *scene* after an order has arrived: refused, resting or filled."""
    order = place.order
    new = Resting(place.client_order_id, order)
    if order.type is OrderType.MARKET:
        return filled(_outcome(scene, new, Acked()), new)
    if _crossed(order):
        return _outcome(scene, new, Rejected(), Reason.TRIGGER_CROSSED)
    return _outcome(scene._replace(resting=(*scene.resting, new)), new, Acked())


def canceled(scene: Scene, cancel: Cancel) -> Scene:
    """Return *scene* after a cancel has arrived."""
    for resting in scene.resting:
        if resting.client_order_id == cancel.client_order_id and not resting.triggered:
            return _tell(_without(scene, resting), resting, Canceled(resting.cum_qty))
    lost = Report(client_order_id=cancel.client_order_id, event=CancelRejected())
    return scene._replace(inbox=(*scene.inbox, (0, lost)))


def moved(scene: Scene, units: int) -> Scene:
    """Return *scene* after the market has moved: what it touches triggers, oldest first."""
    scene = normal(scene, -units * UNIT)._replace(jumped=abs(units) >= GAP)
    for resting in scene.resting:
        if not resting.triggered and _crossed(resting.order):
            scene = _triggered(scene, resting)
    return normal(tick(scene))


def _triggered(scene: Scene, resting: Resting) -> Scene:
    """Return *scene* after a stop was touched: it is a market order now."""
    return filled(_without(scene, resting), resting)


def filled(scene: Scene, resting: Resting) -> Scene:
    """Return *scene* after a market order has filled, or its first part has."""
    if scene.empty:
        nobody = _without(scene, resting)._replace(empty=False)
        return _tell(nobody, resting._replace(triggered=True), Expired(0))
    room = _room(scene, resting)
    qty = min(resting.order.qty, room)
    if not qty:
        return _tell(_without(scene, resting), resting, Expired(0), Reason.REDUCE_ONLY)
    part = qty // 2 if scene.thin and qty > 1 else qty
    after = resting._replace(cum_qty=part, notional=_worth(resting, part), triggered=True)
    scene = _tell(_traded(scene, resting.order, part), after, Filled(part))
    if part < qty:
        return scene._replace(resting=(*scene.resting, after), thin=False)
    if qty < resting.order.qty:
        return _tell(scene, after, Expired(qty), Reason.REDUCE_ONLY)
    return scene


def ended(scene: Scene, resting: Resting, *, expire: bool) -> Scene:
    """Return *scene* after the venue has ended an order that was filled in part."""
    rest = min(resting.order.qty - resting.cum_qty, _room(scene, resting))
    without = _without(scene, resting)
    if expire or not rest:
        return normal(_tell(without, resting, Expired(resting.cum_qty)))
    notional = resting.notional + _worth(resting, rest)
    done = resting._replace(cum_qty=resting.cum_qty + rest, notional=notional)
    scene = _tell(_traded(without, resting.order, rest), done, Filled(done.cum_qty))
    if done.cum_qty < resting.order.qty:
        scene = _tell(scene, done, Expired(done.cum_qty), Reason.REDUCE_ONLY)
    return normal(scene)


def liquidated(scene: Scene) -> Scene:
    """Return *scene* after the venue has closed everything."""
    for resting in scene.resting:
        scene = _tell(scene, resting, Canceled(resting.cum_qty), Reason.LIQUIDATION)
    known, net = scene.account, scene.long
    account = evolve(
        known,
        sequence=known.sequence + 1,
        liquidations=known.liquidations + 1,
        long_closed=known.long_closed + max(net, 0),
        short_closed=known.short_closed + max(-net, 0) + scene.short,
    )
    left = scene.liquidations - 1
    flat = scene._replace(resting=(), long=0, short=0, liquidations=left, account=account)
    return normal(accounted(flat))


def accounted(scene: Scene) -> Scene:
    """Return *scene* with what happened to the account on the way to the bot, if it is news."""
    if scene.account == scene.bot.account:
        return scene
    return scene._replace(inbox=(*scene.inbox, (0, scene.account)))


def _crossed(order: Wanted) -> bool:
    """Return whether the market has reached the trigger."""
    if order.side is Side.BUY:
        return order.trigger_ticks <= MARKET
    return order.trigger_ticks >= MARKET


def _room(scene: Scene, resting: Resting) -> int:
    """Return the lots that the venue lets an order trade: a closing one no more than is open."""
    order = resting.order
    if scene.bot.wallet.config.mode is PositionMode.HEDGE:
        if order.kind == OrderKind.STOP_LOSS_FULL:
            return scene.long
        return scene.short if order.kind == OrderKind.STOP_LOSS_COVER else order.qty
    return max(scene.long * order.side.sign * -1, 0) if order.reduce_only else order.qty


def _traded(scene: Scene, order: Wanted, qty: int) -> Scene:
    """Return *scene* with *qty* lots of *order* in the venue's position."""
    signed = qty * order.side.sign
    short_kinds = {OrderKind.STOP_ENTRY_SHORT, OrderKind.STOP_LOSS_COVER}
    if scene.bot.wallet.config.mode is PositionMode.HEDGE and order.kind in short_kinds:
        return scene._replace(short=scene.short - signed)
    return scene._replace(long=scene.long + signed)


def _worth(resting: Resting, qty: int) -> int:
    """Return what *qty* lots cost here, in tick-lots; only a re-entry's cost is counted."""
    return qty * MARKET if resting.order.kind == OrderKind.MARKET_BUY_FULL else 0


def _outcome(
    scene: Scene, new: Resting, event: Acked | Rejected, reason: Reason = Reason.NONE
) -> Scene:
    """Return *scene* with the outcome of a command: known to the bot at once."""
    report = Report(client_order_id=new.client_order_id, event=event, reason=reason)
    return scene._replace(outcomes=(*scene.outcomes, report))


def _tell(
    scene: Scene,
    resting: Resting,
    event: Filled | Canceled | Expired,
    reason: Reason = Reason.NONE,
) -> Scene:
    """Return *scene* with a report on the way to the bot; every lot has traded at the market."""
    report = Report(
        client_order_id=resting.client_order_id,
        event=event,
        notional=resting.notional,
        reason=reason,
    )
    return scene._replace(inbox=(*scene.inbox, (0, report)))


def answered(scene: Scene, query: Query, answers: Answers) -> Scene:
    """Return *scene* with the answer to a query: what the venue and its history know."""
    unknown = (Found.ABSENT, 0, 0, Reason.NONE)
    found, cum_qty, notional, reason = answers.get(query.client_order_id, unknown)
    working = next(w for w in live(scene.bot.book) if w.client_order_id == query.client_order_id)
    for resting in scene.resting:
        if resting.client_order_id == query.client_order_id:
            found, cum_qty, notional = Found.OPEN, resting.cum_qty, resting.notional
    answer = Reconciled(query.query, found, working.wanted.qty, cum_qty)
    report = Report(
        client_order_id=query.client_order_id, event=answer, notional=notional, reason=reason
    )
    return scene._replace(inbox=(*scene.inbox, (0, report)))


def history(scene: Scene) -> Answers:
    """Return how the orders ended whose closing report is still on the way."""
    ends: dict[int, tuple[Found, int, int, Reason]] = {}
    for _, message in scene.inbox:
        found = _ending(message) if isinstance(message, Report) else Found.OPEN
        if isinstance(message, Report) and found not in {Found.OPEN, Found.ABSENT}:
            totals = getattr(message.event, "cum_qty", 0), message.notional
            ends.pop(message.client_order_id, None)
            ends[message.client_order_id] = (found, *totals, message.reason)
    return ends


def _ending(report: Report) -> Found:
    """Return how an order ended by its *report*, OPEN if it did not; a later report decides."""
    match report.event:
        case Canceled():
            return Found.CANCELED
        case Expired():
            return Found.EXPIRED
        case Rejected():
            return Found.REJECTED
        case Filled():
            return Found.FILLED
        case Reconciled():
            return report.event.found
        case _:
            return Found.OPEN


def tick(scene: Scene) -> Scene:
    """Return *scene* with the price on the way to the bot if it is outside the band."""
    low, high = scene.band
    if (low and low >= MARKET) or (high and high <= MARKET) or scene.band == (1, 1):
        return scene._replace(band=(0, 0), inbox=(*scene.inbox, (0, Price(MARKET))))
    return scene


def _without(scene: Scene, resting: Resting) -> Scene:
    """Return *scene* without an order at the venue."""
    kept = (r for r in scene.resting if r.client_order_id != resting.client_order_id)
    return scene._replace(resting=tuple(kept))


def number(message: Message) -> int:
    """Return the client order id that *message* is about, 0 for none."""
    return message.client_order_id if isinstance(message, Report) else 0
