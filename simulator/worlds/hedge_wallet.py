"""The hedge wallet's bot on a venue whose price walks and jumps while reports lag behind.

Prices are whole units and, like ladders and orders, are kept relative to the market, so the
world is finite although the price is not bounded.  Commands reach the venue at once; what the
venue reports waits in a first-in-first-out inbox, and the market moves at most *lag* times before
a report arrives, once while an order is half filled, and not while an order is held back, a
re-entry is half done or the bot is halted.  A restart loses the
inbox; the journal survives.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from attrs import evolve, field, frozen

from machines import bot as bots
from machines import ladder, order_manager
from machines.bot import Bot, Strategy
from machines.hedge_wallet import Price, Resumed, WalletSpec
from machines.ladder import Config
from machines.messages import (
    Cancel,
    Command,
    Place,
    Query,
    QueryAccount,
    Restarted,
    Watch,
    Woken,
)
from machines.order import OrderSpec
from machines.order_manager import waiting
from simulator.explorer import Claim, Move, always, leads_to, sometimes
from simulator.worlds import wallet_claims as claim
from simulator.worlds import wallet_venue as venue
from simulator.worlds.wallet_scene import (
    CASH,
    GAP,
    UNIT,
    Answers,
    Scene,
    named,
    normal,
    words,
)
from spec.hedge_wallet import HEDGE_WALLET, PROPERTIES, Fragment, OrderKind, State
from spec.order import ORDER
from spec.terms import Instrument, PositionMode

SETTLES_MAX = 500  # deliveries
Steps = dict[tuple[Bot, bots.Event], tuple[Bot, tuple[Command, ...]]]
Ends = dict[Scene, Scene]


@frozen
class HedgeWalletWorld:
    """A world of *qty* lots; *parts* is how often liquidity is thin: an order fills in two parts.

    *empties* is how often a market order finds nobody to trade with.  If there is a *person*, a
    halted bot may be resumed once nothing is under way.

    The rest is for mutants: other tables, other orders wanted; *forgetful*: a restart knows the
    wallet but none of its orders.
    """

    name: str
    mode: PositionMode = PositionMode.ONE_WAY
    qty: int = 4
    lag: int = 0
    jump: int = 3
    parts: int = 0
    empties: int = 0
    crashes: int = 0
    liquidations: int = 0
    person: bool = False
    spec: WalletSpec = field(default=HEDGE_WALLET, repr=False)
    orders: OrderSpec = field(default=ORDER, repr=False)
    wanted: Strategy = field(default=ladder.wanted, repr=False)
    forgetful: bool = False
    _steps: Steps = field(factory=Steps, init=False, repr=False, eq=False)
    _ends: Ends = field(factory=Ends, init=False, repr=False, eq=False)

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
        new = bots.new(config, CASH)
        bot = evolve(new, spec=self.spec, book=evolve(new.book, spec=self.orders))
        scene = Scene(
            bot=bot,
            parts=self.parts,
            empties=self.empties,
            crashes=self.crashes,
            liquidations=self.liquidations,
        )
        yield self._told(scene, Restarted())

    def moves(self, scene: Scene) -> Iterator[tuple[Move, Scene]]:
        """Yield what the wire, the market, the venue and chance may do next."""
        if scene.inbox:
            _, message = scene.inbox[0]
            yield (
                Move("wire", f"delivers {words(message, scene.bot)}", "bot"),
                self._delivered(scene),
            )
        for order in scene.resting:
            if order.cum_qty:
                yield Move("venue", "fills the rest"), venue.ended(scene, order, expire=False)
                yield Move("venue", "expires the rest"), venue.ended(scene, order, expire=True)
        for key in waiting(scene.bot.book):
            yield Move("clock", f"wakes key {key}", "bot"), self._told(scene, Woken(key))
        yield from self._market(scene)
        yield from self._misfortunes(scene)

    def _market(self, scene: Scene) -> Iterator[tuple[Move, Scene]]:
        """Yield where the price may go: nowhere while it must stand still, or reports are late."""
        if _still(scene) or (scene.inbox and scene.inbox[0][0] >= self.lag):
            return
        for units in range(-self.jump, self.jump + 1):
            if units:
                verb = "moves" if abs(units) == 1 else "jumps"
                yield Move("market", f"{verb} {units:+d}"), venue.moved(scene, units)

    def _misfortunes(self, scene: Scene) -> Iterator[tuple[Move, Scene]]:
        """Yield what may go wrong while there is a budget for it, and a person who resumes."""
        if scene.parts and not scene.thin:
            yield Move("venue", "gets thin"), scene._replace(parts=scene.parts - 1, thin=True)
        if scene.empties and not scene.empty:
            less = scene._replace(empties=scene.empties - 1, empty=True)
            yield Move("venue", "runs empty"), less
        if self.person and scene.bot.wallet.halted and claim.quiescent(scene):
            yield Move("person", "resumes", "bot"), self._told(scene, Resumed())
        if scene.crashes:
            less = scene._replace(crashes=scene.crashes - 1)
            yield Move("bot", "crashes and restarts"), self.restarted(less)
        if scene.liquidations and (scene.long or scene.short):
            yield Move("venue", "liquidates", "wire"), venue.liquidated(scene)

    def restarted(self, scene: Scene) -> Scene:
        """Return *scene* after the bot has lost its inbox and started again from its journal."""
        answers = venue.history(scene)
        if self.forgetful:
            blank = order_manager.empty(ladder.KEYS)
            scene = scene._replace(bot=evolve(scene.bot, book=blank))
        after = self._told(scene._replace(inbox=(), band=(0, 0)), Restarted(), answers)
        # What the venue closed is told in the order in which it happened.
        order = {number: rank for rank, number in enumerate(answers)}
        late = len(order)
        inbox = sorted(after.inbox, key=lambda item: order.get(venue.number(item[1]), late))
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
            if len(passed) > SETTLES_MAX:
                end = scene  # a mutant may cancel and place for ever
        self._ends.update(dict.fromkeys(passed, end))
        return end

    def _calmer(self, scene: Scene) -> Scene | None:
        """Return *scene* after the next thing that needs no market, None if there is none."""
        if scene.inbox:
            return self._delivered(scene)
        keys = waiting(scene.bot.book)
        return self._told(scene, Woken(keys[0])) if keys else None

    def _delivered(self, scene: Scene) -> Scene:
        """Return *scene* after the oldest report has arrived."""
        rest = scene._replace(inbox=scene.inbox[1:], jumped=False)
        return self._told(rest, scene.inbox[0][1])

    def _told(
        self, scene: Scene, event: bots.Event, answers: Answers = MappingProxyType({})
    ) -> Scene:
        """Return *scene* after the bot was told *event* and the venue read its commands."""
        known = self._steps.get((scene.bot, event))
        if known is None:
            known = self._steps[scene.bot, event] = bots.step(scene.bot, event, self.wanted)
        was = scene.bot.wallet.phase
        scene = scene._replace(bot=known[0])
        for command in known[1]:
            scene = self._commanded(scene, command, answers)
        if scene.outcomes:
            rest = scene._replace(outcomes=scene.outcomes[1:])
            scene = self._told(rest, scene.outcomes[0], answers)
        return normal(scene)._replace(was=was)

    def _commanded(self, scene: Scene, command: Command, answers: Answers) -> Scene:
        """Return *scene* after the venue read *command*."""
        match command:
            case Place():
                return venue.placed(scene, command)
            case Cancel():
                return venue.canceled(scene, command)
            case Query():
                return venue.answered(scene, command, answers)
            case QueryAccount():
                return venue.accounted(scene)
            case Watch():
                return venue.tick(scene._replace(band=(command.low, command.high)))
            case _:
                return scene

    def claims(self) -> Iterable[Claim[Scene]]:
        """Yield what is claimed of the wallet."""
        p, halts = PROPERTIES, self.liquidations
        yield always(p["HW-1"], claim.never_both)
        yield always(p["HW-2.1"], lambda s: claim.short_lots(s) <= self.qty)
        yield always(p["HW-2.2"], lambda s: claim.long_lots(s) <= self.qty)
        yield always(p["HW-3"], claim.working_orders)
        yield always(p["HW-4"], claim.phase_follows)
        yield always(p["HW-5"], claim.no_twins)
        yield always(p["HW-10"], lambda s: s.liquidations < halts or not s.bot.wallet.halted)
        yield always(p["HW-11"], claim.phase_counts)
        for part, phase in enumerate(list(State)[:4], start=1):
            yield sometimes(p[f"HW-6.{part}"], claim.is_in(phase))
        for part, (was, now) in enumerate(claim.PASSAGES, start=5):
            yield sometimes(p[f"HW-6.{part}"], claim.passes(was, now))
        if self.jump >= GAP:
            yield sometimes(p["HW-6.8"], claim.gap_fills)
        yield leads_to(p["HW-7"], claim.in_reset, claim.out_of_reset, claim.arrives)
        if not self.parts:
            yield always(p["HW-8"], self.restart_is_invisible)

    def restart_is_invisible(self, scene: Scene) -> bool:
        """HW-8: a restart here settles where no restart settles, unless a price was missed.

        If the news of a liquidation was under way, it is halted and holds what the venue holds.
        """
        if any(isinstance(message, Price) for _, message in scene.inbox):
            return True
        calm, restarted = self.settled(scene), self.settled(self.restarted(scene))
        if scene.account != scene.bot.account:
            return claim.halted_and_agreed(restarted)
        return claim.essence(calm) == claim.essence(restarted)

    def show(self, scene: Scene) -> Mapping[str, str]:
        """Return the bot's phase, the venue's position and orders, and what is under way.

        Units count from the market.  Of the bot's four edges those that are short have an s.
        """
        wallet = scene.bot.wallet
        slots = " ".join(f"{s.edge:+d}{'s' if s.short else ''}" for s in wallet.slots)
        legs = wallet.config.mode is PositionMode.HEDGE
        held = f"{scene.long:+d} {-scene.short:+d}" if legs else f"{scene.long:+d}"
        return {
            "bot": f"{wallet.phase.name} [{slots}]",
            "venue": ", ".join((held, *(named(r.order) for r in scene.resting))),
            "wire": ", ".join(words(message, scene.bot) for _, message in scene.inbox) or "empty",
        }


def _still(scene: Scene) -> bool:
    """Return whether the market waits: something is halted, held back or half done for long."""
    bot = scene.bot
    buying = any(r.cum_qty and r.order.kind == OrderKind.MARKET_BUY_FULL for r in scene.resting)
    half = buying or bot.wallet.bought_qty > 0 or any(r.moved for r in scene.resting)
    return half or bot.wallet.halted or bool(waiting(bot.book))


def worlds() -> tuple[HedgeWalletWorld, ...]:
    """Return the worlds that are checked."""
    legs = PositionMode.HEDGE
    return (
        HedgeWalletWorld("hedge-wallet-lagging", lag=1, jump=1),
        HedgeWalletWorld("hedge-wallet-legs-lagging", mode=legs, lag=1, jump=1),
        HedgeWalletWorld("hedge-wallet", jump=4),
        HedgeWalletWorld("hedge-wallet-legs", mode=legs, jump=4),
        HedgeWalletWorld("hedge-wallet-empty", jump=2, empties=1),
        HedgeWalletWorld("hedge-wallet-parts", qty=8, jump=2, parts=1),
        HedgeWalletWorld("hedge-wallet-crash", crashes=1),
        HedgeWalletWorld("hedge-wallet-liquidated", liquidations=1, person=True),
    )


def deep_worlds() -> tuple[HedgeWalletWorld, ...]:
    """Return larger worlds."""
    legs = PositionMode.HEDGE
    return (
        HedgeWalletWorld("hedge-wallet-late", lag=2, jump=1),
        HedgeWalletWorld("hedge-wallet-late-jumps", lag=1, jump=2),
        HedgeWalletWorld("hedge-wallet-legs-late-jumps", mode=legs, lag=1, jump=2),
        HedgeWalletWorld("hedge-wallet-legs-parts", mode=legs, qty=8, parts=1),
        HedgeWalletWorld("hedge-wallet-legs-crash", mode=legs, crashes=1),
        HedgeWalletWorld("hedge-wallet-parts-lagging", qty=8, lag=1, jump=1, parts=1),
        HedgeWalletWorld(
            "hedge-wallet-liquidated-lagging", lag=1, jump=1, liquidations=1, person=True
        ),
    )
