"""The parts of the adapters that need no venue: ids, texts, keys, codes and the gate."""

import asyncio
import decimal
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.venue import text
from adapters.venue.binance import Binance
from adapters.venue.client_id import NUMBER_MAX, ClientIds
from adapters.venue.contracts import contracts
from adapters.venue.credentials import (
    Credentials,
    CredentialsError,
    from_environment,
    from_file,
)
from adapters.venue.gate import Gate, Limits
from adapters.venue.outcomes import Failure
from adapters.venue.port import Done, Duplicate, Rejected, Unknown
from adapters.venue.venues import VENUES
from spec.terms import Reason

SYMBOLS = ["BTCUSDT", "ETHUSDT"]


# --- Client order ids -------------------------------------------------------------------------


@given(st.integers(0, 1), st.integers(1, NUMBER_MAX), st.sampled_from(["", "0x"]))
def test_an_id_is_read_back(symbol: int, number: int, prefix: str) -> None:
    """Symbol and number come back, and nothing but what every venue takes is in the text."""
    ids = ClientIds("bot-1", SYMBOLS, prefix)
    written = ids.text(symbol, number)
    assert ids.read(written) == (symbol, number)
    assert len(written.removeprefix(prefix)) == 32
    assert set(written.removeprefix(prefix)) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "other",
    [
        ClientIds("bot-2", SYMBOLS).text(0, 1),
        ClientIds("bot-1", ["SOLUSDT"]).text(0, 1),
        ClientIds("bot-1", SYMBOLS).text(0, 1).upper(),
        ClientIds("bot-1", SYMBOLS).text(0, 1) + "0",
        "x-cvBPrNm9f366df9ed9a7b6d281375d",
        "autoclose-1700000000000",
        "",
    ],
)
def test_what_others_have_placed_is_not_ours(other: str) -> None:
    """Another bot's ids, another contract's, a person's and the venue's own are read as none."""
    ids = ClientIds("bot-1", SYMBOLS)
    assert ids.text(0, 10) != ids.text(1, 10)
    assert ids.read(other) is None


def test_an_id_does_not_depend_on_the_order_of_the_symbols() -> None:
    """A bot that is started with its symbols in another order knows its orders again."""
    before, after = ClientIds("bot-1", SYMBOLS), ClientIds("bot-1", SYMBOLS[::-1])
    assert after.read(before.text(0, 7)) == (1, 7)


# --- Texts ------------------------------------------------------------------------------------


@given(st.integers(0, 10**15), st.sampled_from(["0.1", "0.5", "1", "10", "0.00000001"]))
def test_whole_units_survive_the_border(units: int, unit: str) -> None:
    """What is written in a unit is read in it, exactly."""
    assert text.exactly(text.written(units, Decimal(unit)), Decimal(unit)) == units


def test_a_changed_decimal_context_changes_nothing() -> None:
    """The client library changes the context of its thread."""
    with decimal.localcontext() as context:
        context.prec, context.rounding = 4, decimal.ROUND_UP
        assert text.exactly("123456789.1", Decimal("0.1")) == 1_234_567_891
        assert text.nearest("0.123449", Decimal("0.0001")) == 1_234
        assert text.written(1_234_567, Decimal("0.001")) == "1234.567"


@pytest.mark.parametrize("wrong", ["0.15", "1e-9", "abc", "NaN", "Infinity"])
def test_what_is_no_multiple_is_not_rounded(wrong: str) -> None:
    """A price or a quantity between units is an error, never the nearest unit."""
    with pytest.raises(text.Unreadable):
        text.exactly(wrong, Decimal("0.1"))


def test_a_contract_of_several_coins_counts_in_contracts() -> None:
    """The venue's unit of quantity is a contract; a lot is worth what it is in coins."""
    market = {
        "id": "BTC-USDT-SWAP",
        "symbol": "BTC/USDT:USDT",
        "settle": "USDT",
        "precision": {"price": 0.1, "amount": 0.01},
        "contractSize": 0.01,
        "maker": 0.0002,
        "taker": "0.0005",
        "limits": {
            "amount": {"min": 0.01, "max": None},
            "cost": {"min": None},
            "leverage": {"max": 100},
        },
    }
    (contract,) = contracts([market])
    assert contract.qty(250) == "2.5"
    assert contract.instrument.lot == "0.0001"
    assert contract.instrument.notional(500_000, 250) * Decimal(contract.instrument.money) == 1_250
    assert (contract.instrument.maker_ppm, contract.instrument.taker_ppm) == (200, 500)


