"""Own segments seen from elsewhere: overlap, reasons, ideas, personas, a phone."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, Message
from loyalty.customers.filters import CustomerFilter, builder
from loyalty.customers.models import Customer
from loyalty.shops.scope import scope
from segmentation import services
from tests.conftest import TODAY
from tests.factories import OrderFactory

from .making import IN_TEHRAN, TAGGED, address, make, typed


def test_a_message_that_was_not_delivered_was_not_received(people):
    campaign = Campaign.objects.create(name="c", text="hi", launched_at=timezone.now())
    for number, one in enumerate(Customer.objects.order_by("pk")):
        state = ("accepted", "delivered", "unknown", "failed")[number]
        sent = {"sent_at": timezone.now()} if state != "unknown" else {}
        shared = {"campaign": campaign, "customer": one, "text": "hi", "pages": 1}
        Message.objects.create(**shared, phone=f"+98999000000{number}", reference=number, state=state, **sent)
    segment = make({"field": "received", "op": "any", "not": False, "values": {}})
    today = people.today()
    assert {one.name for one in builder.people_of(segment, today)} == {"یک", "دو", "سه"}


def test_an_overlap_counts_nobody_twice_and_opens_each_list(people, visitor):
    first, second = make(IN_TEHRAN), make(TAGGED, name="vip")
    page = visitor.get(address("overlap"), {"segment": [first.pk, second.pk]}).content.decode()
    assert f"own_all={second.pk}&amp;own_all={first.pk}" in page
    assert f"own_none={second.pk}&amp;own_all={first.pk}" in page
    sheet = visitor.get(address("overlap"), {"segment": [first.pk, second.pk], "export": "csv"})
    assert sheet.status_code == 200


def test_why_shows_the_persons_own_value(people, visitor):
    segment = make(IN_TEHRAN, TAGGED)
    other = Customer.objects.get(name="سه")
    page = visitor.get(reverse("segmentation:own_segment_why", args=[segment.pk, other.pk])).content.decode()
    assert "is not in" in page
    assert "For them: شیراز" in page
    assert "For them: no tag" in page
    places = visitor.get(address("places", other.pk)).content.decode()
    assert "why not?" in places


def test_every_idea_can_be_opened_and_saved(people, visitor):
    listed = visitor.get(address("list")).content.decode()
    for key in ("birthday", "late_loyal", "one_time", "discount_only", "new", "never_wrote"):
        assert f"?idea={key}" in listed
        assert visitor.get(address("new"), {"idea": key}).status_code == 200


def test_another_shop_sees_nothing_of_a_segment(people, visitor, other_shop):
    with scope(other_shop):
        theirs = make(IN_TEHRAN)
    assert visitor.get(address("detail", theirs.pk)).status_code == 404
    assert not CustomerFilter(f"own={theirs.pk}", today=TODAY).qs.exists()


def test_a_segment_leads_to_its_persona_and_its_number_stays_in_sight_on_a_phone(people, visitor):
    segment = make(IN_TEHRAN)
    assert f"/personas/own/{segment.pk}/" in visitor.get(address("detail", segment.pk)).content.decode()
    look = visitor.post(address("preview"), typed({"field": "city", "values": "تهران"})).content.decode()
    assert 'id="own-sticky" aria-hidden="true" hx-swap-oob="true"' in look
    assert "2 people" in look


def test_broken_segments_stand_on_a_persons_page_with_their_reason(hollow, visitor):
    person = Customer.objects.get(name="یک")
    places = visitor.get(address("places", person.pk)).content.decode()
    assert "outer" in places
    assert "does not exist any more" in places


def test_money_stands_beside_the_number(people, visitor):
    OrderFactory(customer=Customer.objects.get(name="یک"), on=TODAY, net_amount=70_000_000)
    services.score_shop(TODAY)
    segment = make(IN_TEHRAN)
    assert "7 m" in visitor.get(address("detail", segment.pk)).content.decode().lower()
