from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ingest", "0002_staged_rows_are_unlogged")]

    operations = [
        migrations.AddField(
            model_name="stagedrow", name="with_sale", field=models.BooleanField(db_default=False)
        ),
    ]
