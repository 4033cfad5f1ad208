"""What becomes of a portfolio once a person has chosen other terms for it.

What is held and what works stays as it is, and is traded by the new terms from the next bars on;
what nobody would look after any more is refused.
"""

from collections.abc import Iterator

from attrs import evolve

from machines import order_manager, overlay, portfolio_desk, portfolio_mirrors, portfolio_slots
from machines.messages import Wanted
from machines.overlay import Mirrors
from machines.planner_inputs import Strategy, enabled
from machines.portfolio import Config, Portfolio
from machines.portfolio_desk import Desk, is_mirror
from machines.portfolio_mirrors import MirrorConfig
from machines.pricing.averages import Averages
from machines.pricing.sides import SideTerms
from machines.refusal import Refused, other_units
from spec.mirror import Mode
from spec.position import State
from spec.terms import Instrument, PositionSide

SPANS = tuple(name for name in SideTerms._fields if name.endswith("_span"))
WAIT = "wait until that is closed, or let --on-stop flatten close it"
UNWIND = "set live.mirror.threshold to 0 and wait until the mirrors are unwound"


def reconfigured(portfolio: Portfolio, config: Config, averages: Averages) -> Portfolio | Refused:
    """Return *portfolio* once a person has chosen *config*, by which it orders from the next bars.

    *averages* are those of *config* after the newest bars, which count if the portfolio is `cold`.
    Mirrors that are left are unwound by an overlay that is off.
    """
    for refused in _refusals(portfolio, config):
        return refused
    config = evolve(config, mirrors=_mirror_config(portfolio, config))
    desks = tuple(_desk(portfolio, each, config) for each in config.strategy.instruments)
    slots = portfolio_slots.restarted(portfolio_slots.begin(config.strategy), desks)
    places = {desk.instrument.symbol: place for place, desk in enumerate(desks)}
    newest = portfolio.desks[portfolio.account.symbol].instrument.symbol
    return evolve(
        portfolio,
        config=config,
        desks=desks,
        averages=averages if cold(portfolio, config) else portfolio.averages,
        slots=slots,
        mirrors=_mirrors(portfolio, config, desks),
        outcome=portfolio.outcome if config.mirrors else None,
        account=evolve(portfolio.account, symbol=places.get(newest, 0)),
        stale=True,
    )


def cold(portfolio: Portfolio, config: Config) -> bool:
    """Return whether *config* looks at averages that *portfolio* does not have."""
    longer = config.warmup_bars > portfolio.config.warmup_bars
    return longer or _spans(portfolio.config.strategy) != _spans(config.strategy)


def _spans(strategy: Strategy) -> tuple[object, ...]:
    """Return what averages are made of, symbol by symbol."""
    names = tuple(each.symbol for each in strategy.instruments)
    spans = (
        tuple(getattr(terms, name) for name in SPANS) for side in strategy.terms for terms in side
    )
    return names, *spans


def idle(desk: Desk) -> bool:
    """Return whether there is nothing of a symbol: no position, no order that is not final."""
    flat = desk.pair.state is desk.mirror.state is State.FLAT
    return flat and not order_manager.live(desk.book)


def _refusals(portfolio: Portfolio, config: Config) -> Iterator[Refused]:
    """Yield why *portfolio* cannot go on by *config*."""
    before = portfolio.config
    held = tuple(desk for desk in portfolio.desks if not idle(desk))
    yield from _contracts(portfolio, held, config)
    old, new = before.strategy.mode, config.strategy.mode
    if held and new is not old:
        yield Refused("mode", old.name, new.name, f"{_open(held)}; {WAIT}")
    if held and config.levels != before.levels:
        yield Refused("levels", before.levels, config.levels, f"{_open(held)}; {WAIT}")
    for leg in portfolio_desk.LEGS:
        left = tuple(desk for desk in held if _based(desk, leg))
        if left and not _trades(config, leg):
            fix = f'set live.forced_mode_{leg.name.lower()} to "panic" or "graceful_stop"; {WAIT}'
            yield Refused(leg.name.lower(), "on", "off", f"{_open(left)}; {fix}")
    yield from _overlays(portfolio, config)


def _contracts(portfolio: Portfolio, held: tuple[Desk, ...], config: Config) -> Iterator[Refused]:
    """Yield what is held of contracts that are left out, or that are others by the same name."""
    chosen = {each.symbol: each for each in config.strategy.instruments}
    old, new = portfolio.desks[0].instrument.money, config.strategy.instruments[0].money
    if old != new:
        yield Refused("money", old, new, "begin a new journal once all is closed")
    for desk in held:
        name = desk.instrument.symbol
        if name not in chosen:
            yield Refused(name, "traded", "left out", f"{_open((desk,))}; {WAIT}")
        elif (other := other_units(desk.instrument, chosen[name])) is not None:
            yield other


