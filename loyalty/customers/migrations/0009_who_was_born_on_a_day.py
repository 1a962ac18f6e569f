from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0008_who_bought_on_a_day"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                fields=["shop", "birth_on"],
                condition=models.Q(("birth_on__isnull", False)),
                name="customer_by_birth",
            ),
        ),
    ]
