from django.db import migrations

# What a refund without a cost of its own takes back: its order's cost, in proportion. A function, because
# PostgreSQL lets no second process work on a statement that looks something up row by row.
FUNCTION = """
CREATE FUNCTION cost_of_refund(of_shop bigint, of_order bigint, refunded bigint) RETURNS bigint
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT round(refunded * cost_amount::numeric / nullif(net_amount, 0))
        FROM customers_order WHERE shop_id = of_shop AND id = of_order
    );
END $$"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0006_days_of_sales")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION cost_of_refund(bigint, bigint, bigint)")]
