"""Other terms for a bot that has something: what is kept, what waits, what is refused."""

from functools import cache
from typing import Any

import pytest
from attrs import evolve

from machines import bot as bots
from machines import order_manager
from machines.bot import Bot
from machines.ladder import KEYS
from machines.ladder import Config as WalletConfig
from machines.messages import Command, Wanted
from machines.mirror_inputs import Settings
from machines.portfolio import Config, Event, Portfolio
from machines.portfolio_change import cold, idle, reconfigured
from machines.portfolio_desk import is_mirror
from machines.portfolio_mirrors import MirrorConfig
from machines.pricing import averages
from machines.pricing.kinds import Kind
from machines.pricing.sides import Side as Terms
from machines.refusal import Refused
from simulator.portfolio_world import run
from spec.collision import State as Use
from spec.hedge_wallet import Fragment
from spec.hedge_wallet import State as Phase
from spec.mirror import Fault, Mode
from spec.mirror import State as Overlay
from spec.terms import Instrument, PositionMode, PositionSide, Side
from tests.adapters.journal_tapes import Tape, tape
from tests.simulator.portfolios import markets, setup, sides

MODES = pytest.mark.parametrize("mode", PositionMode)
BARS = 95
HEDGE = PositionMode.HEDGE


@cache
def taped(mode: PositionMode) -> tuple[Tape, tuple[Bot, ...]]:
    """Return a run of a wallet, and the bot before each event and after the last."""
    recording = tape(1 + mode, mode)
    found = [recording.start]
    for told in recording.told:
        found.append(bots.step(found[-1], told.event)[0])
    return recording, tuple(found)


def other(config: WalletConfig) -> WalletConfig:
    """Return other terms in every respect that a wallet may change."""
    fees = evolve(config.instrument, taker_ppm=700, min_notional=1)
    return evolve(
        config,
        instrument=fees,
        unit_ticks=config.unit_ticks * 2,
        fragment=Fragment.COIN,
        reserve_ppm=9_000,
    )


def changed(bot: Bot, config: WalletConfig) -> Bot:
    """Return *bot* by other terms, which it takes."""
    after = bots.reconfigured(bot, config)
    assert isinstance(after, Bot), after
    return after


def test_a_cycle_ends_by_the_terms_that_it_began_with() -> None:
    """Chosen anywhere in a run, others change nothing before the wallet is between two cycles."""
    waited: list[int] = []
    for mode in PositionMode:
        recording, before = taped(mode)
        for first in range(1, len(recording.told), 97):
            bot = changed(before[first], other(before[first].wallet.config))
            for place, told in enumerate(recording.told[first:], first):
                if bot.next_config is None:
                    waited.append(place - first)
                    assert before[place].wallet.phase is Phase.RESET
                    assert bot.wallet.config == other(before[place].wallet.config)
                    break
                assert bots.chosen(bot) == other(bot.wallet.config)
                assert evolve(bot, next_config=None) == before[place]
                bot, commands = bots.step(bot, told.event)
                assert commands == told.commands or bot.next_config is None
    assert max(waited) > 20


@MODES
def test_an_order_that_may_fill_late_keeps_the_terms(mode: PositionMode) -> None:
    """An entry whose cancel loses to its fill leads back into the cycle that it belongs to."""
    _, before = taped(mode)
    late = next(bot for bot in before if bot.wallet.phase is Phase.RESET and any(bot.book.working))
    assert changed(late, other(late.wallet.config)).wallet == late.wallet


def test_a_cycle_without_orders_is_one() -> None:
    """A venue may have refused them all: what is sold is still to be bought back as it was."""
    bot = taped(HEDGE)[1][60]
    bare = evolve(bot, book=order_manager.empty(KEYS))
    assert bare.wallet.phase is not Phase.RESET
    assert changed(bare, other(bare.wallet.config)).wallet == bare.wallet


def test_between_two_cycles_terms_hold_at_once() -> None:
    """A wallet that has not bought yet buys by the new ones."""
    start = taped(HEDGE)[0].start
    bot = changed(start, other(start.wallet.config))
    assert bot == bots.new(other(start.wallet.config), start.wallet.cash)


def test_whoever_thinks_better_of_it_changes_nothing() -> None:
    """The terms of the cycle, chosen again before it has ended, are no others."""
    bot = taped(HEDGE)[1][60]
    assert changed(changed(bot, other(bot.wallet.config)), bot.wallet.config) == bot


