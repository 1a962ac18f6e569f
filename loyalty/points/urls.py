"""The points ledger's doors."""

from django.urls import path

from loyalty.access import FORM, OWNER_ONLY, Access

from . import views

app_name = "points"
urlpatterns = [
    path("", views.settings, name="settings"),
]

ACCESS = {
    "settings": Access(OWNER_ONLY, FORM),
}
