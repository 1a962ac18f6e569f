from django.db import migrations

# Until now every save froze anew. Rows are closed even to their owner while row-level security is forced.
SINCE = """
ALTER TABLE segmentation_ownsegment NO FORCE ROW LEVEL SECURITY;
UPDATE segmentation_ownsegment SET frozen_at = updated_at WHERE kind = 'frozen';
ALTER TABLE segmentation_ownsegment FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("segmentation", "0016_frozen_at"),
    ]

    operations = [
        migrations.RunSQL(SINCE, migrations.RunSQL.noop),
    ]
