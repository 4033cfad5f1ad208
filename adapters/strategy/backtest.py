"""The keys of `backtest`, and those of the file itself."""

from adapters.strategy.keys import ANY, PPM, Json, Key, Kind, Range, number

PART, TIME, MONEY = "[0, 1]", "[0, 5256000]", "[0, 1000000000000]"


def _number(  # noqa: PLR0913  # one for each column of the table
    name: str,
    unit: str,
    interval: str,
    default: str | None,
    meaning: str,
    *,
    fee: bool = False,
    used: bool = False,
) -> Key:
    """Return the key of a number; a fee may be null, and what has no default."""
    return Key(
        path=f"backtest.{name}",
        kind=Kind.NUMBER,
        unit=unit,
        range=Range.of(interval),
        default=number(default),
        step=PPM if fee else None,
        empty=fee or default is None,
        used=used,
        meaning=meaning,
    )


def _other(path: str, kind: Kind, default: Json, meaning: str, *, used: bool = False) -> Key:
    """Return the key of what is no number."""
    return Key(
        path=path,
        kind=kind,
        default=default,
        range=ANY,
        empty=default is None,
        used=used,
        meaning=meaning,
    )


# fmt: off
BACKTEST = (
    _number("starting_balance", "quote currency", "(0, 1000000000000]", "100000",
            "Balance at the start.", used=True),
    _number("maker_fee_override", "fraction of the notional", "[-0.01, 0.1]", "0.0004",
            "Fee of a resting order, for all coins; below 0 a rebate, null the venue's.",
            fee=True, used=True),
    _number("taker_fee_override", "fraction of the notional", "[0, 0.1]", None,
            "Fee of an order that takes, for all coins; null takes the venue's.",
            fee=True),
    _other("backtest.aggregate", Kind.OBJECT, {"default": "mean"}, "How runs are summed up."),
    _number("balance_sample_divider", "minutes", TIME, "60", "Step of the recorded balance.",
            used=True),
    _other("backtest.base_dir", Kind.TEXT, "backtests", "Folder for results."),
    _number("btc_collateral_cap", "multiple of the balance", "[0, 100]", "0",
            "How much of the balance is held in bitcoin."),
    _number("btc_collateral_ltv_cap", "fraction of the balance", "[0, 100]", None,
            "Most debt against those bitcoin."),
    _number("candle_interval_minutes", "minutes", "[1, 1440]", "1", "Length of a candle.",
            used=True),
    _other("backtest.coin_sources", Kind.OBJECT, {}, "Where candles of a coin are from."),
    _other("backtest.compress_cache", Kind.SWITCH, default=True, meaning="Compress the cache."),
    _other("backtest.dynamic_wel_by_tradability", Kind.SWITCH, default=True, used=True,
           meaning="Share the side's limit among the coins that can be traded, if fewer."),
    _other("backtest.end_date", Kind.DATE, "now", "Day before which it ends.",
           used=True),
    _other("backtest.exchanges", Kind.NAMES, ("binance", "bybit"), "Where candles are from."),
    _other("backtest.filter_by_min_effective_cost", Kind.SWITCH, default=False, used=True,
           meaning="Leave out coins whose smallest order is too large for the balance."),
    _number("gap_tolerance_ohlcvs_minutes", "minutes", TIME, "120", "Longest gap in candles."),
    _number("liquidation_threshold", "fraction of the starting balance", PART, "0.05",
            "Equity at which the run ends.", used=True),
    _number("market_order_slippage_pct", "fraction of the price", PART, "0.0005",
            "How much worse a market order fills."),
    _other("backtest.market_settings_sources", Kind.OBJECT, {}, "Where terms of a coin are from."),
    _number("max_warmup_minutes", "minutes", TIME, "0", "Most candles to start from; 0: all.",
            used=True),
    _other("backtest.ohlcv_source_dir", Kind.TEXT, None, "Folder of own candles."),
    _other("backtest.scenarios", Kind.LIST, (), "Variations of a run."),
    _other("backtest.start_date", Kind.DATE, "2021-01-01", "First day.", used=True),
    _other("backtest.suite_enabled", Kind.SWITCH, default=False, meaning="Run all variations."),
    _other("backtest.visible_metrics", Kind.LIST, None, "Metrics that are printed."),
    _other("backtest.volume_normalization", Kind.SWITCH, default=True,
           meaning="Scale volumes of several venues."),
)
FILE = (
    _other("$schema", Kind.TEXT, None, "Where an editor finds the JSON schema."),
    _other("config_version", Kind.TEXT, "v7.9.0", "Version of the file's format, v7.x."),
    _other("logging", Kind.OBJECT, {}, "What is logged."),
    _other("monitor", Kind.OBJECT, {}, "What is recorded for watching."),
    _other("optimize", Kind.OBJECT, {}, "What an optimizer searches, and where."),
)
# fmt: on
KEYS = (*FILE, *BACKTEST)
