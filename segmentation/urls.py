"""The segments' doors."""

from django.urls import path

from loyalty.access import FORM, MARKETING, OWNER_ONLY, Access

from . import views

app_name = "segmentation"
urlpatterns = [
    path("", views.segment_list, name="segment_list"),
    path("lifecycle/", views.stage_list, name="stage_list"),
    path("value/", views.quadrant_list, name="quadrant_list"),
    path("pareto/", views.pareto, name="pareto"),
    path("settings/", views.scheme, name="scheme"),
    path("reports/", views.cohorts, name="cohorts"),
    path("reports/people/", views.people, name="people"),
    path("reports/people/quality/", views.data_quality, name="data_quality"),
    path("reports/likeness/", views.clusters, name="clusters"),
]
ACCESS = {
    "segment_list": Access(MARKETING),
    "stage_list": Access(MARKETING),
    "quadrant_list": Access(MARKETING),
    "pareto": Access(MARKETING),
    "scheme": Access(OWNER_ONLY, FORM),
    "cohorts": Access(MARKETING),
    "people": Access(MARKETING),
    "data_quality": Access(MARKETING),
    "clusters": Access(MARKETING, FORM),
}
