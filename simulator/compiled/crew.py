"""Compiled functions at work on several processors."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

WORKERS_MAX = 2  # the table of states has two halves


class Crew:
    """So many workers, this thread one of them; compiled functions let the others run.

    Raises:
        ValueError: There are none, or more than two.
    """

    def __init__(self, workers: int) -> None:
        if not 1 <= workers <= WORKERS_MAX:
            raise ValueError(f"1 to {WORKERS_MAX} workers, not {workers}")
        self.workers = workers
        self._others = ThreadPoolExecutor(workers - 1) if workers > 1 else None

    def run(self, function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Return what *function* returns on each of *calls*, one for each worker at most."""
        if self._others is None:
            return [function(*call) for call in calls]
        others = [self._others.submit(function, *call) for call in calls[1:]]
        return [function(*calls[0]), *(other.result() for other in others)]
