"""The tiers' doors."""

from loyalty.access import Access

app_name = "tiers"
urlpatterns: list = []
ACCESS: dict[str, Access] = {}
