"""The language: conditions in groups of AND and OR, each of which may be turned into its opposite.

Stored as JSON:

    {"version": 1, "root": {"join": "all" | "any", "not": false, "of": [node, …]}}
    node = a group like root, or {"field": key, "op": key, "not": false, "values": {…}}

Reading never raises: what does not resolve (an unknown field, a product that was deleted) becomes a problem of
its condition, said in a sentence; such a tree matches nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as made
from typing import Any

from django.utils.translation import gettext as _

from loyalty.ui.templatetags.ui import num

from .fields import FIELDS, Field, Op
from .params import Gone, Unreadable

VERSION = 1
# Bounds on what a person can survey and the database must work through.
MOST_DEPTH = 3
MOST_IN_GROUP = 10
MOST_CONDITIONS = 25
ALL, ANY = "all", "any"


@dataclass(frozen=True)
class Condition:
    """One question with its values. `field` is None where nobody has chosen yet or the key is unknown;
    `problem` says why it cannot be asked."""

    field: Field | None = None
    op: Op | None = None
    values: Mapping[str, Any] = made(default_factory=dict)
    negated: bool = False
    problem: str = ""
    # What was stored, kept as it was where it could not be read.
    raw: Any = None

    @property
    def is_group(self) -> bool:
        return False

    def dump(self) -> dict:
        if self.field is None or self.op is None:
            return dict(self.raw or {})
        stored = {
            param.name: param.dump(self.values[param.name])
            for param in self.op.params
            if self.values.get(param.name) not in (None, "", [])
        }
        return {"field": self.field.key, "op": self.op.key, "not": self.negated, "values": stored}


@dataclass(frozen=True)
class Group:
    """Conditions and groups of which all, or any one, must hold."""

    join: str = ALL
    of: tuple[Group | Condition, ...] = ()
    negated: bool = False
    problem: str = ""

    @property
    def is_group(self) -> bool:
        return True

    def dump(self) -> dict:
        return {"join": self.join, "not": self.negated, "of": [node.dump() for node in self.of]}

    def conditions(self) -> Iterator[Condition]:
        for node in self.of:
            if isinstance(node, Group):
                yield from node.conditions()
            else:
                yield node

    @property
    def depth(self) -> int:
        return 1 + max((node.depth for node in self.of if isinstance(node, Group)), default=0)

    def groups(self) -> Iterator[Group]:
        yield self
        for node in self.of:
            if isinstance(node, Group):
                yield from node.groups()

    @property
    def problems(self) -> list[str]:
        """Whole sentences about what keeps this tree from meaning anybody; each once."""
        said = [group.problem for group in self.groups()] + [one.problem for one in self.conditions()]
        said += limits(self)
        if not any(True for _one in self.conditions()):
            said.append(_("There is no condition yet."))
        elif any(not group.of for group in self.groups()):
            said.append(_("There is a group without a condition."))
        return list(dict.fromkeys(sentence for sentence in said if sentence))


def limits(root: Group) -> list[str]:
    """Return what is too much about a tree."""
    said = []
    if root.depth > MOST_DEPTH:
        said.append(_("Groups may stand %(most)s deep in each other.") % {"most": num(MOST_DEPTH)})
    if any(len(group.of) > MOST_IN_GROUP for group in root.groups()):
        said.append(_("A group may hold %(most)s conditions.") % {"most": num(MOST_IN_GROUP)})
    if sum(1 for _one in root.conditions()) > MOST_CONDITIONS:
        said.append(_("A segment may have %(most)s conditions.") % {"most": num(MOST_CONDITIONS)})
    return said


def filled(group: Group) -> Group:
    """Return a tree without what cannot be asked yet: for a look while somebody is still building."""
    inner = [filled(node) if isinstance(node, Group) else node for node in group.of]
    kept = tuple(node for node in inner if (node.of if isinstance(node, Group) else not node.problem))
    return Group(group.join, kept, group.negated, group.problem)


def dump(root: Group) -> dict:
    """Return a tree as it is stored."""
    return {"version": VERSION, "root": root.dump()}


def parse(definition: Any) -> Group:
    """Return the tree of a stored definition; what cannot be read is a problem in it."""
    if not isinstance(definition, dict) or definition.get("version") != VERSION:
        return Group(problem=_("This segment was written by another version of the program."))
    root = definition.get("root")
    if not isinstance(root, dict) or not isinstance(root.get("of"), list):
        return Group(problem=_("What is stored of this segment cannot be read."))
    return _group(root, 1)


def _group(raw: dict, depth: int) -> Group:
    if raw.get("join") not in (ALL, ANY):
        return Group(problem=_("What is stored of this segment cannot be read."))
    if depth > MOST_DEPTH + 1:
        # Deeper is refused by `limits` without being walked.
        return Group(join=raw["join"])
    # One more than allowed is enough to be refused.
    some = raw["of"][: MOST_IN_GROUP + 1]
    return Group(raw["join"], tuple(_node(one, depth) for one in some), raw.get("not") is True)


def _node(raw: Any, depth: int) -> Group | Condition:
    if isinstance(raw, dict) and isinstance(raw.get("of"), list):
        return _group(raw, depth + 1)
    return condition(raw)


def condition(raw: Any) -> Condition:
    """Return the condition of a stored one."""
    if not isinstance(raw, dict) or not isinstance(raw.get("field"), str):
        return Condition(
            problem=_("Choose what a condition is about."), raw=raw if isinstance(raw, dict) else {}
        )
    negated = raw.get("not") is True
    asked = FIELDS.get(raw["field"])
    op = asked.op(str(raw.get("op"))) if asked else None
    if asked is None or op is None:
        said = _("This version of the program does not know the condition “%(name)s”.")
        return Condition(negated=negated, problem=said % {"name": raw["field"][:40]}, raw=raw)
    values, problem = _values(asked, op, raw.get("values"))
    return Condition(asked, op, values, negated, problem, raw)


def _values(asked: Field, op: Op, raw: Any) -> tuple[dict[str, Any], str]:
    values: dict[str, Any] = {}
    stored = raw if isinstance(raw, dict) else {}
    problem = ""
    for param in op.params:
        if param.name not in stored:
            values[param.name] = None
            if param.required:
                problem = problem or _("The condition “%(name)s” is not filled in.") % {"name": asked.label}
            continue
        try:
            values[param.name] = param.load(stored[param.name])
        except Gone as gone:
            said = _("%(what)s that the condition “%(name)s” asks for does not exist any more.")
            problem = problem or capitalised(said % {"what": gone, "name": asked.label})
            values[param.name] = None
        except Unreadable:
            said = _("The value of the condition “%(name)s” cannot be read.")
            problem = problem or said % {"name": asked.label}
            values[param.name] = None
    return values, problem or _crossed(asked, values)


def _crossed(asked: Field, values: Mapping[str, Any]) -> str:
    """Say that a range ends before it begins."""
    for first, last in (("min", "max"), ("since", "until")):
        low, high = values.get(first), values.get(last)
        if low is not None and high is not None and low > high:
            return _("The range of the condition “%(name)s” ends before it begins.") % {"name": asked.label}
    return ""


def capitalised(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
