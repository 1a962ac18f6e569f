"""A year of a real shop, through the database: every customer's facts and scores as published."""

import csv
import datetime
import json
from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from loyalty.customers.models import Customer, Order
from loyalty.shops.models import Shop
from loyalty.shops.scope import scope
from segmentation import concentration, services
from segmentation.models import CustomerScore
from tests import factories
from tests.shared_data import shared

LONDON = ZoneInfo("Europe/London")


def invoices(with_free_lines: bool) -> list[tuple[str, str, datetime.datetime, int]]:
    """Return (customer number, invoice, moment, pence) of each invoice that is no cancellation.

    The reference leaves out lines without a price and lines repeated word for word; the published table of
    another author keeps both.
    """
    pandas = pytest.importorskip("pandas")
    lines = pandas.read_parquet(shared("online_retail/online_retail_2010_2011.parquet"))
    lines = lines[lines.CustomerID.notna() & (lines.Quantity > 0)]
    lines = lines[~lines.InvoiceNo.astype(str).str.startswith("C")]
    if not with_free_lines:
        lines = lines[lines.UnitPrice > 0].drop_duplicates()
    lines = lines.assign(amount=lines.Quantity * lines.UnitPrice * 1000)
    bought = lines.groupby(["CustomerID", "InvoiceNo"]).agg(
        at=("InvoiceDate", "min"), amount=("amount", "sum")
    )
    return [
        (
            str(int(customer)),
            str(invoice),
            row["at"].to_pydatetime().replace(tzinfo=LONDON),
            round(row.amount),
        )
        for (customer, invoice), row in bought.iterrows()
    ]


def open_shop(sales: list[tuple[str, str, datetime.datetime, int]]) -> Shop:
    """Make a shop of `sales`. Some prices have a tenth of a penny, so a thousandth of a pound is the unit here."""
    made = factories.make_shop(
        slug="retail", currency="GBP", display_unit="pound", time_zone="Europe/London", calendar="gregorian"
    )
    with scope(made):
        numbers = sorted({number for number, *_ in sales})
        people = Customer.objects.bulk_create(Customer(external_id=number) for number in numbers)
        by_number = dict(zip(numbers, people, strict=True))
        Order.objects.bulk_create(
            Order(
                customer=by_number[number],
                external_id=invoice,
                placed_at=at,
                placed_on=at.date(),
                net_amount=amount,
                gross_amount=amount,
            )
            for number, invoice, at, amount in sales
        )
    return made


def test_the_reference_definition_gives_the_reference_numbers(db):
    answers = json.loads(shared("online_retail/reference_answers.json").read_text())
    expected = answers["rfm_definition_B_asof_2011_12_10"]
    with scope(open_shop(invoices(with_free_lines=False))):
        run = services.score_shop(datetime.date(2011, 12, 10))
        scores = CustomerScore.objects.all()
        assert run.buyers == expected["customers"]
        thresholds = expected["thresholds_20_40_60_80"]
        assert run.cuts["recency_days"] == pytest.approx(thresholds["recency_days"])
        assert run.cuts["frequency"] == thresholds["frequency"]
        assert run.cuts["monetary_amount"] == pytest.approx([1000 * cut for cut in thresholds["monetary"]])
        for letter in "rfm":
            counts = Counter(str(score) for score in scores.values_list(f"{letter}_score", flat=True))
            assert counts == expected[f"{letter.upper()}_counts"]
        cells = Counter(score.cell for score in scores)
        assert {cell: cells[cell] for cell in expected["top10_cells"]} == expected["top10_cells"]
        assert len(cells) == expected["distinct_cells"]
        _check_pareto(answers["pareto"])


def _check_pareto(expected: dict) -> None:
    found = concentration.now()
    assert found.top_20_customers == expected["top_20pct"]["customers"]
    assert found.top_20_share == pytest.approx(expected["top_20pct"]["share"])
    assert found.tenths[0].share == pytest.approx(expected["top_10pct"]["share"])
    assert found.tenths[4].running_share == pytest.approx(expected["top_50pct"]["share"])
    assert found.customers_80 == expected["customers_for_80pct"]["customers"]


def test_every_customer_has_the_recency_frequency_and_money_that_others_published(db):
    with shared("online_retail/sute_rfm.csv").open() as file:
        published = {row["customer_id"]: row for row in csv.DictReader(file)}
    with scope(open_shop(invoices(with_free_lines=True))):
        services.score_shop(datetime.date(2011, 12, 9))
        found = {
            score.customer.external_id: score for score in CustomerScore.objects.select_related("customer")
        }
        assert found.keys() == published.keys()
        day = datetime.date(2011, 12, 9)
        for number, row in published.items():
            score = found[number]
            assert (day - score.last_order_on).days == int(row["recency"])
            assert score.frequency == int(row["frequency"])
            assert score.monetary_amount / 1000 == pytest.approx(float(row["monetary"]), abs=0.005)
            # Their F scores go by rank, so that equal counts score differently: ours must not equal those.
            assert (score.r_score, score.m_score) == (int(row["R"]), int(row["M"]))
