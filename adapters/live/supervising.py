"""The supervisor in charge: its news are journaled, and every command asks it before it leaves.

What it sends by itself, cancels and orders that close, is written before it leaves like the bot's.
"""

from collections.abc import Callable, Iterable

from adapters.journal.steps import Intervention, Supervision
from adapters.journal.store import Journal
from machines.messages import Cancel, Place
from machines.supervisor import Event, Supervisor, allows, step
from spec.supervisor import Action, Outgoing, State

Act = Callable[[Action], None]
Send = Callable[[Place | Cancel], None]


class Supervising:
    """Tells *supervisor* what happens, writes what is news, and has *act* do what follows.

    *send* takes the commands that are its own.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        journal: Journal,
        act: Act,
        send: Send,
        clock_ns: Callable[[], int],
    ) -> None:
        self.supervisor = supervisor
        self._journal, self._act, self._send = journal, act, send
        self._clock_ns = clock_ns

    @property
    def state(self) -> State:
        """The supervisor's state."""
        return self.supervisor.state

    def tell(self, event: Event) -> None:
        """Tell the supervisor of *event*; what it asks for is done once the news is on disk."""
        after, actions = step(self.supervisor, event)
        if after != self.supervisor or actions:
            self._journal.supervise(self._clock_ns(), Supervision(event, after))
        self.supervisor = after
        for action in actions:
            self._act(action)

    def send(self, commands: Iterable[Place | Cancel]) -> None:
        """Send *commands* of its own once they are on disk; without a connection they are none."""
        allowed = allows(self.supervisor, Outgoing.CANCEL, opens_exposure=False)
        leaving = tuple(commands) if allowed else ()
        if leaving:
            self._journal.intervene(self._clock_ns(), Intervention(leaving))
        for command in leaving:
            self._send(command)
