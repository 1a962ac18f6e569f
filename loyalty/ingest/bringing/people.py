"""Staged people into customers: found by phone, else number, else card; made where they are new.

Two different valid phones are never one customer, whatever else a file says of them. What is filled in the
file overwrites what was known; what it leaves blank stays.
"""

from __future__ import annotations

from loyalty.shops.rls import refresh_statistics

from . import statements
from .statements import Values

# A table of our own, with statistics: the planner knows nothing of tables that were just filled, and would
# loop over both sides. It also keeps the updates out of the staging table.
PEOPLE = """
SELECT id, key, phone, external_id, card_number, details, first_line, customer_key AS customer_id
FROM ingest_stagedperson WHERE shop_id = %(shop)s AND run_key = %(run)s
"""
BY_PHONE = """
UPDATE batch_person s SET customer_id = c.id FROM customers_customer c
WHERE s.customer_id IS NULL AND s.phone IS NOT NULL AND c.shop_id = %(shop)s AND c.phone = s.phone
"""
# Of several phones with one number or card only the first may take over a customer who has no phone yet.
BY_NUMBER = """
WITH first AS (SELECT DISTINCT ON (external_id) id FROM batch_person
    WHERE customer_id IS NULL AND phone IS NOT NULL AND external_id IS NOT NULL
    ORDER BY external_id, first_line, id)
UPDATE batch_person s SET customer_id = c.id FROM customers_customer c
WHERE s.customer_id IS NULL AND s.external_id IS NOT NULL
  AND c.shop_id = %(shop)s AND c.external_id = s.external_id
  AND (s.phone IS NULL OR (c.phone IS NULL AND s.id IN (SELECT id FROM first)))
"""
BY_CARD = """
WITH first AS (SELECT DISTINCT ON (card_number) id FROM batch_person
    WHERE customer_id IS NULL AND card_number IS NOT NULL AND (phone IS NOT NULL OR external_id IS NOT NULL)
    ORDER BY card_number, first_line, id)
UPDATE batch_person s SET customer_id = c.id FROM customers_customer c
WHERE s.customer_id IS NULL AND s.card_number IS NOT NULL
  AND c.shop_id = %(shop)s AND c.card_number = s.card_number
  AND ((s.phone IS NULL AND s.external_id IS NULL)
       OR ((s.phone IS NULL OR c.phone IS NULL) AND (s.external_id IS NULL OR c.external_id IS NULL)
           AND s.id IN (SELECT id FROM first)))
"""
MAKE = """
INSERT INTO customers_customer (
    shop_id, phone, external_id, card_number, name, name_search, name_sort, email, birth_on, gender,
        province, city,
    tags, neighbourhood, job, marital_status, education, income_band, attributes, note, acquired_by,
        created_at, updated_at)
SELECT %(shop)s, phone,
    CASE WHEN number_rank = 1 AND NOT EXISTS (SELECT FROM customers_customer c
        WHERE c.shop_id = %(shop)s AND c.external_id = s.external_id) THEN external_id END,
    CASE WHEN card_rank = 1 AND NOT EXISTS (SELECT FROM customers_customer c
        WHERE c.shop_id = %(shop)s AND c.card_number = s.card_number) THEN card_number END,
    coalesce(details->>'name', ''), coalesce(details->>'name_search', ''),
        coalesce(details->>'name_sort', ''),
    coalesce(details->>'email', ''), (details->>'birth_on')::date, coalesce(details->>'gender', ''),
    coalesce(details->>'province', ''), coalesce(details->>'city', ''),
    ARRAY(SELECT jsonb_array_elements_text(coalesce(details->'tags', '[]'))), '', '', '', '', '', '{{}}',
        '', '', now(), now()
FROM (SELECT s.*, row_number() OVER (PARTITION BY external_id ORDER BY first_line, s.id) AS number_rank,
             row_number() OVER (PARTITION BY card_number ORDER BY first_line, s.id) AS card_rank
      FROM batch_person s WHERE s.customer_id IS NULL AND {kind}) s
ORDER BY first_line, s.id
ON CONFLICT DO NOTHING
"""
KINDS = (
    (BY_PHONE, "s.phone IS NOT NULL"),
    (BY_NUMBER, "s.phone IS NULL AND s.external_id IS NOT NULL"),
    (BY_CARD, "s.phone IS NULL AND s.external_id IS NULL AND s.card_number IS NOT NULL"),
)
# Several staged people may be one customer; of what they tell the later line wins, field by field.
KNOWN = """
SELECT s.customer_id AS id, max(s.phone) AS phone, min(s.external_id) AS external_id,
    min(s.card_number) AS card_number, jsonb_object_agg(d.key, d.value ORDER BY s.first_line, s.id) AS d
FROM batch_person s CROSS JOIN LATERAL jsonb_each(s.details) d GROUP BY s.customer_id
"""
# A number or card is taken over where the customer has none and nobody else has it.
RENEWED = """
SELECT c.id, coalesce(c.phone, k.phone) AS phone,
    coalesce(c.external_id, CASE WHEN NOT EXISTS (SELECT FROM customers_customer o
        WHERE o.shop_id = %(shop)s AND o.external_id = k.external_id)
        AND k.id = first_value(k.id) OVER (PARTITION BY k.external_id ORDER BY k.id)
        THEN k.external_id END) AS external_id,
    coalesce(c.card_number, CASE WHEN NOT EXISTS (SELECT FROM customers_customer o
        WHERE o.shop_id = %(shop)s AND o.card_number = k.card_number)
        AND k.id = first_value(k.id) OVER (PARTITION BY k.card_number ORDER BY k.id)
        THEN k.card_number END) AS card_number,
    coalesce(k.d->>'name', c.name) AS name, coalesce(k.d->>'name_search', c.name_search) AS name_search,
    coalesce(k.d->>'name_sort', c.name_sort) AS name_sort, coalesce(k.d->>'email', c.email) AS email,
    coalesce((k.d->>'birth_on')::date, c.birth_on) AS birth_on, coalesce(k.d->>'gender', c.gender) AS gender,
    coalesce(k.d->>'province', c.province) AS province, coalesce(k.d->>'city', c.city) AS city,
    c.tags || ARRAY(SELECT t FROM jsonb_array_elements_text(coalesce(k.d->'tags', '[]')) t
                    WHERE t <> ALL (c.tags)) AS tags,
    (c.phone, c.external_id, c.card_number, c.name, c.email, c.birth_on, c.gender, c.province, c.city,
     c.tags)::text AS old
FROM batch_known k JOIN customers_customer c ON c.shop_id = %(shop)s AND c.id = k.id
"""
RENEW = """
UPDATE customers_customer c SET
    phone = k.phone, external_id = k.external_id, card_number = k.card_number, name = k.name,
    name_search = k.name_search, name_sort = k.name_sort, email = k.email, birth_on = k.birth_on,
    gender = k.gender, province = k.province, city = k.city, tags = k.tags, updated_at = now()
FROM batch_renewed k
WHERE c.shop_id = %(shop)s AND c.id = k.id AND
    (k.phone, k.external_id, k.card_number, k.name, k.email, k.birth_on, k.gender, k.province, k.city,
     k.tags)::text <> k.old
"""
# A file may say no for somebody who said yes, and yes for one who never said anything; never yes after a no.
CONSENT = """
INSERT INTO customers_consentevent (shop_id, customer_id, channel, purpose, action, source, evidence,
    occurred_at)
SELECT %(shop)s, k.id, 'sms', 'marketing', k.d->>'consent', 'import', %(consent_evidence)s, now()
FROM batch_known k LEFT JOIN LATERAL (
    SELECT action FROM customers_consentevent e WHERE e.shop_id = %(shop)s AND e.customer_id = k.id
    AND e.channel = 'sms' AND e.purpose = 'marketing' ORDER BY occurred_at DESC, action DESC,
        id DESC LIMIT 1) last ON true
WHERE k.d->>'consent' = 'out' AND last.action IS DISTINCT FROM 'out'
   OR k.d->>'consent' = 'in' AND last.action IS NULL
"""


FOUND = """
UPDATE ingest_stagedperson s SET customer_key = p.customer_id FROM batch_person p
WHERE s.shop_id = %(shop)s AND s.id = p.id AND p.customer_id IS NOT NULL
"""


def bring(values: Values) -> dict[str, int]:
    """Give every staged person their customer; return how many customers were added and changed."""
    statements.make("batch_person", PEOPLE, values)
    added = 0
    for find, _ in KINDS:
        statements.run(find, values)
    for find, kind in KINDS:
        # Those made for an earlier kind may be whom the later kind is about.
        statements.run(find, values)
        added += statements.run(MAKE.format(kind=kind), values)
        statements.run(find, values)
    statements.run(FOUND, values)
    refresh_statistics(*statements.SALES)
    statements.make("batch_known", KNOWN, values)
    statements.make("batch_renewed", RENEWED, values)
    updated = statements.run(RENEW, values)
    consents = statements.run(CONSENT, values)
    return {"customers_added": added, "customers_updated": updated, "consents": consents}
