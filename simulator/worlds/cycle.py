"""One cycle of the hedge wallet: the market rises, falls once and rises once, unit by unit.

A scene is the history of the market.  It is replayed from its beginning by the bot on the
simulated venue, which answer each other at once and without fees, until the market may move
again.  A cycle that has ended is compared with the closed form, to the last money unit.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple

from attrs import evolve, field, frozen

from machines import bot as bots
from machines import ladder
from machines.bot import Strategy
from machines.hedge_wallet import Price, WalletSpec
from machines.ladder import SLOTS, Config
from machines.messages import (
    AccountReport,
    Cancel,
    Command,
    Place,
    Query,
    Report,
    Restarted,
    Watch,
)
from simulator.closed_form import Form, LevelFill, coin, usd
from simulator.explorer import Claim, Move, always, sometimes
from simulator.venue import Venue
from simulator.venue_terms import VenueConfig
from spec.hedge_wallet import HEDGE_WALLET, PROPERTIES, Fragment, OrderKind, State
from spec.terms import Instrument, PositionMode

START, UNIT = 1_000, 50  # in ticks
QTY = 42  # lots, no multiple of four
DEPOSIT = QTY * START
FREE = Instrument(symbol="FREE", maker_ppm=0, taker_ppm=0)
TOLD_MAX = 2_000  # events of one history, or the bot and the venue never fall silent
UNITS_MAX = 12

Moves = tuple[int, ...]


class Scene(NamedTuple):
    """What the market's *moves* (units) have led to; *ended* once the wallet has been in RESET.

    *equity* is the account's at the venue, *worth* the same by the wallet's books; money units.
    """

    moves: Moves
    phase: State
    ended: bool
    equity: int
    worth: int


class Course(NamedTuple):
    """The units at which the market is after each move that *fell* and that *rose* again."""

    peak: int
    fell: Moves
    rose: Moves

    @property
    def units(self) -> int:
        """The units fallen."""
        return self.peak - self.fell[-1] if self.fell else 0


@frozen
class CycleWorld:
    """Rises of up to *rises* units, falls of up to *units*, at most *gaps* moves of up to *jump*.

    Other moves are of one unit.  *spec* and *wanted* are for mutants: another table of phases,
    another choice of orders.
    """

    name: str
    mode: PositionMode = PositionMode.ONE_WAY
    fragment: Fragment = Fragment.USD
    units: int = UNITS_MAX
    rises: int = 2
    gaps: int = 0
    jump: int = 3
    spec: WalletSpec = field(default=HEDGE_WALLET, repr=False)
    wanted: Strategy = field(default=ladder.wanted, repr=False)

    def initial(self) -> Iterable[Scene]:
        """Return the scene in which the bot has bought with all its cash."""
        yield self.played(())

    def moves(self, scene: Scene) -> Iterator[tuple[Move, Scene]]:
        """Yield what the market may do next, until the cycle has ended."""
        if scene.ended:
            return
        before = scene.moves
        gaps = sum(abs(units) > 1 for units in before)
        most = self.jump if gaps < self.gaps else 1
        for units in range(-most, most + 1):
            if units and self._fits((*before, units)):
                verb = "moves" if abs(units) == 1 else "jumps"
                yield Move("market", f"{verb} {units:+d}"), self.played((*before, units))

    def _fits(self, moves: Moves) -> bool:
        """Return whether *moves* are a rise, a fall and a rise within the bounds."""
        falls = [index for index, units in enumerate(moves) if units < 0]
        at = course(moves)
        if falls and falls[-1] - falls[0] >= len(falls):
            return False
        highest = at.peak + self.jump  # more than the closed form needs
        return at.peak <= self.rises and at.units <= self.units and sum(moves) <= highest

    def played(self, moves: Moves) -> Scene:
        """Return the scene after *moves*."""
        play = _Play(self)
        for unit in accumulate(moves, initial=0):
            play.price(START + unit * UNIT)
        return play.scene(moves)

    def claims(self) -> Iterable[Claim[Scene]]:
        """Yield what is claimed of a cycle."""
        yield always(PROPERTIES["HW-9"], self.earns_the_closed_form)
        yield sometimes(PROPERTIES["HW-6.9"], ends_below_the_ladder)

    def earns_the_closed_form(self, scene: Scene) -> bool:
        """HW-9: a cycle that has ended earned the closed form, less what gaps have cost.

        By the venue's books as by the wallet's, relative to holding the lots to the RESET level.
        """
        if not scene.ended:
            return True
        at = course(scene.moves)
        if not at.units:
            return False
        form = self._form(at)
        held = QTY * UNIT * (at.peak - form.reset_below)
        earned = scene.equity - DEPOSIT - held
        return scene.worth == scene.equity and earned + slippage(form, at) == form.pnl

    def _form(self, at: Course) -> Form:
        """Return the closed form of a cycle that took its course *at* these units."""
        if self.fragment is Fragment.COIN:
            return coin(at.units, UNIT, QTY, QTY // SLOTS)
        peak_ticks = START + at.peak * UNIT
        return usd(at.units, UNIT, peak_ticks, QTY, lambda price: DEPOSIT // SLOTS // price)

    def show(self, scene: Scene) -> Mapping[str, str]:
        """Return where the market is, the phase, and the money."""
        return {
            "market": f"{sum(scene.moves):+d}",
            "bot": scene.phase.name + (", ended" if scene.ended else ""),
            "venue": f"equity {scene.equity:,}",
        }


class _Play:
    """One history under way: a bot and a venue with nothing between them."""

    def __init__(self, world: CycleWorld) -> None:
        config = Config(
            instrument=FREE,
            unit_ticks=UNIT,
            mode=world.mode,
            fragment=world.fragment,
            reserve_ppm=0,
        )
        self.venue = Venue(VenueConfig(deposit=DEPOSIT, mode=world.mode, leverage=2), (FREE,))
        self.bot = evolve(bots.new(config, DEPOSIT), spec=world.spec)
        self.wanted = world.wanted
        self.inbox: deque[bots.Event] = deque((Restarted(),))
        self.ticks, self.band, self.told, self.ended = START, (0, 0), 0, False

    def price(self, ticks: int) -> None:
        """Move the market to *ticks* and let everything that follows happen."""
        self.ticks = ticks
        self.venue.price(0, ticks, ticks, 0)
        self._receive()
        while self.inbox:
            self._tell(self.inbox.popleft())

    def _tell(self, event: bots.Event) -> None:
        """Tell the bot of *event*, and the venue what the bot says."""
        self.told += 1
        assert self.told < TOLD_MAX, "the bot and the venue never fall silent"
        was = self.bot.wallet.phase
        self.bot, commands = bots.step(self.bot, event, self.wanted)
        self.ended |= was is not State.RESET and self.bot.wallet.phase is State.RESET
        for command in commands:
            self._do(command)
            self._receive()

    def _do(self, command: Command) -> None:
        """Let the venue do what the bot asked for; nothing here is retried later."""
        match command:
            case Place():
                self.venue.submit(command, 0, 0)
            case Cancel():
                self.venue.cancel(command, 0)
            case Query():
                self.venue.query(command, 0)
            case Watch():
                self.band = command.low, command.high
            case _:
                pass  # no other money moves, no order is held back, and nobody is told

    def _receive(self) -> None:
        """Put the venue's news into the inbox, and the price once it is outside the band."""
        news = (message for _, message in self.venue.outbox)
        self.inbox.extend(each for each in news if isinstance(each, Report | AccountReport))
        self.venue.outbox.clear()
        low, high = self.band
        if self.ticks <= low or 0 < high <= self.ticks:
            self.band = (0, 0)
            self.inbox.append(Price(self.ticks))

    def scene(self, moves: Moves) -> Scene:
        """Return what *moves* have led to."""
        self.venue.reconcile()
        wallet = self.bot.wallet
        worth = wallet.cash + (wallet.long_qty - ladder.short_qty(wallet)) * self.ticks
        return Scene(moves, wallet.phase, self.ended, self.venue.equity(), worth)


