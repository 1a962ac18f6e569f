"""The eight traps of row-level security: each is entered with the guard off, then shown to be covered."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.db import DatabaseError, DataError, IntegrityError, connection, connections, transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from loyalty.customers.models import Customer, Order
from loyalty.shops.middleware import ShopMiddleware
from loyalty.shops.scope import NoShop, current_shop, every_shop, scope
from tests import factories

PHONE = "+989990000001"
both = pytest.mark.django_db(databases=["default", "owner"])
committed = pytest.mark.django_db(transaction=True)


def sql(text: str, *values, using: str = "default"):
    """Run one statement; return the first value of its first row, if it has any."""
    with connections[using].cursor() as cursor:
        cursor.execute(text, values)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


@pytest.fixture
def owners_tables():
    """Two customers of two shops, written by the tables' owner in a transaction that never ends."""
    with transaction.atomic(using="owner"):
        sql("SELECT set_config('app.every_shop', 'on', true)", using="owner")
        shops = []
        for number in (1, 2):
            shop = factories.Shop(slug=f"trap-{number}", name=f"Trap {number}")
            shop.save(using="owner")
            sql("SELECT set_config('app.shop_id', %s, true)", str(shop.pk), using="owner")
            customer = Customer(shop_id=shop.pk, name=f"Nobody {number}", phone=PHONE)
            customer.save(using="owner")
            shops.append((shop, customer))
        sql("SET CONSTRAINTS ALL IMMEDIATE", using="owner")
        sql(
            "SELECT set_config('app.shop_id', '', true), set_config('app.every_shop', '', true)",
            using="owner",
        )
        yield shops
        transaction.set_rollback(True, using="owner")


@pytest.fixture
def two_shops():
    """Two shops with three and two customers, and an owner each; nothing in scope."""
    shops = [factories.make_shop(), factories.make_shop()]
    for shop, customers in zip(shops, (3, 2), strict=True):
        with scope(shop):
            factories.CustomerFactory.create_batch(customers)
    return [(shop, factories.make_staff(shop, "owner").user) for shop in shops]


def request_of(user) -> SimpleNamespace:
    request = RequestFactory().get("/")
    request.user, request.session = user, {}
    return request


def answer(request) -> HttpResponse:
    """A view that forgot every filter: it says whose customers it found."""
    return HttpResponse(
        ",".join(str(shop_id) for shop_id in Customer.objects.values_list("shop_id", flat=True))
    )


# 1. The owner of a table is above its policies, unless they are forced.
@both
def test_the_owner_of_the_tables_sees_nothing_without_a_shop(owners_tables):
    assert sql("SELECT count(*) FROM customers_customer", using="owner") == 0
    sql("ALTER TABLE customers_customer NO FORCE ROW LEVEL SECURITY", using="owner")
    assert sql("SELECT count(*) FROM customers_customer", using="owner") == 2


# 2. Once set, a setting reads '' after its transaction and not NULL.
@committed
def test_a_query_after_a_closed_scope_finds_nothing_instead_of_failing(two_shops):
    with scope(two_shops[0][0]):
        assert Customer.objects.count() == 3
    assert sql("SELECT current_setting('app.shop_id', true)") == ""
    assert Customer.objects.count() == 0
    with pytest.raises(DataError):
        sql("SELECT current_setting('app.shop_id', true)::bigint")


# 3. A setting made outside a transaction is gone before the next statement.
@committed
def test_a_request_sees_its_shop_because_the_middleware_opens_a_transaction(two_shops):
    shop, user = two_shops[0]
    sql("SELECT set_config('app.shop_id', %s, true)", str(shop.pk))
    assert answer(None).content == b""
    assert ShopMiddleware(answer)(request_of(user)).content.decode() == ",".join([str(shop.pk)] * 3)


# 4. A streamed answer is read when the scope is closed again.
@committed
def test_a_stream_needs_a_scope_of_its_own(two_shops):
    shop, user = two_shops[0]

    def rows():
        yield from Customer.objects.values_list("name", flat=True)

    def rows_in_scope(shop):
        with scope(shop):
            yield from rows()

    forgot = ShopMiddleware(lambda request: StreamingHttpResponse(rows()))(request_of(user))
    assert list(forgot.streaming_content) == []
    careful = ShopMiddleware(lambda request: StreamingHttpResponse(rows_in_scope(request.shop)))(
        request_of(user)
    )
    assert len(list(careful.streaming_content)) == 3


# 5. A plain SET outlives the request on a kept connection.
@committed
def test_two_hundred_requests_on_one_connection_never_see_the_other_shop(two_shops):
    anybody = SimpleNamespace(is_authenticated=False)
    middleware, served_by = ShopMiddleware(answer), set()
    for _ in range(100):
        for shop, user in two_shops:
            assert set(middleware(request_of(user)).content.decode().split(",")) == {str(shop.pk)}
            assert middleware(request_of(anybody)).content == b""
            served_by.add(connection.connection.info.backend_pid)
    assert len(served_by) == 1
    try:
        sql("SET app.shop_id = %s" % two_shops[0][0].pk)  # noqa: UP031
        assert middleware(request_of(anybody)).content != b""
    finally:
        sql("RESET app.shop_id")


