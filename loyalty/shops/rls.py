"""Row-level security: after every migration each table of a shop is keyed, tied and closed by shop.

One idempotent walk over the models instead of a migration per table, so that a new table cannot be forgotten.
`tests/shops/test_rls.py` asks the database catalogue whether it really is so.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.db import connection, connections, models, transaction

from .fields import ShopModel

OWNER = "owner"

# After a transaction that used it a setting reads '' and not NULL, and ''::bigint is an error: so nullif.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION current_shop_id() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('app.shop_id', true), '')::bigint $$;
CREATE OR REPLACE FUNCTION current_user_id() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('app.user_id', true), '')::bigint $$;
CREATE OR REPLACE FUNCTION sees_every_shop() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT coalesce(current_setting('app.every_shop', true), '') = 'on' $$;
CREATE OR REPLACE FUNCTION refresh_statistics(VARIADIC names text[]) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE one text;
BEGIN
    FOR one IN SELECT relname FROM pg_class
               WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                     AND pg_get_userbyid(relowner) = current_user AND relname = ANY(names)
               ORDER BY relname
    LOOP
        EXECUTE format('ANALYZE public.%I', one);
    END LOOP;
END $$;
"""

# (SELECT …) makes the planner ask once a statement and not once a row.
OWN_ROWS = "shop_id = (SELECT current_shop_id())"
OWN_SHOP = "id = (SELECT current_shop_id())"
POLICIES = {
    "shops_shop": {
        "SELECT": f"{OWN_SHOP} OR (SELECT sees_every_shop()) OR id IN (SELECT shop_id FROM shops_staffmember"
        " WHERE is_active AND user_id = (SELECT current_user_id()))",
        "INSERT": "(SELECT sees_every_shop())",
        "UPDATE": OWN_SHOP,
        "DELETE": OWN_SHOP,
    },
    # A person must find their memberships before a shop is chosen.
    "shops_staffmember": {
        "SELECT": f"{OWN_ROWS} OR user_id = (SELECT current_user_id())",
        "INSERT": OWN_ROWS,
        "UPDATE": OWN_ROWS,
        "DELETE": OWN_ROWS,
    },
}


def shop_models() -> list[type[ShopModel]]:
    """Return every concrete model whose rows belong to a shop."""
    return [model for model in apps.get_models() if issubclass(model, ShopModel)]


def shop_relations(model: type[models.Model]) -> Iterator[models.ForeignKey]:
    """Yield the foreign keys of `model` that point to another table of the shop."""
    for field in model._meta.local_fields:
        if isinstance(field, models.ForeignKey) and issubclass(field.related_model, ShopModel):
            yield field


def secure_after_migrate(sender, using: str, **_) -> None:
    """Secure the tables after a `migrate` by their owner (a flush by the web role also says post_migrate)."""
    if using == OWNER:
        secure_tables()


def secure_tables() -> None:
    """Give every shop table its composite keys and foreign keys, forced policies, and the web its grants."""
    with connections[OWNER].cursor() as cursor:
        tables = set(connections[OWNER].introspection.table_names(cursor))
        if "shops_shop" not in tables:
            return
        cursor.execute(FUNCTIONS)
        _ensure_web_role(cursor)
        present = [model for model in shop_models() if model._meta.db_table in tables]
        for model in present:
            _key_by_shop(cursor, model)
        for model in present:
            for field in shop_relations(model):
                if field.related_model._meta.db_table in tables:
                    _tie(cursor, model._meta.db_table, field)
        for table in ["shops_shop", *(model._meta.db_table for model in present)]:
            # In one step each, so that a running shop never meets a table between two policies or grants.
            with transaction.atomic(using=OWNER):
                _close(cursor, table)
        with transaction.atomic(using=OWNER):
            _grant(cursor, [model._meta.db_table for model in present if model.append_only])


