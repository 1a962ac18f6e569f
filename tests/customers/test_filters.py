"""The one definition of a list of people."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.http import QueryDict
from django.utils import translation

from loyalty.customers import services
from loyalty.customers.anniversaries import births_due
from loyalty.customers.filters import CustomerFilter
from loyalty.customers.filters.conditions import has_birthday
from loyalty.customers.models import Customer
from loyalty.shops.rls import refresh_statistics
from loyalty.shops.scope import scope
from loyalty.tiers.models import Programme, Tier, TierMembership
from segmentation import services as segmentation
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory

DAY = datetime.timedelta(days=1)


def names(query, **kwargs) -> set[str]:
    people = CustomerFilter(query, today=TODAY, **kwargs)
    assert people.problems == []
    return {customer.name for customer in people.qs}


@pytest.fixture
def people(shop):
    """Four people with different pasts, scored as of TODAY."""
    every_week = CustomerFactory(name="هفتگی", city="تهران", tags=["vip", "a"], gender="female")
    for week in range(10):
        OrderFactory(customer=every_week, on=TODAY - (7 * week + 2) * DAY, net_amount=500_000)
    once = CustomerFactory(name="یک‌بار", city="شیراز", birth_on=datetime.date(1990, 11, 24))
    OrderFactory(customer=once, on=TODAY - 3 * DAY, net_amount=9_000_000)
    gone = CustomerFactory(name="دور", city="تهران", tags=["a"])
    for month in range(5):
        OrderFactory(customer=gone, on=TODAY - (600 + 30 * month) * DAY, net_amount=2_000_000)
    CustomerFactory(name="بی‌خرید", phone=None)
    segmentation.score_shop(TODAY)
    return every_week


EVERYONE = {"هفتگی", "یک‌بار", "دور", "بی‌خرید"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", EVERYONE),
        ("city=تهران", {"هفتگی", "دور"}),
        ("city=تهران&city=شیراز", {"هفتگی", "دور", "یک‌بار"}),
        ("tag=vip", {"هفتگی"}),
        ("tag=vip&tag=a", {"هفتگی", "دور"}),
        ("gender=female", {"هفتگی"}),
        ("stage=prospect", {"بی‌خرید"}),
        ("stage=prospect&stage=lost", {"بی‌خرید", "دور"}),
        ("stage=lost&city=شیراز", set()),
        ("recency_max=7", {"هفتگی", "یک‌بار"}),
        ("recency_min=30", {"دور"}),
        ("orders_min=5", {"هفتگی", "دور"}),
        ("orders_max=1", {"یک‌بار", "بی‌خرید"}),
        ("days_min=2&recency_max=90", {"هفتگی"}),
        ("spent_min=۹۰۰۰۰۰", {"یک‌بار", "دور"}),
        ("spent_min=900,000&spent_max=950 هزار تومان", {"یک‌بار"}),
        ("birthday=7", {"یک‌بار"}),
        ("age_min=36", set()),
        ("age_min=35&age_max=35", {"یک‌بار"}),
        ("r=5&r=3", {"هفتگی", "یک‌بار"}),
        ("stage=&city=&spent_min=+&q=", EVERYONE),
        ("city=%00", EVERYONE),
    ],
)
def test_a_parameter_means_these_people(people, query, found):
    assert names(query) == found


def test_conditions_narrow_and_values_of_one_widen(people):
    assert names("city=تهران&stage=lost") == {"دور"}


def test_late_are_those_past_their_usual_day_who_have_not_gone_quiet(people):
    assert names("late=1") == set()
    segmentation.score_shop(TODAY + 20 * DAY)
    late = CustomerFilter("late=1", today=TODAY + 20 * DAY)
    assert {customer.name for customer in late.qs} == {"هفتگی"}


def test_consent_is_the_last_word(people):
    services.give_consent(people, evidence="on paper")
    assert names("consent=in") == {"هفتگی"}
    assert names("consent=none") == EVERYONE - {"هفتگی"}
    services.withdraw_consent(people)
    assert names("consent=in") == set()
    assert names("consent=out&consent=none") == EVERYONE


def test_a_tier_is_the_present_one(people, shop):
    programme = Programme.objects.create(started_on=TODAY)
    bronze, gold = (Tier.objects.create(programme=programme, rank=rank, name=str(rank)) for rank in (1, 2))
    TierMembership.objects.create(
        customer=people, tier=bronze, from_on=TODAY, until_on=TODAY, is_current=False, reason="first"
    )
    TierMembership.objects.create(customer=people, tier=gold, from_on=TODAY, reason="up")
    assert names(f"tier={gold.pk}") == {"هفتگی"}
    assert names(f"tier={bronze.pk}") == set()
    assert names("tier=none") == EVERYONE - {"هفتگی"}
    assert names(f"tier=none&tier={gold.pk}") == EVERYONE


@pytest.mark.parametrize(
    "query",
    [
        "stage=nonsense",
        "tier=999999",
        "tier=x",
        "r=9",
        "recency_min=-5",
        "recency_max=1" + "0" * 40,
        "orders_min=1e9",
        "spent_min=<script>",
        "spent_max=1" + "0" * 30,
        "birthday=99",
        "id=abc",
        "id=99999999999999999999",
        "id=0",
        "&".join(f"id={n}" for n in range(1, 300)),
        "q=" + "x" * 101,
        "q=%00",
    ],
)
def test_what_cannot_be_read_is_left_out_and_said(people, query):
    found = CustomerFilter(query, today=TODAY)
    assert found.qs.count() == 4
    assert len(found.problems) == 1
    assert found.problems[0].endswith(".")
    assert found.chips == []
    assert found.query == ""


def test_unknown_parameters_are_nobodys_business_while_one_looks(people):
    assert names("utm_source=x&page=-3&sort=;drop&csrf=1") == EVERYONE


def test_nothing_is_done_with_a_list_whose_condition_has_a_slip_in_its_name(people):
    slip = CustomerFilter("tag=vip&ctiy=شیراز&sort=name&page=2", today=TODAY)
    assert slip.problems == []
    assert slip.obstacles == slip.refusals == ["There is no condition named “ctiy”."]
    assert CustomerFilter("tag=vip&city=شیراز&sort=name&page=2", today=TODAY).obstacles == []


@pytest.mark.parametrize("data", ["city=تهران&stage=lost", "?city=تهران&stage=lost"])
def test_a_list_can_be_kept_as_its_query_string(people, data):
    kept = CustomerFilter(data, today=TODAY).query
    assert {customer.name for customer in CustomerFilter(kept, today=TODAY).qs} == {"دور"}
    assert CustomerFilter(kept, today=TODAY).query == kept


def test_sorting_and_page_are_no_part_of_who_is_meant(people):
    assert CustomerFilter("city=x&sort=name&page=3").query == "city=x"


def test_data_may_be_a_mapping_or_a_query(people):
    assert names({"stage": "lost"}) == names({"stage": ["lost"]}) == names(QueryDict("stage=lost")) == {"دور"}


def test_a_chip_takes_only_its_own_condition_away_and_keeps_the_sorting(people):
    chips = CustomerFilter("stage=lost&city=تهران&sort=name", today=TODAY).chips
    without = {chip.name: QueryDict(chip.without).dict() for chip in chips}
    assert without == {
        "stage": {"city": "تهران", "sort": "name"},
        "city": {"stage": "lost", "sort": "name"},
    }


def test_a_list_says_who_it_is_in_both_languages(shop):
    for language, sentence in (("en", "Stage: Away; "), ("fa", "مرحله: دورشده؛ ")):
        with translation.override(language), scope(shop):
            said = CustomerFilter("stage=lost&spent_min=4000000").describe()
            assert sentence in said, said
            assert CustomerFilter("").describe()


def test_every_condition_can_be_said(shop):
    queries = (
        "id=1&id=2&tier=none&near=1&stage=new&segment=loyal&quadrant=volume&r=5&f=4&m=3&recency_max=5",
        "recency_min=5&late=1&spent_min=1&spent_max=2&orders_min=1&orders_max=2&days_min=2&consent=in",
        "city=a&province=b&neighbourhood=c&job=d&tag=e&gender=male&age_min=20&age_max=30&birthday=7&q=ali",
    )
    for language in ("en", "fa"):
        with translation.override(language), scope(shop):
            for query in queries:
                people = CustomerFilter(query)
                assert people.problems == []
                assert len(people.chips) == len({name for name in QueryDict(query) if name != "q"})
                assert "%" not in people.describe()
                list(people.qs)


def sorted_names(query: str) -> list[str]:
    people = CustomerFilter(query, today=TODAY)
    return [customer.name for customer in people.rows(0, 100)]


def test_people_without_a_value_come_last_whichever_way_one_sorts(people):
    CustomerFactory(name="تازه")
    assert sorted_names("sort=-last")[:3] == ["هفتگی", "یک‌بار", "دور"]
    assert sorted_names("sort=last")[:3] == ["دور", "یک‌بار", "هفتگی"]
    assert set(sorted_names("sort=-spent")) == set(sorted_names("sort=spent")) == EVERYONE | {"تازه"}
    assert sorted_names("sort=-spent")[-1] == sorted_names("sort=spent")[-1] == "تازه"


def test_sorting_by_score_drops_nobody_and_repeats_nobody_from_page_to_page(people):
    for number in range(7):
        CustomerFactory(name=f"تازه {number}")
    for sort in ("spent", "-spent", "orders", "-last", "name", "-name", "joined"):
        filter_ = CustomerFilter(f"sort={sort}", today=TODAY)
        seen = [customer.pk for start in range(0, 12, 3) for customer in filter_.rows(start, start + 3)]
        assert len(seen) == len(set(seen)) == 11, sort


def test_a_count_stops_where_it_is_told(people):
    assert CustomerFilter("").count(100) == 4
    assert CustomerFilter("").count(2) == 2


def find(text: str) -> list[str]:
    people = CustomerFilter({"q": text}, today=TODAY)
    assert people.problems == []
    return [customer.name for customer in people.rows(0, 50)]


@pytest.fixture
def phones(shop):
    CustomerFactory(name="Ann", phone="+989121234567", card_number="7001", external_id="C-88")
    CustomerFactory(name="Bob", phone="+989351112233", card_number="99")
    CustomerFactory(name="Cat", phone="+989127654567", external_id="4567")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4567", {"Ann", "Cat"}),
        ("۴۵۶۷", {"Ann", "Cat"}),
        ("٤٥٦٧", {"Ann", "Cat"}),
        ("234567", {"Ann"}),
        ("09121234567", {"Ann"}),
        ("۰۹۱۲ ۱۲۳ ۴۵۶۷", {"Ann"}),
        ("+98 912-123-4567", {"Ann"}),
        ("9121234567", {"Ann"}),
        ("0912", {"Ann", "Cat"}),
        ("0935", {"Bob"}),
        ("33", {"Bob"}),
        ("7001", {"Ann"}),
        ("99", {"Bob"}),
        ("C-88", {"Ann"}),
        ("09129999999", set()),
        ("9", set()),
    ],
)
def test_digits_find_phones_cards_and_numbers(phones, text, found):
    assert set(find(text)) == found


@pytest.mark.parametrize("spelling", ["علي رضایی", "على رضائي", "رضايي علی", "علی  رض", "عَلی"])
def test_a_name_is_found_however_it_is_spelled(shop, spelling):
    CustomerFactory(name="علی رضایی")
    CustomerFactory(name="مینا کاوه")
    assert find(spelling) == ["علی رضایی"]


def test_names_that_begin_like_the_text_come_first(shop):
    for name in ("میناعلی زند", "علی کاوه", "حسن علی", "علی آبی"):
        CustomerFactory(name=name)
    assert find("علی") == ["علی آبی", "علی کاوه", "حسن علی", "میناعلی زند"]


@pytest.mark.parametrize("text", ["%", "_", "\\", "' OR 1=1 --", "(", "*", "\u202e"])
def test_signs_mean_nothing_special(shop, text):
    CustomerFactory(name="علی")
    assert find(text) in ([], ["علی"])


def test_an_email_finds_its_person(shop):
    CustomerFactory(name="Ann", email="ann@example.com")
    assert find("ANN@example.com") == ["Ann"]


def test_a_list_is_of_the_shop_in_scope_only(shop, other_shop):
    with scope(other_shop):
        CustomerFactory(name="theirs")
    CustomerFactory(name="ours")
    assert names("") == {"ours"}
    with scope(other_shop):
        assert names("") == {"theirs"}
    assert Customer.objects.count() == 1


def test_birthdays_are_looked_up_and_not_searched_for(people):
    CustomerFactory.create_batch(400)
    refresh_statistics(Customer)
    due = Customer.objects.filter(has_birthday(7, TODAY))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    assert "customer_by_birth" in due.explain()


def test_a_birthday_follows_the_calendar_it_is_kept_in():
    # 2 Azar is 23 November in 2026 and was 24 November in 1906.
    assert datetime.date(1906, 11, 24) in births_due(TODAY, 1, "jalali")
    assert datetime.date(1906, 11, 24) not in births_due(TODAY, 1, "gregorian")


def test_who_was_born_on_a_leap_day_is_not_forgotten():
    leap = datetime.date(1992, 2, 29)
    assert leap in births_due(datetime.date(2026, 3, 1), 1, "gregorian")
    assert leap not in births_due(datetime.date(2024, 3, 1), 1, "gregorian")
    assert leap in births_due(datetime.date(2024, 2, 29), 1, "gregorian")
    # 30 Esfand 1399 in 1404, whose Esfand has 29 days.
    assert datetime.date(2021, 3, 20) in births_due(datetime.date(2026, 3, 21), 1, "jalali")
