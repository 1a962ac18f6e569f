"""What every test may ask for: an embedded database as the web role, two shops, and their staff."""

from __future__ import annotations

import bisect
import datetime
import warnings

import pytest
from django.conf import settings
from django.db import connections
from django.utils import translation

from loyalty import embedded
from loyalty.shops.scope import scope
from tests import factories

# A day in the shop's calendar that tests may use as "today" where no clock is involved: 2 Azar 1405.
TODAY = datetime.date(2026, 11, 23)
# When each test began: a session that is left open tells no more than when it was opened.
BEGUN: list[tuple[datetime.datetime, str]] = []


def pytest_configure() -> None:
    """Passwords are made slow to guess on purpose, and the tests make hundreds of them."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_runtest_logstart(nodeid: str) -> None:
    BEGUN.append((datetime.datetime.now(datetime.UTC), nodeid))


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker, request):
    """Make the test database as its owner and hand it to the web role, which every test then is.

    A superuser, or the owner without FORCE, would see through row-level security and prove nothing.
    """
    from django.test.utils import setup_databases, teardown_databases

    embedded.ensure("postgres")
    with django_db_blocker.unblock():
        # Serialized for nobody: no test asks for the migrated rows back, and dumping every table takes time.
        made = setup_databases(
            verbosity=0,
            interactive=False,
            aliases={"owner"},
            serialized_aliases=(),
            keepdb=request.config.option.reuse_db,
        )
        name = connections["owner"].settings_dict["NAME"]
        connections["default"].close()
        connections["default"].settings_dict["NAME"] = name
        with connections["owner"].cursor() as cursor:
            # Tests that commit are tidied up by TRUNCATE, which the web role may not do anywhere else.
            role = connections["default"].settings_dict["USER"]
            cursor.execute(f'GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO "{role}"')
    yield
    with django_db_blocker.unblock():
        end_what_is_left_open()
        teardown_databases(made, verbosity=0, keepdb=request.config.option.reuse_db)


def end_what_is_left_open() -> None:
    """End the sessions that tests forgot, and name these tests: PostgreSQL drops no database in use."""
    for alias in ("default", "owner"):
        # Each role may end its own sessions only.
        with connections[alias].cursor() as cursor:
            cursor.execute(
                """SELECT backend_start, query, pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"""
            )
            left = cursor.fetchall()
        connections[alias].close()
        for opened_at, query, _ in left:
            begun = bisect.bisect(BEGUN, (opened_at, "")) - 1
            test = BEGUN[begun][1] if begun >= 0 else "something before the first test"
            warnings.warn(f"{test} left a session of “{alias}” open; it asked last: {query}", stacklevel=1)


@pytest.fixture(autouse=True)
def language_of_the_tests():
    """A request leaves its language active in the thread; the next test begins in English again."""
    yield
    translation.deactivate()


@pytest.fixture
def shop(db):
    """A Persian shop, with its scope open for the whole test."""
    made = factories.make_shop()
    with scope(made):
        yield made


@pytest.fixture
def other_shop(db):
    """Another shop, whose rows must never be seen. Not in scope."""
    return factories.make_shop(
        slug="other", name="Other shop", language="en", currency="GBP", display_unit="pound"
    )


@pytest.fixture
def owner(shop):
    return factories.make_staff(shop, "owner")


@pytest.fixture
def marketer(shop):
    return factories.make_staff(shop, "marketer")


@pytest.fixture
def clerk(shop):
    return factories.make_staff(shop, "counter")


@pytest.fixture
def as_owner(client, owner):
    client.force_login(owner.user)
    return client


@pytest.fixture
def as_marketer(client, marketer):
    client.force_login(marketer.user)
    return client


@pytest.fixture
def as_clerk(client, clerk):
    client.force_login(clerk.user)
    return client
