"""Refuses a database role that would silently switch row-level security off."""

from __future__ import annotations

from django.core.checks import Error, Tags, register
from django.db import connections


@register(Tags.database)
def web_role_is_bound(app_configs, databases=None, **_) -> list[Error]:
    """A superuser or a role with BYPASSRLS sees every shop, and the tables' owner may undo the policies."""
    if "default" not in (databases or ()):
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute(
            """SELECT current_user, rolsuper OR rolbypassrls,
                      EXISTS (SELECT 1 FROM pg_tables WHERE tablename = 'shops_shop'
                              AND pg_has_role(current_user, tableowner, 'MEMBER'))
               FROM pg_roles WHERE rolname = current_user"""
        )
        role, is_unbound, is_owner = cursor.fetchone()
    if is_unbound:
        return [
            Error(
                f"The web role “{role}” is not bound by row-level security; give DATABASE_URL a login that is"
                " neither a superuser nor has BYPASSRLS.",
                id="shops.E001",
            )
        ]
    if is_owner:
        return [
            Error(
                f"The web role “{role}” owns the tables; give the owner a role of its own.", id="shops.E002"
            )
        ]
    return []
