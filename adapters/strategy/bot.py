"""The keys of `bot.long` and `bot.short`: how one side of the base strategy trades."""

from collections.abc import Iterator
from decimal import Decimal

from attrs import frozen

from adapters.strategy.keys import ANY, LONG, SIDES, Json, Key, Kind, Range

PRICE = "fraction of the position's price"
AVERAGE = "fraction of the average band"
LIMIT = "fraction of a full position"
SIZE = "fraction of the position's size"
BALANCE = "fraction of the balance"
MINUTES, HOURS = "minutes", "hours"
WEIGHT = "per unit of exposure over its limit"
VOLATILITY = "per unit of hourly log range"
OFF_AXIS, PART, TURN = "(-1, 1)", "[0, 1]", "[-1, 1]"
FACTOR, SPAN, SCALE, MULTIPLE = "[0, 100]", "[0, 5256000]", "[-10000, 10000]", "[-1, 100]"


@frozen(kw_only=True)
class Both:
    """One row of the table: a key of each side, with the default of each."""

    name: str
    kind: Kind
    unit: str = ""
    range: str = ""
    long: Json
    short: Json
    usual: str = ""
    choices: tuple[str, ...] = ()
    used: bool = True
    meaning: str

    def pair(self) -> Iterator[Key]:
        """Yield the key of the long side, then that of the short side."""
        for side in SIDES:
            yield Key(
                path=f"bot.{side}.{self.name}",
                kind=self.kind,
                default=self.long if side == LONG else self.short,
                meaning=self.meaning,
                unit=self.unit,
                range=Range.of(self.range) if self.range else ANY,
                usual=tuple(map(Decimal, self.usual.split())),
                choices=self.choices,
                used=self.used,
            )


def _of(  # noqa: PLR0913, PLR0917  # one for each column of the table
    name: str, unit: str, interval: str, long: str, short: str, usual: str, meaning: str
) -> Both:
    """Return a row for a number."""
    first, second = Decimal(long), Decimal(short)
    return Both(
        name=name,
        kind=Kind.NUMBER,
        unit=unit,
        range=interval,
        long=first,
        short=second,
        usual=usual,
        meaning=meaning,
    )


def _unused(  # noqa: PLR0913  # one for each column of the table
    name: str, kind: Kind, default: Json, meaning: str, *, unit: str = "", interval: str = ""
) -> Both:
    """Return a row for what has no effect here; both sides have the same default."""
    return Both(
        name=name,
        kind=kind,
        unit=unit,
        range=interval,
        long=default,
        short=default,
        used=False,
        meaning=meaning,
    )


