"""The reports: in both languages, before there is anything to report, as files, and each figure with its people."""

import csv
import datetime
import io
import random
import re

import pytest
from django.urls import reverse

from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import Order, OrderLine, Product
from loyalty.ui.periods import period_of
from loyalty.ui.templatetags.ui import LRI, PDI
from segmentation import goods, hours, reports, services
from segmentation.models import CustomerScore, GoodsFigure, GoodsPair
from segmentation.tables import GoodsTable
from segmentation.templatetags.segmentation import REPORT_TABS, SEGMENT_TABS
from tests.factories import OrderFactory
from tests.segmentation.histories import make_history
from tests.segmentation.test_taste import make_goods, sell

PAGES = ["cohorts", "rhythm", "products"]


@pytest.fixture
def reported(shop):
    make_history(4, shop.today())
    sell_goods()
    services.score_shop(shop.today())
    reports.renew_week(shop.today())
    return shop


def sell_goods() -> None:
    """Put two or three products into every order."""
    chance, made = random.Random(4), make_goods()
    for order in Order.objects.all():
        sell(order, *chance.choices(made, k=chance.randrange(2, 4)))


def page(client, name: str, language: str = "en", **query) -> str:
    response = client.get(reverse(f"segmentation:{name}"), query, headers={"accept-language": language})
    assert response.status_code == 200
    return response.content.decode()


