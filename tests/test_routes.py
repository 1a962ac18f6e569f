"""Every address × visitor × method: who may enter, who is refused and how, and what GET leaves alone."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test import client as client_module
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from loyalty import health
from loyalty.access import CLOSED, OWNER, PUBLIC, REGISTRY, SIGNED_IN, Access
from loyalty.shops.models import NightRun, Shop, User
from loyalty.shops.rls import shop_models
from loyalty.shops.scope import scope
from tests import factories, routes

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ACTORS = ("anonymous", "counter", "marketer", "owner", "owner of another shop", "removed", "without a shop")
MISSING = 2_000_000_000
# Answers to a request that is allowed in, but may say nothing useful: an empty form is 422 or 400.
REFUSALS = {401, 403, 405}


def walk(patterns, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Yield every route's full name with its pattern; a route without a name gets the text of its pattern."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from walk(pattern.url_patterns, inner)
        else:
            yield f"{namespace}{pattern.name or pattern.pattern}", pattern


def arguments_of(pattern: URLPattern) -> set[str]:
    return set(pattern.pattern.regex.groupindex)


PATTERNS = dict(walk(get_resolver().url_patterns))
ROOMS = [
    importlib.import_module(f"{routes.__name__}.{room.name}")
    for room in pkgutil.iter_modules(routes.__path__)
]
OBJECTS = {name: make for room in ROOMS for name, make in room.OBJECTS.items()}
WORDS = {name for room in ROOMS for name in getattr(room, "WORDS", ())}
ROUTES = sorted(set(PATTERNS) & set(REGISTRY))
OF_OBJECTS = [name for name in ROUTES if arguments_of(PATTERNS[name]) and name not in WORDS]


@dataclass
class World:
    """Two shops with everything the routes are about, and a signed-in client for every visitor."""

    shop: Shop
    other: Shop
    clients: dict[str, Client] = field(default_factory=dict)
    arguments: dict[str, dict] = field(default_factory=dict)
    broken: dict[str, Exception] = field(default_factory=dict)

    def url(self, name: str) -> str:
        """Return the address of a route, about this shop's object where it is about one."""
        if name in self.broken:
            raise self.broken[name]
        if arguments_of(PATTERNS[name]) and name not in self.arguments:
            pytest.fail(f"{name} has no object; see tests/routes/__init__.py")
        return reverse(name, kwargs=self.arguments.get(name, {}))


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, request):
    """Made once and committed; what a test changes is rolled back at its end."""

    def flush() -> None:
        with django_db_blocker.unblock():
            options = {"interactive": False, "inhibit_post_migrate": True, "reset_sequences": False}
            call_command("flush", verbosity=0, **options)

    request.addfinalizer(flush)
    with django_db_blocker.unblock():
        made = World(factories.make_shop(), factories.make_shop(currency="GBP", display_unit="pound"))
        # Everybody has a password: without one, nobody could be asked for it once more.
        users = {actor: factories.make_user(password="a-rare-long-word") for actor in ACTORS[1:]}
        for role in ("counter", "marketer", "owner"):
            factories.make_staff(made.shop, role, user=users[role])
        factories.make_staff(made.other, "owner", user=users["owner of another shop"])
        factories.make_staff(made.shop, "owner", user=users["removed"], is_active=False)
        for actor in ACTORS:
            made.clients[actor] = Client(raise_request_exception=False, headers={"accept-language": "en"})
            if actor in users:
                made.clients[actor].force_login(users[actor])
        for shop in (made.other, made.shop):
            furnish(made, shop)
    return made


def furnish(made: World, shop: Shop) -> None:
    """Make what the routes are about in a shop; one that cannot be made fails only the tests of its route."""
    for name, make in OBJECTS.items():
        try:
            with scope(shop):
                made.arguments[name] = make()
        except Exception as error:  # noqa: BLE001
            made.broken[name] = error


@pytest.fixture(autouse=True)
def everything_is_alive(monkeypatch):
    monkeypatch.setattr(health, "ask_queue", lambda: {"broker": True, "worker": True})
    # The test client keeps a copy of every context of every template, which takes longer than to render them.
    monkeypatch.setattr(client_module, "store_rendered_templates", lambda *store, **signal: None)


def ask(client: Client, method: str, url: str, **options):
    """Send a request and undo whatever it did, signing out included."""
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    with transaction.atomic():
        answer = client.generic(method, url, **options)
        transaction.set_rollback(True)
    client.cookies = SimpleCookie(cookies)
    return answer


# ---------- The registry ----------


def test_every_route_is_in_the_registry_and_every_row_is_a_route():
    assert sorted(set(PATTERNS) - set(REGISTRY)) == [], "not registered in any ACCESS"
    assert sorted(set(REGISTRY) - set(PATTERNS)) == [], "registered, but no such route"


def test_a_route_that_is_not_listed_is_closed_and_would_be_found(world, db, monkeypatch):
    monkeypatch.delitem(REGISTRY, "shops:profile")
    assert ask(world.clients["owner"], "GET", reverse("shops:profile")).status_code == 404
    assert set(PATTERNS) - set(REGISTRY) == {"shops:profile"}


def test_every_route_with_arguments_has_something_to_be_about():
    wanted = {name for name in ROUTES if arguments_of(PATTERNS[name])}
    assert sorted(wanted - set(OBJECTS)) == [], "add them to OBJECTS in tests/routes/<room>.py"
    assert sorted(set(OBJECTS) - set(PATTERNS)) == [], "objects of routes that are no more"


