"""`hedgeproof run`: a hedge wallet or a strategy, live, under its supervisor."""

import os
import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from attrs import frozen

from adapters.cli import plans
from adapters.cli.terminal import CommandError, made_folder

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable

    from adapters.journal.store import Journal
    from adapters.live.log import Webhook
    from adapters.live.loop import Loop, Said
    from adapters.live.prepare import Plan
    from adapters.live.terms import Terms
    from adapters.venue.credentials import Credentials
    from adapters.venue.port import Port
    from spec.supervisor import State

STATES = Path("runs/live")
STATUS_PORT = 8766
DRIFT_MS = 1_000


class VenueName(StrEnum):
    """Where it trades."""

    BYBIT = "bybit"
    BINANCE = "binance"
    OKX = "okx"
    HYPERLIQUID = "hyperliquid"


class Network(StrEnum):
    """Whose money it is."""

    SIMULATED = "simulated"
    PAPER = "paper"
    TESTNET = "testnet"
    LIVE = "live"


class OnStop(StrEnum):
    """What a stop removes."""

    LEAVE = "leave"
    CANCEL = "cancel"
    FLATTEN = "flatten"


@frozen(kw_only=True)
class Choice:
    """What the options of the command say; *url* is empty for the venue's own addresses."""

    venue: VenueName
    network: Network
    url: str
    state: Path
    on_stop: OnStop
    loss_limit: str
    exposure_limit: str
    cancel_after: int
    status_port: int
    resume: int | None


ConfigFile = Annotated[
    Path | None, typer.Argument(help="A JSON file; the embedded default if left out.")
]
Symbol = Annotated[str | None, typer.Option(help="The contract, by the venue's name.")]
Url = Annotated[str, typer.Option(help="The address of a simulated exchange, http://HOST:PORT.")]
Paper = Annotated[bool, typer.Option("--paper", help="Live prices, simulated orders.")]
Testnet = Annotated[bool, typer.Option("--testnet", help="The venue's test network.")]
Live = Annotated[bool, typer.Option("--live", help="Real money.")]
RealMoney = Annotated[bool, typer.Option("--yes-real-money", help="Confirms --live.")]
Keys = Annotated[
    Path | None, typer.Option(help="A file with the keys; else HEDGEPROOF_KEY and _SECRET.")
]
StateFolder = Annotated[Path, typer.Option(help="The folder of journals and locks.")]
Resume = Annotated[int | None, typer.Option(help="The number of the halt that you have looked at.")]
Stop = Annotated[OnStop, typer.Option(help="What a stop removes: own orders, positions too.")]
Loss = Annotated[str, typer.Option(help="Halt once so much of the first balance is lost.")]
Exposure = Annotated[
    str, typer.Option(help="What positions and opening orders may be worth together.")
]
CancelAfter = Annotated[
    int, typer.Option(help="Have the venue cancel all orders after so many seconds of silence.")
]
StatusPort = Annotated[
    int, typer.Option(help="The port of the status on 127.0.0.1; 0: any that is free.")
]


def run(  # noqa: PLR0913  # the options are the command's
    config: ConfigFile = None,
    *,
    venue: Annotated[VenueName, typer.Option(help="Where it trades.")] = VenueName.BYBIT,
    symbol: Symbol = None,
    url: Url = "",
    paper: Paper = False,
    testnet: Testnet = False,
    live: Live = False,
    real_money: RealMoney = False,
    keys: Keys = None,
    state: StateFolder = STATES,
    resume: Resume = None,
    on_stop: Stop = OnStop.LEAVE,
    loss_limit: Loss = "",
    exposure_limit: Exposure = "",
    cancel_after: CancelAfter = 0,
    status_port: StatusPort = STATUS_PORT,
) -> None:
    """Trade a hedge wallet, or a strategy, on a venue until it is told to stop."""
    choice = Choice(
        venue=venue,
        network=_network(url, paper=paper, testnet=testnet, live=live, real_money=real_money),
        url=url.rstrip("/"),
        state=state,
        on_stop=on_stop,
        loss_limit=_limit("loss-limit", loss_limit),
        exposure_limit=_limit("exposure-limit", exposure_limit),
        cancel_after=_cancel_after(venue, cancel_after),
        status_port=status_port,
        resume=resume,
    )
    _run(
        plans.chosen(config, symbol, venue), choice, _credentials(keys, simulated=bool(choice.url))
    )


