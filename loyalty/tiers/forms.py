"""What the owner types into the editor of tiers: numbers in any digits, large sums in millions."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from loyalty.ui import fields, money, presentation

from . import editing, preset, rules
from .draft import Draft, Level, Perk
from .models import Benefit, Programme

MILLION = 1_000_000
WINDOWS = (90, 180, 365, 730)
LONGEST_WINDOW, LONGEST_GRACE = 3_650, 365


class ThresholdField(fields.AmountField):
    """An amount of money, typed in millions of the shop's unit where the programme's thresholds are that
    large.
    """

    def __init__(self, *, in_millions: bool, **options: Any) -> None:
        self.in_millions = in_millions
        super().__init__(**options)
        self.widget.attrs["inputmode"] = "decimal"

    @property
    def unit(self) -> str:
        label = money.unit_label(presentation.current())
        return _("M %(unit)s") % {"unit": label} if self.in_millions else label

    def read(self, value: Any) -> int:
        minor = super().read(value)
        says_its_unit = any(char.isalpha() for char in str(value))
        if isinstance(value, int) or not self.in_millions or says_its_unit:
            return minor
        # "4.5" is four and a half million; who writes all the zeros is believed, too.
        is_whole = minor >= MILLION * money.unit_of(presentation.current()).factor
        return minor if is_whole else super().read(f"{value} million")

    def prepare_value(self, value: Any) -> Any:
        if not (isinstance(value, int) and self.in_millions):
            return super().prepare_value(value)
        return money.format_number(self.scaled(value), presentation.current())

    def scaled(self, minor: int) -> Decimal:
        """Return the number a person types for `minor`."""
        unit = money.unit_of(presentation.current())
        value = Decimal(minor) / unit.factor / (MILLION if self.in_millions else 1)
        return value.normalize() if value != value.to_integral_value() else value.quantize(Decimal(1))


class PercentField(fields.NumberField):
    """A discount typed as a percentage; the value is a share (0–1), 0 where empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=90, decimals=1, unit="%", required=False, **options)

    def to_python(self, value: Any) -> Decimal:
        return Decimal(super().to_python(value) or 0) / 100

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Decimal):
            percent = (value * 100).normalize()
            return money.format_number(Decimal(f"{percent:f}"), presentation.current()) if value else ""
        return value


@dataclass(frozen=True)
class Row:
    """One tier of the editor: the level in force, its fields, and the ends of its slider (None for the
    way in).
    """

    level: Level
    threshold: forms.BoundField | None
    min_orders: forms.BoundField | None
    discount: forms.BoundField
    name: forms.BoundField
    slider: dict[str, str] | None
    perks: tuple[Perk, ...]

    @property
    def discount_was(self) -> str:
        return f"{self.level.discount * 100:f}"


