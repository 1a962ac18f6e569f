"""The money of one row, from whatever a file gives of it, checked by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.ingest.sums import Amounts, Unknown, divide, work_out


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"amount": 1000}, Amounts(1000, 1000, 1000, 0, 1000, None, None)),
        # 6 × 2.55 pounds; the price is a ratio of pence.
        ({"quantity": 6000, "unit_price": (255, 1)}, Amounts(6000, 255, 1530, 0, 1530, None, None)),
        # 1,000 × 0.001 pounds is a pound, not nothing.
        ({"quantity": 1_000_000, "unit_price": (1, 10)}, Amounts(1_000_000, 0, 100, 0, 100, None, None)),
        # A kilo and a half at 333.
        ({"quantity": 1500, "unit_price": (333, 1)}, Amounts(1500, 333, 500, 0, 500, None, None)),
        ({"gross": 1000, "discount_amount": 100}, Amounts(1000, 1000, 1000, 100, 900, None, None)),
        ({"gross": 1000, "discount_amount": -100}, Amounts(1000, 1000, 1000, 100, 900, None, None)),
        ({"gross": 1000, "discount_rate": 1250}, Amounts(1000, 1000, 1000, 125, 875, None, None)),
        # What was paid is after the discount, so before it there was more.
        ({"amount": 900, "discount_amount": 100}, Amounts(1000, 1000, 1000, 100, 900, None, None)),
        ({"amount": 900, "discount_rate": 1000}, Amounts(1000, 1000, 1000, 100, 900, None, None)),
        ({"gross": 1000, "net": 900}, Amounts(1000, 1000, 1000, 100, 900, None, None)),
        # What was paid holds the tax.
        ({"amount": 1090, "tax": 90}, Amounts(1000, 1000, 1000, 0, 1000, 90, None)),
        # A subtotal from before the discount is no net amount.
        (
            {"net": 1000, "discount_amount": 200, "amount": 960, "tax": 160},
            Amounts(1000, 1000, 1000, 200, 800, 160, None),
        ),
        # A tip or the freight is no spend on goods.
        ({"net": 1000, "amount": 1290, "tax": 90}, Amounts(1000, 1000, 1000, 0, 1000, 90, None)),
        ({"amount": 1000, "cost": 600}, Amounts(1000, 1000, 1000, 0, 1000, None, 600)),
        ({"amount": 1000, "profit": 400}, Amounts(1000, 1000, 1000, 0, 1000, None, 600)),
        ({"quantity": -2000, "unit_price": (500, 1)}, Amounts(-2000, 500, -1000, 0, -1000, None, None)),
        # Of a return every sum may have its sign.
        (
            {"quantity": -1000, "unit_price": (500, 1), "cost": -300, "tax": -50},
            Amounts(-1000, 500, -500, 0, -500, -50, -300),
        ),
        ({"quantity": 0, "unit_price": (500, 1)}, Amounts(0, 500, 0, 0, 0, None, None)),
    ],
)
def test_sums_are_worked_out_as_by_hand(given, expected):
    assert work_out(given) == expected


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "amount_empty"),
        ({"quantity": 1000}, "amount_empty"),
        ({"gross": 10, "discount_amount": 11}, "discount_over_amount"),
        ({"amount": 10, "tax": 11}, "tax_over_amount"),
        ({"amount": 10, "tax": -2}, "tax_negative"),
        ({"amount": 10, "cost": -5}, "cost_negative"),
        ({"amount": 10, "profit": 15}, "cost_negative"),
    ],
)
def test_what_cannot_be_known_is_not_guessed(given, reason):
    with pytest.raises(Unknown) as unknown:
        work_out(given)
    assert unknown.value.reason == reason


@pytest.mark.parametrize(
    ("top", "bottom", "whole"), [(5, 10, 1), (4, 10, 0), (-5, 10, -1), (5, -10, -1), (15, 10, 2)]
)
def test_halves_are_rounded_away_from_zero(top, bottom, whole):
    assert divide(top, bottom) == whole


MONEY = st.integers(-(10**12), 10**12)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "amount": MONEY,
            "gross": MONEY,
            "net": MONEY,
            "discount_amount": MONEY,
            "tax": MONEY,
            "cost": MONEY,
            "profit": MONEY,
            "quantity": st.integers(-(10**12), 10**12),
            "discount_rate": st.integers(0, 10_000),
            "unit_price": st.tuples(MONEY, st.integers(1, 10**6)),
        },
    )  # fmt: skip
)
def test_whatever_is_given_a_discount_is_never_negative_and_sums_stay_whole(given):
    try:
        amounts = work_out(given)
    except Unknown:
        return
    assert amounts.discount >= 0
    assert all(isinstance(value, int) or value is None for value in amounts)
    assert amounts.unsigned().net == abs(amounts.net)
