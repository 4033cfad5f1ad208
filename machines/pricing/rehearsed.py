"""A side whose positions are stuck at once, and too large for each limit: it needs all formulas."""

from machines.pricing.closes import CloseTerms
from machines.pricing.entries import EntryTerms
from machines.pricing.sides import Side, SideTerms
from machines.pricing.unstuck import UnstuckTerms

ENTRY = EntryTerms(
    limit=1.0,
    initial_qty_pct=0.9,
    initial_ema_dist=0.01,
    grid_double_down_factor=1.0,
    grid_inflation=False,
    grid_spacing_pct=0.01,
    grid_spacing_we_weight=0.0,
    grid_spacing_volatility_weight=0.0,
    trailing_grid_ratio=0.0,
    trailing_double_down_factor=1.0,
    trailing_threshold_pct=0.01,
    trailing_threshold_we_weight=0.0,
    trailing_threshold_volatility_weight=0.0,
    trailing_retracement_pct=0.01,
    trailing_retracement_we_weight=0.0,
    trailing_retracement_volatility_weight=0.0,
)
CLOSE = CloseTerms(
    limit=1.0,
    grid_markup_start=0.01,
    grid_markup_end=0.02,
    grid_qty_pct=0.5,
    trailing_grid_ratio=0.0,
    trailing_qty_pct=0.5,
    trailing_threshold_pct=0.01,
    trailing_retracement_pct=0.01,
    enforcer_threshold=0.0,
)
UNSTUCK = UnstuckTerms(
    limit=1.0, threshold=0.01, close_pct=0.1, ema_dist=-1.0, loss_allowance_pct=0.5
)  # any position is stuck
TERMS = SideTerms(
    total_limit=1.0,
    positions=2.0,
    excess_allowance_pct=1.0,
    total_enforcer_threshold=0.01,  # any exposure is cut
    volume_drop_pct=0.0,
    volume_weight=1.0,
    range_weight=1.0,
    readiness_weight=1.0,
    band_span=2.0,
    other_band_span=3.0,
    volume_span=2.0,
    range_span=2.0,
    hourly_span=2.0,
)
SIDE = Side(ENTRY, CLOSE, UNSTUCK, TERMS)
LOSSES_MAX = 0.5  # of the peak balance
