"""One shop at random for each file of these tests."""

from __future__ import annotations

import pytest
from django.db import transaction

from loyalty.shops.scope import scope
from tests import factories

from . import naive, world


@pytest.fixture(scope="module")
def made(django_db_setup, django_db_blocker):
    """One shop for the whole file; its transaction is never committed."""
    with django_db_blocker.unblock(), transaction.atomic():
        shop = factories.make_shop()
        with scope(shop):
            world_of_the_file = world.make(shop, world.SEED)
            world_of_the_file.people = naive.everybody()
            yield world_of_the_file
        transaction.set_rollback(True)
