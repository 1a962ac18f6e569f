"""The screen of points: the rate, what is out, and the last entries."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import F, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from loyalty.ui.pages import UNPROCESSABLE, notice, page_or_fragment

from . import services
from .forms import RuleForm
from .models import Account, Posting

PER_PAGE = 25


def settings(request: HttpRequest) -> HttpResponse:
    rule = services.rule()
    form = RuleForm(request.POST or None, initial={"amount_per_point": rule.amount_per_point})
    if request.method == "POST" and form.is_valid():
        services.set_rule(form.cleaned_data["amount_per_point"], request.shop.today())
        notice(request, _("The rate of points is saved."))
        return redirect("points:settings")
    context = {
        "form": form,
        "rule": rule,
        "out": Account.objects.filter(kind=Account.Kind.POINTS).aggregate(total=Sum("balance"))["total"] or 0,
        "owed": -(
            Account.objects.filter(kind=Account.Kind.DEBT).aggregate(total=Sum("balance"))["total"] or 0
        ),
        "used": Account.objects.filter(kind=Account.Kind.REDEEMED).aggregate(total=Sum("balance"))["total"]
        or 0,
        "page": Paginator(_entries(), PER_PAGE).get_page(request.GET.get("page")),
    }
    if form.errors:
        return render(request, "points/settings.html", context, status=UNPROCESSABLE)
    return page_or_fragment(request, "points/settings.html", "points/_journals.html", context)


def _entries() -> QuerySet[Posting]:
    """Return the customers' sides of the journals, newest first."""
    own = Posting.objects.filter(account__kind__in=services.OWN).annotate(kind=F("journal__kind"))
    return own.select_related("journal", "account__customer").order_by(
        "-journal__posted_at", "-journal_id", "seq"
    )
