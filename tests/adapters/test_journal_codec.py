"""The codec: exact both ways for all that the bot is told, asks for and is; nothing else passes."""

import json
from enum import IntEnum
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_type_hints

import attrs
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from adapters import bots
from adapters.journal.codec import CodecError, decode, encode
from adapters.journal.replay import replayed
from adapters.journal.steps import Change, Snapshot, Step
from adapters.journal.store import Journal
from machines import messages
from machines.bot import Bot, WalletEvent, new
from machines.hedge_wallet import Price
from machines.messages import Alert, Bar, Command, Place, QueryAccount, Report, Restarted, Wanted
from machines.order import Event as OrderEvent
from machines.order import Filled
from machines.overlay import Mirrors
from machines.portfolio_mirrors import MirrorConfig
from machines.pricing.averages import Averages, SideAverages
from machines.pricing.sides import Position
from machines.pricing.sides import Side as PricedSide
from spec.hedge_wallet import OrderKind
from spec.terms import PositionMode, Side
from tests.adapters.journal_tapes import tape, write
from tests.adapters.live_portfolio import chosen, warm
from tests.adapters.live_world import DEPOSIT, config

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
    if kind is float:
        return st.floats(allow_nan=False)
    if kind is frozenset or getattr(kind, "__origin__", None) is frozenset:
        return st.frozensets(st.text(), max_size=1)  # the repr of more has no order
    if isinstance(kind, type) and issubclass(kind, tuple):
        return st.builds(kind, *map(of_type, get_type_hints(kind).values()))
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


PARTS = (Position, SideAverages, Averages, PricedSide, MirrorConfig, Mirrors)


@pytest.mark.parametrize("kind", PARTS)
@given(data=st.data())
def test_every_part_of_a_portfolio_comes_back(kind: type, data: st.DataObject) -> None:
    """Averages and terms are floats, which come back to the last bit."""
    same(data.draw(every_field(kind)), kind)


@pytest.mark.parametrize("mode", PositionMode)
def test_a_portfolio_comes_back(mode: PositionMode) -> None:
    """A whole one, and what it is told."""
    bot = warm(chosen(mode))
    text = encode(Snapshot(bot))
    back = decode(text, Snapshot)
    assert back == Snapshot(bot)
    with pytest.raises(CodecError):
        decode(text.replace('"inf"', '"Infinity"'), Snapshot)
    assert encode(back) == text != encode(Snapshot(evolve(bot, newest_ms=7)))


WITHIN = {Wanted, Bar}


def test_the_tests_know_every_message() -> None:
    """The messages' module has no class that is neither an event, a command nor inside of one."""
    made = {each for each in vars(messages).values() if isinstance(each, type)}
    ours = {each for each in made if each.__module__ == messages.__name__}
    assert ours == (set(EVENTS) | set(COMMANDS)) - {Price, *members(WalletEvent)} | WITHIN


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


def older(text: str) -> str:
    """Return *text* as it was written before there were symbols."""
    return text.replace(',"symbol":0', "").replace('"symbol":0,', "")


PLACED = Place(1, Wanted(key=0, kind=0, side=Side.SELL, qty=1))
OLDER = {
    TEXT: Step,
    encode(Step(event=Restarted(), commands=(PLACED, QueryAccount()), changes=())): Step,
    encode(Snapshot(new(config(), DEPOSIT))): Snapshot,
}


@pytest.mark.parametrize("text", OLDER)
def test_a_row_of_an_older_release_has_the_defaults(text: str) -> None:
    """Rows were written before there were symbols: they are of the first one."""
    left, kind = older(text), OLDER[text]
    assert '"symbol":0' not in left
    value: object = decode(left, kind)
    assert encode(value) == text
    with pytest.raises(CodecError):
        decode(f"{left} ", kind)
    with pytest.raises(CodecError):
        decode(older(TEXT).replace('"fee":0', '"fee":0,"fee":0'), Step)


def test_an_older_journal_goes_on(tmp_path: Path) -> None:
    """What was written without symbols replays, and the bot is the same."""
    recording, path = tape(1, bars=300), tmp_path / "journal.db"
    ran = write(path, recording)
    with Journal(path) as journal:
        rows = [row._replace(body=older(row.body)) for row in journal.rows()]
    assert not any('"symbol":0' in row.body for row in rows)
    after: bots.AnyBot = ran
    for moment in replayed(rows):
        after = moment.after
    assert after == ran


def test_a_member_of_an_enumeration_counts_as_its_number() -> None:
    """A strategy's kind is a plain number to the order manager, whatever it was made from."""
    wanted = Wanted(key=0, kind=OrderKind.STOP_LOSS_COVER, side=Side.SELL, qty=1)
    step = Step(event=Restarted(), commands=(Place(1, wanted),), changes=())
    back = decode(encode(step), Step)
    assert back == step
    (place,) = back.commands
    assert isinstance(place, Place)
    assert place.order.side is Side.SELL
