"""One exchange of ccxt without the others, and all of it for whoever wants more."""

import subprocess
import sys
from textwrap import dedent

import pytest

pytest.importorskip("ccxt", reason="ccxt is not installed: there is nothing to adapt")


def answers(program: str) -> list[str]:
    """Return what *program* prints in a process of its own."""
    command = [sys.executable, "-c", dedent(program)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()  # noqa: S603


def test_a_client_imports_its_exchange_and_no_other() -> None:
    """The classes are those of the library, and its hundred others are not there."""
    found = answers("""
        import sys
        from adapters.venue.client import Client
        from adapters.venue.credentials import Credentials
        from adapters.venue.venues import VENUES

        for dialect in VENUES.values():
            kind = type(Client(dialect, Credentials(), {}).exchange)
            print(kind.__module__)
        print(*(name for name in sys.modules if name.startswith("ccxt.pro.")))
        print("ccxt.async_support.kraken" in sys.modules, "ccxt.kraken" in sys.modules)
    """)
    used = [f"ccxt.pro.{name}" for name in ("bybit", "binanceusdm", "okx", "hyperliquid")]
    assert found[:4] == used
    assert set(found[4:-2]) == {*used, "ccxt.pro.binance"}
    assert found[-2:] == ["False", "False"]


def test_who_imports_the_library_afterwards_has_all_of_it() -> None:
    """The packages run when something is asked of them that is no exchange: in any order."""
    found = answers("""
        from adapters.venue import library

        one = library.exchange("bybit")
        import ccxt
        import ccxt.pro
        print(ccxt.pro.bybit is one, ccxt.BaseError is library.errors().BaseError)
        print(issubclass(ccxt.kraken, ccxt.Exchange), ccxt.bybit.__module__)
        print(len(ccxt.exchanges) > 100, ccxt.pro.kraken.__module__, ccxt.pro.bybit is one)
        print(ccxt.async_support.bybit.__module__, bool(ccxt.__version__))
    """)
    assert found == [
        *("True", "True"),
        *("True", "ccxt.bybit"),
        *("True", "ccxt.pro.kraken", "True"),
        *("ccxt.async_support.bybit", "True"),
    ]


def test_a_library_that_has_run_is_taken_as_it_is() -> None:
    """Nothing is made anew where all of it is there already."""
    found = answers("""
        import ccxt.pro
        from adapters.venue import library

        print(library.exchange("okx") is ccxt.pro.okx)
    """)
    assert found == ["True"]
