"""Check one value of a configuration against its key."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from adapters.strategy import coins
from adapters.strategy.keys import Json, Key, Kind
from adapters.strategy.migrate import VERSION

Checked = tuple[Json, str]  # a value as it is kept, and the fix, empty if there is no need


def checked(key: Key, value: Json) -> Checked:
    """Return *value* as *key* keeps it, and the fix if it cannot."""
    if value is None and key.empty:
        return None, ""
    kept, fix = CHECKS[key.kind](key, value)
    return kept, f"{fix}, or null" if fix and key.empty else fix


def _number(key: Key, value: Json) -> Checked:
    """Check a number: its range, and that it is a multiple of the step if there is one."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None, f"give a number, {key.range}"
    number = Decimal(value)
    if number not in key.range:
        return None, f"give a number, {key.range}"
    if key.step is not None and number % key.step:
        return None, f"give a multiple of {key.step:f}"
    return number, ""


def _whole(key: Key, value: Json) -> Checked:
    """Check a whole number; 3.0 is one."""
    number, fix = _number(key, value)
    if fix or not isinstance(number, Decimal) or number != int(number):
        return None, f"give a whole number, {key.range}"
    return int(number), ""


def _switch(_: Key, value: Json) -> Checked:
    return (value, "") if isinstance(value, bool) else (None, "write true or false")


def shown(text: str) -> str:
    """Return *text* as people read it: an empty one as two quotes."""
    return text or '""'


def _choice(key: Key, value: Json) -> Checked:
    if isinstance(value, str) and value in key.choices:
        return value, ""
    return None, f"choose {' or '.join(map(shown, key.choices))}"


def _text(key: Key, value: Json) -> Checked:
    if not isinstance(value, str) or not value.isprintable():
        return None, "give a text"
    if key.path == "config_version" and not VERSION.fullmatch(value):
        return None, "give a file of version v7.x; later ones have other keys"
    return value, ""


def _date(_: Key, value: Json) -> Checked:
    if isinstance(value, str):
        rest = {4: "-01-01", 7: "-01"}.get(len(value), "")
        try:
            datetime.fromisoformat(value + rest)
        except ValueError:
            pass
        else:
            return value, ""
    return (value, "") if value == "now" else (None, 'give a date such as "2025-05-31", or "now"')


def _names(_: Key, value: Json) -> Checked:
    listed = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (None,)
    if all(isinstance(each, str) and each.isprintable() for each in listed):
        return listed, ""
    return None, 'give a list of texts such as ["binance"]'


def _coins(_: Key, value: Json) -> Checked:
    kept = coins.settled(value)
    return (kept, "") if kept is not None else (None, coins.FIX)


def _object(_: Key, value: Json) -> Checked:
    return (_still(value), "") if isinstance(value, Mapping) else (None, "write an object, { }")


def _list(_: Key, value: Json) -> Checked:
    fine = isinstance(value, Sequence) and not isinstance(value, str)
    return (_still(value), "") if fine else (None, "write a list, [ ]")


def _still(value: Json) -> Json:
    """Return *value* with tuples for lists, so that equal values are equal."""
    if isinstance(value, Mapping):
        return {name: _still(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(map(_still, value))
    return value


CHECKS: Mapping[Kind, Callable[[Key, Json], Checked]] = {
    Kind.NUMBER: _number,
    Kind.WHOLE: _whole,
    Kind.SWITCH: _switch,
    Kind.CHOICE: _choice,
    Kind.TEXT: _text,
    Kind.DATE: _date,
    Kind.NAMES: _names,
    Kind.COINS: _coins,
    Kind.OBJECT: _object,
    Kind.LIST: _list,
}
