"""How sales arrive: files today, read with care and brought in by sets."""

from django.apps import AppConfig


class IngestConfig(AppConfig):
    name = "loyalty.ingest"
    label = "ingest"
