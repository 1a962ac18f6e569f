"""Many people at once: the list, its filters, and what one does with all of them."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Q
from django.http import FileResponse, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import ngettext
from django_tables2 import RequestConfig

from loyalty.shops import audit
from loyalty.ui.pages import go, notice, page_or_fragment
from loyalty.ui.templatetags.ui import num
from loyalty.ui.text import sort_key

from .. import services
from ..filters import CustomerFilter, own
from ..filters.then import known
from ..forms import ExportForm, TagForm
from ..models import Customer
from ..tables import MOST_COUNTED, PER_PAGE, CustomerTable, People
from . import export

# A person picks a city from a list; beyond this many they type.
MOST_CHOICES = 300


def customer_list(request: HttpRequest) -> HttpResponse:
    people = CustomerFilter(request.GET)
    with people.on_its_day():
        return _list(request, people)


def _list(request: HttpRequest, people: CustomerFilter) -> HttpResponse:
    rows = People(people)
    table = CustomerTable(rows, order_by=people.sort)
    RequestConfig(request, paginate={"per_page": PER_PAGE, "silent": True}).configure(table)
    context = {
        "people": people,
        "table": table,
        "found": rows,
        "club": rows.counted
        if people.is_everyone
        else Customer.objects.filter(known(people.on) if people.on else Q())
        .values("pk")[: MOST_COUNTED + 1]
        .count(),
        "most_counted": MOST_COUNTED,
        "elsewhere": people.elsewhere(MOST_COUNTED + 1) if people.can_compare else None,
        "export_form": ExportForm(),
    }
    return page_or_fragment(
        request, "customers/customer_list.html", "customers/_customer_table.html", context
    )


def customer_filter(request: HttpRequest) -> HttpResponse:
    """The less frequent conditions, fetched when opened: their choices cost a look at everybody."""
    people = CustomerFilter(request.GET)
    chosen = people.form.cleaned_data.get("own", [])
    context = {
        "people": people,
        "own_chosen": chosen,
        "own_segments": own.choices(chosen),
        "cities": _known_cities(),
        "provinces": _known_provinces(),
        "tags": _known_tags(),
    }
    return page_or_fragment(
        request, "customers/customer_filter.html", "customers/_customer_filter.html", context
    )


def _known_cities() -> list[str]:
    """Return the cities in use, hopping along their index from one to the next: DISTINCT reads everybody."""
    sql = """
WITH RECURSIVE known AS (
    (SELECT city FROM customers_customer WHERE city > '' ORDER BY city LIMIT 1)
    UNION ALL
    SELECT (SELECT city FROM customers_customer WHERE city > known.city ORDER BY city LIMIT 1)
    FROM known WHERE known.city IS NOT NULL)
SELECT city FROM known WHERE city IS NOT NULL LIMIT %s"""
    return _words(sql)


def _known_provinces() -> list[str]:
    return _words(
        "SELECT DISTINCT province FROM customers_customer WHERE province > '' ORDER BY province LIMIT %s"
    )


def _known_tags() -> list[str]:
    """Return the tags in use, among the people tagged first if a great many are."""
    sql = """
SELECT DISTINCT unnest(tags) AS tag
FROM (SELECT tags FROM customers_customer WHERE tags <> '{}' LIMIT 20000) AS tagged ORDER BY tag LIMIT %s"""
    return _words(sql)


def _words(sql: str) -> list[str]:
    """Return the one column of a statement, in Persian order."""
    with connection.cursor() as cursor:
        cursor.execute(sql, [MOST_CHOICES])
        return sorted((word for (word,) in cursor.fetchall()), key=sort_key)


def customer_tag(request: HttpRequest) -> HttpResponse:
    """Put a tag on everybody of the list whose query string came along."""
    people = CustomerFilter(request.POST.get("people", ""))
    form = TagForm(request.POST)
    obstacles = people.settle()
    if form.is_valid() and not obstacles:
        try:
            tagged = services.tag_customers(people.qs, form.cleaned_data["tag"])
        except ValidationError as refusal:
            form.add_error("tag", refusal)
        else:
            said = ngettext("%(count)s person was tagged.", "%(count)s people were tagged.", tagged)
            notice(request, said % {"count": num(tagged)})
            return go(request, _address_of(people))
    for sentence in [*obstacles, *(error for errors in form.errors.values() for error in errors)]:
        notice(request, sentence, level=messages.ERROR)
    return go(request, _address_of(people))


def customer_export(request: HttpRequest) -> HttpResponse:
    """Send everybody of the list as a file, made whole while the shop's scope is open."""
    people = CustomerFilter(request.POST.get("people", ""))
    form = ExportForm(request.POST)
    try:
        if not form.is_valid():
            raise ValidationError([error for errors in form.errors.values() for error in errors])
        if obstacles := people.settle():
            raise ValidationError(obstacles)
        file, rows = export.write(people, form.cleaned_data["format"])
    except ValidationError as refusal:
        for sentence in refusal.messages:
            notice(request, sentence, level=messages.ERROR)
        return redirect(_address_of(people))
    names = sorted(QueryDict(people.query))
    audit.record("customers.exported", form.cleaned_data["format"], rows=rows, conditions=names)
    name = f"customers-{people.today.isoformat()}.{form.cleaned_data['format']}"
    return FileResponse(file, as_attachment=True, filename=name)


def _address_of(people: CustomerFilter) -> str:
    return f"{reverse('customers:customer_list')}?{people.query}".removesuffix("?")
