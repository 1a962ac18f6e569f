import django.db.models.deletion
from django.db import migrations, models

import loyalty.shops.scope

# What was kept of a day no longer holds once anything of that day is added, changed or taken out.
FUNCTION = """
CREATE FUNCTION forget_sales_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        DELETE FROM customers_salesday AS kept USING (SELECT DISTINCT shop_id, {day} AS day FROM added) AS touched
        WHERE kept.shop_id = touched.shop_id AND kept.day = touched.day;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM customers_salesday AS kept USING (SELECT DISTINCT shop_id, {day} AS day FROM gone) AS touched
        WHERE kept.shop_id = touched.shop_id AND kept.day = touched.day;
    END IF;
    RETURN NULL;
END $$;
"""
TABLES = {"customers_order": "placed_on", "customers_refund": "refunded_on"}
TRIGGERS = """
CREATE TRIGGER forgets_days_added AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION {function}();
CREATE TRIGGER forgets_days_changed AFTER UPDATE ON {table}
    REFERENCING OLD TABLE AS gone NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION {function}();
CREATE TRIGGER forgets_days_gone AFTER DELETE ON {table}
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION {function}();
"""
UNDO = "".join(
    f"DROP TRIGGER {name} ON {table};"
    for table in TABLES
    for name in ("forgets_days_added", "forgets_days_changed", "forgets_days_gone")
)


def forward(table: str, day: str) -> str:
    function = f"forget_sales_days_of_{table.removeprefix('customers_')}s"
    made = FUNCTION.replace("forget_sales_days", function).format(day=day)
    return made + TRIGGERS.format(table=table, function=function)


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0005_names_searched_without_spaces"),
        ("shops", "0005_nights_by_steps"),
    ]

    operations = [
        migrations.CreateModel(
            name="SalesDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("amount", models.BigIntegerField()),
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
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("shop", "day"), name="one_row_per_day_of_sales")
                ],
            },
        ),
        migrations.RunSQL(
            "".join(forward(table, day) for table, day in TABLES.items()),
            UNDO + "DROP FUNCTION forget_sales_days_of_orders(), forget_sales_days_of_refunds();",
        ),
    ]
