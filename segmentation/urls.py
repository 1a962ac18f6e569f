"""The segments' doors."""

from loyalty.access import Access

app_name = "segmentation"
urlpatterns: list = []
ACCESS: dict[str, Access] = {}
