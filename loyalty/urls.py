"""Where everything is, and the filling of the access registry from the rooms."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from campaigns import urls as campaigns
from loyalty import views
from loyalty.access import MARKETING, REGISTRY, Access
from loyalty.counter import urls as counter
from loyalty.customers import urls as customers
from loyalty.health import healthz
from loyalty.ingest import urls as ingest
from loyalty.points import urls as points
from loyalty.shops import urls as shops
from loyalty.tiers import urls as tiers
from segmentation import urls as segmentation

urlpatterns = [
    path("", views.overview, name="overview"),
    path("", include("campaigns.urls")),
    path("customers/", include("loyalty.customers.urls")),
    path("segments/", include("segmentation.urls")),
    path("tiers/", include("loyalty.tiers.urls")),
    path("points/", include("loyalty.points.urls")),
    path("counter/", include("loyalty.counter.urls")),
    path("imports/", include("loyalty.ingest.urls")),
    path("", include("loyalty.shops.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
    path("healthz", healthz, name="healthz"),
]

REGISTRY["overview"] = Access(MARKETING, elsewhere="counter:counter", may_lag=True)
for room in (shops, customers, points, segmentation, tiers, ingest, counter, campaigns):
    REGISTRY.update({f"{room.app_name}:{name}": access for name, access in room.ACCESS.items()})
