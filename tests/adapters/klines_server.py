"""Imitates two public endpoints of Binance USD-M futures on 127.0.0.1, with faults on demand."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlparse

from attrs import define, field

MINUTE_MS = 60_000
START_MS = 1_746_613_800_000  # 2025-05-07 10:30 UTC
HOST = "https://fapi.binance.com"
SYMBOL = {
    "symbol": "BTCUSDT",
    "pair": "BTCUSDT",
    "contractType": "PERPETUAL",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "onboardDate": 0,
    "deliveryDate": 4_133_404_800_000,
    "filters": [
        {"filterType": "PRICE_FILTER", "tickSize": "0.10", "minPrice": "1", "maxPrice": "9000000"},
        {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001", "maxQty": "1000"},
    ],
}


@define
class Venue:
    """The bars, what is to go wrong with which request for bars, from 0, and what was asked."""

    bars: int = 60
    page_bars: int = 40
    back: int = 0
    faults: dict[int, int | str] = field(factory=dict)
    asked: list[int] = field(factory=list)
    stalled: Event = field(factory=Event)
    port: int = 0

    @property
    def rewrite(self) -> str:
        """The value of --url-rewrite."""
        return f"{HOST}=http://127.0.0.1:{self.port}"

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        """Return the status and the body."""
        if path == "/fapi/v1/exchangeInfo":
            return 200, {"symbols": [SYMBOL], "rateLimits": []}
        if path != "/fapi/v1/klines":
            return 404, {"code": -5000, "msg": f"Path {path} is invalid"}
        first_ms, limit = int(query["startTime"]), int(query["limit"])
        self.asked.append(first_ms)
        fault = self.faults.get(len(self.asked) - 1)
        if isinstance(fault, int):
            return fault, {"code": -1121 if fault == 400 else -1003, "msg": "No."}
        if fault == "stall":
            self.stalled.set()
            Event().wait(20)
        if fault == "empty":
            return 200, []
        first = (first_ms - START_MS) // MINUTE_MS - self.back
        stop = min(self.bars, first + min(limit, self.page_bars))
        return 200, [kline(index) for index in range(max(first, 0), stop)]


def kline(index: int) -> list[int | str]:
    """Return one bar as the venue writes it; the digits are more than a float would keep."""
    opened = START_MS + index * MINUTE_MS
    prices = ["97250.10", f"97260.{index % 10}0", "97244.90", "97251.30"]
    return [opened, *prices, "0.125", opened + MINUTE_MS - 1, "12156.26", 9, "0", "0", "0"]


class Server(ThreadingHTTPServer):
    """Says nothing of a client that hangs up before it is answered."""

    def handle_error(self, *_: object) -> None: ...


@contextmanager
def serving(venue: Venue) -> Generator[Venue]:
    """Serve *venue* meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlparse(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            status, body = venue.answer(url.path, query)
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            if status == 429:
                self.send_header("Retry-After", "7")
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None: ...

    with Server(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        venue.port = server.server_port
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield venue
        finally:
            server.shutdown()
            thread.join()
