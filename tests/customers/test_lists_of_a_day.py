"""A list as of a past day has the people whom the same list had on that day, whatever its conditions."""

import datetime

import pytest
from django.urls import reverse

from loyalty.customers.filters import CONDITIONS, CustomerFilter
from loyalty.customers.filters.builder.ideas import ask
from loyalty.customers.filters.builder.tree import ALL, VERSION
from loyalty.customers.filters.day import DATED, TASTES, TIMELESS, UNDATED
from loyalty.customers.models import Customer
from loyalty.ui.periods import period_of
from segmentation import overlay, past, services, taste
from segmentation.models import OwnSegment
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory
from tests.segmentation.histories import make_history

DAY = datetime.timedelta(days=1)
THEN = TODAY - 40 * DAY
MONTH = period_of(THEN - 60 * DAY, "jalali").code
QUERIES = (
    *(
        "spent_min=100000",
        "spent_max=2000000",
        "due=30",
        "recency_max=60",
        "recency_min=90",
        "orders_min=4",
        "orders_max=1",
    ),
    *("r=5", "f=4&f=5", "m=1&city=", "late=on", "days_min=3", "one_time=on", "periodic=on", "given=on"),
    *(
        "anyway=on",
        "discount_min=10",
        "discount_max=5",
        "rfm_min=60",
        "could_be_valued=on",
        "stage=loyal&orders_min=2",
    ),
    *(f"cohort={MONTH}", f"bought_in={MONTH}", "month_day=12", "weekday=6", "q=نمونه&spent_min=1"),
    f"bought_between={THEN - 30 * DAY}..{TODAY}",
    *("age_min=30", "age_max=50&days_min=2"),
)


def found(query: str, today: datetime.date = TODAY, *, as_of: datetime.date | None = None) -> set[int]:
    people = CustomerFilter(f"{query}&on={as_of}" if as_of else query, today=today)
    with people.on_its_day():
        assert people.problems == []
        return set(people.qs.values_list("pk", flat=True))


@pytest.fixture
def said(shop):
    """What each list had on THEN, of a shop that has lived on since."""
    make_history(11, THEN, customers=60, orders=500)
    for years, person in enumerate(Customer.objects.order_by("pk"), 15):
        # Their birthdays lie between THEN and today.
        person.birth_on = (THEN + 20 * DAY).replace(year=THEN.year - years)
        person.save(update_fields=["birth_on"])
    services.score_shop(THEN)
    taste.renew(THEN)
    said = {query: found(query, THEN) for query in QUERIES}
    OrderFactory.create_batch(3, on=TODAY, net_amount=90_000_000)
    for person in Customer.objects.order_by("pk")[:25]:
        OrderFactory(customer=person, on=TODAY - 2 * DAY, net_amount=9_000_000)
    services.score_shop(TODAY)
    taste.renew(TODAY)
    return said


def test_it_has_the_people_it_had(said):
    assert sum(bool(people) for people in said.values()) > len(QUERIES) - 4, (
        "a list without anybody proves little"
    )
    for query, people in said.items():
        assert found(query, as_of=THEN) == people, query
    changed = [query for query, people in said.items() if found(query) != people]
    assert len(changed) > len(QUERIES) / 2


def test_every_condition_is_asked_of_the_day_or_known_to_have_no_past(said):
    names = {condition.name for condition, _value in CustomerFilter("&".join(QUERIES), today=TODAY).active}
    grouped = {"on", "stage", "segment", "quadrant", "tier"}
    left = (
        {condition.name for condition in CONDITIONS} - names - grouped - TIMELESS - UNDATED - DATED - TASTES
    )
    assert left == {
        *("last_product", "last_category"),
        *("own", "own_all", "own_none"),
    }


def test_an_own_segment_goes_back_where_all_it_asks_for_does(said):
    def made(*nodes: dict) -> str:
        definition = {"version": VERSION, "root": {"join": ALL, "not": False, "of": list(nodes)}}
        return f"own={OwnSegment.objects.create(name=nodes[0]['field'], definition=definition).pk}"

    often = made(ask("orders", "at_least", min=4))
    around = made(ask("own", values=[int(often.removeprefix("own="))]))
    assert found(often, as_of=THEN) == found(around, as_of=THEN) == said["orders_min=4"]
    assert found(often) != said["orders_min=4"]
    for undated in (made(ask("known", values=["phone"]), ask("chance", "at_most", max=50)), "own=999"):
        people = CustomerFilter(f"{undated}&on={THEN}", today=TODAY)
        with people.on_its_day():
            assert [condition.name for condition in people.unkept] == ["own"]


def test_a_large_shop_says_what_it_leaves_out(said, monkeypatch):
    monkeypatch.setattr(overlay, "AT_ONCE", 10)
    people = CustomerFilter({"spent_min": "100000", "bought_in": MONTH, "on": THEN.isoformat()}, today=TODAY)
    with people.on_its_day():
        assert past.laid() is None
        assert [condition.name for condition in people.unkept] == ["spent_min"]
        known = set(people.qs.values_list("pk", flat=True))
    assert known == said[f"bought_in={MONTH}"]


def test_the_page_shows_sorts_and_counts_them(said, as_owner):
    address = reverse("customers:customer_list")
    page = as_owner.get(address, {"spent_min": "100000", "on": THEN.isoformat(), "sort": "-spent"})
    rows = page.context["table"].page.object_list.data
    spent = [row.spent_then.monetary_amount for row in rows]
    assert spent == sorted(spent, reverse=True) and len(spent) > 5
    assert page.context["found"].counted == len(said["spent_min=100000"])
    assert "not kept for past days" not in page.content.decode()
    assert past.laid() is None


def test_they_are_tagged_and_saved_as_a_file(said, as_owner):
    people = {"people": f"spent_min=100000&on={THEN}"}
    as_owner.post(reverse("customers:customer_tag"), {**people, "tag": "then"})
    assert (
        set(Customer.objects.filter(tags=["then"]).values_list("pk", flat=True)) == said["spent_min=100000"]
    )
    file = as_owner.post(reverse("customers:customer_export"), {**people, "format": "csv"})
    assert len(b"".join(file.streaming_content).splitlines()) == 1 + len(said["spent_min=100000"])


def test_a_cohort_opens_as_many_in_a_large_shop_too(said, monkeypatch):
    """Who first bought when is a matter of dates, of which nothing has to be worked out."""
    monkeypatch.setattr(overlay, "AT_ONCE", 10)
    assert found(f"cohort={MONTH}", as_of=THEN) == said[f"cohort={MONTH}"]


def test_somebody_new_is_in_no_list_of_before(said):
    CustomerFactory(city="Tehran")
    assert found("city=Tehran", as_of=THEN) == set()
