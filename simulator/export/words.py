"""What both languages share: identifiers, comments, and what is to be expected."""

import re
from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap

from attrs import frozen

from simulator.export.table import Table
from spec.properties import Kind

WIDTH = 98


@frozen
class Names:
    """The identifiers of actors and channels, by number, and of claims and features, by name."""

    actors: tuple[str, ...]
    channels: tuple[str, ...]
    claims: Mapping[str, str]
    features: Mapping[str, str]


def named(table: Table, reserved: str) -> Names:
    """Return identifiers for *table*, all different and none of the words of *reserved*."""
    taken = set(reserved.split())

    def name(text: str) -> str:
        found = re.sub(r"\W", "_", text, flags=re.ASCII)
        if not found[:1].isalpha():
            found = f"x{found}"
        while found in taken:
            found += "_"
        taken.add(found)
        return found

    lengths = {each.channel.name for each in table.channels}
    return Names(
        tuple(name(actor.name) for actor in table.actors),
        tuple(name(each.channel.name) for each in table.channels),
        {claim.property.id: name(claim.property.id) for claim in table.claims},
        {feature: name(feature) for feature in sorted(table.used() - lengths)},
    )


def plain(text: str) -> str:
    r"""Return *text* as one line that ends no comment, and begins none.

    >>> plain("a */ b *) \u00e9")
    'a * / b * ) \\xe9'
    """
    line = " ".join(text.split()).encode("ascii", "backslashreplace").decode()
    return re.sub(r"\*(?=[/)])", "* ", re.sub(r"(?<=[/(])\*", " *", line))


def paragraphs(*texts: str, indent: str = "") -> Iterator[str]:
    """Yield the lines of *texts*, none too long."""
    for text in texts:
        more = f"{indent}    "
        yield from wrap(plain(text), WIDTH, initial_indent=indent, subsequent_indent=more) or [""]


def rows(values: Iterable[str], indent: str = "    ") -> str:
    """Return *values* with commas, in lines that are not too long."""
    text = ", ".join(values)
    lines = wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
    return "\n".join(lines)


def verdicts(table: Table, names: Names) -> Iterator[str]:
    """Yield what hedgeproof has found of each claim, a line each."""
    found = {verdict.property.id: verdict for verdict in table.report.verdicts}
    for claim in table.claims:
        prop = claim.property
        verdict = found[prop.id]
        depth = "" if verdict.path is None else f" at depth {len(verdict.moves())}"
        if prop.kind is Kind.LEADS_TO:
            depth = ""
        word = "holds" if verdict.holds else "FAILS"
        if verdict.holds and prop.kind is Kind.SOMETIMES:
            word = "witnessed"
        yield f"{names.claims[prop.id]}, {prop.kind.value}, {word}{depth}: {prop.text}"


def counts(table: Table) -> str:
    """Return how large the world is, as far as it was explored."""
    report = table.report
    if not report.complete:
        return (
            f"the claim fails at depth {report.depth}; no counts, as nothing follows from there on"
        )
    return (
        f"{report.states} states, {report.transitions} transitions, depth {report.depth};"
        f" states that nothing leaves: {report.deadlocks}"
    )
