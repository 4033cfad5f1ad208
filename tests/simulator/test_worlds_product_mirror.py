"""The account with mirrors over order machines: its bot, and the larger worlds."""

import pytest
from attrs import evolve

from machines import overlay
from machines.mirror_inputs import Cycle, cap_of
from machines.overlay import Mirrors, Moment, Outcome
from simulator.actors import Do
from simulator.judge import explore
from simulator.worlds.collision_scene import Ask, Kind, Told
from simulator.worlds.product_mirror import deep_worlds
from simulator.worlds.product_mirror_bot import (
    BASE,
    CAP,
    SETTINGS,
    Bot,
    Mind,
    Rules,
    opening,
)
from spec.collision import State as Use
from spec.mirror import State

DEEP_COUNTS = {
    "mirrored-collision-lossy-whims": (34_523, 102_262, 37),
    "mirrored-collision-mixed-whims": (153_098, 892_698, 39),
    "mirrored-collision-lossy-crash": (120_790, 375_852, 37),
}
SOUND = Rules()
DEEP = {world.name: world for world in deep_worlds()}


def cycled(bot: Bot, rules: Rules = SOUND) -> tuple[Bot, tuple[Ask, ...]]:
    """Return *bot* after a cycle, and what it asks for."""
    return asked(next(do for do in rules.acts(bot) if do.what.startswith("begins a cycle")))


def told(bot: Bot, *news: Told) -> tuple[Bot, tuple[Ask, ...]]:
    """Return *bot* after *news*, and what it asks for."""
    asks: tuple[Ask, ...] = ()
    for each in news:
        bot, more = asked(SOUND.hears(bot, each))
        asks += more
    return bot, asks


def asked(do: Do) -> tuple[Bot, tuple[Ask, ...]]:
    """Return the bot after *do*, and what it asks for."""
    assert isinstance(do.state, Bot)
    asks = tuple(message for _, message in do.sends if isinstance(message, Ask))
    assert len(asks) == len(do.sends)
    return do.state, asks


def mirrored() -> Bot:
    """Return a bot whose mirror of A has filled."""
    bot, (opens,) = cycled(opening())
    assert opens == Ask(0, Kind.OPEN, 0, qty=1)
    bot, _ = told(bot, Told(0, Kind.OPEN, 0, 1, final=True))
    return bot


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP_COUNTS)
def test_each_deep_world_has_its_size_and_its_claims_hold(name: str) -> None:
    """Two things that go wrong make no difference to what holds."""
    found = explore(DEEP[name])
    assert (found.states, found.transitions, found.depth) == DEEP_COUNTS[name]
    assert not found.failures


def test_the_cap_is_what_the_settings_come_to() -> None:
    """The claims are about the number that was reckoned by hand."""
    assert cap_of(Cycle(settings=SETTINGS, base=BASE, markets=())) == CAP


def test_the_base_gets_the_symbol_of_its_mirror_and_the_mirror_moves_on() -> None:
    """The mirror is closed, the base waits a full cycle, the overlay hedges elsewhere."""
    bot, (closes,) = cycled(mirrored()._replace(mind=Mind.INSISTS))
    assert closes == Ask(0, Kind.CLOSE, 0, qty=1)
    assert bot.mirrors.overlay.state is State.LIMITED  # the one mirror there may be is going
    bot, (recall,) = cycled(bot)
    assert recall == Ask(0, Kind.CLOSE, 0)
    bot, (crosses,) = told(bot, Told(0, Kind.CLOSE, 0, 0, final=True))
    assert crosses == Ask(0, Kind.CLOSE, 1, qty=1, cross=True)
    bot, asks = told(bot, Told(0, Kind.CLOSE, 1, 1, final=True))
    assert asks == ()
    bot, asks = cycled(bot)
    assert asks == (Ask(1, Kind.OPEN, 0, qty=1), Ask(0, Kind.ENTRY, 0, qty=1))
    bot, _ = told(bot, Told(0, Kind.ENTRY, 0, 1, final=True), Told(1, Kind.OPEN, 0, 1, final=True))
    assert [collision.state for _, collision in bot.mirrors.collisions] == [
        Use.BASE, Use.MIRROR, Use.BASE,
    ]  # fmt: skip
    assert not any((bot.capped, bot.crowded, bot.needless, bot.lost, bot.alerted, bot.stopped))


def test_a_restart_knows_the_overlay_and_asks_for_who_uses_what() -> None:
    """A limit that was reported is not reported again; a machine learns of the mirror it had."""
    bot, _ = cycled(mirrored()._replace(mind=Mind.INSISTS))
    bot, asks = asked(SOUND.restarts(bot))
    assert bot.mirrors.overlay.state is State.LIMITED
    assert asks == ()
    assert dict(bot.mirrors.collisions)["A"].mirror.lots == 1
    assert dict(bot.mirrors.collisions)["B"].state is Use.GATED


def stubborn(mirrors: Mirrors, moment: Moment) -> tuple[Mirrors, Outcome]:
    """Begin a cycle, and neither place nor cancel."""
    after, found = overlay.cycle(mirrors, moment)
    return after, evolve(found, commands=())


def test_an_order_that_goes_on_inside_the_band_is_seen() -> None:
    """By plain numbers of the ledger, whatever the machines say."""
    bot, _ = cycled(opening())
    bot = bot._replace(desks=(bot.desks[0]._replace(mirror_lots=1), bot.desks[1]))
    after, _ = cycled(bot, Rules(cycle=stubborn))
    assert after.needless
    sound, (cancel,) = cycled(bot)
    assert cancel == Ask(0, Kind.OPEN, 0)
    assert not sound.needless
