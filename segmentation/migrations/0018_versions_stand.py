"""A version keeps the cuts it stood by, and one may do nothing but take fresh ones."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("segmentation", "0017_frozen_since"),
    ]

    operations = [
        migrations.AddField(
            model_name="schemeversion",
            name="is_refresh",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="schemeversion",
            name="stand",
            field=models.JSONField(null=True),
        ),
    ]
