"""The campaigns' doors."""

from loyalty.access import Access

app_name = "campaigns"
urlpatterns: list = []
ACCESS: dict[str, Access] = {}
