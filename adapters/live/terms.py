"""What a person chooses of a live run, and what makes it patient or quick."""

from pathlib import Path

from attrs import frozen

from spec.supervisor import StopPolicy


@frozen(kw_only=True)
class Terms:
    """Times are in seconds, money in units of the quote currency, `None` is no limit.

    *equity_min* trips the loss limit; *exposure_max* is what positions and opening orders may be
    worth together.  *kill_file* stops all opening once it exists.  *drift_ms* is how far the
    venue's clock may be from ours, None where nobody looks.  The venue cancels all orders, exits
    too, once it has not heard of the bot for *cancel_after_s*.
    """

    policy: StopPolicy = StopPolicy.LEAVE
    equity_min: int | None = None
    exposure_max: int | None = None
    kill_file: Path | None = None
    drift_ms: int | None = 1_000
    cancel_after_s: int | None = None
    validity_s: float = 6.0
    retry_s: float = 1.0
    settle_s: float = 0.5
    overdue_s: float = 20.0
    stale_s: float = 20.0
    limited_s: float = 10.0
    bar_s: float = 5.0
    deadline_s: float = 60.0
    audit_s: float = 60.0
    tick_s: float = 1.0
