"""Scores and segments: the rule over its whole space, and against results published by others."""

import csv
import datetime
import itertools
import json
import math
import random
from collections import Counter, defaultdict

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation import rfm
from tests.shared_data import shared

CELLS = list(itertools.product(rfm.SCORES, repeat=3))


def test_every_one_of_the_125_cells_has_exactly_one_segment():
    listed = [cell for cells in rfm.CELLS.values() for cell in cells.split()]
    assert sorted(listed) == sorted(f"{r}{f}{m}" for r, f, m in CELLS)
    assert len(rfm.SEGMENTS) == 11


def test_the_map_is_the_published_one():
    path = shared("README.md").parent.parent / "reference" / "rfm_segments.json"
    if not path.exists():
        pytest.skip("the published map is not here")
    published = json.loads(path.read_text())["segments"]
    assert [sorted(cells) for cells in published.values()] == [
        sorted(cells.split()) for cells in rfm.CELLS.values()
    ]
    assert [name.split()[0].lower() for name in published] == [slug.split("_")[0] for slug in rfm.SEGMENTS]


def test_what_is_no_cell_has_no_segment():
    with pytest.raises(KeyError):
        rfm.segment(0, 5, 5)


def test_a_score_counts_the_cuts_strictly_below_the_value():
    cuts = [1, 2, 3, 6]
    assert [rfm.score(value, cuts) for value in (0, 1, 2, 3, 4, 6, 7)] == [1, 1, 2, 3, 4, 4, 5]


def test_few_days_since_the_last_order_score_best():
    cuts = [10, 20, 30, 40]
    assert [rfm.recency_score(days, cuts) for days in (0, 10, 11, 30, 41)] == [5, 5, 4, 3, 1]


def test_a_cut_that_falls_between_two_values_is_interpolated():
    assert rfm.cuts([0, 10]) == [2, 4, 6, 8]
    assert rfm.cuts([5]) == [5, 5, 5, 5]
    assert rfm.cuts([]) is None


@given(st.lists(st.integers(0, 10**13), min_size=1, max_size=60))
def test_cuts_are_the_type_7_quantiles(values):
    expected = numpy.quantile(numpy.array(values, dtype=float), rfm.SHARES, method="linear")
    assert numpy.allclose(rfm.cuts(values), expected, rtol=1e-12)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.sampled_from([0.5, *rfm.SHARES]))
def test_a_value_with_the_quantile_on_it_is_told_by_counting_both_sides_of_it(values, share):
    ordered = sorted(values)
    around = {ordered[math.floor(share * (len(values) - 1))], ordered[math.ceil(share * (len(values) - 1))]}
    for value in range(6):
        below = sum(other < value for other in values)
        found = rfm.is_quantile(share, len(values), below, values.count(value))
        assert found == (around == {value})
        assert not found or rfm.quantile(ordered, share) == value


@given(st.lists(st.integers(0, 9), min_size=1, max_size=80), st.randoms())
def test_shuffling_the_rows_changes_no_score(values, shuffler):
    shuffled = values[:]
    shuffler.shuffle(shuffled)
    assert rfm.cuts(values) == rfm.cuts(shuffled)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=80))
def test_scores_rise_with_the_value_and_equal_values_score_alike(values):
    cuts = rfm.cuts(values)
    scores = [rfm.score(value, cuts) for value in sorted(values)]
    assert scores == sorted(scores)
    assert set(scores) <= set(rfm.SCORES)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60))
def test_the_ranges_of_the_steps_are_where_whole_numbers_score(values):
    cuts = rfm.cuts(values)
    for number in range(40):
        step = rfm.ranges(cuts)[rfm.score(number, cuts) - 1]
        assert step is not None
        assert step[0] <= number
        assert step[1] is None or number <= step[1]


def test_where_most_bought_once_the_steps_between_equal_cuts_stay_empty():
    assert rfm.ranges([1, 1, 2, 4]) == [(0, 1), None, (2, 2), (3, 4), (5, None)]


def test_online_retail_gives_the_reference_scores():
    answers = json.loads(shared("online_retail/reference_answers.json").read_text())
    expected = answers["rfm_definition_B_asof_2011_12_10"]
    customers = _online_retail()
    assert len(customers) == expected["customers"]
    cuts = [rfm.cuts(column) for column in zip(*customers, strict=True)]
    for found, name in zip(cuts, ("recency_days", "frequency", "monetary"), strict=True):
        scale = 100 if name == "monetary" else 1
        assert numpy.allclose(
            [cut / scale for cut in found], expected["thresholds_20_40_60_80"][name], rtol=1e-9
        )
    cells = [
        (rfm.recency_score(r, cuts[0]), rfm.score(f, cuts[1]), rfm.score(m, cuts[2])) for r, f, m in customers
    ]
    for column, name in enumerate("RFM"):
        assert Counter(str(cell[column]) for cell in cells) == expected[f"{name}_counts"]
    counted = Counter("".join(map(str, cell)) for cell in cells)
    assert {cell: counted[cell] for cell in expected["top10_cells"]} == expected["top10_cells"]
    assert len(counted) == expected["distinct_cells"]


def test_the_sample_of_the_r_package_gives_its_thresholds_and_scores():
    answers = json.loads(shared("rfm_r/reference_answers.json").read_text())
    expected = answers["definition_B"]
    day = datetime.date.fromisoformat(answers["analysis_date"])
    orders = defaultdict(list)
    with shared("rfm_r/rfm_data_orders.csv").open() as file:
        for row in csv.DictReader(file):
            orders[row["customer_id"]].append(
                (datetime.date.fromisoformat(row["order_date"]), int(row["revenue"]))
            )
    facts = {
        name: ((day - max(bought)[0]).days, len(bought), sum(amount for _, amount in bought))
        for name, bought in orders.items()
    }
    cuts = [rfm.cuts(column) for column in zip(*facts.values(), strict=True)]
    for found, name in zip(cuts, ("recency_days", "frequency", "monetary"), strict=True):
        assert numpy.allclose(found, expected["thresholds"][name])
    scores = {
        name: (rfm.recency_score(r, cuts[0]), rfm.score(f, cuts[1]), rfm.score(m, cuts[2]))
        for name, (r, f, m) in facts.items()
    }
    for column, letter in enumerate("RFM"):
        assert Counter(str(cell[column]) for cell in scores.values()) == expected[letter]
    published = answers["scores_published"]
    assert {name: int("".join(map(str, scores[name]))) for name in published} == published


def _online_retail() -> list[tuple[int, int, int]]:
    """Return (days since, invoices, pence) of each customer: the cleaned definition of the reference."""
    pandas = pytest.importorskip("pandas")
    lines = pandas.read_parquet(shared("online_retail/online_retail_2010_2011.parquet"))
    lines = lines[lines.CustomerID.notna() & (lines.Quantity > 0) & (lines.UnitPrice > 0)]
    lines = lines[~lines.InvoiceNo.astype(str).str.startswith("C")].drop_duplicates()
    lines = lines.assign(amount=lines.Quantity * lines.UnitPrice)
    grouped = lines.groupby("CustomerID").agg(
        last=("InvoiceDate", "max"), orders=("InvoiceNo", "nunique"), amount=("amount", "sum")
    )
    day = datetime.date(2011, 12, 10)
    rows = [
        ((day - row["last"].date()).days, int(row.orders), round(row.amount * 100))
        for _, row in grouped.iterrows()
    ]
    random.Random(1).shuffle(rows)
    return rows
