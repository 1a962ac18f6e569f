from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0002_stale_facts")]

    operations = [
        migrations.AddField(
            model_name="refund",
            name="came_with_order",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
