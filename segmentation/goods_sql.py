"""The statements of `goods`; `{column}` is product_id or category_id, the rest are parameters.

They read one another by the names goods_lines, goods_again, goods_ends and goods_sales: temporary tables of the
weekly job, and one statement's own where a group of people is counted at once, which a replica can do as well.
Without `everybody` only `people` count, a list of keys of customers.
"""

# Each paid order of the year with each of its known products, money after the refunds of the order.
LINES = """
SELECT sale.customer_id, sale.id AS order_id, line.product_id, product.category_id,
       sum(line.quantity) AS quantity,
       sum(round(line.net_amount * kept.share))::bigint AS amount,
       sum(line.net_amount + line.discount_amount)::bigint AS gross_amount,
       sum(line.discount_amount)::bigint AS discount_amount,
       bool_or(line.discount_amount > 0) AS is_discounted,
       (sum(round(line.net_amount * kept.share)) FILTER (WHERE line.cost_amount IS NOT NULL))::bigint
           AS costed_amount,
       sum(round((line.net_amount - line.cost_amount) * kept.share))::bigint AS profit_amount,
       sum(line.quantity) FILTER (WHERE sale.placed_on >= %(recent_on)s) AS recent_quantity
FROM customers_order AS sale
JOIN customers_orderline AS line ON line.order_id = sale.id
JOIN customers_product AS product ON product.id = line.product_id
LEFT JOIN (
    SELECT order_id, sum(amount) AS amount FROM customers_refund
    WHERE shop_id = %(shop_id)s AND order_id IS NOT NULL AND refunded_on <= %(as_of)s GROUP BY order_id
) AS refund ON refund.order_id = sale.id
CROSS JOIN LATERAL (
    SELECT CASE WHEN refund.amount IS NULL OR sale.net_amount <= 0 THEN 1::float8
                ELSE greatest(0, 1 - refund.amount::float8 / sale.net_amount) END AS share
) AS kept
WHERE sale.shop_id = %(shop_id)s AND line.shop_id = %(shop_id)s AND product.shop_id = %(shop_id)s
      AND sale.is_paid AND sale.customer_id IS NOT NULL
      AND sale.placed_on BETWEEN %(from_on)s AND %(as_of)s
      AND (%(everybody)s OR sale.customer_id = ANY(%(people)s::bigint[]))
GROUP BY sale.customer_id, sale.id, line.product_id, product.category_id"""

# Whose first day lies so far back that they could have come again, and whether they did.
AGAIN = """
SELECT score.customer_id,
       coalesce(bool_or(sale.placed_on <= score.first_order_on + %(again_days)s), false) AS is_again
FROM segmentation_customerscore AS score
LEFT JOIN customers_order AS sale ON sale.shop_id = %(shop_id)s AND sale.customer_id = score.customer_id
     AND sale.is_paid AND sale.placed_on > score.first_order_on AND sale.placed_on <= %(as_of)s
WHERE score.shop_id = %(shop_id)s AND score.first_order_on <= %(ripe_on)s
      AND (%(everybody)s OR score.customer_id = ANY(%(people)s::bigint[]))
GROUP BY score.customer_id"""

# What everybody bought on their first day, and on their last one so far, whenever that was.
ENDS = """
SELECT DISTINCT score.customer_id, line.product_id, product.category_id,
       sale.placed_on = score.first_order_on AS is_first, sale.placed_on = score.last_order_on AS is_last,
       score.stage = ANY(%(away)s) AS is_away
FROM segmentation_customerscore AS score
JOIN customers_order AS sale ON sale.customer_id = score.customer_id
     AND (sale.placed_on = score.first_order_on OR sale.placed_on = score.last_order_on)
JOIN customers_orderline AS line ON line.order_id = sale.id
JOIN customers_product AS product ON product.id = line.product_id
WHERE score.shop_id = %(shop_id)s AND sale.shop_id = %(shop_id)s AND line.shop_id = %(shop_id)s
      AND product.shop_id = %(shop_id)s AND sale.is_paid
      AND (%(everybody)s OR score.customer_id = ANY(%(people)s::bigint[]))"""

