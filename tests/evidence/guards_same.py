"""Guards that may as well be their neighbours, and why nobody can tell."""

from collections.abc import Mapping
from types import MappingProxyType

SAME: Mapping[tuple[str, str, str], str] = MappingProxyType(
    {
        ("position", "state is pair.state", "state is not pair.state"): (
            "to put a pair into the state that it is in makes an equal one"
        ),
        ("position", "qty < leg.qty", "qty <= leg.qty"): (
            "the share of all lots in the cost is the cost"
        ),
        ("collision", "after.tries < after.patience", "after.tries <= after.patience"): (
            "a close at the touch is asked for only while there is patience"
        ),
        ("mirror", "hedge < target", "hedge <= target"): (
            "a hedge that is the target is inside, whatever the band"
        ),
        ("mirror_allocation", "size - most < min_qty", "size - most <= min_qty"): (
            "where the least order is left, that is what is left either way"
        ),
        ("mirror_allocation", "lots > 0", "lots >= 0"): (
            "what is reduced is above the band, and without lots it stays there"
        ),
        ("unstuck", "one.distance < other.distance", "one.distance <= other.distance"): (
            "they differ there"
        ),
        ("unstuck", "one.position < other.position", "one.position <= other.position"): (
            "a position is found once"
        ),
        ("unstuck", "candidate.loss * qty > budget", "candidate.loss * qty >= budget"): (
            "a budget that is used up to the last unit is that loss by its number of lots"
        ),
    }
)
