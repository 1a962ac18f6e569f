"""Beside value and volume: what is unknown, who hangs on discounts, who could become valued, who changed sides."""

import datetime
import re

import pytest
from django.urls import reverse

from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import Interaction
from segmentation import services, spans, value_volume, valued
from segmentation.models import CustomerOutlook, CustomerScore, ScoreHistory, ScoreRun
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory
from tests.segmentation.histories import make_history
from tests.segmentation.pasts import remember, remember_anything


@pytest.fixture
def scored(shop):
    make_history(4, TODAY)
    services.score_shop(TODAY)
    return shop


def before(days: int) -> datetime.date:
    return TODAY - datetime.timedelta(days=days)


def test_the_dependence_of_the_list_is_that_of_the_customers(scored):
    found = valued.dependence(scored)
    by_hand = [score for score in CustomerScore.objects.all() if score.discount_dependence is not None]
    assert found.people == len(by_hand) == sum(row["people"] for row in found.tenths)
    assert found.mean == pytest.approx(sum(score.discount_dependence for score in by_hand) / len(by_hand))
    assert all(score.frequency >= value_volume.FEWEST_ORDERS for score in by_hand)
    for percent in (0, 1, 5, 20):
        expected = {score.customer_id for score in by_hand if score.discount_dependence >= percent / 100}
        assert set(CustomerFilter(f"discount_min={percent}").qs.values_list("pk", flat=True)) == expected


def test_each_tenth_opens_its_people(scored):
    for row in valued.dependence(scored).tenths:
        found = CustomerFilter(f"discount_min={row['from']}&discount_max={row['to']}").qs.count()
        assert found == row["people"]


def test_who_buys_without_a_discount_anyway_opens_as_a_list(scored):
    assert CustomerFilter("anyway=on").qs.count() == valued.dependence(scored).anyway > 0


def test_the_list_is_ranked_by_the_weighted_score(scored):
    people = CustomerFilter("sort=-segment").rows(0, 25)
    ranks = [person.score.rfm_score for person in people]
    assert ranks == sorted(ranks, reverse=True)
    least = int(ranks[5])
    expected = sum((score.rfm_score or 0) >= least for score in CustomerScore.objects.all())
    assert CustomerFilter(f"rfm_min={least}").qs.count() == expected


def test_unknown_cost_is_said_of_how_many(shop):
    OrderFactory(on=TODAY, cost_amount=None)
    OrderFactory(on=TODAY, cost_amount=40, net_amount=100)
    run = services.score_shop(TODAY)
    found = dict(valued.unknown(run))
    assert found["margin"] == 1
    # Nobody has two gaps, and the shop records no dealings.
    assert (found["regularity"], found["engagement"], found["advocacy"]) == (2, 2, 2)
    assert "service" not in found


def test_a_rising_margin_or_a_late_dealing_is_a_promise(shop, as_owner):
    def regular(name: str, *costs: int) -> int:
        person = OrderFactory(
            on=before(300), net_amount=100, cost_amount=costs[0], customer__name=name
        ).customer
        for ago, cost in zip((250, 200, 100, 50, 10), costs[1:], strict=True):
            OrderFactory(customer=person, on=before(ago), net_amount=100, cost_amount=cost)
        return person.pk

    rising = regular("Rising", 90, 90, 90, 80, 80, 80)
    flat = regular("Flat", 90, 90, 90, 89, 89, 89)
    dealt = regular("Dealt", 90, 90, 90, 90, 90, 90)
    falling = regular("Falling", 80, 80, 80, 95, 95, 95)
    for _number in range(6):
        OrderFactory(on=before(20), net_amount=100, cost_amount=10)
    noon = datetime.datetime.combine(before(5), datetime.time(12), shop.zone)
    Interaction.objects.create(customer_id=dealt, kind="survey", occurred_at=noon)
    Interaction.objects.create(customer_id=falling, kind="complaint", occurred_at=noon)
    # Neither does a bad review show interest.
    Interaction.objects.create(customer_id=flat, kind="review", occurred_at=noon, details={"rating": 1})
    Interaction.objects.create(customer_id=flat, kind="visit", occurred_at=noon - datetime.timedelta(days=99))
    services.score_shop(TODAY)
    CustomerScore.objects.filter(customer__in=[rising, flat, dealt, falling]).update(quadrant="volume")
    count, found = valued.promising(shop, TODAY)
    assert {one.customer_id for one in found} == {rising, dealt}
    assert count == 2
    assert next(one for one in found if one.customer_id == rising).is_rising
    people = CustomerFilter("could_be_valued=on", today=TODAY).qs
    assert set(people.values_list("pk", flat=True)) == {rising, dealt}


