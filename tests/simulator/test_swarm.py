"""The swarm: it finds a missing defence, makes what fails small, and always does the same."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from machines import overlay
from machines.position import Leg
from simulator import portfolio_world, swarm_portfolio
from simulator.candles import validate
from simulator.faults import Faults, drawn
from simulator.results import verify
from simulator.swarm import perform, shrunk
from simulator.swarm_draws import BROKEN, WINDOW_NS, BotName, Trial, candles_of, setup_of
from simulator.wire_port import Defences
from simulator.world import run
from spec.mirror import Mode
from spec.terms import PositionMode
from spec.units import SECOND_NS

FINDS = {  # the faults against which each defence is, in ppm
    "repeats": {"not_found_after_ack": 900_000, "late_request": 400_000, "ws_gap": 50_000},
    "resends": {"lost_answer_executed": 200_000, "garbage_200": 200_000},
    "hasty": {"late_request": 300_000, "ws_gap": 50_000},
    "deaf": {"ws_gap": 20_000},
}


COLLIDING_SEED = 1  # of a portfolio whose mirrors have to make way for the base


def trial(seed: int, bot: BotName = "wallet") -> Trial:
    """Return the swarm's run of *seed*."""
    return Trial(seed=seed, faults=drawn(seed, end_ns=WINDOW_NS), bot=bot)


@pytest.mark.parametrize("seed", range(6))
def test_after_the_faults_all_agree(seed: int) -> None:
    """No intent is filled twice, no fill is forgotten, no order is left behind."""
    outcome = perform(trial(seed))
    assert not outcome.wrong
    assert (outcome.doubled, outcome.lost, outcome.orphaned) == (0, 0, 0)
    assert sum(outcome.injected.values()) > 10


def test_a_portfolio_agrees_too() -> None:
    """The same of a portfolio; its mirrors have made way for the base."""
    outcome = perform(trial(COLLIDING_SEED, "portfolio"))
    assert not outcome.failed
    assert sum(outcome.injected.values()) > 10
    assert outcome.collided


@pytest.mark.parametrize("seed", [3])
def test_faults_cost_nothing_that_is_not_itemized(seed: int) -> None:
    """Every cycle still earns its closed form less its costs."""
    assert verify(run(setup_of(trial(seed)), candles_of(seed)))


@pytest.mark.parametrize(("bot", "seeds"), [("wallet", (3, 3, 4)), ("portfolio", (4, 4, 6))])
def test_one_seed_is_one_journal(bot: BotName, seeds: tuple[int, ...]) -> None:
    """The seed draws everything."""
    first, again, other = (perform(trial(seed, bot)).journal_hash for seed in seeds)
    assert first == again != other


@pytest.mark.parametrize("broken", BROKEN)
def test_a_missing_defence_is_found(broken: str) -> None:
    """Without it something is lost, doubled or left in some run; with it that run is fine."""
    faults = Faults(rates=FINDS[broken], end_ns=WINDOW_NS)
    trials = (Trial(seed=seed, faults=faults, defences=BROKEN[broken]) for seed in range(30))
    found = next((each for each in trials if perform(each).failed), None)
    assert found is not None
    assert not perform(evolve(found, defences=Defences())).failed


def test_seeds_draw_portfolios_of_all_kinds() -> None:
    """Both modes, both directions, three symbols and four, and 0 for every number."""
    setups = [swarm_portfolio.setup_of(trial(seed, "portfolio")) for seed in range(40)]
    settings = [each.portfolio.mirrors.settings for each in setups if each.portfolio.mirrors]
    assert {each.venue.mode for each in setups} == set(PositionMode)
    assert {each.mode for each in settings} == set(Mode)
    assert {len(each.portfolio.strategy.instruments) for each in setups} == {3, 4}
    for name in ("threshold", "tolerance", "excess_allowance", "allocation_min", "ema_dist"):
        values = {getattr(each, f"{name}_ppm") for each in settings}
        assert 0 in values
        assert len(values) > 1


def test_markets_of_a_portfolio_share_their_moves() -> None:
    """Each is a market; returns of some seeds' markets go together, of others' they do not."""
    found: list[float] = []
    for seed in range(12):
        candles = swarm_portfolio.candles_of(seed)
        for each in candles:
            validate(each)
        first, second = (np.diff(each.close[:240]) for each in candles[:2])
        found.append(float(np.corrcoef(first, second)[0, 1]))
    assert min(found) < 0.3
    assert max(found) > 0.9


def test_a_violation_is_a_failure_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bot that ignores the gate breaks a property: the run ends, and says which."""

    def admits(*_: object) -> bool:
        return True

    monkeypatch.setattr(overlay, "admits", admits)
    outcome = perform(trial(COLLIDING_SEED, "portfolio"))
    assert outcome.failed
    assert outcome.violated
    assert outcome.wrong[0].startswith(("COL-", "MIR-"))
    assert outcome.orders


@pytest.fixture(scope="module")
def portfolio_run() -> portfolio_world.Run:
    """A run of a portfolio without faults."""
    quiet = Trial(seed=6, faults=Faults(), bot="portfolio")
    return portfolio_world.run(swarm_portfolio.setup_of(quiet), swarm_portfolio.candles_of(6))


def test_each_disagreement_of_a_portfolio_is_told(portfolio_run: portfolio_world.Run) -> None:
    """Lots of a mirror, an order, a liquidation, funding and cash: each has its words."""
    bot, venue = portfolio_run.bot, portfolio_run.venue
    assert venue.fills
    assert not swarm_portfolio.disagreements(bot, venue)
    desk = bot.desks[0]

    def told(**fields: Any) -> str:  # noqa: ANN401
        changed = evolve(bot, desks=(evolve(desk, **fields), *bot.desks[1:]))
        return " ".join(swarm_portfolio.disagreements(changed, venue))

    held = evolve(desk.mirror, long=Leg(qty=desk.mirror.long.qty + 1))
    assert "A long: the bot counts" in told(mirror=held)
    assert "liquidations of A" in told(account=evolve(desk.account, liquidations=1))
    poorer = evolve(bot, cash=bot.cash - 1)
    assert "cash, all positions paid" in swarm_portfolio.disagreements(poorer, venue)[0]
    funded = evolve(bot, account=evolve(bot.account, credited=1 + bot.account.credited))
    assert "account: the bot knows" in swarm_portfolio.disagreements(funded, venue)[0]
    blank = evolve(desk.book, working=(None,) * len(desk.book.working))
    assert "A orders: open for the bot []" in told(book=blank)


def needs(names: set[str], moment_ns: int, each: Trial) -> bool:
    """Return whether *each* has faults *names* at a moment."""
    faults = each.faults
    return names <= set(faults.rates) and faults.begin_ns <= moment_ns < faults.end_ns


def test_nothing_that_matters_is_left_out() -> None:
    """Where two faults at one moment are needed, these two and that second are left."""
    moment_ns = 1_234 * SECOND_NS + 5
    fails = partial(needs, {"crash", "ws_gap"}, moment_ns)
    rates = {"crash": 1, "lost_request": 2, "ws_gap": 3}
    least = shrunk(Trial(seed=1, faults=Faults(rates=rates)), fails).faults
    assert least == Faults(
        rates={"crash": 1, "ws_gap": 3}, begin_ns=1_234 * SECOND_NS, end_ns=1_235 * SECOND_NS
    )
