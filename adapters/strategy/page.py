"""Explain keys in words: for the terminal, and as the reference page."""

from collections.abc import Iterable, Iterator

from adapters.strategy.bot import ROWS
from adapters.strategy.keys import EACH, Json, Key, Kind
from adapters.strategy.migrate import BEFORE, COPIED, STEPS, Step
from adapters.strategy.table import COIN_LIVE, COIN_SIDE, LISTED, OVERRIDES, paired
from adapters.strategy.text import written
from adapters.strategy.values import shown

Pair = tuple[Key, ...]  # the same key of both sides, or one key
NUMBERS = (Kind.NUMBER, Kind.WHOLE)
EFFECTIVE = ("key", "type", "range", "default", "meaning")
TITLES = {
    f"bot.{EACH}": "How one side of the base strategy trades.",
    "live": "Coins, modes, orders; the rest of `live` is kept for other programs.",
    "live.mirror": "The mirror overlay.",
    "backtest": "What a run starts with; the rest of `backtest` is kept for other programs.",
    "": "The file itself.",
}


def explained(keys: Pair) -> str:
    """Return what a person should know of *keys*, a few lines."""
    head, *_ = keys
    lines = [head.place if len(keys) > 1 else head.path, f"  {head.meaning}"]
    lines += [f"  {name}: {text}" for name, text in _facts(keys)]
    return "\n".join(lines)


def _facts(keys: Pair) -> Iterator[tuple[str, str]]:
    """Yield name and text of each fact about *keys*."""
    head = keys[0]
    yield "type", ", ".join(filter(None, (_type(head), bounds(head))))
    if head.unit:
        yield "unit", head.unit
    if head.step is not None:
        yield "multiple of", f"{head.step:f}"
    yield "default", _defaults(keys)
    if head.usual:
        low, high, step = head.usual
        yield "usual", f"{low} to {high} in steps of {step:f}"
    if head.name in (COIN_LIVE if head.section == "live" else COIN_SIDE):
        yield "for one coin", f"{OVERRIDES}.COIN.{head.place}"
    if olds := tuple(step.olds[0] for step in STEPS if _leads_to(step, head)):
        yield "earlier names", ", ".join(olds)
    if head.venue:
        yield "effect", "at a venue only, not in a backtest"
    elif not head.used:
        yield "effect", "none here; it is kept for other programs"


def _type(key: Key) -> str:
    """Return what a value of *key* may be."""
    return f"{key.kind.value}, or null" if key.empty else key.kind.value


def bounds(key: Key) -> str:
    """Return the range of *key*, or its choices."""
    if key.kind in NUMBERS:
        return str(key.range)
    return ", ".join(map(shown, key.choices))


def _defaults(keys: Pair) -> str:
    """Return the default of *keys*, of each side if they differ."""
    texts = [written(key.default) for key in keys]
    if len(set(texts)) == 1:
        return texts[0]
    sides = (key.path.split(".")[1] for key in keys)
    return ", ".join(f"{side} {text}" for side, text in zip(sides, texts, strict=True))


def _leads_to(step: Step, key: Key) -> bool:
    """Return whether *step* gives an old name the name of *key*."""
    return step.scope == _scope(key) and len(step.olds) == 1 and key.name in _names(step)


def _scope(key: Key) -> str:
    """Return the scope of steps that is about *key*."""
    return key.place.rpartition(".")[0]


def _names(step: Step) -> tuple[str, ...]:
    """Return the names that a value gets in *step*; a number or a switch stands for any value."""
    tried: tuple[Json, ...] = (1, True, "x")
    made = (step.make(*(value,) * len(step.olds)) for value in tried)
    names = dict.fromkeys(name for found in made if found for name in found)
    return tuple(name for name in names if name not in step.olds)


