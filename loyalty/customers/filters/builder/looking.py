"""What the screens show of a tree: how many, their money, a few names, and where the number falls.

One statement groups everybody by which conditions hold for them; every figure is added up from those groups.
It may take so long and no longer: what is too large for that is estimated from part of the people, or said.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

from django.db import OperationalError, connection, transaction
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Mod

from segmentation.models import CustomerScore

from ...models import Customer
from .compiling import Shelf, compile_tree, frame
from .fields.dealings import reachable
from .frames import Frame, as_boolean
from .tree import ANY, Condition, Group

# A person waits for the figures while typing; a worker waits for nobody.
PATIENCE_MS = 2_500
# One person in so many is asked where asking everybody takes too long.
SAMPLED = 16
NAMES = 5
# So many conditions are asked one by one; of more, only the groups they stand in. Everybody falls into one of up
# to 2 to that power cells, which are added up anew for each line of the waterfall.
MOST_ASKED = 10


class TooSlow(Exception):
    """Raised where the database did not answer in time."""


@contextmanager
def patience(milliseconds: int = PATIENCE_MS) -> Iterator[None]:
    """Give every statement of the block so long; raise TooSlow. What else the transaction did is kept."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            (before,) = cursor.fetchone()
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])
            yield
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != "57014":
            raise
        raise TooSlow from error


class Budget:
    """So many milliseconds for several questions together: each gets `each` of them, or what is left."""

    def __init__(self, milliseconds: int, each: int = PATIENCE_MS):
        self._end, self._each = time.monotonic() + milliseconds / 1000, each

    def patience(self) -> AbstractContextManager[None]:
        """Return the patience for the next question; raise TooSlow where nothing is left."""
        left = int((self._end - time.monotonic()) * 1000)
        if left <= 0:
            raise TooSlow
        return patience(min(left, self._each))


@dataclass(frozen=True)
class Cell:
    """The people for whom exactly the same conditions hold; `holds` says which."""

    holds: tuple[bool, ...]
    people: int
    spent_amount: int
    profit_amount: int | None


