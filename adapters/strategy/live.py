"""The keys of `live` and `live.mirror`: coins, modes and the mirror overlay."""

from decimal import Decimal

from attrs import evolve

from adapters.strategy.keys import ANY, PPM, Json, Key, Kind, Range, number

MODES = ("", "n", "normal", "m", "manual", "gs", "graceful_stop", "t", "tp_only", "p", "panic")
SHORTS_FOR_LONGS, LONGS_FOR_SHORTS = "mirror_shorts_for_longs", "mirror_longs_for_shorts"
PART, COUNT, TIME = "[0, 1]", "[0, 1000000000]", "[0, 5256000]"
COINS = 'names, "all", or the path of a JSON list; or one of these for each of long and short'


def _mirror(name: str, unit: str, interval: str, default: str, meaning: str) -> Key:
    """Return the key of a fraction of the mirror overlay, whole in parts per million."""
    return Key(
        path=f"live.mirror.{name}",
        kind=Kind.NUMBER,
        unit=unit,
        range=Range.of(interval),
        default=Decimal(default),
        step=PPM,
        used=True,
        meaning=meaning,
    )


def _number(  # noqa: PLR0913  # one for each column of the table
    name: str, unit: str, interval: str, default: str | None, meaning: str, *, used: bool = False
) -> Key:
    """Return the key of a number; without a default it may be null."""
    return Key(
        path=f"live.{name}",
        kind=Kind.NUMBER,
        unit=unit,
        range=Range.of(interval),
        default=number(default),
        empty=default is None,
        used=used,
        meaning=meaning,
    )


def _whole(name: str, unit: str, default: int | None, meaning: str) -> Key:
    """Return the key of a count that has no effect here; without a default it may be null."""
    return Key(
        path=f"live.{name}",
        kind=Kind.WHOLE,
        unit=unit,
        range=Range.of(COUNT),
        default=default,
        empty=default is None,
        meaning=meaning,
    )


def _other(  # noqa: PLR0913  # one for each column of the table
    name: str,
    kind: Kind,
    default: Json,
    meaning: str,
    *,
    choices: tuple[str, ...] = (),
    unit: str = "",
    used: bool = False,
) -> Key:
    """Return the key of what is no number."""
    return Key(
        path=f"live.{name}",
        kind=kind,
        default=default,
        meaning=meaning,
        unit=unit,
        range=ANY,
        choices=choices,
        empty=default is None,
        used=used,
    )