def refresh_statistics(*loaded: type[models.Model]) -> None:
    """Tell the planner what the tables of `loaded` hold now, as after a large load.

    It would find out a minute too late by itself, and until then takes half a million new rows for none. Only
    the owner may ANALYZE, so this goes through a function of theirs. The tables stay readable and writable; a
    second caller waits for the first one's transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT refresh_statistics(VARIADIC %s)", [[model._meta.db_table for model in loaded]])


def _ensure_web_role(cursor) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [settings.WEB_ROLE])
    if not cursor.fetchone():
        cursor.execute(f'CREATE ROLE "{settings.WEB_ROLE}" NOLOGIN')
        cursor.execute(f'GRANT "{settings.WEB_ROLE}" TO CURRENT_USER')


def _constraints(cursor, table: str) -> dict[str, tuple[str, list[str]]]:
    """Return {name: (kind, columns in order)} of the table's keys; kind is p, u or f."""
    cursor.execute(
        """SELECT conname, contype, ARRAY(SELECT attname FROM unnest(conkey) WITH ORDINALITY k(n, i)
                  JOIN pg_attribute ON attrelid = conrelid AND attnum = k.n ORDER BY k.i)
           FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('p', 'u', 'f')""",
        [f'"{table}"'],
    )
    return {name: (kind, columns) for name, kind, columns in cursor.fetchall()}


def _key_by_shop(cursor, model: type[models.Model]) -> None:
    """Lead the primary key, and the uniqueness of every one-to-one field, by shop_id."""
    table = model._meta.db_table
    for name, (kind, columns) in _constraints(cursor, table).items():
        if kind in "pu" and columns[0] != "shop_id":
            what = "PRIMARY KEY" if kind == "p" else "UNIQUE"
            names = ", ".join(f'"{column}"' for column in ["shop_id", *columns])
            cursor.execute(
                f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}", ADD CONSTRAINT "{name}" {what} ({names})'
            )


def _tie(cursor, table: str, field: models.ForeignKey) -> None:
    """Add the composite foreign key of `field`, and an index that begins like it, where they are missing."""
    column, target = field.column, field.related_model._meta.db_table
    name = f"{table}_{column}_shop_fk"
    if name not in _constraints(cursor, table):
        cursor.execute(
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY (shop_id, "{column}")'
            f' REFERENCES "{target}" (shop_id, id)'
        )
    cursor.execute(
        """SELECT 1 FROM pg_index i
           WHERE i.indrelid = %s::regclass AND i.indnkeyatts > 1 AND i.indpred IS NULL
           AND ARRAY(SELECT attname::text FROM unnest(i.indkey) WITH ORDINALITY k(n, p)
                     JOIN pg_attribute ON attrelid = i.indrelid AND attnum = k.n
                     WHERE k.p <= 2 ORDER BY k.p) = %s::text[]""",
        [f'"{table}"', ["shop_id", column]],
    )
    if not cursor.fetchone():
        cursor.execute(f'CREATE INDEX "{table}_{column}_shop_idx" ON "{table}" (shop_id, "{column}")')


def _close(cursor, table: str) -> None:
    """Enable and force row-level security and lay down the table's policies."""
    cursor.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY')
    cursor.execute("SELECT policyname FROM pg_policies WHERE tablename = %s", [table])
    for (name,) in cursor.fetchall():
        cursor.execute(f'DROP POLICY "{name}" ON "{table}"')
    for action, rule in POLICIES.get(table, {"ALL": OWN_ROWS}).items():
        using = "" if action == "INSERT" else f" USING ({rule})"
        check = "" if action in ("SELECT", "DELETE") else f" WITH CHECK ({rule})"
        cursor.execute(f'CREATE POLICY "shop_{action.lower()}" ON "{table}" FOR {action}{using}{check}')


def _grant(cursor, append_only: list[str]) -> None:
    role = f'"{settings.WEB_ROLE}"'
    cursor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
    cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
    cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}")
    cursor.execute("REVOKE EXECUTE ON FUNCTION refresh_statistics(VARIADIC text[]) FROM PUBLIC")
    cursor.execute(f"GRANT EXECUTE ON FUNCTION refresh_statistics(VARIADIC text[]) TO {role}")
    for table in append_only:
        cursor.execute(f'REVOKE UPDATE, DELETE ON "{table}" FROM {role}')