# 6. Foreign key checks look past the policies.
@both
def test_an_order_cannot_belong_to_another_shops_customer(owners_tables):
    (shop, _), (_, foreigner) = owners_tables
    sql("SELECT set_config('app.shop_id', %s, true)", str(shop.pk), using="owner")
    order = {"shop_id": shop.pk, "gross_amount": 1, "net_amount": 1, "external_id": "1"}
    order |= {"placed_at": shop.created_at, "placed_on": shop.created_at.date(), "customer_id": foreigner.pk}
    with pytest.raises(IntegrityError, match="order_customer_id_shop_fk"), transaction.atomic(using="owner"):
        Order(**order).save(using="owner")
    sql("ALTER TABLE customers_order DROP CONSTRAINT customers_order_customer_id_shop_fk", using="owner")
    sql("ALTER TABLE customers_order DISABLE TRIGGER marks_added", using="owner")
    Order(**order).save(using="owner")


def test_an_invented_foreign_customer_is_refused_like_a_real_one(shop, other_shop):
    with scope(other_shop):
        foreigner = factories.CustomerFactory()
    for customer_id in (foreigner.pk, 10**9):
        with pytest.raises(IntegrityError), transaction.atomic():
            factories.OrderFactory(customer=None, customer_id=customer_id)


# 7. A uniqueness over all shops tells that a hidden row exists.
@both
def test_a_phone_number_does_not_tell_that_another_shop_knows_it(owners_tables):
    # The fixture has put one phone into two shops: that is the guard. Without it:
    with pytest.raises(IntegrityError, match="could not create unique index"):
        sql("CREATE UNIQUE INDEX everywhere ON customers_customer (phone)", using="owner")


def test_two_shops_may_know_the_same_person(shop, other_shop):
    factories.CustomerFactory(phone=PHONE, external_id="7", card_number="7")
    with scope(other_shop):
        factories.CustomerFactory(phone=PHONE, external_id="7", card_number="7")
        with pytest.raises(IntegrityError), transaction.atomic():
            factories.CustomerFactory(phone=PHONE)


# 8. A view runs as its owner, whom the policies may not bind. test_catalogue.py finds any such view.
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_view_that_runs_as_its_owner_shows_every_shop(two_shops):
    role = connections["default"].settings_dict["USER"]
    sql("CREATE VIEW plain AS SELECT * FROM customers_customer", using="owner")
    sql(
        "CREATE VIEW careful WITH (security_invoker = true) AS SELECT * FROM customers_customer",
        using="owner",
    )
    sql(f'GRANT SELECT ON plain, careful TO "{role}"', using="owner")
    sql("ALTER TABLE customers_customer NO FORCE ROW LEVEL SECURITY", using="owner")
    try:
        with scope(two_shops[0][0]):
            assert sql("SELECT count(*) FROM plain") == 5
            assert sql("SELECT count(*) FROM careful") == 3
    finally:
        sql("ALTER TABLE customers_customer FORCE ROW LEVEL SECURITY", using="owner")
        sql("DROP VIEW plain, careful", using="owner")


# What the web role may write.
def test_a_row_cannot_be_put_into_another_shop(shop, other_shop):
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Customer.objects.create(shop=other_shop, name="Intruder")


def test_a_row_cannot_be_moved_to_another_shop(shop, other_shop):
    customer = factories.CustomerFactory()
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Customer.objects.filter(pk=customer.pk).update(shop=other_shop)


def test_another_shops_row_cannot_be_changed_or_deleted(shop, other_shop):
    with scope(other_shop):
        theirs = factories.CustomerFactory(name="Theirs")
    assert Customer.objects.filter(pk=theirs.pk).update(name="Ours") == 0
    assert Customer.objects.filter(pk=theirs.pk).delete()[0] == 0
    with scope(other_shop):
        assert Customer.objects.get().name == "Theirs"


# Scopes.
def test_scopes_nest_and_the_outer_shop_is_back_afterwards(shop, other_shop):
    factories.CustomerFactory()
    with scope(other_shop):
        assert current_shop() == other_shop
        assert Customer.objects.count() == 0
    assert current_shop() == shop
    assert Customer.objects.count() == 1


@committed
def test_an_error_closes_the_scope_and_leaves_nothing_behind(two_shops):
    with pytest.raises(ZeroDivisionError), scope(two_shops[0][0]):
        factories.CustomerFactory()
        raise ZeroDivisionError
    assert Customer.objects.count() == 0
    with pytest.raises(NoShop):
        current_shop()
    with scope(two_shops[0][0]):
        assert Customer.objects.count() == 3


def test_the_list_of_shops_is_open_only_while_it_is_asked_for(shop, other_shop):
    assert {made.slug for made in every_shop()} == {shop.slug, other_shop.slug}
    assert [made.slug for made in type(shop).objects.all()] == [shop.slug]