class DraftForm(forms.Form):
    """The whole programme as one form, on top of the rules in force; what is not sent stays as it is."""

    metric = forms.ChoiceField(label=_("Measured by"), choices=Programme.Metric)
    window_days = fields.NumberField(label=_("Days counted"), min_value=1, max_value=LONGEST_WINDOW)
    grace_days = fields.NumberField(label=_("Days of grace"), min_value=1, max_value=LONGEST_GRACE)
    # Which metric the thresholds were typed for: after a change of metric they mean nothing.
    typed_for = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any, base: Draft, as_of: datetime.date):
        self.base, said = base, data or {}
        metric = said.get("metric", base.metric)
        start = replace(base, metric=metric if metric in rules.METRICS else base.metric)
        typed_for, _colon, scale = said.get("typed_for", "").partition(":")
        keeps_numbers = typed_for in ("", start.metric) and "propose" not in said
        if start.metric != base.metric or not keeps_numbers:
            start = _with_thresholds(start, preset.proposed_thresholds(as_of, start.metric))
        self.start = start
        self.in_millions = scale == "m" if keeps_numbers and scale else _is_in_millions(start)
        super().__init__(None, initial=self._initial())
        self._add_levels()
        if data:
            skipped = () if keeps_numbers else ("threshold", "typed_for")
            self.data, self.is_bound = self._filled(said, skipped), True

    def _initial(self) -> dict[str, Any]:
        start = self.start
        initial: dict[str, Any] = {
            "metric": start.metric,
            "window_days": start.window_days,
            "grace_days": start.grace_days,
            "typed_for": f"{start.metric}:{'m' if self.in_millions else '1'}",
        }
        for level in start.levels:
            initial |= {
                f"name{level.rank}": level.name,
                f"threshold{level.rank}": level.threshold,
                f"orders{level.rank}": level.min_orders,
                f"discount{level.rank}": level.discount,
            }
        return initial

    def _add_levels(self) -> None:
        for level in self.start.levels:
            rank = level.rank
            self.fields[f"name{rank}"] = forms.CharField(label=_("Name"), max_length=40)
            self.fields[f"discount{rank}"] = PercentField(label=_("Discount"))
            if rank == self.start.levels[0].rank:
                continue
            if self.start.counts_money:
                self.fields[f"threshold{rank}"] = ThresholdField(in_millions=self.in_millions)
            else:
                words = _("orders") if self.start.metric == "orders" else _("days")
                self.fields[f"threshold{rank}"] = fields.NumberField(min_value=1, unit=words)
            self.fields[f"orders{rank}"] = fields.NumberField(
                label=_("and at least"), min_value=0, max_value=9_999, required=False, unit=_("orders")
            )

    def _filled(self, said: Any, skipped: tuple[str, ...]) -> dict[str, Any]:
        """Return what was sent, with the values in force for what was not; `skipped` begin the names to
        leave.
        """
        shown = {name: self[name].value() for name in self.fields}
        sent = {name: said[name] for name in self.fields if name in said and not name.startswith(skipped)}
        return shown | sent

    @property
    def rows(self) -> Iterator[Row]:
        for level in self.base.levels:
            rank, is_way_in = level.rank, level is self.base.levels[0]
            yield Row(
                level,
                None if is_way_in else self[f"threshold{rank}"],
                None if is_way_in else self[f"orders{rank}"],
                self[f"discount{rank}"],
                self[f"name{rank}"],
                None if is_way_in else self._slider(rank),
                tuple(perk for perk in level.perks if perk.kind != Benefit.Kind.DISCOUNT),
            )

    def _slider(self, rank: int) -> dict[str, str]:
        """Return the ends and the step of a tier's slider, in the numbers a person types."""
        field, threshold = self.fields[f"threshold{rank}"], self.start.level(rank).threshold
        most, step = rules.next_nice(threshold * 2), rules.round_step(threshold // 20)
        number = field.scaled if isinstance(field, ThresholdField) else Decimal
        return {
            "min": f"{number(step):f}",
            "max": f"{number(most):f}",
            "step": f"{number(step):f}",
            "value": f"{number(threshold):f}",
            "was": f"{number(self.base.level(rank).threshold):f}",
        }

    def clean(self) -> dict[str, Any]:
        if not self.errors:
            try:
                editing.check(self.draft())
            except ValidationError as refused:
                for error in refused.error_list:
                    self.add_error(f"threshold{error.params['rank']}", error)
        return self.cleaned_data

    def draft(self) -> Draft:
        """Return the rules as typed."""
        said = self.cleaned_data
        levels = []
        for level in self.base.levels:
            rank = level.rank
            changed = replace(level, name=said[f"name{rank}"])
            if f"threshold{rank}" in said:
                minimum = said[f"orders{rank}"] or 0
                changed = replace(changed, threshold=said[f"threshold{rank}"], min_orders=minimum)
            levels.append(changed.with_discount(said[f"discount{rank}"]))
        return replace(
            self.base,
            metric=said["metric"],
            window_days=said["window_days"],
            grace_days=said["grace_days"],
            levels=tuple(levels),
        )

    def as_query(self) -> dict[str, str]:
        """Return what was typed, for the address and for the form that applies it."""
        return {name: self[name].value() for name in self.fields}


def _is_in_millions(draft: Draft) -> bool:
    unit = money.unit_of(presentation.current())
    return draft.counts_money and max(level.threshold for level in draft.levels) >= MILLION * unit.factor


def _with_thresholds(base: Draft, thresholds: list[int]) -> Draft:
    levels = tuple(
        replace(level, threshold=threshold) for level, threshold in zip(base.levels, thresholds, strict=True)
    )
    return replace(base, levels=levels)


class BenefitForm(forms.Form):
    """A benefit that is not the discount, which has its own field in the editor."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=[choice for choice in Benefit.Kind.choices if choice[0] != "discount"]
    )
    text = forms.CharField(
        label=_("What it is"), max_length=120, help_text=_("As the clerk says it, such as “One free cup”.")
    )
    period = forms.ChoiceField(label=_("How often"), choices=Benefit.Period)
    cost_amount = fields.AmountField(label=_("What it costs you each time"), required=False)

    def __init__(self, data: Any = None, perk: Perk | None = None):
        self.perk = perk or Perk(Benefit.Kind.GIFT, period=Benefit.Period.MONTHLY)
        names = ("kind", "text", "period", "cost_amount")
        super().__init__(data, initial={name: getattr(self.perk, name) for name in names})
        for name in ("kind", "period"):
            self.fields[name].widget.attrs["class"] = "form-select"
        self.fields["text"].widget.attrs["class"] = "form-control"

    def value(self) -> Perk:
        return replace(self.perk, **self.cleaned_data)
