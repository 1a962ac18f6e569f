"""Staged products and their categories into the shop's."""

from __future__ import annotations

from . import statements
from .statements import Values

CATEGORIES = """
INSERT INTO customers_productcategory (shop_id, name)
SELECT DISTINCT %(shop)s::bigint, category FROM ingest_stagedproduct
WHERE shop_id = %(shop)s AND run_key = %(run)s AND category <> '' ORDER BY category
ON CONFLICT (shop_id, name) DO NOTHING
"""
PRODUCTS = """
INSERT INTO customers_product AS p (shop_id, sku, name, category_id)
SELECT %(shop)s, s.sku, s.name, c.id FROM ingest_stagedproduct s
LEFT JOIN customers_productcategory c ON c.shop_id = %(shop)s AND c.name = s.category
WHERE s.shop_id = %(shop)s AND s.run_key = %(run)s ORDER BY s.id
ON CONFLICT (shop_id, sku) DO UPDATE SET
    name = coalesce(nullif(excluded.name, ''), p.name), category_id = coalesce(excluded.category_id,
        p.category_id)
WHERE (coalesce(nullif(excluded.name, ''), p.name), coalesce(excluded.category_id, p.category_id))
      IS DISTINCT FROM (p.name, p.category_id)
"""


def bring(values: Values) -> None:
    """Make the products that are new; a name or category that the file fills overwrites the known one."""
    statements.run(CATEGORIES, values)
    statements.run(PRODUCTS, values)
