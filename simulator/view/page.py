"""The page of a check, put together: an index, the tables of the machines, a section a world."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from attrs import frozen

from simulator.checked import Checked, Table
from simulator.explorer import Report, Verdict, World
from simulator.judge import Judgement, Kill
from simulator.view.css import CSS
from simulator.view.depths import depths
from simulator.view.sequence import sequence
from simulator.view.tables import changes, coverage, line, table
from simulator.view.trace import trace
from spec.properties import Kind

WORDS = {True: "holds", False: "FAILS"}


@frozen
class Shown:
    """A world that was checked, and how many seconds that took."""

    checked: Checked
    seconds: float

    @property
    def judgement(self) -> Judgement:
        """What the world is worth."""
        return self.checked.judgement

    @property
    def name(self) -> str:
        """The name of the world."""
        return self.judgement.entry.name

    @property
    def sound(self) -> bool:
        """Whether everything claimed holds and every mutant was killed."""
        report, kills = self.judgement.report, self.judgement.kills
        return report.complete and not report.failures and all(kill.killed for kill in kills)


def page(
    title: str,
    facts: Mapping[str, str],
    shown: Sequence[Shown],
    tables: Sequence[Table],
    *,
    mutants: bool,
) -> str:
    """Return the page of the worlds *shown*, headed by *facts*; *tables* are their rows.

    Traces of *mutants* are drawn if asked for; counterexamples always are.
    """
    sections = [_index(shown), *_coverage(shown, tables)]
    sections += [_world(each, mutants=mutants) for each in shown]
    pairs = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in (*facts.items(), *_sums(shown).items())
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title><style>{CSS}</style></head>\n"
        f"<body><main><header><h1>{escape(title)}</h1><dl>{pairs}</dl></header>\n"
        f"{''.join(sections)}</main></body></html>\n"
    )


def _sums(shown: Sequence[Shown]) -> dict[str, str]:
    """Return what all worlds come to together."""
    reports = [each.judgement.report for each in shown]
    kills = [kill for each in shown for kill in each.judgement.kills]
    failing = sum(not each.sound for each in shown)
    return {
        "Worlds": f"{len(shown):,}, {f'{failing:,} not sound' if failing else 'all sound'}",
        "States": f"{sum(report.states for report in reports):,}",
        "Transitions": f"{sum(report.transitions for report in reports):,}",
        "Mutants killed": f"{sum(kill.killed for kill in kills):,} of {len(kills):,}",
        "Time": f"{sum(each.seconds for each in shown):.1f} s, mutants included",
    }


def _section(name: str, title: str, body: str) -> str:
    """Return one section of the page."""
    return f'<section id="{escape(name)}"><h2>{escape(title)}</h2>{body}</section>\n'


def _index(shown: Sequence[Shown]) -> str:
    """Return the table of worlds."""
    head = ("world", "verdict", "properties", "states", "transitions", "depth", "seconds", "killed")
    return _section("worlds", "Worlds", table(head, map(_indexed, shown), "figures"))


def _indexed(each: Shown) -> str:
    """Return the line of one world in the index."""
    report, kills = each.judgement.report, each.judgement.kills
    name = escape(each.name)
    killed = f"{sum(kill.killed for kill in kills)}/{len(kills)}" if kills else ""
    figures = (f"{len(report.verdicts)}", *_figures(report), f"{each.seconds:.1f}", killed)
    word = "sound" if each.sound else "FAILS"
    return line((f'<a href="#{name}">{name}</a>', word, *figures), "" if each.sound else "fails")


def _figures(report: Report[Any]) -> tuple[str, str, str]:
    """Return the size of a world."""
    return f"{report.states:,}", f"{report.transitions:,}", f"{report.depth:,}"


def _coverage(shown: Sequence[Shown], tables: Sequence[Table]) -> Iterator[str]:
    """Yield a section for each machine: its rows, and which world takes which."""
    worlds = [each.name for each in shown]
    for each in tables:
        name, rows = each.spec.name, len(each.spec.rows)
        dead = f", {len(each.dead)} dead" if each.dead else ""
        partly = "" if each.whole else " by these worlds; the machine has others"
        body = coverage(each, worlds)
        summary = f"{len(each.taken)} of {rows} rows taken{dead}{partly}"
        opened = " open" if dead else ""
        body = f"<details{opened}><summary>{summary}</summary>{body}</details>"
        yield _section(f"rows-{name}", f"Rows of {each.spec.title}", body)


def _world(each: Shown, *, mutants: bool) -> str:
    """Return the section of one world: verdicts, depths, counterexamples, mutants."""
    judgement, report = each.judgement, each.judgement.report
    head = ("property", "kind", "verdict", "killed", "what it says")
    parts = [table(head, (_verdict(verdict, judgement) for verdict in report.verdicts))]
    parts.append(_size(each))
    world = judgement.entry.world
    parts += [_trace(each, world, each.property.text, opened=True) for each in report.failures]
    parts += [_mutant(kill) for kill in judgement.kills if mutants or not kill.killed]
    return _section(each.name, each.name, "".join(parts))


def _size(each: Shown) -> str:
    """Return the figures of a world, its rows and its states by depth."""
    states, transitions, depth = _figures(each.judgement.report)
    taken = (
        f'<a href="#rows-{escape(name)}">{len(pairs)} rows of {escape(name)}</a>'
        for name, pairs in each.checked.taken.items()
    )
    rows = ", ".join(taken) or "none declared"
    words = f"{states} states, {transitions} transitions, depth {depth}. Takes: {rows}."
    end = "" if each.judgement.report.complete else " The failure ended it: the rest is open."
    chart = depths(each.checked.judgement.report.by_depth)
    chart = f"<figure>{chart}<figcaption>States by depth</figcaption></figure>"
    return f"<p>{words}{end}</p>{chart}"


def _verdict(verdict: Verdict[Any], judgement: Judgement) -> str:
    """Return the line of one property."""
    prop = verdict.property
    kills = [k.killed for k in judgement.kills if k.mutant.property_id == prop.id]
    word = WORDS[verdict.holds]
    if verdict.holds and prop.kind is Kind.SOMETIMES:
        word = f"witnessed in {len(verdict.moves())}"
    killed = f"{sum(kills)}/{len(kills)}" if kills else ""
    cells = (prop.id, prop.kind.value, word, killed, prop.text)
    return line(map(escape, cells), "" if verdict.holds else "fails")


def _mutant(kill: Kill) -> str:
    """Return how a known defect was found, or that it was not."""
    defect = f"Mutant: {kill.mutant.defect}"
    if kill.verdict is None or not kill.killed:
        return f'<p class="fails">{escape(f"{kill.mutant.property_id} misses: {defect}")}</p>'
    return _trace(kill.verdict, kill.mutant.world, defect, opened=False)


def _trace(verdict: Verdict[Any], world: World[Any], what: str, *, opened: bool) -> str:
    """Return a path, drawn and as a table; *what* says of what it is a path."""
    if not verdict.path:
        return f"<p>{escape(what)} <b>{verdict.property.id} is never reached.</b></p>"
    found = trace(verdict, world, f"{verdict.property.id}: {what}")
    moves = len(verdict.moves())
    outcome = f"{verdict.property.id} fails after {moves} {'move' if moves == 1 else 'moves'}"
    return (
        f"<details{' open' if opened else ''}><summary>{escape(what)} <b>{outcome}</b></summary>"
        f'<div class="scroll">{sequence(found)}</div>{changes(found)}</details>'
    )
