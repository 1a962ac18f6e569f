"""The segments' doors."""

from django.urls import path

from loyalty.access import FORM, MARKETING, OWNER_ONLY, WRITE, Access

from . import views

app_name = "segmentation"
urlpatterns = [
    path("", views.segment_list, name="segment_list"),
    path("lifecycle/", views.stage_list, name="stage_list"),
    path("value/", views.quadrant_list, name="quadrant_list"),
    path("pareto/", views.pareto, name="pareto"),
    path("outlook/", views.outlook, name="outlook"),
    path("outlook/calibration/", views.calibration, name="calibration"),
    path("changes/", views.changes, name="changes"),
    path("settings/", views.scheme, name="scheme"),
    path("settings/names/", views.scheme_names, name="scheme_names"),
    path("settings/map/", views.scheme_map, name="scheme_map"),
    path("settings/value/", views.scheme_value, name="scheme_value"),
    path("settings/preview/", views.scheme_preview, name="scheme_preview"),
    path("settings/apply/", views.scheme_apply, name="scheme_apply"),
    path("settings/undo/", views.scheme_undo, name="scheme_undo"),
    path("settings/discard/", views.scheme_discard, name="scheme_discard"),
    path("settings/refresh/", views.scheme_refresh, name="scheme_refresh"),
    path("settings/versions/", views.scheme_versions, name="scheme_versions"),
    path("settings/versions/<int:number>/", views.scheme_restore, name="scheme_restore"),
    path("reports/", views.cohorts, name="cohorts"),
    path("reports/rhythm/", views.rhythm, name="rhythm"),
    path("reports/people/", views.people, name="people"),
    path("reports/people/quality/", views.data_quality, name="data_quality"),
    path("reports/personas/", views.personas, name="personas"),
    path("reports/personas/<slug:kind>/<slug:key>/", views.persona, name="persona"),
    path("reports/likeness/", views.clusters, name="clusters"),
]
ACCESS = {
    "segment_list": Access(MARKETING),
    "stage_list": Access(MARKETING),
    "quadrant_list": Access(MARKETING),
    "pareto": Access(MARKETING),
    "outlook": Access(MARKETING),
    "calibration": Access(MARKETING),
    "changes": Access(MARKETING),
    "scheme": Access(OWNER_ONLY, FORM),
    "scheme_names": Access(OWNER_ONLY, FORM),
    "scheme_map": Access(OWNER_ONLY, FORM),
    "scheme_value": Access(OWNER_ONLY, FORM),
    "scheme_preview": Access(OWNER_ONLY),
    "scheme_apply": Access(OWNER_ONLY, WRITE),
    "scheme_undo": Access(OWNER_ONLY, WRITE),
    "scheme_discard": Access(OWNER_ONLY, WRITE),
    "scheme_refresh": Access(OWNER_ONLY, WRITE),
    "scheme_versions": Access(OWNER_ONLY),
    "scheme_restore": Access(OWNER_ONLY, WRITE),
    "cohorts": Access(MARKETING),
    "rhythm": Access(MARKETING),
    "people": Access(MARKETING),
    "data_quality": Access(MARKETING),
    "personas": Access(MARKETING),
    "persona": Access(MARKETING),
    "clusters": Access(MARKETING, FORM),
}