# --- Keys -------------------------------------------------------------------------------------


def test_keys_are_never_shown() -> None:
    """Neither the object nor an error shows a key."""
    assert repr(Credentials(key="kkk", secret="sss", wallet="0x1")) == "Credentials()"  # noqa: S106


def test_keys_come_from_the_environment() -> None:
    """Four names are read; none of them is none."""
    found = from_environment({"HEDGEPROOF_KEY": "a", "HEDGEPROOF_SECRET": "b", "PATH": "/"})
    assert found == Credentials(key="a", secret="b")  # noqa: S106
    assert from_environment({"PATH": "/"}) is None


def test_a_file_of_keys_is_its_owner_s_alone(tmp_path: Path) -> None:
    """A file that others may read is refused, with what to do about it."""
    path = tmp_path / "keys.json"
    path.write_text('{"key": "a", "secret": "b"}')
    path.chmod(0o640)
    with pytest.raises(CredentialsError, match=r"0640\); run: chmod 600"):
        from_file(path)
    path.chmod(0o600)
    assert from_file(path) == Credentials(key="a", secret="b")  # noqa: S106


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "JSON object"), ("[]", "JSON object"), ('{"api": "k"}', "api"), ('{"key": 1}', "key")],
)
def test_a_wrong_file_of_keys_is_explained(tmp_path: Path, content: str, words: str) -> None:
    """The message names the entry, never its value."""
    path = tmp_path / "keys.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(CredentialsError, match=words):
        from_file(path)
    with pytest.raises(CredentialsError, match="No such file"):
        from_file(tmp_path / "none")


# --- Codes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("venue", "code", "reason"),
    [
        ("bybit", "110007", Reason.MARGIN),
        ("bybit", "110150", Reason.NONE),
        ("binance", "-2019", Reason.MARGIN),
        ("binance", "-4999", Reason.NONE),
        ("okx", "51008", Reason.MARGIN),
        ("okx", "51999", Reason.NONE),
    ],
)
def test_a_known_code_is_a_refusal(venue: str, code: str, reason: Reason) -> None:
    """A code of the venue's order rules says that nothing was done, known reason or not."""
    outcome = VENUES[venue].terms.codes.outcome(Failure(code, "words"))
    assert outcome == Rejected(reason, code, "words")


@pytest.mark.parametrize(
    ("venue", "code"),
    [
        ("bybit", "10016"),
        ("bybit", "170000"),
        ("binance", "-1007"),
        ("binance", "-1000"),
        ("okx", "50004"),
        ("okx", "51410"),
        ("hyperliquid", ""),
        ("bybit", ""),
    ],
)
def test_any_other_failure_is_unknown(venue: str, code: str) -> None:
    """A time-out, an internal error and a code that nobody has explained leave the order open."""
    codes = VENUES[venue].terms.codes
    assert isinstance(codes.outcome(Failure(code, "words")), Unknown)
    assert isinstance(codes.setting(Failure(code, "words")), Unknown)


@pytest.mark.parametrize(
    ("venue", "code"), [("bybit", "110072"), ("binance", "-4116"), ("okx", "51016")]
)
def test_a_duplicate_id_is_no_refusal(venue: str, code: str) -> None:
    """It says that an earlier attempt has reached the venue."""
    assert VENUES[venue].terms.codes.outcome(Failure(code, "")) == Duplicate()


@pytest.mark.parametrize(("venue", "code"), [("bybit", "110025"), ("binance", "-4059")])
def test_a_setting_that_is_so_already_is_done(venue: str, code: str) -> None:
    """To ask for what is so is no error."""
    assert VENUES[venue].terms.codes.setting(Failure(code, "")) == Done(changed=False)


