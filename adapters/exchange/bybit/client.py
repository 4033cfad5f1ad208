"""How an unmodified ccxt client is pointed at the exchange: configuration only."""


def ccxt_config(port: int, key: str = "key-1", secret: str = "secret-1") -> dict[str, object]:  # noqa: S107
    """Return what `ccxt.bybit(...)` takes to trade at 127.0.0.1 on *port*."""
    rest, streams = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}/v5"
    private = f"{streams}/private"
    ws = {
        "public": {"linear": f"{streams}/public/linear"},
        "private": {
            "contract": private,
            "spot": {"unified": private},
            "trade": f"{streams}/trade",
        },
    }
    return {
        "apiKey": key,
        "secret": secret,
        "urls": {"api": {"public": rest, "private": rest, "ws": ws}},
        "options": {"defaultType": "swap", "fetchMarkets": {"types": ["linear"]}},
    }