# ---------- Who may enter ----------


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("name", ROUTES)
def test_a_visitor_is_let_in_sent_away_or_refused(world, db, name, actor):
    access, url = REGISTRY[name], world.url(name)
    for method in METHODS:
        answer = ask(world.clients[actor], method, url)
        problem = what_is_wrong(access, name, actor, method, answer)
        assert problem is None, (
            f"{method} {url} as {actor}: {answer.status_code} {answer.get('Location', '')}; {problem}"
        )


def what_is_wrong(access: Access, name: str, actor: str, method: str, answer) -> str | None:
    """Return what the answer should have been, or None where it is right."""
    status, place = answer.status_code, answer.get("Location", "")
    if status >= 500:
        return "must not fail"
    if access.roles == CLOSED:
        return None if status == 404 or goes_to_login(answer) else "must be 404"
    if actor == "anonymous" and access.roles != PUBLIC:
        return None if status == 401 or goes_to_login(answer) else "must lead to the sign-in page"
    if method not in access.methods:
        return None if status == 405 else "must be 405"
    if access.roles in (PUBLIC, SIGNED_IN):
        return None if status not in REFUSALS else "must be let in"
    if actor in ("removed", "without a shop"):
        return None if place == reverse("shops:no_shop") else "must lead to /no-shop/"
    role = OWNER if actor == "owner of another shop" else actor
    if role not in access.roles:
        wanted = reverse(access.elsewhere) if access.elsewhere else None
        return None if (place == wanted if wanted else status == 403) else f"must be 403 or lead to {wanted}"
    if actor == "owner of another shop" and name in OF_OBJECTS:
        return None if status == 404 else "must be 404"
    if method == "GET":
        return None if status in (200, 204, 286, 302, 303) else "must be let in"
    if status == 404 and name in OF_OBJECTS:
        return "must find its object"
    return None if status not in REFUSALS else "must be let in"


def goes_to_login(answer) -> bool:
    return answer.status_code == 302 and answer["Location"].startswith(reverse("account_login"))


# ---------- Another shop's objects ----------


@pytest.mark.parametrize("name", OF_OBJECTS)
def test_another_shops_object_answers_exactly_like_one_that_does_not_exist(world, db, name):
    address, arguments = world.url(name), world.arguments[name]
    missing = {key: MISSING if isinstance(value, int) else absent(value) for key, value in arguments.items()}
    client = world.clients["owner of another shop"]
    for method in sorted(REGISTRY[name].methods):
        for headers in ({}, {"HX-Request": "true"}):
            theirs = ask(client, method, address, headers=headers)
            nobodys = ask(client, method, reverse(name, kwargs=missing), headers=headers)
            assert (theirs.status_code, nobodys.status_code) == (404, 404), (
                f"{method} {theirs.request['PATH_INFO']}"
            )
            assert plain(theirs) == plain(nobodys)
            assert theirs.headers.keys() == nobodys.headers.keys()


def absent(value) -> str:
    """Return an argument of the same shape that names nothing: letters and digits are turned."""
    turned = str.maketrans("0123456789abcdef", "1234567890bcdefa")
    return str(value).translate(turned)


def plain(answer) -> str:
    """Return the body without what differs between any two answers: its address and its CSRF token."""
    body = answer.content.decode().replace(answer.request["PATH_INFO"], "ADDRESS")
    return re.sub(r'("csrfmiddlewaretoken" value=|"x-csrftoken": )"\w+"', "", body)


# ---------- GET changes nothing ----------


def checksum(shops: list[Shop]) -> list[tuple]:
    """Return how many rows each table of the shops has, and a hash of them all."""
    tables = [*(model._meta.db_table for model in shop_models()), Shop._meta.db_table, User._meta.db_table]
    statement = " UNION ALL ".join(
        f"SELECT '{table}', count(*), coalesce(sum(hashtextextended(row::text, 0)), 0) FROM {table} AS row"
        for table in sorted(tables)
    )
    found = []
    for shop in shops:
        with scope(shop), connection.cursor() as cursor:
            cursor.execute(statement)
            found += cursor.fetchall()
    return found


@pytest.fixture(scope="module")
def untouched(world, django_db_blocker):
    """Return the checksum of the world as it was made."""
    with django_db_blocker.unblock():
        return checksum([world.shop, world.other])


@pytest.mark.parametrize("name", [name for name in ROUTES if "GET" in REGISTRY[name].methods])
def test_looking_changes_nothing(world, db, untouched, name):
    for actor in ("counter", "marketer", "owner"):
        with transaction.atomic():
            for headers in ({}, {"HX-Request": "true"}):
                world.clients[actor].get(world.url(name), headers=headers)
            after = checksum([world.shop, world.other])
            transaction.set_rollback(True)
        changed = sorted({row[0] for row in set(untouched) ^ set(after)})
        assert changed == [], f"GET {name} as {actor} changed {changed}"


def test_the_checksum_sees_a_changed_a_new_and_a_lost_row(world, db):
    shops = [world.shop, world.other]
    before = checksum(shops)
    with scope(world.other):
        night = NightRun.objects.create(day=world.other.today())
        added = checksum(shops)
        NightRun.objects.update(attempts=2)
        changed = checksum(shops)
        night.delete()
    assert len({str(state) for state in (before, added, changed)}) == 3
    assert checksum(shops) == before
