"""A person's page, and what one writes down on it."""

from __future__ import annotations

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from campaigns.models import Campaign, Message
from loyalty import pipeline
from loyalty.customers import services
from loyalty.customers.models import ConsentEvent, Customer, Interaction, Order, OrderLine, Product, Refund
from loyalty.customers.views import history, rhythm
from loyalty.customers.views.profile import Profile
from loyalty.shops.models import AuditEntry
from loyalty.tiers.models import TierMembership
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, RefundFactory

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
ENGLISH = {"HTTP_ACCEPT_LANGUAGE": "en"}
ADD = reverse("customers:customer_add")


def at(name: str, pk: int) -> str:
    return reverse(f"customers:{name}", args=[pk])


def html(response, status: int = 200) -> str:
    assert response.status_code == status
    return response.content.decode()


# ---------- The page ----------


def test_the_whole_phone_stands_on_the_persons_own_page(as_marketer):
    customer = CustomerFactory(phone="+989990004321")
    assert "0999 000 4321" in html(as_marketer.get(at("customer_detail", customer.pk), **ENGLISH))


def test_a_clerk_has_no_business_here(as_clerk):
    customer = CustomerFactory()
    for name in ("customer_detail", "customer_edit", "order_add", "customer_history"):
        assert as_clerk.get(at(name, customer.pk)).status_code == 403


def test_a_page_for_somebody_about_whom_nothing_is_known(as_owner):
    customer = CustomerFactory(name="", phone=None, external_id="X1")
    page = html(as_owner.get(at("customer_detail", customer.pk), **ENGLISH))
    assert "No purchase yet" in page
    assert "Nothing was said yet" in page


@pytest.fixture
def regular(shop):
    """Somebody with a history of every kind, as of TODAY."""
    customer = CustomerFactory(name="Sara", birth_on=datetime.date(1990, 5, 5), tags=["a"], gender="female")
    product = Product.objects.create(sku="B1", name="Beans")
    for visit in range(12):
        order = OrderFactory(customer=customer, on=TODAY - (21 * visit + 29) * DAY, net_amount=1_000_000)
        OrderLine.objects.create(order=order, line_no=1, product=product, unit_amount=1, net_amount=1_000_000)
    RefundFactory(order=order, on=TODAY - 5 * DAY, amount=200_000)
    RefundFactory(order=None, customer=customer, on=TODAY - 4 * DAY, amount=1_000)
    services.give_consent(customer, evidence="on paper")
    services.record_interaction(customer, kind="referral", text="brought a friend")
    pipeline.night(TODAY)
    campaign = Campaign.objects.create(name="Autumn", text="x", state="done", launched_at=order.placed_at)
    Message.objects.create(
        campaign=campaign,
        customer=customer,
        phone=customer.phone,
        text="x",
        pages=1,
        reference=1,
        state="delivered",
        sent_at=order.placed_at,
    )
    return customer


def test_the_page_tells_numbers_rhythm_messages_and_consent(as_owner, regular, monkeypatch):
    page = html(as_owner.get(at("customer_detail", regular.pk), **ENGLISH))
    for words in (
        "Beans",
        "Autumn",
        "a purchase followed",
        "on paper",
        "brought a friend",
        "Benefits",
        "Sara",
    ):
        assert words in page


def test_the_numbers_are_of_a_year_and_after_returns(regular, shop):
    profile = Profile(Customer.objects.select_related("score").get(pk=regular.pk), TODAY)
    assert (profile.year.orders, profile.year.spent_amount) == (12, 12_000_000 - 201_000)
    assert (profile.year.refunds, profile.year.refunded_amount) == (2, 201_000)
    assert profile.year.profit_amount is None
    assert profile.rank == (1, 1)
    assert profile.favourites[0]["product__name"] == "Beans"
    assert profile.age == 36
    assert 0 < profile.known_share < 1


def test_a_longer_history_takes_no_more_queries(as_owner, regular):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    taken = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            as_owner.get(at("customer_detail", regular.pk))
        taken.append(len(queries))
        for number in range(8):
            order = OrderFactory(customer=regular, on=TODAY - number * DAY)
            RefundFactory(order=order, on=TODAY)
            services.record_interaction(regular, kind="visit")
    assert taken[0] == taken[1]


def test_purchases_come_ten_a_page(as_owner, regular):
    page = html(as_owner.get(at("order_list", regular.pk) + "?page=2", HTTP_HX_REQUEST="true", **ENGLISH))
    assert "11–12 of 12" in page
    assert "<html" not in page
    assert "<html" in html(as_owner.get(at("order_list", regular.pk)))


# ---------- The rhythm ----------


def days(*ago: int) -> list[datetime.date]:
    return [TODAY - number * DAY for number in sorted(ago, reverse=True)]


