"""How many states there are at each distance from the start, as a small chart."""

from collections.abc import Sequence

WIDTH, HIGH, LEFT, TOP, FOOT = 640, 110, 64, 8, 22
MANY = 10  # depths between two numbers below the chart, about


def depths(levels: Sequence[int]) -> str:
    """Return the chart of *levels*, the number of states at each depth."""
    most, bar = max(levels), (WIDTH - LEFT) / len(levels)
    bars = (
        f'<rect class="bar" x="{LEFT + depth * bar:.1f}" y="{TOP + HIGH * (1 - count / most):.1f}"'
        f' width="{max(bar - 1, 0.5):.1f}" height="{HIGH * count / most:.1f}">'
        f"<title>depth {depth}: {count:,} states</title></rect>"
        for depth, count in enumerate(levels)
    )
    step = max(1, -(-len(levels) // MANY))
    base = TOP + HIGH
    numbers = (
        f'<text class="tick" x="{LEFT + (depth + 0.5) * bar:.1f}" y="{base + 15}">{depth}</text>'
        for depth in range(0, len(levels), step)
    )
    return (
        f'<svg class="depths" width="{WIDTH}" height="{TOP + HIGH + FOOT}" role="img">'
        f"<title>states at each depth</title>"
        f'<text class="side" x="{LEFT - 6}" y="{TOP + 10}">{most:,}</text>'
        f'<text class="side" x="{LEFT - 6}" y="{base}">0</text>'
        f'<path class="axis" d="M{LEFT},{base}H{WIDTH}"/>{"".join((*bars, *numbers))}</svg>'
    )
