"""How much of the balance was in the market: exposures at mark prices, as shares of the balance.

Means are over time: an exposure holds until the next sample.
"""

import numpy as np

from simulator.metrics.records import LONG, NET, SHORT, Records
from simulator.metrics.series import held_mean, largest, measured


@measured
def exposure_long_max(records: Records) -> float | None:
    """The largest long exposure.

    max over samples of L
    """
    return largest(records.exposure(LONG))


@measured
def exposure_long_mean(records: Records) -> float | None:
    """The mean long exposure.

    mean over time of L
    """
    return held_mean(records.ts_ms, records.exposure(LONG))


@measured
def exposure_short_max(records: Records) -> float | None:
    """The largest short exposure.

    max over samples of S
    """
    return largest(records.exposure(SHORT))


@measured
def exposure_short_mean(records: Records) -> float | None:
    """The mean short exposure.

    mean over time of S
    """
    return held_mean(records.ts_ms, records.exposure(SHORT))


@measured
def exposure_gross_max(records: Records) -> float | None:
    """The largest sum of both exposures.

    max over samples of L + S
    """
    return largest(records.long + records.short)


@measured
def exposure_gross_mean(records: Records) -> float | None:
    """The mean sum of both exposures.

    mean over time of L + S
    """
    return held_mean(records.ts_ms, records.long + records.short)


@measured
def exposure_net_max(records: Records) -> float | None:
    """The largest net exposure, either way.

    max over samples of |L - S|
    """
    return largest(np.abs(records.exposure(NET)))


@measured
def exposure_net_mean(records: Records) -> float | None:
    """The mean net exposure, positive if long.

    mean over time of L - S
    """
    return held_mean(records.ts_ms, records.exposure(NET))
