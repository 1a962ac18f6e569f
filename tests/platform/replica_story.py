"""Run as a program by test_replica.py: a shop on a primary whose dashboards are read from its replica.

Prints one JSON object of what was seen. The databases come in by the environment, as on a server.
"""

from __future__ import annotations

import json
import os
import sys
import time

import django
import psycopg

os.environ["DJANGO_SETTINGS_MODULE"] = "loyalty.settings"
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import Error, connections  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402
from django.urls import reverse  # noqa: E402

from loyalty.access import REGISTRY  # noqa: E402
from loyalty.customers.models import Customer  # noqa: E402
from loyalty.shops import audit, replica  # noqa: E402
from loyalty.shops.models import AuditEntry, Shop, StaffMember, User  # noqa: E402
from loyalty.shops.scope import get_shop, scope  # noqa: E402
from segmentation import demographics, services  # noqa: E402
from tests import factories  # noqa: E402

HEADER = "X-Data-From"
CAUGHT_UP_SECONDS = 30


def on_replica(sql: str):
    """Run SQL on the replica as its superuser."""
    settings = connections["replica"].settings_dict
    with psycopg.connect(
        host=settings["HOST"], dbname=settings["NAME"], user="postgres", autocommit=True
    ) as one:
        return one.execute(sql).fetchone()[0]


def source(client: Client, name: str, *args) -> str:
    answer = client.get(reverse(name, args=args))
    said = answer.headers.get(HEADER, "primary")
    return said if answer.status_code == 200 else f"{said}: {answer.status_code}"


def wait_for_replica(client: Client) -> bool:
    """Wait until the replica has caught up and answers this visitor."""
    deadline = time.monotonic() + CAUGHT_UP_SECONDS
    while time.monotonic() < deadline:
        if source(client, "segmentation:people") == "replica":
            return True
        time.sleep(0.2)
    return False


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"}, raise_request_exception=False)
    client.force_login(user)
    return client


def begin() -> dict:
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    shop, other = factories.make_shop(slug="mine"), factories.make_shop(slug="other")
    with scope(shop):
        for _number in range(25):
            factories.OrderFactory()
        services.score_shop(shop.today())
        owner = factories.make_staff(shop, "owner").user
        marketer = factories.make_staff(shop, "marketer").user
    with scope(other):
        factories.CustomerFactory.create_batch(3)
    mine, theirs = signed_in(owner), signed_in(marketer)
    seen: dict = {"catches_up": wait_for_replica(mine)}
    reads_the_dashboards(seen, mine)
    keeps_the_shops_apart(seen, shop, other)
    reads_its_own_writes(seen, mine, theirs)
    falls_back(seen, mine)
    return seen


def reads_the_dashboards(seen: dict, client: Client) -> None:
    arguments = {"segmentation:persona": ("segment", "loyal"), "segmentation:quality_orders": ("cost",)}
    routes = sorted(name for name, access in REGISTRY.items() if access.may_lag)
    seen["dashboards"] = {name: source(client, name, *arguments.get(name, ())) for name in routes}
    seen["others"] = {
        name: source(client, name) for name in ("customers:customer_list", "segmentation:clusters")
    }


def keeps_the_shops_apart(seen: dict, shop: Shop, other: Shop) -> None:
    with replica.reading():
        seen["without_a_scope"] = [
            Customer.objects.count(),
            StaffMember.objects.count(),
            Shop.objects.count(),
        ]
        with scope(shop):
            seen["in_my_scope"] = Customer.objects.count()
            seen["of_the_other"] = Customer.objects.filter(shop=other.pk).count()
        seen["after_the_scope"] = Customer.objects.count()
        try:
            with scope(shop):
                Customer.objects.create(name="Nobody")
            seen["refuses_to_write"] = False
        except Error:
            seen["refuses_to_write"] = True
    with scope(shop):
        hosts = [connections[alias].settings_dict["HOST"] for alias in ("default", "replica")]
        seen["default_again"] = hosts[0] != hosts[1]


def people_shown(client: Client) -> int:
    return client.get(reverse("segmentation:people")).context["profile"].customers


def reads_its_own_writes(seen: dict, mine: Client, theirs: Client) -> None:
    before = people_shown(mine)
    wait_for_replica(theirs)
    on_replica("SELECT pg_wal_replay_pause()::text")
    made = mine.post(reverse("customers:customer_add"), {"name": "New here", "phone": "09990000999"})
    seen["written"] = made.status_code
    seen["own_write"] = [source(mine, "segmentation:people"), people_shown(mine) - before]
    # Who wrote nothing may see the moment before.
    seen["others_write"] = [source(theirs, "segmentation:people"), people_shown(theirs) - before]
    most, replica.MOST_BEHIND_BYTES = replica.MOST_BEHIND_BYTES, 0
    seen["far_behind"] = source(theirs, "segmentation:people")
    replica.MOST_BEHIND_BYTES = most
    on_replica("SELECT pg_wal_replay_resume()::text")
    seen["again"] = wait_for_replica(mine)
    seen["sees_it_there"] = people_shown(mine) - before


def falls_back(seen: dict, client: Client) -> None:
    """A dashboard that wants to write is asked of the primary again, and only that once."""
    reads = demographics.profile

    def writes(*args):
        audit.record("dashboard.looked_at")
        return reads(*args)

    demographics.profile = writes
    seen["that_writes"] = source(client, "segmentation:people")
    demographics.profile = reads
    with scope(get_shop(slug="mine")):
        seen["written_once"] = AuditEntry.objects.filter(action="dashboard.looked_at").count()


def away() -> dict:
    """The replica has been stopped: whoever asks is answered by the primary, and soon."""
    with scope(get_shop(slug="mine")):
        owner = StaffMember.objects.get(role="owner").user
    client = signed_in(owner)
    begun = time.monotonic()
    found = [source(client, "segmentation:people") for _turn in range(5)]
    return {"away": found, "away_seconds": time.monotonic() - begun}


if __name__ == "__main__":
    setup_test_environment()
    sys.stdout.write(json.dumps({"begin": begin, "away": away}[sys.argv[1]]()))
