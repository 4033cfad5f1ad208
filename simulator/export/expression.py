"""Rules as trees: a rule is asked once, of features that note what is done with them.

A rule does the same with numbers and with arrays; so it does with these, and what it returns is
the rule written out, to be printed in another language.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any, SupportsIndex

from attrs import frozen

from simulator.actors import Holds

INT_MAX = (1 << 31) - 1  # of the other checkers
Bounds = tuple[int, int]


class ExportError(ValueError):
    """A world cannot be written for another checker; the message says why."""


@frozen(eq=False)
class Expr:
    """*op* of *args*: feature *name*, or a *number*, where there are none; *low* to *high*.

    A comparison is *logical*: true or false, not a number.
    """

    op: str
    args: tuple["Expr", ...] = ()
    low: int = 0
    high: int = 1
    name: str = ""
    logical: bool = False

    def __eq__(self, other: object) -> Any:  # noqa: ANN401  # a tree, not a truth
        return _compared("eq", self, other)

    def __ne__(self, other: object) -> Any:  # noqa: ANN401
        return _compared("ne", self, other)

    __hash__ = object.__hash__

    def __lt__(self, other: object) -> "Expr":
        return _compared("lt", self, other)

    def __le__(self, other: object) -> "Expr":
        return _compared("le", self, other)

    def __gt__(self, other: object) -> "Expr":
        return _compared("gt", self, other)

    def __ge__(self, other: object) -> "Expr":
        return _compared("ge", self, other)

    def __add__(self, other: object) -> "Expr":
        return _calculated("add", self, other)

    def __radd__(self, other: object) -> "Expr":
        return _calculated("add", other, self)

    def __sub__(self, other: object) -> "Expr":
        return _calculated("sub", self, other)

    def __rsub__(self, other: object) -> "Expr":
        return _calculated("sub", other, self)

    def __mul__(self, other: object) -> "Expr":
        return _calculated("mul", self, other)

    def __rmul__(self, other: object) -> "Expr":
        return _calculated("mul", other, self)

    def __floordiv__(self, other: object) -> "Expr":
        return _divided(self, other)

    def __neg__(self) -> "Expr":
        return _calculated("sub", 0, self)

    def __abs__(self) -> "Expr":
        number = _as_number(self)
        return _bounded("abs", (number,), (0, max(abs(number.low), abs(number.high))))

    def __and__(self, other: object) -> "Expr":
        return _both("and", self, other)

    def __rand__(self, other: object) -> "Expr":
        return _both("and", other, self)

    def __or__(self, other: object) -> "Expr":
        return _both("or", self, other)

    def __ror__(self, other: object) -> "Expr":
        return _both("or", other, self)

    def __bool__(self) -> bool:
        raise TypeError("it asks whether a feature is so; use &, |, comparisons and arithmetic")

    def features(self) -> Iterator[str]:
        """Yield the names of the features in it."""
        if self.name:
            yield self.name
        for each in self.args:
            yield from each.features()

    def text(self, words: Mapping[str, str], names: Mapping[str, str]) -> str:
        """Return it with an operation as *words* say, such as "({} + {})", features by *names*."""
        if self.name:
            return names[self.name]
        if self.op == "number":
            return str(self.low) if self.low >= 0 else f"({self.low})"
        return words[self.op].format(*(each.text(words, names) for each in self.args))


CALCULATED: Mapping[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
}


def written(holds: Holds, bounds: Mapping[str, Bounds]) -> Expr:
    """Return the rule *holds* as a logical tree of features, whose least and greatest are *bounds*.

    Raises:
        ExportError: It does something else than compare, calculate and combine.
    """
    try:
        found = _tree(holds(_Symbols(bounds)))
    except (AttributeError, TypeError) as error:
        raise ExportError(str(error)) from error
    return found if found.logical else Expr("ne", (found, _number(0)), logical=True)


class _Symbols:
    """What a rule is asked of: each feature is a leaf of the tree."""

    def __init__(self, bounds: Mapping[str, Bounds]) -> None:
        self._bounds = bounds

    def __getattr__(self, name: str) -> Expr:
        if name not in self._bounds:
            raise AttributeError(f"no actor or channel has feature {name!r}")
        return _bounded("feature", (), self._bounds[name], name)


def _tree(value: object) -> Expr:
    """Return *value*, a tree or a constant, as a tree."""
    if isinstance(value, Expr):
        return value
    if isinstance(value, bool):
        return Expr("true" if value else "false", logical=True)
    if not isinstance(value, SupportsIndex):
        raise TypeError(f"{value!r} is no integer")
    return _number(value.__index__())


def _number(value: int) -> Expr:
    return _bounded("number", (), (value, value))


def _as_number(value: object) -> Expr:
    """Return *value* as a tree that is no truth."""
    found = _tree(value)
    return Expr("bit", (found,)) if found.logical else found


def _bounded(op: str, args: tuple[Expr, ...], bounds: Bounds, name: str = "") -> Expr:
    """Return *op* of *args*, once it is known to fit.

    Raises:
        ExportError: It may need more than 32 bits, where the other checkers would be wrong.
    """
    if max(map(abs, bounds)) > INT_MAX:
        raise ExportError(f"{name or op} may be beyond 32 bits: {bounds[0]} to {bounds[1]}")
    return Expr(op, args, *bounds, name)


def _compared(op: str, left: object, right: object) -> Expr:
    return Expr(op, (_as_number(left), _as_number(right)), logical=True)


def _calculated(op: str, left: object, right: object) -> Expr:
    a, b = _as_number(left), _as_number(right)
    corners = [CALCULATED[op](x, y) for x, y in product((a.low, a.high), (b.low, b.high))]
    return _bounded(op, (a, b), (min(corners), max(corners)))


def _divided(left: object, right: object) -> Expr:
    """Return a quotient where no language rounds it otherwise."""
    a, b = _as_number(left), _as_number(right)
    if a.low < 0 or b.low < 1 or b.low != b.high:
        raise TypeError("only what is not negative is divided, and by a constant")
    return _bounded("div", (a, b), (a.low // b.low, a.high // b.low))


def _both(op: str, left: object, right: object) -> Expr:
    """Return and, or: of two truths a truth, else bit by bit."""
    a, b = _tree(left), _tree(right)
    if a.logical and b.logical:
        return Expr(op, (a, b), logical=True)
    a, b = _as_number(a), _as_number(b)
    bits = max(abs(x).bit_length() for x in (a.low, a.high, b.low, b.high))
    least = 0 if min(a.low, b.low) >= 0 else -(1 << bits)
    return _bounded(f"bit_{op}", (a, b), (least, (1 << bits) - 1))
