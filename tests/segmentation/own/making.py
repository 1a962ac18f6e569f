"""Own segments for the tests: conditions as they are stored, segments of them, and what a browser sends."""

from __future__ import annotations

from django.http import QueryDict
from django.urls import reverse

from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import Customer
from segmentation import own
from segmentation.models import OwnSegment
from tests.conftest import TODAY

IN_TEHRAN = {"field": "city", "op": "any", "not": False, "values": {"values": ["تهران"]}}
TAGGED = {"field": "tag", "op": "any", "not": False, "values": {"values": ["vip"]}}


def definition(*nodes: dict, join: str = "all") -> dict:
    return {"version": 1, "root": {"join": join, "not": False, "of": list(nodes)}}


def make(*nodes: dict, name: str = "تهرانی‌ها", people=None, **fields) -> OwnSegment:
    segment = OwnSegment(name=name, definition=definition(*nodes), **fields)
    return own.save(segment, lambda: Customer.objects.none() if people is None else people, None)


def address(route: str, *args) -> str:
    return reverse(f"segmentation:own_segment_{route}", args=args)


def query(sent: dict) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in sent.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def typed(*conditions: dict, join: str = "all", **more) -> dict:
    """Return what a browser sends for conditions that stand in one group."""
    sent = {"node": ["0"], "n0-join": join, "name": "گروه من", "kind": "dynamic", **more}
    for number, values in enumerate(conditions):
        place = f"0_{number}"
        sent["node"] = [*sent["node"], place]
        sent[f"n{place}-was"] = values["field"]
        sent |= {f"n{place}-{name}": value for name, value in values.items()}
    return sent


def names_in(segment: OwnSegment) -> set[str]:
    return {one.name for one in CustomerFilter(f"own={segment.pk}", today=TODAY).qs}
