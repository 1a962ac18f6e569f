from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("segmentation", "0014_frequent"),
    ]

    operations = [
        migrations.AddField(
            model_name="scorerun",
            name="pictures",
            field=models.JSONField(default=dict),
        ),
    ]
