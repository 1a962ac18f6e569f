from django.db import migrations

TABLES = ("ingest_stagedrow", "ingest_stagedperson", "ingest_stagedproduct")


class Migration(migrations.Migration):
    """Rows on their way in need no write-ahead log: they are still in the file."""

    dependencies = [("ingest", "0001_initial")]

    operations = [
        migrations.RunSQL(
            [f"ALTER TABLE {table} SET UNLOGGED" for table in TABLES],
            [f"ALTER TABLE {table} SET LOGGED" for table in TABLES],
        )
    ]
