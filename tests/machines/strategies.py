"""Values that the machines may meet, and how Hypothesis tries a law."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from functools import cache

from hypothesis import HealthCheck, reject, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from machines.hedge_wallet import Closed, Funded, Liquidated, Resumed
from machines.order import (
    REPLACEABLE,
    UNFILLED,
    Acked,
    Canceled,
    CancelRejected,
    CancelRequested,
    Event,
    Expired,
    Filled,
    Found,
    Lost,
    Order,
    Reconciled,
    Rejected,
    Replaced,
    ReplaceRejected,
    ReplaceRequested,
    Triggered,
)
from machines.position import Fill, Leg, Pair, state_of
from spec import hedge_wallet
from spec.order import ORDER, State
from spec.terms import PositionMode, PositionSide, Side
from tests.laws.laws_hedge_wallet import Start
from tests.laws.laws_order import Truth

LOTS = st.integers(-1, 8)
SMALL = st.integers(0, 5)
TRIED = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@cache
def assumptions(law: Callable[..., None]) -> range:
    """Return the lines of the leading assertions of *law*."""
    lines, first = inspect.getsourcelines(law)
    function = ast.parse(textwrap.dedent("".join(lines))).body[0]
    assert isinstance(function, ast.FunctionDef)
    body = function.body[1:] if ast.get_docstring(function) else function.body
    last = 0
    for statement in body:
        if not isinstance(statement, ast.Assert):
            break
        last = statement.end_lineno or 0
    return range(first, first + last)


def try_law(law: Callable[..., None], *arguments: object) -> None:
    """Call *law*; what it does not assume is rejected, what it claims must hold."""
    try:
        law(*arguments)
    except AssertionError as failure:
        trace = failure.__traceback__
        assert trace is not None
        assert trace.tb_next is not None
        if trace.tb_next.tb_lineno in assumptions(law):
            reject()
        raise


@st.composite
def orders(draw: DrawFn, states: tuple[State, ...] = tuple(State)) -> Order:
    """Draw an order that is well formed."""
    state = draw(st.sampled_from(states))
    qty = draw(st.integers(1, 6))
    replace_qty = draw(SMALL) if state in REPLACEABLE else 0
    most = max(qty, replace_qty)
    cum_qty = 0
    if state is State.FILLED:
        cum_qty = most
    elif state not in UNFILLED:
        cum_qty = draw(st.integers(0, most if state is State.UNKNOWN else most - 1))
    if state is State.PARTIALLY_FILLED and not cum_qty:
        qty, cum_qty = qty + 1, 1
    return Order(
        qty=qty,
        cum_qty=cum_qty,
        state=state,
        triggered=draw(st.booleans()) or state is State.TRIGGERED,
        unwanted=draw(st.booleans()),
        replace_qty=replace_qty,
        revision=draw(st.integers(0, 1)),
        query=draw(st.integers(0, 1)),
    )


def order_events() -> SearchStrategy[Event]:
    """Return news of an order, sensible or not."""
    bare = st.sampled_from(
        (Acked(), Rejected(), Triggered(), CancelRequested(), CancelRejected(), Lost())
    )
    number = st.integers(0, 1)
    answers = st.builds(Reconciled, number, st.sampled_from(Found), LOTS, LOTS, st.booleans())
    totals = [st.builds(kind, LOTS) for kind in (Filled, Canceled, Expired, ReplaceRequested)]
    replaces = st.builds(Replaced, number, LOTS) | st.builds(ReplaceRejected, number)
    return st.one_of(bare, *totals, replaces, answers)


def truths() -> SearchStrategy[Truth]:
    """Return what may be true of an order away from us."""
    return st.builds(Truth, st.booleans(), st.integers(0, 6), SMALL)


def final_orders() -> SearchStrategy[Order]:
    """Return orders that are over."""
    return orders(tuple(sorted(ORDER.final)))


@st.composite
def legs(draw: DrawFn) -> Leg:
    """Draw a leg, open or not."""
    qty = draw(SMALL)
    cost = draw(st.integers(0, 1_000)) if qty else 0
    return Leg(qty=qty, cost=cost, realized=draw(st.integers(-100, 100)))


@st.composite
def pairs(draw: DrawFn, modes: tuple[PositionMode, ...] = tuple(PositionMode)) -> Pair:
    """Draw a position pair that is well formed."""
    mode, long, short = draw(st.sampled_from(modes)), draw(legs()), draw(legs())
    if mode is PositionMode.ONE_WAY and long.qty and short.qty:
        long = Leg(realized=long.realized)
    state = state_of(long.qty, short.qty)
    return Pair(mode=mode, state=state, long=long, short=short)


def fills() -> SearchStrategy[Fill]:
    """Return fills, sensible or not."""
    return st.builds(
        Fill,
        side=st.sampled_from(Side),
        qty=LOTS,
        notional=st.integers(-10, 1_000),
        position_side=st.sampled_from(PositionSide),
        reduce_only=st.booleans(),
    )


@st.composite
def starts(draw: DrawFn) -> Start:
    """Draw a hedge wallet whose phase fits its slots."""
    phase = draw(st.sampled_from(hedge_wallet.State))
    few, many = {1: (0, 3), 2: (4, 4), 3: (1, 3), 4: (0, 0)}.get(phase, (0, 4))
    count = draw(st.integers(few, many))
    sold = [draw(st.integers(1, 9)) if index < count else 0 for index in range(4)]
    a, b, c, d = draw(st.permutations(sold))
    resting = phase not in (hedge_wallet.State.ADVANCE, hedge_wallet.State.RESET)
    min_qty = draw(st.integers(1, 3))
    return Start(
        phase=phase,
        mode=draw(st.sampled_from(PositionMode)),
        low=draw(st.integers(-9, 9)),
        turn=draw(st.integers(0, 3)),
        a=a,
        b=b,
        c=c,
        d=d,
        value=draw(st.integers(1, 3)),
        min_qty=min_qty,
        unit_ticks=draw(st.integers(1, 10)),
        anchor_ticks=draw(st.integers(90, 110)),
        quote_ticks=draw(st.sampled_from((0, 100))),
        cash=draw(st.integers(-100, 5_000)),
        long_qty=draw(st.integers(0, min_qty - 1 if resting else 40)),
        bought_qty=draw(SMALL),
        halted=draw(st.booleans()),
    )


@st.composite
def closings(draw: DrawFn, start: Start) -> Closed:
    """Draw the end of an order of the wallet of *start*."""
    slot = draw(st.integers(0, 3))
    edge = start.low + (slot - start.turn) % 4
    kind = draw(st.sampled_from(hedge_wallet.OrderKind))
    leap = draw(st.sampled_from((0, 0, 1, -4, 5)))  # since the order was placed
    unit = edge + (kind is hedge_wallet.OrderKind.STOP_LOSS_COVER) + leap
    qty = draw(st.sampled_from((0, start.long_qty, (start.a, start.b, start.c, start.d)[slot], 1)))
    return Closed(
        kind=kind,
        slot=slot,
        unit=0 if kind is hedge_wallet.OrderKind.MARKET_BUY_FULL else unit,
        ordered=qty + draw(st.integers(0, 2)),
        qty=qty,
        notional=draw(st.integers(0, 1_000)),
        fee=draw(st.integers(-5, 5)),
        crossed=draw(st.booleans()),
    )


def other_news() -> SearchStrategy[Funded | Liquidated | Resumed]:
    """Return what reaches the wallet besides prices and closed orders."""
    amount = st.integers(-100, 100)
    return st.builds(Funded, amount) | st.builds(Liquidated, amount) | st.builds(Resumed)
