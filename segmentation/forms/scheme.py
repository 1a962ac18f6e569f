"""What an owner chooses about scoring. Each form reads the rules being tried and gives back other ones."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from loyalty.ui import money, presentation
from loyalty.ui.fields import AmountField, NumberField
from loyalty.ui.templatetags.ui import num
from loyalty.ui.text import clean_name

from .. import cutting, presets, rfm, value_volume
from ..models import Segment
from ..rules import Rules

WINDOWS = (
    ("all", _("All orders so far")),
    ("90", _("The last 90 days")),
    ("180", _("The last 180 days")),
    ("365", _("The last 12 months")),
    ("730", _("The last 24 months")),
)
REFRESHES = (
    (cutting.NIGHTLY, _("Every night")),
    (cutting.WEEKLY, _("Every week")),
    (cutting.MONTHLY, _("With every new month")),
    (cutting.QUARTERLY, _("With every new quarter")),
    (cutting.BY_HAND, _("Only by hand")),
)
AUTO = "auto"
WAYS = (
    (AUTO, _("As it suits the shop")),
    (cutting.FIFTHS, _("By fifths of the customers")),
    (cutting.FIXED, _("By these numbers")),
)
STEPS = range(1, len(rfm.SHARES) + 1)
LONGEST_NAME = 30


class RulesForm(forms.Form):
    """A form over some of the rules; `rules()` are those being tried with what was typed here."""

    def __init__(self, data=None, *, tried: Rules, **options):
        self.tried = tried
        super().__init__(data, initial=self.read(tried), **options)

    def read(self, tried: Rules) -> dict:
        raise NotImplementedError

    def rules(self) -> Rules:
        raise NotImplementedError


def _must_be_whole(weights: dict[str, int | None]) -> None:
    if None not in weights.values() and sum(weights.values()) != 100:
        sentence = _("The weights add up to %(sum)s; together they must be 100.")
        raise ValidationError(sentence, params={"sum": num(sum(weights.values()))})


class BoundariesForm(RulesForm):
    """The window, the cuts of the three scores, their weights, and when kept cuts are taken anew."""

    window_days = forms.ChoiceField(
        label=_("Count orders and money over"),
        choices=WINDOWS,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )
    refresh = forms.ChoiceField(
        label=_("Refresh the boundaries"),
        choices=REFRESHES,
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def __init__(self, data=None, *, tried: Rules, cuts: dict | None = None, **options):
        # What stands beside "by these numbers" before any were typed: the boundaries as they are.
        self.cuts = cuts or {}
        super().__init__(data, tried=tried, **options)
        for measure in cutting.MEASURES:
            self.fields[f"{measure}_way"] = forms.ChoiceField(
                choices=WAYS, widget=forms.Select(attrs={"class": "form-select"})
            )
            for step in STEPS:
                self.fields[f"{measure}_{step}"] = self._number(measure)
        for measure in "rfm":
            self.fields[f"weight_{measure}"] = NumberField(min_value=0, max_value=100)

    @staticmethod
    def _number(measure: str) -> forms.Field:
        if measure == cutting.MONETARY:
            return AmountField(required=False, signed=True)
        return NumberField(required=False, min_value=0, max_value=36_500)

    def read(self, tried: Rules) -> dict:
        found: dict = {"window_days": str(tried.window_days or "all"), "refresh": tried.refresh}
        for measure in cutting.MEASURES:
            choice = tried.cuts.get(measure)
            is_fixed = isinstance(choice, list | tuple)
            found[f"{measure}_way"] = cutting.FIXED if is_fixed else choice or AUTO
            shown = choice if is_fixed else self.cuts.get(measure) or ()
            least = money.unit_of(presentation.current()).factor if measure == cutting.MONETARY else 1
            shown = cutting.apart(shown, least)
            found |= {f"{measure}_{step}": number for step, number in enumerate(shown, 1)}
        return found | {f"weight_{name}": weight for name, weight in tried.rfm_weights.items()}

    def clean(self) -> dict:
        found = super().clean()
        for measure in cutting.MEASURES:
            if found.get(f"{measure}_way") != cutting.FIXED:
                continue
            typed = [found.get(f"{measure}_{step}") for step in STEPS]
            if None in typed or any(below >= above for below, above in pairwise(typed)):
                sentence = _("Type four numbers, each larger than the one before.")
                # A number that could not be read has its own sentence.
                if not any(f"{measure}_{step}" in self.errors for step in STEPS):
                    self.add_error(f"{measure}_way", sentence)
        _must_be_whole({name: found.get(f"weight_{name}") for name in "rfm"})
        return found

    def rules(self) -> Rules:
        typed = self.cleaned_data
        cuts: dict = {}
        for measure in cutting.MEASURES:
            way = typed[f"{measure}_way"]
            if way == cutting.FIXED:
                cuts[measure] = [float(typed[f"{measure}_{step}"]) for step in STEPS]
            elif way != AUTO:
                cuts[measure] = way
        window = typed["window_days"]
        return replace(
            self.tried,
            window_days=None if window == "all" else int(window),
            refresh=typed["refresh"],
            cuts=cuts,
            rfm_weights={name: int(typed[f"weight_{name}"]) for name in "rfm"},
        )

    def scales(self) -> list[dict]:
        """Return the three measures for the template: the way, and the boxes of the numbers."""
        return [
            {
                "measure": measure,
                "way": self[f"{measure}_way"],
                "steps": [self[f"{measure}_{step}"] for step in STEPS],
                "weight": self[f"weight_{letter}"],
            }
            for measure, letter in zip(cutting.MEASURES, "rfm", strict=True)
        ]


class NamesForm(RulesForm):
    """What the segments are called; an empty box leaves the published name."""

    def __init__(self, data=None, *, tried: Rules, **options):
        super().__init__(data, tried=tried, **options)
        for segment in Segment:
            self.fields[segment.value] = forms.CharField(
                label=segment.label,
                required=False,
                max_length=LONGEST_NAME,
                widget=forms.TextInput(attrs={"class": "form-control", "placeholder": segment.label}),
            )

    def read(self, tried: Rules) -> dict:
        return dict(tried.names)

    def clean(self) -> dict:
        found = {name: clean_name(text or "") for name, text in super().clean().items()}
        shown = [found.get(segment.value) or str(segment.label) for segment in Segment]
        for segment, label in zip(Segment, shown, strict=True):
            if found.get(segment.value) and shown.count(label) > 1:
                self.add_error(segment.value, _("Another segment has this name already."))
        return found

    def rules(self) -> Rules:
        return replace(self.tried, names={name: text for name, text in self.cleaned_data.items() if text})


class MapForm(RulesForm):
    """One stroke of the brush: cells (digits, or * for all) that get a segment; or the published map back."""

    CELLS = re.compile(r"[1-5*]{3}")

    segment = forms.ChoiceField(choices=Segment.choices, required=False)
    cells = forms.RegexField(CELLS, required=False)
    published = forms.BooleanField(required=False)

    def read(self, tried: Rules) -> dict:
        return {"segment": rfm.SEGMENTS[0]}

    def clean(self) -> dict:
        found = super().clean()
        if not found.get("published") and not (found.get("segment") and found.get("cells")):
            raise ValidationError(_("Choose a segment and then the cells it should have."))
        return found

    def rules(self) -> Rules:
        typed = self.cleaned_data
        if typed["published"]:
            return replace(self.tried, cell_map=rfm.CELL_MAP)
        return replace(
            self.tried, cell_map=rfm.painted(self.tried.cell_map, typed["cells"], typed["segment"])
        )


class ValueForm(RulesForm):
    """How much each part of a customer's value counts; a preset takes the place of what was typed."""

    preset = forms.ChoiceField(choices=[(name, name) for name in presets.PRESETS], required=False)
    units_weight = NumberField(min_value=0, max_value=100, required=False)

    def __init__(self, data=None, *, tried: Rules, **options):
        super().__init__(data, tried=tried, **options)
        for part in value_volume.PARTS:
            self.fields[part] = NumberField(
                min_value=0, max_value=100, required=not (data or {}).get("preset")
            )

    def read(self, tried: Rules) -> dict:
        return {**tried.value_weights, "units_weight": tried.units_weight}

    def clean(self) -> dict:
        found = super().clean()
        if not found.get("preset"):
            _must_be_whole({part: found.get(part) for part in value_volume.PARTS})
        return found

    def rules(self) -> Rules:
        preset = self.cleaned_data["preset"]
        typed = {part: self.cleaned_data[part] for part in value_volume.PARTS}
        if preset:
            return replace(self.tried, value_weights=dict(presets.WEIGHTS[preset]))
        weights, units = {part: int(typed[part]) for part in typed}, self.cleaned_data["units_weight"]
        units = self.tried.units_weight if units is None else int(units)
        return replace(self.tried, value_weights=weights, units_weight=units)

    def parts(self) -> list:
        return [self[part] for part in value_volume.PARTS]
