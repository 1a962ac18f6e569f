from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("segmentation", "0021_units"),
    ]

    operations = [
        # First the new one: tills and lists can read while it is made.
        migrations.AddIndex(
            model_name="customerscore",
            index=models.Index(
                fields=["shop", "stage", "customer"],
                include=(
                    "segment",
                    "last_order_on",
                    "expected_on",
                    "lifetime_orders",
                    "lifetime_amount",
                    "monetary_amount",
                ),
                name="score_by_stage_with",
            ),
        ),
        migrations.RemoveIndex(
            model_name="customerscore",
            name="score_by_stage",
        ),
        # An index is read alone only where nothing was written since the last VACUUM. A night of a large shop writes a
        # twentieth of its rows, on most of the pages; by itself the server would wait for a fifth.
        migrations.RunSQL(
            "ALTER TABLE segmentation_customerscore SET (autovacuum_vacuum_scale_factor = 0.02)",
            "ALTER TABLE segmentation_customerscore RESET (autovacuum_vacuum_scale_factor)",
        ),
    ]
