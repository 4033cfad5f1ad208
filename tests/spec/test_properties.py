"""Properties are sentences with ids; a declaration that is not says which one."""

import pytest

from spec.fsm import SpecError
from spec.properties import Kind, Property, declare


def test_properties_are_found_by_id_in_the_order_declared() -> None:
    """A declaration is a mapping by id that keeps its order."""
    first = Property("ORD-4", Kind.ALWAYS, "A final state absorbs.")
    second = Property("ORD-1", Kind.ALWAYS, "Our filled quantity never passes the venue's.")
    part = Property("ORD-8.1", Kind.SOMETIMES, "An order is filled while its cancel is pending.")
    declared = declare(first, second, part)
    assert list(declared.values()) == [first, second, part]
    assert declared["ORD-8.1"] is part


def test_a_declaration_cannot_be_changed() -> None:
    """What is declared is read-only."""
    declared = declare(Property("ORD-4", Kind.ALWAYS, "A final state absorbs."))
    with pytest.raises(TypeError):
        declared["ORD-5"] = declared["ORD-4"]  # type: ignore[index]


def test_two_properties_with_one_id_are_refused_by_name() -> None:
    """An id is declared once; the error names it."""
    with pytest.raises(SpecError, match=r"ORD-4 is declared twice"):
        declare(
            Property("ORD-4", Kind.ALWAYS, "A final state absorbs."),
            Property("ORD-4", Kind.ALWAYS, "Filled never shrinks."),
        )


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "ORD",
        "ORD-",
        "ORD-0",
        "ORD-01",
        "ord-1",
        "O-1",
        "ORDERS-1",
        "ORD-1.",
        "ORD-1.0",
        "ORD-1\n",
    ],
)
def test_an_id_of_another_form_is_refused_by_name(bad: str) -> None:
    """An id has the form of ORD-1 or ORD-8.1; the error names the one that has not."""
    with pytest.raises(SpecError) as error:
        declare(Property(bad, Kind.ALWAYS, "A final state absorbs."))
    assert repr(bad) in str(error.value)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "Absorbs.",
        "a final state absorbs.",
        "A final state absorbs",
        "A final state absorbs .",
        "A final state absorbs..",
        "A final  state absorbs.",
        "A final state\nabsorbs.",
        " A final state absorbs.",
        "A final state absorbs. ",
    ],
)
def test_a_text_that_is_no_sentence_is_refused_by_id(bad: str) -> None:
    """A property is one sentence; the error names the property whose text is not."""
    with pytest.raises(SpecError, match=r"^HW-9\.2: .* is not a sentence$"):
        declare(Property("HW-9.2", Kind.ALWAYS, bad))


@pytest.mark.parametrize(
    "good", ["E' <= M.", "4 orders work in DECLINE.", "V(R) counts, too: always."]
)
def test_a_sentence_may_contain_formulas(good: str) -> None:
    """Operators and digits do not keep a text from being a sentence."""
    assert declare(Property("MMS-2", Kind.ALWAYS, good))["MMS-2"].text == good
