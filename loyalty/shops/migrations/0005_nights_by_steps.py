"""A night goes by steps: its row says when it was last seen at work, no longer when it began."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("shops", "0004_weeks"),
    ]

    operations = [
        migrations.RenameField(model_name="nightrun", old_name="started_at", new_name="seen_at"),
    ]
