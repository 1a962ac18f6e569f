"""The tiers' doors."""

from django.urls import path

from loyalty.access import FORM, MARKETING, OWNER_ONLY, READ, WRITE, Access

from . import views

app_name = "tiers"
urlpatterns = [
    path("", views.programme, name="programme"),
    path("movers/", views.movers, name="movers"),
    path("apply/", views.apply, name="apply"),
    path("start/", views.start, name="start"),
    path("versions/<int:number>/undo/", views.undo, name="undo"),
    path("<int:rank>/benefits/new/", views.benefit_add, name="benefit_add"),
    path("benefits/<int:pk>/", views.benefit_edit, name="benefit_edit"),
    path("benefits/<int:pk>/remove/", views.benefit_remove, name="benefit_remove"),
]

ACCESS = {
    "programme": Access(MARKETING, READ),
    "movers": Access(MARKETING, READ),
    "apply": Access(OWNER_ONLY, WRITE),
    "start": Access(OWNER_ONLY, WRITE),
    "undo": Access(OWNER_ONLY, WRITE),
    "benefit_add": Access(OWNER_ONLY, FORM),
    "benefit_edit": Access(OWNER_ONLY, FORM),
    "benefit_remove": Access(OWNER_ONLY, WRITE),
}
