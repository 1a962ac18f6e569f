"""The table of Django's database cache, which has no model: it keeps the sign-in limits."""

from django.core.management import call_command
from django.db import migrations


def create(apps, schema_editor) -> None:
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


def drop(apps, schema_editor) -> None:
    schema_editor.execute("DROP TABLE cache_entry")


class Migration(migrations.Migration):
    dependencies = [("shops", "0002_nights")]

    operations = [migrations.RunPython(create, drop)]
