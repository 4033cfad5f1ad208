"""The wire that spoils what it carries: each kind of fault does what its name says."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

import pytest

from spec.terms import Side
from tests.adapters.test_exchange import made
from tests.adapters.venue_wire import BINANCE, BOT, BYBIT, Served, connected, limit
from tests.adapters.venue_wire import Kind as Venue
from tests.evidence import chaos_wire
from tests.evidence.chaos_wire import HOST, ChaosWire, Kind, is_request

REQUEST = b"POST /order HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
WAIT_S = 5.0


class Peer:
    """The far end: it says back what it hears, and remembers the connections it has had."""

    def __init__(self) -> None:
        self.heard = list[bytearray]()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard = bytearray()
        self.heard.append(heard)
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                heard += data
                writer.write(data)
        writer.close()


@asynccontextmanager
async def spoiled(*kinds: Kind) -> AsyncGenerator[tuple[ChaosWire, Peer]]:
    """Yield a wire that is on, and the peer at its far end."""
    peer = Peer()
    server = await asyncio.start_server(peer.serve, HOST, 0)
    try:
        async with ChaosWire(server.sockets[0].getsockname()[1], kinds, seed=1) as wire:
            wire.on = True
            yield wire, peer
    finally:
        server.close()


async def said(wire: ChaosWire, data: bytes = REQUEST) -> bytes:
    """Say *data*, and return as much as comes back, or what does until the end."""
    reader, writer = await asyncio.open_connection(HOST, wire.port)
    writer.write(data)
    answer = bytearray()
    while len(answer) < len(data) and (part := await reader.read(65_536)):
        answer += part
    writer.close()
    return bytes(answer)


def run(test: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run *test*, but not for ever."""
    asyncio.run(asyncio.wait_for(test(), 4 * WAIT_S))


@pytest.fixture(autouse=True)
def _always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let faults strike at every chance, and soon."""
    monkeypatch.setattr(chaos_wire, "CHANCES", dict.fromkeys(Kind, 1.0))
    for name in ("DELAY_S", "LONG_DELAY_S", "PIECE_S"):
        monkeypatch.setattr(chaos_wire, name, 0.02)


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (REQUEST, True),
        (REQUEST[:-1], False),
        (REQUEST + b"!", False),
        (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: h\r\n", False),
        (b"\x81\x05hello", False),
    ],
)
def test_a_whole_request_is_recognised(data: bytes, *, whole: bool) -> None:
    """A part of one is not sent twice, and neither is a frame of a stream."""
    assert is_request(data) is whole


@pytest.mark.parametrize("kind", [None, Kind.DELAY, Kind.SPLIT])
def test_what_is_late_or_in_pieces_arrives_whole(kind: Kind | None) -> None:
    """A fault that loses nothing changes nothing but the time."""

    async def test() -> None:
        async with spoiled(*([] if kind is None else [kind])) as (wire, _):
            assert await said(wire) == REQUEST
            assert set(wire.faults) == {kind} - {None}

    run(test)


def test_a_copy_has_a_connection_of_its_own() -> None:
    """The far end hears the request twice, the near end one answer."""

    async def test() -> None:
        async with spoiled(Kind.TWICE) as (wire, peer):
            assert await said(wire) == REQUEST
            assert peer.heard == [REQUEST, REQUEST]
            assert await said(wire, b"no request") == b"no request"
            assert len(peer.heard) == 3

    run(test)


def test_a_cut_ends_the_connection() -> None:
    """At once, and with the next thing that is said."""

    async def test() -> None:
        async with spoiled(Kind.CUT) as (wire, peer):
            assert await said(wire) == b""
            assert not peer.heard
            wire.on = False
            reader, writer = await asyncio.open_connection(HOST, wire.port)
            writer.write(b"one")
            assert await reader.read(10) == b"one"
            wire.on = True
            writer.write(REQUEST)
            assert REQUEST.startswith(await reader.read())
            writer.close()
            assert (b"one" + REQUEST).startswith(peer.heard[0])

    run(test)


def test_a_truncated_answer_ends_early() -> None:
    """The request was heard whole."""

    async def test() -> None:
        async with spoiled(Kind.TRUNCATE) as (wire, peer):
            answer = await said(wire)
            assert len(answer) < len(REQUEST)
            assert REQUEST.startswith(answer)
            assert peer.heard == [REQUEST]

    run(test)


def test_garbage_is_in_the_answer_only() -> None:
    """It is added, and so long that no number is merely changed."""

    async def test() -> None:
        async with spoiled(Kind.GARBAGE) as (wire, peer):
            answer = await said(wire)
            assert peer.heard == [REQUEST]
            assert 16 <= len(answer) - len(REQUEST) <= 64

    run(test)


def test_a_mute_connection_stays_open() -> None:
    """Nothing passes until the client gives it up; the wire says that it is there."""

    async def test() -> None:
        async with spoiled(Kind.MUTE) as (wire, peer):
            reader, writer = await asyncio.open_connection(HOST, wire.port)
            writer.write(REQUEST)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.2)
            assert peer.heard == [b""]
            assert not wire.calm
            writer.close()
            async with asyncio.timeout(WAIT_S):
                while not wire.calm:  # noqa: ASYNC110  # the other end of a connection says nothing
                    await asyncio.sleep(0.01)

    run(test)


def test_a_seed_draws_the_same_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """The n-th connection meets the same ones."""
    monkeypatch.setattr(chaos_wire, "CHANCES", dict.fromkeys(Kind, 0.3))

    async def test() -> None:
        answers = list[list[bytes]]()
        for _ in range(2):
            async with spoiled(Kind.TRUNCATE, Kind.GARBAGE) as (wire, _):
                answers.append([await said(wire) for _ in range(4)])
        assert answers[0] == answers[1]
        assert len(set(answers[0])) > 1

    run(test)


@pytest.mark.parametrize("venue", [BYBIT, BINANCE], ids=["bybit", "binance"])
def test_an_order_sent_twice_is_there_once(venue: Venue) -> None:
    """Each request of the adapter comes a second time, before or after the first."""

    async def test() -> None:
        served = Served(venue, made(dialect=venue.dialect.terms.exchange.removesuffix("usdm")))
        async with ChaosWire(await served.port(), (Kind.TWICE,), seed=1) as wire:
            async with connected(venue, wire.port, BOT) as adapter:
                wire.on = True
                for number in (1, 2, 3):
                    await adapter.place(0, number, limit(Side.BUY, 100, 400_000))
                while not wire.calm:  # noqa: ASYNC110  # copies are on their way
                    await asyncio.sleep(0.05)
                assert len(served.trader.venue.open_orders(0)) == 3
            assert wire.faults[Kind.TWICE] == 3
        await served.close()

    run(test)
