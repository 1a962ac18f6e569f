"""The way about: what the visitor's role may open, for the side bar and the tab bar."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from loyalty.access import REGISTRY

# (route, label, icon, stands in the phone's tab bar)
ENTRIES = (
    ("overview", _("Overview"), "home", True),
    ("campaigns:digest", _("The week"), "news", False),
    ("counter:counter", _("Counter"), "cash-register", True),
    ("customers:customer_list", _("Customers"), "users", True),
    ("segmentation:segment_list", _("Segments"), "grid-dots", False),
    ("segmentation:cohorts", _("Reports"), "report-analytics", False),
    ("tiers:programme", _("Tiers"), "stairs-up", False),
    ("campaigns:campaign_list", _("Campaigns"), "message", True),
    ("ingest:import_list", _("Imports"), "file-import", False),
    ("campaigns:sandbox", _("Sandbox phone"), "device-mobile", False),
    ("shops:settings", _("Settings"), "settings", False),
)
# What sets the club up stands apart from the screens of every day.
SETUP = {"ingest:import_list", "campaigns:sandbox", "shops:settings"}


def navigation(request: HttpRequest) -> dict:
    """Context processor: `nav` (what this role may open) and `nav_shops` (the visitor's memberships)."""
    # A table has a context for every cell of it.
    if not hasattr(request, "navigation"):
        request.navigation = _navigation(request)
    return request.navigation


def _navigation(request: HttpRequest) -> dict:
    staff = getattr(request, "staff", None)
    if staff is None:
        return {"nav": [], "nav_shops": []}
    urls = {route: reverse(route) for route, *_rest in ENTRIES if route in REGISTRY}
    here = _nearest(request.path, urls.values())
    entries = []
    for route, label, icon, on_phone in ENTRIES:
        if route not in REGISTRY or staff.role not in REGISTRY[route].roles:
            continue
        url = urls[route]
        entry = {"url": url, "label": label, "icon": icon, "active": url == here, "on_phone": on_phone}
        entry["is_setup"] = route in SETUP
        entry["begins_group"] = bool(entries) and entry["is_setup"] and not entries[-1]["is_setup"]
        entries.append(entry)
    return {"nav": entries, "nav_shops": request.memberships}


def _nearest(path: str, urls: Iterable[str]) -> str | None:
    """Return the address that `path` lies under, the longest of several; the overview is only itself."""
    under = [url for url in urls if path == url or (url != "/" and path.startswith(url))]
    return max(under, key=len, default=None)