def _overlays(portfolio: Portfolio, config: Config) -> Iterator[Refused]:
    """Yield what mirrors that are left do not go with."""
    before, after = portfolio.config.mirrors, config.mirrors
    left = tuple(desk for desk in portfolio.desks if _mirrored(desk))
    if before is None or not left:
        return
    mode, fix = before.settings.mode, f"{_open(left)}; {UNWIND}"
    if after is not None and (after.settings.mode, after.patience) != (mode, before.patience):
        yield Refused("mirrors", mode.name, after.settings.mode.name, fix)
    leg = PositionSide.SHORT if mode is Mode.SHORTS_FOR_LONGS else PositionSide.LONG
    if _trades(config, leg):
        yield Refused(leg.name.lower(), "off", "on", fix)


def _trades(config: Config, leg: PositionSide) -> bool:
    """Return whether the base trades *leg*."""
    strategy = config.strategy
    return enabled(strategy.long if leg is PositionSide.LONG else strategy.short)


def _based(desk: Desk, leg: PositionSide) -> bool:
    """Return whether the base has a position of *leg*, or an order that may open one."""
    side, entering = portfolio_slots.ENTERS[leg - 1], portfolio_slots.opens
    orders = (each.wanted for each in order_manager.live(desk.book))
    held = desk.pair.long if leg is PositionSide.LONG else desk.pair.short
    return held.qty > 0 or any(entering(each) and each.side is side for each in orders)


def _mirrored(desk: Desk) -> bool:
    """Return whether a symbol has a mirror, or an order of the overlay."""
    orders = (each.wanted for each in order_manager.live(desk.book))
    return desk.mirror.state is not State.FLAT or any(map(is_mirror, orders))


def _mirror_config(portfolio: Portfolio, config: Config) -> MirrorConfig | None:
    """Return what is chosen for the mirrors: without any, those that are left are unwound."""
    before = portfolio.config.mirrors
    if config.mirrors is None and before is not None and any(map(_mirrored, portfolio.desks)):
        return evolve(before, settings=evolve(before.settings, enabled=False))
    return config.mirrors


def _mirrors(portfolio: Portfolio, config: Config, desks: tuple[Desk, ...]) -> Mirrors | None:
    """Return the machines of the overlay, which know what *desks* have.

    What an error has stopped waits for a person still.
    """
    if config.mirrors is None:
        return None
    fresh, before = portfolio_mirrors.begin(config.mirrors, config.strategy), portfolio.mirrors
    if before is None:
        return _acquainted(fresh, desks)
    names = {each.symbol for each in config.strategy.instruments}
    same = (fresh.position_mode, fresh.patience, fresh.settings.mode) == (
        before.position_mode,
        before.patience,
        before.settings.mode,
    )
    known = tuple(pair for pair in before.collisions if same and pair[0] in names)
    return _acquainted(evolve(fresh, overlay=before.overlay, collisions=known), desks)


def _acquainted(mirrors: Mirrors, desks: tuple[Desk, ...]) -> Mirrors:
    """Return *mirrors* once each symbol knows what base and mirror have there."""
    for desk in desks:
        if not idle(desk):
            mirrors, _ = overlay.known(mirrors, portfolio_mirrors.scene(desk, mirrors.settings))
    return mirrors


def _desk(portfolio: Portfolio, instrument: Instrument, config: Config) -> Desk:
    """Return the desk of *instrument*: a new one where nothing is held and its terms are others."""
    fresh = portfolio_desk.new(instrument, config.strategy.mode, config.levels)
    for desk in portfolio.desks:
        if desk.instrument.symbol == instrument.symbol:
            fits = other_units(desk.instrument, instrument) is None
            fits &= (desk.pair.mode, desk.mirror_key) == (fresh.pair.mode, fresh.mirror_key)
            return evolve(desk, instrument=instrument, overlaid=_out(desk)) if fits else fresh
    return fresh


def _out(desk: Desk) -> tuple[Wanted, ...]:
    """Return what the overlay asked for and has handed over; the rest was decided otherwise."""
    orders = {each.wanted for each in order_manager.live(desk.book)}
    return tuple(each for each in desk.overlaid if each in orders)


def _open(desks: tuple[Desk, ...]) -> str:
    """Return that something of *desks* is open."""
    return f"still open: {', '.join(desk.instrument.symbol for desk in desks)}"