def test_months_are_those_of_the_calendar():
    assert valued.months(TODAY, "jalali", 2) == [
        datetime.date(2026, 9, 23),
        datetime.date(2026, 10, 23),
        datetime.date(2026, 11, 22),
    ]
    assert valued.months(TODAY, "gregorian", 1) == [datetime.date(2026, 10, 1), datetime.date(2026, 11, 1)]


def test_the_months_count_who_changed_sides(shop):
    def past(*changes: tuple[int, str]) -> None:
        person = OrderFactory(on=before(300)).customer
        numbers = [spans.change(before(ago), "loyal", "active", quadrant) for ago, quadrant in changes]
        ScoreHistory.objects.update_or_create(customer=person, defaults={"changes": numbers})

    past((200, "volume"), (20, "valued_frequent"))
    past((200, "volume"), (25, "valued_frequent"), (22, "volume"))
    past((200, "occasional"), (0, "volume"))
    past((200, "volume"))
    found = valued.migration(shop, TODAY, "jalali")
    assert len(found) == valued.MONTHS + 1
    # Today is the second of Azar; 20 days ago was in Aban.
    azar, aban = ({name: people for name, (people, _) in month.figures.items()} for month in found[:2])
    assert aban == {"became": 1, "ceased": 0, "oftener": 0, "rarer": 0}
    assert azar == {"became": 0, "ceased": 0, "oftener": 1, "rarer": 0}
    assert sum(sum(month.moves.values()) for month in found[2:]) == 0


@pytest.mark.parametrize("calendar", ["jalali", "gregorian"])
@pytest.mark.parametrize("seed", range(2))
def test_every_number_of_the_months_opens_as_many_people(shop, seed, calendar):
    made = CustomerFactory.create_batch(40)
    services.score_shop(TODAY)
    remember_anything(seed, TODAY, made)
    remember(CustomerFactory(), (before(300), {"segment": "loyal", "quadrant": "volume"}))
    figures = [
        figure for month in valued.migration(shop, TODAY, calendar) for figure in month.figures.values()
    ]
    assert sum(people for people, _query in figures) > 20
    for people, query in figures:
        found = CustomerFilter(query, today=TODAY)
        assert (found.problems, found.qs.count()) == ([], people)


def test_months_from_before_anything_was_remembered_are_not_counted_as_nobody(shop, as_owner):
    customer = OrderFactory(on=before(300)).customer
    services.score_shop(TODAY)
    remember(
        customer,
        (before(40), {"segment": "loyal", "quadrant": "volume"}),
        (before(20), {"segment": "loyal", "quadrant": "valued_frequent"}),
    )
    found = valued.migration(shop, TODAY, "jalali")
    # 40 days ago was in Mehr, of whose beginning nothing is known.
    assert [month.figures["became"][0] for month in found] == [0, 1, None, None, None, None, None]
    said = as_owner.get(
        reverse("segmentation:quadrant_list"), headers={"accept-language": "fa"}
    ).content.decode()
    table = said.partition('id="migration"')[2].partition("</table>")[0]
    assert table.count("–") == 5 * len(valued.CHANGES)
    assert table.count('data-count="1"') == 1


@pytest.mark.parametrize(
    ("language", "first"), [("en", datetime.date(2026, 11, 1)), ("fa", datetime.date(2026, 11, 22))]
)
def test_the_months_are_those_the_reader_sees_the_names_of(scored, as_owner, language, first):
    response = as_owner.get(reverse("segmentation:quadrant_list"), headers={"accept-language": language})
    assert response.context["months"][0].from_on == first
    assert {"en": "November 2026", "fa": "آذر ۱۴۰۵"}[language] in response.content.decode()


def test_discounts_are_spoken_of_where_they_count_for_more_than_in_the_shop(shop, as_owner):
    for number in range(4):
        person = CustomerFactory()
        for ago in (40, 20):
            OrderFactory(
                customer=person, on=before(ago), gross_amount=100, discount_amount=10 * number, net_amount=90
            )
    services.score_shop(TODAY)
    volume = CustomerScore.objects.order_by("discount_amount")
    keys = list(volume.values_list("pk", flat=True))
    for frequent, eased in ((keys[:2], False), (keys[2:], True)):
        CustomerScore.objects.update(quadrant="occasional")
        CustomerScore.objects.filter(pk__in=frequent).update(quadrant="volume")
        assert valued.dependence(shop).hang_most == {"volume" if eased else "occasional"}
        page = as_owner.get(reverse("segmentation:quadrant_list"), headers={"accept-language": "en"})
        assert ("Ease the discounts" in page.content.decode()) is eased