def test_a_rhythm_says_how_late_somebody_is():
    found = rhythm.of(days(29, 50, 71, 92, 113), 21, TODAY)
    assert (found.usual_days, found.days_since, found.days_late, found.days_to_go) == (21, 29, 8, 0)
    assert found.expected_on == TODAY - 8 * DAY
    assert found.between == (21, 21)
    start, length = found.late
    assert 0 < start < start + length <= 100


@pytest.mark.parametrize(
    ("ago", "gap", "habit", "bound"),
    [
        # One gap of five days, and two: no habit yet, whatever is to be expected.
        ((3, 8), 15, None, None),
        ((3, 8, 13), 15, None, None),
        ((3, 8, 13, 18), 15, 5, None),
        ((3, 5, 7, 9), 7, 2, 7),
        ((3, 9, 15, 21), 7.2, 6, None),
        ((3, 503, 1003, 1503), 400, 500, 400),
    ],
)
def test_a_habit_is_ones_own_and_needs_three_gaps(ago, gap, habit, bound):
    found = rhythm.of(days(*ago), gap, TODAY)
    assert (found.habit_days, found.bound) == (habit, bound)
    assert found.expected_on == days(*ago)[-1] + round(gap) * DAY


def test_somebody_in_time_is_expected_later():
    found = rhythm.of(days(5, 26), 21, TODAY)
    assert (found.days_late, found.days_to_go, found.late, found.between) == (0, 16, None, None)


def test_without_a_visit_there_is_no_rhythm():
    assert rhythm.of([], 45, TODAY) is None
    assert rhythm.of([TODAY + DAY], 45, TODAY) is None


@pytest.mark.parametrize("ago", [(0,), (1,), (400,), (0, 1, 2, 3), (3000, 2, 1), (45,)])
def test_every_mark_stands_within_the_strip_and_labels_do_not_touch(ago):
    found = rhythm.of(days(*ago), 45, TODAY)
    assert all(0 <= mark.at <= 100 for mark in found.marks)
    labelled = [mark.at for mark in found.marks if mark.is_labelled]
    assert all(b - a >= rhythm.LABEL for a, b in zip(labelled, labelled[1:], strict=False))
    assert any(mark.kind == rhythm.TODAY and mark.is_labelled for mark in found.marks)


# ---------- Everything that happened ----------


def test_everything_is_told_newest_first_and_to_the_end(regular):
    seen, number, has_older = [], 1, True
    while has_older:
        events, has_older = history.page_of(regular, number)
        seen += events
        number += 1
    moments = [event.at for event in seen]
    assert moments == sorted(moments, reverse=True)
    kinds = {kind: sum(event.kind == kind for event in seen) for kind in {event.kind for event in seen}}
    tiers = TierMembership.objects.count()
    assert kinds == {"order": 12, "refund": 2, "message": 1, "consent": 1, "interaction": 1, "tier": tiers}


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999", "٢", ""])
def test_a_page_of_history_that_is_not_there_is_no_error(as_owner, regular, page):
    html(as_owner.get(at("customer_history", regular.pk), {"page": page}))


# ---------- Adding and editing ----------


def test_somebody_is_added_in_any_digits_and_calendar(as_owner):
    response = as_owner.post(
        ADD,
        {
            "name": "سارا  نمونه",
            "phone": "۰۹۹۹ ۰۰۰ ۴۳۲۱",
            "birth_on": "۱۳۶۹/۲/۱۵",
            "tags": "دوست، همسایه, دوست",
            "attribute_name": ["نوشیدنی", "", "خالی"],
            "attribute_value": ["چای", "", ""],
            "agrees": "on",
            "evidence": "فرم عضویت",
        },
    )
    customer = Customer.objects.with_consent().get()
    assert (response.status_code, response.url) == (302, at("customer_detail", customer.pk))
    assert (customer.name, customer.phone) == ("سارا نمونه", "+989990004321")
    assert customer.birth_on == datetime.date(1990, 5, 5)
    assert customer.tags == ["دوست", "همسایه"]
    assert customer.attributes == {"نوشیدنی": "چای"}
    assert customer.consent == "in"
    assert ConsentEvent.objects.get().actor.name
    assert AuditEntry.objects.filter(action="customers.added").count() == 1


