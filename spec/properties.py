"""What must hold of the machines, as named sentences: ids, kinds and words, no predicates.

A closed world binds each property to a predicate over its own states; explorers, tests,
counterexamples and reference pages quote the id.
"""

import re
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from attrs import frozen

from spec.fsm import SpecError

ID = re.compile(r"[A-Z]{2,4}-[1-9][0-9]*(\.[1-9][0-9]*)?")
SENTENCE = re.compile(r"[A-Z0-9]\S*( \S+)*( \S*[^\s.])\.")


class Kind(Enum):
    """What a property claims about the reachable states."""

    ALWAYS = "always"  # every one, or every transition between them
    SOMETIMES = "sometimes"  # at least one: the guard against vacuous proofs
    LEADS_TO = "leads-to"  # from every one where P holds, every fair path reaches Q


@frozen
class Property:
    """One claim: *id* such as "ORD-1" (a part of it: "ORD-8.1"), *text* one sentence."""

    id: str
    kind: Kind
    text: str


def declare(*properties: Property) -> Mapping[str, Property]:
    """Return *properties* by id, in the order given, read-only.

    >>> declare(Property("ORD-4", Kind.ALWAYS, "A final state absorbs."))["ORD-4"].kind.value
    'always'

    Raises:
        SpecError: Two properties share an id, an id has another form than "ORD-1" or
            "ORD-8.1", or a text is not one line that starts with a capital letter or a
            digit, has two words or more and ends with one full stop.
    """
    declared: dict[str, Property] = {}
    for each in properties:
        if not ID.fullmatch(each.id):
            raise SpecError(f"{each.id!r} is no property id, such as ORD-1 or ORD-8.1")
        if each.id in declared:
            raise SpecError(f"{each.id} is declared twice")
        if not SENTENCE.fullmatch(each.text):
            raise SpecError(f"{each.id}: {each.text!r} is not a sentence")
        declared[each.id] = each
    return MappingProxyType(declared)