def markdown() -> str:
    """Return the reference page."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    """Yield the lines of the reference page."""
    yield from ("# Configuration of the strategy", "")
    yield "Printed from the tables in `adapters/strategy/`: change those, not this page."
    yield from ("", *INTRODUCTION, "")
    for section, title in TITLES.items():
        yield from (f"## {section or 'File'}", "", title, "")
        listed = [key for key in LISTED if _of(key, section)]
        if used := [key for key in listed if key.used]:
            yield from (*_table(EFFECTIVE, _rows(used, section)), "")
        if venue := [key for key in listed if key.venue]:
            yield from ("At a venue only, not in a backtest:", "")
            yield from (*_table(EFFECTIVE, _rows(venue, section)), "")
        kept = [key for key in listed if not key.used and not key.venue]
        if kept:
            yield from ("Kept, without effect here:", "")
            yield from _table(("key", "type", "default", "meaning"), _kept(kept, section))
            yield ""
    yield from ("## One coin", "", *_coin(), "", "## Earlier names", "", *OLDER, "")
    yield from _table(("where", "earlier", "today"), _older())
    yield from ("", *AGED, "")
    yield from _table(("added", "value"), _added())
    yield from ("", *RULES)


def _of(key: Key, section: str) -> bool:
    """Return whether *key* is told of under *section*."""
    best = max((each for each in TITLES if not each or key.place.startswith(f"{each}.")), key=len)
    return best == section


def _rows(keys: Iterable[Key], section: str) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each key that has an effect."""
    for pair in paired(tuple(keys)):
        head = pair[0]
        unit = f" ({head.unit})" if head.unit else ""
        yield (
            f"`{_local(head, section)}`",
            _type(head),
            bounds(head),
            f"`{_defaults(pair)}`",
            head.meaning + unit,
        )


def _kept(keys: Iterable[Key], section: str) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each key that has none."""
    for pair in paired(tuple(keys)):
        head = pair[0]
        yield f"`{_local(head, section)}`", _type(head), f"`{_defaults(pair)}`", head.meaning


def _local(key: Key, section: str) -> str:
    """Return the path of *key* inside of *section*."""
    return key.place.removeprefix(f"{section}.") if section else key.path


def _coin() -> Iterator[str]:
    """Yield what is said of one coin."""
    sides = ", ".join(f"`{row.name}`" for row in ROWS if row.name in COIN_SIDE)
    yield f"`{OVERRIDES}` has an object for each coin, with these keys of `bot.{EACH}`: {sides};"
    yield f"and these of `live`: {', '.join(f'`{name}`' for name in COIN_LIVE)}."


def _older() -> Iterator[tuple[str, ...]]:
    """Yield the cells of each step of migration; bounds have the names of their sides."""
    for step in STEPS:
        if step.scope.startswith("optimize"):
            continue
        today = ", ".join(f"`{name}`" for name in _names(step)) or step.why
        yield f"`{step.scope}`" if step.scope else "", ", ".join(map(_code, step.olds)), today


def _added() -> Iterator[tuple[str, ...]]:
    """Yield the cells of each key that an old side gets."""
    yield from ((_code(name), f"`{written(value)}`") for name, value in BEFORE.items())
    yield from ((_code(new), _code(old)) for new, old in COPIED.items())


def _code(name: str) -> str:
    return f"`{name}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Yield a table."""
    for cells in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cells)} |"


INTRODUCTION = (
    "A JSON object; every key may be left out. Numbers are numbers, not texts, and 0 is a legal",
    "value wherever its range has it. `hedgeproof config check FILE` names every problem at once,",
    "with the key, its value and the fix; `hedgeproof config explain KEY` tells of one key what is",
    "told here.",
    "",
    "Fractions are fractions, 0.01 is one percent. SIDE is `long` or `short`.",
)
OLDER = (
    "Files of earlier versions are read as they are, and what was changed is reported.",
    "`hedgeproof config migrate FILE` writes the file in today's names. A key that is there in",
    "both forms keeps today's value. Bounds in `optimize.bounds` are renamed as the keys are.",
)
AGED = (
    "A side with an earlier name is of a version that did not have all of today's keys. What is",
    "missing of these is added, so that it trades as it did:",
)
RULES = (
    "## Rules between keys",
    "",
    "* With a mirror (`live.mirror.threshold` above 0) the base trades one side only: that the",
    "  `n_positions` of the mirrors' side is not 0 is refused.",
    "* With a mirror the base's `total_wallet_exposure_limit` is a multiple of 0.000001.",
    "* A side is off if its `n_positions` or its `total_wallet_exposure_limit` is 0.",
    "* A symbol such as `BTCUSDT` or `BTC/USDT:USDT` is meant by its own name, and by its coin's.",
    "* `wallet_exposure_limit`, `hsl_enabled`, `live.forced_mode_SIDE`, `coin_overrides` and",
    "  `live.market_orders_allowed` are checked, and refused by what trades here: [what is",
    "  refused](../how-to/backtest.md#what-is-refused).",
    "* Other programs may keep notes in the file under names that begin with `_`.",
)