def test_whoever_is_added_to_a_scored_shop_has_a_score(as_owner):
    OrderFactory(customer=CustomerFactory(), on=TODAY)
    pipeline.night(TODAY)
    as_owner.post(ADD, {"name": "New"})
    assert Customer.objects.get(name="New").score.stage == "prospect"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Write a name or a mobile number"),
        ({"name": "x", "phone": "12"}, "Some digits are missing"),
        ({"name": "x", "phone": "02188776655"}, "landline"),
        ({"name": "x", "birth_on": "1405/13/01"}, "twelve months"),
        ({"name": "x", "birth_on": "1499/01/01"}, "has not come yet"),
        ({"name": "x", "email": "no"}, "valid email"),
        ({"name": "x", "tags": "a" * 41}, "one to forty letters"),
        ({"name": "x", "tags": ",".join(map(str, range(21)))}, "at most twenty tags"),
        ({"name": "x", "agrees": "on"}, "how the person agreed"),
        ({"name": "x", "attribute_name": [""], "attribute_value": ["tea"]}, "needs a name"),
        ({"name": "x", "attribute_name": ["a" * 201], "attribute_value": ["b"]}, "200 letters"),
        ({"name": "x", "phone": "09990000001"}, "already belongs to Ann"),
        ({"name": "x", "card_number": "77"}, "already belongs to Ann"),
        ({"name": "x" * 201}, "at most 200"),
        ({"name": "\x00"}, "Null characters"),
    ],
)
def test_a_slip_is_said_beside_the_form_and_nothing_is_saved(as_owner, data, sentence):
    CustomerFactory(name="Ann", phone="+989990000001", card_number="77")
    page = html(as_owner.post(ADD, data, **ENGLISH), 422)
    assert sentence in page
    assert Customer.objects.count() == 1


def test_editing_keeps_what_was_not_touched(as_owner):
    customer = CustomerFactory(name="Ann", city="شیراز", attributes={"tea": "black"})
    page = html(as_owner.get(at("customer_edit", customer.pk), **ENGLISH))
    assert 'value="tea"' in page
    as_owner.post(
        at("customer_edit", customer.pk), {"name": "Ann B", "city": "شیراز", "phone": customer.phone}
    )
    customer.refresh_from_db()
    assert (customer.name, customer.city) == ("Ann B", "شیراز")
    # The rows were sent back empty, which takes them out.
    assert customer.attributes == {}
    assert AuditEntry.objects.get().details["fields"] == ["name"]


def test_the_phone_of_another_shops_customer_is_free(as_owner, shop, other_shop):
    from loyalty.shops.scope import scope

    with scope(other_shop):
        CustomerFactory(phone="+989990000001")
    assert as_owner.post(ADD, {"name": "Ann", "phone": "09990000001"}).status_code == 302


# ---------- Consent and dealings ----------


def test_consent_is_written_down_and_withdrawn(as_marketer):
    customer = CustomerFactory()
    address = at("consent_add", customer.pk)
    page = html(as_marketer.post(address, {"action": "in"}, HTTP_HX_REQUEST="true", **ENGLISH), 422)
    assert "how the person agreed" in page
    assert "<html" not in page
    assert as_marketer.post(address, {"action": "in", "evidence": "on paper"}).status_code == 302
    assert as_marketer.post(address, {"action": "out"}).status_code == 302
    assert [event.action for event in customer.consent_events.all()] == ["out", "in"]
    html(as_marketer.post(address, {"action": "perhaps"}), 422)


def test_a_dealing_is_written_down(as_marketer):
    customer = CustomerFactory()
    address = at("interaction_add", customer.pk)
    assert as_marketer.post(address, {"kind": "complaint", "text": "cold tea"}).status_code == 302
    assert Interaction.objects.get().details == {"text": "cold tea"}
    entry = AuditEntry.objects.get(action="customers.noted")
    # That something was written, and not what: the list is read by more people.
    assert (entry.target, entry.details) == (str(customer), {"customer": customer.pk, "kind": "complaint"})
    html(as_marketer.post(address, {"kind": "gossip"}), 422)


def test_a_review_has_stars_and_nothing_else_has(as_marketer):
    customer = CustomerFactory()
    address = at("interaction_add", customer.pk)
    assert as_marketer.post(address, {"kind": "review", "rating": "2"}).status_code == 302
    assert Interaction.objects.get().details == {"rating": 2}
    assert "2 of 5 stars" in html(as_marketer.get(at("customer_detail", customer.pk), **ENGLISH))
    for wrong in ({"kind": "complaint", "rating": "2"}, {"kind": "review", "rating": "6"}):
        html(as_marketer.post(address, wrong), 422)
    assert Interaction.objects.count() == 1
    for rating in (0, 6, "5", 4.5):
        with pytest.raises(ValidationError):
            services.record_interaction(customer, kind="review", rating=rating)


# ---------- Purchases ----------


def order_data(**fields) -> dict:
    empty = {"lines-TOTAL_FORMS": "3", "lines-INITIAL_FORMS": "0"}
    return {**empty, "number": services.new_number(), "amount": "۱۰۰٬۰۰۰", **fields}


