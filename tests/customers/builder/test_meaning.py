"""The heart of the builder: what SQL finds is what the words say, person by person, whatever the tree."""

from __future__ import annotations

import random
import re

import pytest
from django.db import connection, transaction
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.expressions import NegatedExpression
from django.test.utils import CaptureQueriesContext

from loyalty.customers.filters.builder import compiling, looking
from loyalty.customers.filters.builder.fields import FIELDS, purchases
from loyalty.customers.filters.builder.frames import Frame
from loyalty.customers.filters.builder.tree import MOST_CONDITIONS, dump, parse
from loyalty.customers.models import Customer
from segmentation.models import CustomerScore
from tests.conftest import TODAY

from . import naive, world

OPS = [(one.key, op.key) for one in FIELDS.values() for op in one.ops]


def found(definition: dict) -> set[int]:
    tree = parse(definition)
    assert tree.problems == []
    people = Customer.objects.filter(compiling.compile_tree(tree, compiling.frame(TODAY)))
    with transaction.atomic():
        keys = list(people.values_list("pk", flat=True))
    assert len(keys) == len(set(keys)), "somebody is found twice"
    return set(keys)


@pytest.mark.parametrize(("key", "op"), OPS, ids=lambda value: value)
def test_every_condition_finds_whom_its_words_say(made, key, op):
    chance = random.Random(f"{world.SEED}{key}{op}")
    hits = 0
    for _ in range(20):
        asked = world.question(chance, made, key, op)
        definition = world.definition({"join": "all", "not": False, "of": [asked]})
        expected = naive.people(definition, made.people, made.shop)
        assert found(definition) == expected, asked
        hits += 0 < len(expected) < world.PEOPLE
    # A question that nobody or everybody answers proves nothing.
    assert hits >= 1


@pytest.mark.parametrize("seed", range(60))
def test_every_tree_finds_whom_its_words_say(made, seed):
    chance = random.Random(f"{world.SEED}/{seed}")
    definition = world.definition(world.group(chance, made))
    assert dump(parse(definition)) == definition
    assert found(definition) == naive.people(definition, made.people, made.shop), definition


def mistaken(made) -> int:
    """Return how many random trees, and how many conditions by themselves, find others than their words say."""
    chance = random.Random(world.SEED)
    roots = [world.group(chance, made) for _ in range(60)]
    roots += [
        {"join": "all", "not": False, "of": [world.question(chance, made, key, op)]}
        for key, op in OPS
        for _ in range(4)
    ]
    asked = [world.definition(root) for root in roots]
    return sum(found(one) != naive.people(one, made.people, made.shop) for one in asked)


def as_boolean_or_null(q: Q) -> ExpressionWrapper:
    return ExpressionWrapper(q, output_field=BooleanField())


