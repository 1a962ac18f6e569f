"""Staged people into customers: found by phone, else number, card or e-mail; made where they are new.

Two different valid phones are never one customer, whatever else a file says of them. What is filled in the
file overwrites what was known; what it leaves blank stays.
"""

from __future__ import annotations

from collections.abc import Iterable

from loyalty.customers.forms import MOST_ATTRIBUTES
from loyalty.customers.services.people import MOST_TAGS
from loyalty.ingest.people import ATTRIBUTE, TAG
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
# Who has only an e-mail is the one customer who has it; and the first phone that comes with an e-mail is that of the
# customer who was known by nothing else. Where several customers share an e-mail, it tells them apart no longer.
BY_EMAIL = """
WITH first AS (SELECT DISTINCT ON (details->>'email') id FROM batch_person
    WHERE customer_id IS NULL AND phone IS NOT NULL AND details->>'email' IS NOT NULL
    ORDER BY details->>'email', first_line, id),
alone AS (SELECT lower(email) AS email, min(id) AS id FROM customers_customer
    WHERE shop_id = %(shop)s AND email <> '' AND lower(email) IN (
        SELECT details->>'email' FROM batch_person WHERE customer_id IS NULL AND details->>'email' IS NOT NULL)
    GROUP BY 1 HAVING count(*) = 1)
UPDATE batch_person s SET customer_id = c.id
FROM alone JOIN customers_customer c ON c.shop_id = %(shop)s AND c.id = alone.id
WHERE s.customer_id IS NULL AND s.details->>'email' = alone.email
  AND ((s.phone IS NULL AND s.external_id = alone.email)
       OR (c.phone IS NULL AND c.external_id = alone.email AND s.id IN (SELECT id FROM first)))
"""
# What a file may tell of a person beside who they are; unknown is "" or NULL.
TEXTS = (
    "name", "name_search", "name_sort", "email", "gender", "province", "city", "neighbourhood", "job",
    "marital_status", "education", "income_band", "acquired_by",
)  # fmt: skip
DAYS = ("birth_on", "wedding_on", "joined_on")
# Whatever of these differs makes a customer one with news.
CHANGING = (
    "phone", "external_id", "card_number", *(name for name in TEXTS if not name.startswith("name_")), *DAYS, "tags",
    "attributes",
)  # fmt: skip


# Tags and attributes are keys of their own in the details (people.py), so that those of several rows add up. A file
# without such columns does not look for them in a million people.
def _tags(details: str) -> str:
    keys = f"jsonb_object_keys({details}) AS t WHERE starts_with(t, '{TAG}')"
    return f"CASE WHEN %(tells_tags)s THEN ARRAY(SELECT substr(t, {len(TAG) + 1}) FROM {keys} ORDER BY 1) END"


def _attributes(details: str) -> str:
    keys = f"jsonb_each({details}) AS a WHERE starts_with(a.key, '{ATTRIBUTE}')"
    told = f"(SELECT jsonb_object_agg(substr(a.key, {len(ATTRIBUTE) + 1}), a.value) FROM {keys})"
    return f"CASE WHEN %(tells_attributes)s THEN {told} END"


def _listed(pattern: str, names: Iterable[str]) -> str:
    return ", ".join(pattern.format(name) for name in names)


def _make(kind: str) -> str:
    return f"""
INSERT INTO customers_customer (shop_id, phone, external_id, card_number, {_listed("{}", (*TEXTS, *DAYS))},
    tags, attributes, note, created_at, updated_at)
SELECT %(shop)s, phone,
    CASE WHEN number_rank = 1 AND NOT EXISTS (SELECT FROM customers_customer c
        WHERE c.shop_id = %(shop)s AND c.external_id = s.external_id) THEN external_id END,
    CASE WHEN card_rank = 1 AND NOT EXISTS (SELECT FROM customers_customer c
        WHERE c.shop_id = %(shop)s AND c.card_number = s.card_number) THEN card_number END,
    {_listed("coalesce(details->>'{}', '')", TEXTS)}, {_listed("(details->>'{}')::date", DAYS)},
    coalesce(({_tags("details")})[:{MOST_TAGS}], '{{}}'), coalesce({_attributes("details")}, '{{}}'), '', now(), now()
FROM (SELECT s.*, row_number() OVER (PARTITION BY external_id ORDER BY first_line, s.id) AS number_rank,
             row_number() OVER (PARTITION BY card_number ORDER BY first_line, s.id) AS card_rank
      FROM batch_person s WHERE s.customer_id IS NULL AND {kind}) s
ORDER BY first_line, s.id
ON CONFLICT DO NOTHING
"""