def course(moves: Moves) -> Course:
    """Return the course of a market that rose, fell and rose by *moves*.

    >>> course((1, -2, -1, 3))
    Course(peak=1, fell=(-1, -2), rose=(1,))
    """
    peak, fell, rose, at = 0, list[int](), list[int](), 0
    for units in moves:
        at += units
        if units < 0:
            fell.append(at)
        elif fell:
            rose.append(at)
        else:
            peak = at
    return Course(peak, tuple(fell), tuple(rose))


def slippage(form: Form, at: Course) -> int:
    """Return what *form* loses where the market jumped over a level: it fills where that ended.

    In money units; 0 where every move was of one unit.
    """
    return sum(UNIT * fill.qty * _beyond(fill, at) for fill in form.fills)


def _beyond(fill: LevelFill, at: Course) -> int:
    """Return how many units beyond its level the market was when it had come to it."""
    level = at.peak - fill.below
    if fill.kind is OrderKind.STOP_LOSS_COVER:
        return next((unit - level for unit in at.rose if unit >= level), 0)
    return next((level - unit for unit in at.fell if unit <= level), 0)


def ends_below_the_ladder(scene: Scene) -> bool:
    """HW-6.9: a cycle has ended that fell below all four slots, so that they had to slide."""
    return scene.ended and course(scene.moves).units > SLOTS


def worlds() -> tuple[CycleWorld, ...]:
    """Return the worlds that are checked: unit by unit with each mode and size, and with a gap."""
    return (
        *(CycleWorld(named(mode, size), mode, size) for mode in PositionMode for size in Fragment),
        *(_gap(mode, "gap", rises=1, gaps=1, jump=3) for mode in PositionMode),
    )


def deep_worlds() -> tuple[CycleWorld, ...]:
    """Return larger worlds: two gaps, and gaps over the whole ladder after longer rises."""
    return (
        *(_gap(mode, "gaps", rises=1, gaps=2, jump=3) for mode in PositionMode),
        *(_gap(mode, "wide-gap", rises=SLOTS, gaps=1, jump=6) for mode in PositionMode),
    )


def _gap(mode: PositionMode, words: str, *, rises: int, gaps: int, jump: int) -> CycleWorld:
    """Return a world with gaps."""
    name = f"{named(mode, Fragment.USD)}-{words}"
    return CycleWorld(name, mode, units=6, rises=rises, gaps=gaps, jump=jump)


def named(mode: PositionMode, fragment: Fragment) -> str:
    """Return what a world is called."""
    return f"cycle-{mode.name}-{fragment.name}".lower().replace("_", "-")
