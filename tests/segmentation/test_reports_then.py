"""A report as of a past day says what the same report said on that day, and opens that day's people."""

import datetime
import math
import random
import re
from dataclasses import asdict, astuple

import pytest
from django.db import connection
from django.db.models import F, Q
from django.urls import reverse
from pytest import approx

from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import Customer, Order, Product, Refund
from loyalty.shops import replica
from segmentation import (
    cohorts,
    demographics,
    goods,
    hours,
    likeness_runs,
    overlay,
    personas,
    quality,
    reports,
    services,
)
from segmentation.models import GoodsFigure, ScoreHistory, ScoreRun
from tests.factories import CustomerFactory, OrderFactory
from tests.segmentation.histories import make_history
from tests.segmentation.test_report_views import sell_goods
from tests.segmentation.test_taste import sell

DAY = datetime.timedelta(days=1)
REPORTS = ("cohorts", "rhythm", "products", "people", "personas", "clusters", "data_quality", "scheme_worth")


@pytest.fixture
def day(shop, monkeypatch):
    """A day of which the shop was told everything, and after which it has lived on."""
    # The usual gap of a category, which is blended into those of people, is today's: it has no past.
    monkeypatch.setattr("segmentation.categories.renew", lambda as_of: 0)
    then = shop.today() - 70 * DAY
    make_history(4, then, customers=150, orders=900)
    chance = random.Random(2)
    for person in Customer.objects.all():
        person.city, person.gender = chance.choice(["یزد", "قم", ""]), chance.choice(["female", "male", ""])
        person.birth_on = then - chance.randrange(18, 70) * 365 * DAY
        person.save(update_fields=["city", "gender", "birth_on"])
    # A sale of a later day is not known on this one.
    Order.objects.filter(placed_on__gt=then).delete()
    sell_goods()
    services.score_shop(then)
    reports.renew_week(then)
    return then


def figures(day: datetime.date) -> dict:
    """Everything the reports are made of, as it is asked for on its own day."""
    people = Customer.objects.filter(score__segment="champions")
    # Demand goes by the outlook where there is one, which has no past of single people.
    sold = GoodsFigure.objects.filter(product=None).order_by("category").defer("expected_quantity")
    run = likeness_runs.begin(day)
    likeness_runs.work_out(run)
    return {
        "cohorts": [[asdict(one) for one in cohorts.matrix(kind).cohorts] for kind in ("month", "quarter")],
        "times": [
            dict(kept.hours) | dict(kept.days)
            for kept in (hours.times("", ""), hours.times("segment", "loyal"))
        ],
        "goods": [(row.category_id, row.buyers, row.orders, row.amount, row.again_share) for row in sold],
        "people": [demographics.profile(day, chosen) for chosen in (None, people)],
        "personas": [approx(astuple(personas.figures(day, chosen))) for chosen in (None, people)],
        "tastes": [personas.favourites("category", people), personas.stages(people)],
        "quality": quality.quality(day),
        "likeness": (run.groups, likeness_runs.sums(run)),
    }


def figures_then(day: datetime.date) -> dict:
    found = {
        "cohorts": [
            [asdict(one) for one in cohorts.matrix_then(kind, day).cohorts] for kind in ("month", "quarter")
        ]
    }
    with overlay.as_of(day, scores=False):
        found["quality"] = quality.quality(day)
    with overlay.as_of(day, tastes=True):
        people = Customer.objects.filter(score__segment="champions")
        asked = (Customer.objects.all(), Customer.objects.filter(score__segment="loyal"))
        times = [hours.times_of(group, day) for group in asked]
        sold = goods.of(Customer.objects.all(), goods.run_on(day), "category").figures
        run, sums = likeness_runs.found_then()
        return found | {
            "times": [counted(one, day) for one in times],
            "goods": [
                (row.category_id, row.buyers, row.orders, row.amount, row.again_share)
                for row in sorted(sold, key=lambda row: row.category_id)
            ],
            "people": [demographics.profile(day, chosen) for chosen in (None, people)],
            "personas": [astuple(personas.figures(day, chosen)) for chosen in (None, people)],
            "tastes": [personas.favourites("category", people), personas.stages(people)],
            "likeness": (run.groups, sums),
        }


