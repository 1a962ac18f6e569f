"""The list of imports."""

from __future__ import annotations

import django_tables2
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from loyalty.ui.tables import BaseTable

from .models import ImportRun

NUMBER = {"th": {"class": "ba-num"}, "td": {"class": "ba-num"}}


class ImportTable(BaseTable):
    """Every import of the shop, newest first."""

    caption = _("Imports")
    name = django_tables2.Column(linkify=lambda record: reverse("ingest:import_detail", args=[record.pk]))
    created_at = django_tables2.TemplateColumn(
        "{% load ui %}{{ record.created_at|moment }}", verbose_name=_("When")
    )
    started_by = django_tables2.Column(verbose_name=_("By"), default="–", order_by="started_by__name")
    state = django_tables2.TemplateColumn(
        template_name="ingest/cells/_state.html", verbose_name=_("State"), orderable=False
    )
    added = django_tables2.TemplateColumn(
        "{% load ui %}{{ value|num }}", verbose_name=_("Added"), attrs=NUMBER
    )
    updated = django_tables2.TemplateColumn(
        "{% load ui %}{{ value|num }}", verbose_name=_("Updated"), attrs=NUMBER
    )
    unchanged = django_tables2.TemplateColumn(
        "{% load ui %}{{ value|num }}", verbose_name=_("Unchanged"), attrs=NUMBER
    )
    rejected = django_tables2.TemplateColumn(
        "{% load ui %}{{ value|num }}", verbose_name=pgettext_lazy("rows", "Refused"), attrs=NUMBER
    )

    class Meta(BaseTable.Meta):
        model = ImportRun
        fields = ("name", "created_at", "started_by", "state", "added", "updated", "unchanged", "rejected")
        order_by = "-created_at"
        per_page = 25
