"""Personas: everything on a card is computed from the group, and of a few people there is none."""

import datetime
import re

import pytest
from django.db.models import F
from django.urls import reverse

from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import ConsentEvent, Order, OrderLine, Product, ProductCategory
from loyalty.shops.scope import scope
from loyalty.tiers import services as tiers
from loyalty.tiers.models import Tier
from segmentation import hours, personas, services, taste
from segmentation.models import CustomerScore, OwnSegment, Weekday
from segmentation.views import portraits as screen
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory
from tests.routes.segmentation import own_segment


@pytest.fixture
def crowd(shop, monkeypatch):
    """Twenty regulars who pay full price and love sweets, and five who came once on a large discount."""
    monkeypatch.setattr(type(shop), "today", lambda self: TODAY)
    sweets, bread = (ProductCategory.objects.create(name=name) for name in ("Sweets", "Bread"))
    gaz = Product.objects.create(sku="G", name="Gaz", category=sweets)
    loaf = Product.objects.create(sku="B", name="Barbari", category=bread)
    for number in range(20):
        regular = CustomerFactory(
            city="Yazd" if number < 15 else "", phone=None if number < 2 else f"+98999111{number:04d}"
        )
        if number != 6:
            said = "out" if number == 5 else "in"
            ConsentEvent.objects.create(customer=regular, action=said, source="counter")
        for visit in range(6):
            order = OrderFactory(customer=regular, on=TODAY - datetime.timedelta(days=14 * visit + 2))
            OrderLine.objects.create(order=order, line_no=1, product=gaz, unit_amount=1, net_amount=1_000_000)
    for _number in range(5):
        order = OrderFactory(
            customer=CustomerFactory(),
            on=TODAY - datetime.timedelta(days=300),
            net_amount=300_000,
            discount_amount=700_000,
        )
        OrderLine.objects.create(order=order, line_no=1, product=loaf, unit_amount=1, net_amount=300_000)
    services.score_shop(TODAY)
    taste.renew(TODAY)
    hours.renew(TODAY)
    return shop


@pytest.fixture
def stage(crowd):
    """The stage of the twenty."""
    return CustomerScore.objects.filter(lifetime_orders=6).values_list("stage", flat=True).first()


def test_the_figures_are_means_of_the_group_and_of_everybody(crowd, stage):
    people = CustomerFilter(f"stage={stage}").qs
    mine, shop = personas.figures(TODAY, people), personas.figures(TODAY)
    assert (mine.customers, shop.customers) == (20, 25)
    assert (mine.amount, shop.amount) == (120_000_000, 121_500_000)
    assert (mine.orders_each, mine.basket_amount, mine.full_price_share) == (6, 1_000_000, 1)
    assert shop.full_price_share == pytest.approx(0.8)
    assert shop.discount_share == pytest.approx(3.5 / 125)


def test_favourites_are_told_against_everybody(crowd, stage):
    (sweets,) = personas.favourites("category", CustomerFilter(f"stage={stage}").qs)
    assert (sweets.name, sweets.customers, sweets.share) == ("Sweets", 20, 1)
    assert sweets.index == pytest.approx(125)
    assert [one.name for one in personas.favourites("product", CustomerFilter("").qs)] == ["Gaz", "Barbari"]


def callout(client, url: str, language: str = "en", **query) -> str:
    """Return what a page says of the time these people buy."""
    said = client.get(url, query, headers={"accept-language": language}).content.decode()
    found = re.search(r'<div class="ba-callout ba-callout-brand">.*?<p>(.*?)</p>', said, re.DOTALL)
    return re.sub(r"<[^>]+>|\s+", " ", found.group(1)).strip()


