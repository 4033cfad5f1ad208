"""Mirrors in the candle engine: the rules of the overlay on markets made by hand."""

import numpy as np
import pytest
from attrs import evolve

from machines.overlay_text import line
from machines.pricing.kinds import Kind
from simulator.engine.mirrors import Held
from simulator.engine.run import Semantics, Settings, run
from simulator.engine.strict import Venue
from simulator.metrics import metrics, validate
from simulator.metrics.of_candles import of_candles
from spec.mirror import Limit, Pending, Reduce, State
from spec.units import MILLION
from tests.simulator.mirrored import (
    BASE,
    BOUGHT,
    COINS,
    PATIENT,
    bars,
    fills,
    mirrored,
    swings,
    turned,
    words,
)


def limits(settings: Settings) -> list[set[tuple[str, Limit]]]:
    """Return, cycle by cycle, what kept the mirrors of a base that has bought as they are."""
    result = run(bars(BOUGHT, *swings("B", "C")), settings)
    assert result.mirror is not None
    blocks = (each.outcome.decision.blocks for each in result.mirror.cycles)
    return [{(block.symbol, block.limit) for block in each} for each in blocks]


def test_a_mirror_opens_against_what_the_base_bought() -> None:
    """Full hedge: decided at the close of the base's fill, filled in the next bar at the touch."""
    found = fills(bars(BOUGHT, *swings("B")), mirrored("B"))
    assert found == [(9, "B", "mirror_open_short", 100.0, -5.0)]


def test_longs_hedge_shorts_likewise() -> None:
    """The other mode is the mirror image."""
    sold = (8, "A", 101.0, 100.0, 100.0)
    found = fills(bars(sold, *swings("B")), turned(mirrored("B")))
    assert found == [(9, "B", "mirror_open_long", 100.0, 5.0)]


