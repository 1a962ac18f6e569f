"""Refuses a database role that would silently switch row-level security off."""

from __future__ import annotations

from django.core.checks import Error, Tags, register
from django.db import connections


@register(Tags.database)
def web_role_is_bound(app_configs, databases=None, **_) -> list[Error]:
    """A superuser, or a role with BYPASSRLS, sees every shop whatever the policies say."""
    if "default" not in (databases or ()):
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        role, unbound = cursor.fetchone()
    if unbound:
        return [Error(f"The web role {role!r} is not bound by row-level security.", id="shops.E001")]
    return []