def test_the_mode_of_a_wallet_changes_with_empty_hands() -> None:
    """Its orders then name legs; while it trades that is refused."""
    start, bot = taped(PositionMode.ONE_WAY)[0].start, taped(PositionMode.ONE_WAY)[1][60]
    after = changed(start, evolve(start.wallet.config, mode=HEDGE))
    assert (after.pair.mode, after.wallet.config.mode) == (HEDGE, HEDGE)
    refused = bots.reconfigured(bot, evolve(bot.wallet.config, mode=HEDGE))
    assert str(refused).startswith("mode ONE_WAY -> HEDGE: the wallet trades; let --on-stop flat")


@pytest.mark.parametrize(("name", "value"), [("symbol", "T"), ("tick", "2"), ("value", 7)])
def test_another_contract_is_refused(name: str, value: Any) -> None:  # noqa: ANN401
    """What a lot, a tick and a money unit are is what the whole journal counts in."""
    start = taped(HEDGE)[0].start
    instrument = evolve(start.wallet.config.instrument, **{name: value})
    refused = bots.reconfigured(start, evolve(start.wallet.config, instrument=instrument))
    assert isinstance(refused, Refused)
    assert (refused.name, refused.after) == (f"S {name}", value)


@cache
def lived(mode: PositionMode, *, mirrored: bool) -> tuple[Portfolio, ...]:
    """Return the bots of a run."""
    found: list[Portfolio] = []

    def tell(_: int, __: Event, ___: tuple[Command, ...], bot: Portfolio) -> None:
        found.append(bot)

    run(setup(1, mode, mirrored=mirrored, checked=False), markets(1, BARS), told=tell)
    return tuple(found)


def busy(mode: PositionMode = HEDGE, *, mirrored: bool = True) -> Portfolio:
    """Return a portfolio that holds something in some symbols, and a mirror if it has any."""
    return next(
        bot
        for bot in reversed(lived(mode, mirrored=mirrored))
        if any(desk.pair.long.qty for desk in bot.desks)
        and any(desk.mirror.short.qty for desk in bot.desks) == mirrored
        and any(map(idle, bot.desks))
    )


def taken(bot: Portfolio, config: Config) -> Portfolio:
    """Return *bot* by *config*, which it takes."""
    after = reconfigured(bot, config, bot.averages)
    assert isinstance(after, Portfolio), after
    return after


def strategy(bot: Portfolio, **fields: Any) -> Config:  # noqa: ANN401
    """Return the terms of *bot* with another strategy."""
    return evolve(bot.config, strategy=evolve(bot.config.strategy, **fields))


def overlay(bot: Portfolio, **fields: Any) -> Config:  # noqa: ANN401
    """Return the terms of *bot* with another overlay."""
    assert bot.config.mirrors is not None
    settings = evolve(bot.config.mirrors.settings, **fields)
    return evolve(bot.config, mirrors=evolve(bot.config.mirrors, settings=settings))


def resized(side: Terms, **terms: float) -> Terms:
    """Return *side* with other terms."""
    return evolve(side, terms=side.terms._replace(**terms))


def things(bot: Portfolio) -> list[tuple[object, ...]]:
    """Return what is held and what works, by the names of the symbols."""
    return sorted(
        (desk.instrument.symbol, desk.pair, desk.mirror, order_manager.live(desk.book))
        for desk in bot.desks
        if not idle(desk)
    )


@MODES
def test_what_is_held_and_what_works_stays(mode: PositionMode) -> None:
    """Whatever is chosen: positions, orders, money and numbers, until the next bars."""
    bot = busy(mode)
    long, mirrors = bot.config.strategy.long, bot.config.mirrors
    fees = tuple(evolve(each, maker_ppm=7) for each in bot.config.strategy.instruments)
    choices = [
        strategy(bot, long=resized(long, positions=1.0, total_limit=0.4)),
        strategy(bot, losses_max=0.1, lookback_ms=60_000, affordable=True),
        strategy(bot, instruments=fees),
        strategy(bot, instruments=bot.config.strategy.instruments[::-1]),
        overlay(bot, threshold_ppm=1, max_n_positions=2),
        evolve(bot.config, mirrors=None),
        evolve(bot.config, warmup_bars=7),
    ]
    for config in choices:
        after = taken(bot, config)
        assert things(after) == things(bot)
        assert (after.cash, after.sequence, after.profits) == (bot.cash, bot.sequence, bot.profits)
        assert after.stale
        assert after.config == config or config.mirrors is not mirrors
        assert reconfigured(after, after.config, after.averages) == after


