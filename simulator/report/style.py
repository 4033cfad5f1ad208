"""The colours and words of every picture: an order has the colour of the phase that it leads to."""

from typing import Final

from spec.hedge_wallet import OrderKind, State

INK: Final = "#1c2733"
MUTED: Final = "#66727f"
GRID: Final = "#e7eaee"
FAINT: Final = "#b9c1ca"
PAPER: Final = "#ffffff"
PRICE: Final = "#2c3845"
RANGE: Final = "#c3cad3"
EQUITY: Final = "#0b6e4f"
HOLDING: Final = "#8d99a6"
LOSS: Final = "#c0392b"
LIQUIDATION: Final = "#000000"
FONT: Final = '"Segoe UI", "Helvetica Neue", "DejaVu Sans", Arial, sans-serif'

PHASES: Final = {
    State.ADVANCE: "#d8efdf",
    State.RETRACEMENT: "#fdecc8",
    State.DECLINE: "#f8d7d4",
    State.RECOVERY: "#d7e6f7",
    State.RESET: "#dcdce6",
}
ORDERS: Final = {
    OrderKind.MARKET_BUY_FULL: "#12813f",
    OrderKind.STOP_LOSS_FULL: "#e08700",
    OrderKind.STOP_ENTRY_SHORT: "#cb3a31",
    OrderKind.STOP_LOSS_COVER: "#1d6bb5",
}
WORDS: Final = {
    OrderKind.MARKET_BUY_FULL: "Re-entry",
    OrderKind.STOP_LOSS_FULL: "Exit",
    OrderKind.STOP_ENTRY_SHORT: "Entry",
    OrderKind.STOP_LOSS_COVER: "Cover",
}
RESTING: Final = (  # the exit first: it shares a level with an entry and is drawn below it
    OrderKind.STOP_LOSS_FULL,
    OrderKind.STOP_ENTRY_SHORT,
    OrderKind.STOP_LOSS_COVER,
)
