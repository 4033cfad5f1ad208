"""What both explorers share."""


def check_ids(world: str, ids: list[str], stop_at: frozenset[str]) -> None:
    """Check that each property of *world* is claimed once, and those to stop at are.

    Raises:
        ValueError: It is not so.
    """
    if len(set(ids)) < len(ids):
        raise ValueError(f"{world}: two claims share a property: {sorted(ids)}")
    if unknown := stop_at.difference(ids):
        raise ValueError(f"{world}: nothing claims {sorted(unknown)}")


def origin(error: AssertionError) -> str:
    """Return where *error* was raised, and its words."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f"{trace.tb_frame.f_code.co_qualname}, line {trace.tb_lineno}"
    return f"{where}: {error}" if str(error) else where
