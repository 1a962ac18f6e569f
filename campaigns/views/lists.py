"""All campaigns, newest first, with what became of each; and three to begin with."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django_tables2 import RequestConfig

from campaigns.models import Campaign
from campaigns.plays import PLAYS
from campaigns.tables import CampaignTable, with_counts
from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import Customer
from loyalty.ui.pages import page_or_fragment

# Counting the people of a play stops here: whether it is ten thousand or more makes no difference to begin.
MOST_COUNTED = 10_000


def campaign_list(request: HttpRequest) -> HttpResponse:
    table = CampaignTable(with_counts(Campaign.objects.all()))
    RequestConfig(request, paginate={"per_page": 25, "silent": True}).configure(table)
    has_customers = Customer.objects.exists()
    context = {
        "table": table,
        "has_campaigns": Campaign.objects.exists(),
        "has_customers": has_customers,
        "plays": [(play, CustomerFilter(play.query).count(MOST_COUNTED)) for play in PLAYS]
        if has_customers
        else [],
        "most_counted": MOST_COUNTED,
    }
    return page_or_fragment(
        request, "campaigns/campaign_list.html", "campaigns/_campaign_table.html", context
    )
