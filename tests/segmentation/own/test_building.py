"""The builder: what may be typed, and what is saved."""

from __future__ import annotations

import pytest
from django.utils import timezone

from campaigns.models import Campaign
from loyalty.customers.filters import CustomerFilter, builder
from loyalty.customers.filters.builder import editing, known
from loyalty.customers.models import Customer, Product, ProductCategory
from segmentation.models import OwnSegment
from tests.conftest import TODAY

from .making import IN_TEHRAN, address, make, query, typed


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
