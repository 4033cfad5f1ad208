"""The codec: exact both ways for all that the bot is told, asks for and is; nothing else passes."""

import json
from enum import IntEnum
from types import UnionType
from typing import Any, get_args

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.journal.codec import CodecError, decode, encode
from adapters.journal.steps import Change, Snapshot, Step
from machines import bot as bots
from machines import messages
from machines.bot import Bot
from machines.hedge_wallet import Price
from machines.messages import Alert, Command, Place, Report, Restarted, Wanted
from machines.order import Event as OrderEvent
from machines.order import Filled
from spec.hedge_wallet import OrderKind
from spec.terms import Side

WHOLE = st.integers(-(2**70), 2**70)


def members(union: UnionType) -> tuple[type, ...]:
    return get_args(union)


EVENTS, COMMANDS, ORDER_EVENTS = members(bots.Event), members(Command), members(OrderEvent)


def every_field(kind: type) -> st.SearchStrategy[Any]:
    """Return values of the attrs class *kind*, each field drawn, none left at its default."""
    resolved = attrs.resolve_types(kind)
    drawn: dict[str, st.SearchStrategy[Any]] = {}
    for each in attrs.fields(resolved):
        if each.name != "spec":
            drawn[each.name] = of_type(each.type)
    return st.builds(kind, **drawn)


def of_type(kind: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401
    """Return values of *kind*: a class of ours, an enumeration, a tuple, a union or a plain one."""
    if kind is int:
        return WHOLE
    if kind is bool:
        return st.booleans()
    if kind is str:
        return st.text()
    if kind is type(None):
        return st.none()
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return st.sampled_from(kind)
    if isinstance(kind, type) and attrs.has(kind):
        return st.deferred(lambda: every_field(kind))
    parts = get_args(kind)
    if isinstance(kind, UnionType) or getattr(kind, "__origin__", None) is not tuple:
        return st.one_of(*map(of_type, parts))
    if parts[-1] is Ellipsis:
        return st.lists(of_type(parts[0]), max_size=3).map(tuple)
    return st.tuples(*map(of_type, parts))


def same(value: object, kind: type) -> None:
    """Assert that *value* comes back equal, of the same classes, and is written the same again."""
    text = encode(value)
    back: object = decode(text, kind)
    assert back == value
    assert repr(back) == repr(value)
    assert encode(back) == text
    assert text.isascii()
    assert "\n" not in text


@pytest.mark.parametrize("kind", EVENTS)
@given(data=st.data())
def test_every_event_comes_back(kind: type, data: st.DataObject) -> None:
    """What the bot is told: equal, and of the same classes, whatever the numbers."""
    event = data.draw(every_field(kind))
    same(Step(event=event, commands=(), changes=()), Step)


@pytest.mark.parametrize("kind", ORDER_EVENTS)
@given(data=st.data())
def test_every_report_comes_back(kind: type, data: st.DataObject) -> None:
    """What a venue says of an order."""
    event = Report(client_order_id=1, event=data.draw(every_field(kind)))
    same(Step(event=event, commands=(), changes=()), Step)


@pytest.mark.parametrize("kind", COMMANDS)
@given(data=st.data())
def test_every_command_comes_back(kind: type, data: st.DataObject) -> None:
    """What the bot asks for."""
    command = data.draw(every_field(kind))
    same(Step(event=Restarted(), commands=(command,), changes=()), Step)


@given(bot=every_field(Bot), changes=st.lists(every_field(Change), max_size=3))
def test_every_state_comes_back(bot: Bot, changes: list[Change]) -> None:
    """A whole bot, and what a step changes."""
    same(Snapshot(bot), Snapshot)
    same(Step(event=Restarted(), commands=(), changes=tuple(changes)), Step)


WITHIN = {Wanted, messages.Bar, messages.Bars}


def test_the_tests_know_every_message() -> None:
    """The messages' module has no class that is neither an event, a command nor inside of one.

    Bars are told to a portfolio only, which has no journal.
    """
    made = {each for each in vars(messages).values() if isinstance(each, type)}
    ours = {each for each in made if each.__module__ == messages.__name__}
    assert ours == (set(EVENTS) | set(COMMANDS)) - {Price, *members(bots.WalletEvent)} | WITHIN


@pytest.mark.parametrize(
    "step",
    [
        Step(event=Price("7"), commands=(), changes=()),  # type: ignore[arg-type]
        Step(event=Price(7.0), commands=(), changes=()),  # type: ignore[arg-type]
        Step(event=Price(ticks=True), commands=(), changes=()),
        Step(event=Price(b"key"), commands=(), changes=()),  # type: ignore[arg-type]
        Step(event={"secret": "key"}, commands=(), changes=()),  # type: ignore[arg-type]
        Step(event=Restarted(), commands=("key",), changes=()),  # type: ignore[arg-type]
        Step(event=Restarted(), commands=(Place(1, "key"),), changes=()),  # type: ignore[arg-type]
        Step(event=Restarted(), commands=(Alert(7, 7),), changes=()),  # type: ignore[arg-type]
    ],
)
def test_nothing_else_is_written(step: Step) -> None:
    """A value of another type is refused, so what is no message cannot reach the disk."""
    with pytest.raises(CodecError):
        encode(step)


STEP = Step(event=Report(client_order_id=1, event=Filled(40)), commands=(), changes=())
TEXT = encode(STEP)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "7",
        "{}",
        TEXT[:-1],
        f"{TEXT} ",
        TEXT.replace('"commands":[],', ""),
        TEXT.replace("40", "40.0"),
        TEXT.replace("40", "true"),
        TEXT.replace("40", '"40"'),
        TEXT.replace("40", "4e1"),
        TEXT.replace("Filled", "Filed"),
        TEXT.replace("Report", "Place"),
        TEXT.replace('"fee":0', '"fee":0,"fee":0'),
        TEXT.replace('"fee":0', '"fee":0,"key":0'),
        TEXT.replace('"reason":0', '"reason":99'),
        json.dumps(json.loads(TEXT)),
        "[" * 100_000,
    ],
)
def test_one_text_for_each_value(text: str) -> None:
    """A text that is not exactly what would be written is refused."""
    assert text != TEXT
    with pytest.raises(CodecError):
        decode(text, Step)


def test_a_member_of_an_enumeration_counts_as_its_number() -> None:
    """A strategy's kind is a plain number to the order manager, whatever it was made from."""
    wanted = Wanted(key=0, kind=OrderKind.STOP_LOSS_COVER, side=Side.SELL, qty=1)
    step = Step(event=Restarted(), commands=(Place(1, wanted),), changes=())
    back = decode(encode(step), Step)
    assert back == step
    (place,) = back.commands
    assert isinstance(place, Place)
    assert place.order.side is Side.SELL
