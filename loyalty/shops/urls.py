"""The shop's own doors: settings, staff, the audit list, switching, and the way in for the invited."""

from django.urls import path

from loyalty.access import FORM, OWNER_ONLY, PUBLIC, SIGNED_IN, WRITE, Access

from . import views

app_name = "shops"
urlpatterns = [
    path("settings/", views.settings, name="settings"),
    path("settings/staff/", views.staff_list, name="staff_list"),
    path("settings/staff/<int:pk>/role/", views.staff_role, name="staff_role"),
    path("settings/staff/<int:pk>/remove/", views.staff_remove, name="staff_remove"),
    path("settings/staff/<int:pk>/restore/", views.staff_restore, name="staff_restore"),
    path("settings/staff/invitations/<int:pk>/renew/", views.invitation_renew, name="invitation_renew"),
    path(
        "settings/staff/invitations/<int:pk>/withdraw/", views.invitation_withdraw, name="invitation_withdraw"
    ),
    path("settings/audit/", views.audit_list, name="audit_list"),
    path("profile/", views.profile, name="profile"),
    path("switch/", views.shop_switch, name="shop_switch"),
    path("no-shop/", views.no_shop, name="no_shop"),
    path("join/<slug:slug>/<str:token>/", views.invitation_accept, name="invitation_accept"),
]
ACCESS = {
    "settings": Access(OWNER_ONLY, FORM),
    "staff_list": Access(OWNER_ONLY, FORM),
    "staff_role": Access(OWNER_ONLY, WRITE),
    "staff_remove": Access(OWNER_ONLY, WRITE),
    "staff_restore": Access(OWNER_ONLY, WRITE),
    "invitation_renew": Access(OWNER_ONLY, FORM),
    "invitation_withdraw": Access(OWNER_ONLY, WRITE),
    "audit_list": Access(OWNER_ONLY),
    "profile": Access(SIGNED_IN, FORM),
    "shop_switch": Access(SIGNED_IN, WRITE),
    "no_shop": Access(SIGNED_IN),
    "invitation_accept": Access(PUBLIC, FORM),
}
