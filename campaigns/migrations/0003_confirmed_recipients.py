from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0002_digest"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="confirmed_recipients",
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="audiencemember",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("no_consent", "Has not agreed to messages"),
                    ("invalid_phone", "Has no valid mobile number"),
                    ("frequency_cap", "Has had enough messages lately"),
                    ("over_confirmed", "Was one more than had been confirmed"),
                ],
                max_length=14,
            ),
        ),
    ]
