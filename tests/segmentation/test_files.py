"""The boards as files: what the page says, row by row, and nothing that a spreadsheet would calculate."""

import csv
import io

import pytest
from django.urls import reverse

from loyalty.customers.models import ProductCategory
from segmentation import facts
from segmentation.models import (
    CustomerScore,
    GoodsFavourite,
    GoodsFigure,
    GoodsRun,
    Scheme,
    ScoreRun,
    Segment,
    Stage,
    naming,
)
from segmentation.views.files import TABLES
from tests.segmentation.test_views import scored  # noqa: F401

NAMED = [(page, table) for page, tables in TABLES.items() for table in tables]


def file(client, page: str, kind: str = "csv", language: str = "en", **query) -> bytes:
    asked = query | {"export": kind}
    answer = client.get(reverse(f"segmentation:{page}"), asked, headers={"accept-language": language})
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def rows(client, page: str, **query) -> list[dict]:
    return list(csv.DictReader(io.StringIO(file(client, page, **query).decode("utf-8-sig"))))


def rename(**names: str) -> None:
    """Let the owner have called segments by other words."""
    Scheme.objects.update_or_create(defaults={"chosen": {"names": names}})
    naming.forget()


@pytest.mark.parametrize(("page", "table"), NAMED)
def test_each_table_of_a_board_is_a_file_that_its_page_offers(scored, as_owner, page, table):  # noqa: F811
    assert rows(as_owner, page, table=table)
    assert file(as_owner, page, "xlsx", "fa", table=table)[:2] == b"PK"
    said = as_owner.get(reverse(f"segmentation:{page}")).content.decode()
    for kind in ("csv", "xlsx"):
        asked = (
            f"?export={kind}" if table == next(iter(TABLES[page])) else f"?export={kind}&amp;table={table}"
        )
        assert f'href="{asked}" download' in said


def test_the_files_hold_everybody_of_the_boards(scored, as_owner):  # noqa: F811
    run = ScoreRun.objects.current()
    spent = sum(CustomerScore.objects.values_list("monetary_amount", flat=True))
    for page, table in (("segment_list", ""), ("segment_list", "map"), ("pareto", "")):
        found = rows(as_owner, page, table=table)
        assert sum(int(row["People"]) for row in found) == run.buyers, (page, table)
        assert sum(float(row["Net spend (toman)"]) for row in found) == pytest.approx(spent / 10)
    assert len(rows(as_owner, "segment_list")) == len(Segment)
    assert len(rows(as_owner, "segment_list", table="map")) == 25
    latest = facts.trend("stage", run, 1)[-1]
    last = rows(as_owner, "stage_list", table="weeks")[-1]
    assert last["Week to"] == latest.until_on.isoformat()
    assert int(last[str(Stage.LOYAL.label)]) == latest.customers.get(Stage.LOYAL, 0)


def test_every_report_calls_a_segment_as_the_owner_does(scored, as_owner):  # noqa: F811
    run = ScoreRun.objects.current()
    category = ProductCategory.objects.create(name="Tea")
    GoodsRun.objects.create(
        as_of=run.as_of, computed_at=run.finished_at, buyers=9, orders=9, amount=9, demand_source="recent"
    )
    GoodsFigure.objects.create(category=category)
    GoodsFavourite.objects.create(
        category=category, segment="champions", buyers=9, amount=9, share=1, index=150
    )
    rename(champions="Our stars")
    for page, query in (("people", {}), ("personas", {}), ("products", {"by": "category"})):
        said = as_owner.get(reverse(f"segmentation:{page}"), query, headers={"accept-language": "en"})
        assert "Our stars" in said.content.decode(), page
        assert "Champions" not in said.content.decode(), page
    (row,) = rows(as_owner, "products", by="category", table="favourites")
    assert row["Segment"] == "Our stars"


def test_a_name_of_the_owners_is_never_a_formula_in_a_file(scored, as_owner):  # noqa: F811
    rename(lost="=1+1")
    assert "'=1+1" in {row["Group"] for row in rows(as_owner, "segment_list")}
