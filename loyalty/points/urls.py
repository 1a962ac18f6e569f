"""The points ledger's doors."""

from loyalty.access import Access

app_name = "points"
urlpatterns: list = []
ACCESS: dict[str, Access] = {}