def counted(times: hours.Times, day: datetime.date) -> dict:
    hours_of_week = {
        (weekday, hour): times.hours.get((weekday, hour), 0) for weekday in hours.WEEK for hour in range(24)
    }
    year = [day - ago * DAY for ago in range(hours.DAYS)]
    return hours_of_week | {one: times.days.get(one, 0) for one in year}


def live_on(day: datetime.date) -> None:
    for person in Customer.objects.order_by("pk")[:90]:
        OrderFactory(customer=person, on=day + 3 * DAY, net_amount=4_000_000)
    OrderFactory.create_batch(20, on=day + 40 * DAY)
    make_history(9, day + 60 * DAY, customers=30, orders=100)
    # Whoever came to be known later is in no list of the day; cohorts count what is known today of the days up to it.
    Refund.objects.filter(customer__in=Customer.objects.filter(score=None)).delete()
    Order.objects.filter(lines=None, placed_on__lte=day).delete()
    CustomerFactory.create_batch(5)
    chance, made = random.Random(5), list(Product.objects.all())
    for order in Order.objects.filter(lines=None):
        sell(order, *chance.choices(made, k=2))
    services.score_shop(day + 70 * DAY)
    reports.renew_week(day + 70 * DAY)


def test_it_says_what_it_said(day):
    said = figures(day)
    then = figures_then(day)
    for name, figure in said.items():
        assert then[name] == figure, name
    live_on(day)
    then = figures_then(day)
    for name, figure in said.items():
        assert then[name] == figure, name
    now = figures(day + 70 * DAY)
    assert not [name for name in {*said} - {"personas"} if now[name] == said[name]]


@pytest.mark.parametrize("language", ["fa", "en"])
@pytest.mark.parametrize("name", REPORTS)
def test_its_links_open_that_days_people(day, as_owner, name, language):
    live_on(day)
    said = page(as_owner, name, language, on=day.isoformat())
    links = {link.replace("&amp;", "&") for link in re.findall(r'href="/customers/\?([^"]*)"', said)}
    assert links or name in ("clusters", "scheme_worth")
    for link in links:
        people = CustomerFilter(link)
        if name == "scheme_worth":
            continue
        assert people.on == day, link
        with people.on_its_day():
            assert people.problems == [], link
    assert "cannot go back" not in said


def test_a_bar_opens_as_many_as_it_counts(day, as_owner):
    live_on(day)
    cards = as_owner.get(reverse("segmentation:people"), {"on": day.isoformat()}).context["cards"]
    bars = [bar for card in cards for bar in card["bars"] if bar.band.customers]
    assert len(bars) > 10
    for bar in bars:
        people = CustomerFilter(bar.query)
        with people.on_its_day():
            assert people.qs.count() == bar.band.customers, bar.query


def test_choosing_a_day_keeps_whom_the_page_is_about(day, as_owner):
    said = page(as_owner, "rhythm", of="segment:loyal", on=day.isoformat())
    assert '<input type="hidden" name="of" value="segment:loyal">' in said.partition("ba-days")[2]
    file = as_owner.get(reverse("segmentation:rhythm"), {"on": day.isoformat(), "export": "csv"})
    assert f"when-they-buy-{day}.csv" in file["Content-Disposition"]


def page(client, name: str, language: str = "en", status: int = 200, **query) -> str:
    address = reverse(f"segmentation:{name}", args=query.pop("args", ()))
    response = client.get(address, query, headers={"accept-language": language})
    assert response.status_code == status
    return response.content.decode()


