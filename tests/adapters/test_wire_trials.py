"""Trials over the wire: what they draw, what they count, and that they find what is wrong."""

import argparse
import asyncio
import json
from pathlib import Path

import pytest
from attrs import evolve

from adapters.exchange.faults import SERVED
from adapters.exchange.trader import Trader
from adapters.live.loop import Loop
from machines.messages import Wanted
from simulator.faults import FAULTS
from spec.terms import OrderType, Side
from spec.units import SECOND_NS
from tests.evidence import trial as trials
from tests.evidence import wire
from tests.evidence.chaos_wire import Kind
from tests.evidence.stand import DIALECTS, Stand, Trial
from tests.evidence.table import SWARM, failed, table
from tests.evidence.trial import Outcome, outage_s, tried

BYBIT, BINANCE = DIALECTS
GOOD = Outcome(
    name="ws_gap", dialect=BYBIT, seed=1, faults={"ws_gap": 3}, orders=5, fills=2, settled_s=1.0
)


def test_each_fault_that_is_served_has_its_trial() -> None:
    """With those that give it occasion; a kind of the wire is one too."""
    assert {name for name in wire.NAMES if name in FAULTS} == SERVED
    assert wire.single("expired", BYBIT, 1, 1.0).rates == {"expired": 3 * FAULTS["expired"].ppm}
    needs = FAULTS["phantom_leg_row"].needs
    rates = {"phantom_leg_row": 500_000} | {name: FAULTS[name].ppm for name in needs}
    assert wire.single("phantom_leg_row", BYBIT, 1, 1.0).rates == rates
    assert wire.single("cut", BYBIT, 1, 1.0).kinds == (Kind.CUT,)


def test_a_seed_draws_a_swarm() -> None:
    """The same one each time; no id comes twice where it may be used again."""
    drawn = [wire.swarm(seed, tuple(DIALECTS), 1.0) for seed in range(60)]
    assert drawn == [wire.swarm(seed, tuple(DIALECTS), 1.0) for seed in range(60)]
    assert {name for each in drawn for name in each.rates} == SERVED
    assert {kind for each in drawn for kind in each.kinds} == set(Kind) - {Kind.TWICE}
    assert {each.dialect for each in drawn} == set(DIALECTS)
    assert not any(each.may_double for each in drawn)


@pytest.mark.parametrize(
    ("dialect", "name", "may"),
    [
        (BINANCE, "retry_duplicate", True),
        (BYBIT, "retry_duplicate", False),
        (BYBIT, "twice", True),
        (BINANCE, "cut", False),
    ],
)
def test_only_what_is_sent_twice_may_be_there_twice(dialect: str, name: str, *, may: bool) -> None:
    """Where the venue refuses an id for ever, an order that is sent twice is there once."""
    assert wire.single(name, dialect, 1, 1.0).may_double is may


def test_the_table_counts_by_fault() -> None:
    """A swarm counts in the line of each fault that was on; what is wrong is counted by trial."""
    bad = evolve(
        GOOD,
        name=SWARM,
        faults={"ws_gap": 1, "lost_request": 7},
        wrong={
            "orders left open": 2,
            "money units that differ": 1,
            "orders that were there twice": 0,
        },
    )
    lines = table([GOOD, bad], wire.NAMES).splitlines()
    named = {line.split("`")[1]: line for line in lines if "`" in line}
    assert set(named) == {"ws_gap", "lost_request"}
    assert named["ws_gap"].startswith("| `ws_gap` | 2 | 10 | 4 | 4 | 0 | 0 | 1 | 1 | 1 | 0 |")
    assert named["lost_request"].startswith("| `lost_request` | 1 | 5 | 2 | 7 | 0 | 0 | 1 | 1 |")
    assert lines[-1].startswith("| all runs | 2 | 10 | 4 | 11 |")
    assert not failed(GOOD)
    assert failed(bad)


def test_what_is_in_the_file_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that was stopped goes on where it was."""
    seen = list[int]()

    async def seen_only(trial: Trial, _: Path) -> Outcome:
        seen.append(trial.seed)
        return evolve(GOOD, name=trial.name, dialect=trial.dialect, seed=trial.seed)

    monkeypatch.setattr(wire, "tried", seen_only)
    options = argparse.Namespace(
        swarm=0, fault=["ws_gap"], dialect=[BYBIT], seed=1, runs=2, seconds=1.0
    )
    results = tmp_path / "results.jsonl"
    for runs in (2, 3):
        options.runs = runs
        asyncio.run(wire.made(list(wire.trials(options)), results, together=2))
    assert seen == [1, 2, 3]
    assert wire.known(results) == [evolve(GOOD, seed=seed) for seed in seen]
    assert not [each for each in tmp_path.iterdir() if each.is_dir()]


def test_an_outage_begins_after_the_first_run(tmp_path: Path) -> None:
    """The longest counts, whatever the states between."""
    log = tmp_path / "log.jsonl"
    told = [(0, "CONNECTING"), (9, "RUNNING"), (10, "DEGRADED"), (11, "RECONCILING")]
    told += [(14, "RUNNING"), (20, "DEGRADED"), (21, "RUNNING"), (22, "STOPPING")]
    lines = [{"at_ns": at_s * SECOND_NS, "what": "state", "state": state} for at_s, state in told]
    lines.insert(3, {"at_ns": 10 * SECOND_NS, "what": "orphan", "order": 1})
    log.write_text("\n".join(map(json.dumps, lines)))
    assert outage_s(log) == 4.0


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_bot_comes_through(tmp_path: Path, dialect: str) -> None:
    """Answers are cut off: venue and journal agree on all orders and fills."""
    made = asyncio.run(tried(wire.single("truncate", dialect, 1, 5.0), tmp_path))
    assert not failed(made), made
    assert made.faults["truncate"]
    assert made.orders
    assert made.settled_s is not None


@pytest.mark.slow
@pytest.mark.parametrize(("name", "noticed"), [("split", False), ("retry_duplicate", True)])
def test_an_order_that_is_there_twice_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, noticed: bool
) -> None:
    """That the bot says so is enough where the venue can be made to take it twice, only there."""
    settled = trials.settled

    async def meddled(bot: Loop, stand: Stand) -> float | None:
        found = await settled(bot, stand)
        stand.freeze()
        twins(stand.trader)
        return found

    monkeypatch.setattr(trials, "settled", meddled)
    made = asyncio.run(tried(wire.single(name, BINANCE, 1, 3.0), tmp_path))
    assert made.noticed is noticed
    assert failed(made) is not noticed
    assert noticed or made.wrong["orders under the name of another"] == 1


def twins(trader: Trader) -> None:
    """Place what looks like the latest order of the bot, once that is closed."""
    order = list(trader.orders.values())[-1]
    if order.working:
        trader.cancel(order.number, order.updated_ns)
    far = Wanted(
        key=0,
        kind=0,
        side=Side.BUY,
        qty=100,
        type=OrderType.LIMIT,
        price_ticks=order.placed_at // 2,
        position_side=order.wanted.position_side,
    )
    assert trader.place(0, far, order.link, 1)
