"""The customers' doors."""

from loyalty.access import Access

app_name = "customers"
urlpatterns: list = []
ACCESS: dict[str, Access] = {}
