from django.db import migrations, models

QUADRANTS = [
    ("valued_frequent", "Valued and frequent"),
    ("valued_rare", "Valued, seldom here"),
    ("volume", "Frequent"),
    ("occasional", "Occasional"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("segmentation", "0013_outlook_in_place"),
    ]

    operations = [
        migrations.AlterField(
            model_name=model,
            name="quadrant",
            field=models.CharField(blank=True, choices=QUADRANTS, max_length=16),
        )
        for model in ("customerscore", "scorespan")
    ]
