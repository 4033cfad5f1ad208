"""`hedgeproof status`: how a live run is doing."""

import json
from typing import Annotated

import typer

from adapters.cli.run import STATUS_PORT
from adapters.cli.terminal import CommandError

TIMEOUT_S = 5.0


def status(
    *,
    port: Annotated[int, typer.Option(help="The status port of the run.")] = STATUS_PORT,
    metrics: Annotated[bool, typer.Option("--metrics", help="As Prometheus text.")] = False,
) -> None:
    """Print how a live run is doing; the code is 1 where a person is needed."""
    from urllib.error import URLError
    from urllib.request import urlopen

    from adapters.live.status import exit_code

    path = "metrics" if metrics else "status"
    try:
        with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=TIMEOUT_S) as answer:
            text: str = answer.read().decode()
    except (URLError, OSError) as error:
        fix = "give the port that `hedgeproof run` has printed"
        raise CommandError(f"port {port}: nothing answers there; {fix}") from error
    if metrics:
        print(text, end="")
        return
    found = json.loads(text)
    for name, value in found.items():
        print(f"{name:>14}  {value}")
    raise typer.Exit(exit_code(found["state"]))
