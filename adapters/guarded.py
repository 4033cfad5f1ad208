"""Worlds of a user's file, looked after: what their functions may not do is told.

An explorer believes that steps are pure, that states compare by value and that features are small
integers; it is fast because it does not look.  A file is not believed.
"""

from collections.abc import Callable, Hashable, Mapping
from operator import index
from pathlib import Path
from traceback import extract_tb
from typing import Any, SupportsIndex, TypeVar

from attrs import evolve, frozen

from simulator.actors import Actor, ActorWorld, Channel, Do, Holds, Rule

T = TypeVar("T")
FEATURE_MAX = 1 << 31  # what two multiply to, and sums of that, fit into 64 bits
PURE = "make it a function of what it is given alone, with states that are equal by value"
JOIN = "; join comparisons with & and |, each in brackets, instead of with and, or"
VALUES = "use tuples, frozensets, enums, or attrs classes that are frozen"


class WorldError(ValueError):
    """A function of a user's world failed, or returned what it may not."""


def line_of(path: Path, error: BaseException) -> str:
    """Return the line of *path* at which *error* came up, as text; none if it did elsewhere."""
    file = str(path.absolute())
    lines = [frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == file]
    return f", line {lines[-1]}" if lines else ""


def guarded(world: ActorWorld, path: Path) -> ActorWorld:
    """Return *world*, of the file at *path*, with functions that tell what is wrong with them.

    They raise `WorldError`.  Steps are asked twice, so that one that is not pure is found too.
    """

    def asked(part: str) -> _Asked:
        return _Asked(path, f"{world.name}: {part}")

    channels = frozenset(channel.name for channel in world.channels)
    return evolve(
        world,
        actors=tuple(_actor(each, asked, channels) for each in world.actors),
        channels=tuple(_channel(each, asked) for each in world.channels),
        rules=tuple(_rule(each, asked) for each in world.rules),
    )


@frozen
class _Asked:
    """Asks functions of the file at *path*; *part* says which ones."""

    path: Path
    part: str

    def __call__(self, step: Callable[..., T], *given: Any) -> T:  # noqa: ANN401
        """Return what *step* does; an assertion that fails is the explorer's to judge."""
        try:
            return step(*given)
        except AssertionError:
            raise
        except Exception as error:  # a user's function may raise anything
            hint = JOIN if "truth value" in str(error) else ""
            words = f"{type(error).__name__}: {error}{hint}{line_of(self.path, error)}"
            raise self.wrong(words, *given) from error

    def wrong(self, words: str, *given: Any) -> WorldError:  # noqa: ANN401
        """Return the error that says *words* of the function that was *given* these."""
        held = f"({', '.join(map(repr, given))})" if given else ""
        return WorldError(f"{self.path}: {self.part}{held}: {words}")


Asker = Callable[[str], _Asked]


def _actor(actor: Actor, asked: Asker, channels: frozenset[str]) -> Actor:
    if words := _unhashable(actor.initial):
        raise asked(f"{actor.name}, initial").wrong(words)
    return evolve(
        actor,
        acts=_step(actor.acts, asked(f"{actor.name}.acts"), channels),
        hears=_step(actor.hears, asked(f"{actor.name}.hears"), channels),
        features=_features(actor, asked(f"{actor.name}.features")),
        show=_shown(actor.show, asked(f"{actor.name}.show")),
    )


def _step(
    step: Callable[..., Any], asked: _Asked, channels: frozenset[str]
) -> Callable[..., tuple[Do, ...]]:
    """Return *step*, whose outcomes are looked at."""

    def outcomes(*given: Any) -> tuple[Do, ...]:  # noqa: ANN401
        done = asked(lambda *held: tuple(step(*held)), *given)
        for do in done:
            if words := _problem(do, channels):
                raise asked.wrong(words, *given)
        return done

    def twice(*given: Any) -> tuple[Do, ...]:  # noqa: ANN401
        first, again = outcomes(*given), outcomes(*given)
        if first != again:
            raise asked.wrong(f"gave {first}, asked again {again}; {PURE}", *given)
        return first

    return twice


def _problem(do: object, channels: frozenset[str]) -> str:
    """Return what is wrong with one outcome of a step, nothing if it will do."""
    if not isinstance(do, Do):
        return f"{do!r} is no outcome; give Do(what, state, sends)"
    try:
        sent = tuple((to, message) for to, message in do.sends)
    except (TypeError, ValueError):
        return f"sends {do.sends!r}; give pairs of a channel and a message"
    unknown = next((to for to, _ in sent if to not in channels), None)
    if unknown is not None:
        return f"sends to {unknown!r}; the channels are {', '.join(sorted(channels)) or 'none'}"
    return _unhashable(do.state, *(message for _, message in sent)) or _unhashable(do.sends)


def _unhashable(*values: Any) -> str:  # noqa: ANN401
    """Return which of *values* cannot be looked up, nothing if all can."""
    for value in values:
        try:
            hash(value)
        except TypeError:
            return f"{value!r} cannot be hashed; {VALUES}"
    return ""


def _features(actor: Actor, asked: _Asked) -> Callable[[Hashable], Mapping[str, int]]:
    """Return the features of *actor*: the same names of each state, and small integers."""

    def given(state: Hashable) -> Mapping[str, int]:
        return dict(actor.features(state))

    names = set(asked(given, actor.initial))

    def features(state: Hashable) -> Mapping[str, int]:
        found = asked(given, state)
        if set(found) != names:
            other = f"{sorted(names)} of the first state"
            raise asked.wrong(f"has {sorted(found)}, but {other}; name the same ones", state)
        for name, value in found.items():
            _small(value, name, asked, state)
        return found

    return features


def _small(value: object, name: str, asked: _Asked, given: Hashable) -> None:
    """Refuse a feature that arrays of integers would change."""
    small = isinstance(value, SupportsIndex) and -FEATURE_MAX <= index(value) <= FEATURE_MAX
    if not small:
        fix = f"give an integer from -2**31 to 2**31; scale or cap {name}"
        raise asked.wrong(f"{name} is {value!r}; {fix}", given)


def _channel(channel: Channel, asked: Asker) -> Channel:
    def weigher(name: str, weight: Callable[[Any], int]) -> Callable[[Any], int]:
        told = asked(f"{channel.name}, weight {name}")

        def weighs(message: Hashable) -> int:
            value = told(weight, message)
            _small(value, name, told, message)
            return value

        return weighs

    weights = {name: weigher(name, weight) for name, weight in channel.weights.items()}
    show = _shown(channel.show, asked(f"{channel.name}.show"))
    return evolve(channel, weights=weights, show=show)


def _shown(show: Callable[[Any], object], asked: _Asked) -> Callable[[Any], str]:
    def shown(value: Hashable) -> str:
        found = asked(show, value)
        if not isinstance(found, str):
            raise asked.wrong(f"gave {found!r}; give a text", value)
        return found

    return shown


def _rule(rule: Rule, asked: Asker) -> Rule:
    told = asked(f"rule {rule.property.id}")
    when = None if rule.when is None else _claim(rule.when, told)
    return evolve(rule, holds=_claim(rule.holds, told), when=when)


def _claim(holds: Holds, asked: _Asked) -> Holds:
    """Return *holds*, which must say yes or no of a state, or of each of an array."""

    def claim(features: Any) -> Any:  # noqa: ANN401
        found = asked(lambda: holds(features))
        if not hasattr(found, "__and__"):  # of bool and array alike
            raise asked.wrong(f"says {found!r}; compare features, such as f.open <= 1")
        return found

    return claim
