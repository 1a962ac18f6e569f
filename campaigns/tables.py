"""The list of campaigns, and lists of the people of one."""

from __future__ import annotations

import django_tables2 as tables
from django.db.models import Count, F, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_tables2 import RequestConfig

from campaigns.models import AudienceMember, Campaign, Message
from loyalty.customers.models import Customer
from loyalty.ui.tables import BaseTable


def with_counts(campaigns: QuerySet[Campaign]) -> QuerySet[Campaign]:
    """Annotate how many are written to, have left and are uncertain; drafts first, then the newest."""
    messages = Message.objects.filter(campaign=OuterRef("pk"))
    newest_first = (F("launched_at").desc(nulls_first=True), "-pk")
    return campaigns.order_by(*newest_first).annotate(
        recipients=_count(messages),
        sent=_count(messages.filter(state__in=Message.SENT)),
        uncertain=_count(messages.filter(state=Message.State.UNKNOWN)),
    )


def _count(messages: QuerySet[Message]) -> Coalesce:
    # A subquery and not a join with GROUP BY: Django would group by the id alone, and our key is (shop, id).
    counted = messages.order_by().values("campaign").annotate(count=Count("*")).values("count")
    return Coalesce(Subquery(counted), 0)


def _cell(name: str, classes: str = "", **kwargs) -> tables.TemplateColumn:
    attrs = {"td": {"class": classes}, "th": {"class": classes}} if classes else {}
    return tables.TemplateColumn(template_name=f"campaigns/cells/_{name}.html", attrs=attrs, **kwargs)


class CampaignTable(BaseTable):
    """Every campaign with how far it is and what came of it."""

    caption = _("Campaigns")
    nulls_last = ("launched_at", "effect_amount")

    name = _cell("name", verbose_name=_("Campaign"))
    state = _cell("state", verbose_name=_("Status"))
    launched_at = _cell("launched", verbose_name=_("Sent on"))
    recipients = _cell("recipients", "ba-num", verbose_name=_("Recipients"))
    verdict = _cell("verdict", verbose_name=_("Result"))
    effect_amount = _cell("effect", "ba-num", verbose_name=_("Effect"))

    class Meta(BaseTable.Meta):
        per_page = 25


class PersonTable(BaseTable):
    """People of one step of a waterfall."""

    caption = _("People")
    name = _cell("person", verbose_name=_("Customer"), order_by=("name_sort",))
    segment = _cell("segment", verbose_name=_("Segment"), order_by=("score__segment",))
    last = _cell("last", verbose_name=_("Last purchase"), order_by=("score__last_order_on",))

    empty_icon = "users"
    empty_title = _("Nobody leaves at this step")

    class Meta(BaseTable.Meta):
        order_by = "name"
        per_page = 25


class FrozenTable(PersonTable):
    """People of a launched campaign: what happened to each, and why not."""

    fate = _cell("fate", verbose_name=_("In this campaign"), orderable=False)
    empty_title = _("Nobody here")

    class Meta(PersonTable.Meta):
        """As that of PersonTable: django-tables2 does not inherit it."""


def people_table(request: HttpRequest, people: QuerySet[Customer]) -> PersonTable:
    """Return the configured table of people."""
    table = PersonTable(people.select_related("score"))
    RequestConfig(request, paginate={"per_page": 25, "silent": True}).configure(table)
    return table


def frozen_table(request: HttpRequest, people: QuerySet[Customer], campaign: Campaign) -> FrozenTable:
    """Return the configured table of a launched campaign's people, with the place and message of each."""
    places = AudienceMember.objects.filter(campaign=campaign)
    messages = Message.objects.filter(campaign=campaign)
    table = FrozenTable(
        people.select_related("score").prefetch_related(
            Prefetch("audience_memberships", places, to_attr="places"),
            Prefetch("messages", messages, to_attr="texts"),
        )
    )
    RequestConfig(request, paginate={"per_page": 25, "silent": True}).configure(table)
    return table
