"""Recorded cases of an independent program, as arguments of the pricing functions."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np

from machines.pricing.closes import CloseTerms, Held
from machines.pricing.enforcer import REDUCED, cut_price, cuts
from machines.pricing.entries import EntryTerms, Scene
from machines.pricing.kinds import word
from machines.pricing.numbers import LONG, SHORT, Extremes, Floats, Market, Order, lots, ticks

Case = dict[str, Any]
Placed = tuple[int, int, str]  # lots, negative to sell; ticks; the kind's name
NAMED_APART = {"grid_inflation": "grid_inflation_enabled"}


def cases(shared: Path) -> list[Case]:
    """Return the recorded cases."""
    with gzip.open(shared / "oracle/passivbot/cases.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def market(values: Case) -> Market:
    """Return what the venue says in a case."""
    return Market._make(float(values[name]) for name in Market._fields)


def extremes(values: Case) -> Extremes:
    """Return the extreme prices of a case."""
    return Extremes._make(float(values[name]) for name in Extremes._fields)


def limit(values: Case) -> float:
    """Return the exposure limit of one position, its allowance included."""
    return float(
        values["wallet_exposure_limit"] * (1.0 + max(0.0, values["risk_we_excess_allowance_pct"]))
    )


def side_of(case: Case) -> int:
    """Return the side that a case is about."""
    return LONG if case["fn"].endswith("long") else SHORT


def entry_arguments(case: Case) -> tuple[int, Market, EntryTerms, Scene, Extremes]:
    """Return what an entry function takes."""
    side, values = side_of(case), case["in"]
    names = (NAMED_APART.get(name, name) for name in EntryTerms._fields[1:])
    terms = EntryTerms._make((limit(values), *(values[f"entry_{name}"] for name in names)))
    scene = Scene(
        values["balance"],
        abs(values["position_size"]),
        values["position_price"],
        values["order_book_bid" if side == LONG else "order_book_ask"],
        values["ema_bands_lower" if side == LONG else "ema_bands_upper"],
        values["entry_volatility_logrange_ema_1h"],
    )
    return side, market(values), terms, scene, extremes(values)


def close_arguments(case: Case) -> tuple[int, Market, CloseTerms, Held, Extremes]:
    """Return what a close function takes."""
    side, values = side_of(case), case["in"]
    chosen = (values[f"close_{name}"] for name in CloseTerms._fields[1:-1])
    terms = CloseTerms._make((limit(values), *chosen, values["risk_wel_enforcer_threshold"]))
    held = Held(
        values["balance"],
        abs(values["position_size"]),
        values["position_price"],
        values["order_book_ask" if side == LONG else "order_book_bid"],
    )
    return side, market(values), terms, held, extremes(values)


def placed(order: Order, sign: int, side: int, steps: Market) -> Placed:
    """Return *order* as it is compared: counted in steps, *sign* +1 to buy."""
    if not order.qty:
        return 0, 0, "none"
    return sign * lots(order.qty, steps), ticks(order.price, steps), word(order.kind, side)


def expected(order: list[Any], steps: Market) -> Placed:
    """Return a recorded order as it is compared."""
    qty, price, kind = order
    return (lots(qty, steps), ticks(price, steps), kind) if qty else (0, 0, "none")


def column(case: Case, name: str) -> Floats:
    """Return one value of each position of a case."""
    return np.array([abs(float(each[name])) for each in case["positions"]])


def cut_orders(case: Case) -> dict[int, Order]:
    """Return the orders that cut the positions of a case, by their index."""
    given, positions = case["in"], case["in"]["positions"]
    side = LONG if given["side"] == "long" else SHORT
    total, touches = given["total_wallet_exposure_limit"], column(given, "market_price")
    share = total / given["effective_n_positions"]
    floor = np.minimum(column(given, "base_wallet_exposure_limit"), share)
    left, gone, qty = np.zeros((3, len(positions)))
    cuts(
        side,
        np.array([tuple(market(each)) for each in positions]).reshape(-1, len(Market._fields)),
        given["balance"],
        column(given, "position_size"),
        column(given, "position_price"),
        touches,
        floor,
        total * given["threshold"],
        np.zeros(len(positions), np.bool_),
        left,
        gone,
        qty,
    )
    return {
        each["idx"]: Order(float(qty[i]), cut_price(side, market(each), touches[i]), REDUCED)
        for i, each in enumerate(positions)
        if qty[i] > 0.0
    }
