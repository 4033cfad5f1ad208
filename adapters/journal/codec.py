"""Steps and snapshots as canonical JSON: one text for each value, and one value for each text.

Only the types of the bot's own messages and states are known here, and every field is checked
both ways: what is no number, no truth value and no word of those types is not written.
"""

import json
from collections.abc import Callable
from enum import IntEnum
from math import isfinite
from types import UnionType
from typing import Any, TypeVar, cast, get_origin

from cattrs import Converter
from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.strategies import configure_tagged_union

from adapters import bots
from adapters.journal.steps import Intervention, Snapshot, Step, Supervision
from machines import overlay
from machines import supervisor as supervisors
from machines.bot import Bot
from machines.messages import Command
from machines.order import Event as OrderEvent
from machines.order_manager import Book

T = TypeVar("T")
Body = Step | Snapshot | Supervision | Intervention
UNIONS: tuple[UnionType, ...] = (  # the inner ones first
    OrderEvent,
    overlay.Command,
    bots.Event,
    Command,
    supervisors.Event,
)
TAG = "type"


class CodecError(ValueError):
    """A value or a text is not of the journal's types; the message names what was found."""


def encode(value: object) -> str:
    """Return *value*, of a class of the journal, as canonical JSON in ASCII, without line ends.

    Raises:
        CodecError: A field holds what its type does not allow.
    """
    try:
        return _text(_converter.unstructure(value))
    except CodecError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CodecError(f"{type(value).__name__} holds what no journal does: {error!r}") from error


def decode(text: str, kind: type[T]) -> T:
    """Return the value of class *kind* whose `encode` is *text*.

    A field that is left out has its default: older releases did not have all of today's.

    Raises:
        CodecError: There is none.
    """
    try:
        found: object = json.loads(text)
        value = _converter.structure(found, kind)
    except CodecError:
        raise
    except (BaseValidationError, ForbiddenExtraKeysError, RecursionError) as error:
        raise CodecError(f"no {kind.__name__}: {error}") from error
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise CodecError(f"no {kind.__name__}: {error!r}") from error
    written = encode(value)
    if written != text and not (_text(found) == text and _says(found, json.loads(written))):
        raise CodecError(f"no {kind.__name__}: it would be written in another way")
    return value


def _says(found: object, written: object) -> bool:
    """Return whether *found* is what is *written*, but for fields that older releases left out."""
    if type(found) is not type(written):
        return False
    if isinstance(found, dict):
        said, all_of_it = cast("dict[str, object]", found), cast("dict[str, object]", written)
        return all(_says(each, all_of_it[name]) for name, each in said.items())
    if isinstance(found, list):
        one, other = cast("list[object]", found), cast("list[object]", written)
        return len(one) == len(other) and all(map(_says, one, other))
    return found == written


def _text(plain: object) -> str:
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _whole(value: object, _: object = None) -> int:
    """Return *value* if it is a whole number; an enumeration's member counts as its number."""
    if type(value) is int:  # most are, and there are many
        return value
    if not isinstance(value, int) or isinstance(value, bool):
        raise CodecError(f"{value!r} is no whole number")
    return int(value)


def _real(value: object, _: object = None) -> float | str:
    """Return *value* if it is a float, and the word for what no JSON number is."""
    if not isinstance(value, float | int) or isinstance(value, bool):
        raise CodecError(f"{value!r} is no number")
    return float(value) if isfinite(value) else str(float(value))


def _read_real(value: object, _: object = None) -> float:
    """Return the float that *value* stands for; its `_real` is *value*, or it is refused."""
    return float(value) if isinstance(value, str | float) else _whole(value)


def _names(value: frozenset[str]) -> list[str]:
    """Return *value* in order."""
    return sorted(value)


def _truth(value: object, _: object = None) -> bool:
    """Return *value* if it is true or false."""
    if not isinstance(value, bool):
        raise CodecError(f"{value!r} is neither true nor false")
    return value


def _words(value: object, _: object = None) -> str:
    """Return *value* if it is a text."""
    if type(value) is not str:
        raise CodecError(f"{value!r} is no text")
    return value


def _member(value: object, kind: type[IntEnum]) -> IntEnum:
    """Return the member of *kind* whose number is *value*."""
    return kind(_whole(value))


def _is(kind: type) -> Callable[[object], bool]:
    return lambda found: found is kind


def _is_set(kind: object) -> bool:
    return get_origin(kind) is frozenset


def _is_enum(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, IntEnum)


def _without_spec(converter: Converter, kind: type[Book] | type[Bot]) -> None:
    """Leave a machine's table out of what is written of *kind*: it is code, and the default."""
    omitted = override(omit=True)
    write: Callable[[Any], object] = make_dict_unstructure_fn(
        cast("type[object]", kind), converter, spec=omitted
    )
    read: Callable[[Any, object], object] = make_dict_structure_fn(
        cast("type[object]", kind), converter, spec=omitted, _cattrs_forbid_extra_keys=True
    )
    converter.register_unstructure_hook(kind, write)
    converter.register_structure_hook(kind, read)


def _made() -> Converter:
    """Return the converter of all that a journal holds."""
    converter = Converter(forbid_extra_keys=True, detailed_validation=False)
    # By predicate: a hook for the class `int` would take its subclasses, the enumerations, too.
    for is_kind, write, read in (
        (_is(int), _whole, _whole),
        (_is(bool), _truth, _truth),
        (_is(float), _real, _read_real),
        (_is_enum, _whole, _member),
    ):
        converter.register_unstructure_hook_func(is_kind, write)
        converter.register_structure_hook_func(is_kind, read)
    converter.register_unstructure_hook(str, _words)
    converter.register_structure_hook(str, _words)
    converter.register_unstructure_hook_func(_is_set, _names)
    for union in UNIONS:
        configure_tagged_union(cast("Any", union), converter, tag_name=TAG)
    for kind in (Book, Bot):
        _without_spec(converter, kind)
    return converter


_converter = _made()
