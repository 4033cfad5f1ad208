"""A path as a sequence diagram: inline SVG, laid out here, without a script."""

from collections.abc import Iterator
from html import escape
from textwrap import wrap

from attrs import frozen

from simulator.view.trace import Step, Trace, targets

COLUMN = 208  # from one lifeline to the next
LEFT = 40  # room for the numbers of the moves
LINE = 14  # from one line of text to the next
LETTER = 6.2  # its width, about
PAD = 7
HEAD = 44  # the names of who takes part


@frozen
class _Row:
    """A step as drawn: its SVG and how high it is."""

    svg: str
    height: float


def sequence(trace: Trace) -> str:
    """Return the diagram of *trace*: arrows are moves, a note says what an actor shows now."""
    places = {actor: LEFT + COLUMN * (n + 0.5) for n, actor in enumerate(trace.actors)}
    width, y, body = LEFT + COLUMN * len(places), float(HEAD), list[str]()
    loop = y
    for number, step in enumerate(trace.steps):
        row = _row(number, step, places, y)
        body.append(row.svg)
        y += row.height
        if number == trace.cycle:
            loop = y
    frame = "" if trace.cycle is None else _loop(loop, y, width)
    if trace.end:
        body.append(_text(trace.end, LEFT, y + LINE, width - LEFT, "end"))
        y += 2 * LINE
    lines = (
        f'<line class="life" x1="{x}" x2="{x}" y1="{HEAD - 6}" y2="{y}"/>' for x in places.values()
    )
    heads = (_head(actor, x) for actor, x in places.items())
    return (
        f'<svg class="sequence" width="{width}" height="{y + PAD:.0f}" role="img">'
        f"<title>{escape(trace.title)}</title>{''.join((frame, *lines, *heads, *body))}</svg>"
    )


def _head(actor: str, x: float) -> str:
    """Return the name at the top of a lifeline."""
    half = COLUMN / 2 - PAD
    box = f'<rect class="head" x="{x - half}" y="6" width="{2 * half}" height="26" rx="5"/>'
    return f'{box}<text class="name" x="{x}" y="24">{escape(actor)}</text>'


def _loop(top: float, bottom: float, width: float) -> str:
    """Return the frame of what repeats for ever."""
    box = f'<rect class="loop" x="2" y="{top}" width="{width - 4}" height="{bottom - top}" rx="5"/>'
    return f'{box}<text class="forever" x="{width - 8}" y="{top + LINE}">for ever</text>'


def _row(number: int, step: Step, places: dict[str, float], top: float) -> _Row:
    """Return one step, from *top* on: the arrow, and below it what has changed."""
    svg, y = list[str](), top + PAD
    if number:
        svg.append(f'<text class="number" x="{LEFT - 12}" y="{y + LINE}">{number}</text>')
        arrow = _arrow(step, places, y)
        svg.append(arrow.svg)
        y += arrow.height
    notes = [_note(step, actor, places[actor], y) for actor in places if step.changed(actor)]
    svg += [note.svg for note in notes]
    y += max((note.height for note in notes), default=0)
    return _Row("".join(svg), y + PAD - top)


def _arrow(step: Step, places: dict[str, float], y: float) -> _Row:
    """Return the arrows of a move, each to one actor, with its words above; *y* is their top."""
    x, what = places[step.move.who], step.move.what
    ends = [places[name] for name in targets(step.move)] or [x]
    far = max(ends, key=lambda end: abs(end - x))
    if far == x:
        lines = wrap(what, int((COLUMN / 2 - PAD) / LETTER)) or [""]
        high = max(len(lines) * LINE, 22)
        turn = f"M{x},{y + 6}h16v12h-12"
        svg = f'<path class="move" d="{turn}"/>{_point(x + 4, y + 18, -1)}'
        return _Row(svg + _lines(lines, x + 22, y + 12, "what left"), high + 4)
    room = abs(far - x) - 2 * PAD
    lines = wrap(what, max(int(room / LETTER), 20))
    line = y + len(lines) * LINE + 5
    svg = _lines(lines, (x + far) / 2, y + LINE - 3, "what")
    for end in ends:
        way = 1 if end > x else -1
        svg += f'<path class="move" d="M{x},{line}H{end - way}"/>{_point(end, line, way)}'
    return _Row(svg, line - y + 8)


def _point(x: float, y: float, way: int) -> str:
    """Return the head of an arrow that ends at (x, y) and goes right (1) or left (-1)."""
    return f'<path class="point" d="M{x},{y}l{-8 * way},-4v8z"/>'


def _note(step: Step, actor: str, x: float, y: float) -> _Row:
    """Return what *actor* shows now: what is new of it."""
    lines = wrap(step.looks[actor].news, int((COLUMN - 4 * PAD) / LETTER))
    half, high = COLUMN / 2 - PAD, len(lines) * LINE + 8
    box = f'<rect class="note" x="{x - half}" y="{y}" width="{2 * half}" height="{high}" rx="4"/>'
    return _Row(box + _lines(lines, x, y + LINE, "state"), high + 4)


def _text(text: str, x: float, y: float, room: float, kind: str) -> str:
    """Return *text* from *x* on, as wide as there is *room*."""
    return _lines(wrap(text, int(room / LETTER)), x, y, kind)


def _lines(lines: list[str], x: float, y: float, kind: str) -> str:
    """Return *lines* one below the other, the first at *y*."""
    return f'<text class="{kind}">{"".join(_spans(lines, x, y))}</text>'


def _spans(lines: list[str], x: float, y: float) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f'<tspan x="{x}" y="{y + number * LINE}">{escape(line)}</tspan>'
