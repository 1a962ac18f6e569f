"""What stands in the way of spreading the shops over several servers by `shop_id`, read from the catalogue.

The rules are those of Citus for distributed tables: every key and unique index holds the distribution column,
a foreign key joins two of them by it or points at a reference table, and triggers run only where they are
allowed to. `docs/scale.md` says what each finding means.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import DEFAULT_DB_ALIAS, connections

from .rls import shop_models

COLUMN = "shop_id"
# Small, and needed beside every shop's rows: a copy of them stands on every server.
REFERENCE = ("shops_shop", "shops_user")


@dataclass
class Findings:
    """Names of tables, or of what belongs to them, by what they are."""

    distributed: list[str] = field(default_factory=list)
    reference: list[str] = field(default_factory=list)
    local: list[str] = field(default_factory=list)
    keys_without_shop: list[str] = field(default_factory=list)
    ties_without_shop: list[str] = field(default_factory=list)
    ties_to_reference: list[str] = field(default_factory=list)
    ties_elsewhere: list[str] = field(default_factory=list)
    ties_from_outside: list[str] = field(default_factory=list)
    triggers: list[str] = field(default_factory=list)
    not_forced: list[str] = field(default_factory=list)
    generated: list[str] = field(default_factory=list)
    definer_functions: list[str] = field(default_factory=list)


_TABLES = """
SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class
WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY 1"""

# Of an index only the key columns count; an expression has the number 0 and no name.
_KEYS = """
SELECT tables.relname, keys.relname, ARRAY(
           SELECT attname::text FROM unnest(indkey::int[]) WITH ORDINALITY AS part(number, place)
           JOIN pg_attribute ON attrelid = indrelid AND attnum = number WHERE place <= indnkeyatts)
FROM pg_index JOIN pg_class AS tables ON tables.oid = indrelid JOIN pg_class AS keys ON keys.oid = indexrelid
WHERE indisunique AND tables.relnamespace = 'public'::regnamespace ORDER BY 1, 2"""

# The two lists in the same order: the columns of a pair stand opposite each other.
_TIES = """
SELECT conname::text, mine.relname, other.relname,
       ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS part(number, place)
             JOIN pg_attribute ON attrelid = conrelid AND attnum = number ORDER BY place),
       ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY AS part(number, place)
             JOIN pg_attribute ON attrelid = confrelid AND attnum = number ORDER BY place)
FROM pg_constraint JOIN pg_class AS mine ON mine.oid = conrelid JOIN pg_class AS other ON other.oid = confrelid
WHERE contype = 'f' AND mine.relnamespace = 'public'::regnamespace ORDER BY 1"""

_TRIGGERS = """
SELECT relname || '.' || tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace ORDER BY 1"""

_GENERATED = """
SELECT relname || '.' || attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE attgenerated <> '' AND relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"""

_DEFINERS = """
SELECT proname::text FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY 1"""


def findings(using: str = DEFAULT_DB_ALIAS) -> Findings:
    """Return what the schema is made of, seen by somebody who would spread it by shop."""
    ours, found = {model._meta.db_table for model in shop_models()}, Findings()
    with connections[using].cursor() as cursor:

        def ask(sql: str) -> list[tuple]:
            cursor.execute(sql)
            return cursor.fetchall()

        for table, is_forced in ask(_TABLES):
            if table in ours:
                found.distributed.append(table)
                if not is_forced:
                    found.not_forced.append(table)
            else:
                (found.reference if table in REFERENCE else found.local).append(table)
        found.keys_without_shop = [
            f"{table}.{key}" for table, key, columns in ask(_KEYS) if table in ours and COLUMN not in columns
        ]
        for name, mine, other, columns, others in ask(_TIES):
            if mine in ours and other in ours:
                if (COLUMN, COLUMN) not in zip(columns, others, strict=True):
                    found.ties_without_shop.append(f"{mine}.{name}")
            elif mine in ours:
                kept = found.ties_to_reference if other in REFERENCE else found.ties_elsewhere
                kept.append(f"{mine}.{name}")
            elif other in ours:
                found.ties_from_outside.append(f"{mine}.{name}")
        found.triggers = [name for (name,) in ask(_TRIGGERS)]
        found.generated = [name for (name,) in ask(_GENERATED)]
        found.definer_functions = [name for (name,) in ask(_DEFINERS)]
    return found
