"""Lists in a real database: paging shows every row once, and the unknown stays at the end."""

import django_tables2
import pytest

from loyalty.customers.models import Customer
from loyalty.ui.tables import BaseTable
from tests import factories

pytestmark = pytest.mark.django_db


class People(BaseTable):
    name = django_tables2.Column()
    city = django_tables2.Column()
    born = django_tables2.Column(accessor="birth_on")
    nulls_last = ("born",)


def pages(table, size):
    pages = []
    for number in range(1, table.paginate(per_page=size).paginator.num_pages + 1):
        pages += [row.record.pk for row in table.paginate(page=number, per_page=size).paginated_rows]
    return pages


@pytest.mark.parametrize("sort", ["name", "-name", "", "city"])
def test_a_thousand_namesakes_are_all_shown_once(shop, sort):
    factories.CustomerFactory.create_batch(60, name="نگار فرضی", city="تهران")
    table = People(Customer.objects.all(), order_by=sort)
    shown = pages(table, 7)
    assert len(shown) == 60
    assert set(shown) == set(Customer.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("sort", ["name", "-name", "born", "-born", ("name", "-city")])
def test_every_order_ends_with_the_key(shop, sort):
    ordering = People(Customer.objects.all(), order_by=sort).data.data.query.order_by
    assert ordering[-1] == "pk"


def test_an_order_by_the_key_itself_is_left_as_it_is(shop):
    class ByKey(BaseTable):
        pk = django_tables2.Column()

    assert ByKey(Customer.objects.all(), order_by="-pk").data.data.query.order_by == ("-pk",)


@pytest.mark.parametrize("sort", ["born", "-born"])
def test_the_unknown_stays_below_whichever_way_one_sorts(shop, sort):
    born = factories.CustomerFactory(birth_on="1990-01-01")
    older = factories.CustomerFactory(birth_on="1980-01-01")
    unknown = factories.CustomerFactory(birth_on=None)
    expected = [older, born, unknown] if sort == "born" else [born, older, unknown]
    table = People(Customer.objects.all(), order_by=sort)
    assert [row.record for row in table.rows] == expected


def test_a_list_of_dicts_can_be_sorted_too():
    table = People([{"name": "b"}, {"name": "a"}], order_by="name")
    assert [row.record["name"] for row in table.rows] == ["a", "b"]
