"""Real sales, and what others have published about them: the import must lead to the same numbers."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal

import pytest
from django.core.management import call_command

from loyalty.customers.models import Customer, Order
from loyalty.shops.scope import scope
from tests import factories
from tests.shared_data import shared


def scores(shop, day: str) -> dict[str, dict]:
    """Return {external id: row} of export_scores for everybody who has bought."""
    out = io.StringIO()
    call_command("export_scores", shop=shop.slug, as_of=day, stdout=out, stderr=io.StringIO())
    rows = csv.DictReader(io.StringIO(out.getvalue()))
    return {row["external_id"]: row for row in rows if int(row["frequency"])}


def import_file(shop, path, mapping: dict | None, folder) -> dict:
    out, options = io.StringIO(), []
    if mapping:
        options = ["--mapping", str(folder / "mapping.json")]
        (folder / "mapping.json").write_text(json.dumps(mapping))
    call_command("import_orders", str(path), *options, "--json", shop=shop.slug, stdout=out)
    return json.loads(out.getvalue())


def cut(value, cuts) -> int:
    """Return 1 + how many cuts lie strictly below the value (`house.md` §5), as published cuts are to be read."""
    return 1 + sum(Decimal(str(below)) < value for below in cuts)


def by_hand(
    orders: Iterable[tuple[str, str, datetime.date, Decimal]], as_of: datetime.date
) -> dict[str, tuple]:
    """Return {customer: (recency, frequency, monetary)} of (customer, order, day, amount), without any of our code."""
    days, numbers, sums = {}, defaultdict(set), Counter()
    for customer, number, day, amount in orders:
        days[customer] = max(days.get(customer, day), day)
        numbers[customer].add(number)
        sums[customer] += amount
    return {it: ((as_of - days[it]).days, len(numbers[it]), sums[it]) for it in days}


@pytest.fixture
def english_shop(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    fields = {"language": "en", "currency": "GBP", "display_unit": "pound", "time_zone": "Europe/London"}
    shop = factories.make_shop(calendar="gregorian", phone_region="GB", **fields)
    with scope(shop):
        yield shop


def test_the_sample_of_the_r_package_gives_its_published_values(english_shop, tmp_path):
    published = json.loads(shared("rfm_r/reference_answers.json").read_text())
    result = import_file(english_shop, shared("rfm_r/rfm_data_orders.csv"), None, tmp_path)
    assert (result["rows"], result["added"], result["rejected"]) == (4906, 4906, 0)
    rows = scores(english_shop, published["analysis_date"])
    assert len(rows) == published["customers"] == 995
    assert sum(int(row["frequency"]) for row in rows.values()) == published["orders"]
    assert sum(Decimal(row["monetary"]) for row in rows.values()) == published["revenue"]
    # The package itself cuts one unit above the quantile (A); ours cuts at the quantile (B).
    for letter in "RFM":
        assert Counter(row[letter.lower()] for row in rows.values()) == published["definition_B"][letter]
    with shared("rfm_r/rfm_data_orders.csv").open() as file:
        told = [
            (row["customer_id"], at, datetime.date.fromisoformat(row["order_date"]), Decimal(row["revenue"]))
            for at, row in enumerate(csv.DictReader(file))
        ]
    cuts = published["definition_B"]["thresholds"]
    expected = by_hand(told, datetime.date.fromisoformat(published["analysis_date"]))
    assert rows.keys() == expected.keys()
    for customer, (recency, frequency, monetary) in expected.items():
        mine = rows[customer]
        assert (int(mine["recency_days"]), int(mine["frequency"]), Decimal(mine["monetary"])) == (
            recency, frequency, monetary,
        )  # fmt: skip
        assert (int(mine["r"]), int(mine["f"]), int(mine["m"])) == (
            6 - cut(recency, cuts["recency_days"]),
            cut(frequency, cuts["frequency"]),
            cut(monetary, cuts["monetary"]),
        )
    for customer, score in published["scores_published"].items():
        assert rows[customer]["r"] + rows[customer]["f"] + rows[customer]["m"] == str(score), customer
    # Two orders of one person on one day for the same amount are two orders.
    assert Order.objects.count() == 4906
    assert Customer.objects.get(external_id="Brion Stark").name == "Brion Stark"


@pytest.fixture(scope="module")
def online_retail(tmp_path_factory):
    """The 541,909 lines of UCI Online Retail as a CSV file."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    table = pytest.importorskip("pyarrow.csv", reason="pyarrow is not installed")
    source = shared("online_retail/online_retail_2010_2011.parquet")
    path = tmp_path_factory.mktemp("online_retail") / "lines.csv"
    table.write_csv(parquet.read_table(source), path)
    return path


