"""How an unmodified ccxt client is pointed at the exchange: configuration only."""

from importlib import import_module
from typing import Any


def ccxt_config(port: int, key: str = "key-1", secret: str = "secret-1") -> dict[str, object]:  # noqa: S107
    """Return what `ccxt.binanceusdm(...)` or `ccxt.binance(...)` takes to trade on *port*.

    The client looks an error up in the table of USD-M futures only where the address is the
    venue's own: elsewhere that table must be given as the general one.
    """
    ccxt: Any = import_module("ccxt")  # it has no types
    server, streams = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"
    rest = f"{server}/fapi"
    access = ("Public", "Private")
    paths = {f"fapi{who}": f"{rest}/v1" for who in access}
    paths |= {f"fapi{who}V{version}": f"{rest}/v{version}" for who in access for version in (2, 3)}
    paths |= {"fapiData": f"{server}/futures/data", "sapi": f"{server}/sapi/v1"}
    ws = {"linear": f"{streams}/ws", "ws-api": {"linear": f"{streams}/ws-fapi/v1"}}
    return {
        "apiKey": key,
        "secret": secret,
        "urls": {"api": {**paths, "ws": ws}},
        "options": {
            "defaultType": "swap",
            "fetchCurrencies": False,
            "fetchMarkets": {"types": ["linear"]},
        },
        "exceptions": {"exact": ccxt.binanceusdm().exceptions["linear"]["exact"]},
    }
