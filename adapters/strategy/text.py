"""Problems of a configuration, and its JSON: numbers stay what is written, nothing is guessed."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from attrs import frozen

from adapters.strategy.keys import Json

NUMBER_MAX, NESTING_MAX, SHOWN_MAX, WIDTH = 32, 32, 72, 100
NESTED = f"nested more than {NESTING_MAX} deep; give it fewer levels"
Object = Mapping[str, Json]


@frozen
class Problem:
    """The *value* at *path* cannot be used; *fix* says what to do."""

    path: str
    value: Json
    fix: str

    def __str__(self) -> str:
        shown = written(self.value)
        if len(shown) > SHOWN_MAX:
            shown = f"{shown[:SHOWN_MAX]}..."
        return f"{plain(self.path)} {shown}: {self.fix}"


class StrategyError(ValueError):
    """A configuration cannot be used; there is one line for each problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def plain(text: str) -> str:
    r"""Return *text* so that it can be printed on one line.

    >>> plain("a" + chr(10))
    'a\\n'
    """
    return json.dumps(text)[1:-1].replace('\\"', '"')


def read(text: str, file: str | None = None) -> Object:
    """Return the object that *text*, which *file* holds, is.

    Raises:
        StrategyError: It is no JSON object, has a name twice, or is nested too deep.
    """
    try:
        found: Json = json.loads(
            text,
            object_pairs_hook=_once,
            parse_float=_number,
            parse_int=_whole,
            parse_constant=str,
        )
    except json.JSONDecodeError as error:
        raise StrategyError([Problem("file", file, f"not JSON, {error}")]) from error
    except RecursionError:
        raise StrategyError([Problem("file", file, NESTED)]) from None
    if not isinstance(found, Mapping):
        fix = 'write an object such as {"bot": {"long": {"n_positions": 3}}}'
        raise StrategyError([Problem("file", file, fix)])
    if _depth(found) > NESTING_MAX:
        raise StrategyError([Problem("file", file, NESTED)])
    return found


def _depth(value: Json) -> int:
    """Return how deep lists and objects are nested in *value*, counted up to the most allowed."""
    level, depth = [value], -1
    while level and depth <= NESTING_MAX:
        level = [inner for each in level for inner in _inside(each)]
        depth += 1
    return depth


def _inside(value: Json) -> Iterable[Json]:
    """Return what is in *value* if it is a list or an object."""
    if isinstance(value, Mapping):
        return value.values()
    return () if isinstance(value, str) or not isinstance(value, Sequence) else value


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """Return *pairs* as an object if no name is there twice."""
    found: dict[str, Json] = {}
    for name, value in pairs:
        if name in found:
            raise StrategyError([Problem(name, None, "it is there twice; write it once")])
        found[name] = value
    return found


def _number(text: str) -> Json:
    """Return a number exactly; what nobody writes stays text, which no number may be."""
    try:
        return Decimal(text) if len(text) <= NUMBER_MAX else text
    except InvalidOperation:
        return text


def _whole(text: str) -> Json:
    """Return a whole number exactly, in the same way."""
    return int(text) if len(text) <= NUMBER_MAX else text


def written(value: Json) -> str:
    """Return *value* as JSON on one line.

    >>> written({"a": (Decimal("0.10"), True, None)})
    '{"a": [0.10, true, null]}'
    """
    if isinstance(value, Mapping):
        inner = (f"{json.dumps(name)}: {written(each)}" for name, each in value.items())
        return f"{{{', '.join(inner)}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(written, value))}]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


def page(value: Object) -> str:
    """Return *value* as a JSON file: one line for each name, or for what fits on one."""
    return "\n".join(_lines(value, "")) + "\n"


def _lines(value: Object, indent: str) -> Iterator[str]:
    """Yield the lines of *value*."""
    yield "{"
    last = len(value) - 1
    for place, (name, each) in enumerate(value.items()):
        end = "," if place < last else ""
        head, line = f"{indent}  {json.dumps(name)}: ", written(each)
        if isinstance(each, Mapping) and len(head) + len(line) > WIDTH:
            first, *rest = _lines(each, f"{indent}  ")
            yield head + first
            yield from rest[:-1]
            yield rest[-1] + end
        else:
            yield f"{head}{line}{end}"
    yield f"{indent}}}"
