"""What an address or a form says, before it is read."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import QueryDict


def is_empty(value: object) -> bool:
    """Whether nothing was asked for; 0 is a number like any other, though Python takes it for False."""
    return value is False or value in (None, "", [])


def as_query(data: QueryDict | Mapping | str) -> QueryDict:
    """Return `data` as a QueryDict without empty values, which a form sends for every box left alone.

    A value of a mapping may be a list.
    """
    if isinstance(data, str):
        data = QueryDict(data.removeprefix("?"))
    given = data.lists() if isinstance(data, QueryDict) else data.items()
    query = QueryDict(mutable=True)
    for name, value in given:
        values = [str(one).strip() for one in (value if isinstance(value, list | tuple) else [value])]
        if any(values):
            query.setlist(name, [one for one in values if one])
    return query
