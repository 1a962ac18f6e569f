"""The database's own word for it: every table of a shop is keyed, tied and closed by shop."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.commands import migrate
from django.db import connection, connections, transaction

from loyalty.shops import checks, rls
from loyalty.shops.fields import ShopModel
from loyalty.shops.models import Shop
from loyalty.shops.rls import shop_models, shop_relations

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

TABLES = sorted(model._meta.db_table for model in shop_models())
KEYS = """
SELECT c.relname, i.relname, ARRAY(SELECT attname::text FROM unnest(x.indkey) WITH ORDINALITY k(n, p)
    LEFT JOIN pg_attribute ON attrelid = c.oid AND attnum = k.n ORDER BY k.p)
FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_namespace s ON s.oid = c.relnamespace
WHERE s.nspname = 'public' AND x.indisunique
"""
FOREIGN_KEYS = """
SELECT a.relname, b.relname,
       ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY k(n, p)
             JOIN pg_attribute ON attrelid = conrelid AND attnum = k.n ORDER BY k.p),
       ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY k(n, p)
             JOIN pg_attribute ON attrelid = confrelid AND attnum = k.n ORDER BY k.p)
FROM pg_constraint JOIN pg_class a ON a.oid = conrelid JOIN pg_class b ON b.oid = confrelid
WHERE contype = 'f'
"""
UNPROTECTED = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'shop_id'
JOIN pg_namespace s ON s.oid = c.relnamespace
WHERE s.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity
    AND EXISTS (SELECT 1 FROM pg_policies p WHERE p.tablename = c.relname))
"""
OWNERS_VIEWS = """
SELECT c.relname FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
WHERE s.nspname = 'public' AND (c.relkind = 'm' OR c.relkind = 'v' AND NOT coalesce(
    c.reloptions && ARRAY['security_invoker=true', 'security_invoker=on'], false))
"""


def ask(sql: str, *values, using: str = "default") -> list[tuple]:
    with connections[using].cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def test_there_are_tables_to_look_at():
    assert {"shops_staffmember", "shops_auditentry", "customers_customer", "customers_order"} <= set(TABLES)


def test_the_web_role_is_neither_superuser_nor_owner_nor_above_the_policies():
    role, is_super, bypasses = ask(
        "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )[0]
    owners = {owner for (owner,) in ask("SELECT tableowner FROM pg_tables WHERE schemaname = 'public'")}
    assert role == settings.WEB_ROLE
    assert not is_super
    assert not bypasses
    assert owners
    assert role not in owners
    assert not any(ask("SELECT pg_has_role(current_user, %s, 'MEMBER')", owner)[0][0] for owner in owners)


@pytest.mark.parametrize("table", [*TABLES, "shops_shop"])
def test_every_table_of_a_shop_is_closed_even_to_its_owner(table):
    assert ask("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = %s", table) == [
        (True, True)
    ]
    policies = ask(
        "SELECT cmd, permissive, coalesce(qual, with_check) FROM pg_policies WHERE tablename = %s", table
    )
    assert {cmd for cmd, _, _ in policies} in ({"ALL"}, {"SELECT", "INSERT", "UPDATE", "DELETE"})
    assert all("current_shop_id()" in rule or "sees_every_shop()" in rule for _, _, rule in policies)


def test_no_table_with_a_shop_is_left_open():
    assert ask(UNPROTECTED) == []
    with transaction.atomic(using="owner"):
        ask("CREATE TABLE forgotten (shop_id bigint, id bigint)", using="owner")
        assert ask(UNPROTECTED, using="owner") == [("forgotten",)]
        transaction.set_rollback(True, using="owner")


def test_whatever_points_to_a_shop_is_a_shop_model():
    strays = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.local_fields
        # A view is not a table: whose rows it shows is held by OWNERS_VIEWS.
        if model._meta.managed
        and field.is_relation
        and not issubclass(model, ShopModel)
        # A table of links between two shop tables would be one without a shop of its own.
        and (field.related_model is Shop or issubclass(field.related_model, ShopModel))
    ]
    assert strays == []


@pytest.mark.parametrize("table", TABLES)
def test_every_key_begins_with_the_shop(table):
    keys = {name: columns for of, name, columns in ask(KEYS) if of == table}
    assert ["shop_id", "id"] in keys.values()
    assert [name for name, columns in keys.items() if columns[0] != "shop_id"] == []


