"""The heartbeat of the live loop: when it beats, when it ends, and what its silence comes to."""

import asyncio
import json
import time
from itertools import pairwise
from pathlib import Path

import pytest
from attrs import evolve
from typer.testing import CliRunner

from adapters.cli import app
from adapters.live.terms import Terms
from adapters.venue.port import Done, Rejected, Setting, Unknown
from spec.supervisor import State, StopPolicy
from spec.terms import Reason
from tests.adapters.live_world import Faults, World, clock_ns, simulated
from tests.evidence import comparison, kills

SECONDS = 9
BEATING = Terms(cancel_after_s=SECONDS, stale_s=600.0)


class Heard:
    """Notes what the venue is told, and answers *setting*."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[tuple[int, int]] = []
        self.setting: Setting = Done(changed=True)
        monkeypatch.setattr(world.port, "cancel_after", self._cancel_after)

    async def _cancel_after(self, seconds: int) -> Setting:
        self.told.append((clock_ns(), seconds))
        return self.setting

    def longest_s(self) -> float:
        """Return the longest time between two beats."""
        at = [at_ns for at_ns, seconds in self.told if seconds]
        return max(late - early for early, late in pairwise(at)) / 1e9


def beating(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terms: Terms = BEATING
) -> tuple[World, Heard]:
    """Return a world whose bot is to beat, and who hears it."""
    world = World(tmp_path / "j", terms=terms)
    return world, Heard(world, monkeypatch)


def test_it_beats_from_running_on_well_within_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it runs nothing is armed; then there are three beats in the time, also when halted."""

    async def story() -> None:
        file = tmp_path / "KILL"
        world, heard = beating(tmp_path, monkeypatch, evolve(BEATING, kill_file=file))

        async def opened() -> None:
            return None

        monkeypatch.setattr(world.port, "open", opened)
        world.port.down = True  # to questions
        world.begin()
        await asyncio.sleep(30.0)
        assert world.loop.supervisor.connected
        assert not heard.told
        world.port.down = False
        await world.running()
        await asyncio.sleep(2 * SECONDS)
        file.touch()
        await asyncio.sleep(2 * SECONDS)
        assert world.loop.supervising.state is State.HALTED
        assert {seconds for _, seconds in heard.told} == {SECONDS}
        assert heard.longest_s() <= SECONDS / 3 + 1
        await world.kill()

    simulated(story())


def test_it_is_off_unless_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A venue that was told nothing cancels nothing."""

    async def story() -> None:
        world = World(tmp_path / "j")
        heard = Heard(world, monkeypatch)
        process = world.begin()
        await world.running()
        await asyncio.sleep(60.0)
        world.loop.stop(StopPolicy.LEAVE)
        await world.end(process)
        assert not heard.told

    simulated(story())


@pytest.mark.parametrize("policy", StopPolicy)
def test_a_stop_takes_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: StopPolicy
) -> None:
    """Orders that were to stay do; where ours are gone, those of others stay."""

    async def story() -> None:
        world, heard = beating(tmp_path, monkeypatch)
        process = world.begin()
        await world.running()
        await asyncio.sleep(2.0)
        world.loop.stop(policy)
        assert await world.end(process) is State.STOPPED
        assert [seconds for _, seconds in heard.told].index(0) == len(heard.told) - 1

    simulated(story())


def test_a_crash_does_not_take_it_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who ends without a stop falls silent, and so does who could not remove its orders."""

    async def story() -> None:
        world, heard = beating(tmp_path, monkeypatch, evolve(BEATING, deadline_s=5.0))
        world.begin()
        await world.running()
        await asyncio.sleep(2.0)
        await world.kill()
        process = world.begin()
        await world.running()
        await asyncio.sleep(2.0)
        world.port.down, world.port.faults = True, Faults(lost=1.0)
        world.loop.stop(StopPolicy.CANCEL)
        assert await world.end(process) is State.STOPPED
        assert world.venue.open_orders(0)
        assert all(seconds for _, seconds in heard.told)

    simulated(story())


def test_what_keeps_it_from_being_heard_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that does not come, or a refusal, changes nothing for the orders."""

    async def story() -> None:
        world, heard = beating(tmp_path, monkeypatch)
        world.begin()
        await world.running()
        settings: tuple[Setting, ...] = Unknown("no answer"), Rejected(Reason.NONE, "", "not you")
        for setting in settings:
            heard.setting = setting
            await asyncio.sleep(2 * SECONDS)
        said = [(what, words["text"]) for what, words in world.said if "heartbeat" in what]
        assert said == [("heartbeat lost", "no answer"), ("heartbeat refused", "not you")]
        assert world.loop.supervising.state is State.RUNNING
        world.check()
        await world.kill()

    simulated(story())


@pytest.mark.parametrize(
    ("venue", "seconds", "takes"),
    [("bybit", 1, "3 to 300"), ("okx", 121, "10 to 120"), ("binance", -1, "10 to 3600")],
)
def test_a_time_that_the_venue_does_not_have_is_refused(
    tmp_path: Path, venue: str, seconds: int, takes: str
) -> None:
    """Before anything is connected, in one line."""
    words = ["run", "--testnet", "--venue", venue, "--cancel-after", str(seconds)]
    result = CliRunner().invoke(app, [*words, "--state", str(tmp_path)])
    assert result.exit_code == 2
    told = f"hedgeproof: cancel-after {seconds}: {venue} takes {takes}; or leave it"
    assert result.stderr.splitlines()[-1] == told


@pytest.mark.slow
@pytest.mark.parametrize("venue", ["bybit", "binance"])
def test_the_orders_of_a_killed_bot_go_and_are_found_gone(tmp_path: Path, venue: str) -> None:
    """Two processes: the bot is killed, the venue cancels, the next process agrees and goes on."""
    config, state = tmp_path / "config.json", tmp_path / "state"
    config.write_text(json.dumps({"symbol": comparison.SYMBOL, "unit": "5%"}))
    options = "--venue", venue, "--cancel-after", "10"
    since_ms = time.time_ns() // 1_000_000 - 60_000
    with kills.exchange(1.0, 1, venue) as port:
        with kills.bot(config, port, state, *options) as process:
            kills.running(state, 0)
            time.sleep(3.0)
            process.kill()
            process.wait()
        assert asyncio.run(comparison.shown(port, since_ms, venue)).orders
        time.sleep(11.0)
        assert not asyncio.run(comparison.shown(port, since_ms, venue)).orders
        with kills.bot(config, port, state, *options, "--on-stop", "cancel") as process:
            kills.running(state, len(kills.log(state)))
            assert asyncio.run(comparison.shown(port, since_ms, venue)).orders
            process.terminate()
            assert process.wait(30.0) == 0
        (journal,) = state.glob(f"*/{comparison.SYMBOL}.journal")
        found = asyncio.run(comparison.compared(journal, port, venue))
        assert not any(found.wrong.values())
