"""The geometry of a flow chart: two columns of groups, and ribbons as thick as the people who went between.

Numbers in, SVG paths out; drawn by `segmentation/_flow.html`. In a script from right to left time runs from
right to left, so the picture is mirrored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, PEOPLE_HEIGHT, NODE_WIDTH = 720, 300, 10
# Between the names of two groups, so that they can be read one under the other.
SLOT, GAP, LEAST = 30, 6, 1.0


@dataclass(frozen=True)
class Node:
    """One group on one of the days; `label_x` is where its name begins or ends."""

    key: str
    side: str
    customers: int
    x: float
    y: float
    height: float
    label_x: float
    label_y: float
    anchor: str


@dataclass(frozen=True)
class Ribbon:
    before: str
    after: str
    customers: int
    path: str


@dataclass(frozen=True)
class Drawing:
    nodes: tuple[Node, ...]
    ribbons: tuple[Ribbon, ...]
    height: float
    width: int = WIDTH


def draw(flows: Mapping[tuple[str, str], int], order: Sequence[str], *, mirrored: bool = False) -> Drawing:
    """Return the picture of `flows` ({(before, after): people}), groups in `order` from the top."""
    total = sum(flows.values())
    scale = PEOPLE_HEIGHT / total if total else 0
    nodes, starts = [], {}
    for side in ("before", "after"):
        place = 0 if side == "before" else 1
        y = 0.0
        for key in order:
            customers = sum(people for pair, people in flows.items() if pair[place] == key)
            if not customers:
                continue
            height = max(LEAST, customers * scale)
            slot = max(height, SLOT - GAP)
            starts[side, key] = top = y + (slot - height) / 2
            nodes.append(_node(key, side, customers, top, height, mirrored))
            y += slot + GAP
    height = max((node.label_y + SLOT / 2 for node in nodes), default=0)
    height = max([height, *(node.y + node.height for node in nodes)], default=0)
    return Drawing(tuple(nodes), tuple(_ribbons(flows, order, starts, scale, mirrored)), round(height, 1))


def _node(key: str, side: str, customers: int, y: float, height: float, mirrored: bool) -> Node:
    at_start = (side == "before") is not mirrored
    x = 0 if at_start else WIDTH - NODE_WIDTH
    label_x = NODE_WIDTH + 6 if at_start else WIDTH - NODE_WIDTH - 6
    middle = round(y + height / 2, 1)
    return Node(
        key,
        side,
        customers,
        x,
        round(y, 1),
        round(height, 1),
        label_x,
        middle,
        "start" if at_start else "end",
    )


def _ribbons(flows, order, starts, scale, mirrored):
    begin, end = NODE_WIDTH, WIDTH - NODE_WIDTH
    if mirrored:
        begin, end = end, begin
    middle = (begin + end) / 2
    used = dict(starts)
    for before in order:
        for after in order:
            customers = flows.get((before, after), 0)
            if not customers:
                continue
            thick = max(LEAST, customers * scale)
            left, right = used["before", before], used["after", after]
            used["before", before], used["after", after] = left + customers * scale, right + customers * scale
            a, b, c, d = (f"{value:.1f}" for value in (left, right, right + thick, left + thick))
            path = (
                f"M{begin},{a}C{middle:g},{a} {middle:g},{b} {end},{b}"
                f"V{c}C{middle:g},{c} {middle:g},{d} {begin},{d}Z"
            )
            yield Ribbon(before, after, customers, path)