TOTALS = """
SELECT bought.buyers, bought.orders, bought.amount, people.away_share, again.again_share
FROM (SELECT count(DISTINCT customer_id) AS buyers, count(DISTINCT order_id) AS orders,
             coalesce(sum(amount), 0)::bigint AS amount FROM goods_lines) AS bought,
     (SELECT avg((stage = ANY(%(away)s))::int)::float8 AS away_share FROM segmentation_customerscore
      WHERE shop_id = %(shop_id)s AND last_order_on IS NOT NULL
            AND (%(everybody)s OR customer_id = ANY(%(people)s::bigint[]))) AS people,
     (SELECT avg(is_again::int)::float8 AS again_share FROM goods_again) AS again"""

# One row a customer and product or category.
SALES = """
SELECT customer_id, goods_id, count(*) AS orders, sum(quantity) AS quantity, sum(amount)::bigint AS amount,
       sum(gross_amount)::bigint AS gross_amount, sum(discount_amount)::bigint AS discount_amount,
       count(*) FILTER (WHERE is_discounted) AS discounted_orders,
       sum(costed_amount)::bigint AS costed_amount, sum(profit_amount)::bigint AS profit_amount,
       sum(recent_quantity) AS recent_quantity
FROM (
    SELECT customer_id, order_id, {column} AS goods_id, sum(quantity) AS quantity, sum(amount) AS amount,
           sum(gross_amount) AS gross_amount, sum(discount_amount) AS discount_amount,
           bool_or(is_discounted) AS is_discounted, sum(costed_amount) AS costed_amount,
           sum(profit_amount) AS profit_amount, sum(recent_quantity) AS recent_quantity
    FROM goods_lines WHERE {column} IS NOT NULL GROUP BY customer_id, order_id, {column}
) AS basket
GROUP BY customer_id, goods_id"""

# How much each customer takes in an order of theirs, times the orders they are expected to make.
DEMAND_BY_OUTLOOK = """
SELECT goods_id, sum(outlook.orders_30 * quantity / own.orders)::float8 AS expected_quantity
FROM goods_sales
JOIN (SELECT customer_id, count(DISTINCT order_id) AS orders FROM goods_lines GROUP BY customer_id) AS own
     USING (customer_id)
JOIN segmentation_customeroutlook AS outlook USING (customer_id)
WHERE outlook.shop_id = %(shop_id)s
GROUP BY goods_id"""
# Without an outlook the next thirty days are taken to be like the last ninety.
DEMAND_BY_RECENT = """
SELECT goods_id, coalesce(sum(recent_quantity), 0)::float8 / 3 AS expected_quantity
FROM goods_sales GROUP BY goods_id"""

# The columns of FIGURES after shop and goods, and of PAIRS after shop and both goods.
COUNTS = (
    *("buyers", "orders", "quantity", "amount", "gross_amount", "discount_amount", "discounted_orders"),
    *("costed_amount", "profit_amount", "first_buyers", "ripe_buyers", "again_buyers", "last_buyers"),
    *("away_buyers", "expected_quantity"),
)
SHARES = ("margin_share", "discounted_share", "again_share", "away_lift")
PAIR = ("buyers", "support", "share", "other_share", "lift")

FIGURES_INTO = f"""
INSERT INTO segmentation_goodsfigure (shop_id, {{column}}, {", ".join(COUNTS + SHARES)})"""
FIGURES = """
SELECT %(shop_id)s AS shop_id, goods_id, coalesce(buyers, 0), coalesce(orders, 0), coalesce(quantity, 0),
       coalesce(amount, 0), coalesce(gross_amount, 0), coalesce(discount_amount, 0),
       coalesce(discounted_orders, 0), costed_amount, profit_amount, coalesce(first_buyers, 0),
       coalesce(ripe_buyers, 0), coalesce(again_buyers, 0), coalesce(last_buyers, 0),
       coalesce(away_buyers, 0), expected_quantity,
       CASE WHEN costed_amount > 0 THEN profit_amount::float8 / costed_amount END,
       CASE WHEN orders >= %(enough)s THEN discounted_orders::float8 / orders END,
       CASE WHEN ripe_buyers >= %(enough)s THEN again_buyers::float8 / ripe_buyers END,
       CASE WHEN last_buyers >= %(enough)s THEN away_buyers / nullif(last_buyers * %(away_share)s::float8, 0) END
FROM (
    SELECT goods_id, count(*) AS buyers, sum(orders)::bigint AS orders, sum(quantity) AS quantity,
           sum(amount)::bigint AS amount, sum(gross_amount)::bigint AS gross_amount,
           sum(discount_amount)::bigint AS discount_amount, sum(discounted_orders)::bigint AS discounted_orders,
           sum(costed_amount)::bigint AS costed_amount, sum(profit_amount)::bigint AS profit_amount
    FROM goods_sales GROUP BY goods_id
) AS sold
FULL JOIN (
    SELECT goods_id, count(*) FILTER (WHERE is_first) AS first_buyers,
           count(*) FILTER (WHERE is_first AND is_again IS NOT NULL) AS ripe_buyers,
           count(*) FILTER (WHERE is_first AND is_again) AS again_buyers,
           count(*) FILTER (WHERE is_last) AS last_buyers,
           count(*) FILTER (WHERE is_last AND is_away) AS away_buyers
    FROM (SELECT customer_id, {column} AS goods_id, bool_or(is_first) AS is_first, bool_or(is_last) AS is_last,
                 bool_or(is_away) AS is_away
          FROM goods_ends WHERE {column} IS NOT NULL GROUP BY customer_id, {column}) AS ends
    LEFT JOIN goods_again USING (customer_id)
    GROUP BY goods_id
) AS ends USING (goods_id)
LEFT JOIN ({demand}) AS demand USING (goods_id)"""