# Each is a slip that somebody might make in good faith.
SLIPS = {
    "a NOT of three values": (compiling, "is_not", lambda q: Q(NegatedExpression(as_boolean_or_null(q)))),
    "a window one day longer": (Frame, "ago", lambda self, days: self.today - (days + 1) * world.DAY),
    "AND for OR": (compiling, "ANY", "all"),
    "unpaid orders counted": (purchases, "SOLD", purchases.SOLD.replace("AND is_paid ", "")),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_broken_operator_would_be_found(made, monkeypatch, slip):
    place, name, wrong = SLIPS[slip]
    monkeypatch.setattr(place, name, wrong)
    assert mistaken(made) > 0


def test_with_nothing_broken_nothing_is_found(made):
    assert mistaken(made) == 0


@pytest.mark.parametrize("seed", range(40))
def test_a_look_adds_up_to_the_people_it_finds(made, monkeypatch, seed):
    monkeypatch.setattr(looking, "MOST_ASKED", MOST_CONDITIONS)
    chance = random.Random(f"{world.SEED}/look{seed}")
    definition = world.definition(world.group(chance, made))
    tree = parse(definition)
    look, people = looking.Look(tree, TODAY), found(definition)
    assert (look.people, look.club) == (len(people), world.PEOPLE)
    assert looking.count(tree, TODAY) == len(people)
    assert look.reachable == Customer.objects.reachable_by_sms().filter(pk__in=people).count()
    assert {one.pk for one in look.names} <= people
    assert look.steps[-1].after == len(people)
    root = definition["root"]
    assert len(look.steps) == len(list(world.places(root)))
    for step, path in zip(look.steps, world.places(root), strict=True):
        alone = {"join": "all", "not": False, "of": [world.at(root, path)]}
        assert step.alone == len(found(world.definition(alone))), path
        assert step.after == len(found(world.definition(world.until(root, path)))), path
        without = world.without(root, path)
        assert step.without == (len(found(world.definition(without))) if without else world.PEOPLE), path


def test_of_many_conditions_the_groups_alone_are_counted(made, monkeypatch):
    chance = random.Random(world.SEED)
    inner = {"join": "any", "not": False, "of": [world.question(chance, made) for _ in range(4)]}
    tree = parse(world.definition({"join": "all", "not": False, "of": [inner, inner]}))
    assert [step.depth for step in looking.Look(tree, TODAY).steps] == [1, 2, 2, 2, 2] * 2
    people = looking.Look(tree, TODAY).people
    monkeypatch.setattr(looking, "MOST_ASKED", 7)
    look = looking.Look(tree, TODAY)
    assert ([step.depth for step in look.steps], look.people) == ([1, 1], people)


def test_scores_alone_are_counted_without_joining_the_people(made):
    asked = [
        {"field": "stage", "op": "any", "not": False, "values": {"values": ["loyal", "active"]}},
        {"field": "m_score", "op": "any", "not": False, "values": {"values": [1, 2, 3]}},
        {"field": "spend", "op": "at_least", "not": True, "values": {"min": 1_000}},
    ]
    definition = world.definition({"join": "all", "not": False, "of": asked})
    with CaptureQueriesContext(connection) as seen:
        assert looking.count(parse(definition), TODAY) == len(found(definition))
    assert "customers_customer" not in seen[0]["sql"]


def test_what_is_asked_most_is_counted_in_one_index_alone(made):
    asked = [
        {"field": "orders", "op": "at_least", "not": False, "values": {"min": 3}},
        {"field": "last_order", "op": "in_last", "not": False, "values": {"days": 180}},
        {"field": "spend", "op": "at_least", "not": False, "values": {"min": 2_000_000}},
        {"field": "segment", "op": "any", "not": False, "values": {"values": ["champions", "loyal"]}},
        {"field": "stage", "op": "any", "not": False, "values": {"values": ["loyal", "active"]}},
    ]
    tree = parse(world.definition({"join": "all", "not": False, "of": asked}))
    with CaptureQueriesContext(connection) as seen:
        looking.count(tree, TODAY)
    columns = set(re.findall(r'"segmentation_customerscore"\."(\w+)"', seen[0]["sql"]))
    (index,) = [index for index in CustomerScore._meta.indexes if index.name == "score_by_stage_with"]
    assert {"stage", "segment"} <= columns <= {"shop_id", *index.fields, *index.include}


def test_who_has_no_score_is_counted_in_a_segment_of_those_who_are_not_something(made):
    asked = {"field": "own", "op": "any", "not": False, "values": {"values": [made.own[1].pk]}}
    definition = world.definition({"join": "all", "not": False, "of": [asked]})
    assert any(not hasattr(one, "score") for one in made.people)
    assert looking.count(parse(definition), TODAY) == len(found(definition))


@pytest.mark.parametrize("seed", range(20))
def test_why_agrees_with_whom_a_tree_finds(made, seed):
    chance = random.Random(f"{world.SEED}/why{seed}")
    definition = world.definition(world.group(chance, made))
    people = found(definition)
    for one in made.people[:6]:
        assert looking.why(parse(definition), one, TODAY).holds == (one.pk in people)