def file(client, name: str, **query) -> list[dict]:
    asked = query | {"export": "csv"}
    response = client.get(reverse(f"segmentation:{name}"), asked, headers={"accept-language": "en"})
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("language", ["fa", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_every_report_opens_in_both_languages(reported, as_owner, name, language):
    assert f'lang="{language}"' in page(as_owner, name, language)


TABS = [
    (route, is_report)
    for tabs, is_report in ((SEGMENT_TABS, False), (REPORT_TABS, True))
    for _, route, _ in tabs
]


def headings(client, language: str) -> list[str]:
    said = [
        client.get(reverse(route), headers={"accept-language": language}).content.decode()
        for route, _ in TABS
    ]
    return [re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL).group(1).strip() for page in said]


@pytest.mark.parametrize("language", ["fa", "en"])
def test_each_report_and_each_page_of_segments_has_a_heading_of_its_own(reported, as_owner, language):
    assert len(set(headings(as_owner, language))) == len(TABS)


@pytest.mark.parametrize("language", ["fa", "en"])
def test_before_the_first_order_each_page_keeps_its_heading_and_its_tabs(shop, as_owner, language):
    assert len(set(headings(as_owner, language))) == len(TABS)
    for route, is_report in TABS:
        said = as_owner.get(reverse(route)).content.decode()
        beside = "segmentation:scheme_worth" if is_report else "segmentation:changes"
        assert f'href="{reverse(beside)}"' in said, route
        assert said.count('aria-current="page"') >= 2, route
    week = as_owner.get(reverse("campaigns:digest"), headers={"accept-language": "en"}).content.decode()
    assert "The week in sentences</h1>" in week


@pytest.mark.parametrize("name", PAGES)
def test_before_anything_is_counted_a_report_says_so(shop, as_owner, name):
    assert reverse("ingest:import_list") in page(as_owner, name)
    OrderFactory()
    assert page(as_owner, name)


@pytest.mark.parametrize("name", PAGES)
def test_a_report_is_no_business_of_a_clerk(reported, as_clerk, name):
    assert as_clerk.get(reverse(f"segmentation:{name}")).status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_a_report_is_a_sheet_too(reported, as_owner, name):
    response = as_owner.get(reverse(f"segmentation:{name}"), {"export": "xlsx"})
    assert b"".join(response.streaming_content)[:2] == b"PK"


@pytest.mark.parametrize("by", ["month", "quarter"])
@pytest.mark.parametrize("figure", ["rate", "people", "money", "each"])
def test_each_cell_of_the_cohorts_opens_as_many_people_as_it_counts(reported, as_owner, by, figure):
    said = page(as_owner, "cohorts", by=by, figure=figure, all=1)
    queries = [
        query.replace("&amp;", "&")
        for query in re.findall(r'href="/customers/\?(cohort=[^"]*bought_in[^"]*)"', said)
    ]
    counted = {
        (row["First purchase in"], row["Period"]): int(row["People who bought"])
        for row in file(as_owner, "cohorts", by=by)
    }
    opened, english = {}, reported.presentation("en")
    for query in queries:
        people = CustomerFilter(query)
        (cohort,), (period,) = (people.form.cleaned_data[name] for name in ("cohort", "bought_in"))
        opened[cohort.label(english), period.label(english)] = people.qs.count()
    assert opened
    assert opened == {place: count for place, count in counted.items() if count}


def test_a_head_of_the_cohorts_reads_plus_one_and_not_ten(reported, as_owner):
    assert f">{LRI}+۱{PDI}</span>" in page(as_owner, "cohorts", "fa")
    assert ">+1</span>" in page(as_owner, "cohorts")


def test_a_list_of_figures_holds_nothing_but_names_and_figures(reported, as_owner):
    (listed,) = re.findall(r"<dl.*?</dl>", page(as_owner, "cohorts"), re.DOTALL)
    assert "</dd><small" not in listed
    assert "<small>" in listed


def test_the_screen_shows_the_latest_cohorts_and_the_file_all(reported, as_owner):
    said = page(as_owner, "cohorts")
    assert "earlier cohort" in said
    assert len({row["First purchase in"] for row in file(as_owner, "cohorts")}) > 13


def test_a_weekday_and_a_month_open_their_people(reported, as_owner):
    said = page(as_owner, "rhythm").replace("&amp;", "&")
    usual = re.findall(r'href="/customers/\?([^"]*weekday=\d)">(\d+) pe', said)
    assert usual
    assert [CustomerFilter(query).qs.count() for query, _ in usual] == [int(count) for _, count in usual]
    assert 'href="/customers/?bought_in=' in said


def test_an_hour_and_a_day_of_the_month_open_their_people(reported, as_owner):
    placed_on = reported.today() - datetime.timedelta(days=7)
    order = OrderFactory(placed_at=datetime.datetime.combine(placed_on, datetime.time(12, 20), reported.zone))
    services.score_shop(reported.today())
    hours.renew(reported.today())
    said = page(as_owner, "rhythm").replace("&amp;", "&")
    cells = re.findall(r'href="/customers/\?(bought_at=[\d-]+)"[^>]*><small>([\d,]+)<', said)
    assert f"bought_at={placed_on.isoweekday()}-12" in dict(cells)
    for query, orders in cells:
        assert 0 < CustomerFilter(query).qs.count() <= int(orders.replace(",", ""))
    day = (placed_on - period_of(placed_on, reported.calendar).first_on).days + 1
    assert f'"/customers/?month_day={day}"' in said
    assert order.customer in CustomerFilter(f"month_day={day}").qs


@pytest.mark.parametrize("of", ["segment:champions", "stage:lost", "quadrant:volume", "segment:nobody"])
def test_the_times_of_one_group_can_be_seen(reported, as_owner, of):
    said = page(as_owner, "rhythm", of=of)
    assert "Everyone in the club</h2>" in said if of.endswith("nobody") else f'"{of}" selected' in said


@pytest.mark.parametrize("by", ["category", "product"])
@pytest.mark.parametrize("sort", ["-amount", "away_lift", "-again_share", "buyers"])
def test_goods_are_sorted_by_any_figure_and_open_their_people(reported, as_owner, by, sort):
    said = page(as_owner, "products", by=by, sort=sort).replace("&amp;", "&")
    links = re.findall(rf'href="/customers/\?({by}=\d+)">([\d,]+)</a>', said)
    assert links
    assert [CustomerFilter(query).qs.count() for query, _ in links] == [int(count) for _, count in links]
    assert "unknown" in said
    assert 'class="ba-table ba-cards"' in said


@pytest.mark.parametrize("of", ["segment", "stage", "quadrant"])
@pytest.mark.parametrize("sort", ["-amount", "-away_lift", "again_share"])
def test_the_goods_of_one_group_open_people_of_it(reported, as_owner, of, sort):
    key = CustomerScore.objects.exclude(**{of: ""}).values_list(of, flat=True).first()
    said = page(as_owner, "products", of=f"{of}:{key}", by="product", sort=sort).replace("&amp;", "&")
    assert f'value="{of}:{key}" selected' in said
    links = re.findall(rf'href="/customers/\?({of}={key}&product=\d+)">([\d,]+)</a>', said)
    links += re.findall(rf'href="/customers/\?({of}={key}&first_product=\d+)">first for ([\d,]+)</a>', said)
    links += re.findall(rf'href="/customers/\?({of}={key}&last_product=[^"]*)">([\d,]+) of', said)
    assert links
    for query, count in links:
        assert CustomerFilter(query).qs.count() == int(count.replace(",", ""))
    rows = file(as_owner, "products", of=f"{of}:{key}", by="product")
    whole = {row["Code"]: int(row["People"]) for row in file(as_owner, "products", by="product")}
    assert rows
    assert all(int(row["People"]) <= whole[row["Code"]] for row in rows)


def test_of_a_group_that_nobody_is_away_of_not_too_few_are(reported, as_owner):
    here = CustomerScore.objects.exclude(stage__in=[*goods.AWAY, "prospect"]).first().stage
    said = page(as_owner, "products", of=f"stage:{here}", by="category")
    cells = re.findall(r'data-label="Away after it".*?</td>', said, re.DOTALL)
    assert cells
    assert not any("too few" in cell for cell in cells)


def test_what_is_unknown_of_a_group_stays_below_whichever_way_it_is_sorted():
    rows = [GoodsFigure(shop_id=1, again_share=share) for share in (None, 0.5, None, 0.7)]
    for sort, shares in (("again_share", [0.5, 0.7, None, None]), ("-again_share", [0.7, 0.5, None, None])):
        assert [row.again_share for row in GoodsTable(list(rows), order_by=sort).data.data] == shares


def test_the_share_at_a_discount_opens_who_bought_so(reported, as_owner):
    product = GoodsFigure.objects.filter(product__isnull=False, buyers__gte=20).first().product
    OrderLine.objects.filter(product=product).update(discount_amount=1)
    goods.renew(reported.today())
    said = page(as_owner, "products", by="product", sort="-discounted_share")
    assert re.findall(r'/customers/\?discounted_product=(\d+)">100%<', said) == [str(product.pk)]
    bought, discounted = (
        CustomerFilter(f"{name}={product.pk}").qs for name in ("product", "discounted_product")
    )
    assert set(bought) == set(discounted) != set()


@pytest.mark.parametrize("table", ["", "favourites", "pairs", "demand"])
def test_each_table_about_goods_is_a_file(reported, as_owner, table):
    GoodsPair.objects.create(
        product=(products := Product.objects.all())[0],
        other_product=products[1],
        buyers=9,
        support=0.1,
        share=0.2,
        other_share=0.3,
        lift=2,
    )
    rows = file(as_owner, "products", by="product", table=table)
    assert rows
    assert all(row["Name"] for row in rows)
