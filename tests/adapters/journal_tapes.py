"""Runs of the event world as tapes of (moment, event, commands), and journals of them."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from adapters.journal.replay import tell
from adapters.journal.store import Journal
from machines import bot as bots
from machines.bot import Bot, Event
from machines.ladder import Config
from machines.messages import Command
from simulator import world
from simulator.record import Record
from simulator.synthetic import market
from simulator.venue_terms import VenueConfig
from simulator.world import Setup
from spec.terms import Instrument, PositionMode
from spec.units import MILLI_NS, SECOND_NS

if TYPE_CHECKING:
    from adapters.bots import AnyBot


class Told(NamedTuple):
    at_ns: int
    event: Event
    commands: tuple[Command, ...]


class Tape(NamedTuple):
    start: Bot
    told: tuple[Told, ...]


def tape(seed: int, mode: PositionMode = PositionMode.ONE_WAY, bars: int = 1_500) -> Tape:
    """Return what a bot was told in a run with jitter and two restarts."""
    candles = market(seed, bars)
    wallet = Config(
        instrument=Instrument(symbol="S"), unit_ticks=int(candles.open[0]) // 300, mode=mode
    )
    venue = VenueConfig(deposit=1_000 * int(candles.open[0]), leverage=2, mode=mode)
    start_ns, hour_ns = candles.start_ms * MILLI_NS, 3_600 * SECOND_NS
    setup = Setup(
        wallet=wallet,
        venue=venue,
        seed=seed,
        jitter_ns=50 * MILLI_NS,
        restarts=(start_ns + 3 * hour_ns, start_ns + 9 * hour_ns),
    )
    told: list[Told] = []

    class Noted(Record):
        def told(self, now_ns: int, event: Event, commands: tuple[Command, ...], bot: Bot) -> None:
            super().told(now_ns, event, commands, bot)
            told.append(Told(now_ns, event, commands))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world, "Record", Noted)
        world.run(setup, candles)
    return Tape(bots.new(wallet, venue.deposit), tuple(told))


def write(path: Path, recording: Tape, count: int | None = None, every: int = 0) -> Bot:
    """Write the first *count* steps to a new journal, a snapshot after *every* so many."""
    bot: AnyBot = recording.start
    with Journal.create(path, bot, recording.told[0].at_ns, durable=False) as journal:
        for number, told in enumerate(recording.told[:count], start=1):
            bot, _ = tell(journal, bot, told.event, told.at_ns)
            if every and not number % every:
                journal.snapshot(told.at_ns, bot)
    assert isinstance(bot, Bot)
    return bot
