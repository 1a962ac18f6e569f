"""Positional parameters of an SQL statement that is put together from parts."""

from __future__ import annotations

from collections.abc import Sequence


class Parameters(list):
    """Collects parameters in the order in which an f-string meets them.

    Calling it with a value leaves a placeholder; `embed` puts in a statement that has parameters of its own.
    """

    def __call__(self, value: object) -> str:
        self.append(value)
        return "%s"

    def embed(self, sql: str, params: Sequence[object]) -> str:
        self.extend(params)
        return sql
