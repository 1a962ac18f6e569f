from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("segmentation", "0018_versions_stand"),
    ]

    operations = [
        migrations.AddField(
            model_name="customerscore",
            name="category_gap_days",
            field=models.FloatField(null=True),
        ),
        migrations.AlterField(
            model_name="customerscore",
            name="gap_source",
            field=models.CharField(
                blank=True,
                choices=[
                    ("own_and_category", "Own And Category"),
                    ("category", "Category"),
                    ("own_and_shop", "Own And Shop"),
                    ("shop", "Shop"),
                    ("own_and_default", "Own And Default"),
                    ("default", "Default"),
                ],
                max_length=16,
            ),
        ),
    ]