@pytest.mark.slow
def test_online_retail_gives_the_values_of_every_customer_that_were_published(
    english_shop, online_retail, tmp_path
):
    """Published with cancellations left out, their own recency counted from midnight after the last day."""
    result = import_file(english_shop, online_retail, {"cancellations": "ignore"}, tmp_path)
    # The two are a bad debt written off: a negative price that belongs to nobody.
    assert (result["rows"], result["rejected"]) == (541_909, 2)
    ours = scores(english_shop, "2011-12-09")
    with shared("online_retail/sute_rfm.csv").open() as file:
        theirs = list(csv.DictReader(file))
    assert len(theirs) == len(ours) == 4339
    for row in theirs:
        mine = ours[row["customer_id"]]
        assert (mine["recency_days"], mine["frequency"]) == (row["recency"], row["frequency"])
        assert Decimal(mine["monetary"]) == Decimal(row["monetary"]).quantize(Decimal("0.01"))
        # Their frequency score depends on the order of the rows, so only the other two can be compared.
        assert (mine["r"], mine["m"]) == (row["R"], row["M"])


def counted_lines(path) -> Iterator[tuple[str, str, datetime.date, Decimal]]:
    """Yield the lines that the reference counts: each once, of known customers, sold for money."""
    with path.open() as file:
        rows = {tuple(row.items()): row for row in csv.DictReader(file)}.values()
        for row in rows:
            amount = Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])
            if (
                row["CustomerID"]
                and not row["InvoiceNo"].startswith("C")
                and int(row["Quantity"]) > 0
                and amount > 0
            ):
                day = datetime.date.fromisoformat(row["InvoiceDate"][:10])
                yield row["CustomerID"].removesuffix(".0"), row["InvoiceNo"], day, amount


@pytest.mark.slow
def test_online_retail_gives_the_reference_scores_by_the_stricter_reading(
    english_shop, online_retail, tmp_path
):
    """The reference leaves out cancellations, doubled lines and whatever was free."""
    mapping = {"cancellations": "ignore", "duplicates": "drop", "free_rows": "drop"}
    import_file(english_shop, online_retail, mapping, tmp_path)
    answers = json.loads(shared("online_retail/reference_answers.json").read_text())
    answers = answers["rfm_definition_B_asof_2011_12_10"]
    ours = scores(english_shop, "2011-12-10")
    expected = by_hand(counted_lines(online_retail), datetime.date(2011, 12, 10))
    assert ours.keys() == expected.keys()
    for customer, (recency, frequency, monetary) in expected.items():
        mine = ours[customer]
        assert (int(mine["recency_days"]), int(mine["frequency"])) == (recency, frequency)
        # The file has prices of a tenth of a penny; each line is rounded to whole pence.
        assert abs(Decimal(mine["monetary"]) - monetary) <= Decimal("0.05"), customer
        for letter, value in zip("fm", (frequency, monetary), strict=True):
            cuts = answers["thresholds_20_40_60_80"][{"f": "frequency", "m": "monetary"}[letter]]
            assert int(mine[letter]) == cut(value, cuts), customer
        assert int(mine["r"]) == 6 - cut(recency, answers["thresholds_20_40_60_80"]["recency_days"])
    rows = list(ours.values())
    assert len(rows) == answers["customers"] == 4338
    for letter in "RFM":
        assert Counter(row[letter.lower()] for row in rows) == answers[f"{letter}_counts"]
    assert abs(sum(Decimal(row["monetary"]) for row in rows) - Decimal(str(answers["sum_monetary"]))) < 1
    cells = Counter(row["r"] + row["f"] + row["m"] for row in rows)
    assert (cells["555"], cells["111"]) == (answers["cells_555"], answers["cells_111"])
    assert sum(int(row["recency_days"]) for row in rows) / len(rows) == pytest.approx(
        answers["mean_recency_days"]
    )
