"""One batch of staged sales into orders, lines, and the refunds that their own rows tell of.

A batch holds every row of its orders, wherever they stood in the file. Rows leave the staging table in the
same transaction in which their orders are written, so a batch happens once.
"""

from __future__ import annotations

from collections import Counter

from loyalty.ui.money import MAX_MINOR

from . import statements
from .statements import Values, added_up

# Rows without an order number get one made of what they say, and a count where several say the same.
# What the file does not say of a cost the product says, or else the margin of its category. It fills a gap and
# changes nothing that is known: a cost or margin that somebody changes counts for what comes in from then on.
LIKELY_COST = """CASE WHEN p.cost_amount IS NOT NULL THEN round(p.cost_amount::numeric * m.quantity / 1000)
    WHEN g.margin_share IS NOT NULL THEN round(m.net * (1 - g.margin_share)) END"""
BATCH = f"""
WITH moved AS (DELETE FROM ingest_stagedrow WHERE shop_id = %(shop)s AND run_key = %(run)s
               AND bucket >= %(low)s AND bucket < %(high)s RETURNING *),
numbered AS (SELECT *,
    CASE WHEN base IS NOT NULL THEN row_number() OVER (PARTITION BY base ORDER BY line_no) END AS nth,
    %(drops_duplicates)s AND row_number() OVER (PARTITION BY order_key, base,
        fingerprint ORDER BY line_no) > 1 AS doubled
    FROM moved)
SELECT m.*, coalesce(order_key, '~' || base || CASE WHEN nth > 1 THEN '-' || nth ELSE '' END) AS key,
       s.customer_key AS customer_id, p.id AS product_id, CASE WHEN doubled THEN 'ignored' END AS state,
       NULL::text AS reason, coalesce(m.cost, (
       SELECT it::bigint FROM (SELECT {LIKELY_COST}) AS likely (it) WHERE it <= {MAX_MINOR})) AS likely_cost
FROM numbered m
LEFT JOIN ingest_stagedperson s ON s.shop_id = %(shop)s AND s.run_key = %(run)s AND s.key = m.person
LEFT JOIN customers_product p ON p.shop_id = %(shop)s AND p.sku = m.sku
LEFT JOIN customers_productcategory g ON g.shop_id = %(shop)s AND g.id = p.category_id
"""
# Where a row is a whole order, the last one of a number is it. The others either say the same or were wrong.
REPEATED = """
WITH last AS (SELECT DISTINCT ON (key) * FROM batch WHERE state IS NULL ORDER BY key, line_no DESC)
UPDATE batch b SET state = CASE WHEN
    (b.customer_id, b.placed_at, b.status, b.gross, b.discount, b.net, b.tax, b.cost, b.product_id,
        b.quantity)
    IS NOT DISTINCT FROM
    (last.customer_id, last.placed_at, last.status, last.gross, last.discount, last.net, last.tax, last.cost,
     last.product_id, last.quantity) THEN 'unchanged' ELSE 'rejected' END, reason = 'order_repeated'
FROM last WHERE last.key = b.key AND b.state IS NULL AND b.line_no < last.line_no
"""
# A number that the file has as a sale and not as a return takes back the return that was known by it: one that the
# same file told before, or one that stood alone and says the same but for the direction of the money. A return
# that another file told of stays: this one need not know of it.
# An order's own sums, where the file has them, stand above what its lines add up to. A refund repeated on
# every line is one refund; it may hold the tax, which is no one's spend.
ORDERS = f"""
WITH sums AS (
    SELECT key, min(line_no) AS first_line, min(placed_at) AS placed_at, min(placed_on) AS placed_on,
        count(*) AS rows,
        {added_up("gross")} AS gross, {added_up("discount")} AS discount, {added_up("net")} AS net,
        {added_up("tax")} AS tax, {added_up("cost")} AS cost, count(cost) = count(*) AS knows_cost,
        CASE WHEN count(likely_cost) = count(*) THEN {added_up("likely_cost")} END AS likely_cost,
        max(order_amount) AS order_amount, abs(max(order_discount)) AS order_discount,
            max(order_tax) AS order_tax,
        CASE WHEN sum(refund_amount) > sum(net)
            AND min(refund_amount) = max(refund_amount) THEN max(refund_amount)
             ELSE coalesce({added_up("refund_amount")}, 0) END AS refund
    FROM batch WHERE state IS NULL GROUP BY key),
totals AS (
    SELECT *, coalesce(order_tax, tax) AS all_tax,
        CASE WHEN order_amount IS NOT NULL THEN order_amount - coalesce(order_tax, tax, 0)
             ELSE net - coalesce(order_discount, 0) END AS all_net,
        CASE WHEN order_amount IS NOT NULL THEN coalesce(order_discount, discount)
             ELSE discount + coalesce(order_discount, 0) END AS all_discount
    FROM sums),
withdrawn AS (
    SELECT t.key, r.id FROM totals t JOIN batch f ON f.line_no = t.first_line
    JOIN customers_refund r ON r.shop_id = %(shop)s AND r.source = %(source)s AND r.external_id = t.key
    WHERE %(brings_returns)s AND (r.came_with_order OR (r.order_id IS NULL AND r.refunded_at = t.placed_at
        AND r.amount = t.all_net AND r.customer_id IS NOT DISTINCT FROM f.customer_id))
    AND NOT EXISTS (SELECT FROM ingest_stagedrow s WHERE s.shop_id = %(shop)s AND s.run_key = %(run)s
        AND s.bucket >= %(refunds_low)s AND s.bucket < %(refunds_high)s AND s.order_key = t.key)),
found AS (
    SELECT t.key, t.first_line, t.rows, t.placed_at, t.placed_on, coalesce(f.customer_id,
        o.customer_id) AS customer_id,
        CASE WHEN %(knows_status)s OR o.id IS NULL OR w.id IS NOT NULL THEN f.status ELSE o.status END AS status,
        w.id AS withdrawn_id,
        CASE WHEN t.order_amount IS NULL THEN t.gross ELSE all_net + all_discount END AS gross_amount,
        all_discount AS discount_amount, all_net AS net_amount, coalesce(all_tax, o.tax_amount) AS tax_amount,
        coalesce(CASE WHEN knows_cost THEN t.cost END, o.cost_amount, CASE WHEN t.likely_cost <= {MAX_MINOR}
            AND (t.order_amount IS NULL OR t.gross > 0) THEN t.likely_cost END) AS cost_amount,
        o.cost_amount IS NULL AND NOT knows_cost AS is_cost_filled,
        coalesce(nullif(f.branch, ''), o.branch, '') AS branch,
        coalesce(nullif(f.channel, ''), o.channel, '') AS channel, f.note, o.id AS order_id,
        CASE WHEN f.status NOT IN ('completed', 'refunded') THEN 0
             WHEN %(knows_refunds)s THEN least(t.refund, all_net) ELSE coalesce(r.amount, 0) END AS refund,
            r.amount AS old_refund,
        CASE WHEN greatest(t.gross, all_discount, t.net, all_tax, t.cost, t.refund) > {MAX_MINOR}
                 THEN 'order_too_large'
             WHEN all_net < 0 THEN 'order_below_zero'
             WHEN t.refund > greatest(t.net, all_net) + coalesce(all_tax, 0) THEN 'order_refund_over_amount'
             END AS reason,
        o AS old
    FROM totals t JOIN batch f ON f.line_no = t.first_line
    LEFT JOIN customers_order o ON o.shop_id = %(shop)s AND o.source = %(source)s AND o.external_id = t.key
    LEFT JOIN customers_refund r ON r.shop_id = %(shop)s AND r.source = %(source)s
        AND r.external_id = 'order:' || t.key
    LEFT JOIN withdrawn w ON w.key = t.key)
SELECT key, first_line, rows, placed_at, placed_on, customer_id, status, gross_amount, discount_amount,
    net_amount,
    tax_amount, cost_amount, branch, channel, note, order_id, refund, reason, withdrawn_id, is_cost_filled,
    CASE WHEN reason IS NOT NULL THEN 'rejected' WHEN order_id IS NULL THEN 'added'
         WHEN withdrawn_id IS NOT NULL THEN 'updated'
         WHEN (customer_id, placed_at, placed_on, status, gross_amount, discount_amount, net_amount,
             tax_amount, cost_amount,
               branch, channel, refund) IS DISTINCT FROM
              ((old).customer_id, (old).placed_at, (old).placed_on, (old).status, (old).gross_amount,
                  (old).discount_amount,
               (old).net_amount, (old).tax_amount, (old).cost_amount, (old).branch, (old).channel,
                   coalesce(old_refund, 0))
         THEN 'updated' ELSE 'unchanged' END AS state
FROM found
"""
RENEW_ORDERS = """
UPDATE customers_order o SET customer_id = b.customer_id, placed_at = b.placed_at, placed_on = b.placed_on,
    status = b.status, gross_amount = b.gross_amount, discount_amount = b.discount_amount,
        net_amount = b.net_amount,
    tax_amount = b.tax_amount, cost_amount = b.cost_amount, branch = b.branch, channel = b.channel
FROM batch_order b WHERE b.state = 'updated' AND o.shop_id = %(shop)s AND o.id = b.order_id
"""
ADD_ORDERS = """
WITH made AS (
    INSERT INTO customers_order (shop_id, customer_id, source, external_id, placed_at, placed_on,
        status, gross_amount,
        discount_amount, net_amount, tax_amount, cost_amount, branch, channel, created_at)
    SELECT %(shop)s, customer_id, %(source)s, key, placed_at, placed_on, status, gross_amount,
        discount_amount, net_amount,
        tax_amount, cost_amount, branch, channel, now() FROM batch_order
            WHERE state = 'added' ORDER BY first_line
    RETURNING id, external_id)
UPDATE batch_order b SET order_id = made.id FROM made WHERE made.external_id = b.key
"""
LINES = """
SELECT b.line_no AS row_no, o.order_id, row_number() OVER (PARTITION BY b.key ORDER BY b.line_no) AS line_no,
    b.product_id, b.quantity / 1000.0 AS quantity, b.unit_amount, b.discount AS discount_amount,
    b.net AS net_amount, b.cost AS cost_amount, b.likely_cost, NULL::text AS state
FROM batch b JOIN batch_order o ON o.key = b.key
WHERE b.state IS NULL AND (%(is_line)s OR b.product_id IS NOT NULL)
"""
KNOWN_LINES = f"{LINES} AND o.state IN ('updated', 'unchanged')"
COMPARE_LINES = """
UPDATE batch_line b SET state = CASE WHEN (l.product_id, l.quantity, l.unit_amount, l.discount_amount,
    l.net_amount)
    IS NOT DISTINCT FROM (b.product_id, b.quantity, b.unit_amount, b.discount_amount, b.net_amount)
    AND coalesce(b.cost_amount, l.cost_amount, b.likely_cost) IS NOT DISTINCT FROM l.cost_amount
    THEN 'unchanged' ELSE 'updated' END
FROM customers_orderline l
WHERE l.shop_id = %(shop)s AND l.order_id = b.order_id AND l.line_no = b.line_no
"""
RENEW_LINES = """
UPDATE customers_orderline l SET product_id = b.product_id, quantity = b.quantity,
    unit_amount = b.unit_amount,
    discount_amount = b.discount_amount, net_amount = b.net_amount,
        cost_amount = coalesce(b.cost_amount, l.cost_amount, b.likely_cost)
FROM batch_line b WHERE b.state = 'updated' AND l.shop_id = %(shop)s AND l.order_id = b.order_id
    AND l.line_no = b.line_no
"""
ADD_LINES = """
INSERT INTO customers_orderline (shop_id, order_id, line_no, product_id, quantity, unit_amount,
    discount_amount, net_amount, cost_amount)
SELECT %(shop)s, order_id, line_no, product_id, quantity, unit_amount, discount_amount, net_amount,
    coalesce(cost_amount, likely_cost)
FROM {lines} l WHERE state IS NULL ORDER BY order_id, line_no
"""
# Some of an order's lines may have known theirs all along.
ADD_UP_COSTS = """
UPDATE customers_order o SET cost_amount = known.cost FROM (
    SELECT b.order_id, sum(l.cost_amount)::bigint AS cost FROM batch_order b
    JOIN customers_orderline l ON l.shop_id = %(shop)s AND l.order_id = b.order_id
    WHERE b.state = 'updated' AND b.is_cost_filled GROUP BY 1 HAVING count(l.cost_amount) = count(*)) known
WHERE o.shop_id = %(shop)s AND o.id = known.order_id AND o.cost_amount <> known.cost
"""
ADD_KNOWN_LINES = ADD_LINES.format(lines="batch_line")
ADD_NEW_LINES = ADD_LINES.format(lines=f"({LINES} AND o.state = 'added')")
# A corrected file may have fewer lines for an order than were known.
DROP_LINES = """
WITH gone AS (
    DELETE FROM customers_orderline l USING (SELECT order_id, max(line_no) AS last FROM batch_line
        GROUP BY order_id) b
    WHERE l.shop_id = %(shop)s AND l.order_id = b.order_id AND l.line_no > b.last RETURNING l.order_id)
UPDATE batch_order o SET state = 'updated' FROM gone WHERE gone.order_id = o.order_id
    AND o.state = 'unchanged'
"""
DROP_REFUNDS = """
DELETE FROM customers_refund r USING batch_order b WHERE b.state = 'updated' AND b.refund = 0
    AND r.shop_id = %(shop)s AND r.source = %(source)s AND r.external_id = 'order:' || b.key
"""
WITHDRAW = """
DELETE FROM customers_refund r USING batch_order b WHERE b.state IN ('added', 'updated') AND b.withdrawn_id = r.id
    AND r.shop_id = %(shop)s
"""
TELL_RETURNS = """
UPDATE ingest_stagedrow s SET with_sale = true FROM batch_order b WHERE s.shop_id = %(shop)s AND s.run_key = %(run)s
    AND s.bucket >= %(refunds_low)s AND s.bucket < %(refunds_high)s AND s.order_key = b.key
"""
WRITE_REFUNDS = """
INSERT INTO customers_refund AS r (shop_id, customer_id, order_id, source, external_id, refunded_at,
    refunded_on, amount,
    cost_amount, reason)
SELECT %(shop)s, customer_id, order_id, %(source)s, 'order:' || key, placed_at, placed_on, refund,
    CASE WHEN refund = net_amount THEN cost_amount END, note
FROM batch_order WHERE refund > 0 AND state IN ('added', 'updated') ORDER BY first_line
ON CONFLICT (shop_id, source, external_id) DO UPDATE SET customer_id = excluded.customer_id,
    amount = excluded.amount,
    refunded_at = excluded.refunded_at, refunded_on = excluded.refunded_on, cost_amount = excluded.cost_amount
"""
REFUSED = """
SELECT b.line_no, coalesce(b.reason, o.reason) FROM batch b LEFT JOIN batch_order o ON o.key = b.key
WHERE coalesce(b.state, o.state) = 'rejected' ORDER BY b.line_no
"""
TALLY = """
SELECT coalesce(b.state, CASE WHEN o.state = 'added' THEN 'added'
        WHEN o.state = 'rejected' THEN 'rejected'
        WHEN o.state = 'updated' OR (l.row_no IS NOT NULL AND l.state IS DISTINCT
            FROM 'unchanged') THEN 'updated'
        ELSE 'unchanged' END) AS outcome, count(*)
FROM batch b LEFT JOIN batch_order o ON o.key = b.key
LEFT JOIN batch_line l ON l.row_no = b.line_no GROUP BY 1
"""


