from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_returns_that_came_with_their_order")]

    operations = [
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("net_amount__gte", 0)), name="an_order_takes_no_money_away"
            ),
        ),
    ]
