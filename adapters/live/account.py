"""One bot an account: a folder for its state, locked as long as a process has it."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from adapters.venue.credentials import Credentials


class AccountError(ValueError):
    """The account cannot be traded; the message says why and what to do."""


def named(venue: str, network: str, credentials: Credentials) -> str:
    """Return the name of an account: a digest stands for its key, which is written nowhere.

    >>> named("bybit", "testnet", Credentials(key="k"))
    'bybit-testnet-a942fbdd25'
    """
    known = f"{credentials.key}/{credentials.wallet}"
    return f"{venue}-{network}-{blake2b(known.encode(), digest_size=5).hexdigest()}"


@contextmanager
def folder(states: Path, account: str) -> Generator[Path]:
    """Yield the folder of *account* in *states*; the lock dies with the process that holds it.

    Raises:
        AccountError: Another process trades this account.
        OSError: The folder cannot be made.
    """
    path = states / account
    path.mkdir(parents=True, exist_ok=True)
    with (path / "lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            fix = "stop it first: one bot an account"
            raise AccountError(f"another process trades {account}; {fix}") from error
        yield path