def test_the_page_shows_all_of_it(scored, as_owner):
    said = as_owner.get(
        reverse("segmentation:quadrant_list"), headers={"accept-language": "en"}
    ).content.decode()
    for words in ("Could become valued", "Month by month", "Who hangs on discounts", "Change the weights"):
        assert words in said
    assert ScoreRun.objects.current().cuts["service_load"] is not None


def said_of(customer, as_owner) -> str:
    """Return the English text of a person's page, one space between words."""
    page = as_owner.get(
        reverse("customers:customer_detail", args=[customer.pk]), headers={"accept-language": "en"}
    )
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


def test_a_persons_page_shows_all_seven_parts_with_what_they_rest_on(shop, as_owner):
    person = CustomerFactory()
    for number, ago in enumerate((100, 80, 30)):
        discount = 10 if number else 0
        OrderFactory(
            customer=person,
            on=before(ago),
            gross_amount=100,
            discount_amount=discount,
            net_amount=100 - discount,
            cost_amount=(100 - discount) * 3 // 5,
        )
    services.score_shop(TODAY)
    said = said_of(person, as_owner)
    # Gaps of 20 and 50 days are 35 on average, each 15 away from it.
    for part in (
        "Margin 40% · weight 30",
        "Bought at full price 33% · weight 20",
        "Regularity ± 43% · weight 15",
        "Tenure 70 days · weight 10",
        "Engagement weight 10 not known, left out",
        "Advocacy weight 5 not known, left out",
        "Easy to serve 6.7% · weight 10",
    ):
        assert part in said
    assert len(CustomerScore.objects.get(customer=person).value_rows) == 7


def test_nothing_recorded_of_a_person_is_zero_only_where_the_shop_records_it(shop, as_owner):
    person = OrderFactory(on=before(3)).customer
    other = OrderFactory(on=before(3)).customer
    noon = datetime.datetime.combine(before(5), datetime.time(12), shop.zone)
    Interaction.objects.create(customer=other, kind="visit", occurred_at=noon)
    services.score_shop(TODAY)
    said = said_of(person, as_owner)
    assert "Engagement 0 times · weight 10" in said
    assert "Advocacy weight 5 not known, left out" in said


def test_a_persons_page_counts_the_units_of_a_year(shop, as_owner):
    person = CustomerFactory()
    orders = [OrderFactory(customer=person, on=before(ago)) for ago in (365, 364, 20, 1)]
    services.score_shop(TODAY)
    assert "How many units is not known" in said_of(person, as_owner)
    for order, quantity in zip(orders, ("9", "2", "1.5", None), strict=True):
        for line_no in (1, 2) if quantity else ():
            order.lines.create(line_no=line_no, quantity=quantity, unit_amount=1, net_amount=1)
    said = said_of(person, as_owner)
    assert "3 order days in 12 months" in said
    assert "7 units bought, by the lines of 2 of 3 orders" in said


@pytest.mark.parametrize(
    ("chance", "visits", "told"),
    [
        (0.004, 0.01, ("under 1%", "hardly any")),
        (0.42, 2.0, ("42%", "2.0")),
        (0.999, 9.0, ("over 99%", "9.0")),
    ],
)
def test_an_outlook_is_told_no_more_exactly_than_it_is_known(shop, as_owner, chance, visits, told):
    person = OrderFactory(on=before(30)).customer
    services.score_shop(TODAY)
    CustomerOutlook.objects.create(
        customer=person,
        as_of=TODAY,
        p_alive=chance,
        p_back=chance,
        orders_30=visits,
        orders_90=visits,
        orders_365=visits,
        amount_365_amount=530,
    )
    outlook = said_of(person, as_owner).partition("Chance of coming back within 12 months ")[2]
    share, words = told
    assert outlook.startswith(f"{share} Expected orders, 90 days {words} ")
    money = outlook.partition("Expected net spend, 12 months ")[2]
    assert money.startswith("hardly any" if words == "hardly any" else "53 toman")
