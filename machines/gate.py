"""The gate of a process: which commands may leave, and what the supervisor says of the stream."""

from machines.messages import Cancel, Place, Query, QueryAccount, Wanted
from machines.position import opens
from machines.supervisor import Supervisor, allows
from spec.supervisor import Cause, Outgoing, State
from spec.terms import PositionSide


def opens_exposure(order: Wanted) -> bool:
    """Return whether *order* can open exposure: it neither only reduces nor acts against its leg.

    >>> from spec.terms import Side
    >>> exit_ = Wanted(key=0, kind=0, side=Side.SELL, qty=1, position_side=PositionSide.LONG)
    >>> opens_exposure(exit_)
    False
    """
    if order.reduce_only:
        return False
    leg = order.position_side
    return leg is PositionSide.NONE or opens(leg, order.side)


def passes(supervisor: Supervisor, command: Place | Cancel | Query | QueryAccount) -> bool:
    """Return whether *command* of the bot may leave; a stop has orders of its own only."""
    match command:
        case Place(order=order):
            if supervisor.state is State.STOPPING:
                return False
            return allows(supervisor, Outgoing.ORDER, opens_exposure=opens_exposure(order))
        case Cancel():
            return allows(supervisor, Outgoing.CANCEL, opens_exposure=False)
        case Query() | QueryAccount():
            return allows(supervisor, Outgoing.QUERY, opens_exposure=False)


def hears(supervisor: Supervisor) -> bool:
    """Return whether the stream reports every change; once it does again, all is asked for."""
    return supervisor.connected and not supervisor.gap


def present(supervisor: Supervisor, cause: Cause) -> bool:
    """Return whether *cause* of degradation is present."""
    return (supervisor.stale, supervisor.drift, supervisor.limited)[cause]
