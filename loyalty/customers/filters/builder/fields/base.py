"""What a question about a person is made of, and the kinds that most are: a number, a day, some words."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy, pgettext_lazy

from loyalty.ui import dates, money
from loyalty.ui.presentation import current
from loyalty.ui.templatetags.ui import decimal, num

from ....models import Customer
from ..frames import Frame
from ..params import Amount, Choice, Day, Number, Param

MOST_DAYS = 3_650
Values = Mapping[str, Any]
Where = Callable[[Values, Frame], Q]
Own = Callable[[Customer, Values, Frame], str]


@dataclass(frozen=True)
class Op:
    """One way to compare. `phrase` says the values ("at least %(min)s"), `same` a range of one value; `where` is
    true or unknown, not false, for whom it does not fit: whoever negates asks `frames.is_not`."""

    key: str
    label: Any
    where: Where
    params: tuple[Param, ...] = ()
    phrase: Any = ""
    same: Any = ""


@dataclass(frozen=True)
class Field:
    """One question. `said` and `denied` are what stands behind “customers” in a sentence, with %(value)s where
    the values go; `own` says what is true of one person, in words."""

    key: str
    group: str
    label: Any
    said: Any
    denied: Any
    ops: tuple[Op, ...]
    own: Own

    def op(self, key: str) -> Op | None:
        return next((op for op in self.ops if op.key == key), None)


@dataclass(frozen=True)
class Within(Number):
    """The days that count, today being the last of them; without it all time counts."""

    name: str = "within"
    label: Any = gettext_lazy("in the last")
    unit: Any = gettext_lazy("days")
    required: bool = False
    least: int = 1
    most: int = MOST_DAYS

    def say(self, value: int | None) -> str:
        if value is None:
            return ""
        return ngettext("in the last day", "in the last %(days)s days", value) % {"days": num(value)}


WITHIN = Within()
DAYS = ngettext_lazy("%(number)s day", "%(number)s days", "n")
TIMES = Number(
    "times",
    gettext_lazy("at least"),
    gettext_lazy("times"),
    least=1,
    most=1000,
    counted=ngettext_lazy("%(number)s time", "%(number)s times", "n"),
)
NOT_KNOWN = gettext_lazy("not known")


def first_day(values: Values, frame: Frame) -> datetime.date | None:
    """Return the first day that counts for `WITHIN`; None where all time counts."""
    days = values.get("within")
    return None if days is None else frame.ago(days - 1)


# ---------- Numbers ----------


def bounds(kind: Callable[..., Param], **limits: Any) -> Callable[[Callable[..., Q]], tuple[Op, ...]]:
    """Return a maker of the three comparisons of a number; it is given `between(frame, values, least, most)`,
    where a bound is None where there is none. Further parameters go with every comparison."""
    more = limits.pop("more", ())
    least, most = kind("min", "", **limits), kind("max", "", **limits)
    upto = kind("max", pgettext_lazy("between … and …", "and"), **limits)
    # “Between 1 and 3 purchases”: what is counted is named once.
    first = kind("min", "", **{name: value for name, value in limits.items() if name != "counted"})

    def made(between: Callable[..., Q]) -> tuple[Op, ...]:
        return (
            Op(
                "at_least",
                gettext_lazy("at least"),
                lambda values, frame: between(frame, values, values["min"], None),
                (least, *more),
                gettext_lazy("at least %(min)s"),
            ),
            Op(
                "at_most",
                gettext_lazy("at most"),
                lambda values, frame: between(frame, values, None, values["max"]),
                (most, *more),
                gettext_lazy("at most %(max)s"),
            ),
            Op(
                "between",
                pgettext_lazy("between … and …", "between"),
                lambda values, frame: between(frame, values, values["min"], values["max"]),
                (first, upto, *more),
                gettext_lazy("between %(min)s and %(max)s"),
                gettext_lazy("exactly %(max)s"),
            ),
        )

    return made


def column_between(column: str, is_score: bool) -> Callable[..., Q]:
    def between(frame: Frame, values: Values, least: int | None, most: int | None) -> Q:
        limits = {f"{column}__gte": least, f"{column}__lte": most}
        given = {lookup: value for lookup, value in limits.items() if value is not None}
        return frame.of_score(**given) if is_score else frame.of_person(**given)

    return between


def value_of(customer: Customer, column: str, is_score: bool) -> Any:
    """Return what stands in a column of the person or of their score; None where there is no score yet."""
    return getattr(getattr(customer, "score", None) if is_score else customer, column, None)


def number(key: str, group: str, label: Any, said: Any, denied: Any, column: str, **limits: Any) -> Field:
    """A whole number in a column of the score."""
    return Field(
        key,
        group,
        label,
        said,
        denied,
        bounds(Number, **limits)(column_between(column, True)),
        lambda customer, values, frame: in_number(value_of(customer, column, True)),
    )


def amount(key: str, group: str, label: Any, said: Any, denied: Any, column: str) -> Field:
    """Money in a column of the score."""
    return Field(
        key,
        group,
        label,
        said,
        denied,
        bounds(Amount)(column_between(column, True)),
        lambda customer, values, frame: in_money(value_of(customer, column, True)),
    )


def percent(
    key: str, group: str, label: Any, said: Any, denied: Any, between: Callable[..., Q], own: Own, more=()
) -> Field:
    """A share, asked in whole percents."""
    return Field(
        key,
        group,
        label,
        said,
        denied,
        bounds(Number, most=100, unit="%", more=more)(between),
        own,
    )


def in_number(value: int | None) -> str:
    return str(NOT_KNOWN) if value is None else num(value)


def in_money(value: int | None) -> str:
    return str(NOT_KNOWN) if value is None else money.format_amount(value, current())


def in_percent(value: float | None) -> str:
    return str(NOT_KNOWN) if value is None else _("%(number)s percent") % {"number": decimal(value * 100, 0)}


def in_day(value: datetime.date | None) -> str:
    return str(NOT_KNOWN) if value is None else dates.format_day(value, current())


# ---------- Days ----------


def day(
    key: str,
    group: str,
    label: Any,
    said: Any,
    denied: Any,
    column: str,
    *,
    is_score: bool,
    ahead: bool = False,
) -> Field:
    """A day in a column: some time ago, or (`ahead`) soon, or between two days of the calendar."""

    def of(frame: Frame, **limits: datetime.date) -> Q:
        lookups = {f"{column}__{name}": value for name, value in limits.items()}
        return frame.of_score(**lookups) if is_score else frame.of_person(**lookups)

    ops = (*day_ops(of), soon(of)) if ahead else day_ops(of)
    return Field(
        key,
        group,
        label,
        said,
        denied,
        ops,
        lambda customer, values, frame: in_day(value_of(customer, column, is_score)),
    )


def soon(of: Callable[..., Q]) -> Op:
    return Op(
        "in_next",
        gettext_lazy("in the next"),
        lambda values, frame: of(
            frame, gte=frame.today, lt=frame.today + datetime.timedelta(days=values["days"])
        ),
        (Number("days", unit=gettext_lazy("days"), least=1, most=366, counted=DAYS),),
        gettext_lazy("in the next %(days)s"),
    )


def day_ops(of: Callable[..., Q]) -> tuple[Op, ...]:
    """Return the ways to ask for a day; `of(frame, gt=…, gte=…, lte=…)` compares the column."""
    days = Number("days", unit=gettext_lazy("days"), least=1, most=MOST_DAYS, counted=DAYS)
    since, until = Day("since"), Day("until")
    upto = Day("until", pgettext_lazy("between … and …", "and"))
    return (
        # The last N days are today and the N − 1 before it, so that the two first ways split everybody known.
        Op(
            "in_last",
            gettext_lazy("in the last"),
            lambda values, frame: of(frame, gt=frame.ago(values["days"]), lte=frame.today),
            (days,),
            gettext_lazy("in the last %(days)s"),
        ),
        Op(
            "before_last",
            gettext_lazy("not in the last"),
            lambda values, frame: of(frame, lte=frame.ago(values["days"])),
            (days,),
            gettext_lazy("%(days)s ago or earlier"),
        ),
        Op(
            "between",
            pgettext_lazy("between … and …", "between"),
            lambda values, frame: of(frame, gte=values["since"], lte=values["until"]),
            (since, upto),
            gettext_lazy("from %(since)s to %(until)s"),
            gettext_lazy("on %(until)s"),
        ),
        Op(
            "since",
            gettext_lazy("on or after"),
            lambda values, frame: of(frame, gte=values["since"]),
            (since,),
            gettext_lazy("on %(since)s or later"),
        ),
        Op(
            "until",
            gettext_lazy("on or before"),
            lambda values, frame: of(frame, lte=values["until"]),
            (until,),
            gettext_lazy("on %(until)s or earlier"),
        ),
    )


# ---------- Words ----------


def any_of(where: Where, param: Param, phrase: Any = "") -> tuple[Op, ...]:
    """The one way to ask for some of several words."""
    return (Op("any", gettext_lazy("any of"), where, (param,), phrase or f"%({param.name})s"),)


def words(
    key: str,
    group: str,
    label: Any,
    said: Any,
    denied: Any,
    column: str,
    param: Param,
    *,
    is_score: bool = False,
) -> Field:
    """Some words in a column."""

    def where(values: Values, frame: Frame) -> Q:
        lookup = {f"{column}__in": values[param.name]}
        return frame.of_score(**lookup) if is_score else frame.of_person(**lookup)

    def own(customer: Customer, values: Values, frame: Frame) -> str:
        found = value_of(customer, column, is_score)
        if found in ("", None):
            return str(NOT_KNOWN)
        return str(dict(param.options()).get(found, found)) if isinstance(param, Choice) else str(found)

    return Field(key, group, label, said, denied, any_of(where, param), own)


def flag(key: str, group: str, label: Any, said: Any, denied: Any, where: Where, own: Own) -> Field:
    """A question without values."""
    return Field(key, group, label, said, denied, (Op("yes", gettext_lazy("yes"), where),), own)
