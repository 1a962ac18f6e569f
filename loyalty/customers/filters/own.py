"""Conditions about the owner's own segments: in one of them, in all of them, in none."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import reduce
from operator import or_

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from segmentation.models import OwnSegment

from .builder import compiling, known, parse, problems_of, words
from .builder.frames import NOBODY, is_not
from .conditions import Condition, ManyField, key

OWN = ("own", "own_all", "own_none")
# Fields of the builder of which nobody keeps the past.
UNDATED = frozenset(
    {"likeness", "tier", "tier_since", "tier_falls", "chance", "expected_profit"}
    | {"received", "bought_after", "replied", "opted_out"}
)


def _each(keys: list[int], today: datetime.date) -> list[Q]:
    """Return who is in each of some segments; nobody in any where they are too many for one statement."""
    shelf = compiling.Shelf(OwnSegment.objects.kept().filter(pk__in=keys))
    if compiling.are_too_many(keys, shelf):
        return [NOBODY]
    view = compiling.frame(today, shelf)
    return [compiling.resolve(one, view) for one in keys]


def _any(keys: list[int], today: datetime.date) -> Q:
    return reduce(or_, _each(keys, today), NOBODY)


def _all(keys: list[int], today: datetime.date) -> Q:
    return Q(*_each(keys, today))


def _none(keys: list[int], today: datetime.date) -> Q:
    """Nobody where a segment does not resolve: everybody would be the opposite of careful."""
    if problems(keys):
        return NOBODY
    return is_not(_any(keys, today))


def problems(keys: list[int]) -> list[str]:
    """Return in whole sentences why segments mean nobody; [] where all of them resolve."""
    found = {segment.pk: segment for segment in OwnSegment.objects.filter(pk__in=keys)}
    shelf = compiling.Shelf(one for one in found.values() if one.deleted_at is None)
    if compiling.are_too_many(keys, shelf):
        return [compiling.too_much()]
    said = []
    for one in keys:
        if one not in found:
            said.append(_("A segment of yours that this list asks for does not exist any more."))
        else:
            # A sentence that names the segment does not need it twice.
            name = found[one].name
            inner = problems_of(found[one], shelf)
            said += [
                sentence
                if name in sentence
                else _("The segment “%(name)s” means nobody: %(problem)s")
                % {"name": name, "problem": sentence}
                for sentence in inner
            ]
    return list(dict.fromkeys(said))


def has_past(keys: list[int]) -> bool:
    """Say whether everything that these segments ask for, and those within them, was so or not on a past day."""
    shelf = compiling.Shelf()

    def asks(segment: OwnSegment, above: tuple[int, ...] = ()) -> bool:
        if segment is None or segment.is_frozen or segment.pk in above:
            return False
        root = shelf.root(segment)
        within = [shelf.segment(one) for one in compiling.asks_for(root)]
        return not {one.field.key for one in root.conditions() if one.field} & UNDATED and all(
            asks(one, (*above, segment.pk)) for one in within
        )

    return all(asks(shelf.segment(one)) for one in keys)


def choices(chosen: list[int]) -> list[tuple[int, str]]:
    """Return the segments to choose from, with those `chosen` that were deleted: without a box they would fall
    out of the list, which would take in everybody."""
    found = OwnSegment.objects.filter(Q(deleted_at=None) | Q(pk__in=chosen))
    return list(found.values_list("pk", "name"))


def _named(keys: list[int], between: str) -> str:
    names = known.name_own_segments(keys)
    return between.join(_("“%(text)s”") % {"text": names.get(one, "…")} for one in keys)


def _told(keys: list[int]) -> str:
    """Return the names and, where there is one only, what it means: a campaign is read without the builder."""
    names = _named(keys, _(" or "))
    segment = OwnSegment.objects.kept().filter(pk=keys[0]).first() if len(keys) == 1 else None
    if segment is None or problems_of(segment):
        return names
    said = words.sentence(parse(segment.definition)).rstrip(".")
    return _("%(name)s (%(sentence)s)") % {"name": names, "sentence": said}


def _condition(name: str, where: Callable, label, between, tell: Callable | None = None) -> Condition:
    return Condition(
        name,
        lambda: ManyField(coerce=key),
        where,
        label,
        say=lambda keys: _named(keys, str(between)),
        tell=tell,
        doubts=problems,
    )


OWN_SEGMENTS = (
    _condition("own", _any, gettext_lazy("Own segment: %(value)s"), gettext_lazy(" or "), _told),
    _condition("own_all", _all, gettext_lazy("In all of: %(value)s"), gettext_lazy(" and ")),
    _condition("own_none", _none, gettext_lazy("In none of: %(value)s"), gettext_lazy(" or ")),
)