def test_mirrors_that_are_left_are_unwound() -> None:
    """Without an overlay in the terms it is off, and gone once nothing is left."""
    bot = busy()
    after = taken(bot, evolve(bot.config, mirrors=None))
    assert after.mirrors is not None
    assert after.mirrors.settings == after.config.mirrors.settings  # type: ignore[union-attr]
    assert after.mirrors.settings == evolve(bot.mirrors.settings, enabled=False)  # type: ignore[union-attr]
    flat = next(each for each in lived(HEDGE, mirrored=True) if all(map(idle, each.desks)))
    gone = taken(flat, evolve(flat.config, mirrors=None))
    assert (gone.mirrors, gone.config.mirrors) == (None, None)


def test_an_overlay_that_begins_knows_what_the_base_has() -> None:
    """On one way a symbol that the base holds is the base's, not gated as an unknown one is."""
    bot = busy(PositionMode.ONE_WAY)
    plain = evolve(bot, config=evolve(bot.config, mirrors=None), mirrors=None)
    plain = evolve(plain, desks=tuple(d for d in plain.desks if not d.mirror.short.qty))
    config = strategy(bot, instruments=tuple(desk.instrument for desk in plain.desks))
    after = taken(plain, config)
    assert after.mirrors is not None
    uses = dict(after.mirrors.collisions)
    held = [desk.instrument.symbol for desk in plain.desks if desk.pair.long.qty]
    assert held
    assert all(uses[name].state is Use.BASE for name in held)


def test_an_overlay_that_is_stopped_waits_for_a_person_still() -> None:
    """Other terms are no look at the error."""
    bot = busy()
    assert bot.mirrors is not None
    error = evolve(bot.mirrors.overlay, state=Overlay.STOPPED, stops=3, fault=Fault.PRICE)
    bot = evolve(bot, mirrors=evolve(bot.mirrors, overlay=error))
    after = taken(bot, overlay(bot, threshold_ppm=7))
    assert after.mirrors is not None
    assert (after.mirrors.overlay, after.mirrors.settings.threshold_ppm) == (error, 7)


def test_what_the_overlay_has_not_handed_over_is_forgotten() -> None:
    """It was decided by the old terms; its orders that work are not."""
    bot = next(
        bot
        for bot in lived(HEDGE, mirrored=True)
        if any(is_mirror(w.wanted) for d in bot.desks for w in order_manager.live(d.book))
    )
    late = Wanted(key=bot.desks[0].mirror_key + 1, kind=Kind.MIRROR_OPEN, side=Side.SELL, qty=1)
    desks = tuple(evolve(desk, overlaid=(*desk.overlaid, late)) for desk in bot.desks)
    after = taken(evolve(bot, desks=desks), overlay(bot, threshold_ppm=7))
    assert [desk.overlaid for desk in after.desks] == [desk.overlaid for desk in bot.desks]


def test_coins_come_and_go() -> None:
    """A new one has nothing, an idle one may be left out, and all others go where they are."""
    bot = busy()
    kept = tuple(desk.instrument for desk in bot.desks if not idle(desk))
    new = evolve(kept[0], symbol="new")
    bot = evolve(bot, account=evolve(bot.account, symbol=len(bot.desks) - 1))
    after = taken(bot, strategy(bot, instruments=(new, *kept[::-1])))
    assert [desk.instrument for desk in after.desks] == [new, *kept[::-1]]
    assert idle(after.desks[0])
    assert things(after) == things(bot)
    assert len(after.averages.bars) == len(bot.averages.bars)  # whoever warms it up says otherwise
    assert len(after.slots[0].seats) == len(after.desks)
    last = bot.desks[-1].instrument
    assert after.account.symbol == (after.desks.index(bot.desks[-1]) if last in kept else 0)
    assert after.mirrors is not None
    assert {name for name, _ in after.mirrors.collisions} <= {each.symbol for each in kept}


