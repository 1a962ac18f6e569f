from django.db import migrations

STAGED = "ingest_stagedrow, ingest_stagedperson, ingest_stagedproduct"
SALES = "customers_customer, customers_order, customers_orderline, customers_product, customers_refund"


class Migration(migrations.Migration):
    """Lets the web role renew the planner's statistics of the tables that an import fills.

    Only the owner of a table may ANALYZE it, and autovacuum comes a minute too late: until then every plan over
    half a million new rows is made for an empty table. The two functions take no argument and change no row.
    """

    dependencies = [
        ("ingest", "0002_staged_rows_are_unlogged"),
        ("customers", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            f"""CREATE FUNCTION {name}() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
                SET search_path = public, pg_temp AS $$ BEGIN ANALYZE {tables}; END $$""",
            f"DROP FUNCTION {name}()",
        )
        for name, tables in (("ingest_analyze_staged", STAGED), ("ingest_analyze_sales", SALES))
    ]