def cells(parts: Sequence[Q], people: Q | None = None) -> list[Cell]:
    """Return everybody (or `people`) by which of `parts` hold for them, in one pass."""
    names = [f"part_{number}" for number in range(len(parts))]
    marked = Customer.objects.filter(people) if people is not None else Customer.objects.all()
    marked = marked.annotate(
        **{name: as_boolean(part) for name, part in zip(names, parts, strict=True)},
        spent=F("score__monetary_amount"),
        profit=F("score__profit_amount"),
    )
    rows = (
        marked.order_by()
        .values(*names)
        .annotate(n=Count("pk"), spent_sum=Sum("spent"), profit_sum=Sum("profit"))
    )
    return [
        Cell(
            tuple(row[name] for name in names),
            row["n"],
            int(row["spent_sum"] or 0),
            None if row["profit_sum"] is None else int(row["profit_sum"]),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Step:
    """One condition or group at its place in the tree (`path`): how many it lets through by itself, how many are
    left after it and those before it, and how many there would be without it."""

    node: Group | Condition
    path: tuple[int, ...]
    alone: int
    after: int
    without: int

    @property
    def depth(self) -> int:
        return len(self.path)


class Look:
    """The figures of a tree as of a day. `is_too_slow` where there are none; `is_estimate` where one person in
    `SAMPLED` was asked."""

    def __init__(self, root: Group, today: datetime.date, people: Q | None = None):
        """Look at a tree, or at `people` who were frozen and need no conditions any more."""
        self.root, self.today = root, today
        self.is_estimate = self.is_too_slow = False
        self._view = frame(today)
        self._found: list[Cell] = []
        self._reachable, self.names = 0, []
        if people is not None:
            self.root, self._q = Group(of=(root,)), people
            self._asked = {id(root): 0}
            self._look([people])
        elif not root.problems:
            self._q = compile_tree(root, self._view)
            inner = list(root.conditions())
            asked = inner if len(inner) <= MOST_ASKED else root.of
            self._asked = {id(node): place for place, node in enumerate(asked)}
            self._look([compile_tree(node, self._view) for node in asked])

    def _look(self, parts: list[Q]) -> None:
        try:
            with patience():
                self._found = cells(parts)
        except TooSlow:
            self._estimate(parts)
        if self.is_too_slow:
            return
        try:
            with patience():
                self._reachable = Customer.objects.filter(self._q, reachable({}, self._view)).count()
                # The same few names each time, but not the oldest customers.
                mixed = Customer.objects.filter(self._q).order_by(Mod(F("pk") * 7919, 10_007), "pk")
                self.names = list(mixed.select_related("score")[:NAMES])
        except TooSlow:
            self._reachable = None

    def _estimate(self, parts: list[Q]) -> None:
        """Ask one person in so many; the customers' keys are as good as drawn by lot."""
        sample = Customer.objects.annotate(lot=Mod("pk", SAMPLED)).filter(lot=0)
        try:
            with patience():
                self._found = cells(parts, Q(pk__in=sample.values("pk")))
                self.is_estimate = True
        except TooSlow:
            self.is_too_slow = True

    def _sum(self, column: str, chosen: Iterator[Cell]) -> int:
        found = sum(getattr(cell, column) or 0 for cell in chosen)
        return found * SAMPLED if self.is_estimate else found

    def _meant(self) -> Iterator[Cell]:
        return self._whom(self.root)

    def _whom(self, node: Group | Condition) -> Iterator[Cell]:
        """Return the people a tree, or a part of it, means."""
        return (cell for cell in self._found if self._holds(node, cell.holds))

    def _holds(self, node: Group | Condition, holds: Sequence[bool]) -> bool:
        if id(node) in self._asked:
            return holds[self._asked[id(node)]]
        found = (any if node.join == ANY else all)(self._holds(one, holds) for one in node.of)
        return found != node.negated

    @cached_property
    def club(self) -> int:
        return self._sum("people", iter(self._found))

    @cached_property
    def people(self) -> int:
        return self._sum("people", self._meant())

    @property
    def reachable(self) -> int | None:
        return self._reachable

    @cached_property
    def spent_amount(self) -> int:
        return self._sum("spent_amount", self._meant())

    @cached_property
    def profit_amount(self) -> int | None:
        if all(cell.profit_amount is None for cell in self._meant()):
            return None
        return self._sum("profit_amount", self._meant())

    @property
    def share(self) -> float | None:
        return self.people / self.club if self.club else None

    @property
    def spent_share(self) -> float | None:
        everyone = self._sum("spent_amount", iter(self._found))
        return self.spent_amount / everyone if everyone > 0 else None

    @property
    def steps(self) -> list[Step]:
        """The waterfall in the order of the conditions; those of an inner group follow it."""
        return list(self._steps(self.root, ()))

    def _steps(self, group: Group, above: tuple[int, ...]) -> Iterator[Step]:
        for number, node in enumerate(group.of):
            path = (*above, number)
            without = _without(self.root, path)
            # Without its only condition a segment asks nothing.
            others = iter(self._found) if without is None else self._whom(without)
            some = (self._whom(node), self._whom(_until(self.root, path)), others)
            yield Step(node, path, *(self._sum("people", one) for one in some))
            if id(node) not in self._asked:
                yield from self._steps(node, path)


def _until(group: Group, path: tuple[int, ...]) -> Group:
    """Return a tree up to a place, with what stands there."""
    first, *rest = path
    last = _until(group.of[first], tuple(rest)) if rest else group.of[first]
    return replace(group, of=(*group.of[:first], last))


def _without(group: Group, path: tuple[int, ...]) -> Group | None:
    """Return a tree without what stands at a place; None where nothing is left."""
    first, *rest = path
    left = _without(group.of[first], tuple(rest)) if rest else None
    kept = (*group.of[:first], *([left] if left else []), *group.of[first + 1 :])
    return replace(group, of=kept) if kept else None


def count(root: Group, today: datetime.date, shelf: Shelf | None = None) -> int:
    """Return how many people a tree means, as fast as their number can be had.

    Where only the scores are asked, the index of the scores alone is read and the people are not joined to it,
    unless somebody without a score could be meant.
    """
    if root.problems:
        return 0
    shelf = shelf or Shelf()
    view = frame(today, shelf, of_scores=True)
    found = compile_tree(root, view)
    if "person" not in view.used and _of_nobody(root, view) is False:
        return CustomerScore.objects.filter(found, shop=view.shop).count()
    return Customer.objects.filter(compile_tree(root, frame(today, shelf)), shop=view.shop).count()


def _of_nobody(node: Group | Condition, view: Frame) -> bool | None:
    """Return whether a tree holds for somebody without a score; None where that depends on them."""
    if isinstance(node, Condition):
        asked = replace(view, used=set())
        node.op.where(node.values, asked)
        # What an inner segment negates is not seen from here.
        found = False if asked.used == {"score"} and node.field.key != "own" else None
    else:
        parts = [_of_nobody(part, view) for part in node.of]
        decides = node.join == ANY
        found = decides if decides in parts else None if None in parts else not decides
    return found if found is None or not node.negated else not found


# ---------- Overlapping sets ----------


def overlap(parts: Sequence[Q]) -> list[Cell]:
    """Return who is in exactly which of some sets, the fullest first; those in none are left out.

    Raises TooSlow.
    """
    with patience():
        found = [cell for cell in cells(parts) if any(cell.holds)]
    return sorted(found, key=lambda cell: (-cell.people, cell.holds))


# ---------- Why, and why not ----------


@dataclass(frozen=True)
class Reason:
    """A condition or group of a tree and whether it holds for one person; `own` is what is true of them."""

    node: Group | Condition
    holds: bool
    own: str
    inner: tuple[Reason, ...] = ()


def why(root: Group, customer: Customer, today: datetime.date) -> Reason:
    """Return for every part of a tree whether it holds for one person, and their own values."""
    view = frame(today)
    conditions = [one for one in root.conditions() if not one.problem]
    marks = {f"part_{number}": as_boolean(compile_tree(one, view)) for number, one in enumerate(conditions)}
    row = Customer.objects.filter(pk=customer.pk).annotate(**marks).values(*marks).get() if marks else {}
    holds = {id(one): row[f"part_{number}"] for number, one in enumerate(conditions)}

    def reason(node: Group | Condition) -> Reason:
        if isinstance(node, Condition):
            if node.problem:
                return Reason(node, False, "")
            return Reason(node, holds[id(node)], node.field.own(customer, node.values, view))
        inner = tuple(reason(one) for one in node.of)
        found = (any if node.join == ANY else all)(one.holds for one in inner)
        return Reason(node, found != node.negated, "", inner)

    return reason(root)
