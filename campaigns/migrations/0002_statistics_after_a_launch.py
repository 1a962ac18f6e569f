from django.db import migrations

TABLES = "campaigns_audiencemember, campaigns_message, customers_consentevent"


class Migration(migrations.Migration):
    """Lets the web role renew the planner's statistics of the tables that a launch fills.

    Only the owner of a table may ANALYZE it, and autovacuum comes a minute too late: until then the planner
    takes a queue of a hundred thousand messages for one row, and reads all of them for each of a batch.
    """

    dependencies = [("campaigns", "0001_initial"), ("customers", "0001_initial")]

    operations = [
        migrations.RunSQL(
            f"""CREATE FUNCTION campaigns_analyze_queue() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
                SET search_path = public, pg_temp AS $$ BEGIN ANALYZE {TABLES}; END $$""",
            "DROP FUNCTION campaigns_analyze_queue()",
        )
    ]