def test_an_idle_contract_may_have_other_units() -> None:
    """Nothing is counted in the old ones."""
    bot = busy()
    place = next(place for place, desk in enumerate(bot.desks) if idle(desk))
    instruments = list(bot.config.strategy.instruments)
    instruments[place] = evolve(instruments[place], value=7)
    after = taken(bot, strategy(bot, instruments=tuple(instruments)))
    assert after.desks[place].instrument.value == 7
    assert after.desks[place].bid == 0 < bot.desks[place].bid


def test_averages_are_kept_unless_others_are_looked_at() -> None:
    """Longer spans, other coins and a longer warm-up take those that are given."""
    bot, fresh = busy(), averages.unknown(4)
    long = bot.config.strategy.long
    asked = [
        strategy(bot, long=resized(long, band_span=9.0)),
        strategy(bot, long=resized(long, hourly_span=9.0)),
        strategy(bot, instruments=bot.config.strategy.instruments[::-1]),
        evolve(bot.config, warmup_bars=bot.config.warmup_bars + 1),
    ]
    for config in asked:
        assert cold(bot, config)
        assert reconfigured(bot, config, fresh).averages == fresh  # type: ignore[union-attr]
    plain = strategy(bot, long=resized(long, total_limit=0.3))
    assert not cold(bot, plain)
    assert reconfigured(bot, plain, fresh).averages == bot.averages  # type: ignore[union-attr]


def without(bot: Portfolio, leg: PositionSide) -> Config:
    """Return the terms of *bot* with one side off."""
    name = leg.name.lower()
    side: Terms = getattr(bot.config.strategy, name)
    return strategy(bot, **{name: resized(side, positions=0.0)})


def units(bot: Portfolio, **fields: Any) -> Config:  # noqa: ANN401
    """Return the terms of *bot* with contracts of other units."""
    changed = tuple(evolve(each, **fields) for each in bot.config.strategy.instruments)
    return strategy(bot, instruments=changed)


def held(bot: Portfolio) -> tuple[Instrument, ...]:
    """Return the contracts of which something is open."""
    return tuple(desk.instrument for desk in bot.desks if not idle(desk))


def mirrored(mode: Mode) -> MirrorConfig:
    """Return an overlay of another mode."""
    return MirrorConfig(settings=Settings(mode=mode, threshold_ppm=1), approved=frozenset())


@MODES
def test_what_nobody_would_look_after_is_refused(mode: PositionMode) -> None:
    """Each refusal names what it is about, both values and what to do."""
    bot, plain = busy(mode), busy(mode, mirrored=False)
    another = PositionMode.ONE_WAY if mode is HEDGE else HEDGE
    long, short = sides(mirrored=False)
    first = held(bot)[0].symbol
    rest = tuple(each for each in bot.config.strategy.instruments if each.symbol != first)
    longs = evolve(bot.config, mirrors=mirrored(Mode.LONGS_FOR_SHORTS))
    wrong: list[tuple[Portfolio, Config, str]] = [
        (bot, strategy(bot, mode=another), f"mode {mode.name} -> {another.name}: "),
        (
            bot,
            strategy(bot, instruments=rest),
            f"{first} traded -> left out: still open: ",
        ),
        (bot, units(bot, tick="0.5"), f"{first} tick 0.01 -> 0.5: the contract is another"),
        (bot, units(bot, money="0.1"), "money "),
        (bot, evolve(bot.config, levels=3), "levels 20 -> 3: "),
        (bot, without(bot, PositionSide.LONG), "long on -> off: "),
        (plain, without(plain, PositionSide.SHORT), "short on -> off: "),
        (bot, longs, "mirrors SHORTS_FOR_LONGS -> LONGS_FOR_SHORTS: "),
        (bot, evolve(strategy(bot, long=long, short=short), mirrors=None), "short off -> on: "),
    ]
    for each, config, why in wrong:
        refused = reconfigured(each, config, each.averages)
        assert isinstance(refused, Refused), why
        assert str(refused).startswith(why), refused


def test_with_nothing_open_everything_may_change() -> None:
    """The mode of the account, the sides and the number of orders too."""
    bot = next(each for each in lived(HEDGE, mirrored=True) if all(map(idle, each.desks)))
    long, short = sides(mirrored=False)
    config = strategy(bot, mode=PositionMode.ONE_WAY, long=long, short=short)
    after = taken(bot, evolve(config, mirrors=None, levels=3))
    assert {desk.pair.mode for desk in after.desks} == {PositionMode.ONE_WAY}
    assert {len(desk.book.working) for desk in after.desks} == {2 * 2 * 3 + 2}
