"""The campaigns' doors, and those of the sandbox phone."""

from django.urls import path

from campaigns import views
from loyalty.access import FORM, MARKETING, READ, WRITE, Access

app_name = "campaigns"
urlpatterns = [
    path("digest/", views.digest, name="digest"),
    path("campaigns/", views.campaign_list, name="campaign_list"),
    path("campaigns/new/", views.campaign_create, name="campaign_create"),
    path("campaigns/preview/", views.campaign_preview, name="campaign_preview"),
    path("campaigns/people/", views.campaign_people, name="campaign_people"),
    path("campaigns/<int:pk>/", views.campaign_detail, name="campaign_detail"),
    path("campaigns/<int:pk>/edit/", views.campaign_edit, name="campaign_edit"),
    path("campaigns/<int:pk>/delete/", views.campaign_delete, name="campaign_delete"),
    path("campaigns/<int:pk>/launch/", views.campaign_launch, name="campaign_launch"),
    path("campaigns/<int:pk>/pause/", views.campaign_pause, name="campaign_pause"),
    path("campaigns/<int:pk>/resume/", views.campaign_resume, name="campaign_resume"),
    path("campaigns/<int:pk>/cancel/", views.campaign_cancel, name="campaign_cancel"),
    path("campaigns/<int:pk>/uncertain/", views.campaign_uncertain, name="campaign_uncertain"),
    path("campaigns/<int:pk>/people/", views.campaign_audience, name="campaign_audience"),
    path("sandbox/", views.sandbox, name="sandbox"),
    path("sandbox/<int:pk>/", views.sandbox_conversation, name="sandbox_conversation"),
    path("sandbox/<int:pk>/reply/", views.sandbox_reply, name="sandbox_reply"),
    path("sandbox/faults/", views.sandbox_faults, name="sandbox_faults"),
    path("sandbox/line/", views.sandbox_line, name="sandbox_line"),
    path("sandbox/clear/", views.sandbox_clear, name="sandbox_clear"),
]

ACCESS = {
    "digest": Access(MARKETING, READ),
    "campaign_list": Access(MARKETING, READ),
    "campaign_create": Access(MARKETING, FORM),
    "campaign_preview": Access(MARKETING, WRITE),
    "campaign_people": Access(MARKETING, READ),
    "campaign_detail": Access(MARKETING, READ),
    "campaign_edit": Access(MARKETING, FORM),
    "campaign_delete": Access(MARKETING, WRITE),
    "campaign_launch": Access(MARKETING, WRITE),
    "campaign_pause": Access(MARKETING, WRITE),
    "campaign_resume": Access(MARKETING, WRITE),
    "campaign_cancel": Access(MARKETING, WRITE),
    "campaign_uncertain": Access(MARKETING, WRITE),
    "campaign_audience": Access(MARKETING, READ),
    "sandbox": Access(MARKETING, READ),
    "sandbox_conversation": Access(MARKETING, READ),
    "sandbox_reply": Access(MARKETING, WRITE),
    "sandbox_faults": Access(MARKETING, WRITE),
    "sandbox_line": Access(MARKETING, WRITE),
    "sandbox_clear": Access(MARKETING, WRITE),
}
