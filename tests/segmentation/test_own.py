"""The screens of own segments: building, saving, versions, taking back, and what other rooms make of them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.audiences import Audience
from campaigns.models import Campaign, Message
from loyalty.customers.filters import CustomerFilter, builder
from loyalty.customers.filters.builder import editing, known
from loyalty.customers.models import Customer, Product, ProductCategory
from loyalty.shops.scope import scope
from segmentation import own, reports, services, views
from segmentation.models import LikenessRun, OwnSegment
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, make_staff

IN_TEHRAN = {"field": "city", "op": "any", "not": False, "values": {"values": ["تهران"]}}
TAGGED = {"field": "tag", "op": "any", "not": False, "values": {"values": ["vip"]}}


def definition(*nodes: dict, join: str = "all") -> dict:
    return {"version": 1, "root": {"join": join, "not": False, "of": list(nodes)}}


def make(*nodes: dict, name: str = "تهرانی‌ها", people=None, **fields) -> OwnSegment:
    segment = OwnSegment(name=name, definition=definition(*nodes), **fields)
    return own.save(segment, lambda: Customer.objects.none() if people is None else people, None)


@pytest.fixture
def people(shop):
    CustomerFactory(name="یک", city="تهران", tags=["vip"])
    CustomerFactory(name="دو", city="تهران")
    CustomerFactory(name="سه", city="شیراز")
    CustomerFactory(name="چهار", city="")
    services.score_shop(TODAY)
    return shop


@pytest.fixture
def visitor(shop, client):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(make_staff(shop, "marketer").user)
    return client


def address(route: str, *args) -> str:
    return reverse(f"segmentation:own_segment_{route}", args=args)


def query(sent: dict) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in sent.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def typed(*conditions: dict, join: str = "all", **more) -> dict:
    """Return what a browser sends for conditions that stand in one group."""
    sent = {"node": ["0"], "n0-join": join, "name": "گروه من", "kind": "dynamic", **more}
    for number, values in enumerate(conditions):
        place = f"0_{number}"
        sent["node"] = [*sent["node"], place]
        sent[f"n{place}-was"] = values["field"]
        sent |= {f"n{place}-{name}": value for name, value in values.items()}
    return sent


# ---------- Lists, campaigns, and segments that do not resolve ----------


def test_a_list_by_own_segments(people):
    tehran = make(IN_TEHRAN)
    vip = make(TAGGED, name="vip")

    def names(query: str) -> set[str]:
        return {one.name for one in CustomerFilter(query, today=TODAY).qs}

    assert names(f"own={tehran.pk}") == {"یک", "دو"}
    assert names(f"own={tehran.pk}&own={vip.pk}") == {"یک", "دو"}
    assert names(f"own_all={tehran.pk}&own_all={vip.pk}") == {"یک"}
    assert names(f"own_all={tehran.pk}&own_none={vip.pk}") == {"دو"}
    assert names(f"own_none={tehran.pk}") == {"سه", "چهار"}
    found = CustomerFilter(f"own={tehran.pk}", today=TODAY)
    assert "live in تهران" in found.describe()
    assert found.chips[0].text == "Own segment: “تهرانی‌ها”"


def test_the_list_of_customers_offers_own_segments_among_its_conditions(people, visitor):
    tehran, gone, spare = make(IN_TEHRAN), make(TAGGED, name="gone"), make(TAGGED, name="spare")
    own.delete(gone)
    own.delete(spare)
    asked = f"own={tehran.pk}&own={gone.pk}&own_none=1"
    html = visitor.get(f"{reverse('customers:customer_filter')}?{asked}").content.decode()
    assert f'<option value="{tehran.pk}" selected>' in html
    # Left out, it would fall out of the list unseen.
    assert f'<option value="{gone.pk}" selected>' in html
    assert f'<option value="{spare.pk}"' not in html
    carried = CustomerFilter(asked, today=TODAY)
    assert ("own", str(tehran.pk)) in carried.carried_till_opened
    assert carried.carried_always == [("own_none", "1")]


def test_a_frozen_segment_keeps_its_people_whatever_they_do(people):
    frozen = make(IN_TEHRAN, kind="frozen", people=Customer.objects.filter(city="تهران"))
    Customer.objects.filter(name="دو").update(city="شیراز")
    assert {one.name for one in CustomerFilter(f"own={frozen.pk}", today=TODAY).qs} == {"یک", "دو"}


@pytest.mark.parametrize(
    ("node", "said"),
    [
        ({"field": "tier", "op": "any", "not": True, "values": {"values": [987654321]}}, "tier"),
        ({"field": "product", "op": "any", "not": True, "values": {"values": [987654321]}}, "product"),
        ({"field": "own", "op": "any", "not": True, "values": {"values": [987654321]}}, "segment"),
        ({"field": "shoe_size", "op": "any", "not": True, "values": {}}, "does not know"),
        ({"field": "city", "op": "any", "not": True, "values": {}}, "not filled in"),
        ({"field": "city", "op": "any", "not": True, "values": {"values": [["x"]]}}, "cannot be read"),
    ],
)
def test_a_segment_that_does_not_resolve_says_why_and_means_nobody(people, node, said):
    segment = make(node)
    for query in (f"own={segment.pk}", f"own_none={segment.pk}"):
        found = CustomerFilter(query, today=TODAY)
        assert not found.qs.exists()
        assert said in " ".join(found.problems)
        assert said in " ".join(found.refusals)


def test_a_definition_of_another_version_means_nobody(people):
    segment = make(IN_TEHRAN)
    OwnSegment.objects.filter(pk=segment.pk).update(definition={"version": 99, "root": {}})
    found = CustomerFilter(f"own={segment.pk}", today=TODAY)
    assert not found.qs.exists()
    assert "another version" in " ".join(found.problems)


def test_a_segment_cannot_ask_for_itself_by_way_of_another(people):
    first = make(IN_TEHRAN)
    asks = {"field": "own", "op": "any", "not": False, "values": {"values": [first.pk]}}
    second = make(asks, name="b")
    assert {one.name for one in CustomerFilter(f"own={second.pk}", today=TODAY).qs} == {"یک", "دو"}
    back = {"field": "own", "op": "any", "not": False, "values": {"values": [second.pk]}}
    OwnSegment.objects.filter(pk=first.pk).update(definition=definition(back))
    found = CustomerFilter(f"own={first.pk}", today=TODAY)
    assert not found.qs.exists()
    assert "ask for itself" in " ".join(found.problems)


def test_a_campaign_counts_and_freezes_a_segment_and_refuses_a_broken_one(people):
    segment = make(IN_TEHRAN)
    campaign = Campaign.objects.create(name="c", text="hi", audience=f"own={segment.pk}")
    audience = Audience.of(campaign, people, campaign.created_at)
    assert audience.waterfall().total == 2
    audience.freeze_into(campaign)
    assert campaign.members.count() == 2
    own.delete(segment)
    refused = Audience.of(campaign, people, campaign.created_at)
    assert "was deleted" in " ".join(refused.filter.refusals)


@pytest.fixture
def hollow(people):
    """A segment whose inner one was deleted."""
    OrderFactory(customer=Customer.objects.get(name="یک"), on=TODAY)
    services.score_shop(TODAY)
    reports.renew_week(TODAY)
    inner = make(IN_TEHRAN, name="inner")
    outer = make({"field": "own", "op": "any", "not": False, "values": {"values": [inner.pk]}}, name="outer")
    own.delete(inner)
    outer.inner = inner
    return outer


@pytest.mark.parametrize(
    "path",
    [
        "/campaigns/new/?own={outer}",
        "/campaigns/new/?own=987654321",
        "/campaigns/new/?own_none={inner}",
        "/campaigns/people/?own={outer}&key=7c9e6679-7425-40de-944b-e07fc1f90ae7",
        "/segments/reports/rhythm/?of=own:{outer}",
        "/segments/reports/people/?of=own:{outer}",
        "/segments/reports/personas/own/{outer}/",
    ],
)
def test_a_list_that_means_nobody_has_its_pages_and_they_say_why(hollow, visitor, path):
    page = visitor.get(path.format(outer=hollow.pk, inner=hollow.inner.pk))
    assert page.status_code == 200
    said = page.content.decode()
    assert "does not exist any more" in said or "was deleted" in said


def test_a_draft_to_a_segment_that_is_gone_opens_and_can_be_deleted(hollow, visitor):
    draft = Campaign.objects.create(name="c", text="hi", audience=f"own={hollow.pk}")
    for path in ("/campaigns/", reverse("campaigns:campaign_edit", args=[draft.pk])):
        assert visitor.get(path).status_code == 200
    visitor.post(reverse("campaigns:campaign_delete", args=[draft.pk]))
    assert not Campaign.objects.exists()


def test_a_frozen_segment_is_not_emptied_by_conditions_that_cannot_be_asked(hollow, visitor):
    frozen = make(*hollow.definition["root"]["of"], name="f", kind="frozen", people=Customer.objects.all())
    for route, *args in (("freeze",), ("restore", 1)):
        answer = visitor.post(address(route, frozen.pk, *args), follow=True)
        assert "does not exist any more" in answer.content.decode()
        assert OwnSegment.objects.get(pk=frozen.pk).members.count() == 4
        # Its first version asks for what is gone; it has other conditions by now.
        frozen.definition = definition(IN_TEHRAN)
        own.save(frozen, Customer.objects.all, None)


# ---------- Building and saving ----------


def test_building_in_steps_and_saving(people, visitor):
    page = visitor.get(address("new"))
    assert page.status_code == 200
    grown = visitor.post(address("build"), typed({"field": "city"}, do="group:0")).content.decode()
    assert 'value="0_1_0"' in grown
    # A city typed into the box becomes a box to tick; the form is not saved by that.
    chosen = visitor.post(address("build"), typed({"field": "city", "values": "تهران"})).content.decode()
    assert 'value="تهران"' in chosen
    look = visitor.post(address("preview"), typed({"field": "city", "values": "تهران"})).content.decode()
    assert "2" in look
    assert "live in تهران" in look
    assert "در تهران" in look
    saved = visitor.post(address("new"), typed({"field": "city", "values": "تهران", "not": "on"}))
    segment = OwnSegment.objects.get()
    assert saved.url == address("detail", segment.pk)
    assert segment.definition["root"]["of"] == [IN_TEHRAN | {"not": True}]
    detail = visitor.get(saved.url).content.decode()
    assert "whose city is not known" in detail


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"field": "", "values": ""}, "Choose what a condition is about"),
        ({"field": "city", "values": ""}, "is not filled in"),
        ({"field": "age", "op": "at_least", "min": "old"}, "whole number"),
        ({"field": "age", "op": "between", "min": "9", "max": "3"}, "ends before it begins"),
        ({"field": "product", "op": "any", "values": "nothing like it"}, "not among the choices"),
    ],
)
def test_what_cannot_be_meant_is_not_saved_and_says_why(people, visitor, condition, said):
    answer = visitor.post(address("new"), typed(condition))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not OwnSegment.objects.exists()


def test_too_many_conditions_are_refused(people, visitor):
    answer = visitor.post(address("new"), typed(*[{"field": "tag", "values": "a"}] * 11))
    assert answer.status_code == 422
    assert "A group may hold 10 conditions." in answer.content.decode()


def test_numbers_are_read_in_any_digits(people, visitor):
    visitor.post(address("new"), typed({"field": "age", "op": "at_least", "min": "۳۰"}))
    assert OwnSegment.objects.get().definition["root"]["of"][0]["values"] == {"min": 30}


def test_an_attribute_is_asked_for_as_the_persons_form_keeps_it(people, visitor):
    Customer.objects.filter(name="یک").update(attributes={"سایز کفش": "۴۲", "1403": "ب" * 200})
    visitor.post(address("new"), typed({"field": "attribute", "op": "any", "name": " سايز  كفش "}))
    segment = OwnSegment.objects.get()
    assert segment.definition["root"]["of"][0]["values"] == {"name": "سایز کفش"}
    long = {"field": "attribute", "op": "any", "name": "1403", "values": "ب" * 200}
    visitor.post(address("edit", segment.pk), typed(long))
    for route in ("list", "detail", "edit"):
        page = visitor.get(address(route, *([] if route == "list" else [segment.pk])))
        assert page.status_code == 200
    assert [one.name for one in CustomerFilter(f"own={segment.pk}", today=TODAY).qs] == ["یک"]


def test_a_typed_code_is_never_taken_for_the_key_of_another_product(people, visitor):
    first = Product.objects.create(sku="x", name="لیوان")
    meant = Product.objects.create(sku=str(first.pk), name="قوری")
    persian = str(first.pk).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    for text in (str(first.pk), persian, "قوری", f"قوری ({first.pk})", f"key:{meant.pk}"):
        draft = editing.read(query(typed({"field": "product", "op": "any", "values": text})))
        assert draft.root.of[0].values["values"] == [meant.pk], text
    # What is chosen already comes back by its key, and is shown with its code.
    page = visitor.post(address("build"), typed({"field": "product", "values": str(first.pk)}))
    assert f'value="key:{meant.pk}"' in page.content.decode()
    assert f"قوری ({first.pk})" in page.content.decode()


def test_two_products_of_one_name_are_told_apart(people, visitor):
    for code in ("A", "B"):
        Product.objects.create(sku=code, name="لیوان")
    answer = visitor.post(address("new"), typed({"field": "product", "values": "لیوان"}))
    assert answer.status_code == 422
    assert "More than one is called “لیوان”" in answer.content.decode()
    visitor.post(address("new"), typed({"field": "product", "values": "لیوان (B)"}))
    assert OwnSegment.objects.get().definition["root"]["of"][0]["values"] == {
        "values": [Product.objects.get(sku="B").pk]
    }


@pytest.mark.parametrize("field", ["category", "product", "received", "own"])
def test_what_is_beyond_the_choices_offered_is_found_by_its_name(people, visitor, monkeypatch, field):
    monkeypatch.setattr(known, "MOST_CHOICES", 1)
    made = [
        {
            "category": lambda name: ProductCategory.objects.create(name=name),
            "product": lambda name: Product.objects.create(sku=name, name=f"{name} {name}"),
            "received": lambda name: Campaign.objects.create(
                name=name, text="hi", launched_at=timezone.now()
            ),
            "own": lambda name: make(IN_TEHRAN, name=name),
        }[field](name)
        for name in ("الف", "ب", "ج")
    ]
    for one in made:
        visitor.post(address("new"), typed({"field": field, "values": one.name}, name=f"{field} {one.pk}"))
        segment = OwnSegment.objects.get(name=f"{field} {one.pk}")
        assert segment.definition["root"]["of"][0]["values"] == {"values": [one.pk]}
        assert not builder.problems_of(segment)
        assert one.name in visitor.get(address("edit", segment.pk)).content.decode()


def test_a_name_is_taken_once(people, visitor):
    make(IN_TEHRAN, name="گروه من")
    answer = visitor.post(address("new"), typed({"field": "tag", "values": "a"}))
    assert answer.status_code == 422
    assert "already has this name" in answer.content.decode()


def test_every_save_is_a_version_and_going_back_is_one_more(people, visitor):
    segment = make(IN_TEHRAN)
    visitor.post(address("edit", segment.pk), typed({"field": "tag", "values": "vip"}, name="تازه"))
    segment.refresh_from_db()
    assert (segment.version, segment.definition) == (2, definition(TAGGED))
    visitor.post(reverse("segmentation:own_segment_restore", args=[segment.pk, 1]))
    segment.refresh_from_db()
    assert (segment.version, segment.definition, segment.name) == (3, definition(IN_TEHRAN), "تهرانی‌ها")


def names_in(segment: OwnSegment) -> set[str]:
    return {one.name for one in CustomerFilter(f"own={segment.pk}", today=TODAY).qs}


def test_a_new_name_leaves_the_people_of_a_frozen_segment_alone(people, visitor):
    frozen = make(IN_TEHRAN, kind="frozen", people=Customer.objects.filter(city="تهران"))
    Customer.objects.filter(name="سه").update(city="تهران")
    same = {"field": "city", "op": "any", "values": "تهران"}
    visitor.post(address("edit", frozen.pk), typed(same, name="نام تازه", kind="frozen"))
    kept = OwnSegment.objects.get(pk=frozen.pk)
    assert (kept.name, kept.version, kept.frozen_at) == ("نام تازه", 2, frozen.frozen_at)
    assert names_in(frozen) == {"یک", "دو"}
    # Going back to the old name does not freeze anew, either.
    visitor.post(address("restore", frozen.pk, 1))
    assert names_in(frozen) == {"یک", "دو"}
    visitor.post(address("freeze", frozen.pk))
    assert names_in(frozen) == {"یک", "دو", "سه"}
    assert OwnSegment.objects.get(pk=frozen.pk).frozen_at > frozen.frozen_at
    visitor.post(address("edit", frozen.pk), typed({"field": "tag", "values": "vip"}, kind="frozen"))
    assert names_in(frozen) == {"یک"}


def test_a_frozen_group_by_likeness_is_renamed_when_its_grouping_is_gone(people, visitor):
    run = LikenessRun.objects.create(
        as_of=TODAY, started_at=timezone.now(), finished_at=timezone.now(), groups=[{"number": 1}]
    )
    node = {"field": "likeness", "op": "any", "not": False, "values": {"values": [run.pk * 10 + 1]}}
    frozen = make(node, kind="frozen", people=Customer.objects.filter(name="یک"))
    run.delete()
    visitor.post(address("edit", frozen.pk), typed({"field": "likeness", "op": "any"}, kind="frozen"))
    kept = OwnSegment.objects.get(pk=frozen.pk)
    assert (kept.name, kept.definition) == ("گروه من", definition(node))
    assert names_in(frozen) == {"یک"}
    refused = visitor.post(address("edit", frozen.pk), typed({"field": "likeness", "op": "any"}))
    assert refused.status_code == 422
    copied = visitor.post(address("duplicate", frozen.pk))
    copied = OwnSegment.objects.exclude(pk=frozen.pk).get()
    assert (names_in(copied), copied.frozen_at) == ({"یک"}, frozen.frozen_at)


def test_deleting_is_taken_back(people, visitor):
    segment = make(IN_TEHRAN)
    visitor.post(address("delete", segment.pk))
    assert CustomerFilter(f"own={segment.pk}", today=TODAY).problems
    visitor.post(address("undelete", segment.pk))
    assert not CustomerFilter(f"own={segment.pk}", today=TODAY).problems


def test_a_copy_has_a_name_of_its_own(people, visitor):
    segment = make(IN_TEHRAN)
    for _ in range(2):
        visitor.post(address("duplicate", segment.pk))
    assert OwnSegment.objects.values("name").distinct().count() == 3


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


# ---------- What it may cost ----------


def within(*segments: OwnSegment) -> dict:
    return {"field": "own", "op": "any", "not": False, "values": {"values": [one.pk for one in segments]}}


def layers(count: int, wide: int) -> OwnSegment:
    """Return a segment of `wide` segments of `wide` segments …, `count` layers of them over plain ones."""
    below = [make(IN_TEHRAN, TAGGED, name=f"0/{number}") for number in range(wide)]
    for layer in range(1, count):
        below = [make(*map(within, below), name=f"{layer}/{number}") for number in range(wide)]
    return make(*map(within, below), name="top")


def test_segments_within_segments_come_to_so_many_conditions_and_no_more(people):
    top = layers(3, 8)
    with CaptureQueriesContext(connection) as seen:
        assert any("more than 60 conditions" in one for one in builder.problems_of(top))
        assert not CustomerFilter(f"own={top.pk}", today=TODAY).qs.exists()
    # Of the six hundred segments no more were read than it takes to know.
    assert len(seen) < 300


def test_sixty_conditions_in_layers_are_put_together_once_each(people):
    top = layers(2, 4)
    with CaptureQueriesContext(connection) as seen:
        assert {one.name for one in CustomerFilter(f"own={top.pk}", today=TODAY).qs} == {"یک"}
    assert len(seen) < 40


def test_many_segments_at_once_are_bounded_like_one(people):
    many = [make(*[TAGGED] * 9, name=str(number)) for number in range(7)]
    for name in ("own", "own_all", "own_none"):
        few, all_of_them = (
            CustomerFilter("&".join(f"{name}={one.pk}" for one in some), today=TODAY)
            for some in (many[:6], many)
        )
        assert few.qs.exists() and not few.problems
        assert not all_of_them.qs.exists()
        assert "more than 60 conditions" in " ".join(all_of_them.refusals)


def test_no_page_waits_for_many_segments_together(people, visitor, monkeypatch):
    segment, person = make(IN_TEHRAN), Customer.objects.get(name="یک")
    pages = [address("list"), address("places", person.pk), address("why", segment.pk, person.pk)]
    said = ["Count them", "takes long to find out", "takes too long for a page"]
    for page, sentence in zip(pages, said, strict=True):
        assert sentence not in visitor.get(page).content.decode()
    monkeypatch.setattr(views.own, "LIST_BUDGET_MS", 0)
    monkeypatch.setattr(views.own_looks, "PLACES_BUDGET_MS", 0)
    for page, sentence in zip(pages, said, strict=True):
        assert sentence in visitor.get(page).content.decode()


# ---------- Overlap, why, ideas ----------


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
