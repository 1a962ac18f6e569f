"""From a tree to the people it means: one condition of the ORM, made of the whitelist's parts only."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext as _

from loyalty.shops.scope import current_shop
from segmentation.models import OwnSegment, OwnSegmentMember

from .fields import FIELDS
from .frames import NOBODY, Frame, is_not
from .tree import ANY, Condition, Group, parse

# Segments that ask for segments that ask for segments: nobody can survey more, and each costs a statement.
MOST_WITHIN = 4


def frame(today: datetime.date, *, of_scores: bool = False) -> Frame:
    """Return the view from a row of customers, or of their scores."""
    ways = {"person": "customer__", "score": "", "key": "customer"} if of_scores else {}
    return Frame(current_shop(), today, resolve=resolve, **ways)


def compile_tree(node: Group | Condition, view: Frame) -> Q:
    """Return who is meant by a tree or a part of it; nobody where it has a problem.

    Never unknown under a NOT: what is not true is false (see `frames`).
    """
    if isinstance(node, Condition):
        if node.problem or node.field is None or node.op is None:
            return NOBODY
        found = node.op.where(node.values, view)
    else:
        if node.problems:
            return NOBODY
        found = _joined(node, view)
    return is_not(found) if node.negated else found


def _joined(group: Group, view: Frame) -> Q:
    found = Q()
    for node in group.of:
        part = compile_tree(node, view)
        found = found | part if group.join == ANY else found & part
    return found


def resolve(key: int, view: Frame) -> Q:
    """Return who is in an own segment; nobody for one that is gone, does not resolve, or asks for itself."""
    segment = OwnSegment.objects.kept().filter(pk=key).first()
    if segment is None or problems_of(segment):
        return NOBODY
    return of_segment(segment, view)


def of_segment(segment: OwnSegment, view: Frame) -> Q:
    """Return who is in a segment, of which the caller knows that it has no problem."""
    if segment.is_frozen:
        members = OwnSegmentMember.objects.filter(shop=view.shop, segment=segment)
        return view.among(members.values("customer"))
    return compile_tree(parse(segment.definition), view)


def asks_for(root: Group) -> Iterator[int]:
    """Yield the keys of the own segments a tree asks for."""
    own = FIELDS["own"]
    for condition in root.conditions():
        if condition.field is own and not condition.problem:
            yield from condition.values["values"]


def problems_of(segment: OwnSegment) -> list[str]:
    """Return why a segment means nobody, in whole sentences; a frozen one keeps its people whatever happens."""
    if segment.deleted_at is not None:
        return [_("The segment “%(name)s” was deleted.") % {"name": segment.name}]
    if segment.is_frozen:
        return []
    return problems_within(parse(segment.definition), (segment.pk,))


def problems_within(root: Group, above: tuple[int, ...] = ()) -> list[str]:
    """Return the problems of a tree and of the segments it asks for; `above` are those on the way to it."""
    said = list(root.problems)
    for key in asks_for(root):
        if key in above:
            return [*said, _("A segment cannot ask for itself, not even by way of another.")]
        if len(above) >= MOST_WITHIN:
            return [*said, _("Too many segments stand within each other.")]
        inner = OwnSegment.objects.kept().filter(pk=key).first()
        if inner is None or inner.is_frozen:
            continue
        within = problems_within(parse(inner.definition), (*above, key))
        said += [_("In “%(name)s”: %(problem)s") % {"name": inner.name, "problem": one} for one in within]
    return list(dict.fromkeys(said))
