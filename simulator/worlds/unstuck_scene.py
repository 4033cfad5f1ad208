"""The account and the market that unstucking meets: positions, a budget, one order or more.

A budget is what a position's side may lose from now on; fills of unstuck orders use all budgets,
and so do shocks where the scope has them.  They are told with the losses that they contain, in
time or late.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from machines.unstuck import Candidate, Reported
from simulator.actors import Do

Sends = tuple[tuple[str, Any], ...]


class Quote(NamedTuple):
    """How far a position is from break-even, at what price it closes, what a lot then loses."""

    distance: int
    price: int
    loss: int
    stuck: bool = True


Scene = tuple[Quote, Quote]


class Scope(NamedTuple):
    """How often each thing may happen, and what the market may look like."""

    scenes: tuple[Scene, ...]
    sizes: tuple[int, int] = (2, 2)
    budgets: tuple[int, int] = (3, 3)
    qty: int = 2  # that a survey would close
    moves: int = 0  # of the market
    shocks: int = 0  # losses of other orders
    crashes: int = 0
    repeats: int = 0  # of the latest report


class Ask(NamedTuple):
    """What the bot sends: an order, or to cancel it."""

    what: str
    order: int
    position: int = 0
    qty: int = 0
    loss: int = 0


class Told(NamedTuple):
    """A report of an order of *position*; *again* says that it is not the first time."""

    report: Reported
    position: int
    again: bool = False


class Balance(NamedTuple):
    """The budgets, and the losses of unstuck orders that they contain."""

    budgets: tuple[int, int]
    lost: int


class Open(NamedTuple):
    """An order at the venue."""

    order: int
    position: int
    qty: int
    loss: int
    cum_qty: int = 0


class Account(NamedTuple):
    """The venue's truth; the last two say what has happened, or gone wrong."""

    budget: Scope
    sizes: tuple[int, int]
    left: tuple[int, int]  # of the budgets
    lost: int = 0
    scene: int = 0
    orders: tuple[Open, ...] = ()
    latest: Told | None = None
    late: bool = False  # a cancel came too late
    torn: bool = False  # an order has closed more than its position
    deep: bool = False  # an order has lost a minimum order's loss more than its budget


def candidates(
    scope: Scope, scene: int, sizes: tuple[int, int], budgets: tuple[int, int]
) -> tuple[Candidate, ...]:
    """Return what a survey finds stuck, the last position first: the order must not matter."""
    quotes = scope.scenes[scene]
    return tuple(
        Candidate(
            position=number,
            distance=quotes[number].distance,
            price_ticks=quotes[number].price,
            size=sizes[number],
            qty=scope.qty,
            min_qty=1,
            loss=quotes[number].loss,
            budget=budgets[number],
        )
        for number in (1, 0)
        if quotes[number].stuck and sizes[number]
    )


def lowered(account: Account, loss: int) -> tuple[Account, Sends]:
    """Return *account* after *loss*, and how that is told."""
    one, other = account.left
    left = (one - loss, other - loss)
    return account._replace(left=left), (("balances", Balance(left, account.lost)),)


def account_acts(account: Account) -> Iterator[Do]:
    """Yield what the market and the venue may do unasked."""
    budget = account.budget
    for place, order in enumerate(account.orders):
        yield filled(account, place, order)
    if budget.moves:
        less = account._replace(budget=budget._replace(moves=budget.moves - 1))
        for number in range(len(budget.scenes)):
            if number != account.scene:
                yield Do("moves", less._replace(scene=number), (("scenes", number),))
    if budget.shocks:
        less = account._replace(budget=budget._replace(shocks=budget.shocks - 1))
        yield Do("loses otherwise", *lowered(less, 2))
    if budget.repeats and account.latest is not None:
        less = account._replace(budget=budget._replace(repeats=budget.repeats - 1))
        yield Do("repeats", less, (("reports", account.latest._replace(again=True)),))


def filled(account: Account, place: int, order: Open) -> Do:
    """Return how a lot of *order* fills."""
    cum_qty = order.cum_qty + 1
    sizes = list(account.sizes)
    sizes[order.position] -= 1
    closed = cum_qty == order.qty
    rest = () if closed else (order._replace(cum_qty=cum_qty),)
    after = account._replace(
        sizes=(sizes[0], sizes[1]),
        lost=account.lost + order.loss,
        orders=(*account.orders[:place], *rest, *account.orders[place + 1 :]),
        torn=account.torn or min(sizes) < 0,
        deep=account.deep or account.left[order.position] <= 0,
    )
    after, balance = lowered(after, order.loss)
    report = Reported(order.order, cum_qty, cum_qty * order.loss, closed)
    told = Told(report, order.position)
    news: Sends = (("reports", told),)
    return Do("fills a lot", after._replace(latest=told), news + balance)


def account_hears(account: Account, _channel: str, ask: Ask) -> Iterator[Do]:
    """Yield what the venue does with what it is asked."""
    if ask.what == "place":
        order = Open(ask.order, ask.position, ask.qty, ask.loss)
        yield Do("takes", account._replace(orders=(*account.orders, order)))
        return
    found = [each for each in account.orders if each.order == ask.order]
    if not found:
        yield Do("too late", account._replace(late=True))
        return
    order = found[0]
    report = Reported(order.order, order.cum_qty, order.cum_qty * order.loss, closed=True)
    told = Told(report, order.position)
    rest = tuple(each for each in account.orders if each is not order)
    yield Do("cancels", account._replace(orders=rest, latest=told), (("reports", told),))


def served(account: Account, position: int) -> bool:
    """Return whether an order of *position* rests at its price."""
    loss = account.budget.scenes[account.scene][position].loss
    return any((each.position, each.loss) == (position, loss) for each in account.orders)


def account_features(account: Account) -> Mapping[str, int]:
    """Return what is claimed of, of *account*."""
    found = candidates(account.budget, account.scene, account.sizes, account.left)
    within = [(each.distance, each.position) for each in found if each.budget > 0]
    return {
        "open": len(account.orders),
        "overdrawn": any(account.left[order.position] <= 0 for order in account.orders),
        "calls": within != [],
        "served": within != [] and served(account, min(within)[1]),
        "late": account.late,
        "torn": account.torn,
        "deep": account.deep,
    }


def show_account(account: Account) -> str:
    """Return the positions, what may be lost, and the orders of *account*."""
    orders = (f"order {o.order} of {o.position}: {o.cum_qty}/{o.qty}" for o in account.orders)
    sizes = f"sizes {account.sizes[0]} {account.sizes[1]}"
    return ", ".join((sizes, f"left {account.left[0]} {account.left[1]}", *orders))


def words(message: Ask | Told | Balance | int) -> str:
    """Return *message* in words; a number is that of what the market looks like."""
    match message:
        case Ask():
            return f"{message.what} order {message.order}"
        case Told():
            report = message.report
            end = ", closed" if report.closed else ""
            return f"order {report.order} filled {report.cum_qty}, lost {report.loss}{end}"
        case Balance():
            return f"left {message.budgets[0]} {message.budgets[1]} after {message.lost}"
        case int():
            return f"scene {message}"
