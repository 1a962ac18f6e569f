"""One batch of staged refunds: cancelled invoices and negative quantities, each number one refund.

They come after all sales, so that the order they give back is already there, whatever the order of the rows.
"""

from __future__ import annotations

from collections import Counter

from loyalty.ui.money import MAX_MINOR

from . import statements
from .sales import BATCH
from .statements import Values, added_up

# The paper names its order, or bears the order's own number; an order's refund is its customer's.
REFUNDS = f"""
WITH sums AS (
    SELECT key, min(line_no) AS first_line, min(placed_at) AS refunded_at, min(placed_on) AS refunded_on,
        {added_up("net")} AS amount, CASE WHEN count(cost) = count(*) THEN {added_up("cost")} END AS cost_amount,
        CASE WHEN count(likely_cost) = count(*) THEN {added_up("likely_cost")} END AS likely_cost,
        bool_or(with_sale) AS with_sale
    FROM batch WHERE state IS NULL GROUP BY key),
found AS (
    SELECT s.key, s.first_line, s.refunded_at, s.refunded_on, s.amount, f.note, s.with_sale, t.id AS taken_for_sale,
        coalesce(s.cost_amount, r.cost_amount, CASE WHEN o.cost_amount IS NULL AND s.likely_cost <= {MAX_MINOR}
            THEN s.likely_cost END) AS cost_amount,
        coalesce(f.customer_id, o.customer_id, t.customer_id, r.customer_id) AS customer_id,
        CASE WHEN t.id IS NULL THEN coalesce(o.id, r.order_id) END AS order_id, r.id AS refund_id, r AS old
    FROM sums s JOIN batch f ON f.line_no = s.first_line
    LEFT JOIN customers_order t ON f.status = 'refund_row' AND NOT s.with_sale AND f.original IS NULL
        AND t.shop_id = %(shop)s AND t.source = %(source)s AND t.external_id = s.key AND t.placed_at = s.refunded_at
        AND t.net_amount = s.amount AND t.customer_id IS NOT DISTINCT FROM coalesce(f.customer_id, t.customer_id)
    LEFT JOIN customers_order o ON t.id IS NULL AND o.shop_id = %(shop)s AND o.source = %(source)s
        AND o.external_id = coalesce(f.original, s.key)
    LEFT JOIN customers_refund r ON r.shop_id = %(shop)s AND r.source = %(source)s AND r.external_id = s.key)
SELECT key, first_line, refunded_at, refunded_on, amount, cost_amount, customer_id, order_id, with_sale,
    taken_for_sale, note, refund_id,
    CASE WHEN amount = 0 THEN 'ignored' WHEN greatest(amount, cost_amount) > {MAX_MINOR} THEN 'rejected'
         WHEN refund_id IS NULL THEN 'added'
         WHEN (refunded_at, refunded_on, amount, cost_amount, customer_id, order_id) IS DISTINCT FROM
              ((old).refunded_at, (old).refunded_on, (old).amount, (old).cost_amount, (old).customer_id,
               (old).order_id)
         THEN 'updated' ELSE 'unchanged' END AS state
FROM found
"""
RENEW = """
UPDATE customers_refund r SET refunded_at = b.refunded_at, refunded_on = b.refunded_on, amount = b.amount,
    cost_amount = b.cost_amount, customer_id = b.customer_id, order_id = b.order_id
FROM batch_refund b WHERE b.state = 'updated' AND r.shop_id = %(shop)s AND r.id = b.refund_id
"""
ADD = """
INSERT INTO customers_refund (shop_id, customer_id, order_id, source, external_id, refunded_at,
    refunded_on, amount,
    cost_amount, reason, came_with_order)
SELECT %(shop)s, customer_id, order_id, %(source)s, key, refunded_at, refunded_on, amount, cost_amount, note,
    with_sale
FROM batch_refund WHERE state = 'added' ORDER BY first_line
"""
# Its status says that a number is a return, and all else is as it was recorded as a sale: it never was one.
UNDO_SALES = """
UPDATE customers_order o SET status = 'cancelled' FROM batch_refund b
WHERE b.state <> 'rejected' AND o.shop_id = %(shop)s AND o.id = b.taken_for_sale AND o.status <> 'cancelled'
"""
UNDO_THEIR_REFUNDS = """
DELETE FROM customers_refund r USING batch_refund b WHERE b.taken_for_sale IS NOT NULL
    AND r.shop_id = %(shop)s AND r.source = %(source)s AND r.external_id = 'order:' || b.key
"""
REMEMBER = """
UPDATE customers_refund r SET came_with_order = b.with_sale FROM batch_refund b
WHERE r.shop_id = %(shop)s AND r.id = b.refund_id AND r.came_with_order <> b.with_sale
"""
REFUSED = """
SELECT line_no, 'order_too_large' FROM batch JOIN batch_refund r USING (key)
WHERE batch.state IS NULL AND r.state = 'rejected' ORDER BY line_no
"""
TALLY = """
SELECT coalesce(b.state, r.state) AS outcome, count(*)
    FROM batch b LEFT JOIN batch_refund r ON r.key = b.key GROUP BY 1
"""


def bring(values: Values) -> tuple[Counter[str], list[tuple[int, str]]]:
    """Write the batch; return {outcome: rows} and (line, reason) of each row that is refused only now."""
    statements.make("batch", BATCH, values)
    statements.make("batch_refund", REFUNDS, values)
    if statements.rows("SELECT FROM batch_refund WHERE state = 'updated' LIMIT 1", values):
        statements.run(RENEW, values)
    statements.run(ADD, values)
    for statement in (UNDO_SALES, UNDO_THEIR_REFUNDS, REMEMBER):
        statements.run(statement, values)
    tally = Counter(dict(statements.rows(TALLY, values)))
    return tally, statements.rows(REFUSED, values) if tally["rejected"] else []