def _network(url: str, *, paper: bool, testnet: bool, live: bool, real_money: bool) -> Network:
    """Return the one network that is chosen."""
    chosen = {
        Network.SIMULATED: bool(url) and not paper,
        Network.PAPER: paper,
        Network.TESTNET: testnet,
        Network.LIVE: live,
    }
    found = [network for network, given in chosen.items() if given]
    if len(found) != 1:
        raise CommandError("choose one of --url (simulated), --paper, --testnet and --live")
    if live and not real_money:
        raise CommandError("--live trades real money; add --yes-real-money to confirm")
    return found[0]


def _limit(name: str, text: str) -> str:
    """Return *text* if it is an amount, or empty."""
    from adapters import config as configs

    return configs.amount(name, text) if text else text


def _cancel_after(venue: VenueName, seconds: int) -> int:
    """Return *seconds* if *venue* can be told to wait so long."""
    from adapters.venue.venues import VENUES

    least, most = VENUES[venue].terms.cancel_after_s
    if seconds and not least <= seconds <= most:
        raise CommandError(f"cancel-after {seconds}: {venue} takes {least} to {most}; or leave it")
    return seconds


def _credentials(keys: Path | None, *, simulated: bool) -> "Credentials":
    """Return the keys: of a file, of the environment, or those of the simulated exchange."""
    from adapters.venue.credentials import (
        Credentials,
        CredentialsError,
        from_environment,
        from_file,
    )

    if keys is not None:
        try:
            return from_file(keys)
        except CredentialsError as error:
            raise CommandError(f"keys: {error}") from error
    found = from_environment(os.environ)
    if found is None and simulated:
        return Credentials(key="key-1", secret="secret-1")  # noqa: S106  # its first account
    if found is None:
        raise CommandError("no keys: set HEDGEPROOF_KEY and HEDGEPROOF_SECRET, or give --keys FILE")
    return found


def _run(plan: "Plan", choice: Choice, credentials: "Credentials") -> None:
    """Trade until stopped; a halt, or a failure, ends with another code than 0."""
    import asyncio

    from adapters.journal.errors import JournalError
    from adapters.live.account import AccountError, folder, named
    from adapters.live.status import StatusError

    made_folder(choice.state, "state")
    account = named(choice.venue, choice.network, credentials)
    try:
        with (
            folder(choice.state, account) as path,
            asyncio.Runner(loop_factory=_loop_factory()) as runner,
        ):
            state = runner.run(_traded(plan, choice, credentials, path))
    except (AccountError, JournalError, StatusError) as error:
        raise CommandError(str(error)) from error
    print(f"hedgeproof: {state.name}")


def _loop_factory() -> "Callable[[], AbstractEventLoop] | None":
    """Return what makes the event loop: uvloop's where it is installed."""
    from importlib import import_module
    from importlib.util import find_spec

    return import_module("uvloop").new_event_loop if find_spec("uvloop") else None


async def _traded(plan: "Plan", choice: Choice, credentials: "Credentials", path: Path) -> "State":
    """Prepare the account, trade until stopped, and return the supervisor's last state."""
    import gc
    import time
    from contextlib import ExitStack

    from adapters.journal.store import Journal
    from adapters.live.log import Log
    from adapters.live.start import left_open, loop
    from adapters.live.status import served

    journal_path = path / f"{plan.name}.journal"
    kill = path / "KILL"
    if choice.resume is not None and kill.exists():
        raise CommandError(f"resume {choice.resume}: {kill} is there; remove it first")
    with ExitStack() as opened:
        lines = opened.enter_context((path / "log.jsonl").open("a"))
        log = Log(lines, time.time_ns, path.name, _webhook(), partial(print, flush=True))
        plan = await _listed(plan.keeping(journal_path), choice, credentials, log.say)
        ports = _ports(plan, choice, credentials, journal_path)
        port = ports()
        try:
            await plan.prepared(port, journal_path, time.time_ns(), log.say)
        finally:
            await port.close()
        journal = opened.enter_context(Journal(journal_path))
        terms = _terms(choice, journal, kill)
        made = loop(ports, journal, terms, time.time_ns, log.say)
        _resumable(choice.resume, made)
        for other in left_open(path, journal_path):
            print(f"hedgeproof: {other}", file=sys.stderr)
        _listen(made)
        async with served(made, path.name, choice.status_port) as status_port:
            print(f"{plan.name} on {path.name}; journal {journal_path}")
            print(f"status at http://127.0.0.1:{status_port}/status; stop with Ctrl-C", flush=True)
            gc.collect()
            gc.freeze()  # what is there now stays: to look through it stops the bot for 0.1 s
            state = await made.run(choice.resume)
        await log.close()
    return state


