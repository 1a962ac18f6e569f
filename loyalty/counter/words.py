"""An amount in words, so that a zero too many is heard when it is read out."""

from __future__ import annotations

from persiantools.digits import to_word

from loyalty.ui import money, presentation


def in_words(minor: int) -> str:
    """Return an amount in Persian words («یک میلیون و دویست هزار تومان»); "" in other languages."""
    shown = presentation.current()
    unit = money.unit_of(shown)
    if not shown.is_persian or minor % unit.factor:
        return ""
    return f"{to_word(minor // unit.factor)} {money.unit_label(shown)}"