def test_a_persona_and_the_orders_behind_a_gap_go_back_too(day, as_owner):
    with overlay.as_of(day):
        stage = max(personas.stages(Customer.objects.all()).items(), key=lambda pair: pair[1])[0]
        people = Customer.objects.filter(score__stage=stage).count()
    live_on(day)
    said = page(as_owner, "persona", args=["stage", stage], on=day.isoformat())
    assert f"?on={day}&amp;stage={stage}" in said and f">{people}</a>" in said
    costless = Order.objects.paid().filter(cost_amount=None, placed_on__range=(day - 364 * DAY, day))
    rows = (
        as_owner.get(reverse("segmentation:quality_orders", args=["cost"]), {"on": day.isoformat()})
        .context["table"]
        .rows
    )
    known = ScoreHistory.objects.on(day).values("customer")
    assert len(rows) == costless.filter(Q(customer=None) | Q(customer__in=known)).count() > 0


def test_nobody_is_born_strangely_where_nobody_is(day, as_owner):
    address, asked = reverse("segmentation:data_quality"), {"on": day.isoformat()}
    assert not as_owner.get(address, asked).context["strange_births"]
    person = Customer.objects.filter(score__isnull=False).first()
    Customer.objects.filter(pk=person.pk).update(birth_on=datetime.date(1850, 1, 1))
    assert as_owner.get(address, asked).context["strange_births"] == f"id={person.pk}&on={day}"


def test_a_group_nobody_knows_of_that_day_is_said_and_everybody_is_shown(day, as_owner):
    run = likeness_runs.begin(day)
    likeness_runs.work_out(run)
    said = page(as_owner, "people", of=f"likeness:{run.pk}-1", on=day.isoformat())
    assert "is not kept for past days" in said and "<h2>Everyone in the club</h2>" in said


@pytest.mark.parametrize("name", REPORTS)
def test_a_day_before_all_memory_and_one_that_is_none(day, as_owner, name):
    assert "Nothing is kept of a day that early" in page(as_owner, name, on="2019-01-01")
    assert "This is not a day" in page(as_owner, name, status=422, on="someday")
    today = page(as_owner, name, on=(day + 71 * DAY).isoformat())
    assert "cannot go back" not in today and "As of a day" in today


def test_of_a_large_shop_a_part_is_counted_and_scaled_up(day, as_owner, monkeypatch):
    live_on(day)
    monkeypatch.setattr(overlay, "AT_ONCE", 40)
    with overlay.as_of(day, tastes=True) as past:
        step = past.one_in
        # As large as the shop is now, by which the work goes.
        assert step == math.ceil(ScoreRun.objects.current().customers / 40) > 3
        part = Customer.objects.alias(turn=F("pk") % step).filter(turn=0)
        assert part.count() == Customer.objects.count()
        assert demographics.profile(day).customers == personas.figures(day).customers == step * part.count()
        orders = Order.objects.paid().filter(placed_on__gt=day - hours.DAYS * DAY).count()
        assert hours.times_of(part, day).orders == step * orders
        found = goods.of(part, goods.run_on(day), "category")
        assert found.one_in == step and all(row.buyers % step == 0 for row in found.figures)
        run, sums = likeness_runs.found_then()
        buyers = step * part.filter(score__last_order_on__isnull=False).count()
        assert run.customers == buyers
    said = page(as_owner, "people", on=day.isoformat())
    assert f"one customer in {step}" in said


def test_a_past_day_is_asked_of_the_primary(shop, rf, monkeypatch):
    """A replica cannot lay it: it makes no tables."""
    monkeypatch.setattr(replica, "is_configured", lambda: True)
    further = []
    monkeypatch.setattr(replica, "written_until", lambda: further.append(True) or "0/0")
    monkeypatch.setattr(replica, "connections", {replica.ALIAS: connection})
    for query, asks_the_replica in (({"on": "2026-10-01"}, False), ({}, True)):
        request = rf.get(reverse("segmentation:rhythm"), query)
        request.session = {}
        assert replica.may_serve(request) is False
        assert bool(further) is asks_the_replica
