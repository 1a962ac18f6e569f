"""What goods cost: the list of products and of their categories, and one number of each to write."""

from __future__ import annotations

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django_tables2 import RequestConfig

from loyalty.access import OWNER
from loyalty.ui.pages import UNPROCESSABLE, go, notice, page_or_fragment
from loyalty.ui.tables import in_persian_order
from loyalty.ui.text import clean_name

from .. import services
from ..forms import CostForm, MarginForm
from ..models import Product, ProductCategory
from ..tables import CategoryTable, GoodsTable
from .people import posted


def goods_list(request: HttpRequest) -> HttpResponse:
    """Every product with what it costs; `unknown` keeps those of which nothing is known."""
    goods, text = Product.objects.select_related("category"), clean_name(request.GET.get("q", ""))[:100]
    if text:
        goods = goods.filter(
            Q(sku__icontains=text) | Q(name__icontains=text) | Q(category__name__icontains=text)
        )
    if unknown := "unknown" in request.GET:
        goods = goods.filter(cost_amount=None).filter(Q(category=None) | Q(category__margin_share=None))
    goods = goods.annotate(
        name_order=in_persian_order("name"), category_order=in_persian_order("category__name")
    )
    table = GoodsTable(goods, may_write=request.staff.role == OWNER, is_searched=bool(text or unknown))
    RequestConfig(request).configure(table)
    context = {"table": table, "text": text, "unknown": unknown}
    return page_or_fragment(request, "customers/goods_list.html", "customers/_goods_table.html", context)


def category_list(request: HttpRequest) -> HttpResponse:
    """Every category with its margin, which stands in for the costs that its products lack."""
    goods = Product.objects.filter(category=OuterRef("pk"))
    categories = ProductCategory.objects.annotate(
        goods=_count(goods),
        uncosted=_count(goods.filter(cost_amount=None)),
        name_order=in_persian_order("name"),
    )
    table = CategoryTable(categories, may_write=request.staff.role == OWNER)
    RequestConfig(request).configure(table)
    return page_or_fragment(
        request, "customers/category_list.html", "customers/_goods_table.html", {"table": table}
    )


def _count(goods: QuerySet[Product]) -> Coalesce:
    counted = goods.order_by().values("category").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted), 0)


def product_edit(request: HttpRequest, pk: int) -> HttpResponse:
    product = get_object_or_404(Product.objects.select_related("category"), pk=pk)
    form = CostForm(posted(request), initial={"cost": product.cost_amount})
    if form.is_valid():
        services.set_cost(product, form.cleaned_data["cost"])
        notice(request, _("Saved. It counts for the sales that come in from now on."))
        return go(request, "customers:goods_list")
    context = {"form": form, "product": product}
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "customers/product_edit.html", context, status=status)


def category_edit(request: HttpRequest, pk: int) -> HttpResponse:
    category = get_object_or_404(ProductCategory, pk=pk)
    form = MarginForm(posted(request), category=category)
    if form.is_valid():
        services.set_margin(category, form.cleaned_data["margin"])
        notice(request, _("Saved. It counts for the sales that come in from now on."))
        return go(request, "customers:category_list")
    context = {"form": form, "category": category}
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "customers/category_edit.html", context, status=status)
