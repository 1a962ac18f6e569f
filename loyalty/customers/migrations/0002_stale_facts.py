import django.db.models.deletion
from django.db import migrations, models

import loyalty.shops.fields
import loyalty.shops.scope

# Once a statement and not once a row: a file brings thousands of orders with each.
FUNCTIONS = """
CREATE FUNCTION mark_stale_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO customers_stalefacts (shop_id, customer_id)
        SELECT DISTINCT shop_id, customer_id FROM added WHERE customer_id IS NOT NULL;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO customers_stalefacts (shop_id, customer_id)
        SELECT DISTINCT shop_id, customer_id FROM gone WHERE customer_id IS NOT NULL;
    ELSE
        INSERT INTO customers_stalefacts (shop_id, customer_id)
        SELECT shop_id, customer_id FROM added WHERE customer_id IS NOT NULL
        UNION SELECT shop_id, customer_id FROM gone WHERE customer_id IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION mark_new_customers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO customers_stalefacts (shop_id, customer_id) SELECT shop_id, id FROM added;
    RETURN NULL;
END $$;
CREATE TRIGGER marks_added AFTER INSERT ON customers_customer
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION mark_new_customers();
-- Amounts are whole numbers that add up to whole numbers. PostgreSQL's own sum(bigint) counts in numeric, which
-- is slower and comes out as numeric; this one is bigint all through and refuses to overflow.
CREATE AGGREGATE bigint_sum(bigint) (
    SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl, PARALLEL = SAFE
);
"""
TABLES = ("customers_order", "customers_refund", "customers_interaction")
TRIGGERS = "".join(
    f"""
CREATE TRIGGER marks_added AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION mark_stale_facts();
CREATE TRIGGER marks_changed AFTER UPDATE ON {table}
    REFERENCING OLD TABLE AS gone NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION mark_stale_facts();
CREATE TRIGGER marks_gone AFTER DELETE ON {table}
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION mark_stale_facts();
"""
    for table in TABLES
)
UNDO = (
    "".join(
        f"DROP TRIGGER {name} ON {table};"
        for table in TABLES
        for name in ("marks_added", "marks_changed", "marks_gone")
    )
    + """
DROP TRIGGER marks_added ON customers_customer;
DROP FUNCTION mark_stale_facts(), mark_new_customers();
DROP AGGREGATE bigint_sum(bigint);
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0001_initial"),
        ("shops", "0003_cache_table"),
    ]

    operations = [
        migrations.CreateModel(
            name="StaleFacts",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "customer",
                    loyalty.shops.fields.ShopForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
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
        migrations.AddIndex(
            model_name="interaction",
            index=models.Index(fields=["shop", "occurred_at"], name="interaction_by_moment"),
        ),
        migrations.RunSQL(FUNCTIONS + TRIGGERS, UNDO),
    ]