def bring(values: Values) -> tuple[Counter[str], list[tuple[int, str]]]:
    """Write the batch; return {outcome: rows} and (line, reason) of each row that is refused only now."""
    statements.make("batch", BATCH, values)
    if not values.is_line:
        statements.run(REPEATED, values)
    statements.make("batch_order", ORDERS, values)
    statements.run(ADD_ORDERS, values)
    statements.run(ADD_NEW_LINES, values)
    statements.make("batch_line", KNOWN_LINES, values)
    if statements.rows("SELECT FROM batch_order WHERE state IN ('updated', 'unchanged') LIMIT 1", values):
        _renew(values)
    statements.run(WITHDRAW, values)
    statements.run(TELL_RETURNS, values)
    statements.run(WRITE_REFUNDS, values)
    tally = Counter(dict(statements.rows(TALLY, values)))
    return tally, statements.rows(REFUSED, values) if tally["rejected"] else []


def _renew(values: Values) -> None:
    """Bring the orders that were known up to what the file says."""
    statements.run(RENEW_ORDERS, values)
    statements.run(COMPARE_LINES, values)
    statements.run(RENEW_LINES, values)
    statements.run(ADD_KNOWN_LINES, values)
    statements.run(DROP_LINES, values)
    statements.run(ADD_UP_COSTS, values)
    statements.run(DROP_REFUNDS, values)
