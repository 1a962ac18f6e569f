"""Purchases and returns of one person, written down by hand."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from loyalty import pipeline
from loyalty.ui.pages import UNPROCESSABLE, go, notice, page_or_fragment
from loyalty.ui.templatetags.ui import money_full

from .. import services
from ..forms import OrderForm, RefundForm
from ..models import Order, Product, Refund
from .people import detail_context, get_customer, posted

SUGGESTIONS = 20


def order_list(request: HttpRequest, pk: int) -> HttpResponse:
    context = detail_context(request, get_customer(pk))
    return page_or_fragment(request, "customers/order_list.html", "customers/_order_list.html", context)


def order_add(request: HttpRequest, pk: int) -> HttpResponse:
    customer = get_customer(pk)
    form = OrderForm(posted(request), initial={"number": services.new_number(), "day": request.shop.today()})
    if request.method == "POST" and form.is_valid():
        try:
            order = form.record(customer)
        except ValidationError as refusal:
            form.add_error(None, refusal.messages)
        else:
            _renew(request, order.customer_id)
            said = _("A purchase of %(amount)s was recorded.") % {"amount": money_full(order.net_amount)}
            notice(request, said, undo=reverse("customers:order_cancel", args=[order.pk]))
            return go(request, "customers:customer_detail", pk)
    status = UNPROCESSABLE if request.method == "POST" else 200
    return render(request, "customers/order_add.html", {"form": form, "customer": customer}, status=status)


def product_list(request: HttpRequest) -> HttpResponse:
    """Suggest products for what is being typed into a line."""
    typed = next((value for name, value in request.GET.items() if name.endswith("product")), "").strip()
    known = Product.objects.filter(Q(sku__istartswith=typed) | Q(name__icontains=typed)) if typed else ()
    return render(request, "customers/_product_list.html", {"products": known[:SUGGESTIONS]})


def refund_add(request: HttpRequest, pk: int) -> HttpResponse:
    order = get_object_or_404(Order.objects.select_related("customer"), pk=pk)
    left = services.refundable_amount(order)
    form = RefundForm(posted(request), initial={"number": services.new_number(), "amount": left})
    if request.method == "POST" and form.is_valid():
        read = form.cleaned_data
        try:
            refund = services.refund_order(
                order,
                amount=read["amount"],
                refunded_at=read["day"],
                reason=read["reason"],
                number=read["number"],
            )
        except ValidationError as refusal:
            form.add_error(None, refusal.messages)
        else:
            _renew(request, order.customer_id)
            said = _("%(amount)s was given back.") % {"amount": money_full(refund.amount)}
            notice(request, said, undo=reverse("customers:refund_cancel", args=[refund.pk]))
            return _back(request, order)
    context = {"form": form, "order": order, "left": left, "customer": order.customer}
    status = UNPROCESSABLE if request.method == "POST" else 200
    return render(request, "customers/refund_add.html", context, status=status)


def order_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    order = get_object_or_404(Order, pk=pk)
    undo = reverse("customers:order_restore", args=[pk])
    return _changed(request, order, services.cancel_order, _("The purchase was cancelled."), undo)


def order_restore(request: HttpRequest, pk: int) -> HttpResponse:
    order = get_object_or_404(Order, pk=pk)
    undo = reverse("customers:order_cancel", args=[pk])
    return _changed(request, order, services.restore_order, _("The purchase counts again."), undo)


def refund_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    refund = get_object_or_404(Refund.objects.select_related("order"), pk=pk)
    return _changed(request, refund, services.cancel_refund, _("The return was taken out."))


def _changed(
    request: HttpRequest, row: Order | Refund, change: Callable, said: str, undo: str = ""
) -> HttpResponse:
    """Carry out a change that may be refused, renew what follows, and go back to the person."""
    try:
        change(row)
    except ValidationError as refusal:
        for sentence in refusal.messages:
            notice(request, sentence, level=messages.ERROR)
    else:
        _renew(request, row.customer_id)
        notice(request, said, undo=undo)
    return _back(request, row)


def _renew(request: HttpRequest, customer_id: int | None) -> None:
    if customer_id:
        pipeline.orders_arrived(customer_ids=[customer_id], as_of=request.shop.today())


def _back(request: HttpRequest, row: Order | Refund) -> HttpResponse:
    if row.customer_id:
        return go(request, "customers:customer_detail", row.customer_id)
    return redirect("customers:customer_list")
