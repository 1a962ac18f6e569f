"""What a kind of shop should weigh: three sets of weights, and the questions that lead to one of them.

Source: Diam Brand on valued and volume customers (seed 004): a luxury brand lives on those who value it, a
discount retailer on volume, most shops on a balance of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from . import value_volume

LUXURY, DISCOUNT, BALANCED = PRESETS = ("luxury", "discount", "balanced")

WEIGHTS = {
    BALANCED: value_volume.WEIGHTS,
    # Who keeps choosing it at its price and tells others; how regularly matters little.
    LUXURY: {
        "margin": 25,
        "full_price": 30,
        "regularity": 5,
        "tenure": 10,
        "engagement": 10,
        "advocacy": 15,
        "service": 5,
    },
    # Margins are thin and everything is on offer: what serving costs, and who comes like clockwork.
    DISCOUNT: {
        "margin": 30,
        "full_price": 5,
        "regularity": 25,
        "tenure": 10,
        "engagement": 5,
        "advocacy": 5,
        "service": 20,
    },
}


# {question: {answer: the preset it speaks for}}, in the order asked; the words are in the template.
QUESTIONS = {
    "choose": {"quality": LUXURY, "price": DISCOUNT, "both": BALANCED},
    "margin": {"wide": LUXURY, "thin": DISCOUNT, "mixed": BALANCED},
    "grow": {"word": LUXURY, "reach": DISCOUNT, "both": BALANCED},
    "service": {"personal": LUXURY, "quick": DISCOUNT, "both": BALANCED},
    "known": {"name": LUXURY, "offers": DISCOUNT, "range": BALANCED},
}


@dataclass(frozen=True)
class Suggestion:
    """The preset most answers speak for, and the questions whose answers do."""

    preset: str
    because: tuple[str, ...]


def suggest(answers: Mapping[str, str]) -> Suggestion | None:
    """Return what the answers speak for, None without one. As many for two presets is a balance."""
    votes = {
        question: QUESTIONS[question][answer]
        for question, answer in answers.items()
        if answer in QUESTIONS.get(question, {})
    }
    if not votes:
        return None
    counts = {preset: list(votes.values()).count(preset) for preset in PRESETS}
    most = max(counts.values())
    leading = [preset for preset in PRESETS if counts[preset] == most]
    preset = leading[0] if len(leading) == 1 else BALANCED
    return Suggestion(preset, tuple(question for question, voted in votes.items() if voted == preset))
