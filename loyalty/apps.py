from django.apps import AppConfig

# Named here so that every process that sends a task knows the app, and with it the broker.
from loyalty.celery import app as celery_app

__all__ = ["LoyaltyConfig", "celery_app"]


class LoyaltyConfig(AppConfig):
    name = "loyalty"
    label = "loyalty"
