from django.db import migrations

# Rows are closed even to their owner while row-level security is forced. Emptying the old column in the same
# step makes the new row the small one.
MOVE = """
ALTER TABLE tiers_tiermembership NO FORCE ROW LEVEL SECURITY;
UPDATE tiers_tiermembership
SET value = (receipt->>'value')::bigint, orders = (receipt->>'orders')::int,
    refunds = (receipt->>'refunds')::int, is_estimated = (receipt->>'by_spend')::boolean,
    version_number = (receipt->>'version')::int, receipt = '{}'
WHERE receipt ? 'version';
ALTER TABLE tiers_tiermembership FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tiers", "0002_receipt_in_columns"),
    ]

    operations = [
        migrations.RunSQL(MOVE, migrations.RunSQL.noop),
    ]