@pytest.mark.parametrize("model", shop_models(), ids=lambda model: model._meta.label)
def test_every_relation_within_a_shop_is_held_by_a_composite_foreign_key(model):
    held = {
        (target, tuple(columns))
        for table, target, columns, _ in ask(FOREIGN_KEYS)
        if table == model._meta.db_table
    }
    wanted = {
        (field.related_model._meta.db_table, ("shop_id", field.column)) for field in shop_relations(model)
    }
    assert wanted <= held


def test_no_foreign_key_between_tables_of_a_shop_leaves_the_shop_out():
    plain = [
        (table, columns)
        for table, target, columns, targets in ask(FOREIGN_KEYS)
        if target in TABLES and (columns[0], targets) != ("shop_id", ["shop_id", "id"])
    ]
    assert plain == []


@pytest.mark.parametrize("model", shop_models(), ids=lambda model: model._meta.label)
def test_rows_that_are_only_ever_added_cannot_be_changed_by_the_web_role(model):
    table = model._meta.db_table
    may = [
        ask("SELECT has_table_privilege(%s, %s)", table, what)[0][0]
        for what in ("SELECT", "INSERT", "UPDATE")
    ]
    assert may == [True, True, not model.append_only]
    assert ask("SELECT has_table_privilege(%s, 'DELETE')", table)[0][0] is not model.append_only


@pytest.mark.parametrize("what", ["TRUNCATE", "REFERENCES", "TRIGGER"])
def test_the_web_role_is_given_rows_and_not_tables(what):
    """TRUNCATE and foreign keys look through the policies, and a trigger runs as whoever writes next.

    What is granted here and not what is held: the tests themselves tidy up by TRUNCATE.
    """
    with transaction.atomic(using="owner"):
        ask(f'REVOKE TRUNCATE ON ALL TABLES IN SCHEMA public FROM "{settings.WEB_ROLE}"', using="owner")
        with connections["owner"].cursor() as cursor:
            rls._grant(cursor, [])
        held = ask(
            """SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
               AND has_table_privilege(%s, oid, %s)""",
            settings.WEB_ROLE,
            what,
            using="owner",
        )
        transaction.set_rollback(True, using="owner")
    assert held == []


def test_the_web_role_may_not_touch_the_history_of_migrations_or_make_tables():
    assert not ask("SELECT has_table_privilege('django_migrations', 'INSERT, UPDATE, DELETE')")[0][0]
    assert not ask("SELECT has_schema_privilege('public', 'CREATE')")[0][0]


def test_no_view_looks_through_the_policies():
    assert ask(OWNERS_VIEWS) == []
    with transaction.atomic(using="owner"):
        ask("CREATE VIEW everybody AS SELECT * FROM customers_customer", using="owner")
        assert ask(OWNERS_VIEWS, using="owner") == [("everybody",)]
        transaction.set_rollback(True, using="owner")


def test_what_runs_with_the_owners_rights_only_renews_statistics():
    found = ask(
        """SELECT proname, prosrc, coalesce(array_to_string(proconfig, ' '), '') FROM pg_proc
           WHERE prosecdef AND pronamespace = 'public'::regnamespace"""
    )
    for name, body, settings_of in found:
        assert re.search(r"analyze|statistics", name), name
        assert not re.search(r"\b(insert|update|delete|customers_\w+ where)\b", body, re.IGNORECASE), name
        # Without it a caller could put a table of their own in front of ours.
        assert "search_path=" in settings_of, name


def test_the_check_command_refuses_a_role_above_the_policies(monkeypatch):
    assert checks.web_role_is_bound(None, databases=["default"]) == []
    # The owner stands in for the web role: it owns the tables, and may so undo every policy.
    monkeypatch.setattr(checks, "connections", {"default": connections["owner"]})
    assert [error.id for error in checks.web_role_is_bound(None, databases=["default"])] == ["shops.E002"]


@pytest.fixture
def superuser():
    """The connection of a login that PostgreSQL holds to nothing, as DATABASE_URL could name one."""
    made = connections["default"].copy()
    made.settings_dict["USER"] = "postgres"
    yield made
    made.close()


def test_migrate_refuses_a_web_role_that_no_policy_holds(monkeypatch, superuser):
    monkeypatch.setattr(migrate.Command, "handle", lambda *args, **options: None)
    call_command("migrate")
    monkeypatch.setattr(checks, "connections", {"default": superuser})
    with pytest.raises(CommandError, match="“postgres” is not bound by row-level security"):
        call_command("migrate")
    monkeypatch.setattr(checks, "connections", {"default": connections["owner"]})
    with pytest.raises(CommandError, match="owns the tables; give the owner a role of its own"):
        call_command("migrate")


def test_the_tests_run_in_the_role_that_the_web_has():
    assert connection.settings_dict["USER"] == settings.WEB_ROLE
