import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0002_stale_facts"),
        ("segmentation", "0011_goods_and_hours"),
    ]

    operations = [
        # The one-to-one field is unique already.
        migrations.RemoveConstraint(model_name="customerscore", name="one_score_per_customer"),
        migrations.AddField(model_name="customerscore", name="changes_on", field=models.DateField(null=True)),
        migrations.AddField(
            model_name="customerscore",
            name="days",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.DateField(), null=True, size=None
            ),
        ),
        migrations.AddField(model_name="scorerun", name="is_whole", field=models.BooleanField(default=True)),
        migrations.AddIndex(
            model_name="customerscore",
            index=models.Index(fields=["shop", "changes_on", "customer"], name="score_by_change"),
        ),
    ]
