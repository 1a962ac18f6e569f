from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("segmentation", "0012_kept_facts"),
    ]

    operations = [
        # The one-to-one is unique already; a second index is written a million times a week for nothing.
        migrations.RemoveConstraint(model_name="customeroutlook", name="one_outlook_per_customer"),
        migrations.RunSQL(
            "ALTER TABLE segmentation_customeroutlook SET (fillfactor = 45)",
            "ALTER TABLE segmentation_customeroutlook RESET (fillfactor)",
        ),
    ]