# fmt: off
MIRROR = (
    _other("mirror.mode", Kind.CHOICE, SHORTS_FOR_LONGS,
           "Which side hedges which; the base may not trade the mirrors' side.",
           choices=(SHORTS_FOR_LONGS, LONGS_FOR_SHORTS), used=True),
    _other("mirror.enabled", Kind.SWITCH, default=True, used=True,
           meaning="Whether mirrors are kept at all; if not, what is left of them is closed."),
    _mirror("threshold", "multiple of the base's exposure", "[0, 100]", "0",
            "Exposure that the mirrors are to have; 0 switches them off."),
    _mirror("tolerance_pct", "fraction of that target", PART, "0.05",
            "How far the mirrors' exposure may be from it before anything is ordered."),
    Key(path="live.mirror.max_n_positions", kind=Kind.WHOLE, unit="positions",
        range=Range.of("[0, 10000]"), default=0, used=True,
        meaning="Most mirrors at a time; 0 takes the base's n_positions."),
    _mirror("mirror_excess_allowance_pct", "fraction of an even share", "[0, 100]", "0.2",
            "How far one mirror may pass an even share of the most exposure there may be."),
    _mirror("allocation_min_fraction", "fraction of what is missing", PART, "0.1",
            "Least part of it that is added at a time; 0 adds smallest orders."),
    _mirror("ema_dist_entry", "fraction of the average band", "[-10, 10]", "0",
            "How far outside the band a price must be to open a mirror; -1 opens at any price."),
    _other("mirror.reduce", Kind.CHOICE, "to_target", choices=("to_target", "full"), used=True,
           meaning="Reduce the last mirror as far as the target, or close it whole."),
    _other("mirror.count_pending_base", Kind.CHOICE, "at_touch",
           choices=("none", "at_touch", "all"), used=True,
           meaning="Which open entries of the base count as exposure before they fill."),
)
TRADED = (
    _other("approved_coins", Kind.COINS, "all", unit=COINS, used=True,
           meaning="Coins that may be traded, on each side; an empty list approves none."),
    _other("ignored_coins", Kind.COINS, (), unit=COINS, used=True,
           meaning="Coins that are not traded even if approved."),
    _other("hedge_mode", Kind.SWITCH, default=True, used=True,
           meaning="Whether one symbol may be held long and short at a time."),
    _other("forced_mode_long", Kind.CHOICE, "", choices=MODES, used=True,
           meaning="Mode of every long symbol; empty leaves it to the slots."),
    _other("forced_mode_short", Kind.CHOICE, "", choices=MODES, used=True,
           meaning="Mode of every short symbol; empty leaves it to the slots."),
)
KEPT = (
    _other("auto_gs", Kind.SWITCH, default=True,
           meaning="Whether coins that are no longer approved stop gracefully."),
    _number("balance_hysteresis_snap_pct", "fraction of the balance", PART, "0.01",
            "Changes of the balance up to this do not change order sizes."),
    _number("balance_override", "quote currency", "[0, 1000000000000]", None,
            "Balance to trade with instead of the account's."),
    _number("boot_stagger_seconds", "seconds", TIME, None, "Pause between starts of bots."),
    _number("candle_lock_timeout_seconds", "seconds", TIME, "10", "Patience for a locked file."),
    _other("custom_endpoints_path", Kind.TEXT, None, "File that names other servers."),
    _other("enable_archive_candle_fetch", Kind.SWITCH, default=False,
           meaning="Whether candles are read from archives."),
    _number("execution_delay_seconds", "seconds", TIME, "2", "Pause between two cycles."),
    _other("filter_by_min_effective_cost", Kind.SWITCH, default=True, used=True,
           meaning="Leave out coins whose smallest order is too large for the balance."),
    _other("hsl_position_during_cooldown_policy", Kind.TEXT, "panic",
           "What becomes of positions opened while the stop on equity pauses."),
    _other("hsl_signal_mode", Kind.TEXT, "unified", "What the stop on equity compares."),
    _number("inactive_coin_candle_ttl_minutes", "minutes", TIME, "10",
            "Age at which candles of coins that are not traded are read again."),
    _number("leverage", "multiple", "[1, 1000]", "10", "Leverage that is set at the venue."),
    _other("margin_mode_preference", Kind.TEXT, "cross", "Margin mode that is set at the venue."),
    _number("market_order_near_touch_threshold", "fraction of the price", PART, "0.001",
            "How near the market an order is sent as a market order."),
    _other("market_orders_allowed", Kind.SWITCH, default=False,
           meaning="Whether orders near the market are sent as market orders."),
    _whole("max_concurrent_api_requests", "requests", None, "Most requests at a time."),
    _whole("max_disk_candles_per_symbol_per_tf", "candles", 2_000_000, "Most candles on disk."),
    _whole("max_memory_candles_per_symbol", "candles", 200_000, "Most candles in memory."),
    _whole("max_n_cancellations_per_batch", "orders", 5, "Most cancels in one cycle."),
    _whole("max_n_creations_per_batch", "orders", 3, "Most new orders in one cycle."),
    _whole("max_n_restarts_per_day", "restarts", 10, "Restarts after which it ends."),
    _whole("max_ohlcv_fetches_per_minute", "requests", 30, "Most requests for candles."),
    _number("max_realized_loss_pct", "fraction of the highest balance", "[0, 100]", "1",
            "Closes that would lose more than this are left out; 1 or more lets all pass.",
            used=True),
    _number("max_warmup_minutes", "minutes", TIME, "0", "Most candles to start from; 0: all."),
    _number("minimum_coin_age_days", "days", TIME, "365",
            "Of all coins, younger ones are left out."),
    _number("order_match_tolerance_pct", "fraction of the price", PART, "0.0002",
            "Orders of the base that differ by no more than this are not replaced; a close has to "
            "have its quantity."),
    _number("pnls_max_lookback_days", "days", "[-1, 5256000]", "30",
            "How old a loss or profit still counts for unstucking and the limit of losses; below "
            "0 any.", used=True),
    _number("price_distance_threshold", "fraction of the price", "[0, 100]", "0.002",
            "What opens or unsticks a position waits until the market is as near as this."),
    _number("recv_window_ms", "ms", "[0, 600000]", "5000", "How late a request may arrive."),
    _other("time_in_force", Kind.CHOICE, "good_till_cancelled",
           choices=("good_till_cancelled", "post_only"),
           meaning="Whether orders of the base, but closes in panic, are post-only."),
    _other("user", Kind.TEXT, "bybit_01", "Name of the account in the file of credentials."),
    _whole("warmup_concurrency", "requests", 0, "Most candle files read at a time; 0: any."),
    _number("warmup_fetch_delay_ms", "ms", "[0, 600000]", None, "Pause between those."),
    _number("warmup_jitter_seconds", "seconds", TIME, "30", "Most random delay of a start."),
    _number("warmup_ratio", "fraction of the longest span", "[0, 100]", "0.3",
            "How many candles to start from.", used=True),
)
# fmt: on
AT_VENUE = frozenset(
    {
        "balance_hysteresis_snap_pct",
        "leverage",
        "max_warmup_minutes",
        "minimum_coin_age_days",
        "order_match_tolerance_pct",
        "price_distance_threshold",
        "time_in_force",
    }
)
KEYS = (*TRADED, *MIRROR, *(evolve(key, venue=key.name in AT_VENUE) for key in KEPT))
