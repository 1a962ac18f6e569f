from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tiers", "0001_initial"),
    ]

    operations = [
        migrations.AddField("tiermembership", "value", models.BigIntegerField(default=0)),
        migrations.AddField("tiermembership", "orders", models.IntegerField(default=0)),
        migrations.AddField("tiermembership", "refunds", models.IntegerField(default=0)),
        migrations.AddField("tiermembership", "is_estimated", models.BooleanField(default=False)),
        migrations.AddField("tiermembership", "version_number", models.IntegerField(null=True)),
    ]
