"""MIRROR in Promela, the language of SPIN: one process, one deterministic step per action.

A channel is an array of bytes, zero where it is empty, which SPIN runs faster than its own
channels.  A request is 1 + slot * (cap + 1) + lots, without lots a cancel; a notice is
1 + slot * (cap + 3) + what, where what is 0 placed, 1 to cap a fill of so many lots, then done,
then canceled.  A variable that a step uses only within itself ends it at zero, so that it tells no
states apart.  The claims guard an action of their own: they are looked at once a state.
"""

from collections.abc import Iterable, Iterator

from tests.benchmarks.checkers.mirror import EARLY_FREE, LAG_BLIND, OPTIMISTIC, UNORDERED, Size

BROKEN = "0"  # asserted where a claim fails in a state; what else is asserted fails in a step

_HEAD = """\
#define FREE 0
#define OPEN 1
#define CANCELING 2
#define LIVE ({live})
#define BOUNDS ({bounds})
#define TAKEN ({taken})
#define EXPOSURE ({volumes} + true_sold)
#define CLAIMS ({claims})

byte wanted, sold, asked, unseen;
short true_sold;
byte status[{slots}], bound[{slots}], volume[{slots}];
byte requests[{requests}], notices[{notices}];
byte slot, lots;

active proctype mirror() {{
  do
  :: d_step {{ !CLAIMS -> assert({broken}) }}
"""
_TARGET = """\
  :: d_step {{ wanted != {lots} -> wanted = {lots} }}
"""
_PLACE = """\
  :: d_step {{ LIVE < wanted && TAKEN < {cap} && !requests[{last_request}] && ({any_free}) ->
       lots = wanted - LIVE;
       if :: lots > {cap} - TAKEN -> lots = {cap} - TAKEN :: else fi;
       {first_free}
       status[slot] = OPEN; bound[slot] = lots;
       {place} slot = 0; lots = 0 }}
"""
_CANCEL = """\
  :: d_step {{ LIVE > wanted && !requests[{last_request}] ->
       {first_open}
       status[slot] = {after_cancel}; {drop_bound}
       {cancel} slot = 0 }}
"""
_HEAR = """\
  :: d_step {{ notices[{place}] ->
       slot = (notices[{place}] - 1) / {codes}; lots = (notices[{place}] - 1) % {codes};
       {shift}
       if
       :: lots == 0
       :: lots > {cap} -> {done} status[slot] = FREE; bound[slot] = 0
       :: else -> {fill} sold = sold + lots
       fi;
       slot = 0; lots = 0 }}
"""
_DONE = "assert(lots != {cap} + 1 || bound[slot] == 0);"
_FILL = "assert(lots <= bound[slot] && status[slot] != FREE); bound[slot] = bound[slot] - lots;"
_LENIENT_FILL = (
    "if :: lots > bound[slot] -> bound[slot] = 0 :: else -> bound[slot] = bound[slot] - lots fi;"
)
_SERVE = """\
  :: d_step {{ requests[0] && (requests[0] - 1) % {lots} > 0 && !notices[{last_notice}] ->
       slot = (requests[0] - 1) / {lots}; volume[slot] = (requests[0] - 1) % {lots};
       {shift} {placed} slot = 0 }}
  :: d_step {{ requests[0] && (requests[0] - 1) % {lots} > 0 && !notices[{last_notice}] ->
       slot = (requests[0] - 1) / {lots};
       {shift} {canceled} slot = 0 }}
  :: d_step {{ requests[0] && (requests[0] - 1) % {lots} == 0 &&
       volume[(requests[0] - 1) / {lots}] && !notices[{last_notice}] ->
       slot = (requests[0] - 1) / {lots}; volume[slot] = 0;
       {shift} {canceled} slot = 0 }}
  :: d_step {{ requests[0] && (requests[0] - 1) % {lots} == 0 &&
       !volume[(requests[0] - 1) / {lots}] ->
       {shift} }}
"""
_FILL_PART = """\
  :: d_step {{ volume[{slot}] > {lots} && !notices[{last_notice}] ->
       volume[{slot}] = volume[{slot}] - {lots}; true_sold = true_sold + {lots};
       {fill} }}
"""
_FILL_ALL = """\
  :: d_step {{ volume[{slot}] && !notices[{before_last}] ->
       lots = volume[{slot}]; volume[{slot}] = 0; true_sold = true_sold + lots;
       {fill} {done} lots = 0 }}
"""
_RECOUP = """\
  :: d_step { sold > asked + unseen -> asked = sold - unseen }
  :: d_step { unseen > 0 -> unseen--; sold-- }
"""
_OPTIMISTIC_RECOUP = """\
  :: d_step { sold > 0 -> asked = asked + sold; sold = 0 }
  :: d_step { unseen > 0 -> unseen-- }
"""
_TAIL = """\
  :: d_step { asked > 0 -> asked--; unseen++; true_sold-- }
  od
}
"""


