"""The counter's doors."""

from django.urls import path

from loyalty.access import EVERYONE, READ, WRITE, Access

from . import views

app_name = "counter"
urlpatterns = [
    path("", views.counter, name="counter"),
    path("find/", views.find, name="find"),
    path("person/", views.person, name="person"),
    path("quote/", views.quote, name="quote"),
    path("record/", views.record, name="record"),
    path("take-back/", views.take_back, name="take_back"),
    path("give/", views.give, name="give"),
    path("join/", views.join, name="join"),
]

ACCESS = {
    "counter": Access(EVERYONE, READ),
    "find": Access(EVERYONE, WRITE),
    "person": Access(EVERYONE, WRITE),
    "quote": Access(EVERYONE, READ),
    "record": Access(EVERYONE, WRITE),
    "take_back": Access(EVERYONE, WRITE),
    "give": Access(EVERYONE, WRITE),
    "join": Access(EVERYONE, WRITE),
}
