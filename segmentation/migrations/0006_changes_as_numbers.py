import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import loyalty.shops.fields
import loyalty.shops.scope
from segmentation import spans

# security_invoker: the policies of whoever asks, not of the view's owner.
VIEW = f"""
CREATE VIEW segmentation_scorespan WITH (security_invoker = true) AS
SELECT history.id * 10000 + number AS id, history.shop_id, history.customer_id,
       {spans.day_sql("change")} AS from_on, {spans.day_sql("next")} AS until_on,
       {", ".join(f"{spans.word_sql(kind, 'change')} AS {kind}" for kind in spans.PLACES)}
FROM segmentation_scorehistory AS history
CROSS JOIN LATERAL unnest(changes, changes[2:]) WITH ORDINALITY AS one(change, next, number)"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0001_initial"),
        ("segmentation", "0005_taste"),
        ("shops", "0003_cache_table"),
    ]

    operations = [
        migrations.DeleteModel(name="ScoreSpan"),
        migrations.CreateModel(
            name="ScoreSpan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
            ],
            options={"managed": False, "db_table": "segmentation_scorespan"},
        ),
        migrations.CreateModel(
            name="ScoreHistory",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "changes",
                    django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None),
                ),
                (
                    "customer",
                    loyalty.shops.fields.ShopOneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="history",
                        to="customers.customer",
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        default=loyalty.shops.scope.current_shop_id,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="shops.shop",
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        migrations.RunSQL(VIEW, "DROP VIEW segmentation_scorespan"),
    ]
