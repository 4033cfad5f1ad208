"""`hedgeproof run` and `hedgeproof status`: what is refused, and two processes on the wire."""

import argparse
import asyncio
import json
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner, Result

from adapters.cli import app
from adapters.journal.chain import GENESIS, following
from adapters.journal.errors import JournalError
from adapters.journal.store import Journal
from adapters.live import status as live_status
from adapters.live.account import folder, named
from adapters.live.log import Log, Webhook
from adapters.live.start import begun, found
from adapters.venue.credentials import Credentials
from machines import bot as bots
from spec.units import SECOND_NS
from tests.adapters.live_world import BEGIN_NS, DEPOSIT, config
from tests.evidence import comparison, kills

DEAD = "http://127.0.0.1:9"
KEYS = Credentials(key="key-1", secret="secret-1")  # noqa: S106


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KEY", "SECRET", "PASSWORD", "WALLET", "WEBHOOK"):
        monkeypatch.delenv(f"HEDGEPROOF_{name}", raising=False)


def refusal(*words: object) -> str:
    """Return the one line that refuses *words*, warnings aside."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 2, result.output
    assert not result.stdout
    return result.stderr.splitlines()[-1].removeprefix("hedgeproof: ")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "choose one of --url (simulated), --paper, --testnet and --live"),
        (("--paper", "--live"), "choose one of"),
        (("--live",), "--live trades real money; add --yes-real-money to confirm"),
        (("--testnet",), "no keys: set HEDGEPROOF_KEY and HEDGEPROOF_SECRET, or give --keys FILE"),
        (("--url", "http://example.org"), "url http://example.org: give that of `hedgeproof exch"),
        (("--url", DEAD, "--symbol", ""), 'symbol "": give a name'),
        (("--url", DEAD, "--venue", "okx"), "no exchange is simulated in the words of okx"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_line(
    tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    """The line names the option, its value and what to do."""
    assert refusal("run", "--state", tmp_path, *words).startswith(why)


def test_real_money_needs_keys_and_a_word(tmp_path: Path) -> None:
    """Confirmed, what is missing next is the keys: nothing is ever taken from a default."""
    assert refusal("run", "--state", tmp_path, "--live", "--yes-real-money").startswith("no keys")


def test_keys_that_others_may_read_are_refused(tmp_path: Path) -> None:
    """A file of keys is its owner's alone."""
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"key": "k", "secret": "very-secret"}))
    path.chmod(0o644)
    line = refusal("run", "--state", tmp_path, "--testnet", "--keys", path)
    assert "chmod 600" in line
    assert "very-secret" not in line


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    """One bot an account."""
    with folder(tmp_path, named("bybit", "simulated", KEYS)):
        line = refusal("run", "--state", tmp_path, "--url", DEAD)
    assert line.startswith("another process trades bybit-simulated-")


def test_a_venue_that_is_not_there_is_said(tmp_path: Path) -> None:
    """Before there is a journal, a venue has to answer."""
    line = refusal("run", "--state", tmp_path, "--url", DEAD)
    assert line.startswith("venue: ")
    assert line.endswith("see whether the address and the keys are right")


