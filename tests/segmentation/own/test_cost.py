"""What own segments may cost: many conditions together, and many segments on one page."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty.customers.filters import CustomerFilter, builder
from loyalty.customers.models import Customer
from segmentation import views
from segmentation.models import OwnSegment
from tests.conftest import TODAY

from .making import IN_TEHRAN, TAGGED, address, make


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
