"""The hedge wallet's bot on a venue whose price walks and jumps while reports lag behind.

Prices are whole units and, like ladders and orders, are kept relative to the market, so the
world is finite although the price is not bounded.  Commands reach the venue at once; what the
venue reports waits in a first-in-first-out inbox, and the market moves at most *lag* times before a
report arrives, and not while an order is held back or the bot is halted.  A restart loses the inbox; the journal survives.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from attrs import evolve, field, frozen

from machines import bot as bots
from machines import ladder
from machines.bot import Bot
from machines.hedge_wallet import Liquidated, Price, WalletSpec
from machines.ladder import Config
from machines.messages import Cancel, Command, Place, Query, Report, Restarted, Wanted, Watch, Woken
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
from simulator.explorer import Claim, Move, always, leads_to, sometimes
from simulator.worlds import wallet_claims as claim
from simulator.worlds.wallet_scene import (
    CASH,
    MARKET,
    UNIT,
    Answers,
    Message,
    Resting,
    Scene,
    normal,
    words,
)
from spec.hedge_wallet import HEDGE_WALLET, PROPERTIES, Fragment, OrderKind, State
from spec.terms import Instrument, OrderType, PositionMode, Reason, Side


@frozen
class HedgeWalletWorld:
    """A world of *qty* lots; *parts* is how often liquidity is thin: an order fills in two parts.

    *spec* is for mutants; so is *wanted*, another choice of orders.
    """

    name: str
    mode: PositionMode = PositionMode.ONE_WAY
    qty: int = 4
    lag: int = 2
    jump: int = 3
    parts: int = 0
    crashes: int = 0
    liquidations: int = 0
    spec: WalletSpec = field(default=HEDGE_WALLET, repr=False)
    _steps: dict[tuple[Bot, bots.Event], tuple[Bot, tuple[Command, ...]]] = field(
        factory=dict, repr=False, eq=False
    )
    _ends: dict[Scene, Scene] = field(factory=dict, repr=False, eq=False)

    def initial(self) -> Iterable[Scene]:
        """Return the scene in which a bot with cash has just been started."""
        instrument = Instrument(symbol="UNIT", max_qty=self.qty, taker_ppm=0)
        config = Config(
            instrument=instrument,
            unit_ticks=UNIT,
            mode=self.mode,
            fragment=Fragment.COIN,
            reserve_ppm=0,
        )
        bot = evolve(bots.new(config, CASH), spec=self.spec)
        scene = Scene(
            bot=bot, parts=self.parts, crashes=self.crashes, liquidations=self.liquidations
        )
        yield self._told(scene, Restarted())

    def moves(self, scene: Scene) -> Iterator[tuple[Move, Scene]]:
        """Yield what the wire, the market, the venue and chance may do next."""
        if scene.inbox:
            _, message = scene.inbox[0]
            yield Move("wire", f"delivers {words(message)}", "bot"), self._delivered(scene)
        for order in scene.resting:
            if order.cum_qty:
                yield Move("venue", "fills the rest"), self._ended(scene, order, expire=False)
                yield Move("venue", "expires the rest"), self._ended(scene, order, expire=True)
        for key, refused in enumerate(scene.bot.book.refused):
            if refused is not None:
                yield Move("clock", f"wakes key {key}", "bot"), self._told(scene, Woken(key))
        still = any(scene.bot.book.refused) or scene.bot.wallet.halted
        if not still and (not scene.inbox or scene.inbox[0][0] < self.lag):
            for units in range(-self.jump, self.jump + 1):
                if units:
                    verb = "moves" if abs(units) == 1 else "jumps"
                    yield Move("market", f"{verb} {units:+d}"), self._moved(scene, units)
        if scene.parts and not scene.thin:
            yield Move("venue", "gets thin"), scene._replace(parts=scene.parts - 1, thin=True)
        if scene.crashes:
            less = scene._replace(crashes=scene.crashes - 1)
            yield Move("bot", "crashes and restarts"), self.restarted(less)
        if scene.liquidations and (scene.long or scene.short):
            yield Move("venue", "liquidates", "wire"), self._liquidated(scene)

    def restarted(self, scene: Scene) -> Scene:
        """Return *scene* after the bot has lost its inbox and started again from its journal."""
        answers = _history(scene)
        after = self._told(scene._replace(inbox=(), band=(0, 0)), Restarted(), answers)
        # What the venue closed is told in the order in which it happened.
        order = {number: rank for rank, number in enumerate(answers)}
        late = len(order)
        inbox = sorted(after.inbox, key=lambda item: order.get(_number(item[1]), late))
        return after._replace(inbox=tuple(inbox))

    def settled(self, scene: Scene) -> Scene:
        """Return *scene* once everything on the way has arrived while the market stood still."""
        passed: list[Scene] = []
        end = self._ends.get(scene)
        while end is None:
            passed.append(scene)
            after = self._calmer(scene)
            end = scene if after is None else self._ends.get(after)
            scene = scene if after is None else after
        self._ends.update(dict.fromkeys(passed, end))
        return end

    def _calmer(self, scene: Scene) -> Scene | None:
        """Return *scene* after the next thing that needs no market, None if there is none."""
        if scene.inbox:
            return self._delivered(scene)
        for key, refused in enumerate(scene.bot.book.refused):
            if refused is not None:
                return self._told(scene, Woken(key))
        return None

    def _delivered(self, scene: Scene) -> Scene:
        """Return *scene* after the oldest report has arrived."""
        rest = scene._replace(inbox=scene.inbox[1:], jumped=False)
        return self._told(rest, scene.inbox[0][1])

    def _told(self, scene: Scene, event: bots.Event, answers: Answers = MappingProxyType({})) -> Scene:
        """Return *scene* after the bot was told *event* and the venue read its commands."""
        known = self._steps.get((scene.bot, event))
        if known is None:
            known = self._steps[scene.bot, event] = bots.step(scene.bot, event)
        scene = scene._replace(bot=known[0], was=scene.bot.wallet.phase)
        for command in known[1]:
            scene = self._commanded(scene, command, answers)
        if scene.outcomes:
            rest = scene._replace(outcomes=scene.outcomes[1:])
            return self._told(rest, scene.outcomes[0], answers)
        return normal(scene)

    def _commanded(self, scene: Scene, command: Command, answers: Answers) -> Scene:
        """Return *scene* after the venue read *command*."""
        match command:
            case Place():
                return self._placed(scene, command)
            case Cancel():
                return self._canceled(scene, command)
            case Query():
                return _answered(scene, command, answers)
            case Watch():
                return _tick(scene._replace(band=(command.low, command.high)))
            case _:
                return scene

    def _placed(self, scene: Scene, place: Place) -> Scene:
        """Return *scene* after an order has arrived: refused, resting or filled."""
        order = place.order
        new = Resting(place.client_order_id, order)
        if order.type is OrderType.MARKET:
            return self._filled(_outcome(scene, new, Acked()), new)
        if _crossed(order):
            return _outcome(scene, new, Rejected(), Reason.TRIGGER_CROSSED)
        return _outcome(scene._replace(resting=(*scene.resting, new)), new, Acked())

    def _canceled(self, scene: Scene, cancel: Cancel) -> Scene:
        """Return *scene* after a cancel has arrived."""
        for resting in scene.resting:
            if resting.client_order_id == cancel.client_order_id and not resting.triggered:
                return _tell(_without(scene, resting), resting, Canceled(resting.cum_qty))
        lost = Report(client_order_id=cancel.client_order_id, event=CancelRejected())
        return scene._replace(inbox=(*scene.inbox, (0, lost)))

    def _moved(self, scene: Scene, units: int) -> Scene:
        """Return *scene* after the market has moved: what it touches triggers, oldest first."""
        scene = normal(scene, -units * UNIT)._replace(jumped=abs(units) == self.jump)
        for resting in scene.resting:
            if not resting.triggered and _crossed(resting.order):
                scene = self._triggered(scene, resting)
        return normal(_tick(scene))

    def _triggered(self, scene: Scene, resting: Resting) -> Scene:
        """Return *scene* after a stop was touched: it is a market order now."""
        return self._filled(_without(scene, resting), resting)

    def _filled(self, scene: Scene, resting: Resting) -> Scene:
        """Return *scene* after a market order has filled, or its first part has."""
        room = _room(scene, resting)
        qty = min(resting.order.qty, room)
        if not qty:
            return _tell(_without(scene, resting), resting, Expired(0), Reason.REDUCE_ONLY)
        part = qty // 2 if scene.thin and qty > 1 else qty
        after = resting._replace(cum_qty=part, notional=part * MARKET, triggered=True)
        scene = _tell(_traded(scene, resting.order, part), after, Filled(part))
        if part < qty:
            return scene._replace(resting=(*scene.resting, after), thin=False)
        if qty < resting.order.qty:
            return _tell(scene, after, Expired(qty), Reason.REDUCE_ONLY)
        return scene

    def _ended(self, scene: Scene, resting: Resting, *, expire: bool) -> Scene:
        """Return *scene* after the venue has ended an order that was filled in part."""
        rest = min(resting.order.qty - resting.cum_qty, _room(scene, resting))
        without = _without(scene, resting)
        if expire or not rest:
            return normal(_tell(without, resting, Expired(resting.cum_qty)))
        notional = resting.notional + rest * MARKET
        done = resting._replace(cum_qty=resting.cum_qty + rest, notional=notional)
        scene = _tell(_traded(without, resting.order, rest), done, Filled(done.cum_qty))
        if done.cum_qty < resting.order.qty:
            scene = _tell(scene, done, Expired(done.cum_qty), Reason.REDUCE_ONLY)
        return normal(scene)

    def _liquidated(self, scene: Scene) -> Scene:
        """Return *scene* after the venue has closed everything."""
        for resting in scene.resting:
            scene = _tell(scene, resting, Canceled(resting.cum_qty), Reason.LIQUIDATION)
        inbox = (*scene.inbox, (0, Liquidated(CASH)))
        left = scene.liquidations - 1
        return normal(
            scene._replace(resting=(), long=0, short=0, inbox=inbox, liquidations=left)
        )

    def claims(self) -> Iterable[Claim[Scene]]:
        """Yield what is claimed of the wallet."""
        p, halts = PROPERTIES, self.liquidations
        yield always(p["HW-1"], claim.never_both)
        yield always(p["HW-2.1"], lambda s: claim.short_lots(s) <= self.qty)
        yield always(p["HW-2.2"], lambda s: claim.long_lots(s) <= self.qty)
        yield always(p["HW-3"], claim.working_orders)
        yield always(p["HW-4"], claim.phase_follows)
        yield always(p["HW-5"], claim.no_twins)
        yield always(p["HW-10"], lambda s: not s.bot.wallet.halted or s.liquidations < halts)
        for part, phase in enumerate(list(State)[:4], start=1):
            yield sometimes(p[f"HW-6.{part}"], claim.is_in(phase))
        for part, (was, now) in enumerate(claim.PASSAGES, start=5):
            yield sometimes(p[f"HW-6.{part}"], claim.passes(was, now))
        if self.jump > 2:
            yield sometimes(p["HW-6.8"], lambda s: s.jumped)
        yield leads_to(p["HW-7"], claim.in_reset, claim.out_of_reset, lambda m: m.who in {"wire", "clock"})
        if not self.parts:
            yield always(p["HW-8"], self.restart_is_invisible)

    def restart_is_invisible(self, scene: Scene) -> bool:
        """HW-8: a restart here settles where no restart settles, unless a price was missed."""
        if any(not isinstance(message, Report) for _, message in scene.inbox):
            return True
        return claim.essence(self.settled(scene)) == claim.essence(self.settled(self.restarted(scene)))

    def show(self, scene: Scene) -> Mapping[str, str]:
        """Return the bot's phase, the venue's position and orders, and what is under way."""
        wallet = scene.bot.wallet
        slots = " ".join(f"{s.edge:+d}{'S' if s.short else ''}" for s in wallet.slots)
        rest = [f"{OrderKind(r.order.kind).name}@{r.order.unit:+d}" for r in scene.resting]
        return {
            "bot": f"{wallet.phase.name} [{slots}]",
            "venue": f"{scene.long:+d}/{scene.short:+d} {', '.join(rest)}",
            "wire": ", ".join(words(message) for _, message in scene.inbox),
        }


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


def _answered(scene: Scene, query: Query, answers: Answers) -> Scene:
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


def _history(scene: Scene) -> Answers:
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


def _tick(scene: Scene) -> Scene:
    """Return *scene* with the price on the way to the bot if it is outside the band."""
    low, high = scene.band
    if (low and low >= MARKET) or (high and high <= MARKET) or scene.band == (1, 1):
        return scene._replace(band=(0, 0), inbox=(*scene.inbox, (0, Price(MARKET))))
    return scene


def _without(scene: Scene, resting: Resting) -> Scene:
    """Return *scene* without an order at the venue."""
    kept = (r for r in scene.resting if r.client_order_id != resting.client_order_id)
    return scene._replace(resting=tuple(kept))


def _number(message: Message) -> int:
    """Return the client order id that *message* is about, 0 for none."""
    return message.client_order_id if isinstance(message, Report) else 0
