"""`hedgeproof run` and `hedgeproof status`: what is refused, and two processes on the wire."""

import argparse
import asyncio
import io
import json
import signal
import socket
import subprocess
import time
from importlib import import_module
from pathlib import Path
from typing import Any, cast
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner, Result

from adapters.cli import app
from adapters.cli.venue_port import VenuePort
from adapters.journal.chain import GENESIS, following
from adapters.journal.errors import JournalError
from adapters.journal.store import Journal
from adapters.live import status as live_status
from adapters.live.account import AccountError, folder, named
from adapters.live.log import Log, Webhook
from adapters.live.prepare import opened
from adapters.live.start import begun, found
from adapters.venue.credentials import Credentials
from adapters.venue.port import Unavailable
from machines import bot as bots
from simulator.venue import Venue
from simulator.venue_terms import VenueConfig
from spec.supervisor import StopPolicy
from spec.units import MILLI_NS, SECOND_NS
from tests.adapters.live_world import BEGIN_NS, DEPOSIT, World, config, simulated
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
    assert line.endswith("see whether the address, the keys and the symbol are right")


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
    found = {"venue": "v", "state": state, "halts": 1, "money": "0.01", "symbols": {}}
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
    assert f'hedgeproof_info{{venue="v",state="{state}"}} 1' in counted.stdout


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


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    """A disk that is full is the journal's to tell; a person still sees what happens."""

    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(28, "No space left on device")

    shown: list[str] = []
    Log(Full(), lambda: 7, "bot", show=shown.append).say("alert", state="HALTED")
    assert shown == ["00:00:00 alert: state HALTED"]


def test_clocks_that_differ_are_said_at_the_start() -> None:
    """Neither the address nor the keys are wrong then."""

    class Ahead(VenuePort):
        async def open(self) -> Unavailable:
            return Unavailable("10002 invalid request, check your timestamp", drift=True)

    with asyncio.Runner() as runner, pytest.raises(AccountError, match="set the clock of this"):
        runner.run(opened(Ahead(Venue(VenueConfig(deposit=0), ()), lambda: 7)))


def test_a_wallet_that_waits_for_a_person_is_told_at_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It runs, and does nothing: the line says how it goes on."""

    async def story() -> None:
        world = World(tmp_path / "j")
        process = world.begin()
        await world.running()
        world.loop.stop(StopPolicy.FLATTEN)
        await world.end(process)
        world.begin()
        import_module("adapters.cli.run")._resumable(None, world.loop)
        await world.kill()

    simulated(story())
    assert capsys.readouterr().err == "hedgeproof: the bot waits for a person: --resume 0\n"


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


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["bybit", "binance"])
def test_nothing_secret_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dialect: str
) -> None:
    """Neither key nor secret nor the webhook's token is in any file, on the terminal, or served.

    Not even of a bot whose secret is wrong, whose exchange goes away, and whose webhook fails.
    """
    monkeypatch.setenv("HEDGEPROOF_WEBHOOK", f"{DEAD}/webhook-token")
    keys, shown = tmp_path / "keys.json", tmp_path / "terminal"
    with kills.exchange(60.0, 1, dialect) as port, shown.open("w") as terminal:
        words = ["--url", f"http://127.0.0.1:{port}", "--state", str(tmp_path), "--venue", dialect]
        keys.touch(0o600)
        keys.write_text(json.dumps({"key": "key-1", "secret": "wrong-secret"}))
        told = refusal("run", *words, "--keys", keys)
        keys.unlink()
        command = [*kills.HEDGEPROOF, "run", *words, "--status-port", "0"]
        process = subprocess.Popen(command, stdout=terminal, stderr=terminal)  # noqa: S603
        kills.running(tmp_path, 0)
        address = shown.read_text().partition("status at ")[2].partition("status;")[0]
        for page in ("status", "metrics"):
            told += urlopen(f"{address}{page}", timeout=5.0).read().decode()  # noqa: S310
        (account,) = tmp_path.glob(f"{dialect}-*")
        (account / "KILL").touch()
        time.sleep(2.0)
    time.sleep(2.0)
    process.send_signal(signal.SIGINT)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    assert process.wait(30.0) == 0
    files = {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()}
    assert b"HALTED" in files[shown]
    assert b"webhook" in files[account / "log.jsonl"]
    written = b"".join(files.values()) + told.encode()
    for secret in (b"key-1", b"secret-1", b"wrong-secret", b"webhook-token"):
        assert secret not in written


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
@pytest.mark.parametrize("mirrored", [False, True])
def test_paper_killed_over_the_wire(tmp_path: Path, *, mirrored: bool) -> None:
    """Wallet or mirrors, it goes on where it was; none of its orders is ever at the venue."""
    wallet = {"symbol": comparison.SYMBOL, "unit": "0.1%"}
    path, chosen = tmp_path / "config.json", argparse.Namespace(kills=2, seed=1, longest=20.0)
    path.write_text(json.dumps(busy() if mirrored else wallet))
    with kills.exchange(60.0, 1, symbols=[f"{coin}USDT" for coin in COINS]) as port:
        since_ms = time.time_ns() // MILLI_NS
        kills.lives(chosen, path, port, tmp_path, "--paper")
        venue = asyncio.run(comparison.shown(port, since_ms))
    assert "HALTED" not in [line.get("state") for line in kills.log(tmp_path)]
    (journal,) = tmp_path.glob("bybit-paper-*/*.journal")
    with Journal(journal) as rows:
        assert comparison.told(rows).totals
    assert (venue.legs, venue.orders, venue.fills) == ((), (), ())
