"""Every machine there is, by name, with what must hold of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from spec import (
    collision,
    hedge_wallet,
    mirror,
    mirroring,
    order,
    position,
    slots,
    supervisor,
    trailing,
    unstuck,
)
from spec.fsm import Spec
from spec.properties import Property

Machine = tuple[Spec[Any, Any, Any], Mapping[str, Property]]

MACHINES: Mapping[str, Machine] = MappingProxyType(
    {
        spec.name: (spec, properties)
        for spec, properties in (
            (order.ORDER, order.PROPERTIES),
            (position.POSITION, position.PROPERTIES),
            (hedge_wallet.HEDGE_WALLET, hedge_wallet.PROPERTIES),
            (collision.COLLISION, collision.PROPERTIES),
            (mirror.MIRROR, mirror.PROPERTIES),
            (mirroring.MIRRORING, mirroring.PROPERTIES),
            (trailing.TRAILING, trailing.PROPERTIES),
            (unstuck.UNSTUCK, unstuck.PROPERTIES),
            (slots.SLOTS, slots.PROPERTIES),
            (supervisor.SUPERVISOR, supervisor.PROPERTIES),
        )
    }
)
