"""The imports' doors."""

from django.urls import path

from loyalty.access import FORM, MARKETING, OWNER_ONLY, READ, WRITE, Access

from . import views

app_name = "ingest"
urlpatterns = [
    path("", views.import_list, name="import_list"),
    path("new/", views.import_add, name="import_add"),
    path("sample/", views.import_sample, name="import_sample"),
    path("<int:pk>/", views.import_detail, name="import_detail"),
    path("<int:pk>/columns/", views.import_map, name="import_map"),
    path("<int:pk>/cancel/", views.import_cancel, name="import_cancel"),
    path("<int:pk>/again/", views.import_again, name="import_again"),
    path("<int:pk>/refused/", views.import_rejects, name="import_rejects"),
]
# A marketer may see what was brought in, not whom a file is about.
ACCESS = {
    "import_list": Access(MARKETING, READ),
    "import_add": Access(OWNER_ONLY, FORM),
    "import_sample": Access(MARKETING, READ),
    "import_detail": Access(MARKETING, READ),
    "import_map": Access(OWNER_ONLY, FORM),
    "import_cancel": Access(OWNER_ONLY, WRITE),
    "import_again": Access(OWNER_ONLY, WRITE),
    "import_rejects": Access(OWNER_ONLY, WRITE),
}
