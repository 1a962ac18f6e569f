"""The carriers of messages; one adapter each, all speaking `base`."""

from __future__ import annotations

from campaigns.gateways.base import Gateway
from campaigns.gateways.sandbox import SandboxGateway
from campaigns.models import GatewayLine
from loyalty.shops.models import Shop

ADAPTERS = {GatewayLine.Kind.SANDBOX: SandboxGateway}


def for_line(line: GatewayLine, shop: Shop) -> Gateway:
    """Return the gateway that carries this line's messages."""
    return ADAPTERS[line.kind](shop)
