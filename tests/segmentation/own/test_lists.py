"""What other rooms make of own segments: lists, campaigns and reports, also of those that do not resolve."""

from __future__ import annotations

import pytest
from django.urls import reverse

from campaigns.audiences import Audience
from campaigns.models import Campaign
from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import Customer
from segmentation import own
from segmentation.models import OwnSegment
from tests.conftest import TODAY

from .making import IN_TEHRAN, TAGGED, address, definition, make


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
    assert f'name="own" value="{tehran.pk}" checked' in html
    # Left out, it would fall out of the list unseen.
    assert f'name="own" value="{gone.pk}" checked' in html
    assert f'name="own" value="{spare.pk}"' not in html
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


def test_a_campaign_takes_one_of_the_segments_in_place_of_its_list(people, visitor):
    tehran, vip = make(IN_TEHRAN), make(TAGGED, name="vip")
    page = visitor.get(reverse("campaigns:campaign_create"))
    assert f'<option value="{tehran.pk}">' in page.content.decode()
    seen = page.context["seen_counts"]
    draft = {"name": "c", "kind": "other", "text": "hi", "key": page.context["campaign"].key}
    draft |= {"result_window_days": "30", "holdout_percent": "10", "audience": "", "own": str(tehran.pk)}
    shown = {"seen_counts": seen, "seen_percent": "10", "seen_audience": ""}
    look = visitor.post(reverse("campaigns:campaign_preview"), draft | shown)
    assert look.context["preview"].waterfall.total == 2
    assert f'name="audience" value="own={tehran.pk}"' in look.content.decode()
    visitor.post(reverse("campaigns:campaign_create"), draft)
    campaign = Campaign.objects.get()
    assert campaign.audience == f"own={tehran.pk}"
    edit = reverse("campaigns:campaign_edit", args=[campaign.pk])
    assert f'<option value="{tehran.pk}" selected>' in visitor.get(edit).content.decode()
    visitor.post(edit, draft | {"audience": campaign.audience, "own": str(vip.pk)})
    assert Campaign.objects.get().audience == f"own={vip.pk}"


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
    page = visitor.get(path.format(outer=hollow.pk, inner=hollow.inner.pk), follow=True)
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