@pytest.mark.parametrize("language", ["fa", "en"])
def test_a_card_says_of_the_time_what_the_report_on_it_says(crowd, stage, as_owner, language):
    Order.objects.update(placed_at=F("placed_at") + datetime.timedelta(hours=6))
    hours.renew(TODAY)
    card = reverse("segmentation:persona", args=["stage", stage])
    said = callout(as_owner, card, language)
    assert said == callout(as_owner, reverse("segmentation:rhythm"), language, of=f"stage:{stage}")
    # Two days before a Monday, and every second week before that; at six o'clock.
    assert language == "fa" or "on Saturday, in the evening: 100.0%" in said
    assert [row["label"] for row in as_owner.get(card).context["weekdays"]][0] == Weekday.SATURDAY.label


def test_of_sales_without_a_time_of_day_no_part_of_it_is_named(crowd, stage, as_owner):
    for order in Order.objects.all():
        order.placed_at = datetime.datetime.combine(order.placed_on, datetime.time(), crowd.zone)
        order.save()
    hours.renew(TODAY)
    said = callout(as_owner, reverse("segmentation:persona", args=["stage", stage]))
    assert said.startswith("They come most on Saturday: 100.0%")


def test_who_can_be_reached_has_agreed_and_has_a_phone(crowd, stage):
    found = screen.reach(screen.Whom("stage", stage))
    assert (found.with_phone, found.reachable, found.declined, found.never_asked) == (18, 16, 1, 1)


def test_a_favourite_opens_as_many_as_it_counts(crowd, stage, as_owner):
    said = as_owner.get(reverse("segmentation:persona", args=["stage", stage])).content.decode()
    links = re.findall(r'href="/customers/\?([^"]*favourite_(?:category|product)=\d+)"', said)
    assert len(links) == 2
    for query in links:
        assert CustomerFilter(query.replace("&amp;", "&")).qs.count() == 20


def test_the_number_of_those_within_reach_opens_as_many(crowd, stage, as_owner):
    said = as_owner.get(reverse("segmentation:persona", args=["stage", stage])).content.decode()
    (query,) = re.findall(r'href="/customers/\?([^"]*reachable=1)"', said)
    people = CustomerFilter(query.replace("&amp;", "&"))
    assert people.problems == []
    assert people.qs.count() == screen.reach(screen.Whom("stage", stage)).reachable == 16
    assert people.qs.count() == people.qs.reachable_by_sms().count()
    yesterday = CustomerFilter(f"reachable=1&on={TODAY - datetime.timedelta(days=1)}")
    assert yesterday.unkept == []


def figures_of(**given) -> personas.Figures:
    plain = dict.fromkeys(personas.Figures.__dataclass_fields__, 1.0)
    return personas.Figures(**{**plain, "full_price_share": 0.5, **given})


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, []),
        ({"full_price_share": 0.6}, ["full_price"]),
        ({"full_price_share": 0.4}, ["price"]),
        ({"discount_share": 1.3}, ["price"]),
        ({"full_price_share": 0.6, "discount_share": 1.3}, ["full_price"]),
        ({"gap_spread": 0.7}, ["habit"]),
        ({"gap_spread": None, "basket_amount": 1.25}, ["large_basket"]),
        ({"order_days_each": 2.0, "engagements_each": 1.2}, ["often"]),
        ({"full_price_share": None, "basket_amount": None}, []),
    ],
)
def test_a_motive_is_a_clear_difference_to_the_shop(given, found):
    assert personas.motives(figures_of(**given), figures_of()) == found


@pytest.mark.parametrize(
    ("stages", "moved_by", "tone"),
    [
        ({"new": 6, "active": 4}, ["price"], "welcome"),
        ({"at_risk": 3, "lost": 3, "active": 4}, ["full_price"], "gentle"),
        ({"active": 10}, ["price"], "price"),
        ({"loyal": 10}, ["often"], "thanks"),
        ({"active": 10}, [], "friendly"),
        ({}, [], "friendly"),
    ],
)
def test_the_tone_follows_from_stage_and_motive(stages, moved_by, tone):
    assert personas.tone(stages, moved_by) == tone
    assert tone in screen.TONES