LIKED = ("segment", "buyers", "amount", "share", "index")
FAVOURITES_INTO = f"INSERT INTO segmentation_goodsfavourite (shop_id, {{column}}, {', '.join(LIKED)})"
FAVOURITES = """
SELECT %(shop_id)s AS shop_id, goods_id, segment, buyers, amount, share, index
FROM (
    SELECT *, row_number() OVER (PARTITION BY segment ORDER BY index DESC, amount DESC, goods_id) AS place
    FROM (
        SELECT segment, goods_id, buyers, amount, amount / segment_amount AS share,
               100 * (amount / segment_amount) / nullif(goods_amount / all_amount, 0) AS index
        FROM (
            SELECT segment, goods_id, count(*) AS buyers, sum(amount)::float8 AS amount,
                   sum(sum(amount)) OVER (PARTITION BY segment)::float8 AS segment_amount,
                   sum(sum(amount)) OVER (PARTITION BY goods_id)::float8 AS goods_amount,
                   sum(sum(amount)) OVER ()::float8 AS all_amount
            FROM goods_sales JOIN segmentation_customerscore AS score USING (customer_id)
            WHERE score.shop_id = %(shop_id)s AND segment <> ''
            GROUP BY segment, goods_id
        ) AS counted
        WHERE segment_amount > 0 AND goods_amount > 0 AND amount > 0
    ) AS compared
    WHERE buyers >= %(favourite_people)s AND index > 100
) AS ranked
WHERE place <= %(favourites)s"""

# Among the sampled customers; the counts are scaled back to all of them.
PAIRS_INTO = f"""
INSERT INTO segmentation_goodspair (shop_id, {{column}}, {{other}}, {", ".join(PAIR)})"""
PAIRS = """
WITH sample AS MATERIALIZED (
    SELECT customer_id, goods_id FROM goods_sales WHERE customer_id %% %(one_in)s = 0
),
people AS (SELECT count(DISTINCT customer_id) AS people FROM sample),
top AS MATERIALIZED (
    SELECT goods_id, count(*) AS people FROM sample GROUP BY goods_id
    ORDER BY people DESC, goods_id LIMIT %(pair_goods)s
),
basket AS MATERIALIZED (SELECT customer_id, goods_id FROM sample JOIN top USING (goods_id)),
pair AS (
    SELECT one.goods_id, other.goods_id AS other_id, count(*) AS people
    FROM basket AS one
    JOIN basket AS other ON other.customer_id = one.customer_id AND other.goods_id > one.goods_id
    GROUP BY one.goods_id, other.goods_id
)
SELECT %(shop_id)s AS shop_id, goods_id, other_id, people * %(one_in)s, support, share, other_share, lift
FROM (
    SELECT pair.goods_id, pair.other_id, pair.people,
           pair.people::float8 / people.people AS support,
           pair.people::float8 / one.people AS share, pair.people::float8 / other.people AS other_share,
           pair.people::float8 * people.people / (one.people * other.people) AS lift
    FROM pair JOIN top AS one ON one.goods_id = pair.goods_id
    JOIN top AS other ON other.goods_id = pair.other_id, people
) AS compared
WHERE people >= %(pair_people)s AND support >= %(pair_support)s AND lift >= %(pair_lift)s
ORDER BY lift DESC, goods_id, other_id LIMIT %(most_pairs)s"""
