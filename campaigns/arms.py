"""Who is written to and who is left alone to compare with: drawn by a hash, so that it can be drawn again.

The draw of a person in a campaign is the first 32 bits of SHA-256 of "shop:key:customer". It is hold-out when
it falls below share × 2³²: each person with exactly that chance, independent of everything about them, and
the same in Python as in the SQL that freezes a million (`tests/campaigns/test_arms.py` compares both).
"""

from __future__ import annotations

import hashlib
import math
from decimal import Decimal
from uuid import UUID

TREATMENT, HOLDOUT, EXCLUDED = "treatment", "holdout", "excluded"

SPACE = 2**32
# Below this many left alone, their average says little about the others.
FEW = 20

# The same draw in SQL: `shop` and `key` are expressions of type text, `c.id` is the customer's id.
DRAW_SQL = """('x' || substr(encode(sha256(convert_to(
    {shop} || ':' || {key} || ':' || c.id, 'UTF8')), 'hex'), 1, 8))::bit(32)::bigint"""


def draw(shop_id: int, key: UUID | str, customer_id: int) -> int:
    """Return the person's number in this campaign, 0 … 2³² − 1."""
    return int.from_bytes(hashlib.sha256(f"{shop_id}:{key}:{customer_id}".encode()).digest()[:4])


def threshold(share: Decimal | float) -> int:
    """Return the number below which a draw is hold-out; `share` is 0 … 1."""
    return math.floor(Decimal(str(share)) * SPACE)


def arm(shop_id: int, key: UUID | str, customer_id: int, share: Decimal | float) -> str:
    """Return TREATMENT or HOLDOUT."""
    return HOLDOUT if draw(shop_id, key, customer_id) < threshold(share) else TREATMENT


def is_few(holdout: int) -> bool:
    """Whether so few are left alone that the result will only be indicative."""
    return holdout < FEW


def smallest_effect(holdout: int, treatment: int, base_share: float = 0.05) -> float | None:
    """Return the smallest lift of the buying share that these two groups would show in 4 of 5 campaigns.

    Two-sided 5 %, power 80 %: (1.96 + 0.84) × the standard error of a difference of two shares (Fleiss,
    Statistical Methods for Rates and Proportions, ch. 4, without continuity correction). `base_share` is the
    share that buys anyway. None where a group is empty.
    """
    if not holdout or not treatment:
        return None
    lift = 0.0
    # The spread depends on the lift itself; a few rounds settle it.
    for _ in range(20):
        raised = min(base_share + lift, 1.0)
        spread = raised * (1 - raised) / treatment + base_share * (1 - base_share) / holdout
        lift = (1.959964 + 0.841621) * math.sqrt(spread)
    return lift
