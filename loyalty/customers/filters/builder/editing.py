"""The builder's form: a tree as boxes to fill in, what a person typed as a tree again, and what buttons do.

Every node of the tree sends its place (`node`); the boxes of a place are named after it. The server draws the
whole tree anew after each change of its shape, so nothing of it lives in the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.http import QueryDict

from .fields import FIELDS
from .params import Choice, Param, Row, Words
from .tree import ALL, ANY, MOST_CONDITIONS, MOST_DEPTH, MOST_IN_GROUP, Condition, Group, condition

ROOT = "0"
# As many places as the limits allow, and some more to be refused by them.
MOST_NODES = 4 * MOST_CONDITIONS
ACTIONS = ("add", "group", "remove", "up", "down")


class Tick(NamedTuple):
    """A choice as a box to tick: what it sends, its name, and whether it is ticked."""

    sent: str
    label: str
    is_on: bool


@dataclass(frozen=True)
class Box:
    """One value of a condition on the screen: what stands in it and what is wrong with it."""

    param: Param
    name: str
    shown: Any
    errors: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"id_{self.name}"

    @property
    def kind(self) -> str:
        """How it is drawn: boxes to tick for few choices, words to add for many."""
        if isinstance(self.param, Choice) and not self.param.are_many:
            return "ticks"
        if isinstance(self.param, Words):
            return "words"
        return self.param.kind

    @property
    def options(self) -> list[Tick]:
        return [
            Tick(self.param.sent(value), label, value in self.shown) for value, label in self.param.options()
        ]

    @property
    def known(self) -> list[str]:
        return self.param.known() if getattr(self.param, "known", None) else []

    @property
    def chosen(self) -> list[Tick]:
        """What was chosen already."""
        if isinstance(self.param, Row):
            names = (self.param.labels or self.param.named)(list(self.shown))
            shown = [one for one in self.shown if one in names]
        else:
            names, shown = dict(self.param.options()), self.shown
        return [Tick(self.param.sent(one), names.get(one, one), True) for one in shown]

    @property
    def unit(self) -> Any:
        return self.param.unit or getattr(self.param.field(), "unit", "")


@dataclass
class Slot:
    """One node on the screen with its place and its boxes, and for a group what is inside."""

    path: str
    node: Group | Condition
    boxes: list[Box] = field(default_factory=list)
    inner: list[Slot] = field(default_factory=list)
    is_first: bool = False
    is_last: bool = False
    is_fresh: bool = False

    @property
    def name(self) -> str:
        return f"n{self.path}"

    @property
    def depth(self) -> int:
        return self.path.count("_") + 1

    @property
    def may_nest(self) -> bool:
        return self.depth < MOST_DEPTH

    @property
    def is_full(self) -> bool:
        return len(self.inner) >= MOST_IN_GROUP

    @property
    def errors(self) -> list[str]:
        return [error for box in self.boxes for error in box.errors]


@dataclass(frozen=True)
class Draft:
    """What stands in the builder: the tree, and its places with what was typed."""

    root: Group
    slot: Slot

    @property
    def has_errors(self) -> bool:
        """Whether something was typed that cannot be read."""
        return any(slot.errors for slot in _all(self.slot))


def _all(slot: Slot):
    yield slot
    for one in slot.inner:
        yield from _all(one)


def draft_of(root: Group, fresh: str = "") -> Draft:
    """Return a stored tree as it is filled in; the cursor goes to the place `fresh`."""
    return Draft(root, _slot(root, ROOT, fresh))


def _slot(node: Group | Condition, path: str, fresh: str, typed: Mapping[str, dict] | None = None) -> Slot:
    slot = Slot(path, node, is_fresh=path == fresh)
    if isinstance(node, Group):
        slot.inner = [_slot(one, f"{path}_{number}", fresh, typed) for number, one in enumerate(node.of)]
        for one in slot.inner[:1]:
            one.is_first = True
        for one in slot.inner[-1:]:
            one.is_last = True
        return slot
    if node.op is not None:
        slot.boxes = [_box(param, path, node, (typed or {}).get(path, {})) for param in node.op.params]
    return slot


def _box(param: Param, path: str, node: Condition, typed: Mapping[str, tuple]) -> Box:
    name = f"n{path}-{param.name}"
    if param.name in typed:
        text, errors = typed[param.name]
        if not isinstance(param, Words):
            return Box(param, name, text, tuple(errors))
        return Box(param, name, node.values.get(param.name) or [], tuple(errors))
    value = node.values.get(param.name)
    return Box(
        param, name, param.show(value) if value is not None else ([] if isinstance(param, Words) else "")
    )


# ---------- Reading ----------


def read(data: QueryDict) -> Draft:
    """Return what a person has filled in; what cannot be read stays in its box with what is wrong."""
    typed: dict[str, dict] = {}
    paths = list(dict.fromkeys(data.getlist("node")))[:MOST_NODES]
    root = _read_group(ROOT, data, paths, typed)
    return Draft(root, _slot(root, ROOT, "", typed))


def _read_group(path: str, data: QueryDict, paths: list[str], typed: dict) -> Group:
    inside = [one for one in paths if one.rpartition("_")[0] == path]
    nodes: list[Group | Condition] = []
    for number, place in enumerate(inside):
        if f"n{place}-join" in data:
            nodes.append(_read_group(place, data, paths, typed))
        else:
            # Boxes are drawn again at the place a node has now.
            nodes.append(_read_condition(place, f"{path}_{number}", data, typed))
    join = ANY if data.get(f"n{path}-join") == ANY else ALL
    return Group(join, tuple(nodes), f"n{path}-not" in data)


def _read_condition(place: str, path: str, data: QueryDict, typed: dict) -> Condition:
    asked = FIELDS.get(data.get(f"n{place}-field", ""))
    if asked is None:
        return condition({})
    op = asked.op(data.get(f"n{place}-op", "")) or asked.ops[0]
    is_same = data.get(f"n{place}-was") == asked.key
    values: dict[str, Any] = {}
    for param in op.params:
        if not is_same:
            continue
        sent = data.getlist(f"n{place}-{param.name}")
        form_field = param.field()
        form_field.required = False
        try:
            value = form_field.clean(sent if isinstance(param, Words) else (sent[0] if sent else ""))
        except ValidationError as error:
            said = error.messages
            if isinstance(param, Words):
                # The words that were right stay; only the last one was typed.
                value = _readable(param, sent)
                typed.setdefault(path, {})[param.name] = ("", said)
            else:
                typed.setdefault(path, {})[param.name] = (sent[0][:100], said)
                continue
        if value not in (None, "", []):
            values[param.name] = param.dump(value)
    negated = f"n{place}-not" in data
    return condition({"field": asked.key, "op": op.key, "not": negated, "values": values})


def _readable(param: Words, sent: list[str]) -> list:
    found = []
    for text in sent:
        try:
            one = param.read(text)
        except ValidationError:
            continue
        if one not in ("", None) and one not in found:
            found.append(one)
    return found


# ---------- Buttons ----------


def after(draft: Draft, action: str) -> Draft:
    """Return the draft after a button was pressed: `add`, `group`, `remove`, `up` or `down`, then a place."""
    verb, _colon, path = action.partition(":")
    steps = path.split("_")[1:]
    if verb not in ACTIONS or not all(step.isascii() and step.isdecimal() for step in steps):
        return draft
    root, fresh = _changed(draft.root, [int(step) for step in steps], verb, path)
    return draft_of(root, fresh)


def _changed(group: Group, steps: list[int], verb: str, path: str) -> tuple[Group, str]:
    nodes = list(group.of)
    if verb in ("add", "group") and not steps:
        made = condition({}) if verb == "add" else Group(ANY, (condition({}),))
        place = f"{path}_{len(nodes)}"
        grown = Group(group.join, (*nodes, made), group.negated)
        return grown, place if verb == "add" else f"{place}_0"
    if not steps or steps[0] >= len(nodes):
        return group, ""
    at = steps[0]
    if len(steps) > 1 or verb in ("add", "group"):
        inner = nodes[at]
        if not isinstance(inner, Group):
            return group, ""
        nodes[at], fresh = _changed(inner, steps[1:], verb, path)
    else:
        nodes, to = _moved(nodes, at, verb)
        fresh = f"{path.rpartition('_')[0]}_{to}"
    return Group(group.join, tuple(nodes), group.negated), fresh


def _moved(nodes: list, at: int, verb: str) -> tuple[list, int]:
    if verb == "remove":
        left = nodes[:at] + nodes[at + 1 :]
        return left, max(0, min(at, len(left) - 1))
    to = max(0, min(len(nodes) - 1, at + (-1 if verb == "up" else 1)))
    nodes[at], nodes[to] = nodes[to], nodes[at]
    return nodes, to
