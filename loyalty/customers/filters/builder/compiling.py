"""From a tree to the people it means: one condition of the ORM, made of the whitelist's parts only."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import replace

from django.db.models import Q
from django.utils.translation import gettext as _

from loyalty.shops.scope import current_shop
from loyalty.ui.templatetags.ui import num
from segmentation.models import OwnSegment, OwnSegmentMember

from .fields import FIELDS
from .frames import NOBODY, Frame, is_not
from .tree import ANY, Condition, Group, parse

# Segments that ask for segments that ask for segments: nobody can survey more.
MOST_WITHIN = 4
# Conditions with those of the inner segments in their places. Each is a part of one statement: of three layers
# of ten segments it took minutes to put together and to count.
MOST_TOGETHER = 60


class Shelf:
    """The own segments that trees ask for, each looked up and read once."""

    def __init__(self, segments: Iterable[OwnSegment] = ()):
        self._segments: dict[int, OwnSegment | None] = {one.pk: one for one in segments}
        self._roots: dict[int, Group] = {}

    def segment(self, key: int) -> OwnSegment | None:
        if key not in self._segments:
            self._segments[key] = OwnSegment.objects.kept().filter(pk=key).first()
        return self._segments[key]

    def root(self, segment: OwnSegment) -> Group:
        if segment.pk not in self._roots:
            self._roots[segment.pk] = parse(segment.definition)
        return self._roots[segment.pk]


def frame(today: datetime.date, shelf: Shelf | None = None, *, of_scores: bool = False) -> Frame:
    """Return the view from a row of customers, or of their scores."""
    ways = {"person": "customer__", "score": "", "key": "customer"} if of_scores else {}
    return Frame(current_shop(), today, resolve=resolve, shelf=shelf or Shelf(), **ways)


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
    if key not in view.resolved:
        # What is asked for a second time must say once more which tables it asks.
        inner = replace(view, used=set())
        view.resolved[key] = (_resolved(key, inner), inner.used)
    found, used = view.resolved[key]
    view.used.update(used)
    return found


def _resolved(key: int, view: Frame) -> Q:
    segment = view.shelf.segment(key)
    if segment is None or problems_of(segment, view.shelf):
        return NOBODY
    return of_segment(segment, view)


def of_segment(segment: OwnSegment, view: Frame) -> Q:
    """Return who is in a segment, of which the caller knows that it has no problem."""
    if segment.is_frozen:
        members = OwnSegmentMember.objects.filter(shop=view.shop, segment=segment)
        return view.among(members.values("customer"))
    return compile_tree(view.shelf.root(segment), view)


def asks_for(root: Group) -> Iterator[int]:
    """Yield the keys of the own segments a tree asks for."""
    own = FIELDS["own"]
    for condition in root.conditions():
        if condition.field is own and not condition.problem:
            yield from condition.values["values"]


def problems_of(segment: OwnSegment, shelf: Shelf | None = None) -> list[str]:
    """Return why a segment means nobody, in whole sentences; a frozen one keeps its people whatever happens."""
    if segment.deleted_at is not None:
        return [_("The segment “%(name)s” was deleted.") % {"name": segment.name}]
    if segment.is_frozen:
        return []
    shelf = shelf or Shelf()
    return problems_within(shelf.root(segment), (segment.pk,), shelf)


def problems_within(root: Group, above: tuple[int, ...] = (), shelf: Shelf | None = None) -> list[str]:
    """Return the problems of a tree and of the segments it asks for; `above` are those on the way to it."""
    said, together = _walked(root, above, shelf or Shelf())
    return list(dict.fromkeys([*said, too_much()] if together > MOST_TOGETHER else said))


def are_too_many(keys: Iterable[int], shelf: Shelf) -> bool:
    """Whether so many segments at once are more than one statement may hold."""
    together = 0
    for segment in filter(None, map(shelf.segment, keys)):
        together += 1 if segment.is_frozen else _walked(shelf.root(segment), (segment.pk,), shelf)[1]
        if together > MOST_TOGETHER:
            return True
    return False


def too_much() -> str:
    return _("Together with the segments it asks for this comes to more than %(most)s conditions.") % {
        "most": num(MOST_TOGETHER)
    }


def _walked(root: Group, above: tuple[int, ...], shelf: Shelf) -> tuple[list[str], int]:
    """Return the problems of a tree with its inner segments, and how many conditions they come to together.

    Goes no further once there are too many.
    """
    said, together = list(root.problems), sum(1 for _one in root.conditions())
    for key in asks_for(root):
        if key in above:
            return [*said, _("A segment cannot ask for itself, not even by way of another.")], together
        if len(above) >= MOST_WITHIN:
            return [*said, _("Too many segments stand within each other.")], together
        inner = shelf.segment(key)
        if inner is None or inner.is_frozen:
            continue
        within, more = _walked(shelf.root(inner), (*above, key), shelf)
        said += [_("In “%(name)s”: %(problem)s") % {"name": inner.name, "problem": one} for one in within]
        together += more
        if together > MOST_TOGETHER:
            break
    return said, together