def test_half_a_hedge_is_half_of_it() -> None:
    """The threshold is a multiple of the base's exposure."""
    found = fills(bars(BOUGHT, *swings("B")), mirrored("B", threshold_ppm=MILLION // 2))
    assert found == [(9, "B", "mirror_open_short", 100.0, -2.5)]


def test_an_order_that_a_bar_does_not_reach_is_decided_anew() -> None:
    """Orders of the overlay fill as all others do: a bar must trade through them."""
    later = (12, "B", 102.0, 101.0, 101.0)
    found = fills(bars(BOUGHT, later), mirrored("B"))
    assert found == [(12, "B", "mirror_open_short", 100.0, -5.0)]


def test_a_strict_run_fills_mirrors_strictly_too() -> None:
    """As much as was traded; what is left of the order works on."""
    market = evolve(bars(BOUGHT, *swings("B")), opens=np.full((20, len(COINS)), 100.0))
    strict = evolve(mirrored("B"), semantics=Semantics.STRICT)
    assert fills(market, strict) == [(9, "B", "mirror_open_short", 100.0, -5.0)]
    market.values[8, 0, 3] = 1_000.0
    thin = evolve(strict, venue=Venue(volume_share=0.02))
    assert fills(market, thin) == [
        (9, "B", "mirror_open_short", 100.0, -2.0),
        (10, "B", "mirror_open_short", 100.0, -2.0),
        (11, "B", "mirror_open_short", 100.0, -1.0),
    ]


def test_no_base_no_mirror() -> None:
    """Troubleshooting: without positions of the base nothing opens."""
    assert not fills(bars(*swings("B")), mirrored("B"))


def test_an_entry_at_the_touch_counts_if_asked() -> None:
    """By default the base's entry is hedged as soon as the next trade may fill it."""
    waiting = bars(*swings("B", first=6))
    assert not fills(waiting, mirrored("B"))
    early = fills(waiting, mirrored("B", count_pending_base=Pending.AT_TOUCH))
    assert early == [(7, "B", "mirror_open_short", 100.0, -5.0)]


def test_all_entries_count_if_asked() -> None:
    """The whole ladder of the base, however far away."""
    ladder = evolve(BASE, long=evolve(PATIENT, entry=PATIENT.entry._replace(grid_spacing_pct=0.1)))
    result = run(bars(), mirrored("B", base=ladder, count_pending_base=Pending.ALL))
    assert result.mirror is not None
    decision = result.mirror.cycles[0].outcome.decision
    dp = 10**result.mirror.money_dp
    assert decision.base > 600 * dp


def test_mirrors_open_only_where_approved_and_free() -> None:
    """One way never on the base's own symbol; that none is approved is a limit that is told."""
    assert {coin for _, coin, *_ in fills(bars(BOUGHT, *swings(*COINS)), mirrored(*COINS))} == {
        "B",
        "C",
    }
    assert limits(mirrored())[-1] == {(coin, Limit.APPROVED) for coin in COINS}
    assert ("A", Limit.OCCUPIED) in limits(mirrored("A"))[-1]


def test_in_hedge_mode_the_base_is_hedged_on_its_own_symbol() -> None:
    """Two-way: nothing collides."""
    found = fills(bars(BOUGHT, *swings("A")), evolve(mirrored("A"), hedge=True))
    assert found == [(9, "A", "mirror_open_short", 100.0, -5.0)]


def test_prices_alone_rebalance_beyond_the_band() -> None:
    """Exposure is mark-to-market; a wider band means less churn."""
    steps = [(bar, "A", 106.0, 106.0, 106.0) for bar in range(11, 20)]
    rising = bars(BOUGHT, *swings("B"), (10, "A", 104.0, 104.0, 104.0), *steps)
    found = fills(rising, mirrored("B"))
    assert found[1:] == [(12, "B", "mirror_add_short", 100.0, -0.3)]
    assert fills(rising, mirrored("B", tolerance_ppm=100_000)) == found[:1]
    assert len(fills(rising, mirrored("B", tolerance_ppm=0))) > len(found)


def test_at_most_so_many_mirrors_open() -> None:
    """0 takes the base's number, which is two here."""
    market = bars(BOUGHT, *swings("B", "C"))
    assert {coin for _, coin, *_ in fills(market, mirrored(*COINS, max_n_positions=1))} == {"B"}
    assert {coin for _, coin, *_ in fills(market, mirrored(*COINS))} == {"B", "C"}


def test_a_mirror_stays_below_its_cap() -> None:
    """Limit * threshold / mirrors * (1 + allowance): fewer mirrors or more allowance are larger."""
    for slots, allowance, qty in ((4, 0, 2.5), (4, 200_000, 3.0), (2, 0, 5.0)):
        found = fills(
            bars(BOUGHT, *swings("B")),
            mirrored("B", max_n_positions=slots, excess_allowance_ppm=allowance),
        )
        assert sum(-size for *_, size in found) == pytest.approx(qty, abs=0.01)
    assert ("B", Limit.CAP) in limits(mirrored("B", max_n_positions=4))[-1]


def test_the_gate_waits_for_a_price_beyond_its_band() -> None:
    """Shorts open only above the upper average; blocked mirrors are told once, then open."""
    rises = [(bar, "B", 103.0, 102.0, 102.5) for bar in range(12, 20)]
    gated = mirrored("B", ema_dist_ppm=10_000)
    result = run(bars(BOUGHT, *rises), gated)
    assert result.mirror is not None
    first, then = result.mirror.cycles[0], result.mirror.cycles[1]
    assert first.outcome.ema_blocked == ("B",)
    assert {block.limit for block in first.outcome.decision.blocks} >= {Limit.EMA_GATE}
    assert then.bar == 12
    assert words(result)[0][:3] == (13, "B", "mirror_open_short")
    assert fills(bars(BOUGHT, *swings("B")), mirrored("B"))[0][0] == 9


def test_an_excess_is_taken_off_the_least_underwater_mirror() -> None:
    """To the target by default; a mirror is closed whole where the hedge stays above its band."""
    here = (Held("B", 5.0, 102.0), Held("C", 3.0, 98.0))
    for settings, expected in (
        (mirrored("B", "C"), [("B", "mirror_reduce_short", 3.0)]),
        (mirrored("B", "C", reduce=Reduce.FULL), [("B", "mirror_close_short", 5.0)]),
        (
            mirrored("B", "C", threshold_ppm=MILLION * 3 // 10),
            [("B", "mirror_close_short", 5.0), ("C", "mirror_reduce_short", 1.5)],
        ),
    ):
        assert settings.mirror is not None
        mirror = evolve(
            settings.mirror,
            held=here,
            overlay=evolve(settings.mirror.overlay, count_pending_base=Pending.AT_TOUCH),
        )
        found = fills(bars(*swings("B", "C", first=6, count=2)), evolve(settings, mirror=mirror))
        first = min(bar for bar, _, kind, *_ in found if "open" not in kind)
        assert [(c, k, q) for bar, c, k, _, q in found if bar == first] == expected


def test_threshold_zero_unwinds_what_is_left() -> None:
    """And does nothing else: without mirrors there is no overlay at all."""
    settings = mirrored("B", threshold_ppm=0)
    assert settings.mirror is not None
    left = evolve(settings, mirror=evolve(settings.mirror, held=(Held("B", 5.0, 100.0),)))
    result = run(bars(BOUGHT, *swings("B", first=6)), left)
    assert words(result)[1:] == [(7, "B", "mirror_unwind_short", 100.0, 5.0)]
    assert result.mirror is not None
    assert result.mirror.machines.overlay.state is State.OFF
    assert run(bars(BOUGHT), settings).mirror is None


def test_the_base_waits_a_cycle_for_a_mirrored_symbol() -> None:
    """Collision: the mirror closes first, and the entry is held back until the next cycle."""
    settings = mirrored("B", base=evolve(BASE, long=evolve(PATIENT, approved=frozenset({"B"}))))
    assert settings.mirror is not None
    held = evolve(settings, mirror=evolve(settings.mirror, held=(Held("B", 5.0, 100.0),)))
    dips = [(bar, "B", 100.1, 99.0, 100.0) for bar in (7, 8)]
    result = run(bars(*dips), held)
    assert words(result)[1:] == [(7, "B", "mirror_collision_short", 100.0, 5.0)]
    entries = result.fills[result.fills["kind"] == Kind.ENTRY_INITIAL_NORMAL]
    assert [int(bar) for bar in entries["bar"]] == [8]
    assert result.mirror is not None
    assert [each.outcome.gated for each in result.mirror.cycles][:2] == [("B",), ()]
    both_ways = run(bars(*dips), evolve(held, hedge=True))
    assert int(both_ways.fills[both_ways.fills["side"] == 1]["bar"][0]) == 7


def test_a_close_that_nobody_takes_goes_through_the_touch() -> None:
    """Two tries at the touch, then a tick through it; the base waits all that time."""
    settings = mirrored("B", base=evolve(BASE, long=evolve(PATIENT, approved=frozenset({"B"}))))
    assert settings.mirror is not None
    held = evolve(settings, mirror=evolve(settings.mirror, held=(Held("B", 5.0, 100.0),)))
    result = run(bars((12, "B", 100.0, 99.0, 100.0)), held)
    assert words(result)[1:] == [(9, "B", "mirror_collision_short", 100.1, 5.0)]
    assert result.mirror is not None
    assert [each.bar for each in result.mirror.cycles if each.outcome.gated] == [6, 7, 8]


def test_a_gate_holds_while_nothing_else_is_to_be_decided() -> None:
    """The hedge is inside its band, and still the close is tried again and the base waits."""
    both = evolve(BASE, long=evolve(PATIENT, approved=frozenset({"A", "B"})))
    settings = mirrored("B", base=both, count_pending_base=Pending.AT_TOUCH)
    assert settings.mirror is not None
    held = evolve(settings, mirror=evolve(settings.mirror, held=(Held("B", 5.0, 100.0),)))
    result = run(bars((8, "B", 100.1, 99.0, 100.0), (9, "B", 100.1, 99.0, 100.0)), held)
    assert words(result)[1:] == [(8, "B", "mirror_collision_short", 100.0, 5.0)]
    assert [int(bar) for bar in result.fills[result.fills["side"] == 1]["bar"]] == [9]


def test_limits_are_told_anew_when_they_change_and_are_not_asked_for_again() -> None:
    """One report is enough; a bar that changes nothing costs nothing."""
    market = bars(BOUGHT)
    market.values[13:, 1] = np.nan
    result = run(market, mirrored("B", ema_dist_ppm=10_000))
    assert result.mirror is not None
    told = [(c.bar, {b.limit for b in c.outcome.decision.blocks}) for c in result.mirror.cycles]
    assert told == [(8, {Limit.EMA_GATE, Limit.APPROVED}), (13, {Limit.APPROVED})]
    assert result.mirror.asked == 3  # and once at the first bar


def test_mirrors_that_are_full_are_not_asked_again() -> None:
    """Prices move the base far above what its mirrors may be: caps and number are told once."""
    whole = evolve(BASE, long=evolve(PATIENT, entry=PATIENT.entry._replace(initial_qty_pct=1.0)))
    rise = [(bar, "A", 130.0, 130.0, 130.0 + bar / 10) for bar in range(10, 20)]
    settings = mirrored("B", "C", base=whole, max_n_positions=1, excess_allowance_ppm=0)
    result = run(bars(BOUGHT, *rise, *swings("B", "C")), settings)
    assert result.mirror is not None
    blocks = {(b.symbol, b.limit) for b in result.mirror.cycles[-1].outcome.decision.blocks}
    assert blocks == {("A", Limit.APPROVED), ("B", Limit.CAP), ("C", Limit.COUNT)}
    assert result.mirror.asked <= 5


def test_a_side_that_trades_itself_is_refused() -> None:
    """Base Side Must Be Single-Direction."""
    both = evolve(BASE, short=evolve(PATIENT, approved=None))
    with pytest.raises(ValueError, match=r"bot\.short\.n_positions = 0, not 2"):
        run(bars(), mirrored("B", base=both))
    with pytest.raises(ValueError, match=r"bot\.long\.n_positions = 0, not 2"):
        run(bars(), turned(mirrored("B", base=both)))
    run(bars(), mirrored("B", base=both, threshold_ppm=0))


def test_a_symbol_without_bars_is_refused() -> None:
    """Whoever approves a coin has to bring its prices."""
    with pytest.raises(ValueError, match="no bars of these symbols of mirrors: DOGE"):
        run(bars(), mirrored("B", "DOGE"))


def test_a_price_that_is_missing_stops_the_overlay() -> None:
    """Loudly, and it says where; the base goes on, and mirrors stay as they are."""
    market = bars(BOUGHT, *swings("B"), (15, "A", 200.0, 100.0, 180.0))
    market.values[12, 1] = np.nan
    result = run(market, mirrored("B"))
    assert result.mirror is not None
    assert result.mirror.stopped == "PRICE B"
    assert result.mirror.cycles[-1].bar == 12
    assert len(words(result)) == 1
    assert Kind.CLOSE_GRID in result.fills["kind"]


def test_a_mirror_of_a_coin_that_is_delisted_is_closed_with_it() -> None:
    """At the close of its last bar; the hedge is made up elsewhere."""
    market = bars(BOUGHT, *swings("B", "C"))
    market.values[13:, 1] = np.nan
    settings = mirrored("B", "C", max_n_positions=1)
    result = run(market, settings)
    gone = result.fills[(result.fills["coin"] == 1) & (result.fills["kind"] == Kind.CLOSE_PANIC)]
    assert [int(bar) for bar in gone["bar"]] == [12]
    assert words(result)[-1] == (14, "C", "mirror_open_short", 100.0, -5.0)
    assert result.mirror is not None
    assert not result.mirror.stopped


def test_base_orders_are_what_they_are_without_an_overlay() -> None:
    """Also where the overlay is limited or stopped."""
    market = bars(BOUGHT, (12, "A", 200.0, 100.0, 100.0), (15, "A", 100.0, 40.0, 100.0))
    plain = run(market, BASE).fills
    assert len(plain) > 2
    assert (run(market, mirrored()).fills == plain).all()
    market.values[9, 1] = np.nan
    assert (run(market, mirrored("B")).fills == plain).all()


def test_mirrors_are_accounted_for_apart() -> None:
    """Cash, fees and profit add up; records tell mirrors, collisions and their band."""
    settings = mirrored("B")
    market = bars(BOUGHT, *swings("B", "C", first=8), (13, "A", 180.0, 100.0, 100.0))
    result = run(market, settings)
    made = result.fills
    assert result.balance == pytest.approx(1_000.0 + made["profit"].sum() - made["fee"].sum())
    records = of_candles(market, settings, result)
    validate(records)
    names = ("mirror_fill_count", "mirror_fees", "collision_count", "band_share")
    found = metrics(records, names)
    assert found["mirror_fill_count"] == len(words(result)) > 0
    assert found["mirror_fees"] == pytest.approx(
        made["fee"][made["kind"] >= Kind.MIRROR_OPEN].sum()
    )
    assert found["collision_count"] == (made["kind"] == Kind.MIRROR_COLLISION).sum()
    assert records.band is not None
    assert found["band_share"]


def test_the_log_has_a_line_for_each_cycle_that_counts() -> None:
    """Exposures, decisions with their reason, in the units of the market."""
    result = run(bars(BOUGHT, *swings("B")), mirrored("B"))
    assert result.mirror is not None
    instruments = {each.symbol: each for each in result.mirror.instruments}
    assert [(each.bar, line(each.outcome, instruments)) for each in result.mirror.cycles] == [
        (
            8,
            "ACTIVE base 50.01%, hedge 0.00%, target 50.01% +- 2.50%; open sell 5.000 B at 100.0",
        )
    ]
    assert result.mirror.cycles[0].close_ms == 9 * 60_000