# (how those of a kind are found, how those of them that are new are made)
KINDS = (
    ((BY_PHONE,), _make("s.phone IS NOT NULL")),
    ((BY_NUMBER, BY_EMAIL), _make("s.phone IS NULL AND s.external_id IS NOT NULL")),
    ((BY_CARD,), _make("s.phone IS NULL AND s.external_id IS NULL AND s.card_number IS NOT NULL")),
)
# Several staged people may be one customer; of what they tell the later line wins, field by field. An e-mail that
# stood in for a number is none for who is known otherwise.
KNOWN = """
SELECT s.customer_id AS id, max(s.phone) AS phone,
    min(s.external_id) FILTER (WHERE s.external_id IS DISTINCT FROM s.details->>'email') AS external_id,
    min(s.card_number) AS card_number, jsonb_object_agg(d.key, d.value ORDER BY s.first_line, s.id) AS d
FROM batch_person s CROSS JOIN LATERAL jsonb_each(s.details) d GROUP BY s.customer_id
"""
# A number or card is taken over where the customer has none, or only an e-mail, and nobody else has it.
RENEWED = f"""
SELECT c.id, coalesce(c.phone, k.phone) AS phone,
    coalesce(nullif(c.external_id, c.email), CASE WHEN NOT EXISTS (SELECT FROM customers_customer o
        WHERE o.shop_id = %(shop)s AND o.external_id = k.external_id)
        AND k.id = first_value(k.id) OVER (PARTITION BY k.external_id ORDER BY k.id)
        THEN k.external_id END, c.external_id) AS external_id,
    coalesce(c.card_number, CASE WHEN NOT EXISTS (SELECT FROM customers_customer o
        WHERE o.shop_id = %(shop)s AND o.card_number = k.card_number)
        AND k.id = first_value(k.id) OVER (PARTITION BY k.card_number ORDER BY k.id)
        THEN k.card_number END) AS card_number,
    {_listed("coalesce(k.d->>'{0}', c.{0}) AS {0}", TEXTS)},
    {_listed("coalesce((k.d->>'{0}')::date, c.{0}) AS {0}", DAYS)},
    (c.tags || ARRAY(SELECT t FROM unnest({_tags("k.d")}) AS t WHERE t <> ALL (c.tags)))[:{MOST_TAGS}] AS tags,
    CASE WHEN told.attributes IS NULL OR (SELECT count(*) FROM jsonb_object_keys(c.attributes || told.attributes))
        > {MOST_ATTRIBUTES} THEN c.attributes ELSE c.attributes || told.attributes END AS attributes,
    ({_listed("c.{}", CHANGING)})::text AS old
FROM batch_known k JOIN customers_customer c ON c.shop_id = %(shop)s AND c.id = k.id
CROSS JOIN LATERAL (SELECT {_attributes("k.d")} AS attributes) AS told
"""
RENEW = f"""
UPDATE customers_customer c SET {_listed("{0} = k.{0}", (*CHANGING, "name_search", "name_sort"))},
    updated_at = now()
FROM batch_renewed k
WHERE c.shop_id = %(shop)s AND c.id = k.id AND ({_listed("k.{}", CHANGING)})::text <> k.old
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
    for found_by, _ in KINDS:
        _find(found_by, values)
    for found_by, make in KINDS:
        # Those made for an earlier kind may be whom the later kind is about.
        _find(found_by, values)
        added += statements.run(make, values)
        _find(found_by, values)
    statements.run(FOUND, values)
    refresh_statistics(*statements.SALES)
    statements.make("batch_known", KNOWN, values)
    statements.make("batch_renewed", RENEWED, values)
    updated = statements.run(RENEW, values)
    consents = statements.run(CONSENT, values)
    return {"customers_added": added, "customers_updated": updated, "consents": consents}


def _find(found_by: Iterable[str], values: Values) -> None:
    for statement in found_by:
        statements.run(statement, values)
