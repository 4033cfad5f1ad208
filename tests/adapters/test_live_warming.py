"""A portfolio warms up on weeks of candles, of which it has few in memory at a time."""

from pathlib import Path
from typing import Any

import pytest

from adapters.live import prepare_strategy
from adapters.live.prepare_strategy import warmed
from adapters.venue.feed import MINUTE_MS
from machines import portfolio
from tests.adapters.live_world import simulated
from tests.adapters.test_live_strategy import Eight, plan

PIECE = 7  # minutes


def test_pieces_come_to_the_same_as_all_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer has more candles than a piece, and the averages are those of all candles."""

    async def story() -> None:
        chosen = plan(max_warmup_minutes=60)
        world = Eight(tmp_path / "world", chosen)
        bot = portfolio.new(await chosen.prepared(world.port, tmp_path / "j", 0), 1)
        whole, ask, counts = await warmed(world.port, bot), world.port.bars, list[int]()

        async def counted(*words: int) -> Any:  # noqa: ANN401
            answer: Any = await ask(*words)
            counts.append(len(answer.value))
            return answer

        monkeypatch.setattr(world.port, "bars", counted)
        monkeypatch.setattr(prepare_strategy, "PIECE_MS", PIECE * MINUTE_MS)
        assert (await warmed(world.port, bot)).averages == whole.averages
        assert max(counts) == PIECE
        assert sum(counts) > 60

    simulated(story())
