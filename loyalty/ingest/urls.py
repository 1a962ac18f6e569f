"""The imports' doors."""

from loyalty.access import Access

app_name = "ingest"
urlpatterns: list = []
ACCESS: dict[str, Access] = {}
