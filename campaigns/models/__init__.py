"""What we do: campaigns, whom they are about, each text to one person, and the sandbox that carries them."""

from .campaign import AudienceMember, Campaign, GatewayLine, Message
from .digest import Digest
from .sandbox import SandboxMessage, SandboxSettings

__all__ = [
    "AudienceMember",
    "Campaign",
    "Digest",
    "GatewayLine",
    "Message",
    "SandboxMessage",
    "SandboxSettings",
]
