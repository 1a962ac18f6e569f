"""The counter's doors."""

from loyalty.access import Access

app_name = "counter"
urlpatterns: list = []
ACCESS: dict[str, Access] = {}
