"""What a run has to say: JSON lines in a file, the few that matter to a terminal and a webhook."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from typing import IO, Any

from attrs import field, frozen

from spec.units import SECOND_NS

LOUD = frozenset(
    {
        "alert",
        "refused",
        "unexplained position",
        "orphan",
        "exposure limit",
        "bot",
        "heartbeat refused",
    }
)
SHOWN = LOUD | {"state", "fill", "changed", "coins"}
TIMEOUT_S = 10.0


@frozen
class Webhook:
    """Where a person is told: JSON with a `text`, and the `chat_id` that Telegram wants, is posted.

    The address may hold a token, so it is never shown.
    """

    url: str = field(repr=False)
    chat: str = ""

    def body(self, text: str) -> dict[str, str]:
        """Return what is posted.

        >>> Webhook("https://example.org/hook", "7").body("HALTED")
        {'text': 'HALTED', 'chat_id': '7'}
        """
        return {"text": text} | ({"chat_id": self.chat} if self.chat else {})


class Log:
    """Writes to *lines*; what is loud goes to *webhook* too, and a failure of that is only logged.

    *clock_ns* is Unix time in ns.  *show* is given a line of text for what a person wants to see.
    """

    def __init__(
        self,
        lines: IO[str],
        clock_ns: Callable[[], int],
        name: str,
        webhook: Webhook | None = None,
        show: Callable[[str], None] | None = None,
    ) -> None:
        self._lines, self._clock_ns, self._show = lines, clock_ns, show
        self._name, self._webhook = name, webhook
        self._posts: set[asyncio.Task[None]] = set()

    def say(self, what: str, **words: object) -> None:
        """Write a line: the time in ns, *what*, and *words*; a disk that is full stops nothing."""
        at_ns = self._clock_ns()
        with suppress(OSError):
            line = json.dumps({"at_ns": at_ns, "what": what, **words}, default=str)
            self._lines.write(f"{line}\n")
            self._lines.flush()
        told = ", ".join(f"{name} {value}" for name, value in words.items())
        if self._show is not None and what in SHOWN:
            at = datetime.fromtimestamp(at_ns // SECOND_NS, UTC)
            self._show(f"{at:%H:%M:%S} {words['state'] if what == 'state' else f'{what}: {told}'}")
        halted = what == "state" and words.get("state") == "HALTED"
        if self._webhook is not None and (what in LOUD or halted):
            self._begin(self._post(self._webhook, f"{self._name}: {what}: {told}"))

    async def close(self) -> None:
        """Wait until what was posted has gone."""
        await asyncio.gather(*self._posts, return_exceptions=True)

    def _begin(self, post: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(post)
        self._posts.add(task)
        task.add_done_callback(self._posts.discard)

    async def _post(self, webhook: Webhook, text: str) -> None:
        """Tell a person; nothing waits for it."""
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as client,
                client.post(webhook.url, json=webhook.body(text)) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self.say("webhook", failed=type(error).__name__)  # its text may hold the address
        else:
            if status >= 400:  # noqa: PLR2004
                self.say("webhook", failed=status)