@pytest.mark.parametrize(
    ("venue", "drift", "limited"),
    [("bybit", "10002", "10006"), ("binance", "-1021", "-1003"), ("okx", "50102", "50011")],
)
def test_drift_and_limits_are_told(venue: str, drift: str, limited: str) -> None:
    """Neither request was carried out, and the caller learns what to mend."""
    codes = VENUES[venue].terms.codes
    assert codes.outcome(Failure(drift, "")) == Rejected(Reason.NONE, drift, "", drift=True)
    assert codes.outcome(Failure(limited, "")) == Rejected(Reason.NONE, limited, "", limited=True)
    assert codes.unavailable(Failure(drift, "")).drift
    assert codes.unavailable(Failure(limited, "")).limited


@pytest.mark.parametrize(
    ("venue", "code"), [("binance", "-1007"), ("okx", "50013"), ("bybit", "10016")]
)
def test_a_crowd_does_not_make_an_unknown_outcome_a_refusal(venue: str, code: str) -> None:
    """A code that leaves it open whether the order was taken does so under any status of HTTP."""
    assert isinstance(VENUES[venue].terms.codes.outcome(Failure(code, "", limited=True)), Unknown)


def test_a_refusal_that_has_another_reason_is_no_crowd() -> None:
    """The table of codes counts, not the exception that ccxt makes of one."""
    codes = VENUES["binance"].terms.codes
    assert codes.outcome(Failure("-4005", "", limited=True)) == Rejected(
        Reason.BAD_QTY, "-4005", ""
    )
    crowd = codes.outcome(Failure("", "429 Too Many Requests", limited=True))
    assert isinstance(crowd, Rejected)
    assert crowd.limited


def test_the_words_tell_refusals_of_one_code_apart() -> None:
    """Where a code means any wrong parameter, its text says which."""
    codes = VENUES["okx"].terms.codes
    assert codes.reason(Failure("51000", "Parameter posSide error")) is Reason.POSITION_SIDE
    assert codes.reason(Failure("51000", "Parameter x error")) is Reason.NONE


def test_the_budget_is_read_from_the_headers() -> None:
    """A weight near the limit is a wait until the next minute begins."""
    headers = {"x-mbx-used-weight-1m": "2399", "x-mbx-order-count-10s": "1"}
    assert Binance().wait_ms(headers, 90_000) == 30_000
    assert Binance().wait_ms({"x-mbx-used-weight-1m": "10"}, 90_000) == 0


# --- The gate ---------------------------------------------------------------------------------


class Clock:
    """A clock that a test sets."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def passed(gate: Gate, asked: list[bool]) -> list[int]:
    """Return in which order requests (urgent or not) pass that ask at once."""
    order = list[int]()

    async def ask(number: int, *, urgent: bool) -> None:
        await gate.enter(urgent=urgent)
        order.append(number)

    tasks = [asyncio.create_task(ask(n, urgent=urgent)) for n, urgent in enumerate(asked)]
    await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return order


def test_urgent_requests_go_first_and_have_a_reserve() -> None:
    """Of five at once two may pass, and three that are urgent: cancels never wait behind others."""

    async def test() -> None:
        gate = Gate(Limits(per_second=0.001, burst=5, urgent=3), Clock())
        assert await passed(gate, [False, False, False, True, True, True, True]) == [0, 1, 3, 4, 5]

    asyncio.run(test())


def test_the_gate_opens_at_the_venue_s_pace() -> None:
    """What has passed is earned again, so many a second, and never more than the burst."""

    async def test() -> None:
        clock = Clock()
        gate = Gate(Limits(per_second=1, burst=2), clock)
        assert await passed(gate, [False] * 3) == [0, 1]
        clock.now_s += 1
        assert await passed(gate, [False] * 2) == [0]
        clock.now_s += 100
        assert await passed(gate, [False] * 3) == [0, 1]

    asyncio.run(test())


def test_a_hold_stops_what_can_wait_and_a_ban_all() -> None:
    """When the budget is used up cancels still pass; when the venue bans us nothing does."""

    async def test() -> None:
        clock = Clock()
        gate = Gate(Limits(per_second=1_000, burst=10), clock)
        gate.hold(5)
        assert await passed(gate, [False, True]) == [1]
        gate.ban(10)
        assert await passed(gate, [False, True]) == []
        clock.now_s += 11
        assert await passed(gate, [False, True]) == [0, 1]

    asyncio.run(test())