# fmt: off
CLOSES = (
    _of("close_grid_markup_start", PRICE, OFF_AXIS, "0.00634", "0.0015", "0.0015 0.012 0.00001",
        "Markup of a close while the position is small; a full one closes at the end's."),
    _of("close_grid_markup_end", PRICE, OFF_AXIS, "0.0094", "0.0015", "0.0015 0.012 0.00001",
        "Markup of a close once the position is full."),
    _of("close_grid_qty_pct", LIMIT, PART, "0.51", "0.05", "0.05 1 0.01",
        "Size of one close on the grid; 1 closes the whole position at once."),
    _of("close_trailing_grid_ratio", LIMIT, TURN, "-0.76", "-1", "-1 1 0.01",
        "Above 0 trailing first, below 0 the grid first; 0 only the grid, 1 or -1 only trailing."),
    _of("close_trailing_qty_pct", LIMIT, PART, "0.05", "0.05", "0.05 1 0.01",
        "Size of one trailing close."),
    _of("close_trailing_retracement_pct", PRICE, OFF_AXIS, "0.00279", "0.001",
        "0.001 0.015 0.00001",
        "How far the price must turn back for a trailing close; 0 or less asks for no turn."),
    _of("close_trailing_threshold_pct", PRICE, OFF_AXIS, "0.001", "0.001", "0.001 0.015 0.00001",
        "How far the price must run before its turn counts; 0 or less counts each turn."),
)
AVERAGES = (
    _of("ema_span_0", MINUTES, SPAN, "770", "100", "200 1440 10",
        "Span of one average of the band; the third is their geometric mean."),
    _of("ema_span_1", MINUTES, SPAN, "210", "100", "200 1440 10",
        "Span of the other average of the band."),
)
GRID = (
    _of("entry_grid_double_down_factor", SIZE, FACTOR, "0.73", "0.5", "0.5 0.9 0.01",
        "Size of a re-entry on the grid."),
    Both(name="entry_grid_inflation_enabled", kind=Kind.SWITCH, long=True, short=True,
         meaning="Raise a re-entry to the limit where the one after it would be small."),
    _of("entry_grid_spacing_pct", PRICE, PART, "0.033", "0.025", "0.01 0.04 0.00001",
        "Distance of a re-entry on the grid, before weights."),
    _of("entry_grid_spacing_volatility_weight", VOLATILITY, SCALE, "2.4", "1", "1 40 0.1",
        "How much wider volatility makes that distance; 0 not at all."),
    _of("entry_grid_spacing_we_weight", WEIGHT, SCALE, "0.135", "0", "0 5 0.0001",
        "How much wider exposure makes that distance; 0 not at all."),
)
INITIAL = (
    _of("entry_initial_ema_dist", AVERAGE, TURN, "0.0097", "-0.01", "-0.01 0.01 0.0001",
        "How far outside the band the first entry is; below 0 it is inside."),
    _of("entry_initial_qty_pct", LIMIT, PART, "0.0276", "0.01", "0.01 0.03 0.0001",
        "Size of the first entry."),
)
TRAILING = (
    _of("entry_trailing_double_down_factor", SIZE, FACTOR, "0.9", "0.5", "0.5 1 0.01",
        "Size of a trailing re-entry."),
    _of("entry_trailing_grid_ratio", LIMIT, TURN, "-0.5", "-0.5", "-0.8 -0.2 0.01",
        "Above 0 trailing first, below 0 the grid first; 0 only the grid, 1 or -1 only trailing."),
    _of("entry_trailing_retracement_pct", PRICE, OFF_AXIS, "0.0276", "0.001",
        "0.001 0.015 0.00001",
        "How far the price must turn back for a re-entry; 0 or less asks for no turn."),
    _of("entry_trailing_retracement_volatility_weight", VOLATILITY, SCALE, "87", "1", "1 40 0.1",
        "How much larger volatility makes that turn; 0 not at all."),
    _of("entry_trailing_retracement_we_weight", WEIGHT, SCALE, "3.97", "0", "0 5 0.001",
        "How much larger exposure makes that turn; 0 not at all."),
    _of("entry_trailing_threshold_pct", PRICE, OFF_AXIS, "0.0029", "0.001", "0.001 0.015 0.00001",
        "How far the price must run against the position first; 0 or less counts each turn."),
    _of("entry_trailing_threshold_volatility_weight", VOLATILITY, SCALE, "76", "1", "1 40 0.1",
        "How much larger volatility makes that run; 0 not at all."),
    _of("entry_trailing_threshold_we_weight", WEIGHT, SCALE, "1.31", "0", "0 5 0.001",
        "How much larger exposure makes that run; 0 not at all."),
    _of("entry_volatility_ema_span_hours", HOURS, SPAN, "1690", "672", "672 2016 1",
        "Span of the average of hourly log ranges that the volatility weights multiply."),
)
FORAGER = (
    _of("forager_score_weights.ema_readiness", "", FACTOR, "0", "0", "0 1 0.01",
        "How much being near its first entry counts when coins are chosen."),
    _of("forager_score_weights.volatility", "", FACTOR, "1", "1", "0 1 0.01",
        "How much volatility counts when coins are chosen."),
    _of("forager_score_weights.volume", "", FACTOR, "0", "0", "0 1 0.01",
        "How much volume counts when coins are chosen; alone if all weights are 0."),
    _of("forager_volatility_ema_span", MINUTES, SPAN, "225", "10", "10 720 1",
        "Span of the average of log ranges by which coins are chosen."),
    _of("forager_volume_drop_pct", "fraction of the coins", PART, "0.57", "0.5", "0.4 1 0.01",
        "How many of the coins with the least volume are left out."),
    _of("forager_volume_ema_span", MINUTES, SPAN, "520", "360", "360 2880 10",
        "Span of the average of volumes by which coins are chosen."),
)
STOPS = (
    _unused("hsl_cooldown_minutes_after_red", Kind.NUMBER, Decimal(0), unit=MINUTES, interval=SPAN,
            meaning="Pause after the stop on equity; 0: none."),
    _unused("hsl_ema_span_minutes", Kind.NUMBER, Decimal(60), unit=MINUTES, interval=SPAN,
            meaning="Span of the average of the drawdown that the stop on equity compares."),
    _unused("hsl_enabled", Kind.SWITCH, default=False, meaning="Close everything at a drawdown."),
    _unused("hsl_no_restart_drawdown_threshold", Kind.NUMBER, Decimal(1), unit=BALANCE,
            interval=PART, meaning="Drawdown after which trading does not start again."),
    _unused("hsl_orange_tier_mode", Kind.TEXT, "tp_only_with_active_entry_cancellation",
            meaning="What is still done in the second tier."),
    _unused("hsl_panic_close_order_type", Kind.TEXT, "limit",
            meaning="Order type of the closes of the stop on equity."),
    _unused("hsl_red_threshold", Kind.NUMBER, Decimal("0.2"), unit=BALANCE, interval=PART,
            meaning="Drawdown at which everything is closed."),
    _unused("hsl_tier_ratios.orange", Kind.NUMBER, Decimal("0.75"), interval=PART,
            unit="fraction of the red threshold", meaning="Where the second tier begins."),
    _unused("hsl_tier_ratios.yellow", Kind.NUMBER, Decimal("0.5"), interval=PART,
            unit="fraction of the red threshold", meaning="Where the first tier begins."),
)
RISK = (
    Both(name="n_positions", kind=Kind.WHOLE, unit="positions", range="[0, 10000]", long=10,
         short=0, usual="1 20 1",
         meaning="Most positions at a time; 0 switches the side off."),
    _of("risk_twel_enforcer_threshold", "multiple of the side's limit", MULTIPLE, "1", "0.95",
        "0.95 1.01 0.001",
        "Exposure of the side from which its positions are cut; 0 or less never."),
    _of("risk_we_excess_allowance_pct", "fraction of a position's limit", FACTOR, "0.37", "0",
        "0 0.3 0.01",
        "How far one position may pass its even share of the side's limit."),
    _of("risk_wel_enforcer_threshold", "multiple of a position's limit", MULTIPLE, "0.994", "0.95",
        "0.95 1.01 0.001",
        "Exposure of a position from which it is cut; 0 or less never."),
    _of("total_wallet_exposure_limit", "multiple of the balance", FACTOR, "1.25", "0",
        "0 10 0.01",
        "Limit of all positions of the side together; 0 switches the side off."),
    _of("wallet_exposure_limit", "multiple of the balance", MULTIPLE, "-1", "-1", "",
        "Limit of one position; below 0 an even share of the side's."),
)
UNSTUCK = (
    _of("unstuck_close_pct", LIMIT, PART, "0.078", "0.05", "0.05 0.12 0.001",
        "Size of one close of a stuck position; 0 switches unstucking off."),
    _of("unstuck_ema_dist", AVERAGE, OFF_AXIS, "-0.07", "-0.2", "-0.2 -0.07 0.0001",
        "How far outside the band the price must be; below 0 it may be inside."),
    _of("unstuck_loss_allowance_pct", "fraction of the highest balance", PART, "0.0102", "0.01",
        "0.005 0.025 0.0001",
        "Most that unstucking may lose, for a limit of 1; 0 switches it off."),
    _of("unstuck_threshold", LIMIT, FACTOR, "0.408", "0.4", "0.4 0.9 0.001",
        "Exposure above which a position counts as stuck; 0 switches unstucking off."),
)
# fmt: on
ROWS = (*CLOSES, *AVERAGES, *INITIAL, *GRID, *TRAILING, *FORAGER, *STOPS, *RISK, *UNSTUCK)
KEYS = tuple(key for row in ROWS for key in row.pair())
COIN = tuple(
    row.name
    for row in ROWS
    if row.name.startswith(("close_", "ema_", "entry_", "wallet_", "risk_w"))
    or row.name in {"unstuck_close_pct", "unstuck_ema_dist", "unstuck_threshold"}
)  # what one coin may have otherwise
