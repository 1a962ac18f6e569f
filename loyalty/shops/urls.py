"""The shop's own doors: settings, staff, switching."""

from loyalty.access import Access

app_name = "shops"
urlpatterns: list = []
ACCESS: dict[str, Access] = {}