def promela(size: Size, defect: str = "", *, exposure_only: bool = False) -> str:
    """Return the model, with every claim or only that the true exposure is within the cap."""
    head = _HEAD.format(
        live=_sum(size, "(status[{0}] == OPEN -> bound[{0}] : 0)"),
        bounds=_sum(size, "bound[{0}]"),
        taken="sold" if defect == LAG_BLIND else "BOUNDS + sold",
        volumes=_sum(size, "volume[{0}]"),
        claims=f"EXPOSURE <= {size.cap}" if exposure_only else _claims(size, defect),
        broken=BROKEN,
        **size._asdict(),
    )
    targets = (_TARGET.format(lots=lots) for lots in range(size.target + 1))
    hears = _hears(size, defect, exposure_only=exposure_only)
    recoup = _OPTIMISTIC_RECOUP if defect == OPTIMISTIC else _RECOUP
    parts = (*targets, *_asks(size, defect), *hears, *_serves(size), *_fills(size), recoup)
    return "".join((head, *parts, _TAIL))


def _claims(size: Size, defect: str) -> str:
    """Return everything that is claimed of one state."""
    slots = _each(
        size, "volume[{0}] <= bound[{0}] && (status[{0}] != FREE || bound[{0}] == 0)", " && "
    )
    covered = "" if defect == OPTIMISTIC else " && asked + unseen <= sold"
    exposure = f"EXPOSURE <= BOUNDS + sold && BOUNDS + sold <= {size.cap}"
    return f"{exposure}{covered} && true_sold >= 0 && {slots}"


def _asks(size: Size, defect: str) -> Iterator[str]:
    """Yield that the strategy places or cancels an order."""
    early, codes = defect == EARLY_FREE, size.cap + 1
    yield _PLACE.format(
        cap=size.cap,
        last_request=size.requests - 1,
        any_free=_each(size, "status[{0}] == FREE", " || "),
        first_free=_first(size, "status[{0}] == FREE"),
        place=_push("requests", size.requests, f"1 + slot * {codes} + lots"),
    )
    yield _CANCEL.format(
        last_request=size.requests - 1,
        first_open=_first(size, "status[{0}] == OPEN && bound[{0}]"),
        after_cancel="FREE" if early else "CANCELING",
        drop_bound="bound[slot] = 0;" if early else "",
        cancel=_push("requests", size.requests, f"1 + slot * {codes}"),
    )


def _hears(size: Size, defect: str, *, exposure_only: bool) -> Iterator[str]:
    """Yield that the strategy hears the first notice, or with a defect any other."""
    for place in range(size.notices if defect == UNORDERED else 1):
        yield _HEAR.format(
            place=place,
            codes=size.cap + 3,
            shift=_shift("notices", size.notices, place),
            cap=size.cap,
            done="" if exposure_only else _DONE.format(cap=size.cap),
            fill=_LENIENT_FILL if exposure_only else _FILL,
        )


def _serves(size: Size) -> Iterator[str]:
    """Yield what the destination makes of a request."""
    yield _SERVE.format(
        lots=size.cap + 1,
        last_notice=size.notices - 1,
        shift=_shift("requests", size.requests),
        placed=_notice(size, "slot", "0"),
        canceled=_notice(size, "slot", f"{size.cap + 2}"),
    )


def _fills(size: Size) -> Iterator[str]:
    """Yield what the destination may fill."""
    for slot in range(size.slots):
        for lots in range(1, size.cap):
            fill = _notice(size, slot, lots)
            yield _FILL_PART.format(slot=slot, lots=lots, last_notice=size.notices - 1, fill=fill)
        yield _FILL_ALL.format(
            slot=slot,
            before_last=size.notices - 2,
            fill=_notice(size, slot, "lots"),
            done=_notice(size, slot, size.cap + 1),
        )


def _notice(size: Size, slot: int | str, what: int | str) -> str:
    return _push("notices", size.notices, f"1 + {slot} * {size.cap + 3} + {what}")


def _push(channel: str, capacity: int, message: str) -> str:
    """Return the statement that puts *message* where *channel* is empty first."""
    statement = f"{channel}[{capacity - 1}] = {message}"
    for place in reversed(range(capacity - 1)):
        empty = f"!{channel}[{place}]"
        statement = f"if :: {empty} -> {channel}[{place}] = {message} :: else -> {statement} fi"
    return f"{statement};"


def _shift(channel: str, capacity: int, place: int = 0) -> str:
    """Return the statements that take the message at *place* out of *channel*."""
    moves = (f"{channel}[{at}] = {channel}[{at + 1}]; " for at in range(place, capacity - 1))
    return "".join((*moves, f"{channel}[{capacity - 1}] = 0;"))


def _first(size: Size, condition: str) -> str:
    """Return the statement that sets slot to the first one of which *condition* is so."""
    statement = f"slot = {size.slots - 1}"
    for slot in reversed(range(size.slots - 1)):
        statement = f"if :: {condition.format(slot)} -> slot = {slot} :: else -> {statement} fi"
    return f"{statement};"


def _sum(size: Size, term: str) -> str:
    return _each(size, term, " + ")


def _each(size: Size, term: str, between: str) -> str:
    """Return *term* of each slot, joined."""
    terms: Iterable[str] = (f"({term.format(slot)})" for slot in range(size.slots))
    return between.join(terms)
