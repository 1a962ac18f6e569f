from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("segmentation", "0015_pictures"),
    ]

    operations = [
        migrations.AddField(
            model_name="ownsegment",
            name="frozen_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
