"""A law that does not hold, and one that nobody can decide: the prover must say so of both."""


def every_sum_is_small(left: int, right: int) -> None:
    """False from 7919 + 104729 on, which no list of examples is likely to hold."""
    assert left > 0
    assert left != 7919 or right != 104_729


def no_two_cubes_make_a_third(left: int, right: int, both: int) -> None:
    """True, but beyond what the solver decides."""
    assert left > 0
    assert right > 0
    assert left * left * left + right * right * right != both * both * both
