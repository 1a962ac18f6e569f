"""The list of imports."""

from __future__ import annotations

import django_tables2
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from loyalty.ui.tables import BaseTable

from .models import ImportRun

NUMBER = {"th": {"class": "ba-num"}, "td": {"class": "ba-num"}}


class ImportTable(BaseTable):
    """Every import of the shop, newest first."""

    caption = _("Imports")
    name = django_tables2.Column(linkify=lambda record: reverse("ingest:import_detail", args=[record.pk]))
    created_at = django_tables2.TemplateColumn(
        "{% load ui %}{{ record.created_at|moment }}", verbose_name=_("when")
    )
    started_by = django_tables2.Column(verbose_name=_("by"), default="–", order_by="started_by__name")
    state = django_tables2.TemplateColumn(
        template_name="ingest/cells/_state.html", verbose_name=_("state"), orderable=False
    )
    added = django_tables2.TemplateColumn(
        "{% load ui %}{{ value|num }}", verbose_name=_("added"), attrs=NUMBER
    )
    updated = django_tables2.TemplateColumn(
        "{% load ui %}{{ value|num }}", verbose_name=_("updated"), attrs=NUMBER
    )
    unchanged = django_tables2.TemplateColumn(
        "{% load ui %}{{ value|num }}", verbose_name=_("unchanged"), attrs=NUMBER
    )
    rejected = django_tables2.TemplateColumn(
        "{% load ui %}{{ value|num }}", verbose_name=_("refused"), attrs=NUMBER
    )

    class Meta(BaseTable.Meta):
        model = ImportRun
        fields = ("name", "created_at", "started_by", "state", "added", "updated", "unchanged", "rejected")
        order_by = "-created_at"
        per_page = 25
