"""One batch of staged refunds: cancelled invoices and negative quantities, each number one refund.

They come after all sales, so that the order they give back is already there, whatever the order of the rows.
"""

from __future__ import annotations

from collections import Counter

from . import statements
from .sales import BATCH
from .statements import Values

# The paper names its order, or bears the order's own number; an order's refund is its customer's.
REFUNDS = """
WITH sums AS (
    SELECT key, min(line_no) AS first_line, min(placed_at) AS refunded_at, min(placed_on) AS refunded_on,
        sum(net)::bigint AS amount, CASE WHEN count(cost) = count(*) THEN sum(cost)::bigint END AS cost_amount
    FROM batch WHERE state IS NULL GROUP BY key)
SELECT s.key, s.first_line, s.refunded_at, s.refunded_on, s.amount, coalesce(s.cost_amount,
    r.cost_amount) AS cost_amount,
    coalesce(f.customer_id, o.customer_id, r.customer_id) AS customer_id, coalesce(o.id,
        r.order_id) AS order_id,
    f.note, r.id AS refund_id,
    CASE WHEN s.amount = 0 THEN 'ignored' WHEN r.id IS NULL THEN 'added'
         WHEN (r.refunded_at, r.refunded_on, r.amount, r.cost_amount, r.customer_id,
             r.order_id) IS DISTINCT FROM
              (s.refunded_at, s.refunded_on, s.amount, coalesce(s.cost_amount, r.cost_amount),
               coalesce(f.customer_id, o.customer_id, r.customer_id), coalesce(o.id, r.order_id))
         THEN 'updated' ELSE 'unchanged' END AS state
FROM sums s JOIN batch f ON f.line_no = s.first_line
LEFT JOIN customers_order o ON o.shop_id = %(shop)s AND o.source = %(source)s
    AND o.external_id = coalesce(f.original, s.key)
LEFT JOIN customers_refund r ON r.shop_id = %(shop)s AND r.source = %(source)s AND r.external_id = s.key
"""
RENEW = """
UPDATE customers_refund r SET refunded_at = b.refunded_at, refunded_on = b.refunded_on, amount = b.amount,
    cost_amount = b.cost_amount, customer_id = b.customer_id, order_id = b.order_id
FROM batch_refund b WHERE b.state = 'updated' AND r.shop_id = %(shop)s AND r.id = b.refund_id
"""
ADD = """
INSERT INTO customers_refund (shop_id, customer_id, order_id, source, external_id, refunded_at,
    refunded_on, amount,
    cost_amount, reason)
SELECT %(shop)s, customer_id, order_id, %(source)s, key, refunded_at, refunded_on, amount, cost_amount, note
FROM batch_refund WHERE state = 'added' ORDER BY first_line
"""
TALLY = """
SELECT coalesce(b.state, r.state) AS outcome, count(*)
    FROM batch b LEFT JOIN batch_refund r ON r.key = b.key GROUP BY 1
"""


def bring(values: Values) -> Counter[str]:
    """Write the batch; return {outcome: rows}."""
    statements.make("batch", BATCH, values)
    statements.make("batch_refund", REFUNDS, values)
    if statements.rows("SELECT FROM batch_refund WHERE state = 'updated' LIMIT 1", values):
        statements.run(RENEW, values)
    statements.run(ADD, values)
    return Counter(dict(statements.rows(TALLY, values)))
