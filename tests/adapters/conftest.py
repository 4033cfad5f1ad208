"""An exchange that is served, and a client of it."""
# the client library has no types

from collections.abc import Iterator
from typing import Any

import pytest

from tests.adapters.exchange_stand import CLIENTS, Served


@pytest.fixture(params=CLIENTS)
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    """Serve an exchange in the words of each venue."""
    served = Served(request.param)
    yield served
    served.stop()


@pytest.fixture
def client(served: Served) -> Iterator[Any]:
    """Return a synchronous client of the unmodified library."""
    client = served.client(pytest.importorskip("ccxt"))
    yield client
    client.session.close()