def test_the_status_of_nothing_is_refused() -> None:
    """The line names the port and where to find the right one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert refusal("status", "--port", port).startswith(f"port {port}: nothing answers there")


@pytest.mark.parametrize(("state", "code"), [("RUNNING", 0), ("HALTED", 1)])
def test_the_status_is_served_and_shown(
    monkeypatch: pytest.MonkeyPatch, state: str, code: int
) -> None:
    """`hedgeproof status` reads the port of the run; its code says whether a person is needed."""
    found = {"symbol": "S", "state": state, "halts": 1}
    monkeypatch.setattr(live_status, "status", lambda *_: found)

    async def story() -> tuple[Result, Result]:
        async with live_status.served(cast("Any", None), "venue", 0) as port:
            words = ["status", "--port", str(port)]
            shown = await asyncio.to_thread(CliRunner().invoke, app, words)
            counted = await asyncio.to_thread(CliRunner().invoke, app, [*words, "--metrics"])
        return shown, counted

    with asyncio.Runner() as runner:
        shown, counted = runner.run(story())
    assert shown.exit_code == code
    assert [line.split() for line in shown.stdout.splitlines()][1] == ["state", state]
    assert f'hedgeproof_halts{{symbol="S",state="{state}"}} 1' in counted.stdout


def test_a_status_port_that_is_taken_is_said() -> None:
    """Two bots of one computer need two ports."""

    async def story(port: int) -> None:
        async with live_status.served(cast("Any", None), "venue", port):
            pass

    with socket.create_server(("127.0.0.1", 0)) as server, asyncio.Runner() as runner:
        port = server.getsockname()[1]
        with pytest.raises(live_status.StatusError, match=f"status-port {port}: .*give another"):
            runner.run(story(port))


def test_a_journal_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    """What a crash has left of the first row is made anew."""
    path = tmp_path / "S.journal"
    (tmp_path / "S.journal-new").write_text("half")
    found(path, bots.new(config(), DEPOSIT), BEGIN_NS)
    with Journal(path) as journal:
        assert begun(journal) == (config(), DEPOSIT)
    assert [each.name for each in sorted(tmp_path.glob("*new"))] == []


def test_a_journal_of_a_release_with_other_fields_is_refused(tmp_path: Path) -> None:
    """What has no default is not guessed: one line says to use the release that wrote it."""
    path = tmp_path / "S.journal"
    found(path, bots.new(config(), DEPOSIT), BEGIN_NS)
    with Journal(path) as journal:
        (row,) = journal.rows()
        body = row.body.replace('"phase":', '"stage":')
        first = following(GENESIS, row.kind, row.at_ns, body)
        with journal.transaction() as connection:
            connection.execute("UPDATE journal SET body = ?, hash = ?", (body, first.hash))
            connection.execute("UPDATE chain SET head_hash = ?", (first.hash,))
        with pytest.raises(JournalError, match=r"row 0: no Snapshot.*use the release"):
            begun(journal)


def test_a_webhook_that_fails_is_logged_without_its_address(tmp_path: Path) -> None:
    """The address may hold a token."""

    async def story() -> str:
        with (tmp_path / "log").open("w") as lines:
            log = Log(lines, lambda: 7, "bot", Webhook("http://127.0.0.1:9/bot123:token/send"))
            log.say("alert", state="HALTED")
            log.say("state", state="RUNNING")
            await log.close()
        return (tmp_path / "log").read_text()

    with asyncio.Runner() as runner:
        text = runner.run(story())
    alert, state, failed = (json.loads(line) for line in text.splitlines())
    assert alert == {"at_ns": 7, "what": "alert", "state": "HALTED"}
    assert state["what"] == "state"
    assert failed["what"] == "webhook"
    assert "token" not in text


def test_a_person_sees_states_and_fills(tmp_path: Path) -> None:
    """One line each, with the time; what is only for the file is not shown."""
    shown: list[str] = []
    with (tmp_path / "log").open("w") as lines:
        log = Log(lines, lambda: 3_661 * SECOND_NS, "bot", show=shown.append)
        log.say("state", state="RUNNING", event="Connected()")
        log.say("unavailable", text="busy")
        log.say("fill", symbol="X", side="SELL", qty="0.5", price="100.5", order=7)
    assert shown == [
        "01:01:01 RUNNING",
        "01:01:01 fill: symbol X, side SELL, qty 0.5, price 100.5, order 7",
    ]


@pytest.fixture(scope="module")
def exchange() -> Iterator[int]:
    with kills.exchange(60.0, 1) as port:
        yield port


@pytest.mark.slow
def test_killed_over_the_wire(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two processes, one of them killed three times: venue and journal agree on all fills."""
    chosen = argparse.Namespace(kills=3, seed=1, longest=4.0)
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"symbol": comparison.SYMBOL, "unit": "0.1%"}))
    with kills.exchange(60.0, 1) as port:
        kills.lives(chosen, path, port, tmp_path)
        (journal,) = tmp_path.glob(f"*/{comparison.SYMBOL}.journal")
        kills.report(journal, port, 3)
    assert "orders left open | 0" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["bybit", "binance"])
def test_a_strategy_killed_over_the_wire(tmp_path: Path, dialect: str) -> None:
    """Its mirrors included: venue and journal agree on all fills of all symbols."""
    chosen = argparse.Namespace(kills=2, seed=1, longest=20.0)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(busy()))
    symbols = [f"{coin}USDT" for coin in COINS]
    with kills.exchange(60.0, 1, dialect, symbols) as port:
        kills.lives(chosen, path, port, tmp_path, "--venue", dialect)
        (journal,) = tmp_path.glob("*/portfolio.journal")
        found = asyncio.run(comparison.compared(journal, port, dialect))
    assert found.fills
    assert not any(found.wrong.values()), found


COINS = ("BTC", "ETH", "SOL", "XRP")


def busy() -> dict[str, Any]:
    """Return a template that begins to trade soon, and mirrors at once."""
    path = Path("configs/strategy/mirror_shorts_for_longs.json")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    del document["$schema"]
    document["live"]["approved_coins"] = {"long": COINS[:2], "short": COINS[2:]}
    document["live"]["max_warmup_minutes"] = 300
    document["live"]["mirror"]["ema_dist_entry"] = -0.05
    near = {"entry_initial_ema_dist": -0.05, "ema_span_0": 30, "ema_span_1": 60}
    document["bot"]["long"] |= near | {"n_positions": 2}
    return document


@pytest.mark.slow
def test_paper_trades_on_the_prices_of_a_venue(tmp_path: Path, exchange: int) -> None:
    """The orders are in the journal, and none of them is at the venue."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"symbol": comparison.SYMBOL, "unit": "0.1%"}))
    with kills.bot(path, exchange, tmp_path, "--paper") as process:
        kills.running(tmp_path, 0)
        time.sleep(3.0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30.0) == 0
    (journal,) = tmp_path.glob("bybit-paper-*/paper-*.journal")
    with Journal(journal) as opened:
        assert comparison.told(opened).placed
    since_ms = time.time_ns() // 1_000_000 - comparison.MARGIN_MS
    assert not asyncio.run(comparison.shown(exchange, since_ms)).orders