def test_a_picture_is_drawn_from_the_figures():
    plain, drawn = personas.picture((), 0.1, None), personas.picture([1, 0, 0, 0, 0, 0, 3], 0.25, 0.5)
    assert len({petal.reach for petal in plain.petals}) == 1
    assert plain.ring == 0
    assert drawn.petals[6].reach > drawn.petals[0].reach > drawn.petals[1].reach
    assert drawn.ring == pytest.approx(drawn.gap)


@pytest.mark.parametrize("language", ["fa", "en"])
def test_a_card_says_everything_and_leads_to_the_people(crowd, stage, as_marketer, language):
    url = reverse("segmentation:persona", args=["stage", stage])
    page = as_marketer.get(url, headers={"accept-language": language})
    said = page.content.decode()
    assert page.status_code == 200
    for part in ("Sweets", "Gaz", "Yazd", f"/campaigns/new/?stage={stage}", f"/customers/?stage={stage}"):
        assert part in said
    if language == "en":
        assert "80% of the people, 99% of the net spend" in said
        assert "Write to these 16" in said
        assert "They come most on Saturday, in the afternoon" in said
    text = b"".join(as_marketer.get(url, {"export": "csv"})).decode("utf-8-sig")
    assert "Gaz" in text


def test_of_a_few_people_no_card_is_drawn(crowd, as_owner):
    for group in set(CustomerScore.objects.filter(lifetime_orders=1).values_list("stage", flat=True)):
        page = as_owner.get(
            reverse("segmentation:persona", args=["stage", group]), headers={"accept-language": "en"}
        )
        assert "it would be a portrait of somebody" in page.content.decode()
        assert "Barbari" not in page.content.decode()


def test_the_page_of_all_shows_the_groups_that_are_large_enough(crowd, stage, as_owner):
    for kind in ("segment", "stage", "quadrant", "nonsense"):
        page = as_owner.get(
            reverse("segmentation:personas"), {"kind": kind}, headers={"accept-language": "en"}
        )
        assert page.status_code == 200
    page = as_owner.get(
        reverse("segmentation:personas"), {"kind": "stage"}, headers={"accept-language": "en"}
    )
    assert reverse("segmentation:persona", args=["stage", stage]) in page.content.decode()


def test_tiers_and_segments_of_the_owners_own_are_chosen_on_the_page(crowd, stage, as_owner):
    tiers.preset(TODAY)
    tier = Tier.objects.order_by("rank").first()
    segment = OwnSegment.objects.get(**own_segment())
    url = reverse("segmentation:personas")
    said = as_owner.get(url).content.decode()
    for kind, key, name in (("tier", tier.pk, tier.name), ("own", segment.pk, segment.name)):
        assert f'<option value="{kind}:{key}">{name}</option>' in said
        answer = as_owner.get(url, {"of": f"{kind}:{key}"})
        assert answer.url == reverse("segmentation:persona", args=[kind, key])
        assert as_owner.get(answer.url).status_code == 200


@pytest.mark.parametrize("key", ["stage/none", "tier/1", "own/1", "likeness/1-1", "secret/1"])
def test_a_group_that_is_not_there_is_not_found(crowd, as_owner, key):
    assert as_owner.get(reverse("segmentation:personas") + key + "/").status_code == 404


def test_every_group_has_a_name_that_blames_nobody():
    for kind, groups in screen.KINDS.items():
        for key in groups.values:
            assert key == "prospect" or str(screen.NAMES[f"{kind}:{key}"])


def test_another_shops_people_are_in_no_card(crowd, other_shop):
    with scope(other_shop):
        assert personas.figures(TODAY).customers == 0
        assert personas.favourites("product", CustomerFilter("").qs) == []


def test_a_group_whose_people_all_bought_today_is_shown(shop, as_owner):
    for _number in range(25):
        OrderFactory()
    services.score_shop(shop.today())
    for name in ("personas", "segment_list", "stage_list"):
        assert as_owner.get(reverse(f"segmentation:{name}")).status_code == 200