def test_a_purchase_renews_score_and_tier_at_once(as_marketer):
    for _ in range(4):
        OrderFactory(customer=CustomerFactory(), on=TODAY)
    pipeline.night(TODAY)
    customer = CustomerFactory()
    response = as_marketer.post(at("order_add", customer.pk), order_data(discount="20,000", channel="صندوق"))
    assert response.url == at("customer_detail", customer.pk)
    order = Order.objects.get(customer=customer)
    assert (order.gross_amount, order.net_amount, order.channel) == (1_000_000, 800_000, "صندوق")
    customer.refresh_from_db()
    assert customer.score.monetary_amount == 800_000
    assert customer.tier_memberships.filter(is_current=True).exists()


def test_a_double_click_records_one_purchase(as_marketer):
    customer, data = CustomerFactory(), order_data()
    for _ in range(2):
        assert as_marketer.post(at("order_add", customer.pk), data).status_code == 302
    assert Order.objects.count() == 1


def test_lines_make_the_amount(as_marketer):
    customer = CustomerFactory()
    Product.objects.create(sku="B1", name="Beans", cost_amount=200_000)
    lines = {"lines-0-product": "B1 · Beans", "lines-0-quantity": "۱٫۵", "lines-0-unit_amount": "40,000"}
    as_marketer.post(at("order_add", customer.pk), order_data(amount="", **lines))
    order = Order.objects.get()
    assert (order.gross_amount, order.cost_amount) == (600_000, 300_000)
    assert order.lines.get().product.sku == "B1"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"amount": ""}, "Write the amount of the purchase"),
        ({"amount": "0"}, "above zero"),
        ({"amount": "abc"}, "not an amount"),
        ({"discount": "200,000"}, "cannot be more than the amount"),
        ({"day": "1499/01/01"}, "has not come yet"),
        ({"day": "1303/01/01"}, "too long ago"),
        ({"lines-0-product": "nothing known", "lines-0-unit_amount": "5"}, "There is no product"),
        ({"lines-0-quantity": "2"}, "Write the price of one"),
        ({"lines-0-unit_amount": "5", "lines-0-quantity": "-2"}, "at least 0"),
        ({"lines-0-unit_amount": "5"}, "not what the lines add up to"),
    ],
)
def test_a_slip_in_a_purchase_is_said_and_nothing_is_recorded(as_marketer, fields, sentence):
    page = html(as_marketer.post(at("order_add", CustomerFactory().pk), order_data(**fields), **ENGLISH), 422)
    assert sentence in page
    assert not Order.objects.exists()


def test_a_purchase_form_without_its_line_count_is_no_error(as_marketer):
    html(as_marketer.post(at("order_add", CustomerFactory().pk), {"amount": "5"}), 422)


def test_products_are_suggested_by_code_and_by_name(as_marketer):
    Product.objects.create(sku="B1", name="Beans <b>")
    for typed in ("b1", "ean"):
        page = html(as_marketer.get(reverse("customers:product_list"), {"lines-0-product": typed}))
        assert page.count("<option") == 1
        assert "Beans &lt;b&gt;" in page
    assert "<option" not in html(as_marketer.get(reverse("customers:product_list")))


def test_a_return_is_offered_with_what_is_left_and_taken_out_again(as_marketer):
    customer = CustomerFactory()
    order = services.record_order(
        customer, placed_at=OrderFactory(on=TODAY).placed_at, gross_amount=1_000_000
    )
    assert 'value="100,000"' in html(as_marketer.get(at("refund_add", order.pk), **ENGLISH))
    data = {"number": services.new_number(), "amount": "150,000"}
    assert "At most" in html(as_marketer.post(at("refund_add", order.pk), data, **ENGLISH), 422)
    as_marketer.post(at("refund_add", order.pk), data | {"amount": "60,000", "reason": "cold"})
    refund = Refund.objects.get()
    assert (refund.amount, refund.reason) == (600_000, "cold")
    as_marketer.post(at("refund_cancel", refund.pk))
    assert not Refund.objects.exists()


def test_a_purchase_is_cancelled_and_brought_back(as_marketer):
    order = OrderFactory(on=TODAY, source="manual")
    as_marketer.post(at("order_cancel", order.pk))
    order.refresh_from_db()
    assert order.status == "cancelled"
    as_marketer.post(at("order_restore", order.pk))
    order.refresh_from_db()
    assert order.status == "completed"


def test_a_refusal_is_shown_and_changes_nothing(as_marketer):
    order = OrderFactory(on=TODAY, source="import")
    page = html(as_marketer.post(at("order_cancel", order.pk), follow=True, **ENGLISH))
    assert "came from a file" in page
    order.refresh_from_db()
    assert order.status == "completed"
