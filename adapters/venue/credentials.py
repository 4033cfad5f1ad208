"""Keys of an account: read from the environment or from a file that only its owner can read."""

import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from attrs import field, frozen

PREFIX = "HEDGEPROOF_"
_NAMES = ("key", "secret", "password", "wallet")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class CredentialsError(ValueError):
    """Keys cannot be had; the message says what to do, and never shows one."""


@frozen(kw_only=True)
class Credentials:
    """What an account is opened with; which of it is needed depends on the venue.

    *password* is the passphrase of an API key, *wallet* the address of a chain's account, whose
    private key is *secret*.  None of it is ever shown.
    """

    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    wallet: str = field(default="", repr=False)


def from_environment(environment: Mapping[str, str]) -> Credentials | None:
    """Return the keys in HEDGEPROOF_KEY, _SECRET, _PASSWORD and _WALLET; None if none is set.

    >>> from_environment({"HEDGEPROOF_KEY": "k", "HEDGEPROOF_SECRET": "s"})
    Credentials()
    """
    found = {name: environment.get(PREFIX + name.upper(), "") for name in _NAMES}
    return Credentials(**found) if any(found.values()) else None


def from_file(path: Path) -> Credentials:
    """Return the keys in *path*, JSON such as {"key": "...", "secret": "..."}.

    Raises:
        CredentialsError: Others may read the file, or it cannot be read, or is not such JSON.
    """
    try:
        mode, content = path.stat().st_mode, path.read_text()
    except OSError as error:
        raise CredentialsError(f"{path}: {error.strerror}") from error
    if mode & _OTHERS:
        raise CredentialsError(
            f"{path}: others may read it (mode {stat.S_IMODE(mode):04o}); run: chmod 600 {path}"
        )
    try:
        found: object = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CredentialsError(f"{path}: write a JSON object of texts: {', '.join(_NAMES)}")
    named = cast("dict[str, object]", found)
    for name, value in named.items():
        if name not in _NAMES or not isinstance(value, str):
            raise CredentialsError(f"{path}: {name} is no text among {', '.join(_NAMES)}")
    return Credentials(**cast("dict[str, str]", named))
