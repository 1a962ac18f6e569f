"""The schema can be spread over servers by shop: what fits stays so, and what does not is known by name."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connections

from loyalty.shops import shards
from loyalty.shops.rls import OWNER, shop_models


def test_every_key_and_unique_index_of_a_shops_table_holds_the_shop(db):
    found = shards.findings()
    assert len(found.distributed) == len(shop_models())
    assert found.keys_without_shop == []


def test_two_tables_of_a_shop_are_tied_by_the_shop(db):
    found = shards.findings()
    assert found.ties_without_shop == []
    assert found.ties_elsewhere == []
    assert found.ties_from_outside == []
    # Shops and people stand on every server.
    assert found.ties_to_reference


def test_every_table_of_a_shop_is_closed_on_each_server_too(db):
    assert shards.findings().not_forced == []


def test_what_needs_a_hand_is_known_by_name(db):
    found = shards.findings()
    assert found.definer_functions == ["refresh_statistics"]
    assert set(found.reference) == set(shards.REFERENCE)
    # The shop is a plain column everywhere: nothing could be spread by a generated one.
    assert not [name for name in found.generated if name.endswith(".shop_id")]


@pytest.mark.django_db(databases=["default", OWNER])
def test_a_unique_index_without_the_shop_is_found():
    with connections[OWNER].cursor() as cursor:
        cursor.execute("CREATE UNIQUE INDEX one_name_anywhere ON customers_customer (name, phone)")
    assert shards.findings(OWNER).keys_without_shop == ["customers_customer.one_name_anywhere"]


def test_the_command_prints_it_for_people_and_for_programs(db):
    said, data = StringIO(), StringIO()
    call_command("shards", stdout=said)
    call_command("shards", "--json", stdout=data)
    assert "customers_customer" in said.getvalue()
    assert json.loads(data.getvalue())["keys_without_shop"] == []
