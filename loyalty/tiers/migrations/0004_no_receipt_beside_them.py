from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("tiers", "0003_receipts_move"),
    ]

    operations = [
        migrations.RemoveField("tiermembership", "receipt"),
    ]