async def _listed(plan: "Plan", choice: Choice, credentials: "Credentials", said: "Said") -> "Plan":
    """Return *plan* with coins: those that the venue lists if it has none."""
    import time

    from adapters.live.listing import listed
    from adapters.venue.client import Client
    from adapters.venue.venues import VENUES

    made = partial(Client, VENUES[choice.venue], credentials, _client(choice))
    return await listed(plan, made, time.time_ns(), said)


def _ports(
    plan: "Plan", choice: Choice, credentials: "Credentials", journal_path: Path
) -> "Callable[[], Port]":
    """Return what makes a port to trade through; on paper its account is as the journal has it."""
    import time

    from adapters.venue.ccxt_venue import CcxtVenue
    from adapters.venue.venues import VENUES

    client = _client(choice)

    def made() -> CcxtVenue:
        return CcxtVenue(VENUES[choice.venue], plan.symbols, plan.bot, credentials, client)

    if choice.network is not Network.PAPER:
        return made
    from adapters.cli.paper import PaperPort, kept, venue_of

    terms, before = partial(venue_of, plan), partial(kept, journal_path)
    paper = PaperPort(made, terms, before, time.time_ns)  # its orders outlive a connection
    return lambda: paper


def _client(choice: Choice) -> dict[str, object]:
    """Return what the venue's client is made with, beside the keys."""
    if choice.network is Network.TESTNET:
        return {"options": {"sandbox": True}}
    if not choice.url:
        return {}
    from urllib.parse import urlsplit

    from adapters.exchange.binance.client import ccxt_config as binance
    from adapters.exchange.bybit.client import ccxt_config as bybit

    simulated = {VenueName.BYBIT: bybit, VenueName.BINANCE: binance}
    if choice.venue not in simulated:
        raise CommandError(f"no exchange is simulated in the words of {choice.venue}; leave --url")
    parts = urlsplit(choice.url)
    if parts.scheme != "http" or parts.hostname != "127.0.0.1" or parts.port is None:
        fix = "give that of `hedgeproof exchange`, such as http://127.0.0.1:8765"
        raise CommandError(f"url {choice.url}: {fix}")
    made = simulated[choice.venue](parts.port)
    return {name: value for name, value in made.items() if name not in ("apiKey", "secret")}


def _terms(choice: Choice, journal: "Journal", kill: Path) -> "Terms":
    """Return the terms of the run, limits in the money units of the journal's contracts."""
    from adapters import config as configs
    from adapters.bots import instruments_of
    from adapters.live.start import begun
    from adapters.live.terms import Terms
    from spec.supervisor import StopPolicy

    config, cash = begun(journal)
    money = instruments_of(config)[0].money
    loss, exposure = choice.loss_limit, choice.exposure_limit
    return Terms(
        policy=StopPolicy[choice.on_stop.upper()],
        equity_min=cash - configs.units("loss-limit", loss, money) if loss else None,
        exposure_max=configs.units("exposure-limit", exposure, money) if exposure else None,
        kill_file=kill,
        cancel_after_s=choice.cancel_after or None,
        drift_ms=None if choice.url else DRIFT_MS,  # a simulated exchange has a clock of its own
    )


def _resumable(resume: int | None, loop: "Loop") -> None:
    """Refuse to resume another halt than the last one; say that a halt goes on."""
    from adapters.bots import waits_for_a_person
    from spec.supervisor import State

    halts = loop.supervisor.halts
    if resume is not None and resume != halts:
        raise CommandError(f"resume {resume}: the last halt is number {halts}; look at that one")
    if resume is not None:
        return
    if loop.supervisor.state is State.HALTED:
        print(f"hedgeproof: HALTED; nothing is opened until --resume {halts}", file=sys.stderr)
    elif waits_for_a_person(loop.session.bot):
        print(f"hedgeproof: the bot waits for a person: --resume {halts}", file=sys.stderr)


def _listen(loop: "Loop") -> None:
    """Stop on a signal; on another one at once, whatever is left."""
    import asyncio
    import signal

    from spec.supervisor import StopPolicy

    policies = [loop.terms.policy]

    def stop() -> None:
        loop.stop(policies.pop() if policies else StopPolicy.LEAVE)

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)


def _webhook() -> "Webhook | None":
    """Return where a person is told, if the environment says so."""
    from adapters.live.log import Webhook

    url = os.environ.get("HEDGEPROOF_WEBHOOK", "")
    return Webhook(url, os.environ.get("HEDGEPROOF_WEBHOOK_CHAT", "")) if url else None
